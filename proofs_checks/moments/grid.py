"""The grid of a run: worlds, dimensions, numbers of steps, exponents and orders; a cell is one martingale."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from schattor_theory.checks import check_choice, check_exponent, check_integer, fail
from schattor_theory.errors import ParameterError, UnknownNameError
from synthetic.martingales import MARTINGALES, MatrixMartingale
from synthetic.seeds import Streams, digest

from .catalogue import BOUNDS, GROUPS
from .probe import Request

__all__ = ["SCALES", "WORLDS", "Cell", "Grid", "World", "default_grid", "selected_bounds", "selected_worlds"]

SCALES = ("full", "smoke")
RESULTS_VERSION = 2
"""Raised when a change alters numbers, so that cells of another version are not taken for finished ones."""


@dataclass(frozen=True, slots=True)
class World:
    """A martingale family with options: one line in the figures.

    Attributes
    ----------
    family : str
        Name in ``MARTINGALES``.
    options : mapping
        Of the family.
    has_own_shape : bool
        Whether the family dictates the shape.
    own_steps : int or None
        The only number of steps it has.
    """

    family: str
    options: Mapping[str, Any] = field(default_factory=dict)
    has_own_shape: bool = False
    own_steps: int | None = None


_DIFFERENT: dict[str, World] = {
    "rows_and_columns": World("rows_and_columns", has_own_shape=True),
    "adapted": World("adapted", {"dependence": "walk"}),
    "digits_network": World("digits_network", {"width": 8, "n_samples": 256}, has_own_shape=True),
}
_VARIANTS: dict[str, World] = {
    "ginibre, complex": World("ginibre", {"field": "complex"}),
    "gaussian series": World("rademacher_series", {"coefficients": "gaussian"}),
    "rows_and_columns, complex": World("rows_and_columns", {"coefficients": "complex_gaussian"}, has_own_shape=True),
    "rows_and_columns, signs": World("rows_and_columns", {"coefficients": "rademacher"}, has_own_shape=True),
    "adapted, jump": World("adapted", {"dependence": "jump"}, own_steps=2),
    "two_point, symmetric": World("two_point", {"probability": 0.5}),
    "two_point, one entry": World("two_point", {"directions": "one_entry"}),
    "heavy_tailed, two-point": World("heavy_tailed", {"tail": "two_point", "tail_probability": 0.05}),
}

WORLDS: dict[str, World] = {name: _DIFFERENT.get(name, World(name)) for name in MARTINGALES} | _VARIANTS
"""What is probed, by name: every family once, and some of them with other options."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One martingale and what is asked of it.

    Attributes
    ----------
    world : str
        Name in ``WORLDS``.
    dimension : int
        The matrices are d×d, unless the family has a shape of its own.
    n_steps, trials, seed : int
    requests : tuple of Request
    n_probes : int
        Of the whole run: error rates are divided by it.
    """

    world: str
    dimension: int
    n_steps: int
    trials: int
    seed: int
    requests: tuple[Request, ...]
    n_probes: int

    @property
    def axes(self) -> dict[str, Any]:
        """Return what declares the streams: not what is asked of the martingale."""
        return {"tightness": self.seed, "world": self.world, "dimension": self.dimension, "n_steps": self.n_steps}

    @property
    def digest(self) -> str:
        """Return the name of the cell's file."""
        asked = [[r.bound, r.q, r.moment_order] for r in self.requests]
        extra = {"trials": self.trials, "requests": asked, "n_probes": self.n_probes, "version": RESULTS_VERSION}
        return digest(self.axes | extra)[:24]

    def why_not(self) -> str:
        """Return why no such martingale exists; empty where one does."""
        return MARTINGALES[WORLDS[self.world].family].why_not(*self._arguments, **self._options())

    def build(self) -> MatrixMartingale:
        """Return the martingale."""
        return MARTINGALES[WORLDS[self.world].family].build(*self._arguments, **self._options())

    @property
    def _arguments(self) -> tuple[tuple[int, int] | None, int]:
        return None if WORLDS[self.world].has_own_shape else (self.dimension, self.dimension), self.n_steps

    def _options(self) -> dict[str, Any]:
        # the matrices a world is made of are its own, whatever is drawn later
        rng = Streams({"world": self.axes}).generator("basis")
        return {"rng": rng, **WORLDS[self.world].options}


