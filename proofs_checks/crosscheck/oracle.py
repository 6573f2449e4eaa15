"""What a map is worth as an oracle: its δ and ω of T1, and the guarantee they leave beside the exact method's."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypedDict

import numpy as np

from schattor_theory import stationarity_bound
from schattor_theory.geometry import exponent_label
from schattor_theory.geometry.polynomials import POLAR_SCHEDULES, PolarSchedule
from schattor_theory.geometry.schatten import schatten_norm

from .bands import averages_of, is_in_range
from .convention import UNIT_ROUNDOFF, AnyMap, Convention, EntrywiseMap, PolynomialMap, PowerMap
from .momentum import Momentum
from .probe import ONE, Run
from .reference import moved
from .scales import scale_factor

__all__ = ["SETTING", "Enclosed", "Guarantee", "OracleReport", "examine_oracle"]


class Setting(TypedDict):
    """The numbers of a problem, as the bounds take them."""

    initial_gap: float
    smoothness: float
    sigma: float
    moment_order: float
    n_steps: int


SETTING: Setting = {"initial_gap": 1.0, "smoothness": 1.0, "sigma": 0.1, "moment_order": 2, "n_steps": 1000}
"""The problem whose guarantee is printed: Δ = L = 1, covariance noise of level 0.1, a thousand steps."""

_LEASTS = ("0.1", "0.01", "0.001")


@dataclass(frozen=True, slots=True)
class Enclosed:
    """Proved δ and ω of a schedule in exact arithmetic, for singular values in ``[least, 1]·‖M‖_F``."""

    least: str
    direction_defect: float
    norm_excess: float


@dataclass(frozen=True, slots=True)
class Guarantee:
    """The bound on the mean dual norm at its best step size, of the implementation and of the exact method."""

    statement: str
    value: float | None
    exact: float | None
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class OracleReport:
    """δ and ω as measured: their largest values over the probes.

    Attributes
    ----------
    p : float
        Exponent of the primal norm.
    direction_defect, norm_excess : float
        ``max 1 - <M, D>/‖M‖_q`` and ``max ‖D‖_p - 1`` over all steps, D the step over its factor by the shape.
    defect_probe, excess_probe : str
        Where they were found.
    n_steps : int
        How many steps were measured.
    has_floor : bool
        Whether small averages were left out.
    guarantee : Guarantee or None
        None where the theory has no bound for this momentum or product of blocks.
    enclosed : tuple of Enclosed
        Of a schedule.
    """

    p: float
    direction_defect: float
    norm_excess: float
    defect_probe: str
    excess_probe: str
    n_steps: int
    has_floor: bool = False
    guarantee: Guarantee | None = None
    enclosed: tuple[Enclosed, ...] = ()

    @property
    def alignment(self) -> float:
        """Return κ = (1-δ)/(1+ω), on which alone the guarantee depends once the step size is chosen."""
        return (1 - self.direction_defect) / (1 + self.norm_excess)

    @property
    def words(self) -> tuple[str, ...]:
        """Return a few sentences."""
        label = exponent_label(self.p)
        found = [
            f"Measured over {self.n_steps} steps, p = {label}: δ = {self.direction_defect:.3g}"
            f"{_found_at(self.direction_defect, self.defect_probe)}, ω = {self.norm_excess:.3g}"
            f"{_found_at(self.norm_excess, self.excess_probe)}, "
            f"κ = (1-δ)/(1+ω) = {self.alignment:.4g}; the exact oracle has δ = ω = 0, κ = 1."
            + (f" Averages below {_FLOORS:g} ε are left out." if self.has_floor else "")
        ]
        found.extend(
            f"In exact arithmetic, proved for singular values in [{one.least}, 1]·‖M‖_F: "
            f"δ = {one.direction_defect:.4g}, ω = {one.norm_excess:.4g}." for one in self.enclosed
        )  # fmt: skip
        g = self.guarantee
        if g is not None:
            setting = ", ".join(f"{name} = {value:g}" for name, value in _SYMBOLS.items())
            if g.value is None:
                found.append(f"No guarantee with these δ and ω ({setting}): {g.reason}")
            else:
                found.append(f"Guarantee of {g.statement} at the best step size ({setting}): {g.value:.4g}, where the "
                             f"exact method has {g.exact:.4g}.")  # fmt: skip
        return tuple(found)

    def to_dict(self) -> dict[str, Any]:
        """Return the numbers as plain values."""
        g = self.guarantee
        return {
            "p": self.p, "direction_defect": self.direction_defect, "norm_excess": self.norm_excess,
            "alignment": self.alignment, "defect_probe": self.defect_probe, "excess_probe": self.excess_probe,
            "n_steps": self.n_steps, "setting": SETTING,
            "guarantee": None if g is None else {"statement": g.statement, "value": g.value, "exact": g.exact,
                                                 "reason": g.reason},
            "enclosed": [{"least": one.least, "direction_defect": one.direction_defect,
                          "norm_excess": one.norm_excess} for one in self.enclosed],
        }  # fmt: skip


_FLOORS = 1000
"""Averages of a dual norm below so many ε are not measured: there the floor shortens every step."""


def _found_at(value: float, probe: str) -> str:
    return f" (probe {probe!r})" if value > 0 else " up to rounding"


_SYMBOLS = {"Δ": SETTING["initial_gap"], "L": SETTING["smoothness"], "σ": SETTING["sigma"], "K": SETTING["n_steps"]}


def examine_oracle(runs: Sequence[Run], convention: Convention | None) -> OracleReport | None:
    """Return δ and ω over all steps of a map on one matrix; None for maps that are no oracle of a Schatten norm."""
    if convention is None or convention.exponents or isinstance(convention.map, EntrywiseMap):
        return None
    of = convention.map
    p = of.p if isinstance(of, PowerMap) else math.inf
    q = 1.0 if math.isinf(p) else (math.inf if p == 1 else p / (p - 1))
    measured = [one for run in runs if _is_measured(run, convention) for one in _measure(run, convention, p, q)]
    if not measured:
        return None
    defect = max(measured, key=lambda one: one[1])
    excess = max(measured, key=lambda one: one[2])
    unit = max(convention.unit_roundoff(run.dtype) for run in runs)
    # an oracle that is exact but for rounding counts as exact: it has bounds that an inexact one has not. In half
    # precision rounding is no trifle, and nothing is cut
    rounding = 64 * unit if unit <= UNIT_ROUNDOFF["float32"] else 0.0
    delta, omega = (0.0 if one <= rounding else one for one in (defect[1], excess[2]))
    return OracleReport(
        p=p, direction_defect=delta, norm_excess=omega, defect_probe=defect[0], excess_probe=excess[0],
        n_steps=len(measured), has_floor=convention.floor.value > 0,
        guarantee=_guarantee(convention, p, delta, omega), enclosed=_enclosed(of),
    )  # fmt: skip


def _is_measured(run: Run, convention: Convention) -> bool:
    one = run.probe.start.get(ONE)
    is_matrix = len(run.probe.start) == 1 and one is not None and one.ndim == 2
    return bool(is_matrix and run.is_ok and is_in_range(run, convention) and run.probe.saved_before is None)


def _measure(run: Run, convention: Convention, p: float, q: float) -> list[tuple[str, float, float]]:
    """Return ``(probe, 1 - <M, D>/‖M‖_q, ‖D‖_p - 1)`` of each step with M far enough above the floor."""
    past: dict[str, list[np.ndarray]] = {ONE: []}
    x = {ONE: np.asarray(run.probe.start[ONE], dtype=np.float64)}
    eta = run.probe.step_size if run.knows_step_size else (convention.step_size or 1.0)
    found = []
    for k, after in enumerate(run.parameters):
        m = averages_of(run, convention, past, x, k)[0][ONE]
        norm = float(schatten_norm(m, q))
        step = eta * convention.step_factor(k)
        decayed = moved(convention, x[ONE], np.zeros_like(m), step)
        factor = step * convention.scale.factor * scale_factor(convention.scale.formula, m.shape)
        d = (decayed - after[ONE]) / factor if factor else np.full_like(m, np.nan)
        if norm > _FLOORS * convention.floor.value and np.all(np.isfinite(d)):
            of = convention.map
            # a direction that grows with M is compared after its dual norm
            d = d / norm if _grows(of) else d
            found.append((run.probe.name, 1 - float(np.sum(m / norm * d)), float(schatten_norm(d, p)) - 1))
        x = dict(after)
    return found


def _guarantee(convention: Convention, p: float, delta: float, omega: float) -> Guarantee | None:
    options = _theory_of(convention.momentum)
    if options is None:
        return None
    options["oracle"] = "regularized" if _grows(convention.map) else "ball"

    def best(direction_defect: float = 0.0, norm_excess: float = 0.0) -> tuple[float | None, str, str]:
        found = [
            stationarity_bound(
                p=p, step_size=2.0**-k, direction_defect=direction_defect, norm_excess=norm_excess, **SETTING, **options
            )
            for k in np.arange(0, 12, 0.5)
        ]
        values = [one.value for one in found if one.value is not None]
        return (min(values) if values else None), found[-1].statement, found[-1].reason

    value, statement, reason = best(direction_defect=min(delta, 1.0), norm_excess=omega)
    return Guarantee(statement, value, best()[0], reason)


def _grows(of: AnyMap) -> bool:
    """Return whether the direction is multiplied by the dual norm of what it comes from."""
    if isinstance(of, PowerMap):
        return of.is_regularized
    return isinstance(of, PolynomialMap) and of.times_dual_norm


def _theory_of(momentum: Momentum) -> dict[str, Any] | None:
    """Return the momentum as the bounds take it: by its direction, which is all that a ball oracle sees."""
    if momentum.average in ("recursive", "schedule") or not 0 <= momentum.beta < 1:  # plain sums are no average
        return None
    options: dict[str, Any] = {"momentum": 0.0 if momentum.average == "none" else momentum.beta}
    if momentum.average in ("ema", "heavy ball", "bias corrected") and momentum.beta > 0:
        options["bias_correction"] = True
    if momentum.average == "none" or momentum.look_ahead == "none":
        return options
    if momentum.look_ahead == "fixed":
        options["look_ahead"] = momentum.tau_at if momentum.taus else momentum.tau
    else:
        options["look_ahead"] = _look_ahead(momentum)
    return options


def _look_ahead(momentum: Momentum) -> str | Callable[[int], float]:
    if momentum.look_ahead in ("ema", "heavy ball", "next weight"):
        return "nesterov"
    mu = momentum.beta

    def tau(k: int) -> float:
        of_average = mu * (1 - mu ** (k + 1)) / (1 - mu ** (k + 2))
        of_gradient = (1 - mu) / (1 - mu ** (k + 1))
        return of_gradient / (of_average + of_gradient)

    return tau


def _enclosed(of: AnyMap) -> tuple[Enclosed, ...]:
    if not isinstance(of, PolynomialMap) or of.normalisation != "frobenius" or not _is_named(of.schedule):
        return ()
    from ..rigorous.balls import upper
    from ..rigorous.polar import inexact_oracle

    found = []
    for least in _LEASTS:
        oracle = inexact_oracle(of.schedule, least)
        found.append(Enclosed(least, float(upper(oracle.direction_defect)), float(upper(oracle.norm_excess))))
    return tuple(found)


def _is_named(schedule: PolarSchedule) -> bool:
    return schedule.name in POLAR_SCHEDULES
