"""`kycvs.arrow`: every row is what `verify` says, whoever made the column, and whatever is in it."""

from __future__ import annotations

import gc
import os
import random
import signal
import subprocess
import sys
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import datafusion
import duckdb
import kycvs
import kycvs.arrow
import polars
import pyarrow
import pytest
import test_doctests
import vectors
from fixtures import NONCE, NOW
from kycvs import (
    Issuer,
    KycvsError,
    MemoryReplayGuard,
    Presentation,
    SetUpError,
    Status,
    Subject,
    TrustStore,
    Verdict,
    Verifier,
)

Row = bytes | str | None
Json = dict[str, Any]


def with_duckdb(rows: list[Row]) -> object:
    table = pyarrow.table({"answer": rows})
    connection = duckdb.connect()
    return connection.from_arrow(table).select("answer")


def with_datafusion(rows: list[Row]) -> object:
    table = pyarrow.table({"answer": rows, "other": range(len(rows))})
    return datafusion.SessionContext().from_arrow(table).select("answer")


def of_type(binary: pyarrow.DataType, text: pyarrow.DataType) -> Callable[[list[Row]], object]:
    return lambda rows: pyarrow.array(rows, text if any(isinstance(row, str) for row in rows) else binary)


COLUMNS: dict[str, Callable[[list[Row]], object]] = {
    "pyarrow": of_type(pyarrow.binary(), pyarrow.string()),
    "pyarrow large": of_type(pyarrow.large_binary(), pyarrow.large_string()),
    "pyarrow view": of_type(pyarrow.binary_view(), pyarrow.string_view()),
    "pyarrow slice": lambda rows: pyarrow.array([b"" if type(rows[0]) is bytes else "", *rows, None])[1:-1],
    "pyarrow chunked": lambda rows: pyarrow.chunked_array([rows[:2], rows[2:]]),
    "pyarrow table": lambda rows: pyarrow.table({"answer": rows}),
    "pyarrow reader": lambda rows: pyarrow.table({"answer": rows}).to_reader(max_chunksize=700),
    "polars series": lambda rows: polars.Series(rows),
    "polars frame": lambda rows: polars.DataFrame({"answer": rows}),
    "duckdb": with_duckdb,
    "datafusion": with_datafusion,
}
"""A column of these rows, of each library and of each type that it can have."""


def as_json(result: Verdict | KycvsError | None) -> Json | None:
    """What a row has to be, where `verify` came to this."""
    if result is None:
        return None
    nothing = dict.fromkeys(FIELDS)
    if isinstance(result, KycvsError):
        return {**nothing, "code": result.code, "number": result.number, "message": str(result)}
    return {
        "status": int(result.status),
        "code": "good",
        "number": 0,
        "message": None,
        "issuer": result.issuer,
        "token_id": bytes.fromhex(result.token_id),
        "issued_at_seconds": result.issued_at_seconds,
        "expires_at_seconds": result.expires_at_seconds,
        "audience": result.audience,
        "purpose": result.purpose,
        "nonce": result.nonce,
        "key_id": bytes.fromhex(result.key_id),
        "subject_matched": result.subject_matched,
        "specimen": result.specimen,
    }


