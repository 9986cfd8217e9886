"""What these tests start from: the same as those of `tests`, and Spark in this process."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from fixtures import answer, issuer, trust, verifier
from pyspark.sql import SparkSession

__all__ = ["answer", "issuer", "spark", "trust", "verifier"]


@pytest.fixture(scope="session")
def spark(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SparkSession]:
    """Two executors' worth of threads, and nothing of it in the checkout."""
    session = (
        SparkSession.builder.master("local[2]")
        .config("spark.ui.enabled", False)
        .config("spark.sql.shuffle.partitions", 2)
        .config("spark.sql.warehouse.dir", str(tmp_path_factory.mktemp("warehouse")))
        .getOrCreate()
    )
    yield session
    session.stop()
