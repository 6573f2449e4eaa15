"""Enclosures of Schatten norms and of <A|A|^{q-2}, B>, for real or complex matrices of any shape.

An approximate decomposition ``A ≈ U diag(s) V*`` is computed to the present precision by one-sided Jacobi rotations and
then judged, not believed: in ball arithmetic, ``δ ≥ ‖A - Û diag(s) V̂*‖`` with Û, V̂ the exact isometries nearest to U
and V. Repeated and zero singular values need no special care, because nothing is divided by a gap:

- ``|s_i(A) - s_i| ≤ δ`` (Weyl);
- ``f(x) = x|x|^{q-2}`` obeys ``‖f(A) - f(Ã)‖ ≤ c δ^{q-1}`` in the operator norm for 1 < q < 2, see
  :func:`gradient_pairing`, so the precision is chosen by :func:`working_bits`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from flint import acb, acb_mat, arb, ctx

from schattor_theory.checks import fail
from schattor_theory.errors import ParameterError

from .balls import Exact, absolute, exact, hull, largest, power, upper

__all__ = [
    "Decomposition",
    "ball_matrix",
    "commutators",
    "decompose",
    "frobenius_squared",
    "gradient_pairing",
    "schatten_norm",
    "schatten_power",
    "singular_values",
    "working_bits",
]

_SWEEPS = 60
_GUARD = 12
"""Bits by which a rotation's threshold stays above the rounding of the inner products it looks at."""


def working_bits(q: float, digits: int) -> int:
    """Return a precision at which the enclosures for exponent q are about ``10^-digits`` wide, relatively.

    The error of ``<A|A|^{q-2}, B>`` is the (q-1)-th power of the error of the decomposition.
    """
    return 64 + int(np.ceil((3.33 * digits + 16) / min(1.0, float(q) - 1)))


def ball_matrix(matrix: object) -> acb_mat:
    """Return the matrix as balls: an array of floats exactly, a matrix of balls as it is.

    Raises
    ------
    ParameterError
        If it is not a matrix of finite numbers with at least one row and one column.
    """
    if isinstance(matrix, acb_mat):
        found = matrix
    else:
        array = np.asarray(matrix)
        if array.ndim != 2 or array.dtype.kind not in "iufc" or array.size == 0:
            requirement = "be a matrix of numbers, not empty"
            fail(ParameterError, "ball_matrix", "matrix", requirement, (array.dtype, array.shape))
        found = acb_mat([[acb(float(x.real), float(x.imag)) for x in row] for row in array.astype(complex)])
    if not all(x.is_finite() for x in found.entries()):
        fail(ParameterError, "ball_matrix", "matrix", "be finite", matrix)
    return found


def _adjoint(matrix: acb_mat) -> acb_mat:
    return matrix.transpose().conjugate()


def frobenius_squared(matrix: acb_mat) -> arb:
    """Return a ball around the sum of the squared moduli of the entries."""
    return sum((absolute(x.real) ** 2 + absolute(x.imag) ** 2 for x in matrix.entries()), arb(0))


def _frobenius(matrix: acb_mat) -> arb:
    """Return an upper bound of the Frobenius norm, a ball of radius zero."""
    return frobenius_squared(matrix).upper().sqrt().upper()


@dataclass(frozen=True, slots=True)
class Decomposition:
    """``A = Û diag(s) V̂* + E`` with exact isometries Û, V̂ and a proved bound of ``‖E‖``.

    Attributes
    ----------
    left, right : acb_mat
        Exact matrices (m, r), (n, r), r = min(m, n), within ``drift`` of the isometries Û, V̂ in the operator norm.
    values : tuple of arb
        The exact numbers s ≥ 0, decreasing.
    error : arb
        Upper bound of ``‖E‖`` in the operator norm, radius zero.
    drift : arb
        Upper bound of ``‖U - Û‖`` and ``‖V - V̂‖``, radius zero.
    """

    left: acb_mat
    right: acb_mat
    values: tuple[arb, ...]
    error: arb
    drift: arb

    def singular_values(self) -> tuple[arb, ...]:
        """Return balls around the singular values of A, decreasing, none of them below zero."""
        return tuple(hull(largest(0, (s - self.error).lower()), (s + self.error).upper()) for s in self.values)


def decompose(matrix: object) -> Decomposition:
    """Return a decomposition of the matrix at the present precision, with its proved errors."""
    a = ball_matrix(matrix)
    if a.nrows() < a.ncols():
        flipped = decompose(_adjoint(a))
        return Decomposition(flipped.right, flipped.left, flipped.values, flipped.error, flipped.drift)
    left, values, right = _approximate(a)
    drift = largest(_departure(left), _departure(right)).upper()
    residual = _frobenius(a - left * _diagonal(values) * _adjoint(right))
    # ‖U S V* - Û S V̂*‖ ≤ ‖S‖ (drift ‖V‖ + drift), ‖V‖ ≤ 1 + drift
    error = (residual + values[0] * drift * (2 + drift)).upper()
    return Decomposition(left, right, values, error, drift)


