"""The published test vectors, run as their README says."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import kycvs
from kycvs import Subject, TrustedKey, TrustStore, Verdict, Verifier, VerifyingKey

FOLDER = Path(__file__).resolve().parents[3] / "test-vectors"
FILES = ("valid.json", "invalid.json", "subject.json", "text.json", "keys.json")

Json = Any

# Python's integers are exact, whatever their size.
CONTENT: dict[str, Json] = {name: json.loads((FOLDER / name).read_bytes()) for name in FILES}


def cases(name: str) -> list[Json]:
    found: list[Json] = CONTENT[name]["cases"]
    return found


def case(case_id: str) -> tuple[Json, Json]:
    """The file and the case with this id."""
    return next((file, one) for file in CONTENT.values() for one in file["cases"] if one["id"] == case_id)


def result_of(decide: Any, file: Json, one: Json) -> Json:
    """What a case comes to: the result of `decide`, or the code."""
    try:
        return decide(file, one)
    except kycvs.KycvsError as error:
        return {"code": error.code, "number": error.number, "family": error.family}


def verify(file: Json, one: Json) -> Json:
    verifier, expectation = set_up(file, one)
    return {"verdict": as_json(verifier.verify(bytes.fromhex(one["presentation"]), **expectation))}


def person(file: Json, one: Json) -> Json:
    subject = Subject(one["name"], one["mobile"])
    commitment = subject.commitment(bytes.fromhex(one["opening"]))
    again = Subject(subject.name, subject.mobile)
    assert again == subject, "what has its normal form keeps it"
    return {"name": subject.name, "mobile": subject.mobile, "commitment": commitment.hex()}


def text(file: Json, one: Json) -> Json:
    presentation = kycvs.Presentation.from_text(one["text"])
    assert kycvs.Presentation.from_text(presentation.to_base64url()) == presentation
    return {"presentation": bytes(presentation).hex(), "canonical_text": presentation.to_text()}


def key(file: Json, one: Json) -> Json:
    given = one["input"]
    match one["format"]:
        case "raw":
            return public_key(VerifyingKey.from_bytes(bytes.fromhex(given)))
        case "public_pem":
            imported = imported_keys(given, is_set=False)
            assert public_key(VerifyingKey.from_pem(given)) == imported
            return imported
        case "secret_pem":
            return public_key(kycvs.SigningKey.from_pem(given).verifying_key)
        case "encrypted_pem":
            return public_key(kycvs.SigningKey.from_encrypted_pem(given, one["passphrase"]).verifying_key)
        case "cose_key":
            return imported_keys(bytes.fromhex(given), is_set=False)
        case "cose_key_set":
            return imported_keys(bytes.fromhex(given), is_set=True)
        case "jwk":
            return imported_keys(given, is_set=False)
        case "jwk_set" | "public_pem_set":
            return imported_keys(given, is_set=True)
        case other:
            raise AssertionError(f"no such form: {other}")


DECIDE = {
    "valid.json": verify,
    "invalid.json": verify,
    "subject.json": person,
    "text.json": text,
    "keys.json": key,
}


def set_up(file: Json, one: Json) -> tuple[Verifier, dict[str, Any]]:
    """The verifier of a case, and what its request expects, as keyword arguments of `verify`."""
    trust = TrustStore(trusted_key(entry) for entry in file["trust_stores"][one["trust"]])
    policy = dict(one["policy"])
    seen = policy.pop("seen")
    guard = None if seen is None else HasSeen(seen)
    verifier = Verifier(trust, **policy, replay_guard=guard)
    expected = one["expectation"]
    return verifier, {
        "nonce": None if expected["nonce"] is None else bytes.fromhex(expected["nonce"]),
        "purpose": expected["purpose"],
        "subject": None if expected["subject"] is None else Subject(**expected["subject"]),
        "now": one["now"],
    }


def trusted_key(entry: Json) -> TrustedKey:
    return TrustedKey(
        entry["issuer"],
        VerifyingKey.from_bytes(bytes.fromhex(entry["public_key"])),
        algorithm=kycvs.Algorithm(entry["algorithm"]),
        not_before=entry["not_before"],
        not_after=entry["not_after"],
        withdrawn=entry["withdrawn"],
    )


class HasSeen:
    """A guard that has seen just these, and learns nothing."""

    def __init__(self, seen: list[dict[str, str]]) -> None:
        self._seen = seen

    def first_use(self, issuer: str, token_id: str, keep_until: int, now: int, /) -> bool:
        return {"issuer": issuer, "token_id": token_id} not in self._seen


def as_json(verdict: Verdict) -> Json:
    return {
        "status": int(verdict.status),
        "issuer": verdict.issuer,
        "audience": verdict.audience,
        "purpose": verdict.purpose,
        "issued_at": verdict.issued_at_seconds,
        "expires_at": verdict.expires_at_seconds,
        "token_id": verdict.token_id,
        "key_id": verdict.key_id,
        "nonce": None if verdict.nonce is None else verdict.nonce.hex(),
        "subject_matched": verdict.subject_matched,
        "specimen": verdict.specimen,
    }


def imported_keys(data: str | bytes, *, is_set: bool) -> Json:
    imported = kycvs.import_keys(data)
    keys = [public_key(one.key, one.algorithm) for one in imported]
    if not is_set and len(keys) == 1 and imported.skipped == 0:
        return keys[0]
    return {"keys": keys, "skipped": imported.skipped}


def public_key(key: VerifyingKey, algorithm: kycvs.Algorithm | None = None) -> Json:
    return {
        "public_key": key.to_bytes().hex(),
        "key_id": key.key_id,
        "algorithm": None if algorithm is None else algorithm.value,
    }
