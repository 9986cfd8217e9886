"""Times one `verify` of this package, and what a Python user would pick instead.

    python bench.py [CASE]

The case of test-vectors/valid.json is `valid/specification` unless named; it is verified for its audience, nonce and
purpose, at its time, without a person. Prints `ready NAME ...`; then for each line NAME on standard input it runs one
round of 0.4 s or more and prints the nanoseconds of one call. The end of input ends it.

`cargo xtask bench boundary` runs this beside the same in Rust. The peers are in bench_peers.py, and what they need in
requirements-bench.txt; one that is not installed is not offered.
"""

from __future__ import annotations

import functools
import json
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import kycvs
from bench_peers import PEERS, Call

VECTORS = Path(__file__).resolve().parent.parent.parent / "test-vectors" / "valid.json"
SHORTEST_ROUND_NS = 400_000_000


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


if __name__ == "__main__":
    main(*sys.argv[1:])
