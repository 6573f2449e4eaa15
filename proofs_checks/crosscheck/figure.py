"""The curve of a map as SVG: what becomes of each singular value, beside the convention that was found."""

from __future__ import annotations

import html
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from schattor_theory.geometry import exponent_label

from .bands import averages_of, is_in_range
from .convention import Convention, EntrywiseMap, PolynomialMap, PowerMap
from .probe import ONE, Run
from .reference import direction_of, moved
from .scales import scale_factor

__all__ = ["Curve", "curve_caption", "curve_of", "curve_svg"]

Place = Callable[[float], float]
"""From a number to where it is on an axis."""

_LEAST = 2.0**-14


@dataclass(frozen=True, slots=True)
class Curve:
    """Points (σ_in, σ_out) of first steps, the convention's at the same places, and its line if it has one.

    σ_in is relative to the norm that the map divides by: ``‖M‖_q`` of a power map, ``‖M‖_F`` of a schedule. σ_out is
    ``u_iᵀ U v_i`` over the factor by the shape, and over the dual norm of M where the map grows with it.
    """

    s: np.ndarray
    measured: np.ndarray
    expected: np.ndarray
    line_s: np.ndarray
    line: np.ndarray
    norm: str
    claim: np.ndarray


def curve_of(
    runs: Sequence[Run], convention: Convention | None, *, dtype: str = "float32", claim: Convention | None = None
) -> Curve | None:
    """Return the curve of a convention's map over the first step of all runs; None where there is none to draw.

    The line of a ``claim`` is drawn too where it is a function of the same relative σ.
    """
    if convention is None or isinstance(convention.map, EntrywiseMap) or convention.exponents:
        return None
    if convention.partition.kind != "whole":
        return None
    found = [
        _points(run, convention)
        for run in runs
        if run.dtype == dtype and convention.step_factor(0) and _is_drawn(run, convention)
    ]
    if not found:
        return None
    s, measured, expected = (np.concatenate(values) for values in zip(*found, strict=True))
    if not np.all(np.isfinite(measured)):
        return None
    line_s = np.geomspace(_LEAST, 1.0, 200)
    return Curve(s, measured, expected, line_s, _line(convention, line_s), _norm_name(convention),
                 _claimed_line(convention, claim, line_s))  # fmt: skip


def _claimed_line(convention: Convention, claim: Convention | None, s: np.ndarray) -> np.ndarray:
    if claim is None or claim.map == convention.map or isinstance(claim.map, EntrywiseMap):
        return np.empty(0)
    # the polar factor is one on every axis
    is_one_axis = _dual(claim) == _dual(convention) or getattr(claim.map, "p", 0.0) == math.inf
    return _line(claim, s) if is_one_axis else np.empty(0)


def _is_drawn(run: Run, convention: Convention) -> bool:
    block = run.probe.start.get(ONE)
    if (
        block is None
        or block.ndim != 2
        or len(run.probe.start) != 1
        or not run.is_ok
        or not is_in_range(run, convention)
    ):
        return False
    g = run.probe.gradients[0][ONE]
    size = float(np.linalg.norm(g))
    # far from the floor, or the points of one curve lie on several
    return 2.0**-6 < size < 2.0**16 and bool(np.all(np.isfinite(run.parameters[0][ONE])))


def _points(run: Run, convention: Convention) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    x = {ONE: np.asarray(run.probe.start[ONE], dtype=np.float64)}
    m = averages_of(run, convention, {ONE: []}, x, 0)[0][ONE]
    eta = run.probe.step_size if run.knows_step_size else (convention.step_size or 1.0)
    factor = eta * convention.step_factor(0) * convention.scale.factor * scale_factor(convention.scale.formula, m.shape)
    update = (
        moved(convention, x[ONE], np.zeros_like(m), eta * convention.step_factor(0)) - run.parameters[0][ONE]
    ) / factor
    u, s, vh = np.linalg.svd(m, full_matrices=False)
    norm = float(np.linalg.norm(s / s[0], _dual(convention)) * s[0])
    size = float(np.sum(s)) if getattr(convention.map, "times_dual_norm", False) else 1.0
    size = norm if getattr(convention.map, "is_regularized", False) else size
    kept = s > _LEAST * norm
    along = np.einsum("mi,mn,in->i", u, update, vh)
    exact = np.einsum("mi,mn,in->i", u, direction_of(convention, m), vh)
    return s[kept] / norm, along[kept] / size, exact[kept] / size


def _dual(convention: Convention) -> float:
    """Return the exponent of the norm that σ_in is relative to."""
    of = convention.map
    if not isinstance(of, PowerMap):
        return 2.0
    return 1.0 if math.isinf(of.p) else (math.inf if of.p == 1 else of.p / (of.p - 1))


def _norm_name(convention: Convention) -> str:
    return f"S_{exponent_label(_dual(convention))} norm" if _dual(convention) != 2 else "Frobenius norm"


