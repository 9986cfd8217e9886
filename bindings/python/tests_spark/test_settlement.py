"""`settlement/settle.py`: killed in the middle and run again, it counts what the command line counts."""

from __future__ import annotations

import base64
import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from datetime import datetime, timezone
from pathlib import Path

import pyarrow
import pytest
from fixtures import NOW
from kycvs import Issuer, SigningKey, Status, TrustStore
from pyarrow import dataset, parquet
from pyspark.sql import DataFrame, SparkSession
from test_doctests import README

JOB = Path(__file__).resolve().parent.parent / "settlement" / "settle.py"
FILES, ROWS = 4, 1_500
sys.path.insert(0, str(JOB.parent))
import settle  # noqa: E402


SPARK = "--master local[2] --conf spark.ui.enabled=false --conf spark.sql.shuffle.partitions=2 pyspark-shell"
"""What `spark-submit` would be told."""


def moment(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, timezone.utc).isoformat()



def answers(issuer: Issuer) -> list[bytes]:
    """A day's answers, most of them good."""
    chance = random.Random(7)
    stranger = Issuer("in.gov.cowin", SigningKey.from_seed(bytes(32)))
    rows = []
    for _ in range(FILES * ROWS):
        answer = chance.choices([issuer, stranger], [20, 1])[0].issue(
            Status(chance.randrange(3)),
            "rail-booking",
            valid_for=chance.choice([86_400, 86_400, 900]),
            audience=chance.choices(["irctc.co.in", "example.org"], [20, 1])[0],
            now=NOW - 3_600,
        )
        data = bytearray(bytes(answer))
        if chance.random() < 0.05:
            data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
        rows.append(bytes(data))
    return rows


