"""Signers and guards that have to be awaited, with asyncio; and that a call which does not await one says so."""

from __future__ import annotations

import asyncio
import gc
import inspect
import warnings
import weakref
from collections.abc import Awaitable
from typing import Any

import pytest
from fixtures import NONCE, NOW, open_passes
from kycvs import (
    Issuer,
    IssuingError,
    KycvsError,
    MemoryReplayGuard,
    Presentation,
    RefusedError,
    SetUpError,
    SigningKey,
    Status,
    Subject,
    TrustStore,
    Verdict,
    Verifier,
    VerifyingKey,
)
from kycvs.aio import AsyncIssuer, AsyncVerifier

KEY = SigningKey.from_seed(bytes(range(32)))


class Service:
    """Signs, but not at once; or does what it is told."""

    def __init__(self, gives: object = None, verifying_key: VerifyingKey = KEY.verifying_key) -> None:
        self.verifying_key = verifying_key
        self._gives = gives

    async def sign(self, message: bytes, /) -> bytes:
        await asyncio.sleep(0)
        if isinstance(self._gives, BaseException):
            raise self._gives
        return KEY.sign(message) if self._gives is None else self._gives  # type: ignore[return-value]


class Database:
    """Remembers, but not at once; or does what it is told."""

    def __init__(self, gives: object = None) -> None:
        self._used: set[tuple[str, str]] = set()
        self._gives = gives
        self.asked: list[tuple[str, str, int, int]] = []

    async def first_use(self, issuer: str, token_id: str, keep_until: int, now: int, /) -> bool:
        self.asked.append((issuer, token_id, keep_until, now))
        await asyncio.sleep(0)
        if isinstance(self._gives, BaseException):
            raise self._gives
        if self._gives is not None:
            return self._gives  # type: ignore[return-value]
        # One step, as one statement of a database is.
        first = (issuer, token_id) not in self._used
        self._used.add((issuer, token_id))
        return first


class Later:
    """A guard and a signer that are no coroutine functions, and return what has to be awaited."""

    verifying_key = KEY.verifying_key

    def first_use(self, issuer: str, token_id: str, keep_until: int, now: int, /) -> Awaitable[bool]:
        return Database().first_use(issuer, token_id, keep_until, now)

    def sign(self, message: bytes, /) -> Awaitable[bytes]:
        return Service().sign(message)


def test_an_answer_is_issued_and_verified_with_what_is_awaited(trust: TrustStore) -> None:
    async def journey() -> Verdict:
        issuer = AsyncIssuer("in.gov.cowin", Service())
        assert (issuer.name, issuer.verifying_key) == ("in.gov.cowin", KEY.verifying_key)
        answer = await issuer.issue(
            Status.PARTIALLY_VACCINATED,
            "rail-booking",
            valid_for=900,
            audience="irctc.co.in",
            nonce=NONCE,
            subject=Subject("Asha Rao"),
            specimen=True,
            now=NOW,
        )
        verifier = AsyncVerifier(Verifier(trust, audience="irctc.co.in", allow_specimen=True), Database())
        expected: dict[str, Any] = {"nonce": NONCE, "purpose": "rail-booking", "subject": Subject("ASHA RAO"), "now": NOW + 1}
        verdict = await verifier.verify(answer.to_text(), **expected)
        with pytest.raises(RefusedError) as caught:
            await verifier.verify(answer, **expected)
        assert caught.value.code == "replayed"
        return verdict

    verdict = asyncio.run(journey())
    assert (verdict.status, verdict.subject_matched, verdict.specimen) == (Status.PARTIALLY_VACCINATED, True, True)


def test_of_many_tasks_with_one_token_one_gets_a_verdict(issuer: Issuer, trust: TrustStore) -> None:
    [answer] = open_passes(issuer, 1)

    async def tasks() -> list[Verdict | BaseException]:
        verifier = AsyncVerifier(Verifier(trust, open=True), Database())
        return await asyncio.gather(
            *(verifier.verify(answer, nonce=None, now=NOW) for _ in range(50)), return_exceptions=True
        )

    results = asyncio.run(tasks())
    assert sum(isinstance(result, Verdict) for result in results) == 1
    assert {result.code for result in results if isinstance(result, KycvsError)} == {"replayed"}


