"""An independent verifier of KYC-VS status tokens, written from SPEC.md alone.

It decides the cases of the test vectors beside it and compares the whole
result: the verdict, or the code with its number and family.

    python verify.py [DIR]

reads valid.json, invalid.json, subject.json and text.json; verify_keys.py does
the same for keys.json, and verify_spec.py for the examples in the text itself.

One line for each case that fails, then "N passed, N failed". The exit status
is 0 only if at least one case ran and none failed. A file that is not there is
named on standard error.

Needs Python 3.10 or newer and the package `cryptography` (for one function,
"verify", as SPEC 6.4 has it). Everything else is below, headed by the numbers of
SPEC's sections: the codes (11), and then 5 to 10 and 14 in order, the format of
the token (4) just before the verification (10) that reads it.

Limit: SPEC 7 asks for the data of Unicode 16.0; this script uses the tables of
the Python that runs it (unicodedata.unidata_version; 16.0 from Python 3.14 on).
With older or newer tables it is right only for names and numbers whose code
points both versions know or neither. It is test code: not constant in time
where secrets are at stake, and slow in its curve arithmetic.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
import struct
import sys
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NamedTuple

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

U64 = 2**64 - 1

# --- 11. Codes (those that a verifier of these files can give) ---------------

CODES: dict[str, tuple[int, str]] = {
    code: (number, family)
    for family, numbered in {
        "unreadable": "1 too_large 2 bad_text 3 malformed 4 not_canonical 5 not_a_status_token",
        "untrusted": "6 unsupported_algorithm 7 unknown_key 8 bad_signature 9 issuer_mismatch 10 key_not_valid",
        "refused": "11 not_yet_valid 12 expired 13 lifetime_too_long 14 wrong_audience 15 wrong_nonce "
        "16 wrong_purpose 17 wrong_subject 18 replayed 21 specimen",
        "issuing": "65 invalid_key",
        "set_up": "20 status_list_unavailable 64 invalid_claim 96 no_trusted_keys 97 clock_not_set 98 bad_trust_store "
        "120 invalid_setting",
    }.items()
    for number, code in ((int(n), c) for n, c in re.findall(r"(\d+) (\w+)", numbered))
}


class Refused(Exception):
    """One code of section 11."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code

    def result(self) -> dict[str, Any]:
        number, family = CODES[self.code]
        return {"code": self.code, "number": number, "family": family}


def need(condition: bool, code: str) -> None:
    if not condition:
        raise Refused(code)


def utf8(text: str, low: int, high: int, code: str) -> bytes:
    """The UTF-8 form, low..high bytes long; a lone surrogate has none (1.2, 7.1)."""
    try:
        data = text.encode("utf-8")
    except UnicodeEncodeError:
        raise Refused(code) from None
    need(low <= len(data) <= high, code)
    return data


# --- 5. Encoding -------------------------------------------------------------


class Item(NamedTuple):
    """kind: int, bytes, text, array, map (a list of pairs), tag, simple, float."""

    kind: str
    value: Any