FIELDS = (
    "status",
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
"""What a verdict has and an error has not."""


def one_by_one(rows: list[Row], verifier: Verifier, **expected: Any) -> list[Json | None]:
    def one(row: Row) -> Verdict | KycvsError | None:
        try:
            return None if row is None else verifier.verify(row, **expected)
        except KycvsError as error:
            return error

    return [as_json(one(row)) for row in rows]


def verified(column: Any, verifier: Verifier, **expected: Any) -> list[Json | None]:
    verdicts = kycvs.arrow.verify(column, verifier, **expected)
    rows: list[Json | None] = pyarrow.chunked_array(verdicts).to_pylist()
    assert len(verdicts) == len(rows)
    return rows


def mutations(issuer: Issuer, count: int) -> list[bytes]:
    """Good answers, and others that are changed, cut, prolonged, made for others, or nothing of the kind."""
    chance = random.Random(20_261_124)
    stranger = Issuer("in.gov.cowin", kycvs.SigningKey.from_seed(bytes(32)))
    rows: list[bytes] = []
    for _ in range(count):
        answer = chance.choices([issuer, stranger], [9, 1])[0].issue(
            Status(chance.randrange(3)),
            chance.choice(["rail-booking", "gate"]),
            valid_for=900,
            audience=chance.choice(["irctc.co.in", "irctc.co.in", "example.org", None]),
            nonce=chance.choice([NONCE, None]),
            subject=chance.choice([Subject("Asha Rao"), None]),
            specimen=chance.random() < 0.1,
            now=NOW - chance.choice([0, 0, 0, 100_000]),
        )
        data = bytearray(bytes(answer))
        match chance.randrange(8):
            case 0:
                data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
            case 1:
                del data[chance.randrange(len(data)) :]
            case 2:
                data += chance.randbytes(chance.randrange(1, 2000))
            case 3:
                data = bytearray(chance.randbytes(chance.randrange(300)))
            case _:
                pass
        rows.append(bytes(data))
    return rows


def texts_of(rows: list[bytes], verifier: Verifier) -> list[str]:
    chance = random.Random(1)
    texts = []
    for row in rows:
        try:
            presentation = Presentation.from_bytes(row)
        except KycvsError:
            texts.append(chance.choice(["KV1:", "", " "]) + row.hex().upper()[: chance.randrange(3000)])
        else:
            text = chance.choice([presentation.to_text(), presentation.to_base64url(), presentation.to_text() + "\n"])
            texts.append(text if chance.random() < 0.9 else text.swapcase())
    return texts


@pytest.mark.parametrize("library", COLUMNS)
def test_every_row_is_what_verify_says(library: str, issuer: Issuer, verifier: Verifier) -> None:
    rows: list[Row] = [*mutations(issuer, 1_500)]
    rows[3:3] = [None, b"", None]
    expected = {"nonce": None, "now": NOW}
    alone = one_by_one(rows, verifier, **expected)
    assert verified(COLUMNS[library](rows), verifier, **expected) == alone
    codes = {row["code"] for row in alone if row}
    assert codes >= {"good", "malformed", "bad_signature", "unknown_key", "expired", "wrong_audience", "too_large"}

    expected = {"nonce": NONCE, "now": NOW, "purpose": "rail-booking", "subject": Subject("Asha Rao")}
    alone = one_by_one(rows, verifier, **expected)
    assert verified(COLUMNS[library](rows), verifier, **expected) == alone
    assert {"good", "wrong_nonce", "wrong_purpose", "wrong_subject"} <= {row["code"] for row in alone if row}


@pytest.mark.parametrize("library", COLUMNS)
def test_text_is_decided_as_text(library: str, issuer: Issuer, verifier: Verifier) -> None:
    rows: list[Row] = [*texts_of(mutations(issuer, 800), verifier)]
    rows[3:3] = [None, "", None, "é" * 20]
    alone = one_by_one(rows, verifier, nonce=None, now=NOW)
    assert verified(COLUMNS[library](rows), verifier, nonce=None, now=NOW) == alone
    assert {"good", "bad_text", "bad_signature", "expired"} <= {row["code"] for row in alone if row}


def decide(file: vectors.Json, one: vectors.Json) -> Json:
    """A case of the vectors, as a row of a column."""
    verifier, expectation = vectors.set_up(file, one)
    [nothing, row] = verified(pyarrow.array([None, bytes.fromhex(one["presentation"])]), verifier, **expectation)
    assert nothing is None and row is not None
    if row["code"] != "good":
        return {"code": row["code"], "number": row["number"]}
    assert row["number"] == 0
    return {
        "status": row["status"],
        "issuer": row["issuer"],
        "token_id": row["token_id"].hex(),
        "issued_at": row["issued_at_seconds"],
        "expires_at": row["expires_at_seconds"],
    }


# One of them is a text given as bytes, which is a column of its own here.
@pytest.mark.filterwarnings("ignore:column:UserWarning")
@pytest.mark.parametrize("name", ["valid.json", "invalid.json"])
def test_every_vector_is_decided_as_published(name: str) -> None:
    for one in vectors.cases(name):
        found = vectors.result_of(decide, vectors.CONTENT[name], one)
        published = one["expected"].get("verdict", one["expected"])
        assert {**published, **found} == published, one["id"]


def test_every_text_of_the_vectors_is_decided_as_alone(verifier: Verifier) -> None:
    rows: list[Row] = [one["text"] for one in vectors.cases("text.json")]
    assert verified(pyarrow.array(rows), verifier, nonce=None) == one_by_one(rows, verifier, nonce=None)


def test_all_vectors_in_one_column_are_decided_as_alone() -> None:
    every = [(name, one) for name in ("valid.json", "invalid.json") for one in vectors.cases(name)]
    rows: list[Row] = [bytes.fromhex(one["presentation"]) for _, one in every]
    for name, one in every[:: len(every) // 12]:
        verifier, expectation = vectors.set_up(vectors.CONTENT[name], one)
        alone = one_by_one(rows, verifier, **expectation)
        assert verified(pyarrow.array(rows), verifier, **expectation) == alone


def test_text_that_is_none_is_refused_as_text(verifier: Verifier) -> None:
    # Its producer says that it is UTF-8, and it is not.
    lies = pyarrow.array([b"KV1:\xff\xfe", b"\xc3", None]).view(pyarrow.string())
    assert [row and row["code"] for row in verified(lies, verifier, nonce=None)] == ["bad_text", "bad_text", None]


TEXT_AS_BYTES = "this is an answer's text given as bytes: give it as text"


@pytest.mark.parametrize("library", COLUMNS)
def test_texts_in_a_column_of_binary_are_named_in_each_row_and_warned_of(
    library: str, answer: Presentation, verifier: Verifier
) -> None:
    rows: list[Row] = [answer.to_text().encode(), answer.to_base64url().encode(), None, b"\r\n KV1:DAMAGED"]
    with pytest.warns(UserWarning, match="^column: most rows are an answer's text given as bytes.* give a column of text$"):
        found = verified(COLUMNS[library](rows), verifier, nonce=None, now=NOW)
    said = [row and (row["code"], row["message"]) for row in found]
    assert said == [("malformed", TEXT_AS_BYTES), ("malformed", TEXT_AS_BYTES), None, ("malformed", TEXT_AS_BYTES)]


def test_a_strangers_row_does_not_hide_that_the_column_is_of_the_wrong_type(
    answer: Presentation, verifier: Verifier
) -> None:
    column = pyarrow.array([answer.to_text().encode()] * 3 + [b"", b"garbage"])
    with pytest.warns(UserWarning, match="most rows are an answer's text given as bytes"):
        kycvs.arrow.verify(column, verifier, nonce=None)


@pytest.mark.filterwarnings("error")
def test_one_row_of_text_among_others_is_named_without_a_warning(answer: Presentation, verifier: Verifier) -> None:
    """A stranger hands a row over, and must not be able to stop the others."""
    rows: list[Row] = [answer.to_text().encode(), bytes(answer)]
    found = verified(pyarrow.array(rows), verifier, nonce=NONCE, now=NOW)
    assert [row and row["message"] for row in found] == [TEXT_AS_BYTES, None]
    for none in ([], [None], [b"damaged"]):
        verified(pyarrow.array(none, pyarrow.binary()), verifier, nonce=None)


def test_a_warning_that_the_program_makes_an_exception_is_raised(answer: Presentation, verifier: Verifier) -> None:
    column = pyarrow.array([answer.to_text().encode()])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(UserWarning, match="given as bytes"):
            kycvs.arrow.verify(column, verifier, nonce=None)


def test_rows_that_are_all_null_are_null(verifier: Verifier) -> None:
    column = pyarrow.array([None, None])
    assert column.type == pyarrow.null()
    for nulls in (column, pyarrow.chunked_array([column]), pyarrow.table({"answer": column})):
        assert verified(nulls, verifier, nonce=None) == [None, None]


def of_a_day(issuer: Issuer) -> tuple[list[Row], list[bytes | None], list[dict[str, str | None] | None]]:
    """Answers, each with a challenge and a person of its own, some of which are others' or missing."""
    chance = random.Random(5)
    rows, nonces, people = [], [], []
    for number in range(700):
        nonce, name = chance.randbytes(chance.choice([8, 16, 64])), f"Asha Rao {number % 7} a"
        mobile = chance.choice([None, "9876543210"])
        answer = issuer.issue(
            Status(number % 3),
            "rail-booking",
            valid_for=900,
            audience="irctc.co.in",
            nonce=nonce,
            subject=Subject(name, mobile),
            now=NOW,
        )
        rows.append(chance.choices([bytes(answer), b"damaged", None], [20, 1, 1])[0])
        nonces.append(chance.choices([nonce, chance.randbytes(16), None, b"short"], [20, 2, 1, 1])[0])
        person: dict[str, str | None] = {"name": name.upper(), "mobile": mobile}
        others: list[dict[str, str | None] | None] = [{"name": "Ravi", "mobile": mobile}, {"name": " ", "mobile": None}, None]
        people.append(chance.choices([person, *others], [20, 2, 1, 1])[0])
    return rows, nonces, people


@pytest.mark.parametrize("purpose", [None, "rail-booking", "gate"])
@pytest.mark.parametrize("guarded", [False, True])
def test_rows_with_a_challenge_and_a_person_of_their_own(
    issuer: Issuer, trust: TrustStore, purpose: str | None, guarded: bool
) -> None:
    rows, nonces, people = of_a_day(issuer)
    guard = MemoryReplayGuard(1_000)

    def verifier() -> Verifier:
        return Verifier(trust, audience="irctc.co.in", replay_guard=guard if guarded else None)

    def alone(row: Row, nonce: bytes | None, person: dict[str, str | None] | None) -> Json | None:
        if row is None:
            return None
        if nonce in (None, b"short") or person is None or person["name"] == " ":
            return as_json(not_in_a_token(nonce, person))
        subject = Subject(str(person["name"]), person["mobile"])
        [found] = one_by_one([row], Verifier(trust, audience="irctc.co.in"), nonce=nonce, purpose=purpose, subject=subject, now=NOW)
        return found

    expected = [alone(*row) for row in zip(rows, nonces, people, strict=True)]
    column = pyarrow.chunked_array([rows[:300], rows[300:]])
    kinds = pyarrow.struct([("name", pyarrow.string()), ("mobile", pyarrow.string())])
    beside = {
        # In chunks of their own, which are not those of the answers.
        "nonce": pyarrow.chunked_array([nonces[:1], [], nonces[1:650], nonces[650:]], pyarrow.binary()),
        "subject": pyarrow.chunked_array([people[:299], people[299:]], kinds),
    }
    assert verified(column, verifier(), purpose=purpose, now=NOW, **beside) == expected
    codes = {row["code"] for row in expected if row}
    assert codes >= ({"good", "wrong_nonce", "wrong_subject", "invalid_claim"} if purpose != "gate" else {"wrong_purpose"})
    if guarded and purpose != "gate":
        again = {row["code"] for row in verified(column, verifier(), purpose=purpose, now=NOW, **beside) if row}
        assert "replayed" in again and "good" not in again


def not_in_a_token(nonce: bytes | None, person: dict[str, str | None] | None) -> KycvsError:
    """What is raised for the first of them that no token can hold."""
    with pytest.raises(KycvsError) as caught:
        issuer = Issuer("in.gov.cowin", kycvs.SigningKey.generate())
        issuer.issue(Status(2), "gate", valid_for=900, nonce=nonce or b"")
        Subject(str((person or {"name": ""})["name"]))
    assert caught.value.code == "invalid_claim"
    return caught.value


@pytest.mark.parametrize("library", ["pyarrow", "pyarrow large", "pyarrow view", "polars series", "duckdb", "datafusion"])
def test_columns_beside_come_from_every_library(library: str, issuer: Issuer, verifier: Verifier) -> None:
    nonces = [bytes([number]) * 16 for number in range(3)]
    answers = [
        issuer.issue(Status(2), "gate", valid_for=900, audience="irctc.co.in", nonce=nonce, subject=Subject("Asha"), now=NOW)
        for nonce in nonces
    ]
    nonces[1] = b"another challenge"
    column = pyarrow.array([bytes(answer) for answer in answers])
    beside = {"nonce": COLUMNS[library](list(nonces)), "subject": COLUMNS[library](["Asha", "ASHA", "Ravi"])}
    rows = verified(column, verifier, now=NOW, **beside)
    assert [row and row["code"] for row in rows] == ["good", "wrong_nonce", "wrong_subject"]
    fixed = pyarrow.array([nonces[0], b"x" * 16, nonces[2]], pyarrow.binary(16))
    rows = verified(column, verifier, nonce=fixed, subject=Subject("Asha"), now=NOW)
    assert [row and row["code"] for row in rows] == ["good", "wrong_nonce", "good"]


def test_columns_beside_that_do_not_fit_are_told(verifier: Verifier) -> None:
    column: Any = pyarrow.array([b"x", b"y"])
    names: Any = pyarrow.array(["Asha", "Asha"])
    for short, says in (([b"a" * 16], "fewer"), ([b"a" * 16] * 3, "more"), ([], "fewer")):
        with pytest.raises(ValueError, match=f"^nonce: the column has {says} rows than that of the answers$"):
            kycvs.arrow.verify(column, verifier, nonce=pyarrow.array(short, pyarrow.binary()))
    with pytest.raises(ValueError, match="^subject: the column has fewer rows"):
        kycvs.arrow.verify(column, verifier, nonce=None, subject=pyarrow.chunked_array([["Asha"], []]))
    with pytest.raises(TypeError, match="^nonce: expected an Arrow column of binary, not one of text$"):
        kycvs.arrow.verify(column, verifier, nonce=names)
    with pytest.raises(TypeError, match="^subject: expected an Arrow column of text, not one of binary$"):
        kycvs.arrow.verify(column, verifier, nonce=None, subject=column)
    for wrong in ([{"name": "Asha", "born": "1990"}] * 2, [{"mobile": "1"}] * 2):
        with pytest.raises(TypeError, match="^subject: "):
            kycvs.arrow.verify(column, verifier, nonce=None, subject=pyarrow.array(wrong))
    nulls: Any = pyarrow.array([None, None])
    codes = [row and row["code"] for row in verified(column, verifier, nonce=nulls, subject=nulls)]
    assert codes == ["invalid_claim", "invalid_claim"]


def test_chunks_and_nulls_stay(answer: Presentation, verifier: Verifier) -> None:
    parts = [[bytes(answer)], [], [None, None], [b"x", None, bytes(answer)]]
    column = pyarrow.chunked_array(parts, pyarrow.binary())
    verdicts = kycvs.arrow.verify(column, verifier, nonce=None, now=NOW)
    assert repr(verdicts) == "<Verdicts: 6 rows, 4 chunks>"
    result = pyarrow.chunked_array(verdicts)
    assert [len(chunk) for chunk in result.chunks] == [1, 0, 2, 3]
    result.validate(full=True)
    assert result.is_null().to_pylist() == column.is_null().to_pylist()
    # Who looks at the parts alone sees no verdict on a row that is none.
    for chunk in result.chunks:
        for part in range(chunk.type.num_fields):
            assert not chunk.is_null().to_pylist() or all(
                chunk.field(part)[row].as_py() is None for row in range(len(chunk)) if not chunk[row].is_valid
            )
    empty = kycvs.arrow.verify(pyarrow.chunked_array([], pyarrow.string()), verifier, nonce=None)
    assert (len(empty), pyarrow.chunked_array(empty).num_chunks) == (0, 0)


def test_a_null_row_of_a_table_is_null(answer: Presentation, verifier: Verifier) -> None:
    column = pyarrow.array([bytes(answer), bytes(answer)])
    table = pyarrow.StructArray.from_arrays([column], names=["answer"], mask=pyarrow.array([True, False]))
    [none, good] = verified(table, verifier, nonce=None, now=NOW)
    assert none is None and good is not None and good["code"] == "good"


def test_every_library_takes_the_result(answer: Presentation, verifier: Verifier) -> None:
    column = pyarrow.array([bytes(answer), b"x", bytes(answer)])
    verdicts = kycvs.arrow.verify(column, verifier, nonce=None, now=NOW)
    alone = one_by_one(column.to_pylist(), verifier, nonce=None, now=NOW)
    for _ in range(2):
        assert pyarrow.table(verdicts).to_pylist() == alone
        assert polars.Series(verdicts).to_list() == alone
        assert polars.DataFrame(verdicts).to_dicts() == alone
        counted = duckdb.connect().from_arrow(verdicts).aggregate("code, count(*)").fetchall()
        assert sorted(counted) == [("good", 2), ("malformed", 1)]
        assert datafusion.SessionContext().from_arrow(verdicts).to_pylist() == alone
    schema = pyarrow.field(verdicts)
    assert pyarrow.types.is_struct(schema.type) and schema.type == pyarrow.chunked_array(verdicts).type
    # It outlives what it came from.
    taken = pyarrow.chunked_array(verdicts)
    del column, verdicts
    gc.collect()
    assert taken.to_pylist() == alone


@pytest.mark.parametrize(
    ("column", "says"),
    [
        ([b"bytes"], "not list"),
        (b"bytes", "not bytes"),
        (None, "not None"),
        (pyarrow.array([1, 2]), "Int64"),
        (pyarrow.chunked_array([], pyarrow.int64()), "Int64"),
        (pyarrow.array(["a"]).dictionary_encode(), "Dictionary"),
        (pyarrow.table({"a": [b"x"], "b": [b"x"]}), "a table of 2 columns (select one)"),
        (pyarrow.array([{"a": {"b": b"x"}}]), "a table of 1 columns"),
        (polars.Series([[b"x"]]), "List"),
    ],
)
def test_what_is_no_such_column_is_a_type_error(column: Any, says: str, verifier: Verifier) -> None:
    with pytest.raises(TypeError, match="^column: expected an Arrow column of binary or text, not ") as caught:
        kycvs.arrow.verify(column, verifier, nonce=None)
    assert says in str(caught.value)


class Offers:
    """A column that keeps the interface's rules badly."""

    def __init__(self, array: object = None, stream: object = None) -> None:
        if array is not None:
            self.__arrow_c_array__ = lambda: array
        if stream is not None:
            self.__arrow_c_stream__ = lambda: stream


def test_capsules_that_are_none_are_type_errors(verifier: Verifier) -> None:
    column = pyarrow.array([b"x"])
    schema, array = column.__arrow_c_array__()
    stream = pyarrow.chunked_array([column]).__arrow_c_stream__()
    assert verified(Offers((schema, array)), verifier, nonce=None) == verified(Offers(stream=stream), verifier, nonce=None)
    wrong: list[Any] = [Offers((schema, array)), Offers(stream=stream)]  # taken already
    wrong += [Offers(1), Offers((1, 2)), Offers((array, schema)), Offers(stream=1), Offers(stream=schema)]
    for offer in wrong:
        with pytest.raises(TypeError, match="^column: "):
            kycvs.arrow.verify(offer, verifier, nonce=None)


def test_wrong_arguments_are_named(verifier: Verifier) -> None:
    column: Any = pyarrow.array([b"x"])
    wrong: Any = "verifier"
    with pytest.raises(TypeError, match=r"^verifier: expected kycvs\.Verifier"):
        kycvs.arrow.verify(column, wrong, nonce=None)
    with pytest.raises(TypeError, match="nonce"):
        kycvs.arrow.verify(column, verifier)  # type: ignore[call-arg]
    with pytest.raises(kycvs.SetUpError):
        kycvs.arrow.verify(column, verifier, nonce=b"short")


def test_a_wrong_set_up_is_said_in_each_row() -> None:
    rows = verified(pyarrow.array([b"x", None]), Verifier(TrustStore(), open=True), nonce=None)
    assert [row and row["code"] for row in rows] == ["no_trusted_keys", None]


def test_a_source_that_fails_is_told(verifier: Verifier) -> None:
    schema = pyarrow.schema([("answer", pyarrow.binary())])

    def batches() -> Iterator[pyarrow.RecordBatch]:
        yield pyarrow.record_batch([[b"x"]], schema=schema)
        raise OSError("the disk is gone")

    reader: Any = pyarrow.RecordBatchReader.from_batches(schema, batches())
    with pytest.raises(RuntimeError, match="the disk is gone"):
        kycvs.arrow.verify(reader, verifier, nonce=None)


def test_ctrl_c_in_a_source_is_ctrl_c(verifier: Verifier) -> None:
    schema = pyarrow.schema([("answer", pyarrow.binary())])

    def batches() -> Iterator[pyarrow.RecordBatch]:
        yield pyarrow.record_batch([[b"x"]], schema=schema)
        raise KeyboardInterrupt

    reader: Any = pyarrow.RecordBatchReader.from_batches(schema, batches())
    with pytest.raises(KeyboardInterrupt):
        kycvs.arrow.verify(reader, verifier, nonce=None)


def test_a_guard_is_asked_in_order_and_in_this_thread(answer: Presentation, trust: TrustStore) -> None:
    asked: list[tuple[str, int]] = []

    class Guard:
        def first_use(self, issuer: str, token_id: str, keep_until: int, now: int, /) -> bool:
            asked.append((token_id, threading.get_ident()))
            return token_id not in [one for one, _ in asked[:-1]]

    rows = [bytes(answer), None, b"x", bytes(answer)] * 2
    for guard in (Guard(), MemoryReplayGuard(10)):
        verifier = Verifier(trust, audience="irctc.co.in", replay_guard=guard)
        codes = [row and row["code"] for row in verified(pyarrow.array(rows), verifier, nonce=None, now=NOW)]
        assert codes == ["good", None, "malformed", "replayed", "replayed", None, "malformed", "replayed"]
    assert {thread for _, thread in asked} == {threading.get_ident()} and len(asked) == 4


def test_a_guard_that_fails_has_its_code_and_one_that_stops_is_heard(answer: Presentation, trust: TrustStore) -> None:
    class Guard:
        raises: type[BaseException] = OSError

        def first_use(self, issuer: str, token_id: str, keep_until: int, now: int, /) -> bool:
            raise self.raises("no")

    guard = Guard()
    verifier = Verifier(trust, audience="irctc.co.in", replay_guard=guard)
    column: Any = pyarrow.array([b"x", bytes(answer)])
    codes = [row and row["code"] for row in verified(column, verifier, nonce=None, now=NOW)]
    assert codes == ["malformed", "replay_guard_failed"]
    guard.raises = KeyboardInterrupt
    with pytest.raises(KeyboardInterrupt):
        kycvs.arrow.verify(column, verifier, nonce=None, now=NOW)
    guard.raises = OSError
    with pytest.raises(SetUpError):
        verifier.verify(bytes(answer), nonce=None, now=NOW)


def long_column(answer: Presentation) -> Any:
    """Some seconds' work."""
    return pyarrow.chunked_array([pyarrow.array([bytes(answer)] * 10_000)] * 100)


def test_other_threads_run_meanwhile(answer: Presentation, verifier: Verifier) -> None:
    done = threading.Event()
    counted = 0

    def count() -> None:
        nonlocal counted
        while not done.is_set():
            counted += 1
            time.sleep(0.001)

    thread = threading.Thread(target=count)
    thread.start()
    kycvs.arrow.verify(long_column(answer)[:50_000], verifier, nonce=None, now=NOW)
    done.set()
    thread.join()
    assert counted > 20


def test_ctrl_c_ends_it(answer: Presentation, verifier: Verifier) -> None:
    column = long_column(answer)
    # As a program in the foreground has it: one in the background may have been started to ignore it.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    timer = threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGINT))
    timer.start()
    try:
        begin = time.monotonic()
        with pytest.raises(KeyboardInterrupt):
            kycvs.arrow.verify(column, verifier, nonce=None, now=NOW)
        assert time.monotonic() - begin < 2
        timer.join()
    finally:
        signal.signal(signal.SIGINT, before)


@pytest.mark.filterwarnings("ignore:.*multi-threaded.*:DeprecationWarning")
def test_a_child_can_go_on(answer: Presentation, verifier: Verifier) -> None:
    column = pyarrow.array([bytes(answer)] * 2_000)
    assert len(kycvs.arrow.verify(column, verifier, nonce=None, now=NOW)) == 2_000
    child = os.fork()
    if child == 0:
        signal.alarm(30)
        os._exit(0 if len(kycvs.arrow.verify(column, verifier, nonce=None, now=NOW)) == 2_000 else 1)
    assert os.waitpid(child, 0)[1] == 0


def in_a_new_process(program: str) -> str:
    command = [sys.executable, "-W", "error", "-c", program]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=True).stdout


def test_the_package_imports_none_of_them() -> None:
    program = """
import sys, kycvs
assert "kycvs.arrow" not in sys.modules
import kycvs.arrow, kycvs.spark
print(sorted({"pyarrow", "polars", "duckdb", "datafusion", "pyspark", "numpy", "pandas"} & set(sys.modules)))
"""
    assert in_a_new_process(program) == "[]\n"


MEMORY = """
import gc, kycvs, kycvs.arrow, polars, pyarrow, re
def of(name):
    return 1024 * int(re.search(name + r":\\s+(\\d+) kB", open("/proc/self/status").read())[1])
key = kycvs.SigningKey.generate()
# As long as a name may be.
issuer = kycvs.Issuer("i" * 64, key)
good = issuer.issue(kycvs.Status.FULLY_VACCINATED, purpose="gate", valid_for=900)
verifier = kycvs.Verifier(kycvs.TrustStore().with_key("i" * 64, key.verifying_key), open=True)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="what Linux tells of a process")
@pytest.mark.parametrize(("row", "code"), [("bytes(2_000)", "too_large"), ("bytes(good)", "good")])
def test_no_row_holds_more_than_its_fields_and_none_is_copied(row: str, code: str) -> None:
    program = f"""{MEMORY}
ROWS = 100_000
column = pyarrow.array([{row}] * ROWS)
kycvs.arrow.verify(column[:9_000], verifier, nonce=None)
open("/proc/self/clear_refs", "w").write("5")
before = of("VmRSS")
verdicts = kycvs.arrow.verify(column, verifier, nonce=None)
assert pyarrow.chunked_array(verdicts)[-1].as_py()["code"] == "{code}"
print((of("VmHWM") - before) // ROWS, pyarrow.chunked_array(verdicts).nbytes // ROWS)
"""
    held, result = map(int, in_a_new_process(program).split())
    assert 30 < held < result + 80
    # A good row of an issuer and a purpose with the longest names, here without audience and nonce.
    assert result < 200


@pytest.mark.skipif(sys.platform != "linux", reason="what Linux tells of a process")
def test_text_that_is_none_is_not_copied() -> None:
    program = f"""{MEMORY}
column = pyarrow.array([b"\\xff" * 50_000_000]).view(pyarrow.string())
open("/proc/self/clear_refs", "w").write("5")
before = of("VmRSS")
verdicts = kycvs.arrow.verify(column, verifier, nonce=None)
assert pyarrow.chunked_array(verdicts)[0].as_py()["code"] == "bad_text"
print(of("VmHWM") - before)
"""
    assert int(in_a_new_process(program)) < 5_000_000


@pytest.mark.skipif(sys.platform != "linux", reason="what Linux tells of a process")
def test_nothing_is_left_behind() -> None:
    program = f"""{MEMORY}
column = pyarrow.array([bytes(good)] * 2_000)
def rounds():
    for _ in range(20):
        verdicts = kycvs.arrow.verify(column, verifier, nonce=None)
        verdicts.__arrow_c_stream__()  # never taken
        verdicts.__arrow_c_schema__()
        pyarrow.chunked_array(verdicts)
        polars.Series(verdicts)
    gc.collect()
    return of("VmRSS")
rounds()
before = rounds()
print((rounds() - before) // 1024)
"""
    # One result has 0.25 MB; twenty that stay would have 5.
    assert int(in_a_new_process(program)) < 3_000  # kB


@pytest.mark.parametrize("item", [kycvs.arrow, kycvs.arrow.verify, kycvs.arrow.Verdicts])
def test_the_examples_run(item: Any) -> None:
    name = getattr(item, "__name__", "kycvs.arrow")
    assert ">>>" in item.__doc__ and test_doctests.run(name, item.__doc__, {})


def test_the_readme_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    blocks = test_doctests.blocks("python arrow")
    names: dict[str, object] = {}
    for number, block in enumerate(blocks):
        exec(compile(block, f"README.md, Arrow's block {number}", "exec"), names)
    assert len(blocks) >= 3