def test_the_guard_is_asked_last_and_as_a_guard_that_is_not_awaited(issuer: Issuer, trust: TrustStore) -> None:
    class Sync:
        def __init__(self) -> None:
            self.asked: list[tuple[str, str, int, int]] = []

        def first_use(self, issuer: str, token_id: str, keep_until: int, now: int, /) -> bool:
            self.asked.append((issuer, token_id, keep_until, now))
            return True

    [answer] = open_passes(issuer, 1)
    sync, database = Sync(), Database()
    Verifier(trust, open=True, replay_guard=sync).verify(answer, nonce=None, now=NOW)
    verifier = AsyncVerifier(Verifier(trust, open=True), database)
    with pytest.raises(RefusedError):
        asyncio.run(verifier.verify(answer, nonce=None, purpose="another", now=NOW))
    assert database.asked == []
    asyncio.run(verifier.verify(answer, nonce=None, now=NOW))
    assert database.asked == sync.asked


@pytest.mark.parametrize("gives", [OSError("away"), None, 1, "yes", Database(), 0.0], ids=lambda gives: type(gives).__name__)
def test_a_guard_that_gives_no_bool_fails_closed(issuer: Issuer, trust: TrustStore, gives: object) -> None:
    class Gives(Database):
        async def first_use(self, *_: object) -> bool:
            if isinstance(gives, OSError):
                raise gives
            return gives  # type: ignore[return-value]

    [answer] = open_passes(issuer, 1)
    with pytest.raises(SetUpError) as caught:
        asyncio.run(AsyncVerifier(Verifier(trust, open=True), Gives()).verify(answer, nonce=None, now=NOW))
    assert caught.value.code == "replay_guard_failed"
    cause = caught.value.__cause__
    assert cause is gives if isinstance(gives, OSError) else isinstance(cause, TypeError)


def test_a_guard_that_is_not_awaited_fails_closed_where_it_is(issuer: Issuer, trust: TrustStore) -> None:
    [answer] = open_passes(issuer, 1)
    verifier = AsyncVerifier(Verifier(trust, open=True), MemoryReplayGuard(10))  # type: ignore[arg-type]
    with pytest.raises(SetUpError) as caught:
        asyncio.run(verifier.verify(answer, nonce=None, now=NOW))
    assert isinstance(caught.value.__cause__, TypeError)


def test_a_cancelled_task_gets_no_verdict(issuer: Issuer, trust: TrustStore) -> None:
    [answer] = open_passes(issuer, 1)

    async def cancelled() -> bool:
        asked = asyncio.Event()

        class Stuck(Database):
            async def first_use(self, issuer: str, token_id: str, keep_until: int, now: int, /) -> bool:
                asked.set()
                await asyncio.Event().wait()
                return True

        task = asyncio.ensure_future(AsyncVerifier(Verifier(trust, open=True), Stuck()).verify(answer, nonce=None, now=NOW))
        await asked.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        return task.cancelled()

    assert asyncio.run(cancelled())


@pytest.mark.parametrize("gives", [OSError("away"), b"", bytes(64), bytes(65), "x" * 64, 7, SigningKey.from_seed(bytes(32)).sign(b"")])
def test_a_signer_that_gives_no_signature_of_its_key_issues_nothing(gives: object) -> None:
    issuer = AsyncIssuer("in.gov.cowin", Service(gives))
    with pytest.raises(IssuingError) as caught:
        asyncio.run(issuer.issue(Status(2), "gate", valid_for=900))
    assert caught.value.code == "signer_failed"
    assert not isinstance(gives, OSError) or caught.value.__cause__ is gives


def test_the_two_steps_give_what_one_gives(issuer: Issuer, trust: TrustStore, answer: Presentation) -> None:
    elsewhere = Issuer.signed_elsewhere(issuer.name, issuer.verifying_key)
    expected: dict[str, Any] = {"nonce": None, "now": NOW}
    for begins in (issuer, elsewhere):
        pending = begins.begin_issue(Status(1), "gate", valid_for=900, subject=Subject("Asha"), now=NOW)
        assert pending.verifying_key == issuer.verifying_key
        issued = pending.finish(bytearray(KEY.sign(pending.message)))
        verdict = Verifier(trust, open=True).verify(issued, subject=Subject("ASHA"), **expected)
        assert (verdict.status, verdict.subject_matched) == (Status(1), True)
        begun = Verifier(trust, open=True).begin_verify(issued, subject=Subject("ASHA"), **expected)
        assert begun.finish(True) == verdict
    with pytest.raises(IssuingError) as caught:
        elsewhere.issue(Status(1), "gate", valid_for=900)
    assert caught.value.code == "signer_failed"
    assert "begin_issue" in str(caught.value.__cause__)