@pytest.fixture(scope="module")
def day(issuer: Issuer, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the trust store, the answers as lines, and as some Parquet files."""
    folder = tmp_path_factory.mktemp("day")
    trust = TrustStore().with_key(issuer.name, issuer.verifying_key)
    (folder / "trust.cbor").write_bytes(trust.to_bytes())
    rows = answers(issuer)
    lines = [base64.urlsafe_b64encode(row).decode().rstrip("=") for row in rows]
    (folder / "answers.txt").write_text("".join(f"{line}\n" for line in lines))
    (folder / "parquet").mkdir()
    for number in range(FILES):
        part = rows[number * ROWS : (number + 1) * ROWS]
        seats = range(number * ROWS, number * ROWS + len(part))
        parquet.write_table(pyarrow.table({"seat": seats, "answer": part}), folder / "parquet" / f"{number}.parquet")
    return folder


@pytest.fixture(scope="module")
def by_command_line(day: Path) -> dict[str, int]:
    """How many answers have which code, as `kycvs verify --batch` says."""
    command = [os.environ["KYCVS_BIN"], "verify", "--json", "--audience", "irctc.co.in", "--now", moment(NOW)]
    command += ["--no-nonce", "--at-least", "0"]
    command += ["--trust", str(day / "trust.cbor"), "--batch", str(day / "answers.txt")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 1, done.stderr
    verdicts = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(verdicts) == FILES * ROWS
    return dict(Counter("good" if verdict["ok"] else verdict["code"] for verdict in verdicts))


def command(day: Path, out: Path, *more: str) -> list[str]:
    settings = ["--trust", str(day / "trust.cbor"), "--audience", "irctc.co.in", "--no-nonce", "--now", moment(NOW)]
    return [sys.executable, str(JOB), str(day / "parquet"), str(out), *settings, "--files-in-a-part", "1", *more]


def run(day: Path, out: Path, *more: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYSPARK_SUBMIT_ARGS": SPARK}
    return subprocess.run(
        command(day, out, *more),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        cwd=day,
        env=environment,
    )


def settled(out: Path) -> dict[str, int]:
    """What stands there, read by somebody else, who also sees that each row is there once."""
    table = dataset.dataset(out, partitioning="hive", exclude_invalid_files=True, ignore_prefixes=["_", "."]).to_table()
    seats = table["seat"].to_pylist()
    assert len(seats) == len(set(seats))
    return dict(Counter(table["code"].to_pylist()))


def kill_after_the_first_part(day: Path, out: Path) -> None:
    """Starts it, and kills all of it, Spark's JVM too, when the first part is there and others are not."""
    environment = {**os.environ, "PYSPARK_SUBMIT_ARGS": SPARK}
    process = subprocess.Popen(
        command(day, out),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        cwd=day,
        env=environment,
        start_new_session=True,
    )
    deadline = time.monotonic() + 90
    # In the middle of the second: it has begun to write and has not ended.
    while not (out / "part=0").exists() or not list(out.glob("_staging/*/part=1")):
        assert process.poll() is None and time.monotonic() < deadline
        time.sleep(0.002)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def test_killed_and_run_again_it_counts_each_row_once(day: Path, by_command_line: dict[str, int]) -> None:
    out = day / "out"
    kill_after_the_first_part(day, out)
    assert (out / "part=0").is_dir() and not (out / f"part={FILES - 1}").exists()
    whole = sorted(out.glob("part=*/code=*/*.parquet"))
    before = [(file, file.stat().st_mtime_ns) for file in whole]
    # What is there is whole: all rows of the parts that are done, and none of another.
    assert sum(settled(out).values()) == ROWS * len(list(out.glob("part=*")))

    again = run(day, out)
    assert again.returncode == 0, again.stderr
    assert json.loads(again.stdout.splitlines()[-1]) == by_command_line
    assert settled(out) == by_command_line
    assert {"good", "bad_signature", "unknown_key", "wrong_audience", "expired"} <= set(by_command_line)
    # What was done before was not done again.
    assert [(file, file.stat().st_mtime_ns) for file, _ in before] == before
    assert sorted(path.name for path in out.iterdir() if path.is_dir() and path.name[0] != "_") == [
        f"part={number}" for number in range(FILES)
    ]

    # What was begun otherwise is not mixed.
    shutil.copy(day / "parquet" / "0.parquet", day / "parquet" / "9.parquet")
    refused = run(day, out, "--now", moment(NOW + 1))
    assert (refused.returncode, refused.stdout) == (2, "")
    assert "was begun otherwise (now, parts)" in refused.stderr and "Traceback" not in refused.stderr
    assert settled(out) == by_command_line


def test_the_readme_calls_it_as_it_is_called() -> None:
    [line] = re.findall(r"^spark-submit settlement/settle\.py (.*)$", README.read_text(), re.MULTILINE)
    options = set(re.findall(r"--\S+", line))
    assert options and options <= set(re.findall(r'"(--\S+?)"', JOB.read_text()))


@pytest.fixture
def small(spark: SparkSession, day: Path, tmp_path: Path) -> Path:
    """A folder for a day of a few rows, which are settled in this process."""
    shutil.copy(day / "trust.cbor", tmp_path)
    (tmp_path / "parquet").mkdir()
    return tmp_path


def write(small: Path, name: str, rows: int = 1, **more: list[object]) -> Path:
    file = small / "parquet" / name
    table = pyarrow.table({"answer": pyarrow.array([b"damaged"] * rows, pyarrow.binary()), **more})
    parquet.write_table(table, file)
    return file


def here(small: Path, capsys: pytest.CaptureFixture[str], *more: str) -> tuple[int, str]:
    """What `main` returns, and the last line that it wrote where it belongs."""
    capsys.readouterr()
    status = settle.main(settle.parsed([*command(small, small / "out", *more)[2:]]))
    out, err = capsys.readouterr()
    if status == 0:
        return status, out.splitlines()[-1]
    assert out == "" and not list(small.glob("out/part=*"))
    return status, err.splitlines()[-1]


def test_names_are_no_patterns(small: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("a?.parquet", "a[b].parquet", "{a,b}.parquet", "*.parquet", "a\\b.parquet", "ab.parquet"):
        write(small, name, 2)
    write(small, "_hidden.parquet")
    (small / "parquet" / "_SUCCESS").touch()
    assert here(small, capsys) == (0, '{"malformed": 12}')


def test_a_day_without_rows_is_settled(small: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(small, "a.parquet", 0)
    assert here(small, capsys) == (0, "{}")
    assert here(small, capsys) == (0, "{}")


def test_a_file_of_the_same_size_is_another(small: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = write(small, "a.parquet")
    assert here(small, capsys) == (0, '{"malformed": 1}')
    os.utime(file, (1, 1))
    shutil.move(small / "out" / "part=0", small / "settled")
    status, says = here(small, capsys)
    assert status == 2 and "was begun otherwise (parts)" in says


@pytest.mark.parametrize("name", ["x.parquet", "folder", "notes.txt"])
def test_what_is_no_file_of_the_day_is_refused(small: Path, capsys: pytest.CaptureFixture[str], name: str) -> None:
    write(small, "a.parquet")
    other = small / "parquet" / name
    other.touch() if name.endswith(".txt") else other.mkdir()
    status, says = here(small, capsys)
    assert status == 2 and f"{name} is no Parquet file" in says


@pytest.mark.parametrize(
    ("columns", "says"),
    [
        ({"code": [1]}, "the files have a column 'code'"),
        ({"Part": [1]}, "the files have a column 'Part'"),
        ({"Verdict": [1]}, "the table has a column 'Verdict' already"),
        ({"answer": [1]}, "column: expected binary or text, not bigint"),
        ({"x": [1], "X": [2]}, "error: "),
    ],
)
def test_wrong_columns_are_told(
    small: Path, capsys: pytest.CaptureFixture[str], columns: dict[str, list[object]], says: str
) -> None:
    write(small, "a.parquet", **columns)
    status, said = here(small, capsys)
    assert status == 2 and says in said


def test_a_damaged_file_is_told(small: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (small / "parquet" / "a.parquet").write_bytes(b"PAR1 and no more PAR1")
    status, says = here(small, capsys)
    assert status == 2 and says.startswith("error: ") and "a.parquet" in says


def test_rows_that_are_lost_are_not_committed(
    small: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    write(small, "a.parquet", 3)
    monkeypatch.setattr(settle, "without_our_columns", lambda table: table.limit(2))
    status, says = here(small, capsys)
    assert status == 2 and "has 2 rows, and the files that it comes from 3" in says


def test_the_part_that_has_lost_rows_is_named(small: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(small, "a.parquet")
    write(small, "b.parquet", 2)
    assert here(small, capsys) == (0, '{"malformed": 3}')
    [file] = small.glob("out/part=1/code=*/*.parquet")
    file.unlink()
    capsys.readouterr()
    assert settle.main(settle.parsed([*command(small, small / "out")[2:]])) == 2
    assert "error: part=1 has 0 rows, and the files that it comes from 2" in capsys.readouterr().err


@pytest.mark.parametrize("files_in_a_part", ["1", "64"])
@pytest.mark.parametrize(
    "other",
    [
        {"reply": pyarrow.array([b"damaged"])},
        {"answer": pyarrow.array(["damaged"])},
        {"answer": pyarrow.array([b"damaged"]), "seat": pyarrow.array([7])},
    ],
)
def test_files_of_other_columns_are_told(
    small: Path, capsys: pytest.CaptureFixture[str], other: dict[str, pyarrow.Array], files_in_a_part: str
) -> None:
    write(small, "a.parquet")
    parquet.write_table(pyarrow.table(other), small / "parquet" / "b.parquet")
    status, says = here(small, capsys, "--files-in-a-part", files_in_a_part)
    assert status == 2 and "a.parquet and b.parquet have not the same columns" in says


def test_a_file_that_changes_meanwhile_is_not_committed(
    small: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    file = write(small, "a.parquet")

    def touched(table: DataFrame) -> DataFrame:
        os.utime(file, (1, 1))
        return table

    monkeypatch.setattr(settle, "without_our_columns", touched)
    status, says = here(small, capsys)
    assert status == 2 and "are no longer those that were planned" in says


@pytest.mark.parametrize("out", ["parquet", "parquet/out"])
def test_the_results_are_not_put_among_the_files(small: Path, capsys: pytest.CaptureFixture[str], out: str) -> None:
    write(small, "a.parquet")
    capsys.readouterr()
    assert settle.main(settle.parsed([*command(small, small / out)[2:]])) == 2
    assert "where only the files of the day may be" in capsys.readouterr().err
    assert [file.name for file in (small / "parquet").iterdir()] == ["a.parquet"]


@pytest.mark.parametrize("plan", ['{"audience": "irct', "[1]", '{"parts": []}'])
def test_a_damaged_plan_is_named(small: Path, capsys: pytest.CaptureFixture[str], plan: str) -> None:
    write(small, "a.parquet")
    (small / "out").mkdir()
    (small / "out" / "_plan.json").write_text(plan)
    status, says = here(small, capsys)
    assert status == 2 and "out/_plan.json is no plan of this job" in says


def test_parts_have_files(small: Path) -> None:
    with pytest.raises(SystemExit):
        settle.parsed([*command(small, small / "out", "--files-in-a-part", "0")[2:]])


def test_what_a_worker_says_is_told() -> None:
    stack = "An exception was thrown from the Python worker:\nTraceback (most recent call last):\n  ...\nModuleNotFoundError: No module"
    assert settle.line(stack) == "ModuleNotFoundError: No module"
    assert settle.line("the first\nthe second") == "the first"
