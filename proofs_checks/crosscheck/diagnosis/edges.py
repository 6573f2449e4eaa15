"""Edges: inputs at which an implementation is known to break, and the sizes of gradient at which it works at all."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

import numpy as np

from ..convention import Convention, PowerMap
from ..finding import Finding
from ..probe import ONE, Run
from .noise import Noise, noise_of
from .observation import LEAST_RATIO, Observation

__all__ = ["edge_findings", "range_finding", "zero_findings"]

_COARSE = 0.02
"""Share of a step, or of its factor, below which a special input counts as treated like any other."""


def _fault(about: str, value: str, evidence: str) -> Finding:
    return Finding(property=about, value=value, evidence=evidence, is_fault=True)


def zero_findings(runs: Iterable[Run]) -> tuple[Finding, ...]:
    """Return what happens at a zero gradient with zero parameters, where it is not nothing."""
    for run in runs:
        if run.probe.n_steps > 1 or not run.is_ok or not run.parameters or set(run.probe.shapes) != {ONE}:
            continue
        if np.any(run.probe.gradients[0][ONE]) or np.any(run.probe.start[ONE]) or 0 in run.probe.shapes[ONE]:
            continue
        update = run.update(0)
        if not np.all(np.isfinite(update)):
            return (
                _fault(
                    "map",
                    f"NaN at '{run.probe.name}': the gradient is zero",
                    "The step of a zero gradient has entries that are not numbers.",
                ),
            )
        if np.any(update):
            return (
                _fault(
                    "map",
                    f"moves at '{run.probe.name}' although the gradient is zero",
                    f"‖U‖_F = {np.linalg.norm(update):.3g}.",
                ),
            )
    return ()


def edge_findings(
    seen: Sequence[Observation], convention: Convention | None, noise: Noise | None
) -> tuple[Finding, ...]:
    """Return the faults at special inputs: NaN, ascent, directions that the map does not have.

    Parameters
    ----------
    seen : sequence of Observation
        Of ordinary size, special or not.
    convention : Convention or None
        Map, scale and floor, where known.
    noise : Noise or None
        Of ordinary inputs.
    """
    # of low rank first: that is the usual place
    seen = sorted(seen, key=lambda one: one.is_full_rank)
    finite = [one for one in seen if one.is_finite and one.size > 0]
    found = []
    broken = [one.name for one in seen if not one.is_finite]
    if broken:
        found.append(_fault("map", f"NaN at {_names(broken)}", "The step has entries that are not finite numbers."))
    slopes = {one.name: float(np.sum(one.update * one.gradient)) / one.size / one.gradient_norm for one in finite}
    uphill = [name for name, slope in slopes.items() if slope < -1e-6]
    if finite and len(uphill) > 0.5 * len(finite):
        found.append(
            _fault(
                "activity",
                "uphill: ascent at most gradients",
                f"<U, G> < 0 at {len(uphill)} of {len(finite)} probes, where X <- X - ηU.",
            )
        )
    elif uphill:
        least = min(uphill, key=lambda name: slopes[name])
        found.append(
            _fault(
                "map",
                f"ascent at {_names(uphill)}",
                f"<U, G>/(‖U‖‖G‖) = {slopes[least]:.3g} at '{least}', where X <- X - ηU.",
            )
        )
    still = [one.name for one in seen if one.is_finite and one.size == 0]
    if still:
        found.append(_fault("map", f"no step at {_names(still)}", "The gradient is not zero and the step is."))
    if convention is not None and noise is not None:
        found += _directions(finite, convention, noise)
    return tuple(found)


def _directions(seen: Sequence[Observation], convention: Convention, noise: Noise) -> list[Finding]:
    """Return the faults in direction, one finding for each kind."""
    dropped, outside, other = {}, {}, {}
    for one in seen:
        special = noise_of(convention, [one], repeats=2)
        is_hard = one.is_full_rank and one.s_in[-1] < LEAST_RATIO * one.s_in[0]
        least = 0.3 if is_hard and isinstance(convention.map, PowerMap) else _COARSE
        expected = special.expected_total(max(noise.effective_unit, noise.unit))
        if special.total <= max(8 * expected, 3 * noise.total, least):
            continue
        cut = _dropped(one, convention)
        if cut is not None:
            dropped[one.name] = cut
        elif not one.is_full_rank and (extra := _beyond_range(one)) > _COARSE:
            if extra > _null_share(convention, noise.unit):
                outside[one.name] = extra
        else:
            other[one.name] = special.total
    found = []
    if dropped:
        low, high = max(a for a, _ in dropped.values()), min(b for _, b in dropped.values())
        where = f"below {low:.2g} to {high:.2g}" if low < high else f"below about {low:.2g}"
        found.append(
            _fault(
                "map",
                f"singular values {where} of the largest are dropped",
                f"They come out as 0 at {_names(list(dropped))}.",
            )
        )
    if outside:
        name = max(outside, key=lambda n: outside[n])
        found.append(
            _fault(
                "map",
                "moves on the null space of a gradient of low rank",
                f"At '{name}' {outside[name]:.2g} of the step lies outside the range of the gradient; "
                f"so it is at {_names(list(outside))}.",
            )
        )
    if other:
        name = max(other, key=lambda n: other[n])
        found.append(
            _fault(
                "map",
                f"another direction at {_names(list(other))}",
                f"{other[name]:.2g} of the step at '{name}' is not that of {convention.map.words}; "
                f"elsewhere {noise.total:.1e} is not.",
            )
        )
    return found


def _dropped(one: Observation, convention: Convention) -> tuple[float, float] | None:
    """Return the ratios between which singular values begin to come out as zero, where they do and should not."""
    from ..reference import direction_of

    expected = one.with_update(direction_of(convention, one.gradient)).s_out
    ratio = one.s_in / one.s_in[0]
    is_zero = np.abs(one.s_out) < 1e-3 * np.max(np.abs(one.s_out))
    is_wrong = is_zero & (np.abs(expected) > 0.05 * np.max(np.abs(expected))) & (ratio > 1e-9)
    if not np.any(is_wrong) or np.any(ratio[~is_zero] < np.max(ratio[is_wrong])):
        return None
    return float(np.max(ratio[is_wrong])), float(np.min(ratio[~is_zero]))


def _null_share(convention: Convention, unit: float) -> float:
    """Return how much of a step rounding may put on the null space: it lifts a singular value of zero to some units."""
    of = convention.map
    if not isinstance(of, PowerMap) or of.p <= 1 or math.isinf(of.p):
        return _COARSE
    return 4 * (64 * unit) ** (1 / (of.p - 1))


def _beyond_range(one: Observation) -> float:
    """Return the share of U outside the row and column space of a gradient of low rank."""
    left, s, right = np.linalg.svd(one.gradient, full_matrices=False)
    kept = s > 1e-9 * s[0]
    left, right = left[:, kept], right[kept]
    inside = left @ (left.T @ one.update @ right.T) @ right
    return float(np.linalg.norm(one.update - inside)) / one.size


def range_finding(swept: dict[int, Observation]) -> Finding | None:
    """Return where large gradients stop giving a step of the ordinary kind; None where they never do.

    Parameters
    ----------
    swept : mapping of power to Observation
        One gradient times powers of two.
    """
    ordinary = [one for k, one in swept.items() if 0 < k <= 10 and one.is_finite and one.size > 0]
    if not ordinary:
        return None
    first = ordinary[0]
    powers = [k for k in swept if k > 3]
    bad = {}
    for k in powers:
        one = swept[k]
        if not one.is_finite:
            bad[k] = "NaN or infinite"
        elif one.size == 0:
            bad[k] = "zero"
        else:
            cosine = float(np.sum(one.update * first.update)) / one.size / first.size
            if cosine < 0.9:
                bad[k] = "in another direction"
    if not bad:
        return None
    start = min(bad)
    size = math.log10(float(np.max(np.abs(swept[start].gradient))))
    return Finding(
        property="floor",
        value=f"overflow: the step is {bad[start]} from entries of about 1e{size:.0f} on",
        evidence=f"One gradient at {len(powers)} sizes above ordinary: at {len(bad)} of them, "
        f"from largest entry 2^{start} on.",
        is_fault=bad[start] != "zero" or size < 15,
        data={"largest": {str(k): v for k, v in bad.items()}},
    )


def _names(names: Sequence[str]) -> str:
    shown = ", ".join(f"'{name}'" for name in names[:5])
    return shown + (f" and {len(names) - 5} more" if len(names) > 5 else "")
