"""What the authors of deviations meant: a few conventions, each as a record and as an optimizer of plain NumPy."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from schattor_theory.geometry.polynomials import polar_schedule

from ..convention import Convention, Decay, Floor, PolynomialMap, PowerMap, Scale
from ..momentum import Momentum
from .averages import average, bias_corrected, ema, first_gradient
from .matrices import MUON, POLAR_EXPRESS, iterated, schatten
from .optimizer import DECAYS, NumpyOptimizer, each

__all__ = [
    "BETA",
    "CORRECTED",
    "EXPRESS",
    "MEANT",
    "MUON_MEANT",
    "POLAR",
    "REGULARIZED",
    "SCHATTEN",
    "taller",
]

BETA = 0.95


def taller(rows: int, columns: int) -> float:
    """Return ``sqrt(max(1, rows/columns))``."""
    return math.sqrt(max(1.0, rows / columns))


MUON_MEANT = Convention(
    map=PolynomialMap(schedule=polar_schedule("muon")),
    momentum=Momentum(average="ema", beta=BETA, look_ahead="ema"),
    scale=Scale(formula="sqrt(max(1, rows/columns))"),
    decay=Decay(form="decoupled", rate=0.125),
    floor=Floor(value=1e-7, form="added"),
)
EXPRESS = replace(
    MUON_MEANT,
    map=PolynomialMap(schedule=polar_schedule("polar-express")),
    floor=Floor(),
    decay=Decay(),
)
POLAR = Convention(map=PowerMap(p=math.inf))
SCHATTEN = Convention(map=PowerMap(p=3.0), momentum=Momentum(average="first gradient", beta=0.9))
REGULARIZED = replace(SCHATTEN, map=PowerMap(p=3.0, is_regularized=True), momentum=Momentum(average="ema", beta=0.9))
CORRECTED = replace(REGULARIZED, momentum=Momentum(average="bias corrected", beta=0.9))


def muon(*, floor: float = 1e-7, rows: Sequence[Sequence[float]] = MUON, **changed: Any) -> NumpyOptimizer:
    """Return the optimizer of ``MUON_MEANT`` with other parts; what the iteration takes goes to the iteration."""
    options = {name: changed.pop(name) for name in tuple(changed)
               if name in ("norm", "margin", "clamped", "arithmetic", "times_dual_norm", "careful")}  # fmt: skip
    parts: dict[str, Any] = {
        "direction": each(iterated(rows, floor=floor, **options)),
        "average": average(ema(BETA), BETA, "ema"),
        "scale": taller,
        "decay": DECAYS["decoupled"],
        "rate": 0.125,
    }
    return NumpyOptimizer(**(parts | changed))


def express(*, floor: float = 0.0, rows: Sequence[Sequence[float]] = POLAR_EXPRESS, **changed: Any) -> NumpyOptimizer:
    """Return the optimizer of ``EXPRESS`` with other parts."""
    options: dict[str, Any] = {"margin": 0.01, "rate": 0.0}
    return muon(floor=floor, rows=rows, **(options | changed))


def polar(**changed: Any) -> NumpyOptimizer:
    """Return the optimizer of ``POLAR`` with other parts."""
    return NumpyOptimizer(**({"direction": each(schatten(math.inf))} | changed))


def power(p: float = 3.0, **changed: Any) -> NumpyOptimizer:
    """Return the optimizer of ``SCHATTEN`` with other parts."""
    return NumpyOptimizer(**({"direction": each(schatten(p)), "average": average(first_gradient(0.9))} | changed))


def regularized(p: float = 3.0, **changed: Any) -> NumpyOptimizer:
    """Return the optimizer of ``REGULARIZED`` with other parts."""
    parts = {"direction": each(schatten(p, regularized=True)), "average": average(ema(0.9))}
    return NumpyOptimizer(**(parts | changed))


def corrected(**changed: Any) -> NumpyOptimizer:
    """Return the optimizer of ``CORRECTED`` with other parts."""
    return regularized(**({"average": bias_corrected(0.9)} | changed))


MEANT: dict[str, tuple[Convention, Callable[..., NumpyOptimizer]]] = {
    "muon": (MUON_MEANT, muon),
    "express": (EXPRESS, express),
    "polar": (POLAR, polar),
    "power": (SCHATTEN, power),
    "regularized": (REGULARIZED, regularized),
    "corrected": (CORRECTED, corrected),
}
"""By name: the record, and the optimizer with its parts to replace. As it is, each conforms."""