def test_a_step_is_finished_once(issuer: Issuer, trust: TrustStore) -> None:
    pending = issuer.begin_issue(Status(2), "gate", valid_for=900, now=NOW)
    signature = KEY.sign(pending.message)
    begun = Verifier(trust, open=True).begin_verify(pending.finish(signature), nonce=None, now=NOW)
    begun.finish(True)
    for again in (lambda: pending.finish(signature), lambda: begun.finish(True), lambda: begun.finish(False)):
        with pytest.raises(RuntimeError, match="^this was finished before: begin again$"):
            again()


def test_a_pending_verdict_shows_nothing_of_what_the_answer_says(answer: Presentation, verifier: Verifier) -> None:
    begun = verifier.begin_verify(answer, nonce=NONCE, now=NOW)
    assert repr(begun) == f"<PendingVerdict: token_id='{begun.token_id}'>"
    shown = {name for name in dir(begun) if not name.startswith("_")}
    assert shown == {"issuer", "token_id", "keep_until", "now", "finish"}


def test_a_coroutine_is_never_taken_for_an_answer(answer: Presentation, verifier: Verifier, issuer: Issuer) -> None:
    begun = verifier.begin_verify(answer, nonce=NONCE, now=NOW)
    coroutine = Database().first_use("", "", 0, 0)
    with pytest.raises(TypeError, match="^first_use: expected bool .*not an awaitable.*: await, and give what comes of it$"):
        begun.finish(coroutine)  # type: ignore[arg-type]
    assert inspect.getcoroutinestate(coroutine) == "CORO_CLOSED"
    for other in (None, 1, "yes"):
        with pytest.raises(TypeError, match="^first_use: expected bool"):
            begun.finish(other)  # type: ignore[arg-type]
    pending = issuer.begin_issue(Status(2), "gate", valid_for=900)
    with pytest.raises(TypeError, match="^signature: .*not an awaitable"):
        pending.finish(Service().sign(b""))  # type: ignore[arg-type]


def test_a_coroutine_function_is_refused_where_nothing_awaits_it(trust: TrustStore) -> None:
    with pytest.raises(TypeError, match="^replay_guard.first_use: this is a coroutine function.*: use kycvs.aio.AsyncVerifier or"):
        Verifier(trust, open=True, replay_guard=Database())  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="^signer.sign: this is a coroutine function.*: use kycvs.aio.AsyncIssuer or"):
        Issuer("in.gov.cowin", Service())  # type: ignore[arg-type]


@pytest.mark.parametrize("count", [1, 40])
def test_a_guard_that_returns_an_awaitable_never_says_first_use(issuer: Issuer, trust: TrustStore, count: int) -> None:
    verifier = Verifier(trust, open=True, replay_guard=Later())  # type: ignore[arg-type]
    with warnings.catch_warnings():
        # Also not that the coroutine was never awaited.
        warnings.simplefilter("error")
        results = verifier.verify_many(open_passes(issuer, count), nonce=None, now=NOW)
        gc.collect()
    assert len(results) == count
    for result in results:
        assert isinstance(result, SetUpError)
        assert result.code == "replay_guard_failed"
        assert "use kycvs.aio.AsyncVerifier or Verifier.begin_verify" in str(result.__cause__)


def test_a_signer_that_returns_an_awaitable_issues_nothing() -> None:
    with pytest.raises(IssuingError) as caught:
        Issuer("in.gov.cowin", Later()).issue(Status(2), "gate", valid_for=900)  # type: ignore[arg-type]
    assert caught.value.code == "signer_failed"
    assert "use kycvs.aio.AsyncIssuer or Issuer.begin_issue" in str(caught.value.__cause__)


def test_a_guard_is_let_go_of_with_its_pending_verdict(issuer: Issuer, trust: TrustStore) -> None:
    class Holding:
        held: object = None

        def first_use(self, issuer: str, token_id: str, keep_until: int, now: int, /) -> bool:
            return True

    guard = Holding()
    [answer] = open_passes(issuer, 1)
    guard.held = Verifier(trust, open=True, replay_guard=guard).begin_verify(answer, nonce=None, now=NOW)
    gone = weakref.ref(guard)
    gc.collect()
    assert gone() is guard
    del guard
    gc.collect()
    assert gone() is None
