"""Columns of answers in Apache Spark: ``kycvs.arrow`` on every executor.

``verify_column`` makes a transformation for ``DataFrame.transform``: the table as it was, with a column of verdicts beside
the others. Spark hands the rows over as Arrow (``mapInArrow``), so that none becomes a Python object. The trust store is
broadcast, and so goes to each executor once; a Python process there prepares its keys once, however many parts of the table it
gets.

On every executor there has to be kycvs with pyarrow (``pip install kycvs[spark]``). A whole job, which can be run again
after a failure, is ``bindings/python/settlement/settle.py`` in the project's repository.
"""

from __future__ import annotations

import functools
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import kycvs
import kycvs.arrow

if TYPE_CHECKING:
    import pyarrow
    from pyspark import Broadcast
    from pyspark.sql import DataFrame
    from pyspark.sql.types import StructType

__all__ = ["verify_column"]

_LARGEST_LONG = 2**63 - 1


def verify_column(
    column: str,
    trust: kycvs.TrustStore,
    *,
    nonce: bytes | None,
    audience: str | None = None,
    open: bool = False,
    clock_skew: timedelta | int | None = None,
    max_lifetime: timedelta | int | None = None,
    allow_specimen: bool = False,
    ignore_status_lists: bool = False,
    purpose: str | None = None,
    now: datetime | int | None = None,
    verdict: str = "verdict",
) -> Callable[[DataFrame], DataFrame]:
    """A transformation that checks the answers in ``column``, which is of binary or of text.

    ``trust`` and what follows is what ``Verifier`` and ``Verifier.verify`` take. Without ``now`` the clock is read here and
    now, once: a part of the table that an executor has to do again comes to the same. There is no replay guard, since each
    executor would have one of its own: count what occurs twice by ``token_id``.

    The new column is called ``verdict`` unless said otherwise. It is null where the answer is, and else a struct:
    ``status`` (tinyint), ``code`` (``good``, or the code for which it is not), ``number`` (int), ``issuer``, ``token_id``
    (binary), ``issued_at_seconds`` and ``expires_at_seconds`` (bigint; null past 2**63 - 1).

    Raises what ``Verifier`` and ``Verifier.verify`` raise for settings that cannot be. The transformation raises ValueError
    where the table has no such column or has one of the new one's name (in capitals or not), and TypeError where it is neither of binary nor of
    text.
    """
    settings = {
        "audience": audience,
        "open": open,
        "clock_skew": clock_skew,
        "max_lifetime": max_lifetime,
        "allow_specimen": allow_specimen,
        "ignore_status_lists": ignore_status_lists,
    }
    expected = {"nonce": nonce, "purpose": purpose, "now": int(time.time()) if now is None else now}
    # What is wrong with them is better told here than by an executor.
    kycvs.Verifier(trust, **settings).verify_many([], **expected)  # type: ignore[arg-type]

    def transformation(table: DataFrame) -> DataFrame:
        schema = _with_verdict(table, column, verdict)
        broadcast = table.sparkSession.sparkContext.broadcast(trust.to_bytes())
        check = _Check(column, verdict, broadcast, tuple(settings.items()), tuple(expected.items()))
        return table.mapInArrow(check, schema)

    return transformation


def _with_verdict(table: DataFrame, column: str, verdict: str) -> StructType:
    """The table's schema with the new column."""
    from pyspark.sql.types import (
        BinaryType,
        ByteType,
        IntegerType,
        LongType,
        StringType,
        StructField,
        StructType,
    )

    types = {field.name: field.dataType for field in table.schema.fields}
    if column not in types:
        raise ValueError(f"column: the table has no column {column!r}")
    if not isinstance(types[column], (BinaryType, StringType)):
        raise TypeError(f"column: expected binary or text, not {types[column].simpleString()}")
    # Spark does not tell them apart unless it is told to.
    for name in types:
        if name.lower() == verdict.lower():
            raise ValueError(f"verdict: the table has a column {name!r} already")
    parts = [
        StructField("status", ByteType()),
        StructField("code", StringType()),
        StructField("number", IntegerType()),
        StructField("issuer", StringType()),
        StructField("token_id", BinaryType()),
        StructField("issued_at_seconds", LongType()),
        StructField("expires_at_seconds", LongType()),
    ]
    return StructType([*table.schema.fields, StructField(verdict, StructType(parts))])


@dataclass(frozen=True)
class _Check:
    """What runs on the executors."""

    column: str
    verdict: str
    trust: Broadcast[bytes]
    settings: tuple[tuple[str, Any], ...]
    expected: tuple[tuple[str, Any], ...]

    def __call__(self, batches: Iterator[pyarrow.RecordBatch]) -> Iterator[pyarrow.RecordBatch]:
        import pyarrow

        verifier = _verifier(self.trust.value, self.settings)
        for batch in batches:
            column = batch.column(batch.schema.get_field_index(self.column))
            # Spark starts as many processes as there are processors for it.
            verdicts = kycvs.arrow.verify(column, verifier, **dict(self.expected), one_thread=True)
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

    status, code, number, issuer, token_id, issued_at, expires_at = verdicts.flatten()
    parts = {
        "status": status,
        "code": code.cast(pyarrow.string()),
        "number": number.cast(pyarrow.int32()),
        "issuer": issuer.cast(pyarrow.string()),
        "token_id": token_id.cast(pyarrow.binary()),
        "issued_at_seconds": seconds(issued_at),
        "expires_at_seconds": seconds(expires_at),
    }
    return pyarrow.StructArray.from_arrays(list(parts.values()), names=list(parts), mask=verdicts.is_null())