def _departure(u: acb_mat) -> arb:
    """Return a bound of ``‖U - Û‖``: the polar factor Û is at ``‖(U*U)^{1/2} - I‖ ≤ ‖U*U - I‖``."""
    return _frobenius(_adjoint(u) * u - _identity(u.ncols()))


def _identity(n: int) -> acb_mat:
    return acb_mat([[1 if i == j else 0 for j in range(n)] for i in range(n)])


def _diagonal(values: tuple[arb, ...]) -> acb_mat:
    n = len(values)
    return acb_mat([[values[i] if i == j else 0 for j in range(n)] for i in range(n)])


def _approximate(a: acb_mat) -> tuple[acb_mat, tuple[arb, ...], acb_mat]:
    """Return an approximate thin decomposition of a tall matrix; nothing here is proved, so only midpoints are kept."""
    a = a.mid()
    start = _start(a)
    columns = _columns((a * start).mid())
    vectors = _columns(start)
    _rotate(columns, vectors)
    norms = [_norm(column) for column in columns]
    order = sorted(range(len(norms)), key=lambda k: norms[k], reverse=True)
    columns, vectors, norms = ([columns[k] for k in order], [vectors[k] for k in order], [norms[k] for k in order])
    negligible = norms[0] * arb(2) ** -int(0.9 * ctx.prec)
    units: list[list[acb]] = []
    for k, column in enumerate(columns):
        if norms[k] > negligible:
            units.append([(x / norms[k]).mid() for x in column])
        else:
            norms[k] = arb(0)
            units.append(_completion(units, len(column)))
    return _matrix(units), tuple(norms), _matrix(vectors)


def _start(a: acb_mat) -> acb_mat:
    """Return right singular vectors from floats, made orthonormal to the present precision."""
    size = _frobenius(a)
    scaled = a if size == 0 else a * (1 / size)
    array = np.array([[complex(float(x.real), float(x.imag)) for x in row] for row in scaled.table()])
    vh = np.linalg.svd(array, full_matrices=False)[2]
    v = ball_matrix(vh.conj().T)
    accuracy = 40  # bits to which floats are orthonormal; each Newton–Schulz step doubles them
    while accuracy < 2 * ctx.prec:
        v = (v * (3 * _identity(v.ncols()) - _adjoint(v) * v) * arb(0.5)).mid()
        accuracy *= 2
    return v


def _columns(matrix: acb_mat) -> list[list[acb]]:
    return [[matrix[i, j] for i in range(matrix.nrows())] for j in range(matrix.ncols())]


def _matrix(columns: list[list[acb]]) -> acb_mat:
    return acb_mat([list(row) for row in zip(*columns, strict=True)])


def _inner(x: list[acb], y: list[acb]) -> acb:
    return sum((a.conjugate() * b for a, b in zip(x, y, strict=True)), acb(0)).mid()


def _norm(x: list[acb]) -> arb:
    return _inner(x, x).real.sqrt().mid()


def _rotate(columns: list[list[acb]], vectors: list[list[acb]]) -> None:
    """Rotate pairs of columns, and the vectors with them, until they are orthogonal to the present precision."""
    threshold = arb(2) ** (_GUARD - ctx.prec)
    squares = [_inner(column, column).real for column in columns]
    null = sum(squares, arb(0)).mid() * arb(2) ** -int(1.9 * ctx.prec)
    for _ in range(_SWEEPS):
        is_done = True
        for i in range(len(columns)):
            for j in range(i + 1, len(columns)):
                if squares[i] <= null or squares[j] <= null:
                    continue
                overlap = _inner(columns[i], columns[j])
                size = abs(overlap).mid()
                if size <= threshold * (squares[i] * squares[j]).sqrt().mid():
                    continue
                is_done = False
                phase = (overlap / size).mid()
                ratio = ((squares[j] - squares[i]) / (2 * size)).mid()
                tangent = (1 / (abs(ratio) + (1 + ratio * ratio).sqrt())).mid()
                tangent = -tangent if ratio < 0 else tangent
                cosine = (1 / (1 + tangent * tangent).sqrt()).mid()
                sine = (cosine * tangent).mid()
                for pair in (columns, vectors):
                    pair[i], pair[j] = (
                        [
                            (cosine * x - sine * phase.conjugate() * y).mid()
                            for x, y in zip(pair[i], pair[j], strict=True)
                        ],
                        [(sine * phase * x + cosine * y).mid() for x, y in zip(pair[i], pair[j], strict=True)],
                    )
                squares[i], squares[j] = (_inner(columns[k], columns[k]).real for k in (i, j))
        if is_done:
            return


