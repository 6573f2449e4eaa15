"""Pairs of matrices as one vector of real numbers, plain or with B in factors, and the exponents they go with."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from schattor_theory.checks import fail
from schattor_theory.errors import ExponentError

__all__ = ["Block", "FactoredPair", "Pair", "read_exponent"]

Array = np.ndarray


def read_exponent(call: str, argument: str, value: object) -> Fraction:
    """Return an exponent above 1 as a fraction; a float is read as the decimal that it prints as."""
    try:
        exponent = Fraction(str(value).strip())
    except (ValueError, ZeroDivisionError):
        exponent = Fraction(0)
    if isinstance(value, bool) or not exponent > 1:
        fail(ExponentError, call, argument, "be a number or fraction larger than 1", value)
    return exponent


def _reals(x: Array, is_complex: bool) -> Array:
    return np.concatenate([x.real.ravel(), x.imag.ravel()]) if is_complex else np.real(x).ravel()


def _matrix(x: Array, shape: tuple[int, int], is_complex: bool) -> Array:
    if not is_complex:
        return x.reshape(shape)
    real, imaginary = x.reshape(2, *shape)
    return real + 1j * imaginary


@dataclass(frozen=True, slots=True)
class Block:
    """One matrix of shape (m, n) as a real vector."""

    m: int
    n: int
    is_complex: bool = False

    @property
    def size(self) -> int:
        """Return the number of real coordinates."""
        return (2 if self.is_complex else 1) * self.m * self.n

    def draw(self, rng: np.random.Generator) -> Array:
        """Return a standard Gaussian matrix."""
        real = rng.standard_normal((self.m, self.n))
        return real + 1j * rng.standard_normal((self.m, self.n)) if self.is_complex else real

    def flat(self, x: Array) -> Array:
        """Return the vector of a matrix."""
        return _reals(x, self.is_complex)

    def matrix(self, x: Array) -> Array:
        """Return the matrix of a vector."""
        return _matrix(x, (self.m, self.n), self.is_complex)


@dataclass(frozen=True, slots=True)
class Pair:
    """A and B of shape (m, n) as one real vector."""

    m: int
    n: int
    is_complex: bool = False

    @property
    def rank(self) -> int:
        """Return min(m, n)."""
        return min(self.m, self.n)

    def draw(self, rng: np.random.Generator) -> Array:
        """Return a standard Gaussian matrix."""
        return Block(self.m, self.n, self.is_complex).draw(rng)

    def flat(self, a: Array, b: Array) -> Array:
        """Return the vector of a pair, and of a pair of gradients."""
        return np.concatenate([_reals(a, self.is_complex), _reals(b, self.is_complex)])

    def matrices(self, x: Array) -> tuple[Array, Array]:
        """Return the pair of a vector."""
        first, second = (_matrix(part, (self.m, self.n), self.is_complex) for part in np.split(x, 2))
        return first, second

    def factored(self, rank: int) -> FactoredPair:
        """Return the same with ``B = LR*`` of at most this rank."""
        return FactoredPair(self.m, self.n, rank, self.is_complex)


@dataclass(frozen=True, slots=True)
class FactoredPair:
    """A and the factors of ``B = LR*``, L of shape (m, rank) and R of shape (n, rank), as one real vector."""

    m: int
    n: int
    rank: int
    is_complex: bool

    def _parts(self, x: Array) -> tuple[Array, Array, Array]:
        shapes = ((self.m, self.n), (self.m, self.rank), (self.n, self.rank))
        ends = np.cumsum([(2 if self.is_complex else 1) * rows * columns for rows, columns in shapes])[:-1]
        parts = zip(np.split(x, ends), shapes, strict=True)
        a, left, right = (_matrix(part, shape, self.is_complex) for part, shape in parts)
        return a, left, right

    def _join(self, *parts: Array) -> Array:
        return np.concatenate([_reals(part, self.is_complex) for part in parts])

    def flat(self, a: Array, b: Array) -> Array:
        """Return the vector of A and of the best approximation to B of this rank."""
        u, s, vh = np.linalg.svd(b, full_matrices=False)
        root = np.sqrt(s[: self.rank])
        return self._join(a, u[:, : self.rank] * root, vh[: self.rank].conj().T * root)

    def matrices(self, x: Array) -> tuple[Array, Array]:
        """Return the pair of a vector."""
        a, left, right = self._parts(x)
        return a, left @ right.conj().T

    def pull_back(self, x: Array, in_a: Array, in_b: Array) -> Array:
        """Return the gradient in the vector, from those in A and B."""
        _, left, right = self._parts(x)
        return self._join(in_a, in_b @ right, in_b.conj().T @ left)
