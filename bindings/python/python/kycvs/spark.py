"""Columns of answers in Apache Spark: ``kycvs.arrow`` on every executor.

``verify_column`` makes a transformation for ``DataFrame.transform``: the table as it was, with a column of verdicts beside
the others. Spark hands the rows over as Arrow (``mapInArrow``), so that none becomes a Python object. The trust store goes
along with the transformation; a Python process of an executor prepares its keys once, however many parts of the table it
gets. It works with Spark Connect as well.

On every executor there has to be kycvs with pyarrow (``pip install kycvs[spark]``). A whole job, which can be run again
after a failure, is ``bindings/python/settlement/settle.py`` in the project's repository.
"""

from __future__ import annotations

import functools
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import EllipsisType
from typing import TYPE_CHECKING, Any

import kycvs
import kycvs.arrow

if TYPE_CHECKING:
    import pyarrow
    from pyspark.sql import DataFrame
    from pyspark.sql.types import DataType, StructType

__all__ = ["verify_column"]

_LARGEST_LONG = 2**63 - 1


def verify_column(
    column: str,
    trust: kycvs.TrustStore,
    *,
    nonce: bytes | None | EllipsisType = ...,
    nonce_column: str | None = None,
    audience: str | None = None,
    open: bool = False,
    clock_skew: timedelta | int | None = None,
    max_lifetime: timedelta | int | None = None,
    allow_specimen: bool = False,
    ignore_status_lists: bool = False,
    purpose: str | None = None,
    subject_column: str | None = None,
    now: datetime | int | None = None,
    verdict: str = "verdict",
) -> Callable[[DataFrame], DataFrame]:
    """A transformation that checks the answers in ``column``, which is of binary or of text.

    ``trust`` and what follows is what ``Verifier`` and ``Verifier.verify`` take. Either ``nonce`` is given, for all rows
    (``None`` says that there was no challenge), or ``nonce_column``, a column of binary with the challenge of each row.
    ``subject_column`` is a column with the name of each row, of text or of structs with ``name`` and ``mobile``. A row
    whose challenge or name is null or empty is ``invalid_claim``.

    Without ``now`` the clock is read once, when the transformation is applied to a table: a part of the table that an
    executor has to do again gets the same verdicts. A stream is refused without ``now``, because its later batches would be
    checked at the time of its start: call ``verify_column`` in ``foreachBatch``, where the clock is read for each batch.

    There is no replay guard, because each executor would have one of its own: count what occurs twice by ``token_id``.

    The new column is called ``verdict`` unless said otherwise. It is null if the answer is, and else a struct: ``status``
    (tinyint), ``code`` (``good``, or the code for which the answer is refused), ``number`` (int), ``message`` (the sentence
    that says what is wrong and what to do; null if the answer is good), ``issuer``, ``token_id`` (binary),
    ``issued_at_seconds`` and ``expires_at_seconds`` (bigint; null past 2**63 - 1), ``audience``, ``purpose``, ``nonce`` and
    ``key_id`` (binary), ``subject_matched`` and ``specimen`` (boolean).

    Raises what ``Verifier`` and ``Verifier.verify`` raise for settings that cannot be, and TypeError unless exactly one of
    ``nonce`` and ``nonce_column`` is given. The transformation raises ValueError if the table lacks a column, already has one
    with the new one's name (in capitals or not), or is a stream without ``now``, and TypeError if a column is of another type.
    """
    if (nonce is ...) == (nonce_column is None):
        raise TypeError("give either nonce (None says that there was no challenge) or nonce_column")
    settings = {
        "audience": audience,
        "open": open,
        "clock_skew": clock_skew,
        "max_lifetime": max_lifetime,
        "allow_specimen": allow_specimen,
        "ignore_status_lists": ignore_status_lists,
    }
    same: dict[str, Any] = {"nonce": None if nonce is ... else nonce, "purpose": purpose}
    # What is wrong with them is better told here than by an executor.
    kycvs.Verifier(trust, **settings).verify_many([], **same, now=now)  # type: ignore[arg-type]
    own = {"nonce": nonce_column, "subject": subject_column}
    columns = _Columns(column, tuple((name, own_column) for name, own_column in own.items() if own_column is not None))
    store = trust.to_bytes()

    def transformation(table: DataFrame) -> DataFrame:
        if now is None and table.isStreaming:
            raise ValueError("now: a stream needs it for each batch: call verify_column in foreachBatch")
        schema = _with_verdict(table, columns, verdict)
        expected = {**same, "now": int(time.time()) if now is None else now}
        check = _Check(columns, verdict, store, tuple(settings.items()), tuple(expected.items()))
        return table.mapInArrow(check, schema)

    return transformation


@dataclass(frozen=True)
class _Columns:
    """Which columns are read."""

    answer: str
    own: tuple[tuple[str, str], ...]
    """Of what is expected of each row: the argument of ``kycvs.arrow.verify``, and the column that it comes from."""