@dataclass(frozen=True, slots=True, kw_only=True)
class Grid:
    """The axes of a run."""

    worlds: tuple[str, ...]
    bounds: tuple[str, ...]
    exponents: tuple[float, ...]
    orders: tuple[float, ...]
    dimensions: tuple[int, ...]
    steps: tuple[int, ...]
    trials: int
    seed: int
    scale: str = "full"

    def cells(self) -> list[Cell]:
        """Return the cells, world by world; a world with a shape of its own has the dimension 0 here."""
        requests = tuple(
            Request(bound, q, order)
            for bound in self.bounds
            for q in self.exponents
            for order in self.orders
            if _is_meant(bound, q, order)
        )
        points = {world: self._points(WORLDS[world]) for world in self.worlds}
        n_probes = max(1, len(requests) * sum(map(len, points.values())))
        return [
            Cell(world=world, dimension=d, n_steps=n, trials=self.trials, seed=self.seed, requests=requests,
                 n_probes=n_probes)
            for world in self.worlds
            for d, n in points[world]
        ]  # fmt: skip

    def _points(self, world: World) -> list[tuple[int, int]]:
        dimensions = (0,) if world.has_own_shape else self.dimensions
        steps = self.steps if world.own_steps is None else (world.own_steps,)
        return [(d, n) for d in dimensions for n in steps]

    def to_dict(self) -> dict[str, Any]:
        """Return the axes as plain values."""
        return {name: getattr(self, name) for name in self.__slots__}


def _is_meant(bound: str, q: float, order: float) -> bool:
    """Return whether a bound says anything at (q, β), so that tables do not fill with what is not applicable."""
    if bound.startswith(("T4b", "T4d")):
        return order == 2 and q <= 2
    if bound == "T4e":
        return order == 2 and q >= 2 and not math.isinf(q)
    if bound == "T4a-triangle":
        return order == 1
    if bound in ("T4a-fallback", "T4a*-best"):
        return q == order
    if bound.startswith("T4c"):
        return q <= 2
    if bound == "T4g":
        return q <= order
    return order <= q and (order == 1 or q <= order / (order - 1) * (1 + 1e-12))


def selected_bounds(names: Sequence[str] | None) -> tuple[str, ...]:
    """Return the bounds of these names or statements, all for None."""
    if names is None:
        return tuple(BOUNDS)
    found: list[str] = []
    for name in names:
        if name in GROUPS:
            found += GROUPS[name]
        else:
            found.append(check_choice("tightness", "bound", name, (*GROUPS, *BOUNDS)))
    return tuple(dict.fromkeys(found))


def selected_worlds(names: Sequence[str] | None) -> tuple[str, ...]:
    """Return the worlds of these names, all for None."""
    if names is None:
        return tuple(WORLDS)
    if not names:
        fail(UnknownNameError, "tightness", "martingale", f"be one of {', '.join(WORLDS)}", names)
    return tuple(dict.fromkeys(check_choice("tightness", "martingale", name, WORLDS) for name in names))


def default_grid(
    *,
    bounds: Sequence[str] | None = None,
    worlds: Sequence[str] | None = None,
    exponents: Sequence[object] | None = None,
    steps: Sequence[int] | None = None,
    dimensions: Sequence[int] | None = None,
    trials: int | None = None,
    seed: int = 0,
    scale: str = "full",
) -> Grid:
    """Return the grid of a run; what is not given depends on the scale.

    Raises
    ------
    SchattorError
        For a name or number that means nothing.
    """
    call = "tightness"
    check_choice(call, "scale", scale, SCALES)
    is_full = scale == "full"
    qs = tuple(check_exponent(call, q, "q") for q in (exponents or ((1, "4/3", 1.5, 2, 3) if is_full else (1, 2))))
    ns = tuple(check_integer(call, "n", n, minimum=1) for n in (steps or ((1, 4, 16, 64) if is_full else (1, 8))))
    ds = tuple(check_integer(call, "d", d, minimum=1) for d in (dimensions or ((2, 4, 8, 16) if is_full else (1, 4))))
    if not seed >= 0:
        fail(ParameterError, call, "seed", "be an integer >= 0", seed)
    orders = sorted({1.0, 1.5, 2.0, *(q for q in qs if q <= 2)}) if is_full else [1.0, 2.0]
    return Grid(
        worlds=selected_worlds(worlds),
        bounds=selected_bounds(bounds),
        exponents=tuple(dict.fromkeys(qs)),
        orders=tuple(orders),
        dimensions=tuple(sorted(set(ds))),
        steps=tuple(sorted(set(ns))),
        trials=check_integer(call, "trials", trials or (20_000 if is_full else 2_000), minimum=1),
        seed=seed,
        scale=scale,
    )
