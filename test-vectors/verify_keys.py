"""Decides the keys of the test vectors, by SPEC 9.3 alone.

    python verify_keys.py [DIR]

reads keys.json and decides each case whose format is raw, cose_key,
cose_key_set, jwk or jwk_set: the public key, its kid and the alg that it names,
or the code. The cases in PEM are left out: they are other people's formats,
which are read with libraries.

Ends as verify.py beside it does, and needs no more than that.

JSON may be as deep here as its size allows.
"""

from __future__ import annotations

import hashlib
import json
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from verify import (
    ALGORITHMS,
    Item,
    Json,
    Reader,
    Refused,
    Tally,
    acceptable_key,
    decode_base64url,
    decode_point,
    encode_y,
    key_id,
    main,
    multiply_point,
    need,
    read_file,
    utf8,
)

INVALID = "invalid_key"  # 9.3: everything that is not as described
MAX_SIZE = 1_048_576  # 9.3: 1 MiB
Members = dict[str, Item]  # of a key, by JWK's names; those alone that 9.3 names


def once(pairs: list[tuple[str, Item]]) -> Members:  # 9.3: none of the names twice
    members = dict(pairs)
    need(len(members) == len(pairs), INVALID)
    return members


# --- COSE_Key and COSE_KeySet ------------------------------------------------

COSE_LABELS = {1: "kty", 3: "alg", -1: "crv", -2: "x", -4: "d"}


class KeyReader(Reader):
    """Sets items of indefinite length apart by their kind, which is nowhere asked for."""

    def item(self, depth: int = 1) -> Item:
        first = self.data[self.pos : self.pos + 1]
        kind, value = super().item(depth)
        return Item(f"indefinite {kind}" if first[0] & 31 == 31 else kind, value)


def read_cose(data: bytes) -> Item:
    need(len(data) <= MAX_SIZE, INVALID)
    reader = KeyReader(data)
    item = reader.item()
    need(reader.at_end(), INVALID)  # and whether it is canonical is not asked
    return item


def cose_members(item: Item) -> Members:
    need(item.kind == "map", INVALID)
    integers = [(label.value, value) for label, value in item.value if label.kind == "int"]
    return once([(COSE_LABELS[label], value) for label, value in integers if label in COSE_LABELS])


def cose_bytes(item: Item) -> bytes:
    need(item.kind == "bytes", INVALID)
    return item.value


def cose_elements(item: Item) -> list[Item]:
    need(item.kind == "array", INVALID)
    return item.value


# --- JWK and JWK Set ---------------------------------------------------------

STRING = r'"(?:[^"\\\x00-\x1f]|\\["\\/bfnrt]|\\u[0-9A-Fa-f]{4})*"'
NUMBER = r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?"
CLOSING = {"array": "]", "object": "}"}


class JsonReader:
    """Reads a text by the grammar of RFC 8259; what is not in it is `invalid_key`.

    Not Python's json, which takes NaN, bounds the depth and the digits of a
    number, and does not show how a string was written. The kinds are array and
    object (lists of pairs, in an array without names), string (as it is written,
    with its quotation marks) and other. No recursion, so that no depth is a fault.
    """

    def __init__(self, text: str) -> None:
        self.text, self.pos = text, 0

    def take(self, pattern: str) -> str:
        """What stands next, behind white space; the empty text if it is something else."""
        found = re.compile(rf"[ \t\n\r]*({pattern})").match(self.text, self.pos)
        if found is None:
            return ""
        self.pos = found.end()
        return found[1]

    def must_take(self, pattern: str) -> str:
        token = self.take(pattern)
        need(token != "", INVALID)
        return token

    def value(self) -> Item:
        """A whole value, or an array or object of which only the beginning is read."""
        token = self.must_take(rf"[\[{{]|{STRING}|{NUMBER}|true|false|null")
        if token in "[{":
            return Item("array" if token == "[" else "object", [])
        return Item("string" if token[0] == '"' else "other", token)

    def read(self) -> Item:
        whole = self.value()
        unfinished = [whole] if whole.kind in CLOSING else []
        while unfinished:
            innermost = unfinished[-1]
            if self.take(re.escape(CLOSING[innermost.kind])):
                unfinished.pop()
                continue
            if innermost.value:
                self.must_take(",")
            name = ""
            if innermost.kind == "object":
                name = json.loads(self.must_take(STRING))
                self.must_take(":")
            value = self.value()
            innermost.value.append((name, value))
            if value.kind in CLOSING:
                unfinished.append(value)
        need(self.text[self.pos :].strip(" \t\n\r") == "", INVALID)
        return whole


