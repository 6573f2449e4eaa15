"""The one-step ratio whose supremum is the best constant, with its analytic gradient.

``R(A, B) = (Φ(A+B) - Φ(A) - <∇Φ(A), B>)/Φ(B)`` for ``Φ(X) = ‖X‖_q^β`` (β the moment order); at β = q the numerator is
``‖A+B‖_q^q - ‖A‖_q^q - q<A|A|^{q-2}, B>``. A gradient G is with respect to ``<X, Y> = Re tr X*Y``, for real and complex
matrices alike.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

__all__ = ["OneStep", "commutator_size", "commutator_squared"]

Array = np.ndarray

# numerics: f' is infinite at a zero singular value for q < 2; from here down its slope is that at the floor
_FLOOR = 1e-15


def _thin(x: Array) -> tuple[Array, Array, Array]:
    return np.linalg.svd(x, full_matrices=False)


@dataclass(frozen=True, slots=True)
class OneStep:
    """The ratio R for one pair of exponents.

    Attributes
    ----------
    q : float
        Exponent of the norm, > 1.
    moment_order : float
        β; the conjecture and T4a at β = q have both equal.
    """

    q: float
    moment_order: float

    def value(self, a: Array, b: Array) -> float:
        """Return R(A, B)."""
        return self.with_gradient(a, b)[0]

    def with_gradient(self, a: Array, b: Array) -> tuple[float, Array, Array]:
        """Return R and its gradients in A and in B."""
        q, beta = self.q, self.moment_order
        u, s, vh = _thin(np.stack([a + b, a, b]))
        with np.errstate(divide="ignore", invalid="ignore"):
            totals = np.sum(s**q, axis=-1)
            sizes = totals ** (beta / q)
            slopes = (u * (s ** (q - 1))[:, None, :]) @ vh  # X|X|^{q-2} of the three
            factors = beta * totals ** (beta / q - 1)
        gradients = factors[:, None, None] * slopes
        pairing = float(np.real(np.vdot(gradients[1], b)))
        value = float((sizes[0] - sizes[1] - pairing) / sizes[2])
        turn = factors[1] * _slope_derivative(u[1], s[1], vh[1], b, q)
        if beta != q:
            inner = float(np.real(np.vdot(slopes[1], b)))
            turn = turn + beta * (beta - q) * totals[1] ** (beta / q - 2) * inner * slopes[1]
        in_a = (gradients[0] - gradients[1] - turn) / sizes[2]
        in_b = (gradients[0] - gradients[1] - value * gradients[2]) / sizes[2]
        return value, in_a, in_b


def _slope_derivative(u: Array, s: Array, vh: Array, b: Array, q: float) -> Array:
    """Return the derivative of ``X ↦ X|X|^{q-2}`` at ``U diag(s) Vh`` along B: divided differences of ``x|x|^{q-2}``.

    It is its own adjoint, so it is also the gradient of ``<A|A|^{q-2}, B>`` in A.
    """
    s = np.maximum(s, _FLOOR * max(float(s[0]), np.finfo(float).tiny))
    f = s ** (q - 1)
    inner = u.conj().T @ b @ vh.conj().T
    small = np.minimum(s[:, None], s[None, :])
    relative = np.abs(s[:, None] - s[None, :]) / small
    with np.errstate(divide="ignore", invalid="ignore"):
        quotient = np.where(relative > 0, np.expm1((q - 1) * np.log1p(relative)) / relative, q - 1)
    difference = small ** (q - 2) * quotient
    mean = (f[:, None] + f[None, :]) / (s[:, None] + s[None, :])
    adjoint = inner.conj().T
    turned = 0.5 * (difference * (inner + adjoint) + mean * (inner - adjoint))
    weights = s ** (q - 2)
    left = b @ vh.conj().T - u @ inner  # what B does outside the range of U
    right = u.conj().T @ b - inner @ vh
    return u @ turned @ vh + (left * weights) @ vh + (u * weights) @ right


def commutator_squared(a: Array, b: Array) -> tuple[float, Array, Array]:
    """Return the squared commutator size and its gradients in A and in B."""
    size_a, size_b = _frobenius(a), _frobenius(b)
    a, b = a / size_a, b / size_b
    value, in_a, in_b = 0.0, np.zeros_like(a), np.zeros_like(b)
    # the left-hand blocks are the right-hand ones of the adjoints
    for is_flipped in (False, True):
        x, y = (a.conj().T, b.conj().T) if is_flipped else (a, b)
        part, in_x, in_y = _right_blocks(x, y)
        value += part
        in_a = in_a + (in_x.conj().T if is_flipped else in_x)
        in_b = in_b + (in_y.conj().T if is_flipped else in_y)
    value, in_a, in_b = value / 8, in_a / 8, in_b / 8
    # the size does not change along A and B themselves
    in_a = (in_a - 4 * value * a) / size_a
    in_b = (in_b - 4 * value * b) / size_b
    return value, in_a, in_b


def _right_blocks(a: Array, b: Array) -> tuple[float, Array, Array]:
    """Return ``‖[A*A, B*B]‖_F² + ‖[A*B, B*A]‖_F²`` with its gradients."""
    x, y, n = a.conj().T @ a, b.conj().T @ b, a.conj().T @ b
    grams, normal = _bracket(x, y), _bracket(n, n.conj().T)
    in_n = 4 * _bracket(normal, n)
    in_a = 4 * a @ _bracket(grams, y) + b @ in_n.conj().T
    in_b = 4 * b @ _bracket(x, grams) + a @ in_n
    return float(np.vdot(grams, grams).real + np.vdot(normal, normal).real), in_a, in_b


def _bracket(x: Array, y: Array) -> Array:
    return x @ y - y @ x


def _frobenius(x: Array) -> float:
    largest = float(np.max(np.abs(x)))  # squares of the entries may leave the range of floats
    return largest * float(np.linalg.norm(x / largest))


def commutator_size(a: Array, b: Array) -> float:
    """Return a number in [0, 1] that is 0 for the scalar case in disguise.

    It is the root of ``‖[A*A, B*B]‖² + ‖[A*B, B*A]‖² + ‖[AA*, BB*]‖² + ‖[AB*, BA*]‖²`` (Frobenius norms) over
    ``8 ‖A‖^4 ‖B‖^4``. Where unitary matrices make A and B diagonal together, with real or complex entries, all four
    vanish: for a multiple of a rotation beside the identity too, which is a complex number.
    """
    return max(0.0, commutator_squared(a, b)[0]) ** 0.5
