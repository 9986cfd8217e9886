"""`kycvs.spark`: what an executor says of a row is what `verify` says."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import kycvs
import pytest
import test_doctests
import vectors
from fixtures import NONCE, NOW
from kycvs import Issuer, KycvsError, Presentation, TrustStore, Verifier
from kycvs.spark import verify_column
from pyspark.sql import DataFrame, Row, SparkSession


def alone(row: bytes | str | None, verifier: Verifier, **expected: Any) -> Row | None:
    """What a row has to be."""
    if row is None:
        return None
    try:
        good = verifier.verify(row, **expected)
    except KycvsError as error:
        said = {"code": error.code, "number": error.number, "message": str(error)}
        return Row(**{**dict.fromkeys(FIELDS), **said})
    issued, expires = (time if time < 2**63 else None for time in (good.issued_at_seconds, good.expires_at_seconds))
    return Row(
        status=int(good.status),
        code="good",
        number=0,
        message=None,
        issuer=good.issuer,
        token_id=bytearray.fromhex(good.token_id),
        issued_at_seconds=issued,
        expires_at_seconds=expires,
        audience=good.audience,
        purpose=good.purpose,
        nonce=None if good.nonce is None else bytearray(good.nonce),
        key_id=bytearray.fromhex(good.key_id),
        subject_matched=good.subject_matched,
        specimen=good.specimen,
    )


FIELDS = (
    "status",
    "code",
    "number",
    "message",
    "issuer",
    "token_id",
    "issued_at_seconds",
    "expires_at_seconds",
    "audience",
    "purpose",
    "nonce",
    "key_id",
    "subject_matched",
    "specimen",
)


def test_all_vectors_are_decided_as_alone(spark: SparkSession) -> None:
    every = [(name, one) for name in ("valid.json", "invalid.json") for one in vectors.cases(name)]
    data = [None, *(bytes.fromhex(one["presentation"]) for _, one in every), b""]
    rows = [(place, row if row is None else bytearray(row)) for place, row in enumerate(data)]
    table = spark.createDataFrame(rows, "place int, answer binary").repartition(3).cache()
    seen: set[str] = set()
    for name, case_id in (
        ("valid.json", "valid/specification"),
        ("invalid.json", next(one["id"] for one in vectors.cases("invalid.json") if one["policy"]["open"])),
    ):
        file, one = next((f, c) for f, c in [vectors.case(case_id)])
        assert one in vectors.cases(name)
        verifier, expected = vectors.set_up(file, one)
        expected.pop("subject")
        policy = {key: value for key, value in one["policy"].items() if key != "seen"}
        # The store that most vectors are about.
        trust = TrustStore(vectors.trusted_key(entry) for entry in file["trust_stores"][one["trust"]])
        verifier = Verifier(trust, **policy)
        found = table.transform(verify_column("answer", trust, **policy, **expected)).collect()
        assert {row.place: row.verdict for row in found} == {
            place: alone(row, verifier, **expected) for place, row in enumerate(data)
        }
        seen |= {row.verdict.code for row in found if row.verdict}
    assert {"good", "malformed", "bad_signature", "unknown_key"} <= seen


def test_text_is_decided_as_text(spark: SparkSession, trust: TrustStore, verifier: Verifier, answer: Presentation) -> None:
    rows = [answer.to_text(), answer.to_base64url(), " " + answer.to_text(), answer.to_text().lower(), "", None]
    table = spark.createDataFrame([(row,) for row in rows], "answer string").coalesce(1)
    expected: dict[str, Any] = {"nonce": NONCE, "purpose": "rail-booking", "now": NOW}
    transformation = verify_column("answer", trust, audience="irctc.co.in", verdict="result", **expected)
    found = [row.result for row in table.transform(transformation).collect()]
    assert found == [alone(row, verifier, **expected) for row in rows]
    assert [row.code for row in found if row] == ["good", "good", "good", "bad_text", "bad_text"]


def test_texts_in_a_column_of_binary_are_named_in_each_row(
    spark: SparkSession, trust: TrustStore, answer: Presentation
) -> None:
    rows = [bytearray(text.encode()) for text in (answer.to_text(), answer.to_base64url())]
    table = spark.createDataFrame([(row,) for row in rows], "answer binary")
    checked = table.transform(verify_column("answer", trust, audience="irctc.co.in", nonce=None))
    found = {(row.code, row.message) for row in checked.select("verdict.*").collect()}
    assert found == {("malformed", "this is an answer's text given as bytes: give it as text")}


def test_rows_with_a_challenge_and_a_person_of_their_own(spark: SparkSession, trust: TrustStore, issuer: Issuer) -> None:
    nonces: list[bytes | None] = [bytes([number]) * 16 for number in range(6)]
    people: list[dict[str, str | None] | None] = [{"name": "Asha", "mobile": "9876543210"} for _ in nonces]
    answers = [
        issuer.issue(
            kycvs.Status(2), "gate", valid_for=900, nonce=nonce, subject=kycvs.Subject("Asha", "9876543210"), now=NOW
        )
        for nonce in nonces
    ]
    nonces[1], nonces[2], people[3], people[4] = b"another challenge", None, {"name": "Ravi", "mobile": None}, None
    rows = [
        (place, bytearray(bytes(answer)), nonce if nonce is None else bytearray(nonce), person)
        for place, (answer, nonce, person) in enumerate(zip(answers, nonces, people, strict=True))
    ]
    schema = "place int, answer binary, nonce binary, person struct<name: string, mobile: string>"
    table = spark.createDataFrame(rows, schema).repartition(2)
    verify = verify_column("answer", trust, nonce_column="nonce", subject_column="person", open=True, now=NOW)
    found = {row.place: row.verdict for row in table.transform(verify).collect()}
    codes = ["good", "wrong_nonce", "invalid_claim", "wrong_subject", "invalid_claim", "good"]
    assert [found[place].code for place in range(6)] == codes
    assert (found[0].nonce, found[0].subject_matched, found[0].purpose) == (bytearray(16), True, "gate")


def test_the_clock_is_read_when_the_transformation_is_applied(
    spark: SparkSession, trust: TrustStore, issuer: Issuer, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = [NOW]
    monkeypatch.setattr("kycvs.spark.time.time", lambda: clock[0])
    answers = [bytearray(bytes(issuer.issue(kycvs.Status(2), "gate", valid_for=900, now=NOW))) for _ in range(10)]
    table = spark.createDataFrame([(row,) for row in answers], "answer binary")
    verify = verify_column("answer", trust, open=True, nonce=None)

    def codes() -> list[str]:
        applied = table.transform(verify)
        # What is evaluated later, and again, is decided by the time that was read.
        clock[0] += 10_000
        return [row.code for row in applied.select("verdict.code").distinct().collect()]

    assert codes() == ["good"]
    assert codes() == ["expired"]


def test_a_stream_without_a_time_is_refused(
    spark: SparkSession, trust: TrustStore, issuer: Issuer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The clock of a stream would stand still; in `foreachBatch` it is read for each batch."""
    clock = [NOW]
    monkeypatch.setattr("kycvs.spark.time.time", lambda: clock[0])
    answer = bytearray(bytes(issuer.issue(kycvs.Status(2), "gate", valid_for=900, now=NOW)))
    for name in ("one", "two"):
        table = spark.createDataFrame([(name, answer)], "name string, answer binary")
        table.coalesce(1).write.mode("append").parquet(str(tmp_path / "in"))
    stream = spark.readStream.schema("name string, answer binary").option("maxFilesPerTrigger", 1).parquet(str(tmp_path / "in"))
    verify = verify_column("answer", trust, open=True, nonce=None)
    with pytest.raises(ValueError, match="^now: a stream needs it for each batch: call verify_column in foreachBatch$"):
        stream.transform(verify)
    assert stream.transform(verify_column("answer", trust, open=True, nonce=None, now=NOW)).isStreaming

    codes: list[str] = []

    def settle(batch: DataFrame, _number: int) -> None:
        checked = batch.transform(verify_column("answer", trust, open=True, nonce=None))
        codes.extend(row.code for row in checked.select("verdict.code").collect())
        clock[0] += 10_000

    query = stream.writeStream.foreachBatch(settle).trigger(availableNow=True)
    query.option("checkpointLocation", str(tmp_path / "checkpoint")).start().awaitTermination()
    assert codes == ["good", "expired"]


