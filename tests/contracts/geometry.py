"""What every geometry promises (D1, D4), as functions that raise :class:`ContractError` on a witness.

A contract takes a :class:`Subject` and a value m: one matrix or stack, or a dict of blocks. ``PLANTED`` holds subjects
with an error put in on purpose; ``test_geometry_contracts`` proves that the contracts refute each of them.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from schattor_theory import ProductGeometry, SchattenGeometry

from .oracle import map_tolerance, tolerance

Value = Any
"""A matrix or stack, or a dict of blocks."""


class ContractError(AssertionError):
    """A contract does not hold; the message has the numbers."""


@dataclass(frozen=True)
class Subject:
    """A geometry as the contracts see it."""

    norm: Callable[[Value], Any]
    dual_norm: Callable[[Value], Any]
    duality_map: Callable[[Value], Value]
    p: float = math.nan

    @classmethod
    def of(cls, geometry: SchattenGeometry | ProductGeometry) -> Subject:
        """Return a geometry of the toolkit as a subject."""
        p = geometry.p if isinstance(geometry, SchattenGeometry) else math.nan
        return cls(geometry.norm, geometry.dual_norm, geometry.duality_map, p)


def leaves(value: Value) -> list[np.ndarray]:
    return list(value.values()) if isinstance(value, Mapping) else [value]


def each(function: Callable[..., np.ndarray], *values: Value) -> Value:
    if isinstance(values[0], Mapping):
        return {b: function(*(v[b] for v in values)) for b in values[0]}
    return function(*values)


def inner(a: Value, b: Value) -> np.ndarray:
    """Return ``<a, b>`` summed over the blocks, in double precision."""
    pairs = zip(leaves(a), leaves(b), strict=True)
    return sum(np.sum(x.astype(float) * y.astype(float), axis=(-2, -1)) for x, y in pairs)


def largest_tolerance(value: Value) -> float:
    # an inner product or a norm over several blocks adds their errors
    return sum(tolerance(x) for x in leaves(value))


def require(holds: Any, what: str, *numbers: Any) -> None:
    if not np.all(holds):
        raise ContractError(f"{what}: {numbers}")


def attains_the_dual_norm(subject: Subject, m: Value) -> None:
    """``<m, D(m)> = ‖m‖_q``."""
    norm = subject.dual_norm(m)
    value = inner(m, subject.duality_map(m))
    require(abs(value - norm) <= 2 * largest_tolerance(m) * norm, "<m, D> is not the dual norm", value, norm)


def has_unit_norm(subject: Subject, m: Value) -> None:
    """``‖D(m)‖_p = 1``, and ``D(0) = 0``."""
    direction = subject.duality_map(m)
    target = np.where(subject.dual_norm(m) > 0, 1.0, 0.0)
    got = subject.norm(direction)
    require(abs(got - target) <= 2 * largest_tolerance(m), "the direction has not norm 1 (0 for zero)", got)


def obeys_hoelder(subject: Subject, m: Value) -> None:
    """``|<m, y>| <= ‖m‖_q ‖y‖_p`` for the y that come closest, and for others."""
    generator = np.random.default_rng(0)
    noise = each(lambda x: generator.standard_normal(x.shape).astype(x.dtype), m)
    direction = subject.duality_map(m)
    for y in (noise, direction, m, each(np.sign, m), each(lambda d, z: d + z / 8, direction, noise)):
        bound = subject.dual_norm(m) * subject.norm(y)
        value = abs(inner(m, y))
        require(value <= bound * (1 + 2 * largest_tolerance(m)), "Hoelder's inequality fails", value, bound)


def maps_back_through_the_dual(subject: Subject, m: Value) -> None:
    """``D_q(D_p(m)) = m/‖m‖_q`` for 1 < p < inf."""
    q = subject.p / (subject.p - 1)
    direction = subject.duality_map(m)
    back = SchattenGeometry(q).duality_map(direction)
    target = m / subject.dual_norm(m)[..., None, None]
    # the error of the first map passes through the second one
    allowed = map_tolerance(direction, q) * (1 + map_tolerance(m, subject.p) / tolerance(m))
    require(np.linalg.norm(back - target) <= allowed, "the dual of the dual is not the identity", back, target)


def treats_each_slice_alone(subject: Subject, m: Value) -> None:
    """A stack gives, bit for bit, what its slices give one by one, whatever stands beside them."""
    others = each(lambda x: np.stack([x[::-1] * 3, x, np.zeros_like(x), np.eye(*x.shape, dtype=x.dtype)]), m)
    for i in range(4):
        one = each(lambda x, i=i: x[i], others)
        for function in (subject.norm, subject.dual_norm):
            stacked, alone = function(others)[i], function(one)
            require(stacked == alone, f"slice {i} of the stack has another norm", stacked, alone)
        pairs = zip(leaves(subject.duality_map(others)), leaves(subject.duality_map(one)), strict=True)
        for stacked, alone in pairs:
            require(np.array_equal(stacked[i], alone), f"slice {i} of the stack has another direction", i)


def leaves_its_input_alone(subject: Subject, m: Value) -> None:
    """No function writes to its input."""
    given = each(np.array, m)
    subject.norm(given), subject.dual_norm(given), subject.duality_map(given)
    for x, y in zip(leaves(given), leaves(m), strict=True):
        require(np.array_equal(x, y), "the input has changed", x, y)


def keeps_shape_and_dtype(subject: Subject, m: Value) -> None:
    """dtype and shape out = in."""
    for x, y in zip(leaves(subject.duality_map(m)), leaves(m), strict=True):
        require((x.shape, x.dtype) == (y.shape, y.dtype), "shape or dtype changed", x.dtype, y.dtype)
    for norm in (subject.norm(m), subject.dual_norm(m)):
        require(norm.dtype == leaves(m)[0].dtype, "the norm has another dtype", norm.dtype)


def sees_only_the_sign_of_a_scale(subject: Subject, m: Value) -> None:
    """``D(c m) = sign(c) D(m)`` and ``‖c m‖ = |c| ‖m‖``, bit for bit when c is a power of two."""
    top = math.log2(float(np.finfo(leaves(m)[0].dtype).max))
    least = min(float(np.min(np.abs(x[x != 0]), initial=1.0)) for x in leaves(m))
    # as far up and down as leaves the norm of m and its smallest entry inside the normal range
    up, down = int(top) - 8, int(math.log2(least)) + int(top) - 8
    for exponent, sign in ((up, 1.0), (-down, 1.0), (1, -1.0), (-3, -1.0)):
        scaled = each(lambda x, e=exponent, s=sign: np.ldexp(s * x, e), m)
        for function in (subject.norm, subject.dual_norm):
            got, want = function(scaled), np.ldexp(function(m), exponent)
            require(got == want, f"the norm of {sign} 2^{exponent} m is not that much larger", got, want)
        for got, want in zip(leaves(subject.duality_map(scaled)), leaves(subject.duality_map(m)), strict=True):
            require(np.array_equal(got, sign * want), f"the direction of {sign} 2^{exponent} m differs", got, want)


def turns_with_its_input(subject: Subject, m: Value) -> None:
    """``D(Q m R) = Q D(m) R`` for a signed permutation Q, R (exact), so that no axis is special."""
    turned = each(lambda x: -x[..., ::-1, :][..., :, ::-1], m)
    got, want = subject.dual_norm(turned), subject.dual_norm(m)
    require(abs(got - want) <= 2 * largest_tolerance(m) * want, "the norm changed in a turn", got, want)
    pairs = zip(leaves(m), leaves(subject.duality_map(turned)), leaves(subject.duality_map(m)), strict=True)
    for x, got, direction in pairs:
        want = -direction[..., ::-1, :][..., :, ::-1]
        allowed = 2 * (tolerance(x) + _map_error(subject, m, x))
        require(np.linalg.norm(got - want) <= allowed, "the direction did not turn with m", got, want)


def turns_over_with_its_input(subject: Subject, m: np.ndarray) -> None:
    """``D(mᵀ) = D(m)ᵀ``."""
    got, want = subject.duality_map(m.T), subject.duality_map(m).T
    require(np.linalg.norm(got - want) <= 2 * map_tolerance(m, subject.p), "not the transpose", got, want)


def pads_with_zeros(subject: Subject, m: Value) -> None:
    """Zero rows and columns change no norm and pad the direction."""
    padded = each(lambda x: np.pad(x, [(0, 0)] * (x.ndim - 2) + [(1, 2), (0, 1)]), m)
    got, want = subject.norm(padded), subject.norm(m)
    require(abs(got - want) <= 2 * largest_tolerance(padded) * want, "padding changed the norm", got, want)
    pairs = zip(leaves(padded), leaves(subject.duality_map(padded)), leaves(subject.duality_map(m)), strict=True)
    for x, got, direction in pairs:
        want = np.pad(direction, [(0, 0)] * (direction.ndim - 2) + [(1, 2), (0, 1)])
        allowed = 2 * (tolerance(x) + _map_error(subject, padded, x))
        require(np.linalg.norm(got - want) <= allowed, "padding changed the direction", got, want)


def _map_error(subject: Subject, m: Value, x: np.ndarray) -> float:
    if isinstance(m, Mapping):
        # every block of the tests has its singular values in [1, 2] of each other: h has slope at most q - 1 <= 3
        return 4 * max(tolerance(y) for y in leaves(m)) * math.sqrt(sum(y.size for y in leaves(m)))
    return map_tolerance(x, subject.p)


EVERY = (
    attains_the_dual_norm,
    has_unit_norm,
    obeys_hoelder,
    treats_each_slice_alone,
    leaves_its_input_alone,
    keeps_shape_and_dtype,
    sees_only_the_sign_of_a_scale,
    turns_with_its_input,
    pads_with_zeros,
)
"""Contracts of every geometry, single or product."""

ONE_MATRIX = (turns_over_with_its_input,)
"""Contracts that are stated for a single matrix."""


def _svd_map(weight: Callable[[np.ndarray], np.ndarray]) -> Callable[[np.ndarray], np.ndarray]:
    def mapped(m: np.ndarray) -> np.ndarray:
        u, s, vh = np.linalg.svd(m, full_matrices=False)
        return (u * weight(s)[..., None, :]) @ vh

    return mapped


def _quintic(m: np.ndarray) -> np.ndarray:
    x = m / np.linalg.norm(m, axis=(-2, -1), keepdims=True)
    for _ in range(5):
        gram = x @ np.swapaxes(x, -1, -2)
        x = 3.4445 * x + (-4.7750 * gram + 2.0315 * gram @ gram) @ x
    return x


def _writes(m: np.ndarray) -> np.ndarray:
    direction = SchattenGeometry(3).duality_map(m)
    m[..., 0, 0] += 1
    return direction


def _across_the_stack(m: np.ndarray) -> np.ndarray:
    flat = m.reshape(-1, m.shape[-1])
    return SchattenGeometry(3).duality_map(flat).reshape(m.shape)


def planted(geometry: Callable[[float], Any] = SchattenGeometry) -> dict[str, Subject]:
    """Return subjects with one error each, by the name of the error; each is fine but for that."""
    three, spectral, nuclear = (Subject.of(geometry(p)) for p in (3, math.inf, 1))
    true = three.duality_map
    q = 1.5
    return {
        "the sign of a descent direction": replace(three, duality_map=lambda m: -true(m)),
        "half the direction": replace(three, duality_map=lambda m: true(m) / 2),
        "two percent too long": replace(three, duality_map=lambda m: 1.02 * true(m)),
        "the power q in place of q - 1": replace(
            three, duality_map=_svd_map(lambda s: s**q / np.sum(s ** (q * 3), -1, keepdims=True) ** (1 / 3))
        ),
        "the map of another exponent": replace(three, duality_map=SchattenGeometry(4).duality_map),
        "the norm of another exponent": replace(three, dual_norm=SchattenGeometry(2).norm),
        "a floor of 1e-8 under the norm": replace(
            three, duality_map=lambda m: true(m) * (n := np.linalg.norm(m)) / (n + 1e-8)
        ),
        "singular vectors outside the range": replace(spectral, duality_map=_svd_map(np.ones_like)),
        "the first of tied singular vectors": replace(
            nuclear, duality_map=_svd_map(lambda s: (np.arange(s.shape[-1]) == 0) * np.ones_like(s))
        ),
        "five quintic steps": replace(spectral, duality_map=_quintic),
        "a write to the input": replace(three, duality_map=_writes),
        "one decomposition across the stack": replace(three, duality_map=_across_the_stack),
        "float64 out of float32": replace(three, duality_map=lambda m: true(m).astype(np.float64)),
        "the squares of tiny entries": replace(three, norm=lambda m: np.sqrt(np.sum(m * m, axis=(-2, -1)))),
        "a special axis": replace(
            three, duality_map=lambda m: true(m) * np.where(np.arange(m.shape[-2]) == 0, 1, 0.9)[:, None]
        ),
    }
