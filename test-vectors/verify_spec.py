"""Decides the examples in SPEC.md with the verifier beside this script.

    python verify_spec.py SPEC.md

The named blocks of sections 6.4, 7 and 13, and the verdict of 13.7 with what
becomes of it when one thing is changed. Ends as verify.py does.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

from verify import (
    DEFAULT_IGNORABLE,
    SMALL_ORDER,
    Entry,
    Expectation,
    Policy,
    Refused,
    Tally,
    commitment,
    commitment_input,
    encode_base45,
    key_id,
    make_trust_store,
    normalise_mobile,
    normalise_name,
    read_presentation,
    sig_structure,
    verify,
)


def run_spec(path: Path) -> int:
    tally, content = Tally(), path.read_text(encoding="utf-8")
    found = re.findall(r"^```(hex|text|json)(?: ([a-z0-9-]+))?\n(.*?)^```", content, re.MULTILINE | re.DOTALL)
    lines = {name: body.splitlines() for _, name, body in found}
    blocks = {name: bytes.fromhex(body) for kind, name, body in found if kind == "hex"}
    verdict = next(json.loads(body) for kind, _, body in found if kind == "json")
    invalid = Refused("invalid_claim").result()

    for block, normalise in (("names-example", normalise_name), ("mobiles-example", normalise_mobile)):
        for line in lines[block]:
            given, result = line.split(" -> ")
            expected = invalid if result == "error" else json.loads(result)
            tally.case(f"{block} {given}", expected, normalise, json.loads(given))
    for given in ("", "...", "\u200d", "a" * 129, "a" * 1025, "\ud800"):
        tally.case(f"7.1 refused {given[:6]!a}", invalid, normalise_name, given)
    ranges = [r.split("..") for line in lines["default-ignorable"] for r in line.split()]
    points = [code for r in ranges for code in range(int(r[0], 16), int(r[-1], 16) + 1)]
    tally.case("default-ignorable", points, sorted, DEFAULT_IGNORABLE)
    small = sorted(lines["small-order-canonical"] + lines["small-order-non-canonical"])
    tally.case("small-order", small, sorted, map(bytes.hex, SMALL_ORDER))

    subject = normalise_name("A.P.J. Abdul Kalam"), "+919876543210", bytes(range(0xB0, 0xC0))
    key, token, whole = (blocks[f"{name}-example"] for name in ("public-key", "token", "presentation"))
    kv1, base64_text = (lines[f"presentation-example-{form}"][0] for form in ("text", "base64url"))
    for name, got in {
        "commitment-input": commitment_input(*subject),
        "commitment": commitment(*subject),
        "commitment-input-name-only": commitment_input(subject[0], None, subject[2]),
        "commitment-name-only": commitment(subject[0], None, subject[2]),
        "key-id": key_id(key),
        "sig-structure": sig_structure(read_presentation(token)),
    }.items():
        tally.case(name, blocks[f"{name}-example"].hex(), got.hex)
    tally.case("presentation-example-text", kv1, lambda: "KV1:" + encode_base45(whole))

    # 13.7: the verdict, and what becomes of it with one thing changed
    trust, person = make_trust_store([Entry("in.gov.cowin", key)]), ("a p j  abdul kalam", "98765 43210")
    changed = token[:-1] + bytes([token[-1] ^ 1]) + whole[len(token) :]
    for result, change in [
        (verdict, {}), (verdict, {"data": kv1}), (verdict, {"data": base64_text}),
        (verdict, {"now": 1790000959}), ("expired", {"now": 1790000960}),
        (verdict, {"now": 1789999940}), ("not_yet_valid", {"now": 1789999939}),
        (verdict, {"issued_after": 1789999939}), ("expired", {"issued_after": 1789999940}),
        ("wrong_audience", {"audience": "example.org"}), ("wrong_subject", {"subject": (person[0], None)}),
        ("wrong_subject", {"data": token}), ("malformed", {"data": whole[:-1]}), ("bad_signature", {"data": changed}),
    ]:  # fmt: skip
        case = {"data": whole, "now": 1790000300, "audience": "irctc.co.in", "subject": person, **change}
        policy = Policy(case["audience"], open=False, issued_after=case.get("issued_after"))
        expectation = Expectation(bytes(range(0xC0, 0xD0)), "rail-booking", case["subject"])
        expected = result if result is verdict else Refused(result).result()
        tally.case(f"13.7 {change}", expected, verify, case["data"], trust, policy, expectation, case["now"])
    return tally.end()


if __name__ == "__main__":
    if len(sys.argv) != 2:
        print(__doc__, file=sys.stderr)
        sys.exit(2)
    sys.exit(run_spec(Path(sys.argv[1])))