class Reader:
    """Reads items; raises `malformed` (5.1), and notes what breaks 5.2."""

    MAX_DEPTH = 8

    def __init__(self, data: bytes) -> None:
        self.data, self.pos, self.canonical = data, 0, True

    def at_end(self) -> bool:
        return self.pos == len(self.data)

    def take(self, length: int) -> bytes:
        need(length <= len(self.data) - self.pos, "malformed")
        self.pos += length
        return self.data[self.pos - length : self.pos]

    def take_break(self) -> bool:
        if self.data[self.pos : self.pos + 1] == b"\xff":
            self.pos += 1
            return True
        return False

    def head(self) -> tuple[int, int, int | None]:
        """Major type, additional information, argument (None for 31)."""
        first = self.take(1)[0]
        major, info = first >> 5, first & 31
        if info < 24:
            return major, info, info
        if info == 31:  # 5.1 rule 1; a break (major 7) is taken before
            need(major in (2, 3, 4, 5), "malformed")
            self.canonical = False  # 5.2 rule 3
            return major, info, None
        need(info < 28, "malformed")
        size = 1 << (info - 24)
        argument = int.from_bytes(self.take(size), "big")
        smallest = 24 if size == 1 else 1 << (4 * size)
        self.canonical &= major == 7 or argument >= smallest  # 5.2 rules 1 and 2
        return major, info, argument

    def item(self, depth: int = 1) -> Item:
        need(depth <= self.MAX_DEPTH, "malformed")  # 5.1 rule 3
        major, info, argument = self.head()
        if major == 2:
            return Item("bytes", self.string(major, argument))
        if major == 3:
            return Item("text", self.string(major, argument).decode("utf-8"))
        if major == 4:
            return Item("array", [self.item(depth + 1) for _ in self.counted(argument)])
        if major == 5:
            return Item("map", self.pairs(argument, depth + 1))
        assert argument is not None  # by head()
        if major == 6:
            return Item("tag", (argument, self.item(depth + 1)))
        if major == 7:
            return self.simple_or_float(info, argument)
        return Item("int", argument if major == 0 else -1 - argument)

    def string(self, major: int, length: int | None) -> bytes:
        if length is None:
            data = b""
            for _ in self.counted(None):
                kind, _info, size = self.head()
                need(kind == major and size is not None, "malformed")
                data += self.string(major, size)
            return data
        data = self.take(length)
        try:
            data.decode("utf-8" if major == 3 else "latin-1")  # 5.1 rule 2, each chunk by itself
        except UnicodeDecodeError:
            raise Refused("malformed") from None
        return data

    def counted(self, count: int | None) -> Iterator[None]:
        """Once for each element: so many times, or up to a break."""
        done = 0
        while not (self.take_break() if count is None else done == count):
            done += 1
            yield

    def pairs(self, count: int | None, depth: int) -> list[tuple[Item, Item]]:
        pairs, last = [], b""  # no encoding is empty, so the first key is greater
        for _ in self.counted(count):
            start, key = self.pos, self.item(depth)
            encoded = self.data[start : self.pos]
            self.canonical &= encoded > last  # 5.2 rules 4 and 5
            last = encoded
            pairs.append((key, self.item(depth)))
        return pairs

    def simple_or_float(self, info: int, argument: int) -> Item:
        if info < 25:
            need(info < 24 or argument >= 32, "malformed")
            return Item("simple", argument)
        form, shorter = {25: (">e", ""), 26: (">f", ">e"), 27: (">d", ">f")}[info]
        raw = argument.to_bytes(1 << (info - 24), "big")
        value = struct.unpack(form, raw)[0]
        if value != value:  # 5.2 rule 7
            self.canonical &= raw == b"\x7e\x00"
        elif shorter:  # 5.2 rule 6
            try:
                fits = struct.unpack(shorter, struct.pack(shorter, value))[0] == value
            except OverflowError:
                fits = False
            self.canonical &= not fits
        return Item("float", value)


def read_one(data: bytes) -> Item:
    """Exactly one item in the encoding of section 5."""
    reader = Reader(data)
    item = reader.item()
    need(reader.at_end(), "malformed")
    need(reader.canonical, "not_canonical")
    return item


def encode_string(value: bytes | str) -> bytes:
    """A string with its head in shortest form (5.2); for 4.6 and 7.3, so less than 65,536 bytes."""
    major, data = (2, value) if isinstance(value, bytes) else (3, value.encode("utf-8"))
    size = 0 if len(data) < 24 else 1 if len(data) < 256 else 2
    head = [major << 5 | 23 + size] if size else [major << 5 | len(data)]
    return bytes(head) + len(data).to_bytes(2, "big")[2 - size :] + data


# --- 6. Ed25519 --------------------------------------------------------------

P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = 37095705934669439343138083508754565189542113879843219016388785533085940283555
NEUTRAL = (0, 1)
Point = tuple[int, int]


def add_points(a: Point, b: Point) -> Point:  # 6.1
    (x1, y1), (x2, y2) = a, b
    product = D * x1 * x2 * y1 * y2 % P
    x3 = (x1 * y2 + x2 * y1) * pow(1 + product, -1, P) % P
    y3 = (y1 * y2 + x1 * x2) * pow(1 - product, -1, P) % P
    return x3, y3


