"""What an app can bring of its own: any object with these members will do, and need not inherit from anything."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from kycvs._kycvs import VerifyingKey


class Signer(Protocol):
    """Makes Ed25519 signatures with a key that lives elsewhere: in an HSM, a KMS or a token.

    ``Issuer`` takes one instead of a SigningKey. One that has to be awaited is an ``AsyncSigner`` of ``kycvs.aio``. What it raises becomes the ``__cause__`` of an IssuingError
    (``signer_failed``). It is called in the thread that issues.

    >>> from kycvs import Issuer, SigningKey, Status
    >>> class Device:
    ...     '''Stands for a device that signs and never shows its key.'''
    ...
    ...     def __init__(self, key):
    ...         self._key = key
    ...
    ...     @property
    ...     def verifying_key(self):
    ...         return self._key.verifying_key
    ...
    ...     def sign(self, message):
    ...         return self._key.sign(message)
    >>> issuer = Issuer("in.gov.cowin", Device(SigningKey.generate()))
    >>> issuer.issue(Status.FULLY_VACCINATED, "gate", valid_for=900)
    <Presentation: 168 bytes>
    """

    @property
    def verifying_key(self) -> VerifyingKey:
        """The public half of the key that signs. Read once, when the Issuer is made."""
        ...

    def sign(self, message: bytes, /) -> bytes:
        """The Ed25519 signature (64 bytes; neither prehashed nor with a context) over ``message``.

        The issuer does not check it: a wrong one is found by the first verifier.
        """
        ...


class ReplayGuard(Protocol):
    """Remembers used tokens, so that each is good once: in a database that several verifiers share, for example.

    ``Verifier`` takes one as ``replay_guard``. What it raises becomes the ``__cause__`` of a SetUpError
    (``replay_guard_failed``), and the token is not accepted. One that has to be awaited is an ``AsyncReplayGuard`` of
    ``kycvs.aio``. It is called in the thread that called ``verify`` or
    ``verify_many``, of a list in its order.

    >>> import sqlite3
    >>> from kycvs import Issuer, RefusedError, SigningKey, Status, TrustStore, Verifier
    >>> class DatabaseGuard:
    ...     def __init__(self, database):
    ...         self._database = database
    ...
    ...     def first_use(self, issuer, token_id, keep_until, now):
    ...         with self._database as transaction:
    ...             transaction.execute("DELETE FROM used WHERE keep_until <= ?", (now,))
    ...             inserted = transaction.execute(
    ...                 "INSERT OR IGNORE INTO used VALUES (?, ?, ?)", (issuer, token_id, keep_until)
    ...             )
    ...         return inserted.rowcount == 1
    >>> database = sqlite3.connect(":memory:")
    >>> _ = database.execute(
    ...     "CREATE TABLE used (issuer TEXT, token_id TEXT, keep_until INTEGER, PRIMARY KEY (issuer, token_id))"
    ... )
    >>> issuer = Issuer("in.gov.cowin", SigningKey.generate())
    >>> trust = TrustStore().with_key(issuer.name, issuer.verifying_key)
    >>> verifier = Verifier(trust, open=True, replay_guard=DatabaseGuard(database))
    >>> answer = issuer.issue(Status.FULLY_VACCINATED, "gate", valid_for=900)
    >>> verdict = verifier.verify(answer, nonce=None)
    >>> try:
    ...     verifier.verify(answer, nonce=None)
    ... except RefusedError as error:
    ...     print(error.code)
    replayed
    >>> database.close()
    """

    def first_use(self, issuer: str, token_id: str, keep_until: int, now: int, /) -> bool:
        """Whether this issuer's token is used for the first time.

        If so, it is remembered before this returns, until ``keep_until`` at least; from then on no verifier takes the
        token anyway. Of two calls for one token at the same time one alone may get True. Times are in seconds since
        1970, as a database keeps them; ``token_id`` is 32 hexadecimal digits.
        """
        ...


# Where a user finds them.
Signer.__module__ = ReplayGuard.__module__ = "kycvs"


class ArrowArray(Protocol):
    """A column in one piece, by the Arrow PyCapsule interface: what other libraries' columns are."""

    def __arrow_c_array__(self, requested_schema: object | None = None, /) -> tuple[object, object]:
        """Two capsules: its type, and the column."""
        ...


class ArrowStream(Protocol):
    """A column in chunks, or a table, by the Arrow PyCapsule interface."""

    def __arrow_c_stream__(self, requested_schema: object | None = None, /) -> object:
        """A capsule that gives the chunks one by one."""
        ...