def _completion(units: list[list[acb]], size: int) -> list[acb]:
    """Return a unit vector orthogonal to the ones there are: the best of the coordinate axes, projected twice."""
    weights = [sum((abs(u[k]) ** 2 for u in units), arb(0)).mid() for k in range(size)]
    axis = min(range(size), key=lambda k: float(weights[k]))
    vector = [acb(1 if k == axis else 0) for k in range(size)]
    for _ in range(2):
        for unit in units:
            overlap = _inner(unit, vector)
            vector = [(x - overlap * u).mid() for x, u in zip(vector, unit, strict=True)]
        norm = _norm(vector)
        vector = [(x / norm).mid() for x in vector]
    return vector


def singular_values(matrix: object) -> tuple[arb, ...]:
    """Return balls around the min(m, n) singular values, decreasing."""
    return decompose(matrix).singular_values()


def schatten_power(matrix: object, q: Exact) -> arb:
    """Return a ball around ``‖M‖_q^q = Σ s_i^q``, q > 0."""
    return sum((power(s, q) for s in singular_values(matrix)), arb(0))


def schatten_norm(matrix: object, q: Exact) -> arb:
    """Return a ball around ``‖M‖_q``; ``q = "inf"`` is the largest singular value."""
    if q == "inf" or q == float("inf"):
        return singular_values(matrix)[0]
    return power(schatten_power(matrix, q), 1 / exact(q))


def gradient_pairing(a: object, b: object, q: Exact) -> arb:
    """Return a ball around ``Re <A|A|^{q-2}, B>``, where ``A|A|^{q-2} = U diag(s^{q-1}) V*``, for q > 1.

    Proof of the error bound, with ``f(x) = x|x|^{q-2}`` and Ã the matrix that the decomposition represents exactly:

    - 1 < q < 2, α = q - 1: ``f(x) = (2 cos(πα/2)/π) ∫_0^∞ t^α x/(x² + t²) dt``, and ``x/(x² + t²)`` is the real part of
      the resolvent ``1/(x - it)`` of the Hermitian dilation, so its values at A and Ã differ by at most
      ``min(1/t, δ/t²)``: ``‖f(A) - f(Ã)‖ ≤ (2 cos(πα/2)/π)(1/α + 1/(1-α)) δ^α``, paired with ``‖B‖_1 ≤ √r ‖B‖_F``.
    - q ≥ 2: f has slope at most ``L = (q-1) max(‖A‖, ‖Ã‖)^{q-2}``, hence ``‖f(A) - f(Ã)‖_F ≤ L ‖A - Ã‖_F``, which is at
      most ``L √r δ``, paired with ‖B‖_F.

    Raises
    ------
    ParameterError
        If q is at most 1 or the shapes differ.
    """
    exponent = exact(q) - 1
    if not exponent > 0:
        fail(ParameterError, "gradient_pairing", "q", "be larger than 1", q, "At q = 1 the pairing is discontinuous.")
    b = ball_matrix(b)
    svd = decompose(a)
    if (svd.left.nrows(), svd.right.nrows()) != (b.nrows(), b.ncols()):
        fail(ParameterError, "gradient_pairing", "b", "have the shape of a", (b.nrows(), b.ncols()))
    inner = _adjoint(svd.left) * b * svd.right
    frobenius, r = _frobenius(b), len(svd.values)
    # |û* B v̂ - u* B v| ≤ ‖B‖ (drift (1 + drift) + drift)
    slack = (frobenius * svd.drift * (2 + svd.drift)).upper()
    total = arb(0)
    for i, s in enumerate(svd.values):
        total += power(s, exponent) * (inner[i, i].real + arb(0, slack))
    if exponent >= 1:
        slope = exponent * power(largest(svd.values[0] + svd.error, 0), exponent - 1)
        distance = slope * svd.error * arb(r).sqrt() * frobenius
    else:
        constant = 2 * (arb.pi() * exponent / 2).cos() / arb.pi() * (1 / exponent + 1 / (1 - exponent))
        distance = constant * power(svd.error, exponent) * arb(r).sqrt() * frobenius
    return total + arb(0, upper(distance))


def commutators(a: object, b: object) -> tuple[acb_mat, ...]:
    """Return ``[A*A, B*B], [A*B, B*A], [AA*, BB*], [AB*, BA*]``.

    All vanish when unitary matrices U, V make U*AV and U*BV diagonal, with real or complex entries; so where one does
    not, the pair is no scalar case in disguise.
    """
    a, b = ball_matrix(a), ball_matrix(b)
    right, left = _adjoint(a) * b, a * _adjoint(b)
    pairs = (
        (_adjoint(a) * a, _adjoint(b) * b),
        (right, _adjoint(right)),
        (a * _adjoint(a), b * _adjoint(b)),
        (left, _adjoint(left)),
    )
    return tuple(x * y - y * x for x, y in pairs)