CONNECT = """
import kycvs
from kycvs.spark import verify_column
from pyspark.sql import SparkSession

issuer = kycvs.Issuer("in.gov.cowin", kycvs.SigningKey.generate())
trust = kycvs.TrustStore().with_key(issuer.name, issuer.verifying_key)
answer = issuer.issue(kycvs.Status(2), "gate", valid_for=900, nonce=b"sixteen bytes...")
spark = (
    SparkSession.builder.remote("local[1]")
    .config("spark.connect.grpc.binding.address", "127.0.0.1")
    .config("spark.ui.enabled", "false")
    .getOrCreate()
)
rows = [(bytearray(bytes(answer)), bytearray(b"sixteen bytes...")), (bytearray(b"x"), bytearray(16)), (None, None)]
table = spark.createDataFrame(rows, "answer binary, nonce binary")
checked = table.transform(verify_column("answer", trust, nonce_column="nonce", open=True))
print(type(table).__module__, [row.verdict and row.verdict.code for row in checked.collect()])
spark.stop()
"""


def test_spark_connect_decides_alike(tmp_path: Path) -> None:
    # With this variable the server takes a free port, and the client asks which.
    environment = {**os.environ, "SPARK_TESTING": "1"}
    command = [sys.executable, "-c", CONNECT]
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=300, check=False, cwd=tmp_path, env=environment
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "pyspark.sql.connect.dataframe ['good', 'malformed', None]"


