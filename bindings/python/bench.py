"""Times one `verify` of this package, and what a Python user would pick instead.

    python bench.py [CASE]

The case of test-vectors/valid.json is `valid/specification` unless named; it is verified for its audience, nonce and
purpose, at its time, without a person. Prints `ready NAME ...`; then for each line NAME on standard input it runs one
round of 0.4 s or more and prints the nanoseconds of one call. The end of input ends it.

`cargo xtask bench` runs this beside the same in Rust. The peers need `cryptography`, `PyJWT` and `cwt`; one that is not
installed is not offered.
"""

from __future__ import annotations

import functools
import json
import secrets
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import kycvs

VECTORS = Path(__file__).resolve().parent.parent.parent / "test-vectors" / "valid.json"
SHORTEST_ROUND_NS = 400_000_000

Call = Callable[[], object]


def main(case_id: str = "valid/specification") -> None:
    case = Case(case_id)
    rounds: dict[str, Callable[[], float]] = {
        "verify": functools.partial(alone, case.verify),
        "verify-2-threads": functools.partial(together, case.verify, 2),
    }
    for name, make in PEERS.items():
        try:
            call = make()
        except ImportError as error:
            print(f"{name} is left out: {error}", file=sys.stderr)
            continue
        rounds[name] = functools.partial(alone, call)
    print("ready", *rounds, flush=True)

    warm: set[str] = set()
    for line in sys.stdin:
        name = line.strip()
        if name not in warm:
            rounds[name]()
            warm.add(name)
        print(f"{rounds[name]():.1f}", flush=True)


class Case:
    """A good case of the vectors, with all that its verifier knows."""

    def __init__(self, case_id: str) -> None:
        file: dict[str, Any] = json.loads(VECTORS.read_text(encoding="utf-8"))
        case = next(case for case in file["cases"] if case["id"] == case_id)
        trust = kycvs.TrustStore(
            kycvs.TrustedKey(
                entry["issuer"],
                kycvs.VerifyingKey.from_bytes(bytes.fromhex(entry["public_key"])),
                algorithm=kycvs.Algorithm(entry["algorithm"]),
                not_before=entry["not_before"],
                not_after=entry["not_after"],
            )
            for entry in file["trust_stores"][case["trust"]]
        )
        policy = case["policy"]
        self.verifier = kycvs.Verifier(trust, audience=policy["audience"], open=policy["open"])
        nonce = case["expectation"]["nonce"]
        self.nonce: bytes | None = None if nonce is None else bytes.fromhex(nonce)
        self.purpose: str | None = case["expectation"]["purpose"]
        self.now: int = case["now"]
        self.presentation = bytes.fromhex(case["presentation"])
        # That it is good is the point of the figure.
        self.verify()

    def verify(self) -> kycvs.Verdict:
        return self.verifier.verify(self.presentation, nonce=self.nonce, purpose=self.purpose, now=self.now)


def alone(call: Call, shortest: int = SHORTEST_ROUND_NS) -> float:
    """Nanoseconds of one call."""
    calls = 0
    batch = 1
    begin = time.perf_counter_ns()
    while True:
        for _ in range(batch):
            call()
        calls += batch
        spent = time.perf_counter_ns() - begin
        if spent >= shortest:
            return spent / calls
        # The clock is read some twenty times in a round.
        batch = max(1, calls * (shortest // 20) // max(spent, 1))


def together(call: Call, threads: int) -> float:
    """Wall nanoseconds divided by the calls of all threads, each of which makes the same number."""
    calls = max(1, int(SHORTEST_ROUND_NS / alone(call, SHORTEST_ROUND_NS // 10)))
    start = threading.Barrier(threads + 1)

    def work() -> None:
        start.wait()
        for _ in range(calls):
            call()

    workers = [threading.Thread(target=work) for _ in range(threads)]
    for worker in workers:
        worker.start()
    start.wait()
    begin = time.perf_counter_ns()
    for worker in workers:
        worker.join()
    return (time.perf_counter_ns() - begin) / (calls * threads)


def pyjwt_eddsa() -> Call:
    """PyJWT: a JWT with the same claims, EdDSA, audience and expiry checked, the nonce and the purpose compared."""
    import jwt
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    key = Ed25519PrivateKey.generate()
    nonce = secrets.token_urlsafe(16)
    now = int(time.time())
    claims = {
        "iss": "in.gov.cowin",
        "aud": "irctc.co.in",
        "iat": now,
        "exp": now + 86400,
        "jti": secrets.token_hex(16),
        "nonce": nonce,
        "status": 2,
        "purpose": "rail-booking",
        "commitment": secrets.token_urlsafe(32),
    }
    token = jwt.encode(claims, key, algorithm="EdDSA")
    public = key.public_key()

    def verify() -> object:
        decoded = jwt.decode(token, public, algorithms=["EdDSA"], audience="irctc.co.in", issuer="in.gov.cowin")
        if decoded["nonce"] != nonce or decoded["purpose"] != "rail-booking":
            raise ValueError("another answer")
        return decoded

    verify()
    return verify


def cwt() -> Call:
    """PyPI's cwt: this project's own token, its signature and times checked."""
    from cwt import COSEKey, decode

    signing = kycvs.SigningKey.generate()
    answer = kycvs.Issuer("in.gov.cowin", signing).issue(
        kycvs.Status.FULLY_VACCINATED,
        "rail-booking",
        valid_for=86400,
        audience="irctc.co.in",
        nonce=secrets.token_bytes(16),
        subject=kycvs.Subject("A.P.J. Abdul Kalam"),
    )
    token = answer.without_opening().to_bytes()
    # The COSE_Key's labels: kty OKP, kid, alg EdDSA, key_ops verify, crv Ed25519, x.
    key = COSEKey.new(
        {
            1: 1,
            2: bytes.fromhex(signing.verifying_key.key_id),
            3: -8,
            4: [2],
            -1: 6,
            -2: signing.verifying_key.to_bytes(),
        }
    )

    def verify() -> object:
        return decode(token, key)

    verify()
    return verify


def cryptography_ed25519() -> Call:
    """The bare signature of cryptography (OpenSSL) over as many bytes as a token signs."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    key = Ed25519PrivateKey.generate()
    message = secrets.token_bytes(200)
    signature = key.sign(message)
    public = key.public_key()

    def verify() -> object:
        return public.verify(signature, message)

    return verify


PEERS: dict[str, Callable[[], Call]] = {
    "pyjwt-eddsa": pyjwt_eddsa,
    "cwt": cwt,
    "cryptography-ed25519": cryptography_ed25519,
}


if __name__ == "__main__":
    main(*sys.argv[1:])
