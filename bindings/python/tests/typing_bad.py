"""What type checkers have to refuse: each line that ends in `# error: CODE` for just that reason of mypy's, and pyright
each of these lines too. Checked by `test_typing.py`, never run.
"""

from __future__ import annotations

from datetime import date

from kycvs import (
    Issuer,
    KycvsError,
    MemoryReplayGuard,
    SigningKey,
    Status,
    Subject,
    TrustStore,
    Verdict,
    Verifier,
)
from kycvs.aio import AsyncVerifier


class Asynchronous:
    async def first_use(self, issuer: str, token_id: str, keep_until: int, now: int, /) -> bool:
        return True


class AsynchronousSigner:
    verifying_key = SigningKey.generate().verifying_key

    async def sign(self, message: bytes, /) -> bytes:
        return message


class NoKey:
    def sign(self, message: bytes, /) -> bytes:
        return message


def wrong(verifier: Verifier, issuer: Issuer, trust: TrustStore, verdict: Verdict) -> None:
    verifier.verify(b"")  # error: call-arg
    verifier.verify(b"", None)  # error: call-arg
    verifier.verify(1, nonce=None)  # error: arg-type
    verifier.verify(b"", nonce="text")  # error: arg-type
    verifier.verify(b"", nonce=None, subject="Asha Rao")  # error: arg-type
    verifier.verify(b"", nonce=None, now=date(2026, 1, 1))  # error: arg-type
    verifier.verify(b"", nonce=None, now=1.5)  # error: arg-type
    verifier.verify_many([1], nonce=None)  # error: list-item
    verifier.verify_many([b""], nonce=["text"])  # error: list-item
    verifier.verify_many([b""], nonce=None)[0].status  # error: union-attr
    Verifier(trust.to_bytes(), open=True)  # error: arg-type
    Verifier(trust, "irctc.co.in")  # error: call-arg
    Verifier(trust, open=True, replay_guard=Asynchronous())  # error: arg-type
    Verifier(trust, open=True, preparation="large")  # error: arg-type
    Issuer("in.gov.cowin", NoKey())  # error: arg-type
    Issuer("in.gov.cowin", SigningKey.generate().verifying_key)  # error: arg-type
    Issuer("in.gov.cowin", AsynchronousSigner())  # error: arg-type
    AsyncVerifier(verifier, MemoryReplayGuard(10))  # error: arg-type
    verifier.begin_verify(b"", nonce=None).finish(Asynchronous().first_use("", "", 0, 0))  # error: arg-type
    verifier.begin_verify(b"", nonce=None).status  # error: attr-defined
    issuer.issue(2, "gate", valid_for=900)  # error: arg-type
    issuer.issue(Status.FULLY_VACCINATED, "gate")  # error: call-arg
    issuer.issue(Status.FULLY_VACCINATED, "gate", valid_for="15m")  # error: arg-type
    verdict.meets(2)  # error: arg-type
    verdict.status = Status.FULLY_VACCINATED  # error: misc
    trust.with_key("in.gov.cowin", b"")  # error: arg-type
    Subject(name=b"Asha")  # error: arg-type
    KycvsError("message")  # error: call-arg


class Derived(Verdict):  # error: misc
    pass
