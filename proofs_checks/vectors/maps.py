"""Certified norms, duality maps and polynomial schedules of rational matrices, with their sensitivity to rounding.

A *sensitivity* S says how well a computation with machine epsilon ``eps`` may be asked to do: ``eps S`` in every
entry, to first order. An SVD is exact for a matrix at most ``(50 + 4 max(m, n)) √r eps ‖M‖`` away, r = min(m, n), and
what a map makes of that is bounded by its steepness; products and powers afterwards add ``4 max(m, n) eps ‖D‖_F``.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import NamedTuple

from flint import arb, arb_mat, fmpq_mat

from schattor_theory.checks import fail
from schattor_theory.errors import ParameterError

from ..rigorous.balls import exact, largest
from .spectrum import Spectrum, spectrum_of

__all__ = [
    "CONVERGENCE",
    "ROUNDINGS",
    "BlockDirections",
    "Direction",
    "as_exponent",
    "direction",
    "dual",
    "polynomial",
    "product",
]

ROUNDINGS = 4
"""Rounding of a decomposition, and of what follows it, in units of ``max(m, n) eps``."""

# source: LAPACK's xBDSQR and xLASDQ drop an off-diagonal entry below min(100, u^{-1/8}) u of its neighbours, u = eps/2
CONVERGENCE = 50
"""What a decomposition leaves undone when it stops, in units of ``eps ‖M‖`` for each singular value."""

Exponent = Fraction | float


class Direction(NamedTuple):
    """A dual norm and the direction that attains it.

    Attributes
    ----------
    norm, norm_sensitivity : arb
        ``‖M‖_q`` and its S.
    matrix : arb_mat
        ``D_p(M)``.
    sensitivity, size : arb
        S of the direction, and ``‖D‖_F``.
    """

    norm: arb
    norm_sensitivity: arb
    matrix: arb_mat
    sensitivity: arb
    size: arb


class BlockDirections(NamedTuple):
    """The same of several blocks: one norm, and a direction, sensitivity and size of each block."""

    norm: arb
    norm_sensitivity: arb
    matrix: dict[str, arb_mat]
    sensitivity: dict[str, arb]
    size: dict[str, arb]


def as_exponent(p: Exponent | int | str) -> Exponent:
    """Return an exponent exactly: a fraction, or inf."""
    return math.inf if p in ("inf", math.inf) else Fraction(p)


def dual(p: Exponent) -> Exponent:
    """Return ``p/(p - 1)`` exactly.

    Examples
    --------
    >>> dual(Fraction(4, 3)), dual(Fraction(1)), dual(math.inf)
    (Fraction(4, 1), inf, Fraction(1, 1))
    """
    if p == math.inf:
        return Fraction(1)
    return math.inf if p == 1 else Fraction(p) / (Fraction(p) - 1)


def _frobenius(spectrum: Spectrum, weights: Sequence[arb]) -> arb:
    """Return ``‖D‖_F`` of the spectral map with these weights."""
    return sum((level.multiplicity * g * g for level, g in zip(spectrum.levels(), weights, strict=True)), arb(0)).sqrt()


def direction(matrix: fmpq_mat, p: Exponent) -> Direction:
    """Return the dual norm and the duality map of a matrix.

    At p = inf the map is the polar factor on the range, at p = 1 the average over the top singular space; rank and
    multiplicity are exact.
    """
    m, n = matrix.nrows(), matrix.ncols()
    zero = arb(0)
    if not m or not n:
        return Direction(zero, zero, arb_mat(m, n), zero, zero)
    spectrum = spectrum_of(matrix)
    if not spectrum.rank:
        return Direction(zero, zero, arb_mat(m, n), zero, zero)
    q = dual(p)
    levels = spectrum.levels()
    top, longer, shorter = levels[0].value, max(m, n), min(m, n)
    norm = spectrum.norm(q)
    own_norm = norm / arb(spectrum.scale)  # of the integer matrix, as the levels are
    if q == math.inf:
        weights = [1 / arb(levels[0].multiplicity), *(arb(0) for _ in levels[1:])]
        slopes, normalisation = [zero] * len(levels), zero
    else:
        power = exact(q) - 1
        weights = [(level.value / own_norm) ** power for level in levels]
        slopes = [power * weight / level.value for weight, level in zip(weights, levels, strict=True)]
        normalisation = power * _frobenius(spectrum, weights) ** 2 / own_norm
    size, steepness = _frobenius(spectrum, weights), spectrum.steepness(weights, slopes)
    unit = ROUNDINGS * longer
    backward = (CONVERGENCE + unit) * top
    sensitivity = backward * arb(shorter).sqrt() * (steepness + normalisation) + unit * size
    root = arb(shorter) ** (0 if q == math.inf else 1 / exact(q))
    noise_of_norm = backward * root * arb(spectrum.scale) + unit * norm
    return Direction(norm, noise_of_norm, spectrum.map(weights), sensitivity, size)


def polynomial(matrix: fmpq_mat, steps: Sequence[Sequence[float]], input_margin: float) -> Direction:
    """Return ``U diag(p(s)) Vᵀ``, p the composition of odd polynomials, s the singular values of ``M/((1+μ)‖M‖_F)``.

    The iteration that people run forms a product of matrices for each power; the rounding of each step is carried on by
    the steepness of the steps after it.
    """
    m, n = matrix.nrows(), matrix.ncols()
    zero = arb(0)
    spectrum = spectrum_of(matrix) if m and n else None
    if spectrum is None or not spectrum.rank:
        return Direction(zero, zero, arb_mat(m, n), zero, zero)
    coefficients = [[exact(a) for a in step] for step in steps]
    levels = spectrum.levels()
    length = spectrum.norm(Fraction(2)) / arb(spectrum.scale) * (1 + exact(input_margin))
    orbit = [[level.value / length for level in levels]]
    for step in coefficients:
        orbit.append([_value(step, x) for x in orbit[-1]])
    margin = 1 + exact(input_margin)
    roundings = [(arb(m * n) / 4 + 2) / margin]  # a sum of squares, a root and two quotients
    for step, points in zip(coefficients, orbit, strict=False):
        roundings.append(_rounding_of_a_step(step, points, _frobenius(spectrum, points), max(m, n)))
    has_zeros = spectrum.rank < min(m, n)
    sensitivity = sum(
        (rounding * _steepness(coefficients[k:], orbit[k], has_zeros) for k, rounding in enumerate(roundings)), arb(0)
    )
    size = _frobenius(spectrum, orbit[-1])
    norm = spectrum.norm(Fraction(1))
    return Direction(norm, zero, spectrum.map(orbit[-1]), sensitivity, size)


def _rounding_of_a_step(step: Sequence[arb], points: Sequence[arb], frobenius: arb, longer: int) -> arb:
    """Return the rounding of one step in the Frobenius norm, in units of eps.

    proof step: ``fl(AB)`` is off by ``n u |A||B|`` entrywise, u = eps/2. The term ``a_j X (XᵀX)^j`` takes 2j products,
    each off by at most ``n u ‖X‖_F² x^{2j-1}`` with x the largest singular value, and two more roundings of its size.
    """
    top = largest(*(abs(x).upper() for x in points))
    total = arb(0)
    for j, a in enumerate(step):
        products = j * longer * frobenius * top ** (2 * j - 1) if j else 0
        total += abs(a) * frobenius * (products + 2 * top ** (2 * j))
    return total


def _value(step: Sequence[arb], x: arb) -> arb:
    square, total = x * x, arb(0)
    for a in reversed(step):
        total = total * square + a
    return total * x


def _slope(step: Sequence[arb], x: arb) -> arb:
    square, total = x * x, arb(0)
    for j in range(len(step) - 1, -1, -1):
        total = total * square + (2 * j + 1) * step[j]
    return total


def _steepness(steps: Sequence[Sequence[arb]], points: Sequence[arb], has_zeros: bool) -> arb:
    """Return the largest divided difference, derivative or ratio of the composition at these points and at zero."""
    values, slopes, at_zero = list(points), [arb(1)] * len(points), arb(1)
    for step in steps:
        slopes = [slope * _slope(step, x) for slope, x in zip(slopes, values, strict=True)]
        values = [_value(step, x) for x in values]
        at_zero *= step[0]
    found = [at_zero, *slopes] if has_zeros else slopes
    for i, (x, y) in enumerate(zip(points, values, strict=True)):
        found.append(y / x)
        for z, w in zip(points[i + 1 :], values[i + 1 :], strict=True):
            found += [(y - w) / (x - z), (y + w) / (x + z)]
    return largest(*(abs(x).upper() for x in found))


def product(
    blocks: Mapping[str, fmpq_mat], exponents: Mapping[str, Exponent], radii: Mapping[str, float], balance: Exponent
) -> BlockDirections:
    """Return the dual norm and the duality map of a product geometry."""
    outer = dual(balance)
    own = {b: direction(blocks[b], exponents[b]) for b in blocks}
    weighted = {b: exact(radii[b]) * own[b].norm for b in blocks}
    noise = {b: exact(radii[b]) * own[b].norm_sensitivity for b in blocks}
    moving = [b for b in blocks if not weighted[b].is_zero()]
    norm = _outer_norm([weighted[b] for b in moving], outer)
    noise_of_norm = sum(noise.values(), arb(0)) + ROUNDINGS * len(blocks) * norm
    weights, errors = {b: arb(0) for b in blocks}, {b: arb(0) for b in blocks}
    if outer == 1:
        weights = {b: arb(1) for b in blocks}
    elif outer == math.inf:
        largest_blocks = _largest_blocks({b: blocks[b] for b in moving}, weighted, exponents, radii)
        weights |= {b: 1 / arb(len(largest_blocks)) for b in largest_blocks}
    else:
        power = exact(outer) - 1
        for b in moving:
            weights[b] = (weighted[b] / norm) ** power
            errors[b] = weights[b] * (power * (noise[b] / weighted[b] + noise_of_norm / norm) + ROUNDINGS)
    radius = {b: exact(radii[b]) for b in blocks}
    return BlockDirections(
        norm,
        noise_of_norm,
        {b: own[b].matrix * (radius[b] * weights[b]) for b in blocks},
        {b: radius[b] * (weights[b] * (own[b].sensitivity + ROUNDINGS * own[b].size) + errors[b] * own[b].size)
         for b in blocks},
        {b: radius[b] * weights[b] * own[b].size for b in blocks},
    )  # fmt: skip


def _outer_norm(norms: Sequence[arb], exponent: Exponent) -> arb:
    if not norms:
        return arb(0)
    if exponent == math.inf:
        return largest(*norms)
    top = largest(*norms)
    return top * sum(((x / top) ** exact(exponent) for x in norms), arb(0)) ** (1 / exact(exponent))


def _largest_blocks(
    blocks: Mapping[str, fmpq_mat],
    weighted: Mapping[str, arb],
    exponents: Mapping[str, Exponent],
    radii: Mapping[str, float],
) -> list[str]:
    """Return the blocks whose weighted norm is largest; equal ones are known by equal spectra, never by closeness."""
    if not blocks:
        return []
    found: list[str] = []
    for b in blocks:
        if not found or weighted[b] > weighted[found[0]]:
            found = [b]
        elif _is_same(b, found[0], blocks, exponents, radii):
            found.append(b)
        elif not weighted[b] < weighted[found[0]]:
            way_out = "Give equal blocks the same exponent and radius, or make them different."
            requirement = "have weighted norms that can be told apart"
            fail(ParameterError, "product", "blocks", requirement, (b, found[0]), way_out)
    return found


def _is_same(
    a: str, b: str, blocks: Mapping[str, fmpq_mat], exponents: Mapping[str, Exponent], radii: Mapping[str, float]
) -> bool:
    first, second = spectrum_of(blocks[a]), spectrum_of(blocks[b])
    return (exponents[a], radii[a], first.scale) == (exponents[b], radii[b], second.scale) and (
        first.polynomial == second.polynomial
    )
