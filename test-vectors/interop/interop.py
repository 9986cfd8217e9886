"""Other people's COSE libraries beside `kycvs`: PyPI's `cwt` and `pycose`.

    python interop.py KYCVS WORK_FOLDER

They verify tokens that `kycvs issue` made; `kycvs verify` accepts tokens that they make to the profile, and
refuses, with the right code, what they make in another encoding, with other headers or claims, or with another
algorithm.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cbor2
from cwt import COSE

import token_profile as profile
from checks import Answer, Checks, Kycvs, write
from party import Party
from token_profile import ALGORITHMS, AUDIENCE, ED25519, ISSUER, NONCE, NOW, PURPOSE, claims, deterministic

checks = Checks()


def main() -> None:
    kycvs, work = Kycvs(sys.argv[1]), Path(sys.argv[2])
    parties = []
    for algorithm in ALGORITHMS:
        folder = work / algorithm
        made = kycvs("keygen", "--issuer", ISSUER, "--alg", algorithm, "--out-dir", folder)
        if checks.check(f"kycvs keygen --alg {algorithm}", made.ok, made):
            parties.append(Party(folder, algorithm))
    for party in parties:
        ours_to_theirs(kycvs, party)
        theirs_to_ours(kycvs, party, work)
    if len(parties) == len(ALGORITHMS):
        refused(kycvs, *parties, work)
    checks.note(f"pycose throws on alg {ED25519}, so with that algorithm only cwt was asked")
    checks.close()


# What kycvs makes, read by the libraries.


def ours_to_theirs(kycvs: Kycvs, party: Party) -> None:
    whole = ["--audience", AUDIENCE, "--nonce", NONCE.hex()]
    shapes = {
        "an open pass": [],
        "an answer to a challenge": whole,
        "an answer bound to a name": [*whole, "--name", "A.P.J. Abdul Kalam"],
        "a specimen": [*whole, "--specimen"],
    }
    for shape, options in shapes.items():
        name = f"{party.algorithm}, {shape} by kycvs"
        issued = kycvs(
            "issue",
            "--key",
            party.folder / "issuer.pem",
            "--issuer",
            ISSUER,
            "--alg",
            party.algorithm,
            "--status",
            "2",
            "--purpose",
            PURPOSE,
            "--now",
            NOW,
            *options,
        )
        if not checks.check(f"{name}: issued", issued.ok, issued):
            continue
        presentation = bytes.fromhex(issued["hex"])
        token = presentation[: profile.end_of_item(presentation)]
        payload = cwt_reads(name, party, token)
        if payload is not None:
            check_claims(name, payload, shape)
            again = COSE.new().encode_and_sign(payload, party.cwt_key(), protected=party.header())
            checks.check(f"{name}: cwt makes the same bytes of the same claims", again == token, again.hex())
        changed = flip_bit(token, token.index(ISSUER.encode()))
        checks.check(f"{name}: cwt refuses a flipped bit", raises(party.cwt_decode, changed))
        if party.algorithm == "EdDSA":
            checks.check(f"{name}: pycose verifies it", party.pycose_verifies(token))
            checks.check(f"{name}: pycose refuses a flipped bit", not party.pycose_verifies(changed))


def cwt_reads(name: str, party: Party, token: bytes) -> bytes | None:
    try:
        payload = party.cwt_decode(token)
    except Exception as error:  # whatever a library raises is the finding
        checks.check(f"{name}: cwt verifies it", False, repr(error))
        return None
    checks.check(f"{name}: cwt verifies it", True)
    return payload


def check_claims(name: str, payload: bytes, shape: str) -> None:
    read = cbor2.loads(payload)
    expected: dict[int, Any] = {1: ISSUER, 4: read[6] + 900, 6: read[6], 7: read[7]}
    if shape != "an open pass":
        expected |= {3: AUDIENCE, 10: NONCE}
    answer: dict[int, Any] = {0: 2, 2: PURPOSE}
    if "name" in shape:
        answer[1] = read[profile.STATUS].get(1)
    if shape == "a specimen":
        answer[3] = True
    expected[profile.STATUS] = answer
    checks.check(f"{name}: the claims are what was asked for", read == expected, read)


# What the libraries make, read by kycvs.


def theirs_to_ours(kycvs: Kycvs, party: Party, work: Path) -> None:
    makers: dict[str, Callable[[dict[int, Any], bytes], bytes]] = {"cwt": party.cwt_sign}
    if party.algorithm == "EdDSA":
        makers["pycose"] = party.pycose_sign
    shapes = {
        "an answer to a challenge": (claims(), []),
        "an open pass": (claims(c3=None, c10=None), ["open"]),
        "a specimen": (claims(specimen=True), ["specimen"]),
        "a status of 0": (claims(status=0), []),
    }
    for maker, sign in makers.items():
        for shape, (content, how) in shapes.items():
            token = sign(party.header(), deterministic(content))
            verdict = verify(kycvs, party, work, token, how)
            name = f"{party.algorithm}, {shape} by {maker}"
            if checks.check(f"{name}: kycvs accepts it", verdict.ok, verdict):
                said = {key: verdict.value.get(key) for key in ("issuer", "purpose", "key_id")}
                meant = {"issuer": ISSUER, "purpose": PURPOSE, "key_id": profile.key_id(party.public).hex()}
                checks.check(f"{name}: the verdict says what was signed", said == meant, said)


# What kycvs has to refuse.


def refused(kycvs: Kycvs, party: Party, named: Party, work: Path) -> None:
    """`party` is trusted for EdDSA, `named` for Ed25519."""
    right = deterministic(claims())

    def check(name: str, token: bytes, code: str, trusted: Party = party) -> None:
        verdict = verify(kycvs, trusted, work, token, [])
        checks.check(f"{code}: {name}", verdict.refused_with(code), verdict)

    for name, payload in profile.other_encodings().items():
        check(f"claims with {name}", party.cwt_sign(party.header(), payload), "not_canonical")
    backwards = dict(reversed(party.header().items()))
    check("a protected header with keys out of order", party.cwt_sign(backwards, right), "not_canonical")

    for name, changed in other_claims().items():
        check(name, party.cwt_sign(party.header(), deterministic(changed)), "not_a_status_token")
        check(
            f"{name}, by pycose",
            party.pycose_sign(party.header(), deterministic(changed)),
            "not_a_status_token",
        )
    for name, changed in {
        "typ of any CWT": party.header(typ="application/cwt"),
        "typ as a number": party.header(typ=61),
        "no typ": party.header(typ=None),
        "a kid of 7 bytes": party.header(kid=bytes(7)),
        "a content type": dict(sorted((party.header() | {3: "application/cbor"}).items())),
    }.items():
        check(name, party.cwt_sign(changed, right), "not_a_status_token")
    unprotected = party.cwt_sign(party.header(), right, unprotected={5: bytes(12)})
    check("an unprotected header", unprotected, "not_a_status_token")

    token = party.cwt_sign(party.header(), right)
    parts = cbor2.loads(token).value
    check("no tag", cbor2.dumps(parts), "not_a_status_token")
    check("the CWT tag around it", b"\xd8\x3d" + token, "not_a_status_token")
    check(
        "a detached payload",
        cbor2.dumps(cbor2.CBORTag(18, [*parts[:2], None, parts[3]])),
        "not_a_status_token",
    )
    check("COSE_Mac0 with HS256", party.cose_mac0(right), "not_a_status_token")
    check("COSE_Sign", party.cose_sign(right), "not_a_status_token")
    check("COSE_Encrypt0", party.cose_encrypt0(right), "not_a_status_token")

    check("ES256", party.es256(right), "unsupported_algorithm")
    check("alg -19 under a key trusted for -8", party.cwt_sign_as("Ed25519", right), "unsupported_algorithm")
    check(
        "alg -8 under a key trusted for -19",
        named.cwt_sign_as("EdDSA", right),
        "unsupported_algorithm",
        named,
    )
    check("a key that is not trusted", named.cwt_sign_as("EdDSA", right), "unknown_key")
    borrowed = named.cwt_sign_as("EdDSA", right, kid=profile.key_id(party.public))
    check("another key under a trusted kid", borrowed, "bad_signature")
    check(
        "signed with external data", party.cwt_sign(party.header(), right, external_aad=b"x"), "bad_signature"
    )

    for code, changed in {
        "issuer_mismatch": claims(c1="in.gov.other"),
        "expired": claims(c4=profile.ISSUED_AT - 100, c6=profile.ISSUED_AT - 1_000),
        "not_yet_valid": claims(c4=profile.EXPIRES_AT + 900, c6=profile.EXPIRES_AT),
        "lifetime_too_long": claims(c4=profile.ISSUED_AT + 86_401),
        "wrong_audience": claims(c3="example.org"),
        "wrong_nonce": claims(c10=bytes(16)),
        "specimen": claims(specimen=True),
    }.items():
        check("by cwt", party.cwt_sign(party.header(), deterministic(changed)), code)


def other_claims() -> dict[str, dict[int, Any]]:
    return {
        "an extra claim (sub)": claims(c2="someone"),
        "an extra claim (nbf)": claims(c5=profile.ISSUED_AT),
        "no cti": claims(c7=None),
        "no status": claims(**{f"c{profile.STATUS}": None}),
        "a status of 3": claims(status=3),
        "a status as a bool": claims(status=True),
        "a specimen that says false": claims(specimen=False),
        "a nonce of 7 bytes": claims(c10=bytes(7)),
        "an expiry with fractions": claims(c4=profile.EXPIRES_AT + 0.5),
        "an audience in a list": claims(c3=[AUDIENCE]),
        "an issuer as bytes": claims(c1=ISSUER.encode()),
        "an empty purpose": claims(purpose=""),
    }


# Helpers.


def verify(kycvs: Kycvs, party: Party, work: Path, token: bytes, how: list[str]) -> Answer:
    file = write(work / "token.kycvs", token)
    options = ["--allow-open", "--no-nonce"] if "open" in how else ["--audience", AUDIENCE, "--nonce", NONCE.hex()]
    if "specimen" in how:
        options.append("--allow-specimen")
    return kycvs("verify", "--at-least", 0, "--trust", party.folder / "trust.cbor", *options, "--now", NOW, file)


def flip_bit(data: bytes, at: int) -> bytes:
    return data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]


def raises(call: Callable[[bytes], object], token: bytes) -> bool:
    try:
        call(token)
    except Exception:  # whatever a library raises, it refused
        return True
    return False


if __name__ == "__main__":
    main()
