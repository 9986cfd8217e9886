"""SPEC.md's CDDL, held against the test vectors by PyPI's `cddl-verifier`, which knows nothing of this project.

    python cddl.py KYCVS SPEC.md TEST_VECTORS WORK_FOLDER

Of the tools tried it is the one that reads all of this CDDL and refuses all that it excludes: the crate `cddl` panics at
a text literal that does not match, `cddl-cat` and `pycddl` cannot read the rule of the token, `zcbor` counts characters.

Every token of valid.json has to match, its two inner layers on their own too. Of invalid.json those have to match
that are refused for what they say, and those not that are refused for their shape - apart from the two rules that
CDDL does not state. Tokens in a wrong encoding are left out: CDDL tells of structure, not of encoding. Trust stores
that `kycvs` writes have to match as well.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any

import cbor2
from cddl_verifier import Validator

from checks import Checks, Kycvs, write
from token_profile import ALGORITHMS, ISSUER, deterministic, end_of_item, key_id

checks = Checks()
NOT_A_STATUS_TOKEN, UNSUPPORTED_ALGORITHM, SPECIMEN = 5, 6, 21


class Cddl:
    """The tool, with the CDDL of one text."""

    def __init__(self, text: str) -> None:
        rules = "\n".join(re.findall(r"^```cddl\n(.*?)^```$", text, re.MULTILINE | re.DOTALL))
        self.validator = Validator(rules)

    def matches(self, rule: str, item: bytes) -> bool:
        return self.validator.validate(item, rule).valid


def main() -> None:
    program, spec, vectors, work = sys.argv[1:]
    cddl = Cddl(Path(spec).read_text(encoding="utf-8"))
    valid = tokens(Path(vectors) / "valid.json")
    expect(cddl, "status-token", {name: token for name, (token, _) in valid.items()}, True)
    expect(cddl, "protected-header", {name: layer(token, 0) for name, (token, _) in valid.items()}, True)
    expect(cddl, "claims", {name: layer(token, 2) for name, (token, _) in valid.items()}, True)

    invalid = tokens(Path(vectors) / "invalid.json")
    wrong_shape = {name: token for name, (token, case) in invalid.items() if excluded_by_cddl(token, case)}
    right_shape = {name: token for name, (token, case) in invalid.items() if allowed_by_cddl(token, case)}
    expect(cddl, "status-token", wrong_shape, False)
    expect(cddl, "status-token", right_shape, True)
    trust_stores(cddl, Kycvs(program), Path(work))
    checks.close()


def expect(cddl: Cddl, rule: str, items: dict[str, bytes], match: bool) -> None:
    checks.check(f"there are cases that {'match' if match else 'do not match'} {rule}", bool(items))
    for name, item in items.items():
        matched = cddl.matches(rule, item)
        said = "it matches" if matched else "it does not match"
        checks.check(f"{name}: {rule}: {said}", matched is match, item.hex())


def tokens(file: Path) -> dict[str, tuple[bytes, dict[str, Any]]]:
    """The token, without an opening behind it, of each case that is well-formed and in the right encoding."""
    found = {}
    for case in json.loads(file.read_text(encoding="utf-8"))["cases"]:
        number = case["expected"].get("number", 0)
        if number == 0 or NOT_A_STATUS_TOKEN <= number <= SPECIMEN:
            presentation = bytes.fromhex(case["presentation"])
            found[case["id"]] = presentation[: end_of_item(presentation)], case
    return found


def layer(token: bytes, index: int) -> bytes:
    return cbor2.loads(token).value[index]


def excluded_by_cddl(token: bytes, case: dict[str, Any]) -> bool:
    """Refused for a shape that the CDDL does not allow."""
    number = case["expected"]["number"]
    if number == UNSUPPORTED_ALGORITHM:
        return cbor2.loads(layer(token, 0))[1] not in ALGORITHMS.values()
    behind = bytes.fromhex(case["presentation"])[len(token) :]
    wrong_behind = behind != b"" and not (len(behind) == 17 and behind[0] == 0x50)
    return number == NOT_A_STATUS_TOKEN and not wrong_behind and not times_in_wrong_order(token)


def allowed_by_cddl(token: bytes, case: dict[str, Any]) -> bool:
    """Refused for what it says, not for its shape."""
    return case["expected"]["number"] > NOT_A_STATUS_TOKEN and not excluded_by_cddl(token, case)


def times_in_wrong_order(token: bytes) -> bool:
    """`iat` is not less than `exp`: a rule beside the CDDL."""
    try:
        claims = cbor2.loads(cbor2.loads(token).value[2])
        return bool(claims[6] >= claims[4])
    except Exception:  # another shape, so not only the times
        return False


def trust_stores(cddl: Cddl, kycvs: Kycvs, work: Path) -> None:
    stores = {}
    for algorithm in ALGORITHMS:
        folder = work / algorithm
        kycvs("keygen", "--issuer", ISSUER, "--alg", algorithm, "--out-dir", folder)
        stores[f"one key for {algorithm}"] = (folder / "trust.cbor").read_bytes()
    first, second = (work / name / "trust.cbor" for name in ALGORITHMS)
    keys = write(work / "keys.jwks", kycvs("trust", "export", "--trust", second)["data"].encode())
    window = ["--not-before", "2026-01-01T00:00:00Z", "--not-after", "2027-01-01T00:00:00Z"]
    kycvs("trust", "add", "--trust", first, "--issuer", ISSUER, *window, keys)
    stores["two keys, one in a window"] = first.read_bytes()
    listed = cbor2.loads(second.read_bytes())
    kycvs("trust", "withdraw", "--trust", second, key_id(listed[1][0][2]).hex())
    stores["a withdrawn key"] = second.read_bytes()
    expect(cddl, "trust-store", stores, True)

    listed[1][0][9] = 1
    expect(cddl, "trust-store", {"an unknown field": deterministic(listed)}, False)


if __name__ == "__main__":
    main()