def _line(convention: Convention, s: np.ndarray) -> np.ndarray:
    """Return the curve itself where σ_out depends on the relative σ_in alone."""
    of = convention.map
    if isinstance(of, PolynomialMap) and of.normalisation == "frobenius" and not of.times_dual_norm:
        return np.asarray(of.schedule(s))
    if isinstance(of, PowerMap) and of.p > 1:
        return s ** (_dual(convention) - 1)
    return np.empty(0)


_WIDTH, _HEIGHT = 760, 380
_LEFT, _RIGHT, _TOP, _BOTTOM = 62, 18, 16, 52


def curve_svg(curve: Curve, *, label: str) -> str:
    """Return the drawing as inline SVG, in the colours of the page around it."""
    drawn = np.concatenate([curve.line if curve.line.size else curve.expected, curve.claim])
    # points far away are drawn at the edge, or they would flatten all others
    top = max(1.08 * float(drawn.max()), min(1.08 * float(curve.measured.max()), 3 * float(drawn.max())), 1e-12)
    bottom = min(0.0, float(drawn.min()), max(float(curve.measured.min()), -top))
    low, high = bottom, top
    least = min(float(np.min(curve.s)), 0.1)
    left_log = math.floor(math.log10(least) * 2) / 2

    def x(s: float) -> float:
        return _LEFT + (_WIDTH - _LEFT - _RIGHT) * (math.log10(s) - left_log) / (0 - left_log)

    def y(value: float) -> float:
        inside = min(max(value, low), high)
        return _HEIGHT - _BOTTOM - (_HEIGHT - _TOP - _BOTTOM) * (inside - low) / (high - low)

    def polyline(line: np.ndarray, css: str) -> str:
        pairs = [(x(s), y(v)) for s, v in zip(curve.line_s, line, strict=True) if s >= 10**left_log]
        return f'<polyline class="{css}" points="{" ".join(f"{a:.1f},{b:.1f}" for a, b in pairs)}"/>'

    parts = [_axes(x, y, left_log, low, high, curve.norm)]
    if curve.line.size:
        parts.append(polyline(curve.line, "curve"))
    else:
        parts.extend(_mark(x(s), y(v)) for s, v in zip(curve.s, curve.expected, strict=True))
    if curve.claim.size:
        parts.append(polyline(curve.claim, "curve claim"))
    parts.extend(f'<circle class="seen" cx="{x(s):.1f}" cy="{y(v):.1f}" r="3.2"/>'
                 for s, v in zip(curve.s, curve.measured, strict=True) if np.isfinite(v))  # fmt: skip
    title = f"Output against input singular values of the target, and of {label}"
    return (
        f'<svg class="plot" viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-label="{html.escape(title)}">'
        f"{''.join(parts)}</svg>"
    )


def curve_caption(curve: Curve, *, label: str) -> str:
    """Return what the marks are, as text that wraps with the page."""
    line = "Line" if curve.line.size else "Crosses"
    claim = " Dashed: what it is claimed to be." if curve.claim.size else ""
    return (
        f"{line}: {label}.{claim} Every circle is one singular value of one probe: what it is in the average, and in "
        "the step that was made."
    )


def _mark(cx: float, cy: float) -> str:
    r = 4.0
    return f'<path class="curve" d="M{cx - r:.1f} {cy:.1f}h{2 * r:.0f}M{cx:.1f} {cy - r:.1f}v{2 * r:.0f}"/>'


def _axes(x: Place, y: Place, left_log: float, low: float, high: float, norm: str) -> str:
    parts = []
    for value in _ticks(low, high):
        parts.append(f'<line class="grid" x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" y1="{y(value):.1f}" y2="{y(value):.1f}"/>'
                     f'<text x="{_LEFT - 8}" y="{y(value) + 4:.1f}" text-anchor="end">{value:.3g}</text>')  # fmt: skip
    for power in range(math.ceil(left_log), 1):
        at = x(10.0**power)
        word = "1" if power == 0 else f'10<tspan dy="-5" font-size="10">−{-power}</tspan>'
        parts.append(f'<line class="grid" x1="{at:.1f}" x2="{at:.1f}" y1="{_TOP}" y2="{_HEIGHT - _BOTTOM}"/>'
                     f'<text x="{at:.1f}" y="{_HEIGHT - _BOTTOM + 18}" text-anchor="middle">{word}</text>')  # fmt: skip
    parts.append(f'<text x="{_LEFT}" y="{_HEIGHT - 8}">σ of the average over its {html.escape(norm)}</text>'
                 f'<text transform="translate(14 {(_HEIGHT - _BOTTOM + _TOP) / 2}) rotate(-90)" '
                 f'text-anchor="middle">σ of the step</text>')  # fmt: skip
    return "".join(parts)


def _ticks(low: float, high: float) -> list[float]:
    raw = (high - low) / 5
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(m * power for m in (1, 2, 5, 10) if m * power >= raw)
    first = math.ceil(low / step)
    return [k * step for k in range(first, math.floor(high / step) + 1)]
