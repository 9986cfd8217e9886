"""What type checkers have to take. Checked by `test_typing.py`, never run."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Literal

from kycvs import (
    Algorithm,
    Claims,
    ImportedKey,
    Issuer,
    KycvsError,
    MemoryReplayGuard,
    PendingAnswer,
    PendingVerdict,
    Preparation,
    Presentation,
    ReplayGuard,
    Signer,
    SigningKey,
    Status,
    StatusListRef,
    Subject,
    TrustedKey,
    TrustStore,
    Verdict,
    Verifier,
    VerifyingKey,
    import_keys,
)
from kycvs.aio import AsyncIssuer, AsyncReplayGuard, AsyncSigner, AsyncVerifier


class Device:
    """A signer whose key is an attribute."""

    def __init__(self, verifying_key: VerifyingKey) -> None:
        self.verifying_key = verifying_key

    def sign(self, message: bytes, /) -> bytes:
        return message


class Database:
    """A guard whose parameters have names of their own."""

    def first_use(self, who: str, what: str, until: int, now: int) -> bool:
        return (who, what, until) != ("", "", now)


class Service:
    """A signer and a guard that have to be awaited."""

    def __init__(self, verifying_key: VerifyingKey) -> None:
        self.verifying_key = verifying_key

    async def sign(self, message: bytes, /) -> bytes:
        return message

    async def first_use(self, issuer: str, token_id: str, keep_until: int, now: int, /) -> bool:
        return keep_until > now


async def awaited(service: Service, verifier: Verifier, moment: datetime) -> None:
    signer: AsyncSigner = service
    guard: AsyncReplayGuard = service
    answer: Presentation = await AsyncIssuer("issuer", signer).issue(
        Status.FULLY_VACCINATED, "gate", valid_for=timedelta(minutes=15), subject=Subject("Asha"), now=moment
    )
    verdict: Verdict = await AsyncVerifier(verifier, guard).verify(answer, nonce=None, now=1)
    issuer = Issuer.signed_elsewhere("issuer", service.verifying_key, algorithm=Algorithm.ED25519)
    pending: PendingAnswer = issuer.begin_issue(verdict.status, "gate", valid_for=900)
    try:
        answer = pending.finish(await service.sign(pending.message))
    except OSError as error:
        pending.finish(error)
    begun: PendingVerdict = verifier.begin_verify(answer, nonce=None)
    first_use = await service.first_use(begun.issuer, begun.token_id, begun.keep_until, begun.now)
    verdict = begun.finish(first_use)


def everything(trust_file: bytes, moment: datetime, view: memoryview, array: bytearray) -> None:
    key = SigningKey.generate()
    signers: list[Signer] = [key, Device(key.verifying_key)]
    guards: list[ReplayGuard] = [MemoryReplayGuard(10), Database()]
    imported: ImportedKey = import_keys(key.verifying_key.to_pem()).keys[0]
    trust = TrustStore.from_bytes(trust_file).with_key("issuer", imported, not_before=moment, not_after=1)
    trust = TrustStore(trusted for trusted in trust)
    trust = TrustStore([*trust.keys, TrustedKey("issuer", key.verifying_key, algorithm=Algorithm.ED25519)])
    issuer = Issuer("issuer", signers[1], algorithm=Algorithm.EDDSA)
    answer: Presentation = issuer.issue(
        Status.FULLY_VACCINATED,
        "gate",
        valid_for=timedelta(minutes=15),
        nonce=view,
        subject=Subject("Asha", None),
        status_list=StatusListRef(1, "https://example.org"),
        now=moment,
    )
    verifier = Verifier(trust, audience="me", open=True, clock_skew=1, max_lifetime=timedelta(1), replay_guard=guards[1])
    verifier = Verifier(trust, open=True, issued_after=moment, replay_guard=MemoryReplayGuard(10))
    verifier = Verifier(trust, open=True, preparation=Preparation.large().with_max_keys(4))
    keys: int = verifier.prepare() + Verifier(trust, open=True, preparation=None).prepare()
    verdict: Verdict = verifier.verify(array, nonce=None)
    verdict = verifier.verify(view, nonce=b"sixteen bytes...", purpose="gate", subject=Subject("Asha"), now=1)
    verdict = verifier.verify("KV1:", nonce=array, now=moment)
    verdict = verifier.verify(answer, nonce=answer.unverified_claims().nonce)

    def scanned() -> Iterator[str]:
        yield "KV1:"

    results: list[Verdict | KycvsError] = verifier.verify_many(scanned(), nonce=None)
    results = verifier.verify_many([b"", array, answer, "KV1:"], nonce=None)
    results = verifier.verify_many([b"", array], nonce=[b"sixteen bytes...", view], subject=(Subject("Asha"), Subject("Ravi")))
    for result in results:
        if isinstance(result, KycvsError):
            code: str = result.code
            print(code, result.number, result.family)
        else:
            print(result.status, result.meets(Status.PARTIALLY_VACCINATED))
    match verdict.status:
        case Status.NOT_VACCINATED | Status.PARTIALLY_VACCINATED:
            vaccinated: Literal[0, 1] = 0
        case Status.FULLY_VACCINATED:
            vaccinated = 1
    claims: Claims = answer.unverified_claims()
    status_list = claims.status_list or StatusListRef(0, "")
    audience: str | None = verdict.audience
    print(vaccinated, status_list.index, status_list.uri, audience, keys, len(trust), bytes(answer), {verdict: claims}, verdict.expires_at.tzinfo)
