"""What many tests start from: an issuer, and a verifier that trusts it."""

from __future__ import annotations

import pytest
from kycvs import Issuer, Presentation, SigningKey, Status, Subject, TrustStore, Verifier

NOW = 1_790_000_000
NONCE = b"sixteen bytes..."


@pytest.fixture(scope="session")
def issuer() -> Issuer:
    return Issuer("in.gov.cowin", SigningKey.from_seed(bytes(range(32))))


@pytest.fixture(scope="session")
def trust(issuer: Issuer) -> TrustStore:
    return TrustStore().with_key(issuer.name, issuer.verifying_key)


@pytest.fixture(scope="session")
def verifier(trust: TrustStore) -> Verifier:
    return Verifier(trust, audience="irctc.co.in")


@pytest.fixture(scope="session")
def answer(issuer: Issuer) -> Presentation:
    """For irctc.co.in and NONCE, about Asha Rao, at NOW for fifteen minutes."""
    return issuer.issue(
        Status.FULLY_VACCINATED,
        "rail-booking",
        valid_for=900,
        audience="irctc.co.in",
        nonce=NONCE,
        subject=Subject("Asha Rao", "98765 43210"),
        now=NOW,
    )


def open_passes(issuer: Issuer, count: int) -> list[Presentation]:
    return [issuer.issue(Status.FULLY_VACCINATED, "gate", valid_for=900, now=NOW) for _ in range(count)]
