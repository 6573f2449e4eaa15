"""Grouping the rows of a study: points of the axes, and the series along the axis of a fit."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from .axes import AXES
from .columns import STATISTICS
from .fit import Points, slope_weights
from .plan import Arm, Study
from .point import as_real, real_at

__all__ = ["Point", "Series", "points_of", "series_of", "spell"]


@dataclass(frozen=True, slots=True, eq=False)
class Point:
    """The rows of one point of the axes.

    Attributes
    ----------
    arm : str
    key : dict
        Axis to value, as in the columns.
    rows : dict
        Column to one entry a repeat; statistics as float arrays with NaN where a run has none.
    """

    arm: str
    key: Mapping[str, object]
    rows: Mapping[str, NDArray[Any]]

    def first(self, column: str) -> object:
        """Return the first entry of a column that is the same in every row, None where it is missing."""
        return next((entry for entry in self.rows[column] if entry is not None), None)

    def first_number(self, column: str) -> float | None:
        """Return :meth:`first` of a column of numbers."""
        entry = self.first(column)
        return None if entry is None else as_real(column, entry)

    @property
    def bound(self) -> float | None:
        """Return the bound of the point; with constants estimated run by run, the largest."""
        found = [float(entry) for entry in self.rows["bound"] if entry is not None]
        return max(found, default=None)

    @property
    def n_failed(self) -> int:
        """Return how many runs did not end well."""
        return int(sum(status != "ok" for status in self.rows["status"]))


@dataclass(frozen=True, slots=True, eq=False)
class Series:
    """The points of an arm that differ along one axis only, ordered along it."""

    arm: str
    key: Mapping[str, object]
    against: str
    members: tuple[Point, ...]

    @property
    def x(self) -> NDArray[np.float64]:
        """Return the values of the axis."""
        return np.array([real_at(point.key, self.against) for point in self.members])

    def statistic(self, name: str) -> list[NDArray[np.float64]]:
        """Return one array of per-repeat values for each point."""
        return [point.rows[name] for point in self.members]

    def bound_exponent(self, counted: NDArray[np.float64]) -> float | None:
        """Return the exponent of the bound itself at the axis values ``counted``, None where a point has no bound.

        A bound of rate K^{-1/4} has lower-order terms, so on a finite range its own exponent is another one.
        """
        bounds = {float(x): point.bound for x, point in zip(self.x, self.members, strict=True)}
        found = [bounds[float(x)] for x in counted]
        if len(found) < 2 or any(bound is None or not 0 < bound < np.inf for bound in found):
            return None
        return float(slope_weights(counted) @ np.log(np.array(found, dtype=float)))

    def points(self, name: str = "stationarity_mean") -> Points:
        """Return the series as :func:`.fit.fit_power_law` takes it."""
        return Points(
            self.x,
            self.statistic(name),
            first=self.statistic("stationarity_first"),
            second_half=self.statistic("stationarity_second_half_mean"),
        )


def spell(key: Mapping[str, object], *, leave_out: tuple[str, ...] = ()) -> str:
    """Return a key in words: ``p=2, dimension=4``."""
    return ", ".join(f"{name}={value}" for name, value in key.items() if value is not None and name not in leave_out)


def points_of(table: pa.Table) -> Iterator[Point]:
    """Yield the points of the axes in the order of the rows."""
    columns = table.to_pydict()
    groups: dict[tuple[object, ...], list[int]] = {}
    names = ("arm", *AXES)
    for index, entry in enumerate(zip(*(columns[name] for name in names), strict=True)):
        groups.setdefault(entry, []).append(index)
    for entry, indices in groups.items():
        rows = {}
        for name, values in columns.items():
            chosen = [values[index] for index in indices]
            if name in STATISTICS:
                rows[name] = np.array([np.nan if v is None else v for v in chosen], dtype=float)
            else:
                rows[name] = np.array(chosen, dtype=object)
        yield Point(str(entry[0]), dict(zip(AXES, entry[1:], strict=True)), rows)


def series_of(table: pa.Table, study: Study) -> list[Series]:
    """Return the series of every arm along the axis that the arm is fitted against."""
    against: dict[str, Arm] = {arm.name: arm for arm in study.arms}
    groups: dict[tuple[str, tuple[tuple[str, object], ...]], list[Point]] = {}
    for point in points_of(table):
        axis = against[point.arm].against
        shared = tuple((name, value) for name, value in point.key.items() if name != axis)
        groups.setdefault((point.arm, shared), []).append(point)
    found = []
    for (arm, shared), members in groups.items():
        axis = against[arm].against
        ordered = sorted(members, key=lambda point: real_at(point.key, axis))
        found.append(Series(arm, dict(shared), axis, tuple(ordered)))
    return found
