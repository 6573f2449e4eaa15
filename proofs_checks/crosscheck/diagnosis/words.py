"""Words: findings on the map, its schedule, floor and scale, with the numbers behind them."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from schattor_theory.geometry import exponent_label

from ..convention import EntrywiseMap, PolynomialMap, PowerMap
from ..finding import Finding
from ..probe import Run
from .activity import Kind
from .floor import FloorFit
from .identify import Identified
from .observation import Observation
from .partition import Blocks
from .scale import ScaleFit
from .schedule import MOST_STEPS
from .spectrum import curve_of

__all__ = [
    "activity_finding",
    "floor_finding",
    "map_finding",
    "normalisation_finding",
    "scale_findings",
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


def activity_finding(
    whole: Kind, kind: Kind, seen: Sequence[Observation], runs: Sequence[Run], blocks: Blocks
) -> Finding:
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
    of: PowerMap | PolynomialMap | EntrywiseMap | None = None,
) -> Finding:
    """Return the map by name."""
    data = {"curve": curve_of(seen)}
    if found.law is not None:
        data["power_law"] = {"slope": found.law.slope, "error": found.law.error, "residual": found.law.residual}
    law = "" if found.law is None else _law_words(found)
    if found.map is None:
        value = (
            "not a map of singular values" if kind.name != "spectral" else "not a power law and not a known iteration"
        )
        if kind.name in ("rows", "columns"):
            value = f"{kind.name[:-1]} by {kind.name[:-1]}"
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


def _law_words(found: Identified) -> str:
    law = found.law
    if math.isinf(law.slope):
        return f"Only the largest singular value comes out; {law.residual:.1e} lies beyond."
    low, high = found.interval
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
            evidence="Of Frobenius, spectral and Schatten-4 norm and row sums, this one fits the curve to the schedule.",
        )
    ]


def floor_finding(floor: FloorFit | None, entry: float | None, swept: dict[int, Observation]) -> Finding:
    """Return the floor of the division, in the unit of the gradient."""
    unit = "in the unit of the gradient, which the first average multiplies"
    if entry is not None:
        return Finding(
            property="floor",
            value=f"ε = {entry:.3g} added to each entry, {unit}",
            data={"epsilon": entry},
            evidence="Entries near it come out smaller than one.",
        )
    if floor is None:
        if not swept:
            return Finding(
                property="floor",
                value="not observed",
                is_decided=False,
                evidence="No gradient was seen at several sizes.",
            )
        least = min(swept)
        good = [k for k, one in swept.items() if one.is_finite and one.size > 0]
        where = f"from entries of {2.0 ** (min(good) - 1):.0e} on" if good else "nowhere"
        return Finding(
            property="floor",
            value="none seen",
            evidence=f"One gradient at {len(swept)} sizes, largest entry 2^{least} and more; steps are as at ordinary "
            f"sizes {where}.",
        )
    form = floor.floor.form
    other = "clamped" if form == "added" else "added"
    return Finding(
        property="floor",
        value=f"ε = {floor.floor.value:.3g} {form}, {unit}",
        alternatives=() if floor.is_form_clear else (f"the same {other}",),
        is_decided=floor.is_form_clear,
        evidence=f"It leaves {floor.residual:.1e} of the steps at {len(swept)} sizes, no floor {floor.without:.1e}.",
        data={"epsilon": floor.floor.value, "form": form, "error": max(2e-3, 2 * floor.residual)},
    )


def scale_findings(fit: ScaleFit, seen: Sequence[Observation]) -> list[Finding]:
    """Return the formula of the factor, and which axis it grows with."""
    shapes = ", ".join(f"{shape} {value:.5g}" for shape, value in fit.by_shape.items())
    evidence = (
        f"Factor by shape: {shapes}; as measured {fit.measured:.6g} ± {abs(fit.measured) * fit.error:.1e}, "
        f"spread {fit.spread:.1e}."
    )
    if fit.relation:
        evidence += (
            f" Proportional to {fit.relation}; the factor holds the weight of the first gradient in the first average."
        )
    if not fit.fits:
        found = Finding(
            property="scale",
            value=f"no formula fits; nearest {fit.scale.words}",
            evidence=evidence,
            data={"by_shape": dict(fit.by_shape)},
        )
        return [found]
    value = fit.scale.words
    if fit.relation and fit.relation != "the dual norm <G, D>":
        value += f", times {fit.relation}"
    if fit.uses_block:
        value += ", of the shape of a block"
    one_shape = len({one.shape for one in seen}) < 2
    found = [
        Finding(
            property="scale",
            value=value,
            evidence=evidence,
            alternatives=fit.alternatives[:8],
            is_decided=not fit.alternatives,
            data={"by_shape": dict(fit.by_shape), "factor": fit.measured, "error": fit.error * abs(fit.measured)},
        )
    ]
    formula = fit.scale.formula
    if one_shape or fit.alternatives:
        return found
    side = {
        "sqrt(max(1, rows/columns))": "rows",
        "sqrt(rows/columns)": "rows",
        "sqrt(rows)": "rows",
        "sqrt(max(1, columns/rows))": "columns",
        "sqrt(columns/rows)": "columns",
        "sqrt(columns)": "columns",
    }.get(formula)
    if side is None:
        found.append(
            Finding(
                property="axes",
                value="rows and columns alike",
                evidence=f"The factor {formula} is that of the transpose.",
            )
        )
    else:
        kind = "outputs are rows, as torch has them" if side == "rows" else "outputs are columns, as JAX has them"
        found.append(
            Finding(
                property="axes",
                value=f"{kind}: the factor grows with {side}",
                evidence=f"The factor is {fit.scale.words}.",
            )
        )
    return found
