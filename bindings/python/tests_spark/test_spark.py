"""`kycvs.spark`: what an executor says of a row is what `verify` says."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import kycvs
import pytest
import test_doctests
import vectors
from fixtures import NONCE, NOW
from kycvs import Issuer, KycvsError, Presentation, TrustStore, Verifier
from kycvs.spark import verify_column
from pyspark.sql import Row, SparkSession


def alone(row: bytes | str | None, verifier: Verifier, **expected: Any) -> Row | None:
    """What a row has to be."""
    if row is None:
        return None
    names = ("status", "code", "number", "issuer", "token_id", "issued_at_seconds", "expires_at_seconds")
    try:
        good = verifier.verify(row, **expected)
    except KycvsError as error:
        return Row(*names)(None, error.code, error.number, None, None, None, None)
    times = [time if time < 2**63 else None for time in (good.issued_at_seconds, good.expires_at_seconds)]
    token_id = bytearray.fromhex(good.token_id)
    return Row(*names)(int(good.status), "good", 0, good.issuer, token_id, *times)


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


def test_the_time_is_read_once(spark: SparkSession, trust: TrustStore, issuer: Issuer) -> None:
    answers = [bytearray(bytes(issuer.issue(kycvs.Status(2), "gate", valid_for=900))) for _ in range(10)]
    table = spark.createDataFrame([(row,) for row in answers], "answer binary")
    codes = table.transform(verify_column("answer", trust, open=True, nonce=None)).select("verdict.code").distinct()
    assert [row.code for row in codes.collect()] == ["good"]


def test_the_store_is_broadcast_and_its_keys_are_prepared_once(spark: SparkSession, trust: TrustStore) -> None:
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
