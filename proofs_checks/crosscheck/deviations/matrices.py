"""From a matrix to a direction, in plain NumPy: by SVD, by polynomial iterations, entry by entry; rounded or not.

Written on its own: nothing here calls the reference, the optimizer or the named schedules of the product.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

__all__ = [
    "ARITHMETICS",
    "BARE",
    "CANS",
    "CUBIC",
    "MUON",
    "POLAR_EXPRESS",
    "POLAR_EXPRESS_FIVE",
    "YOU",
    "Arithmetic",
    "Direction",
    "by_parts",
    "entry_signs",
    "identity",
    "iterated",
    "per_slice",
    "schatten",
    "to_bfloat16",
]

Direction = Callable[[np.ndarray], np.ndarray]
Norm = Callable[[np.ndarray], np.ndarray]

CUBIC = ((1.5, -0.5),) * 5

# source: K. Jordan et al., Muon, 2024
MUON = ((3.4445, -4.7750, 2.0315),) * 5

# source: J. You's list, as shipped in optax 0.2.8 ("dion")
YOU = (
    (4.0848, -6.8946, 2.9270),
    (3.9505, -6.3029, 2.6377),
    (3.7418, -5.5913, 2.3037),
    (2.8769, -3.1427, 1.2046),
    (2.8366, -3.0525, 1.2012),
)

# source: Emerging-Optimizers 0.3.0, rounded there
CANS = (
    (8.4703, -25.1081, 18.6293),
    (4.1828, -3.1087, 0.5806),
    (3.9619, -2.9541, 0.5630),
    (3.2866, -2.4647, 0.5074),
    (2.2737, -1.6447, 0.4162),
)

# source: the repository of arXiv:2505.16932 (7f0fb57), without the safety factor
BARE = (
    (8.28721201814563, -23.595886519098837, 17.300387312530933),
    (4.107059111542203, -2.9478499167379106, 0.5448431082926601),
    (3.9486908534822946, -2.908902115962949, 0.5518191394370137),
    (3.3184196573706015, -2.488488024314874, 0.51004894012372),
    (2.300652019954817, -1.6689039845747493, 0.4188073119525673),
    (1.891301407787398, -1.2679958271945868, 0.37680408948524835),
    (1.8750014808534479, -1.2500016453999487, 0.3750001645474248),
)
POLAR_EXPRESS = (*((a / 1.01, b / 1.01**3, c / 1.01**5) for a, b, c in BARE), (1.875, -1.25, 0.375))

# source: nanochat and dion 0a059a4, safety 1.02 in the coefficients
POLAR_EXPRESS_FIVE = (
    (8.156554524902461, -22.48329292557795, 15.878769915207462),
    (4.042929935166739, -2.808917465908714, 0.5000178451051316),
    (3.8916678022926607, -2.772484153217685, 0.5060648178503393),
    (3.285753657755655, -2.3681294933425376, 0.46449024233003106),
    (2.3465413258596377, -1.7097828382687081, 0.42323551169305323),
)


def to_bfloat16(x: np.ndarray) -> np.ndarray:
    """Return float32 values rounded to the nearest bfloat16, ties to even."""
    bits = np.ascontiguousarray(x, dtype=np.float32).view(np.uint32)
    rounded = (bits + np.uint32(0x7FFF) + ((bits >> np.uint32(16)) & np.uint32(1))) & np.uint32(0xFFFF0000)
    return np.where(np.isnan(x), np.float32(np.nan), rounded.view(np.float32))


def _to_float16(x: np.ndarray) -> np.ndarray:
    return np.asarray(x, dtype=np.float32).astype(np.float16).astype(np.float32)


@dataclass(frozen=True, slots=True)
class Arithmetic:
    """How an iteration computes: the type that sums are made in, and the rounding of every result to storage."""

    work: type | None
    stored: Callable[[np.ndarray], np.ndarray] = np.asarray
    is_narrow: bool = False  # of range: the largest entry is divided out before the input is stored

    def taken(self, x: np.ndarray) -> np.ndarray:
        """Return ``x`` as this arithmetic stores it."""
        return self.stored(x if self.work is None else x.astype(self.work))


ARITHMETICS = {
    "dtype": Arithmetic(None),
    "float64": Arithmetic(np.float64),
    "float32": Arithmetic(np.float32),
    "bfloat16": Arithmetic(np.float32, to_bfloat16),
    "float16": Arithmetic(np.float32, _to_float16, is_narrow=True),
}
"""By name; "dtype" is that of the parameters. Products of half precisions are summed in float32, as hardware does."""


def identity(d: np.ndarray) -> np.ndarray:
    """Return the average itself."""
    return d


def entry_signs(d: np.ndarray) -> np.ndarray:
    """Return the sign of each entry."""
    return np.sign(d)


def schatten(
    p: float, *, regularized: bool = False, cut: float | None = None, floor: float = 0.0, clamped: bool = False
) -> Direction:
    """Return the duality map of S_p by SVD: ``U diag(s^{q-1}) Vᵀ / ‖s‖_q^{q-1}``, times ``‖s‖_q`` if regularised."""
    q = 1.0 if math.isinf(p) else math.inf if p == 1 else p / (p - 1)

    def direction(d: np.ndarray) -> np.ndarray:
        if d.size == 0 or not np.any(d):
            return np.zeros_like(d)
        u, s, vh = np.linalg.svd(d, full_matrices=False)
        largest = s[0]
        r = s / largest
        tolerance = max(d.shape) * np.finfo(d.dtype).eps
        if q == 1:
            weights, norm = (r > (tolerance if cut is None else cut)).astype(d.dtype), largest * np.sum(r)
        elif math.isinf(q):
            ties = r > 1 - tolerance
            weights, norm = ties / np.sum(ties).astype(d.dtype), largest
        else:
            length = np.sum(r**q) ** (1 / q)
            weights, norm = (r / length) ** (q - 1), largest * length
        kept = max(norm, floor) if clamped else norm + floor
        factor = norm if regularized else norm / kept
        return ((u * weights) @ vh * factor).astype(d.dtype)

    return direction


def _frobenius(x: np.ndarray) -> np.ndarray:
    return np.sqrt(np.sum(x * x))


def _spectral(x: np.ndarray) -> np.ndarray:
    return np.linalg.svd(x, compute_uv=False)[0]


def _root_of_gram(x: np.ndarray) -> np.ndarray:
    gram = x @ x.T
    return np.sqrt(np.sqrt(np.sum(gram * gram)))


def _row_sums_of_gram(x: np.ndarray) -> np.ndarray:
    return np.sqrt(np.sum(np.abs(x @ x.T), axis=1, keepdims=True))


NORMS = {"frobenius": _frobenius, "spectral": _spectral, "schatten": _root_of_gram, "aol": _row_sums_of_gram}


def iterated(
    rows: Sequence[Sequence[float]],
    *,
    norm: str | Norm = "frobenius",
    margin: float = 0.0,
    floor: float = 0.0,
    clamped: bool = False,
    arithmetic: str = "dtype",
    times_dual_norm: bool = False,
    careful: bool = True,
) -> Direction:
    """Return the iteration ``X <- aX + bXXᵀX + c(XXᵀ)²X`` over the rows, from ``D/(‖D‖(1 + margin) + floor)``.

    A careful one divides by the largest entry before it squares, so that no square leaves the range.
    """
    how = ARITHMETICS[arithmetic]

    def divided(x: np.ndarray) -> np.ndarray:
        unit = np.max(np.abs(x)) if careful else x.dtype.type(1)
        if unit == 0:
            return x
        length = (NORMS[norm] if isinstance(norm, str) else norm)(how.stored(x / unit)) * unit * (1 + margin)
        kept = how.stored(np.asarray(np.maximum(length, floor) if clamped else length + floor, dtype=x.dtype))
        return np.divide(x, kept, out=np.zeros_like(x), where=kept > 0) if careful else x / kept

    def direction(d: np.ndarray) -> np.ndarray:
        x = d.T if d.shape[0] > d.shape[1] else d
        if how.is_narrow and careful and np.any(x):
            x = x / np.max(np.abs(x))
        x = how.stored(divided(how.taken(x)))
        for row in rows:
            gram = how.stored(x @ x.T)
            power, total = x, how.stored(row[0] * x)
            for a in row[1:]:
                power = how.stored(gram @ power)
                total = how.stored(total + a * power)
            x = total
        if times_dual_norm:
            x = x * np.sum((d.T if d.shape[0] > d.shape[1] else d).astype(x.dtype) * x)
        return (x.T if d.shape[0] > d.shape[1] else x).astype(d.dtype)

    return direction


def by_parts(direction: Direction, count: int, axis: int) -> Direction:
    """Return the direction on each of ``count`` equal parts along an axis; on the whole where they are not equal."""

    def parts(d: np.ndarray) -> np.ndarray:
        if d.shape[axis] % count:
            return direction(d)
        return np.concatenate([direction(part) for part in np.split(d, count, axis=axis)], axis=axis)

    return parts


def per_slice(direction: Direction) -> Direction:
    """Return the direction on every matrix of a stack by itself."""

    def slices(d: np.ndarray) -> np.ndarray:
        if d.ndim == 2:
            return direction(d)
        return np.stack([slices(one) for one in d]) if len(d) else d

    return slices
