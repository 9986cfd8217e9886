"""The token's profile in the words of COSE libraries, and the ways in which a library could leave it."""

from __future__ import annotations

import hashlib
from typing import Any

import cbor2

EDDSA, ED25519 = -8, -19
ALGORITHMS = {"EdDSA": EDDSA, "Ed25519": ED25519}
TYP = "application/kycvs+cwt"
ISSUER, AUDIENCE, PURPOSE = "in.gov.cowin", "irctc.co.in", "rail-booking"
ISSUED_AT, EXPIRES_AT = 1_780_000_000, 1_780_000_900
NOW = "2026-05-28T20:27:00Z"  # 20 s after ISSUED_AT
NONCE = bytes(range(16))
STATUS = -65537


def deterministic(value: Any) -> bytes:
    # cbor2 5.9 sorts keys by length first: for this profile's keys the same order as RFC 8949's.
    return cbor2.dumps(value, canonical=True)


def end_of_item(data: bytes, at: int = 0) -> int:
    """Where the item that starts at `at` ends, for bytes in the deterministic encoding. It looks at no meaning: `cbor2`
    fails on tags whose content it does not like."""
    major, length = data[at] >> 5, data[at] & 31
    at += 1
    if length >= 24:
        size = 1 << (length - 24)
        length, at = int.from_bytes(data[at : at + size], "big"), at + size
    if major in (2, 3):
        return at + length
    for _ in range({4: length, 5: 2 * length, 6: 1}.get(major, 0)):
        at = end_of_item(data, at)
    return at


def key_id(public_key: bytes) -> bytes:
    """The first 8 bytes of the COSE Key Thumbprint (RFC 9679)."""
    return hashlib.sha256(deterministic({1: 1, -1: 6, -2: public_key})).digest()[:8]


def header(public_key: bytes, algorithm: int = EDDSA, **changes: Any) -> dict[int, Any]:
    """The protected header, in its deterministic order. `typ=None` leaves out typ."""
    whole = {1: algorithm, 4: changes.get("kid", key_id(public_key)), 16: changes.get("typ", TYP)}
    return {label: value for label, value in whole.items() if value is not None}


def claims(**changes: Any) -> dict[int, Any]:
    """Claims of an answer with audience and nonce.

    `c4=...` sets claim 4, `c4=None` takes it out; `status`, `purpose` and `specimen` are those of the status claim.
    """
    answer = {0: changes.pop("status", 2)}
    answer[2] = changes.pop("purpose", PURPOSE)
    if "specimen" in changes:
        answer[3] = changes.pop("specimen")
    whole: dict[int, Any] = {
        1: ISSUER,
        3: AUDIENCE,
        4: EXPIRES_AT,
        6: ISSUED_AT,
        7: bytes(range(100, 116)),
        10: NONCE,
        STATUS: answer,
    }
    for name, value in changes.items():
        whole[int(name.removeprefix("c"))] = value
    return {label: value for label, value in whole.items() if value is not None}


def other_encodings() -> dict[str, bytes]:
    """The same claims in bytes that are not the deterministic encoding."""
    right = deterministic(claims())
    expires = cbor2.dumps(EXPIRES_AT)
    assert right.count(expires) == 1 and right[0] == 0xA7
    behind = right.index(expires) + len(expires)
    backwards = dict(reversed(claims().items()))
    return {
        "keys out of order": cbor2.dumps(backwards),
        "a map of indefinite length": b"\xbf" + right[1:] + b"\xff",
        "an integer longer than it need be": right.replace(expires, b"\x1b" + EXPIRES_AT.to_bytes(8, "big")),
        "a length longer than it need be": b"\xb8\x07" + right[1:],
        "a key twice": b"\xa8" + right[1:behind] + b"\x04" + expires + right[behind:],
    }
