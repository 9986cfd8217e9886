"""A million calls leave the memory of the process where it was after the first hundred thousand."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
import vectors
from fixtures import NONCE, NOW, open_passes
from kycvs import Issuer, KycvsError, MemoryReplayGuard, Presentation, Status, Subject, TrustStore, Verifier

STATM = Path("/proc/self/statm")

pytestmark = pytest.mark.slow


def resident() -> int:
    return int(STATM.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def grows(call: Callable[[], object], calls: int) -> float:
    """By how much, in parts of what there was after the first tenth."""
    for _ in range(calls // 10):
        call()
    before = resident()
    for _ in range(calls - calls // 10):
        call()
    growth = resident() / before - 1
    print(f"resident memory after the first tenth: {before:,} bytes; growth since: {growth:.2%}")
    return growth


@pytest.mark.skipif(not STATM.exists(), reason="memory is read as Linux tells it")
def test_a_million_verifies_leave_nothing_behind() -> None:
    file, one = vectors.case("valid/specification")
    verifier, expectation = vectors.set_up(file, one)
    data = bytes.fromhex(one["presentation"])
    damaged = bytes([*data[:-40], data[-40] ^ 1, *data[-39:]])
    text = Presentation.from_bytes(data).to_text()
    good = 0

    def call() -> None:
        nonlocal good
        # Of ten, seven are good in three forms, and three are refused at three depths.
        for given in (data, data, data, data, bytearray(data), memoryview(data), text):
            verdict = verifier.verify(given, **expectation)
            good += verdict.subject_matched
        for bad in (damaged, data[:-1], "no token"):
            try:
                verifier.verify(bad, **expectation)
            except KycvsError as error:
                assert error.code in {"bad_signature", "malformed", "bad_text"}
            else:
                pytest.fail("it is good")

    assert grows(call, 100_000) < 0.05
    assert good == 700_000


@pytest.mark.skipif(not STATM.exists(), reason="memory is read as Linux tells it")
def test_nor_does_anything_else(issuer: Issuer, trust: TrustStore, answer: Presentation) -> None:
    class Forgetful:
        def first_use(self, issuer: str, token_id: str, keep_until: int, now: int, /) -> bool:
            if token_id.startswith("0"):
                raise LookupError("lost")
            return True

    answers = open_passes(issuer, 20)
    guarded = Verifier(trust, open=True, replay_guard=Forgetful())
    subject = Subject("Asha Rao", "9876543210")

    def call() -> None:
        guarded.verify_many(answers, nonce=None, now=NOW)
        verifier = Verifier(trust, audience="irctc.co.in", replay_guard=MemoryReplayGuard(10))
        verdict = verifier.with_trust(trust).verify(answer, nonce=NONCE, subject=subject, now=NOW)
        repr(verdict), hash(verdict), verdict.issued_at, verdict.status, verdict.nonce
        for again in (Presentation.from_text(answer.to_text()), TrustStore.from_bytes(bytes(trust))):
            repr(again), hash(again)
        issuer.issue(Status.FULLY_VACCINATED, "gate", valid_for=900, subject=subject).unverified_claims()
        try:
            guarded.verify(b"", nonce=None)
        except KycvsError as error:
            repr(error)

    assert grows(call, 20_000) < 0.05