def multiply_point(scalar: int, point: Point) -> Point:
    result = NEUTRAL
    while scalar:  # the plain integer: never reduced modulo L (6.2)
        if scalar & 1:
            result = add_points(result, point)
        point = add_points(point, point)
        scalar >>= 1
    return result


def decode_point(data: bytes) -> Point | None:  # 6.2 rules 1 and 2
    number = int.from_bytes(data, "little")
    sign, y = number >> 255, number & (2**255 - 1)
    if y >= P:
        return None
    u, v = (y * y - 1) % P, (D * y * y + 1) % P
    x = u * pow(v, 3, P) * pow(u * pow(v, 7, P), (P - 5) // 8, P) % P
    if v * x * x % P == -u % P:
        x = x * pow(2, (P - 1) // 4, P) % P
    if v * x * x % P != u or (x == 0 and sign):
        return None
    return (P - x if x & 1 != sign else x), y


@cache
def acceptable_key(key: bytes) -> bool:  # 6.2
    point = decode_point(key) if len(key) == 32 else None
    return (
        point is not None
        and multiply_point(8, point) != NEUTRAL  # rule 3
        and multiply_point(L, point) == NEUTRAL  # rule 4
    )


def encode_y(y: int, sign: int) -> bytes:
    return (y | sign << 255).to_bytes(32, "little")


Y8 = int.from_bytes(bytes.fromhex("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05"), "little")
# 6.4: order 1, 2, 4, 8 and 8; of the encodings that are not canonical those of 0 and 1 go in 255 bits
SMALL_ORDER = {encode_y(y, sign) for y in (1, P - 1, 0, Y8, P - Y8, P, P + 1) for sign in (0, 1)}


def verify_signature(key: bytes, signature: bytes, message: bytes) -> bool:  # 6.4; the key is acceptable
    if int.from_bytes(signature[32:], "little") >= L or signature[:32] in SMALL_ORDER:
        return False
    try:
        Ed25519PublicKey.from_public_bytes(key).verify(signature, message)
    except InvalidSignature:
        return False
    return True


def key_id(key: bytes) -> bytes:  # 4.5
    return hashlib.sha256(bytes.fromhex("a301012006215820") + key).digest()[:8]


# --- 7. The subject ----------------------------------------------------------

DEFAULT_IGNORABLE = {
    code
    for low, _, high in (
        part.partition("..")
        for part in """00AD 034F 061C 115F..1160 17B4..17B5 180B..180F 200B..200F 202A..202E 2060..206F 3164
        FE00..FE0F FEFF FFA0 FFF0..FFF8 1BCA0..1BCA3 1D173..1D17A E0000..E0FFF""".split()
    )
    for code in range(int(low, 16), int(high or low, 16) + 1)
}


def name_round(name: str) -> str:  # 7.1, one round; its steps in order
    name = "".join(c for c in name if ord(c) not in DEFAULT_IGNORABLE)
    name = "".join(" " if unicodedata.category(c) == "Cn" else c for c in name)
    name = unicodedata.normalize("NFKC", name)
    name = unicodedata.normalize("NFKC", name.casefold())
    name = "".join(c if unicodedata.category(c)[0] in "LMN" else " " for c in name)
    return re.sub(" +", " ", name).strip(" ")


def normalise_name(name: str) -> str:  # 7.1
    utf8(name, 0, 1024, "invalid_claim")
    for _ in range(4):
        before, name = name, name_round(name)
        if name == before:
            utf8(name, 1, 128, "invalid_claim")
            return name
    raise Refused("invalid_claim")


def normalise_mobile(text: str) -> str:  # 7.2
    utf8(text, 0, 256, "invalid_claim")
    plus, digits = "", ""
    opened: int | None = None  # how many digits stand before the last open parenthesis
    trunk_zero = False
    for c in text:
        category = unicodedata.category(c)
        if category == "Nd":
            digits += str(unicodedata.decimal(c))
        elif c == "+":
            need(not plus and not digits, "invalid_claim")
            plus = "+"
        elif c == "(":
            opened = len(digits)
        elif c == ")":
            if opened and digits[opened:] == "0":  # alone, and behind a digit
                digits = digits[:opened]
                need(opened <= 3 if plus else digits == "91", "invalid_claim")
                need(not trunk_zero, "invalid_claim")
                trunk_zero = True
            opened = None
        else:
            need(category in ("Zs", "Pd") or c in "\t." or ord(c) in DEFAULT_IGNORABLE, "invalid_claim")
    if not plus:
        digits = digits.removeprefix("0")  # one digit
    if len(digits) == 13 and digits.startswith("910"):
        digits = "91" + digits[3:]
    if plus:
        need(8 <= len(digits) <= 15, "invalid_claim")
        return "+" + digits
    if len(digits) == 10:
        return "+91" + digits
    need(len(digits) == 12 and digits.startswith("91"), "invalid_claim")
    return "+" + digits


def commitment_input(name: str, mobile: str | None, opening: bytes) -> bytes:  # 7.3, both normalised
    number = b"\xf6" if mobile is None else encode_string(mobile)
    return b"\x84" + encode_string("kycvs/subject/1") + encode_string(opening) + encode_string(name) + number


def commitment(name: str, mobile: str | None, opening: bytes) -> bytes:  # 7.3
    return hashlib.sha256(commitment_input(name, mobile, opening)).digest()


# --- 8.2 Text ----------------------------------------------------------------

BASE45 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:"


def encode_base45(data: bytes) -> str:
    text = ""
    for start in range(0, len(data), 2):
        group = data[start : start + 2]
        number = int.from_bytes(group, "big")
        for _ in range(len(group) + 1):
            text += BASE45[number % 45]
            number //= 45
    return text


def decode_base45(text: str) -> bytes:
    need(len(text) % 3 != 1 and all(c in BASE45 for c in text), "bad_text")
    data = b""
    for start in range(0, len(text), 3):
        group = text[start : start + 3]
        number = sum(BASE45.index(c) * 45**place for place, c in enumerate(group))
        need(number < 256 ** (len(group) - 1), "bad_text")
        data += number.to_bytes(len(group) - 1, "big")
    return data


def decode_base64url(text: str) -> bytes:
    need(len(text) % 4 != 1 and re.fullmatch("[A-Za-z0-9_-]*", text) is not None, "bad_text")
    data = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    need(base64.urlsafe_b64encode(data).rstrip(b"=") == text.encode(), "bad_text")
    return data


def read_text(text: str) -> bytes:  # 8.2, steps 1 to 4
    text = text.strip(" \t\r\n")
    need(text != "", "bad_text")
    need(len(text.encode("utf-8", "surrogatepass")) <= 1566, "too_large")
    return decode_base45(text[4:]) if text.startswith("KV1:") else decode_base64url(text)


# --- 9. The trust store ------------------------------------------------------

ALGORITHMS = {"EdDSA": -8, "Ed25519": -19}  # 4.4


@dataclass(frozen=True)
class Entry:  # 9.1
    issuer: str
    public_key: bytes
    algorithm: int = -8
    not_before: int | None = None
    not_after: int | None = None
    withdrawn: bool = False


def make_trust_store(entries: list[Entry]) -> list[Entry]:  # 9.1
    for entry in entries:
        utf8(entry.issuer, 1, 64, "bad_trust_store")
        need(entry.algorithm in (-8, -19) and acceptable_key(entry.public_key), "bad_trust_store")
        bounds = [b for b in (entry.not_before, entry.not_after) if b is not None]
        need(all(0 <= b <= U64 for b in bounds), "bad_trust_store")
        need(len(bounds) < 2 or bounds[0] < bounds[1], "bad_trust_store")
    need(len({e.public_key for e in entries}) == len(entries), "bad_trust_store")
    return entries


# --- 4 and 10.4. Reading in layers -------------------------------------------

SHAPE = "not_a_status_token"
TRUE = Item("simple", 21)
Key = int | str


def members(item: Item, required: set[Key], optional: set[Key] | None = None) -> dict[Key, Item]:
    """The members of a map that has all of one set of keys, and else only some of another."""
    need(item.kind == "map" and all(key.kind in ("int", "text") for key, _ in item.value), SHAPE)
    found = {key.value: value for key, value in item.value}
    need(required <= found.keys() <= required | (optional or set()), SHAPE)
    return found


def uint(item: Item) -> int:
    need(item.kind == "int" and item.value >= 0, SHAPE)
    return item.value


def bstr(item: Item, low: int, high: int) -> bytes:
    need(item.kind == "bytes" and low <= len(item.value) <= high, SHAPE)
    return item.value


def tstr(item: Item, low: int, high: int) -> str:
    need(item.kind == "text", SHAPE)
    utf8(item.value, low, high, SHAPE)
    return item.value


class Token(SimpleNamespace):
    """What 10.4 reads, by name: the members of the three functions behind the next."""


def read_presentation(data: bytes) -> Token:  # 10.4
    need(len(data) <= 1041, "too_large")
    envelope = read_envelope(data)
    return Token(**envelope, **read_header(envelope["protected"]), **read_claims(envelope["payload"]))


def read_envelope(data: bytes) -> dict[str, Any]:  # 10.4.1
    reader = Reader(data)
    first = reader.item()
    need(reader.pos <= 1024, "too_large")
    second = None if reader.at_end() else reader.item()
    need(reader.at_end(), "malformed")
    need(reader.canonical, "not_canonical")
    need(first.kind == "tag" and first.value[0] == 18, SHAPE)
    array = first.value[1]
    need(array.kind == "array" and len(array.value) == 4, SHAPE)
    protected, unprotected, payload, signature = array.value
    need(unprotected == Item("map", []), SHAPE)
    return {
        "protected": bstr(protected, 0, 1024),
        "payload": bstr(payload, 0, 1024),
        "signature": bstr(signature, 64, 64),
        "opening": None if second is None else bstr(second, 16, 16),
    }


def read_header(data: bytes) -> dict[str, Any]:  # 10.4.2
    header = members(read_one(data), {1, 4, 16})
    need(header[1].kind == "int" and header[16] == Item("text", "application/kycvs+cwt"), SHAPE)
    return {"alg": header[1].value, "kid": bstr(header[4], 8, 8)}


def read_claims(data: bytes) -> dict[str, Any]:  # 10.4.3 and 4.1
    claims = members(read_one(data), {1, 4, 6, 7, -65537}, {3, 10, 65535})
    answer = members(claims[-65537], {0, 2}, {1, 3})
    if 65535 in claims:
        status_list = members(members(claims[65535], {"status_list"})["status_list"], {"idx", "uri"})
        uint(status_list["idx"])
        tstr(status_list["uri"], 1, 256)
    exp, iat, status = uint(claims[4]), uint(claims[6]), uint(answer[0])
    need(iat < exp and status <= 2 and (3 not in answer or answer[3] == TRUE), SHAPE)
    return {
        "iss": tstr(claims[1], 1, 64),
        "aud": tstr(claims[3], 1, 64) if 3 in claims else None,
        "exp": exp,
        "iat": iat,
        "cti": bstr(claims[7], 16, 16),
        "eat_nonce": bstr(claims[10], 8, 64) if 10 in claims else None,
        "has_status_list": 65535 in claims,
        "status": status,
        "commitment": bstr(answer[1], 32, 32) if 1 in answer else None,
        "purpose": tstr(answer[2], 1, 64),
        "specimen": 3 in answer,
    }


# --- 10. Verification --------------------------------------------------------


@dataclass
class Policy:  # 10.1
    audience: str | None
    open: bool
    clock_skew: int = 60
    max_lifetime: int = 86_400
    issued_after: int | None = None
    allow_specimen: bool = False
    ignore_status_lists: bool = False
    seen: set[tuple[str, bytes]] | None = None  # the replay guard (10.7)

    def __post_init__(self) -> None:
        if self.audience is None and not self.open:
            raise ValueError("a policy with audience null and open false does not exist")
        need(0 <= self.clock_skew <= 600 and 0 <= self.max_lifetime <= U64, "invalid_setting")
        if self.audience is not None:
            utf8(self.audience, 1, 64, "invalid_claim")


@dataclass
class Expectation:  # 10.1; the subject as (name, mobile or None), normalised here
    nonce: bytes | None
    purpose: str | None = None
    subject: tuple[str, str | None] | None = None

    def __post_init__(self) -> None:
        need(self.nonce is None or 8 <= len(self.nonce) <= 64, "invalid_claim")
        if self.purpose is not None:
            utf8(self.purpose, 1, 64, "invalid_claim")
        if self.subject is not None:
            name, mobile = self.subject
            self.subject = normalise_name(name), None if mobile is None else normalise_mobile(mobile)


def verify(
    presentation: bytes | str, trust: list[Entry], policy: Policy, expectation: Expectation, now: int
) -> dict[str, Any]:
    """The verdict (10.8); or raises Refused, in the order of 10.2."""
    need(len(trust) > 0, "no_trusted_keys")  # 10.3
    need(now >= 1_704_067_200, "clock_not_set")
    data = read_text(presentation) if isinstance(presentation, str) else presentation
    token = read_presentation(data)
    entry = find_entry(token, trust)
    check_policy(token, entry, policy, expectation, now)
    if policy.seen is not None:  # 10.7
        need((token.iss, token.cti) not in policy.seen, "replayed")
        policy.seen.add((token.iss, token.cti))
    return {  # 10.8
        "status": token.status,
        "issuer": token.iss,
        "audience": token.aud,
        "purpose": token.purpose,
        "issued_at": token.iat,
        "expires_at": token.exp,
        "token_id": token.cti.hex(),
        "key_id": token.kid.hex(),
        "nonce": None if token.eat_nonce is None else token.eat_nonce.hex(),
        "subject_matched": expectation.subject is not None,
        "specimen": token.specimen,
    }


def sig_structure(token: Token) -> bytes:  # 4.6
    parts = encode_string("Signature1"), encode_string(token.protected), b"\x40", encode_string(token.payload)
    return b"\x84" + b"".join(parts)


def find_entry(token: Token, trust: list[Entry]) -> Entry:  # 10.5
    need(token.alg in (-8, -19), "unsupported_algorithm")
    entries = [entry for entry in trust if key_id(entry.public_key) == token.kid]
    need(entries != [], "unknown_key")
    entries = [entry for entry in entries if entry.algorithm == token.alg]
    need(entries != [], "unsupported_algorithm")
    message = sig_structure(token)
    entries = [entry for entry in entries if verify_signature(entry.public_key, token.signature, message)]
    need(entries != [], "bad_signature")
    return entries[0]


def check_policy(token: Token, entry: Entry, policy: Policy, expectation: Expectation, now: int) -> None:  # 10.6
    latest, earliest = min(now + policy.clock_skew, U64), max(now - policy.clock_skew, 0)
    too_early = entry.not_before is not None and token.iat < entry.not_before
    too_late = entry.not_after is not None and token.iat >= entry.not_after
    checks = [
        ("issuer_mismatch", token.iss != entry.issuer),
        ("key_not_valid", entry.withdrawn or too_early or too_late),
        ("not_yet_valid", token.iat > latest),
        ("expired", token.exp <= earliest),
        ("expired", policy.issued_after is not None and token.iat <= policy.issued_after + policy.clock_skew),
        ("lifetime_too_long", token.exp - token.iat > policy.max_lifetime),
        ("wrong_audience", not policy.open if token.aud is None else token.aud != policy.audience),
        ("wrong_nonce", expectation.nonce is not None and not same(token.eat_nonce, expectation.nonce)),
        ("wrong_purpose", expectation.purpose is not None and token.purpose != expectation.purpose),
        ("wrong_subject", expectation.subject is not None and not subject_matches(token, *expectation.subject)),
        ("status_list_unavailable", token.has_status_list and not policy.ignore_status_lists),
        ("specimen", token.specimen and not policy.allow_specimen),
    ]
    for code, failed in checks:
        need(not failed, code)


def same(found: bytes | None, wanted: bytes) -> bool:
    return found is not None and hmac.compare_digest(found, wanted)


def subject_matches(token: Token, name: str, mobile: str | None) -> bool:  # 7.4
    return token.opening is not None and same(token.commitment, commitment(name, mobile, token.opening))


# --- 14. The test vectors ----------------------------------------------------

Json = dict[str, Any]


def entry_of(entry: Json) -> Entry:
    algorithm = ALGORITHMS.get(entry["algorithm"], 0)
    return Entry(**{**entry, "public_key": bytes.fromhex(entry["public_key"]), "algorithm": algorithm})


def decide_verify(case: Json, trust_stores: dict[str, list[Json]]) -> Json:
    said, nonce, person = dict(case["policy"]), case["expectation"]["nonce"], case["expectation"]["subject"]
    if said["seen"] is not None:
        said["seen"] = {(pair["issuer"], bytes.fromhex(pair["token_id"])) for pair in said["seen"]}
    policy = Policy(**said)
    subject = None if person is None else (person["name"], person["mobile"])
    nonce = None if nonce is None else bytes.fromhex(nonce)
    expectation = Expectation(nonce, case["expectation"]["purpose"], subject)
    trust = make_trust_store([entry_of(entry) for entry in trust_stores[case["trust"]]])
    return {"verdict": verify(bytes.fromhex(case["presentation"]), trust, policy, expectation, case["now"])}


def decide_subject(case: Json) -> Json:
    name = normalise_name(case["name"])
    mobile = None if case["mobile"] is None else normalise_mobile(case["mobile"])
    opening = bytes.fromhex(case["opening"])
    need(len(opening) == 16, "invalid_claim")
    return {"name": name, "mobile": mobile, "commitment": commitment(name, mobile, opening).hex()}


def decide_text(case: Json) -> Json:
    presentation = read_text(case["text"])
    read_presentation(presentation)
    return {"presentation": presentation.hex(), "canonical_text": "KV1:" + encode_base45(presentation)}


class Tally:
    """Counts cases; a case that ends in anything but a result has failed."""

    def __init__(self) -> None:
        self.passed = self.failed = 0

    def case(self, name: str, expected: Any, decide: Callable[..., Any], *arguments: Any) -> None:
        try:
            got = decide(*arguments)
        except Refused as refused:
            got = refused.result()
        except Exception as error:  # a fault of the case or of this script: never what is expected
            got = {"exception": f"{type(error).__name__}: {error}"}
        # as JSON, since 1 and True are equal in Python and are not here
        wanted, found = (json.dumps(value, sort_keys=True) for value in (expected, got))
        if wanted == found:
            self.passed += 1
        else:
            self.failed += 1
            print(f"{name}: expected {wanted}, got {found}")

    def end(self) -> int:
        print(f"{self.passed} passed, {self.failed} failed")
        return 0 if self.passed and not self.failed else 1


def read_file(path: Path, kind: str) -> Json:
    """A file of vectors; one without cases if it is not there."""
    if not path.exists():
        print(f"{path}: not there", file=sys.stderr)
        return {"cases": []}
    content: Json = json.loads(path.read_text(encoding="utf-8"))
    if (content["schema"], content["kind"]) != ("kycvs-test-vectors/1", kind):
        raise SystemExit(f"{path}: not a file of the kind {kind}")
    return content


def run_folder(folder: Path) -> int:
    tally = Tally()
    kinds = {"valid": "verify", "invalid": "verify", "subject": "subject", "text": "text"}
    for stem, kind in kinds.items():
        content = read_file(folder / f"{stem}.json", kind)
        for case in content["cases"]:
            if kind == "verify":
                tally.case(case["id"], case["expected"], decide_verify, case, content["trust_stores"])
            else:
                decide = decide_subject if kind == "subject" else decide_text
                tally.case(case["id"], case["expected"], decide, case)
    return tally.end()


def main(arguments: list[str], usage: str | None, run: Callable[[Path], int]) -> int:
    if len(arguments) > 1 or arguments[:1] in (["-h"], ["--help"]):
        print(usage, file=sys.stderr)
        return 2
    return run(Path(arguments[0]) if arguments else Path(__file__).resolve().parent)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], __doc__, run_folder))
