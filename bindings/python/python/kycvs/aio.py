"""Signers and replay guards that have to be awaited: ``AsyncIssuer`` and ``AsyncVerifier``.

They call ``Issuer.begin_issue`` and ``Verifier.begin_verify``, await the app's code, and finish. Reading, checking and making a
token takes some tens of microseconds in the thread of the event loop; only the app's code is awaited. They use no event loop of
their own, so that asyncio, trio and others do.

>>> import asyncio
>>> from kycvs import RefusedError, SigningKey, Status, TrustStore, Verifier
>>> from kycvs.aio import AsyncIssuer, AsyncVerifier
>>> class KeyManagement:
...     '''Stands for a service that signs.'''
...
...     def __init__(self, key):
...         self._key = key
...         self.verifying_key = key.verifying_key
...
...     async def sign(self, message):
...         await asyncio.sleep(0)
...         return self._key.sign(message)
>>> class Database:
...     '''Stands for a database that several verifiers share.'''
...
...     def __init__(self):
...         self._used = set()
...
...     async def first_use(self, issuer, token_id, keep_until, now):
...         await asyncio.sleep(0)
...         first = (issuer, token_id) not in self._used
...         self._used.add((issuer, token_id))
...         return first
>>> async def main():
...     issuer = AsyncIssuer("in.gov.cowin", KeyManagement(SigningKey.generate()))
...     answer = await issuer.issue(Status.FULLY_VACCINATED, "gate", valid_for=900)
...     trust = TrustStore().with_key(issuer.name, issuer.verifying_key)
...     verifier = AsyncVerifier(Verifier(trust, open=True), Database())
...     print((await verifier.verify(answer, nonce=None)).status.name)
...     try:
...         await verifier.verify(answer, nonce=None)
...     except RefusedError as error:
...         print(error.code)
>>> asyncio.run(main())
FULLY_VACCINATED
replayed
"""

from __future__ import annotations

from collections.abc import Awaitable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Protocol

from kycvs._kycvs import Issuer, Presentation, Subject, Verdict, Verifier, VerifyingKey
from kycvs._values import Algorithm, Status, StatusListRef

if TYPE_CHECKING:
    from typing_extensions import Buffer

__all__ = ["AsyncIssuer", "AsyncReplayGuard", "AsyncSigner", "AsyncVerifier"]


class AsyncSigner(Protocol):
    """A ``Signer`` that has to be awaited, such as the client of a key management service."""

    @property
    def verifying_key(self) -> VerifyingKey:
        """The public half of the key that signs. Read once, when the AsyncIssuer is made."""
        ...

    def sign(self, message: bytes, /) -> Awaitable[bytes]:
        """The Ed25519 signature (64 bytes; neither prehashed nor with a context) over ``message``."""
        ...


class AsyncReplayGuard(Protocol):
    """A ``ReplayGuard`` that has to be awaited, such as one on a database."""

    def first_use(self, issuer: str, token_id: str, keep_until: int, now: int, /) -> Awaitable[bool]:
        """Whether this issuer's token is used for the first time: see ``ReplayGuard.first_use``.

        Several calls may be under way. Of two for one token only one may get True, so use one statement of the database.
        """
        ...


class AsyncIssuer:
    """An ``Issuer`` whose signer has to be awaited.

    Raises what ``Issuer.signed_elsewhere`` raises.
    """

    def __init__(self, name: str, signer: AsyncSigner, *, algorithm: Algorithm | None = None) -> None:
        self._signer = signer
        self._issuer = Issuer.signed_elsewhere(name, signer.verifying_key, algorithm=algorithm)

    @property
    def name(self) -> str:
        """The issuer's name."""
        return self._issuer.name

    @property
    def verifying_key(self) -> VerifyingKey:
        """The key that verifiers have to trust."""
        return self._issuer.verifying_key

    async def issue(
        self,
        status: Status,
        purpose: str,
        *,
        valid_for: timedelta | int,
        audience: str | None = None,
        nonce: Buffer | None = None,
        subject: Subject | None = None,
        status_list: StatusListRef | None = None,
        specimen: bool = False,
        now: datetime | int | None = None,
    ) -> Presentation:
        """Issues an answer: see ``Issuer.issue``.

        The signature is checked. What the signer raises, or that it gives something else than a signature of its key, is an
        IssuingError (``signer_failed``).
        """
        pending = self._issuer.begin_issue(
            status,
            purpose,
            valid_for=valid_for,
            audience=audience,
            nonce=nonce,
            subject=subject,
            status_list=status_list,
            specimen=specimen,
            now=now,
        )
        try:
            signature = await self._signer.sign(pending.message)
            memoryview(signature)
        except Exception as error:
            return pending.finish(error)
        return pending.finish(signature)

    def __repr__(self) -> str:
        return f"<AsyncIssuer: {self._issuer!r}>"


class AsyncVerifier:
    """A ``Verifier`` with a replay guard that has to be awaited. If ``verifier`` has a guard of its own, that is asked too."""

    def __init__(self, verifier: Verifier, replay_guard: AsyncReplayGuard) -> None:
        self._verifier = verifier
        self._guard = replay_guard

    async def verify(
        self,
        presentation: Buffer | str | Presentation,
        *,
        nonce: Buffer | None,
        purpose: str | None = None,
        subject: Subject | None = None,
        now: datetime | int | None = None,
    ) -> Verdict:
        """Checks a presentation: see ``Verifier.verify``.

        The guard is asked last, when all else is valid. What it raises, or that it gives something else than True or False, is
        a SetUpError (``replay_guard_failed``), and the answer is not accepted. If the task is cancelled meanwhile, there is no
        verdict.
        """
        pending = self._verifier.begin_verify(presentation, nonce=nonce, purpose=purpose, subject=subject, now=now)
        try:
            first_use = await self._guard.first_use(pending.issuer, pending.token_id, pending.keep_until, pending.now)
            if not isinstance(first_use, bool):  # pyright: ignore[reportUnnecessaryIsInstance]
                raise TypeError(f"first_use returned: expected bool, not {type(first_use).__name__}")
        except Exception as error:
            return pending.finish(error)
        return pending.finish(first_use)

    def __repr__(self) -> str:
        return f"<AsyncVerifier: {self._verifier!r}>"
