"""Study, Arm, Cell: what a study asks for."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass

from synthetic import PROBLEMS
from synthetic.seeds import digest

from .axes import FIT_AXES
from .point import integer_at, real_at, world_at

__all__ = [
    "ASSUMPTIONS",
    "RESULTS_VERSION",
    "SCALES",
    "Arm",
    "Cell",
    "Expectation",
    "Held",
    "Study",
]

RESULTS_VERSION = 2
"""Raised by a change that alters the numbers of a cell: parts of different versions are never mixed."""

ASSUMPTIONS = ("covariance", "moment", "weighted")
SCALES = ("full", "smoke")


@dataclass(frozen=True, slots=True)
class Held:
    """What is held fixed while the axes vary, and in which geometry.

    Attributes
    ----------
    initial_gap, smoothness, sigma : float
        Δ in F, L in F/X², σ in F/X.
    moment_order : float
        The order in which σ is the noise's moment, in (1, 2].
    geometry : str
        ``"own"``: L and σ are those of each method's own geometry; an exponent: those of that Schatten norm.
    """

    initial_gap: float
    smoothness: float
    sigma: float
    moment_order: float = 2.0
    geometry: str = "own"


@dataclass(frozen=True, slots=True)
class Expectation:
    """What an arm is expected to show: an exponent equal to, at least, or at most a number.

    ``equals`` asks for equivalence within ``margin`` (two one-sided tests at ``alpha``); ``at_least`` and ``at_most``
    ask for a one-sided interval at ``alpha``. ``value = "rate"`` stands for the exponent of T5's rate. ``statistic`` is
    the column whose exponent is meant.
    """

    arm: str
    where: Mapping[str, tuple[object, ...]]
    kind: str
    value: float | str
    statistic: str
    margin: float = 0.0
    alpha: float = 0.05


@dataclass(frozen=True, slots=True)
class Arm:
    """One arm: a grid of axes, what it holds fixed, and the assumption its bound uses.

    Attributes
    ----------
    axes : mapping
        Axis to its values.
    repeats : int
        Repeats at each point of the axes.
    held : Held or None
        None when the constants are estimated (real data).
    assumption : str
        Which noise assumption the bound uses: ``covariance`` (N2), ``moment`` (N1) or ``weighted`` (N3).
    tuned_for : str
        Which assumption the theory's tuning relies on; a negative control is tuned for more than it has.
    against : str
        The axis along which an exponent is fitted.
    grid : tuple of float
        Factors on the theory's step size among which ``tuning = "empirical"`` chooses.
    radii_spread : float
        Ratio of the largest to the smallest block radius, when there are blocks.
    record : tuple of str
        Paths that are kept beside the parts.
    statistics : tuple of str
        Columns whose exponents are fitted; the first is the one that is drawn.
    """

    name: str
    title: str
    axes: Mapping[str, tuple[object, ...]]
    repeats: int
    held: Held | None
    assumption: str
    tuned_for: str
    against: str
    grid: tuple[float, ...]
    radii_spread: float
    record: tuple[str, ...]
    statistics: tuple[str, ...]
    note: str = ""


@dataclass(frozen=True, slots=True)
class Cell:
    """One point of the axes times one block of repeats: the unit that is run, stored and skipped when present."""

    arm: str
    point: Mapping[str, object]
    held: Held | None
    assumption: str
    tuned_for: str
    grid: tuple[float, ...]
    radii_spread: float
    record: tuple[str, ...]
    block: int
    block_size: int
    seed: int

    @property
    def axes(self) -> dict[str, object]:
        """Return everything that the numbers of this cell's repeats depend on, besides the repeat itself."""
        held = None if self.held is None else {name: getattr(self.held, name) for name in Held.__slots__}
        is_empirical = self.point["tuning"] == "empirical"
        return {
            "arm": self.arm,
            "point": dict(self.point),
            "held": held,
            "assumption": self.assumption,
            "tuned_for": self.tuned_for,
            "grid": list(self.grid) if is_empirical else None,
            "radii_spread": self.radii_spread if "blocks" in self.point else None,
            "record": list(self.record),
            "seed": self.seed,
        }

    @property
    def digest(self) -> str:
        """Return the name of this cell: a hash of its axes, its block of repeats and the results version."""
        block = {"block": self.block, "block_size": self.block_size, "results_version": RESULTS_VERSION}
        return digest(self.axes | block)

    @property
    def first_repeat(self) -> int:
        """Return the index of the first repeat of the block."""
        return self.block * self.block_size

    @property
    def cost(self) -> float:
        """Return the expected work, in arbitrary units: for the order of the cells and the time left, nothing else."""
        side = integer_at(self.point, "dimension" if self.point.get("dimension") else "width")
        blocks = integer_at(self.point, "blocks") if self.point.get("blocks") else 1
        matrices = self.block_size * blocks
        runs = 1 + (len(self.grid) * 0.5 if self.point["tuning"] == "empirical" else 0)
        # source: seconds of a step measured on one core for diagonal stacks, d = 4 to 256, between them and full ones
        per_matrix = (2.5e-8 * side**2 + 1e-10 * side**3) * real_at(self.point, "aspect")
        family = PROBLEMS.get(str(world_at(self.point, "problem")["name"]))
        if family is not None and family.is_diagonal:
            per_matrix = 1e-7 * side  # source: the same at d = 10^6 and 10^7, stored as diagonals
        per_step = 2.5e-4 * blocks + matrices * per_matrix
        return runs * integer_at(self.point, "horizon") * per_step

    def label(self) -> str:
        """Return the cell in words, for messages."""
        shown = [f"{k}={self.point[k]}" for k in ("p", *FIT_AXES) if k in self.point]
        return f"{self.arm}: {', '.join(shown)}, block {self.block}"


@dataclass(frozen=True, slots=True)
class Study:
    """A study: arms, expectations, and the size of a block of repeats."""

    name: str
    title: str
    statement: str
    summary: str
    block_size: int
    seed: int
    arms: tuple[Arm, ...]
    expectations: tuple[Expectation, ...]
    margin: float
    alpha: float
    scale: str
    text: str

    @property
    def digest(self) -> str:
        """Return the hash of the study file and the scale."""
        return digest({"text": self.text, "scale": self.scale})

    def arm(self, name: str) -> Arm:
        """Return the arm called ``name``."""
        return next(arm for arm in self.arms if arm.name == name)

    def cells(self) -> list[Cell]:
        """Return every cell, in the order of the file."""
        found = []
        for arm in self.arms:
            for values in itertools.product(*arm.axes.values()):
                point = dict(zip(arm.axes, values, strict=True))
                for block in range(arm.repeats // self.block_size):
                    found.append(
                        Cell(
                            arm.name, point, arm.held, arm.assumption, arm.tuned_for, arm.grid, arm.radii_spread,
                            arm.record, block, self.block_size, self.seed,
                        )
                    )  # fmt: skip
        return found
