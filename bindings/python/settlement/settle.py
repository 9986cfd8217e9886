"""Settles a day's answers with Apache Spark: reads Parquet, checks every answer, writes Parquet by verdict.

    spark-submit settle.py --trust trust.cbor --audience irctc.co.in --nonce-column nonce --now 2026-11-24T23:59:59Z DAY OUT

DAY is a folder of Parquet files (and of nothing else, but what begins with `.` or `_`) with a column `answer` (binary, or text), OUT one that this job makes: below it stand
`part=N/code=CODE/*.parquet`, the rows as they were with `verdict` beside them. `code` is `good`, the code for which an answer
is not, or `none` where there is no answer in the row; the files must not have a column `code` or `part` themselves, and all
have the same columns, of the same types. It prints how many rows have which code, as one JSON object.

Run it again, with the same words, whatever happened: no row is left out and none counts twice. For that

- the day is divided into parts of some files, and the division written to `OUT/_plan.json` before anything else, with
  the settings. A later run keeps to it, and refuses other settings or files that are not the planned ones, by their names,
  sizes and times of change, which are looked at again when a part has been written;
- a part is written to a new folder in `OUT/_staging`. If it has as many rows as its files say at their ends, which Spark has
  no part in, it is renamed. What stands at `part=N` is whole, and is not done again; a later run counts its rows and stops where
  some have gone since;
- what a run that ended early has left in `OUT/_staging` is thrown away, and what its executors may still write there is
  in nobody's way. Spark reads nothing below a `_`.

The rename has to be one step, as in HDFS and in every file system of an operating system. In an object store, where it is
not, write to HDFS, or to a table format with commits of its own. One run at a time: who starts jobs sees to that.

Exit status: 0 settled, 2 not, and standard error says why.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import re
import sys
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

from kycvs import KycvsError, TrustStore
from kycvs.spark import verify_column
from py4j.protocol import Py4JError  # type: ignore[import-untyped]
from pyspark.errors import PySparkException
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql.functions import coalesce, col, lit


@dataclass(frozen=True)
class Plan:
    """What is done, in which parts. Once it is written it does not change."""

    audience: str
    now: int
    column: str
    nonce_column: str | None
    subject_column: str | None
    trust_sha256: str
    parts: list[list[str]]
    """Files, as `name:bytes:milliseconds`: their sizes, and when they were changed last."""


def main(arguments: argparse.Namespace) -> int:
    spark = SparkSession.builder.appName("kycvs settlement").getOrCreate()
    try:
        counts = settle(spark, arguments)
    except (KycvsError, OSError, ValueError, TypeError, PySparkException, Py4JError) as error:
        print(f"error: {sentence(error)}", file=sys.stderr)
        return 2
    print(json.dumps(counts))
    return 0


def settle(spark: SparkSession, arguments: argparse.Namespace) -> dict[str, int]:
    """How many rows have which code, once all parts are there."""
    trust = Path(arguments.trust).read_bytes()
    verify = verify_column(
        arguments.column,
        TrustStore.from_bytes(trust),
        **({"nonce_column": arguments.nonce_column} if arguments.nonce_column else {"nonce": None}),
        subject_column=arguments.subject_column,
        audience=arguments.audience,
        now=arguments.now,
    )
    day, out = Folder(spark, arguments.day), Folder(spark, arguments.out)
    if out.is_in(day):
        raise ValueError(f"{out.name} is in {day.name}, where only the files of the day may be")
    plan = planned(out, arguments, trust, day.files())
    out.delete("_staging")
    # Not a name that another run has had: executors may outlive a driver that was killed.
    staging = f"_staging/{uuid4()}"
    parts = [[file.rsplit(":", 2)[0] for file in files] for files in plan.parts]
    columns: dict[str, str] = {}
    expected = [sum(day.rows(name, columns) for name in names) for names in parts]
    if len(columns) > 1:
        # Spark takes the columns of several files from one of them, whatever the others have.
        raise ValueError(f"{' and '.join(list(columns.values())[:2])} have not the same columns, or not of the same types")
    for number, (names, rows) in enumerate(zip(parts, expected)):
        part = f"part={number}"
        if out.has(part):
            same(part, out.rows(part), rows)
            continue
        table = without_our_columns(spark.read.parquet(*(literal(day.path(name)) for name in names))).transform(verify)
        table = table.withColumn("code", coalesce(col("verdict.code"), lit("none")))
        table.write.partitionBy("code").parquet(out.path(f"{staging}/{part}"))
        same(part, out.rows(f"{staging}/{part}"), rows)
        unchanged(day, plan)
        out.rename(f"{staging}/{part}", part)
    # With the schema told, since there is no file to find it in where a day has no rows.
    table = spark.read.schema("code string").parquet(literal(out.name))
    counts = {row["code"]: row["count"] for row in sorted(table.groupBy("code").count().collect())}
    same(arguments.out, sum(counts.values()), sum(expected))
    unchanged(day, plan)
    return counts


def unchanged(day: Folder, plan: Plan) -> None:
    if day.files() != [file for part in plan.parts for file in part]:
        raise ValueError(f"the files in {day.name} are no longer those that were planned: settle them elsewhere, from the start")


def same(where: str, rows: int, expected: int) -> None:
    if rows != expected:
        raise ValueError(f"{where} has {rows} rows, and the files that it comes from {expected}")


def without_our_columns(table: DataFrame) -> DataFrame:
    """The table, if it has no columns of the names that the folders in OUT stand for."""
    for name in table.columns:
        if name.lower() in ("code", "part"):
            raise ValueError(f"the files have a column {name!r}, which is what this job calls one of its own: rename it")
    return table


def literal(path: str) -> str:
    """A path for Spark's readers, which take it for a pattern."""
    return re.sub(r"([\\*?\[\]{}])", r"\\\1", path)


