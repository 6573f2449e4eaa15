"""Copies of a step with rounding errors, all at once along the first axis.

In one copy the error of a number is a function of its digits, as it is in a computer, only another function in each
copy: equal numbers have equal errors, and so has a number times a power of two. Errors that add up because inputs have
structure, or because probes repeat each other, do so in the copies too.
"""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np

from synthetic.seeds import Streams

from .rounding import SUMS, Rounding, rounded, size_of_sums

__all__ = ["COPIES", "Copies", "nearby"]

COPIES = 64
"""How many there are of every step."""

"""Unit roundoff of sums in half precision, which are kept in float32."""

_BOTH = 2.0**-51
"""Where the target decomposes in float64, as the reference does: its errors and the reference's own, with room."""

_DIGITS = 2.0**44


@dataclass(frozen=True, slots=True)
class Copies(Rounding):
    """Rounding errors of every copy.

    Attributes
    ----------
    axes : int
        Of the arrays, the one of the copies not counted.
    seed : number or str
        Of the errors.
    counts : list of int
        Errors that one copy has had.
    """

    axes: int = 2
    seed: object = 0
    counts: list[int] = field(default_factory=list)

    def entries(self, x: np.ndarray) -> np.ndarray:
        """Return ``x``, shape (COPIES, ...), with an error in every entry."""
        self.counts.append(2 * x.size // COPIES)
        # in half precision every stored result counts, and another order of operations stores about twice as many
        return x + (math.sqrt(2) if self.unit > SUMS else 1.0) * self._errors(x, 0)

    def product(self, a: np.ndarray, b: np.ndarray) -> np.ndarray:
        """Return ``a @ b`` with the errors of its sums, in any order, and of its entries."""
        x = a @ b
        unit = min(self.unit, SUMS)
        self.counts.append(a.shape[-1] * x.size // COPIES)
        return self.entries(x + unit * size_of_sums(a, b) * _uniform(x, self.salts(1), 16 / unit if unit else 1.0))

    def constant(self, x: float) -> float | np.ndarray:
        """Return a constant, rounded to float32 or float64 in one half of the copies.

        Whether it is rounded to half a precision is a field of the convention.
        """
        if self.unit > SUMS:
            return x
        self.counts.append(1)
        return x + _constant_errors(float(x), self.unit, str(self.seed)).reshape((-1,) + (1,) * self.axes)

    def scalar(self, x: float | np.ndarray) -> float | np.ndarray:
        """Return one number a matrix with an error each."""
        # a norm is a sum, a root, and a product with the margin or a sum with ε: three results that are rounded
        self.counts.append(3 * np.size(x) // COPIES)
        return x + math.sqrt(3) * self._errors(np.asarray(x), 0)

    def errors(self, x: np.ndarray) -> np.ndarray:
        """Return the error that one array has in each copy when it is stored, shape (COPIES, ...)."""
        self.counts.append(np.size(x))
        return self._errors(np.broadcast_to(x, (COPIES, *np.shape(x))), 2)

    def generator(self, *arrays: np.ndarray) -> np.random.Generator:
        """Return the stream of errors that belong to arrays as a whole, whatever power of two they are times."""
        content = hashlib.sha256()
        for x in arrays:
            top = np.frexp(np.max(np.abs(x), initial=0.0))[1]
            content.update(np.ldexp(x, -top).tobytes())
        return Streams(["crosscheck copies", content.hexdigest(), self.seed]).generator("data")

    def _errors(self, x: np.ndarray, site: int) -> np.ndarray:
        # half a unit in the last place, which is u of a power of two and nearly u/2 of the number below the next one
        even = _uniform(x, self.salts(site), 16 / self.unit if self.unit else 1.0)
        # numerics: the exact step has the errors of float64 as well
        unit = max(self.unit, 2.0**-52) if self.unit else 0.0
        return np.ldexp(unit * even * (x != 0), np.frexp(x)[1] - 1)

    def salts(self, site: int) -> np.ndarray:
        """Return what makes one copy from another, for one kind of operation."""
        return _salts(str(self.seed), site)


@lru_cache(maxsize=64)
def _salts(seed: str, site: int) -> np.ndarray:
    rng = Streams(["crosscheck salts", seed, site]).generator("data")
    return rng.integers(0, 2**63, size=COPIES, dtype=np.uint64)


def _uniform(x: np.ndarray, salts: np.ndarray, digits: float = _DIGITS) -> np.ndarray:
    """Return numbers in [-1, 1) that are a function of the leading digits of ``x``, and odd in its sign."""
    # numerics: the last digits of float64 differ with the order of operations; they are left out of the key
    mantissa = np.where(np.isfinite(x), np.abs(np.frexp(x)[0]), 0.0)
    key = np.rint(mantissa * min(digits, _DIGITS)).astype(np.uint64)
    key = (key + salts.reshape((-1,) + (1,) * (x.ndim - 1))) * np.uint64(0x9E3779B97F4A7C15)
    key = (key ^ (key >> np.uint64(29))) * np.uint64(0xBF58476D1CE4E5B9)
    key ^= key >> np.uint64(32)
    return np.sign(x) * ((key >> np.uint64(11)).astype(np.float64) * 2.0**-52 - 1)


@lru_cache(maxsize=512)
def _constant_errors(x: float, unit: float, seed: str) -> np.ndarray:
    """Return the error of a constant in each copy: in one half of them it is rounded, in the other one it is not."""
    is_rounded = Streams(["crosscheck constant", x, seed]).generator("data").random(COPIES) < 0.5
    return (float(rounded(x, unit)) - x if unit else 0.0) * is_rounded


def nearby(
    d: np.ndarray, summed: np.ndarray, rounding: Copies, rng: np.random.Generator, p: float | None
) -> np.ndarray:
    """Return copies of what a map sees: off by the errors of its sum, and by those of a decomposition.

    Parameters
    ----------
    d, summed : arrays of one shape
        The average, and the size of the error that each entry of it may have.
    rounding : Copies
        That of the map.
    rng : numpy.random.Generator
        Of the errors of a decomposition.
    p : float or None
        Exponent of a power map; None where the map multiplies and needs no decomposition.

    Notes
    -----
    A bidiagonalisation applies min(m, n) reflections from either side, and the sweeps after it as many rotations of
    every row twice over, each off by a few unit roundoffs; the errors add up like a root, here ``4√min(m, n)`` units.
    At p = inf a matrix of lower rank keeps it, for there the noise of zero would become 1, and the polar factor is
    defined on the range alone; at p < inf it becomes small, with or without a cut.
    """
    shape = (COPIES, *d.shape)
    if 0 in d.shape or not (np.any(d) or np.any(summed)):
        return np.broadcast_to(d, shape)
    if p is None:
        # a sum is rounded once more where it is taken to the precision of the map; a single gradient is short
        cast = rounding.errors(d) if np.any(summed) else 0.0
        return d + cast + summed * _uniform(np.broadcast_to(np.where(d == 0, summed, d), shape), rounding.salts(3))
    rows, columns = d.shape[-2:]
    norm = np.linalg.norm(d, axis=(-2, -1), keepdims=True)
    total = 4 * np.sqrt(min(rows, columns)) * max(rounding.unit, _BOTH) * norm + np.linalg.norm(
        summed, axis=(-2, -1), keepdims=True
    )
    u, s, _ = np.linalg.svd(d, full_matrices=False)
    cut = max(rows, columns) * np.finfo(float).eps
    kept = (s > cut * s[..., :1])[..., None, :]
    if not np.isinf(p) and not np.all(kept):
        total = np.maximum(total, 8 * cut * norm)  # numerics: or the reference in float64 cuts the noise
    each = total / np.sqrt(rows * columns)
    if not np.isinf(p) or np.all(kept):
        return d + each * rng.uniform(-1, 1, size=shape)
    # an error with columns in the range, then one with rows in the row space that this gives
    u = u * kept
    first = d + u @ (np.swapaxes(u, -1, -2) @ (each * rng.uniform(-1, 1, size=shape)))
    q, _ = np.linalg.qr(np.swapaxes(first, -1, -2) @ u)
    v = q * np.broadcast_to(kept, (*q.shape[:-2], 1, kept.shape[-1]))
    return first + ((each * rng.uniform(-1, 1, size=shape)) @ v) @ np.swapaxes(v, -1, -2)