def read_jwk(text: str) -> Item:
    utf8(text, 0, MAX_SIZE, INVALID)
    return JsonReader(text.removeprefix("\ufeff")).read()


def jwk_members(item: Item) -> Members:
    need(item.kind == "object", INVALID)
    return once([(name, jwk_member(name, value)) for name, value in item.value if name in COSE_LABELS.values()])


def jwk_member(name: str, item: Item) -> Item:
    """Text, for a string that may be written so; `d` has no escapes."""
    if item.kind != "string" or (name == "d" and "\\" in item.value):
        return item
    return Item("text", json.loads(item.value))


def jwk_bytes(item: Item) -> bytes:
    need(item.kind == "text", INVALID)
    return decode_base64url(item.value)


def jwk_elements(item: Item) -> list[Item]:
    need(item.kind == "object", INVALID)
    keys = [value for name, value in item.value if name == "keys"]
    need(len(keys) == 1 and keys[0].kind == "array", INVALID)
    return [element for _, element in keys[0].value]


# --- 9.3, the rules that both have -------------------------------------------


class Form(NamedTuple):
    """How a COSE_Key or a JWK says what both say."""

    right: dict[str, list[Item]]  # of kty, crv and alg: the values of the right kind
    members: Callable[[Item], Members]
    elements: Callable[[Item], list[Item]]
    octets: Callable[[Item], bytes]


COSE = Form(
    {"kty": [Item("int", 1)], "crv": [Item("int", 6)], "alg": [Item("int", a) for a in ALGORITHMS.values()]},
    cose_members,
    cose_elements,
    cose_bytes,
)
JWK = Form(
    {"kty": [Item("text", "OKP")], "crv": [Item("text", "Ed25519")], "alg": [Item("text", a) for a in ALGORITHMS]},
    jwk_members,
    jwk_elements,
    jwk_bytes,
)

BASE = decode_point(bytes.fromhex("58" + "66" * 31))  # 6.1


def public_key_of(secret: bytes) -> bytes:  # RFC 8032 section 5.1.5
    assert BASE is not None
    number = int.from_bytes(hashlib.sha512(secret).digest()[:32], "little")
    x, y = multiply_point(number & (2**254 - 8) | 2**254, BASE)
    return encode_y(y, x & 1)


def result(key: bytes, algorithm: str | None = None) -> Json:
    need(acceptable_key(key), INVALID)  # 6.2; 32 bytes among it
    return {"public_key": key.hex(), "key_id": key_id(key).hex(), "algorithm": algorithm}


def decide_members(form: Form, members: Members) -> Json:
    need(is_of_this_kind(form, members) and "x" in members, INVALID)
    key = form.octets(members["x"])
    if "d" in members:
        secret = form.octets(members["d"])
        need(len(secret) == 32 and public_key_of(secret) == key, INVALID)
    return result(key, list(ALGORITHMS)[form.right["alg"].index(members["alg"])] if "alg" in members else None)


def is_of_this_kind(form: Form, members: Members) -> bool:
    wanted = {"kty", "crv"} | ({"alg"} & members.keys())
    return all(members.get(name) in form.right[name] for name in wanted)


def decide_jwk(text: str) -> Json:
    item = read_jwk(text)
    need(item.kind == "object" and all(name != "keys" for name, _ in item.value), INVALID)  # no set
    return decide_members(JWK, jwk_members(item))


def decide_set(form: Form, item: Item) -> Json:
    elements = [form.members(element) for element in form.elements(item)]
    usable = [members for members in elements if is_of_this_kind(form, members)]
    keys = [decide_members(form, members) for members in usable]
    need(keys != [], INVALID)
    return {"keys": keys, "skipped": len(elements) - len(keys)}


# --- 14. The test vectors ----------------------------------------------------

DECIDE: dict[str, Callable[[str], Json]] = {
    "raw": lambda given: result(bytes.fromhex(given)),
    "cose_key": lambda given: decide_members(COSE, cose_members(read_cose(bytes.fromhex(given)))),
    "cose_key_set": lambda given: decide_set(COSE, read_cose(bytes.fromhex(given))),
    "jwk": decide_jwk,
    "jwk_set": lambda given: decide_set(JWK, read_jwk(given)),
}


def decide_key(case: Json) -> Json:
    try:
        return DECIDE[case["format"]](case["input"])
    except Refused:  # whatever it was: 9.3 has one code
        raise Refused(INVALID) from None


def run_keys(folder: Path) -> int:
    tally = Tally()
    for case in read_file(folder / "keys.json", "keys")["cases"]:
        if case["format"] in DECIDE:
            tally.case(case["id"], case["expected"], decide_key, case)
    return tally.end()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], __doc__, run_keys))
