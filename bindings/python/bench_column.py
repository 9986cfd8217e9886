"""Times a column of pyarrow, and the same as a table of Spark, for `cargo xtask bench arrow`.

    python bench_column.py measure FOLDER
    python bench_column.py write FOLDER
    python bench_column.py spark FOLDER

FOLDER holds what `column make` of `benches/` wrote. `measure` prints `ready column bytes-a-row`; then for each of these names
on standard input it checks the whole column and prints the nanoseconds of one row, or how many bytes of memory a row took
at the most beside the column. `write` writes the tokens as `tokens.parquet`, and as lines for the command line. `spark`
reads the former with Spark and prints a JSON object: how many rows have which code, and the nanoseconds of a row with and
without checking it.
"""

from __future__ import annotations

import base64
import ctypes
import json
import re
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import kycvs.arrow
import pyarrow
from kycvs import TrustStore, Verifier

AUDIENCE = "irctc.co.in"
NOW = 1_790_000_000
"""As in `benches/src/bin/column.rs`."""


def tokens(folder: Path) -> list[bytes]:
    data = (folder / "tokens.bin").read_bytes()
    found, at = [], 0
    while at < len(data):
        length = int.from_bytes(data[at : at + 2], "little")
        found.append(data[at + 2 : at + 2 + length])
        at += 2 + length
    return found


def trust(folder: Path) -> TrustStore:
    return TrustStore.from_bytes((folder / "trust.cbor").read_bytes())


def measure(folder: Path) -> None:
    column = pyarrow.array(tokens(folder))
    verifier = Verifier(trust(folder), audience=AUDIENCE)

    def verify() -> kycvs.arrow.Verdicts:
        return kycvs.arrow.verify(column, verifier, nonce=None, now=NOW)

    print("ready column bytes-a-row", flush=True)
    for line in sys.stdin:
        if line.strip() == "bytes-a-row":
            figure = peak(verify) / len(column)
        else:
            begin = time.perf_counter_ns()
            verdicts = verify()
            figure = (time.perf_counter_ns() - begin) / len(verdicts)
            del verdicts
        print(f"{figure:.1f}", flush=True)


def peak(call: Callable[[], object]) -> int:
    """How many bytes more than before are in memory at the most while `call` runs, its result among them. Linux only."""

    def kilobytes(name: str) -> int:
        found = re.search(rf"^{name}:\s+(\d+) kB$", Path("/proc/self/status").read_text(), re.MULTILINE)
        return 0 if found is None else int(found[1])

    # What was freed before goes back to the system, so that whatever is taken from now on is seen. Allocators do that late,
    # pyarrow's own while others work: a call that is not measured comes first.
    call()
    pyarrow.default_memory_pool().release_unused()
    ctypes.CDLL(None).malloc_trim(0)
    # The high-water mark begins anew.
    Path("/proc/self/clear_refs").write_text("5")
    before = kilobytes("VmRSS")
    result = call()
    after = kilobytes("VmHWM")
    del result
    return 1024 * max(1, after - before)


def write(folder: Path) -> None:
    from pyarrow import parquet

    rows = tokens(folder)
    parquet.write_table(pyarrow.table({"answer": rows}), folder / "tokens.parquet", row_group_size=1 << 17)
    with (folder / "tokens.txt").open("wb") as lines:
        lines.writelines(base64.urlsafe_b64encode(row).rstrip(b"=") + b"\n" for row in rows)


def spark(folder: Path) -> None:
    from kycvs.spark import verify_column
    from pyspark.sql import SparkSession

    # Parts of the file of a size that gives each processor several.
    session = SparkSession.builder.master("local[*]").config("spark.ui.enabled", False)
    session = session.config("spark.sql.files.maxPartitionBytes", 32 << 20).getOrCreate()
    table = session.read.parquet(str(folder / "tokens.parquet"))
    verify = verify_column("answer", trust(folder), audience=AUDIENCE, nonce=None, now=NOW)

    def same(batches: Iterator[Any]) -> Iterator[Any]:
        yield from batches

    def timed(call: Callable[[], Any]) -> tuple[Any, float]:
        begin = time.perf_counter()
        result = call()
        return result, time.perf_counter() - begin

    def count() -> dict[str, int]:
        counted = table.transform(verify).groupBy("verdict.code").count().collect()
        return {row["code"]: row["count"] for row in counted}

    def hand_over() -> int:
        rows = table.mapInArrow(same, table.schema).selectExpr("sum(length(answer))").collect()
        return int(rows[0][0])

    rows = table.count()
    # Each once before, so that the JVM has compiled what it needs.
    timed(hand_over), timed(count)
    handed_over = min(timed(hand_over)[1] for _ in range(3))
    found, checked = min((timed(count) for _ in range(3)), key=lambda one: one[1])
    figures = {"checked": checked * 1e9 / rows, "handed_over": handed_over * 1e9 / rows}
    print(json.dumps({"counts": found, "nanoseconds": figures}))


if __name__ == "__main__":
    if len(sys.argv) != 3 or sys.argv[1] not in ("measure", "write", "spark"):
        print(__doc__, file=sys.stderr)
        sys.exit(2)
    {"measure": measure, "write": write, "spark": spark}[sys.argv[1]](Path(sys.argv[2]))