def _with_verdict(table: DataFrame, columns: _Columns, verdict: str) -> StructType:
    """The table's schema with the new column."""
    from pyspark.sql.types import (
        BinaryType,
        BooleanType,
        ByteType,
        IntegerType,
        LongType,
        StringType,
        StructField,
        StructType,
    )

    def is_person(found: DataType) -> bool:
        if not isinstance(found, StructType):
            return isinstance(found, StringType)
        return "name" in found.names and all(
            field.name in ("name", "mobile") and isinstance(field.dataType, StringType) for field in found
        )

    types = {field.name: field.dataType for field in table.schema.fields}
    names = [field.name.lower() for field in table.schema.fields]
    right: dict[str, tuple[Callable[[DataType], bool], str]] = {
        "column": (lambda found: isinstance(found, (BinaryType, StringType)), "binary or text"),
        "nonce": (lambda found: isinstance(found, BinaryType), "binary"),
        "subject": (is_person, "text or structs of name and mobile"),
    }
    for argument, column in (("column", columns.answer), *columns.own):
        shown = argument if argument == "column" else f"{argument}_column"
        if column not in types:
            raise ValueError(f"{shown}: the table has no column {column!r}")
        if names.count(column.lower()) > 1:
            raise ValueError(f"{shown}: the table has several columns {column!r}")
        fits, expected = right[argument]
        if not fits(types[column]):
            raise TypeError(f"{shown}: expected {expected}, not {types[column].simpleString()}")
    # Spark does not tell them apart unless it is told to.
    for name in types:
        if name.lower() == verdict.lower():
            raise ValueError(f"verdict: the table has a column {name!r} already")
    parts = [
        StructField("status", ByteType()),
        StructField("code", StringType()),
        StructField("number", IntegerType()),
        StructField("message", StringType()),
        StructField("issuer", StringType()),
        StructField("token_id", BinaryType()),
        StructField("issued_at_seconds", LongType()),
        StructField("expires_at_seconds", LongType()),
        StructField("audience", StringType()),
        StructField("purpose", StringType()),
        StructField("nonce", BinaryType()),
        StructField("key_id", BinaryType()),
        StructField("subject_matched", BooleanType()),
        StructField("specimen", BooleanType()),
    ]
    return StructType([*table.schema.fields, StructField(verdict, StructType(parts))])


@dataclass(frozen=True)
class _Check:
    """What runs on the executors."""

    columns: _Columns
    verdict: str
    trust: bytes
    settings: tuple[tuple[str, Any], ...]
    expected: tuple[tuple[str, Any], ...]

    def __call__(self, batches: Iterator[pyarrow.RecordBatch]) -> Iterator[pyarrow.RecordBatch]:
        import pyarrow

        verifier = _verifier(self.trust, self.settings)
        for batch in batches:

            def column(name: str, batch: pyarrow.RecordBatch = batch) -> pyarrow.Array:
                return batch.column(batch.schema.get_field_index(name))

            own = {argument: column(name) for argument, name in self.columns.own}
            # Spark starts as many processes as there are processors for it.
            verdicts = kycvs.arrow.verify(
                column(self.columns.answer), verifier, **{**dict(self.expected), **own}, one_thread=True
            )
            verdicts = _for_spark(pyarrow.chunked_array(verdicts).combine_chunks())
            yield pyarrow.RecordBatch.from_arrays(
                [*batch.columns, verdicts], names=[*batch.schema.names, self.verdict]
            )


@functools.lru_cache(maxsize=8)
def _verifier(trust: bytes, settings: tuple[tuple[str, Any], ...]) -> kycvs.Verifier:
    """One for all parts of a table that a process gets: it keeps what it prepared."""
    return kycvs.Verifier(kycvs.TrustStore.from_bytes(trust), **dict(settings))


def _for_spark(verdicts: pyarrow.StructArray) -> pyarrow.StructArray:
    """The same in types that Spark has: no unsigned numbers, and text with short offsets."""
    import pyarrow
    from pyarrow import compute

    def seconds(part: pyarrow.Array) -> pyarrow.Array:
        fits = compute.less_equal(part, pyarrow.scalar(_LARGEST_LONG, pyarrow.uint64()))
        return compute.if_else(fits, part, pyarrow.scalar(None, part.type)).cast(pyarrow.int64())

    text, binary = pyarrow.string(), pyarrow.binary()
    types = {
        "code": text,
        "number": pyarrow.int32(),
        "message": text,
        "issuer": text,
        "token_id": binary,
        "audience": text,
        "purpose": text,
        "nonce": binary,
        "key_id": binary,
    }
    parts = {}
    for field, part in zip(verdicts.type, verdicts.flatten(), strict=True):
        name = field.name
        parts[name] = seconds(part) if name.endswith("_seconds") else part.cast(types.get(name, part.type))
    return pyarrow.StructArray.from_arrays(list(parts.values()), names=list(parts), mask=verdicts.is_null())
