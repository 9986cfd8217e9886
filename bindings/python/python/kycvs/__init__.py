"""The KYC-VS status token: one signed answer to one question, "is this person vaccinated?".

An issuer signs an answer (``Issuer``), with the person's consent, to one verifying entity, for one purpose and a short
time. The verifying entity checks it offline, in one call (``Verifier``).

>>> from datetime import timedelta
>>> from kycvs import Issuer, SigningKey, Status, Subject, TrustStore, Verifier
>>> issuer = Issuer("in.gov.cowin", SigningKey.generate())
>>> challenge = b"sixteen bytes..."
>>> scanned = issuer.issue(
...     Status.FULLY_VACCINATED,
...     "rail-booking",
...     valid_for=timedelta(minutes=15),
...     audience="irctc.co.in",
...     nonce=challenge,
...     subject=Subject("A.P.J. Abdul Kalam"),
... ).to_text()

>>> trust = TrustStore().with_key(issuer.name, issuer.verifying_key)
>>> verifier = Verifier(trust, audience="irctc.co.in")
>>> verdict = verifier.verify(scanned, nonce=challenge, subject=Subject("a p j abdul kalam"))
>>> verdict.meets(Status.FULLY_VACCINATED) and verdict.subject_matched
True
"""

from kycvs._values import Algorithm, Status, StatusListRef
from kycvs._errors import (
    IssuingError,
    KycvsError,
    RefusedError,
    SetUpError,
    UnreadableError,
    UntrustedError,
)
from kycvs._kycvs import (
    Claims,
    ImportedKey,
    ImportedKeys,
    Issuer,
    MemoryReplayGuard,
    PendingAnswer,
    PendingVerdict,
    Preparation,
    Presentation,
    SigningKey,
    Subject,
    TrustedKey,
    TrustStore,
    Verdict,
    Verifier,
    VerifyingKey,
    __version__,
    import_keys,
)
from kycvs._protocols import ReplayGuard, Signer

__all__ = [
    "Algorithm",
    "Claims",
    "ImportedKey",
    "ImportedKeys",
    "Issuer",
    "IssuingError",
    "KycvsError",
    "MemoryReplayGuard",
    "PendingAnswer",
    "PendingVerdict",
    "Preparation",
    "Presentation",
    "RefusedError",
    "ReplayGuard",
    "SetUpError",
    "Signer",
    "SigningKey",
    "Status",
    "StatusListRef",
    "Subject",
    "TrustStore",
    "TrustedKey",
    "UnreadableError",
    "UntrustedError",
    "Verdict",
    "Verifier",
    "VerifyingKey",
    "__version__",
    "import_keys",
]
