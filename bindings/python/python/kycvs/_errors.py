"""What can go wrong, as exceptions. The codes, numbers, families and sentences come from the core."""

from __future__ import annotations


class KycvsError(Exception):
    """A refusal or a failure: a stable code, and a sentence that says what to do next.

    ``str(error)`` is the sentence. It never shows a key, an opening, a name or a number. Catch the subclass of a family
    for who has to do something, and look at ``code`` for what.

    Where a signer or a replay guard of the app raised an exception, that is the ``__cause__``.

    >>> from kycvs import KycvsError, Presentation
    >>> try:
    ...     Presentation.from_text("not a token!")
    ... except KycvsError as error:
    ...     print(error.code, error.number, error.family, type(error).__name__)
    bad_text 2 unreadable UnreadableError
    """

    __module__ = "kycvs"

    code: str
    """The stable code, such as ``wrong_nonce``: the same on every platform."""

    number: int
    """The code's number, as in SPEC.md."""

    family: str
    """Who has to do something: ``unreadable``, ``untrusted``, ``refused``, ``set_up`` or ``issuing``."""

    def __init__(self, message: str, code: str, number: int, family: str) -> None:
        super().__init__(message)
        self.code = code
        self.number = number
        self.family = family

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.code} ({self.number}): {self}>"

    def __reduce__(self) -> tuple[object, ...]:
        arguments = (str(self), self.code, self.number, self.family)
        return type(self), arguments, self.__dict__


class UnreadableError(KycvsError):
    """The bytes are no status token: scan again, or ask for the answer again.

    >>> from kycvs import Presentation, UnreadableError
    >>> try:
    ...     Presentation.from_bytes(b"something else")
    ... except UnreadableError as error:
    ...     print(error.code)
    malformed
    """

    __module__ = "kycvs"


class UntrustedError(KycvsError):
    """A status token that no trusted key speaks for: do not rely on it.

    >>> from kycvs import Issuer, SigningKey, Status, TrustStore, UntrustedError, Verifier
    >>> stranger = Issuer("in.gov.cowin", SigningKey.generate())
    >>> answer = stranger.issue(Status.FULLY_VACCINATED, "gate", valid_for=900)
    >>> trust = TrustStore().with_key("in.gov.cowin", SigningKey.generate().verifying_key)
    >>> try:
    ...     Verifier(trust, open=True).verify(answer, nonce=None)
    ... except UntrustedError as error:
    ...     print(error.code)
    unknown_key
    """

    __module__ = "kycvs"


class RefusedError(KycvsError):
    """A trusted answer, but not one to this question: ask for a new one.

    >>> from kycvs import Issuer, RefusedError, SigningKey, Status, TrustStore, Verifier
    >>> issuer = Issuer("in.gov.cowin", SigningKey.generate())
    >>> answer = issuer.issue(Status.FULLY_VACCINATED, "gate", valid_for=900, now=1_790_000_000)
    >>> verifier = Verifier(TrustStore().with_key(issuer.name, issuer.verifying_key), open=True)
    >>> try:
    ...     verifier.verify(answer, nonce=None, now=1_790_003_600)
    ... except RefusedError as error:
    ...     print(error)
    the answer has expired: ask for a new one
    """

    __module__ = "kycvs"


class SetUpError(KycvsError):
    """What this program was given is at fault, not the answer: a setting, a store, a clock, or a value that was typed in.

    >>> from kycvs import SetUpError, Subject, TrustStore, Verifier
    >>> try:
    ...     Subject("...")
    ... except SetUpError as error:
    ...     print(error.code)
    invalid_claim
    >>> try:
    ...     Verifier(TrustStore())
    ... except SetUpError as error:
    ...     print(error.code)
    invalid_setting
    """

    __module__ = "kycvs"


class IssuingError(KycvsError):
    """An answer could not be signed, or a key could not be made or read.

    >>> from kycvs import IssuingError, SigningKey
    >>> try:
    ...     SigningKey.from_pem("not a key")
    ... except IssuingError as error:
    ...     print(error.code)
    invalid_key
    """

    __module__ = "kycvs"
