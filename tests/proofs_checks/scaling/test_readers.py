"""results.parquet in the libraries people read it with: the same columns, numbers and missing values."""

from __future__ import annotations

import math
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from proofs_checks.scaling.run import run_study

COLUMNS = {"p", "dimension", "repeat", "n_steps", "stationarity_mean", "bound", "constants", "status"}


@pytest.fixture
def results(study, work, tmp_path: Path) -> Path:
    with ThreadPoolExecutor(1) as executor:
        run_study(study, tmp_path, executor=executor, work=work)
    return tmp_path / "results.parquet"


def test_arrow_reads_the_columns_others_rely_on(results: Path) -> None:
    table = pq.read_table(results)
    assert set(table.column_names) >= COLUMNS
    assert table.num_rows == 64
    assert not any(str(field.type).startswith(("struct", "dictionary", "map")) for field in table.schema)


def test_pandas_reads_the_same(results: Path) -> None:
    pandas = pytest.importorskip("pandas", reason="pandas is not installed")
    frame, table = pandas.read_parquet(results), pq.read_table(results).to_pydict()
    assert list(frame.columns) == list(table)
    assert frame["stationarity_mean"].tolist() == table["stationarity_mean"]
    assert frame.groupby(["p", "dimension"])["stationarity_mean"].mean().notna().all()
    assert frame["status"].eq("ok").all()


def test_polars_reads_the_same(results: Path) -> None:
    polars = pytest.importorskip("polars", reason="polars is not installed")
    frame, table = polars.read_parquet(results), pq.read_table(results).to_pydict()
    assert frame.columns == list(table)
    assert frame["stationarity_mean"].to_list() == table["stationarity_mean"]
    largest = frame.filter(polars.col("p") == "inf").sort("dimension")["stationarity_mean"].to_list()[-1]
    assert math.isfinite(largest)
