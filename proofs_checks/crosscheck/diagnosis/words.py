"""Words: findings on the kind of step, the map, its schedule and normalisation, with the numbers behind them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from schattor_theory.geometry import exponent_label

from ..convention import AnyMap, EntrywiseMap, PolynomialMap, PowerMap
from ..finding import Finding
from ..probe import Run
from .activity import Kind, rescaled_words
from .identify import Identified
from .observation import Observation
from .partition import Blocks
from .scale import ScaleFit
from .schedule import MOST_STEPS
from .spectrum import PowerLaw, curve_of, leading_count

__all__ = [
    "activity_finding",
    "map_finding",
    "normalisation_finding",
    "schedule_finding",
]

_KINDS = {
    "gradient": "moves along the gradient",
    "sign": "entrywise: sign or Adam-like",
    "rows": "each row by itself: a multiple of its row of the gradient",
    "columns": "each column by itself: a multiple of its column of the gradient",
    "spectral": "spectral: a map of singular values",
    "other": "not spectral, nor by rows, columns or the sign of entries",
}


def activity_finding(kind: Kind, seen: Sequence[Observation], runs: Sequence[Run], blocks: Blocks) -> Finding:
    """Return what kind of step it is."""
    value = _KINDS[kind.name]
    if kind.name == "gradient":
        value += {0: ", of one length whatever its size (normalised SGD)", 1: ", in proportion to it (plain SGD)"}.get(
            round(kind.degree) if math.isfinite(kind.degree) and abs(kind.degree - round(kind.degree)) < 0.1 else -1, ""
        )
    if blocks.kind != "whole":
        value += f" of {blocks.kind}"
    left = ", ".join(f"{name} {share:.1e}" for name, share in kind.shares.items())
    worst, name = kind.worst[kind.name] if kind.name in kind.worst else min(kind.worst.values())
    evidence = (
        f"Median share of the step that each kind of map leaves unexplained at {len(seen)} probes: {left}; "
        f"the most at '{name}', {worst:.1e}."
    )
    if math.isfinite(kind.degree):
        evidence += f" f(cG) = c^{kind.degree:.3f} f(G) about ordinary sizes."
    if kind.name in ("rows", "columns"):
        evidence += _lengths(kind.name, seen)
    stopped = [
        run
        for run in runs
        if run.probe.n_steps == 1 and not run.parameters and len(next(iter(run.probe.shapes.values()), ())) == 2
    ]
    if stopped:
        evidence += f" {len(stopped)} probes made no step: '{stopped[0].probe.name}' {stopped[0].status}."
    return Finding(
        property="activity", value=value, evidence=evidence, data={"left": dict(kind.shares), "degree": kind.degree}
    )


def _lengths(kind: str, seen: Sequence[Observation]) -> str:
    axis = 1 if kind == "rows" else 0
    spread = max(float(np.std(n) / np.mean(n)) for n in (np.linalg.norm(one.update, axis=axis) for one in seen))
    return f" Lengths of the {kind} of a step differ by {spread:.1e} of their mean at most."


def map_finding(
    kind: Kind,
    found: Identified,
    fit: ScaleFit | None,
    seen: Sequence[Observation],
    of: AnyMap | None = None,
) -> Finding:
    """Return the map by name."""
    data: dict[str, Any] = {"curve": curve_of(seen)}
    if found.law is not None:
        data["power_law"] = {"slope": found.law.slope, "error": found.law.error, "residual": found.law.residual}
    law = "" if found.law is None else _law_words(found.law, found.interval)
    if found.map is None:
        value = (
            "not a map of singular values" if kind.name != "spectral" else "not a power law and not a known iteration"
        )
        if kind.name in ("rows", "columns"):
            value = f"{kind.name[:-1]} by {kind.name[:-1]}"
        if found.law is not None and _is_power_law(found.law, seen) and kind.name == "spectral":
            value = f"the power {found.law.slope:.4g} of the singular values, which is that of no norm S_p"
        count = leading_count(seen) if kind.name == "spectral" else None
        if count is not None:
            value = f"the {count} largest singular values come out as 1, the others are dropped"
        if kind.name == "other":
            law = rescaled_words(seen)
        return Finding(property="map", value=value, evidence=law or "No map that is known fits.", data=data)
    of = of if of is not None else found.map
    value = of.words
    evidence = law
    if found.noise is not None:
        evidence += (
            f" The map leaves {found.noise.diagonal:.1e} of the step on the singular diagonal of the gradient and "
            f"{found.noise.outside:.1e} off it."
        )
    if fit is not None and isinstance(of, PowerMap):
        how = f"grows with {fit.relation}" if fit.relation else "has one length whatever the size of the gradient"
        evidence += f" The step {how}, to {fit.spread:.1e}."
    alternatives = found.alternatives if isinstance(of, PowerMap) else ()
    if isinstance(of, EntrywiseMap):
        evidence = "The step is the sign of each entry of the gradient" + (
            ", but for entries near its floor." if of.name == "adam" else " at every size seen."
        )
    if fit is not None and fit.relation not in ("", "the dual norm <G, D>"):
        value += f", times {fit.relation}"
    return Finding(
        property="map",
        value=value,
        evidence=evidence.strip(),
        alternatives=alternatives[:6],
        is_decided=not alternatives,
        data=data,
    )


def _is_power_law(law: PowerLaw, seen: Sequence[Observation]) -> bool:
    """Return whether a power leaves no more of the curve than rounding leaves off it."""
    outside = float(np.median([one.outside_share for one in seen]))
    return law.residual <= max(5 * outside, 1e-6)


def _law_words(law: PowerLaw, of_p: tuple[float, float]) -> str:
    if math.isinf(law.slope):
        return f"Only the largest singular value comes out; {law.residual:.1e} lies beyond."
    low, high = of_p
    interval = (
        "" if math.isnan(low) else f", p in [{low:.6g}, {exponent_label(high) if math.isinf(high) else f'{high:.6g}'}]"
    )
    return f"s_out ∝ s_in^{law.slope:.6f} ± {law.error:.1e}{interval}, which leaves {law.residual:.1e}."


def schedule_finding(found: Identified, seen: Sequence[Observation]) -> list[Finding]:
    """Return the polynomial schedule by name, where the map is an iteration, or nearly one."""
    nearest = found.nearest
    if nearest is None or isinstance(found.map, EntrywiseMap):
        return []
    if isinstance(found.map, PowerMap):
        if not math.isinf(found.map.p):
            return []
        if not found.alternatives:
            return [
                Finding(
                    property="schedule",
                    value="none: the polar factor itself",
                    evidence=f"No schedule of up to {MOST_STEPS} steps fits as well; {nearest.words} leaves "
                    f"{nearest.residual:.1e} of the singular values.",
                )
            ]
        return [
            Finding(
                property="schedule",
                value="the polar factor itself",
                alternatives=found.alternatives[:6],
                is_decided=False,
                evidence="These iterations have converged to rounding at every probe.",
            )
        ]
    off = f"off by {nearest.residual:.1e} of the singular values"
    if found.map is None:
        return [
            Finding(
                property="schedule",
                value=f"not a named schedule; nearest {nearest.words}",
                evidence=f"{nearest.words} is {off}.",
                data={"residual": nearest.residual},
            )
        ]
    schedule = found.map.schedule
    if not found.is_named and schedule == nearest.map.schedule and nearest.is_named:
        return [
            Finding(
                property="schedule",
                value=f"not a named schedule; nearest {nearest.words}",
                evidence="The two differ where the gradient is ill-conditioned, and agree to rounding elsewhere.",
            )
        ]
    if not found.is_named and schedule != nearest.map.schedule:
        steps = "; ".join(str(tuple(round(a, 6) for a in row)) for row in dict.fromkeys(schedule.steps))
        return [
            Finding(
                property="schedule",
                value=f"not a named schedule: {schedule.name}, {schedule.n_steps} steps",
                evidence=f"It leaves {_diagonal(found)}; {nearest.words} is {off}. Coefficients: {steps}.",
                data={"coefficients": [list(row) for row in schedule.steps], "nearest": nearest.words},
            )
        ]
    others = tuple(one for one in found.alternatives if not one.startswith(f"{nearest.words}, input margin"))
    return [
        Finding(
            property="schedule",
            value=nearest.words,
            alternatives=others[:6],
            is_decided=not others,
            evidence=f"It leaves {_diagonal(found)} of the singular values at {len(seen)} probes, each with a factor.",
            data={"residual": nearest.residual},
        )
    ]


def _diagonal(found: Identified) -> str:
    return f"{found.noise.diagonal:.1e}" if found.noise is not None else "rounding"


def normalisation_finding(found: Identified) -> list[Finding]:
    """Return what the input is divided by."""
    if not isinstance(found.map, PolynomialMap):
        return []
    margin = found.map.schedule.input_margin
    extra = f", times {1 + margin:g}" if margin else ""
    words = found.nearest.words if found.nearest is not None else ""
    others = tuple(
        f"the same with{one.removeprefix(words + ',')}"
        for one in found.alternatives
        if one.startswith(f"{words}, input margin")
    )
    return [
        Finding(
            property="normalisation",
            value=f"{found.map.normalisation}{extra}",
            alternatives=others,
            is_decided=not others,
            evidence="Of Frobenius, spectral, Schatten-4 norm and row sums, this fits the curve to the schedule.",
        )
    ]
