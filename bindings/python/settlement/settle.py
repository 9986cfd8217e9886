"""Settles a day's answers with Apache Spark: reads Parquet, checks every answer, writes Parquet by verdict.

    spark-submit settle.py --trust trust.cbor --audience irctc.co.in --now 2026-11-24T23:59:59Z DAY OUT

DAY is a folder of Parquet files with a column `answer` (binary, or text), OUT one that this job makes: below it stand
`part=N/code=CODE/*.parquet`, the rows as they were with `verdict` beside them. `code` is `good`, the code for which an answer
is not, or `none` where there is no answer in the row. It prints how many rows have which code, as one JSON object.

Run it again, with the same words, whatever happened: no row is left out and none counts twice. For that

- the day is divided into parts of some files, and the division written to `OUT/_plan.json` before anything else, with
  the settings. A later run keeps to it, and refuses other settings or files that are not the planned ones;
- a part is written to `OUT/_staging` and then renamed. What stands at `part=N` is whole, and is not done again;
- what a run that ended early has left in `OUT/_staging` is thrown away. Spark reads nothing below a `_`.

The rename has to be one step, as in HDFS and in every file system of an operating system. In an object store, where it is
not, write to HDFS, or to a table format with commits of its own. One run at a time: who starts jobs sees to that.

Exit status: 0 settled, 2 not, and standard error says why.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from kycvs import KycvsError, TrustStore
from kycvs.spark import verify_column
from pyspark.sql import SparkSession
from pyspark.sql.functions import coalesce, col, lit


@dataclass(frozen=True)
class Plan:
    """What is done, in which parts. Once it is written it does not change."""

    audience: str
    now: int
    column: str
    trust_sha256: str
    parts: list[list[str]]
    """Names of files and their sizes, as `name:bytes`."""


def main(arguments: argparse.Namespace) -> int:
    spark = SparkSession.builder.appName("kycvs settlement").getOrCreate()
    try:
        trust = Path(arguments.trust).read_bytes()
        verify = verify_column(
            arguments.column,
            TrustStore.from_bytes(trust),
            # The challenges were checked when the answers came in.
            nonce=None,
            audience=arguments.audience,
            now=arguments.now,
        )
        folder = Folder(spark, arguments.out)
        plan = planned(folder, arguments, trust, Folder(spark, arguments.day).files())
        folder.delete("_staging")
        for number, files in enumerate(plan.parts):
            part = f"part={number}"
            if folder.has(part):
                continue
            names = [f"{arguments.day}/{file.rpartition(':')[0]}" for file in files]
            rows = spark.read.parquet(*names).transform(verify)
            rows = rows.withColumn("code", coalesce(col("verdict.code"), lit("none")))
            rows.write.partitionBy("code").parquet(folder.path(f"_staging/{part}"))
            folder.rename(f"_staging/{part}", part)
        counts = spark.read.parquet(arguments.out).groupBy("code").count().collect()
    except (KycvsError, OSError, ValueError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    print(json.dumps({row["code"]: row["count"] for row in sorted(counts)}))
    return 0


def planned(folder: Folder, arguments: argparse.Namespace, trust: bytes, files: list[str]) -> Plan:
    """The plan of an earlier run, or a new one, which is written first."""
    size = arguments.files_in_a_part
    plan = Plan(
        arguments.audience,
        arguments.now,
        arguments.column,
        hashlib.sha256(trust).hexdigest(),
        [files[at : at + size] for at in range(0, len(files), size)],
    )
    if not plan.parts:
        raise ValueError(f"there is no Parquet file in {arguments.day}")
    if not folder.has("_plan.json"):
        # Renamed, as the parts are: what is there is whole.
        folder.write("_plan.json.new", json.dumps(asdict(plan), indent=1))
        folder.rename("_plan.json.new", "_plan.json")
    earlier = Plan(**json.loads(folder.read("_plan.json")))
    if earlier != plan:
        differ = [name for name, value in asdict(plan).items() if asdict(earlier)[name] != value]
        raise ValueError(f"{arguments.out} was begun otherwise ({', '.join(differ)}): settle it as then, or elsewhere")
    return earlier


class Folder:
    """A folder in whichever file system Hadoop knows by its name."""

    def __init__(self, spark: SparkSession, name: str) -> None:
        # Hadoop's own classes, through Spark's door to the JVM.
        context: Any = spark.sparkContext
        self._hadoop: Any = context._jvm.org.apache.hadoop
        self._io: Any = context._jvm.org.apache.commons.io.IOUtils
        self._root: Any = self._hadoop.fs.Path(name)
        self._system: Any = self._root.getFileSystem(context._jsc.hadoopConfiguration())

    def _of(self, name: str) -> Any:
        return self._hadoop.fs.Path(self._root, self._hadoop.fs.Path(None, None, name))

    def path(self, name: str) -> str:
        return str(self._of(name).toString())

    def has(self, name: str) -> bool:
        return bool(self._system.exists(self._of(name)))

    def delete(self, name: str) -> None:
        self._system.delete(self._of(name), True)

    def rename(self, old: str, new: str) -> None:
        if self.has(new) or not self._system.rename(self._of(old), self._of(new)):
            raise OSError(f"{self.path(old)} could not be renamed to {new}")

    def files(self) -> list[str]:
        """The Parquet files in it, in the order of their names, each with its size: `name:bytes`."""
        if not self._system.exists(self._root):
            raise OSError(f"{self._root.toString()} is not there")
        found = [(str(one.getPath().getName()), int(one.getLen())) for one in self._system.listStatus(self._root)]
        return sorted(f"{name}:{size}" for name, size in found if name.endswith(".parquet") and name[0] not in "._")

    def write(self, name: str, text: str) -> None:
        stream = self._system.create(self._of(name), True)
        stream.write(bytearray(text.encode()))
        stream.close()

    def read(self, name: str) -> str:
        stream = self._system.open(self._of(name))
        text = str(self._io.toString(stream, "UTF-8"))
        stream.close()
        return text


def moment(text: str) -> int:
    """Seconds since 1970."""
    time = datetime.fromisoformat(text.upper().replace("Z", "+00:00"))
    if time.tzinfo is None:
        raise ValueError("it does not say in which time zone")
    return int(time.timestamp())


def parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("day", metavar="DAY")
    parser.add_argument("out", metavar="OUT")
    parser.add_argument("--trust", required=True, help="the trust store, a file on the driver")
    parser.add_argument("--audience", required=True, help="the verifying entity's own name")
    parser.add_argument("--now", required=True, type=moment, help="the time at which answers have to be good (RFC 3339)")
    parser.add_argument("--column", default="answer", help="the column with the answers (answer)")
    parser.add_argument("--files-in-a-part", type=int, default=64, help="how many files are done, or done again, together (64)")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main(parsed()))