def sentence(error: BaseException) -> str:
    """What went wrong, without the stacks of Spark, which has written them to its log."""
    said = [str(error)]
    cause: Any = getattr(error, "java_exception", None)
    if cause is not None:
        said = []
    while cause is not None:
        said.append(str(cause.getMessage() or cause.getClass().getName()))
        cause = cause.getCause()
    return ": ".join(dict.fromkeys(line(text) for text in said))


def line(text: str) -> str:
    """What counts of it: the first line, or the last one of a Python worker's stack."""
    lines = text.strip().splitlines() or [""]
    return lines[-1] if any(found.startswith("Traceback") for found in lines) else lines[0]


def planned(folder: Folder, arguments: argparse.Namespace, trust: bytes, files: list[str]) -> Plan:
    """The plan of an earlier run, or a new one, which is written first."""
    size = arguments.files_in_a_part
    plan = Plan(
        arguments.audience,
        arguments.now,
        arguments.column,
        arguments.nonce_column,
        arguments.subject_column,
        hashlib.sha256(trust).hexdigest(),
        [files[at : at + size] for at in range(0, len(files), size)],
    )
    if not plan.parts:
        raise ValueError(f"there is no Parquet file in {arguments.day}")
    if not folder.has("_plan.json"):
        # Renamed, as the parts are: what is there is whole.
        folder.write("_plan.json.new", json.dumps(asdict(plan), indent=1))
        folder.rename("_plan.json.new", "_plan.json")
    try:
        earlier = Plan(**json.loads(folder.read("_plan.json")))
    except (ValueError, TypeError) as error:
        raise ValueError(f"{folder.path('_plan.json')} is no plan of this job: settle elsewhere") from error
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
        self._configuration: Any = context._jsc.hadoopConfiguration()
        self._root: Any = self._hadoop.fs.Path(name)
        self._system: Any = self._root.getFileSystem(self._configuration)
        self._parquet: Any = context._jvm.org.apache.parquet.hadoop

    @property
    def name(self) -> str:
        return str(self._root.toString())

    def is_in(self, other: Folder) -> bool:
        """Whether it is the other one or below it."""
        own, its = (str(folder._system.makeQualified(folder._root).toString()) for folder in (self, other))
        return own == its or own.startswith(its.rstrip("/") + "/")

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
        """The Parquet files in it, in the order of their names, as `Plan.parts` has them."""
        if not self._system.exists(self._root):
            raise OSError(f"{self.name} is not there")
        found = []
        for one in self._system.listStatus(self._root):
            name = str(one.getPath().getName())
            # What tools leave beside the files, such as `_SUCCESS`.
            if name[0] in "._":
                continue
            if not one.isFile() or not name.endswith(".parquet"):
                raise ValueError(f"{self.path(name)} is no Parquet file (*.parquet): only such files may be in {self.name}")
            found.append(f"{name}:{one.getLen()}:{one.getModificationTime()}")
        return sorted(found)

    def rows(self, name: str, columns: dict[str, str] | None = None) -> int:
        """How many rows a Parquet file has, or all below a folder, as the files themselves say. Notes which columns they
        have, and the first file that has them."""
        total, files = 0, self._system.listFiles(self._of(name), True)
        while files.hasNext():
            path = files.next().getPath()
            if path.getName().endswith(".parquet"):
                file = self._parquet.util.HadoopInputFile.fromPath(path, self._configuration)
                try:
                    reader = self._parquet.ParquetFileReader.open(file)
                except Py4JError as error:
                    raise ValueError(f"{path.toString()}: {sentence(error)}") from error
                total += int(reader.getRecordCount())
                if columns is not None:
                    # Without its first line: the name that the writer gave it.
                    schema = str(reader.getFileMetaData().getSchema().toString()).partition("\n")[2]
                    columns.setdefault(schema, str(path.getName()))
                reader.close()
        return total

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


def at_least_one(text: str) -> int:
    number = int(text)
    if number < 1:
        raise ValueError("it is not above 0")
    return number


def parsed(words: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("day", metavar="DAY")
    parser.add_argument("out", metavar="OUT")
    parser.add_argument("--trust", required=True, help="the trust store, a file on the driver")
    parser.add_argument("--audience", required=True, help="the verifying entity's own name")
    parser.add_argument("--now", required=True, type=moment, help="the time at which answers have to be good (RFC 3339)")
    parser.add_argument("--column", default="answer", help="the column with the answers (answer)")
    nonce = parser.add_mutually_exclusive_group(required=True)
    nonce.add_argument("--nonce-column", help="the column with the challenge that each answer was given to (binary)")
    nonce.add_argument("--no-nonce", action="store_true", help="compare no challenge: it was compared when the answer came in")
    parser.add_argument("--subject-column", help="the column with the name that each answer has to be about (text)")
    parser.add_argument("--files-in-a-part", type=at_least_one, default=64, help="how many files are done, or done again, together (64)")
    return parser.parse_args(words)


if __name__ == "__main__":
    sys.exit(main(parsed()))
