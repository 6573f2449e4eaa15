"""The columns of ``results.parquet``: one row for each repeat of each cell."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pyarrow as pa

from .axes import AXES, world_label
from .plan import Cell

__all__ = ["SCHEMA", "STATISTICS", "axis_values", "failed_rows", "rows_of"]

STATISTICS = (
    "stationarity_mean",
    "stationarity_squared_mean",
    "stationarity_weighted_mean",
    "stationarity_min",
    "stationarity_first",
    "stationarity_second_half_mean",
    "stationarity_last",
    "value_first",
    "value_last",
    "value_min",
)
CONSTANTS = ("initial_gap", "smoothness", "sigma", "moment_order", "step_size", "momentum", "bound")
INTERVALS = ("smoothness_low", "smoothness_high", "sigma_low", "sigma_high")
WORDS = ("bound_statistic", "bound_status", "bound_reason", "constants", "status")
_TYPES = {"text": pa.string(), "integer": pa.int64(), "real": pa.float64()}

SCHEMA = pa.schema(
    [("arm", pa.string())]
    + [(axis.name, _TYPES[axis.column]) for axis in AXES.values()]
    + [("block", pa.int64()), ("repeat", pa.int64()), ("n_steps", pa.int64())]
    + [(name, pa.float64()) for name in (*STATISTICS, *CONSTANTS, *INTERVALS)]
    + [(name, pa.string()) for name in WORDS]
    + [("block_names", pa.list_(pa.string())), ("block_stationarity", pa.list_(pa.float64()))]
)


def axis_values(point: Mapping[str, object]) -> dict[str, object]:
    """Return the axes of a point as column values; an axis the arm does not have is None."""
    values: dict[str, object] = {}
    for name, axis in AXES.items():
        value = point.get(name)
        values[name] = world_label(value) if axis.column == "text" and value is not None else value
    return values


def _plain(value: object) -> object:
    """Return a NumPy scalar as a Python number, NaN as None."""
    if isinstance(value, np.generic):
        value = value.item()
    return None if isinstance(value, float) and value != value else value


def rows_of(cell: Cell, columns: Mapping[str, object]) -> pa.Table:
    """Return the rows of a finished cell.

    Parameters
    ----------
    cell : Cell
        The cell.
    columns : mapping
        Column to one value for the cell, or to an array or list with one value for each repeat.
    """
    n = cell.block_size
    shared = axis_values(cell.point) | {"arm": cell.arm, "block": cell.block, "n_steps": cell.point["horizon"]}
    table: dict[str, list[object]] = {
        "repeat": list(range(cell.first_repeat, cell.first_repeat + n)),
        **{name: [value] * n for name, value in shared.items()},
    }
    for name, value in columns.items():
        if name not in SCHEMA.names:  # recorded paths are stored beside the rows
            continue
        values = list(value) if isinstance(value, np.ndarray | list) else [value] * n
        table[name] = [_plain(entry) for entry in values]
    full = {name: table.get(name, [None] * n) for name in SCHEMA.names}
    return pa.table(full, schema=SCHEMA)


def failed_rows(cell: Cell, error: str) -> pa.Table:
    """Return the rows that stand for a cell that could not run: its axes and its status."""
    return rows_of(cell, {"status": f"failed: {error}"})