def test_the_keys_of_a_store_are_prepared_once(spark: SparkSession, trust: TrustStore) -> None:
    import kycvs.spark

    one = kycvs.spark._verifier(trust.to_bytes(), (("open", True),))
    assert kycvs.spark._verifier(trust.to_bytes(), (("open", True),)) is one
    table = spark.createDataFrame([(bytearray(b"x"),)], "answer binary")
    plan = table.transform(verify_column("answer", trust, open=True, nonce=None))._jdf.queryExecution().toString()
    assert "MapInArrow" in plan


@pytest.mark.parametrize(
    ("column", "verdict", "raises", "says"),
    [
        ("missing", "verdict", ValueError, "column: the table has no column 'missing'"),
        ("number", "verdict", TypeError, "column: expected binary or text, not int"),
        ("answer", "number", ValueError, "verdict: the table has a column 'number' already"),
        ("answer", "Number", ValueError, "verdict: the table has a column 'number' already"),
    ],
)
def test_a_wrong_table_is_told(
    spark: SparkSession, trust: TrustStore, column: str, verdict: str, raises: type[Exception], says: str
) -> None:
    table = spark.createDataFrame([(1, bytearray(b"x"))], "number int, answer binary")
    with pytest.raises(raises, match=says):
        table.transform(verify_column(column, trust, open=True, nonce=None, verdict=verdict))


def test_columns_beside_that_do_not_fit_are_told(spark: SparkSession, trust: TrustStore) -> None:
    table = spark.createDataFrame([(1, bytearray(b"x"))], "number int, answer binary")
    for wrong, raises, says in (
        ({"nonce_column": "missing"}, ValueError, "nonce_column: the table has no column 'missing'"),
        ({"nonce_column": "number"}, TypeError, "nonce_column: expected binary, not int"),
        ({"nonce": None, "subject_column": "number"}, TypeError, "subject_column: expected text or structs of name and"),
        ({"nonce": None, "subject_column": "answer"}, TypeError, "subject_column: expected text or structs of name and"),
    ):
        with pytest.raises(raises, match=says):
            table.transform(verify_column("answer", trust, open=True, **wrong))  # type: ignore[arg-type]
    # After a join: the second one would be compared with itself.
    twice = table.join(table.withColumnRenamed("number", "other"), table.number == 1).drop("number")
    with pytest.raises(ValueError, match="column: the table has several columns 'answer'"):
        twice.transform(verify_column("answer", trust, open=True, nonce=None))
    for neither_nor_both in ({}, {"nonce": None, "nonce_column": "answer"}):
        with pytest.raises(TypeError, match="give either nonce"):
            verify_column("answer", trust, open=True, **neither_nor_both)  # type: ignore[arg-type]


def test_wrong_settings_are_told_at_once(trust: TrustStore) -> None:
    with pytest.raises(kycvs.SetUpError):
        verify_column("answer", trust, nonce=None)
    with pytest.raises(kycvs.SetUpError):
        verify_column("answer", trust, open=True, nonce=b"short")
    with pytest.raises(TypeError):
        verify_column("answer", trust.to_bytes(), open=True, nonce=None)  # type: ignore[arg-type]


def test_the_readme_runs(spark: SparkSession, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {}
    blocks = test_doctests.blocks("python spark")
    # A name without more is in the file system that Spark was configured with, below the folder that it was started in.
    for number, block in enumerate(blocks):
        block = block.replace('parquet("day")', f'parquet("{tmp_path}/day")')
        exec(compile(block, f"README.md, Spark's block {number}", "exec"), names)
    assert len(blocks) >= 2
    counts = {row["code"]: row["count"] for row in names["day"].groupBy("verdict.code").count().collect()}  # type: ignore[attr-defined]
    assert counts == {"good": 1, "malformed": 1, None: 1}
