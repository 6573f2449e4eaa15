"""Does one law make the whole record? Permutation tests, exact whatever the tail."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import stats

from synthetic.seeds import Streams

__all__ = ["Drift", "drift_of"]

_PERMUTATIONS = (1999, 19999)  # least and most
_MOST = 600  # noise matrices whose shapes are compared; evenly spaced ones of a longer record
_LONGEST = 1200  # sizes that are looked at


@dataclass(frozen=True, slots=True, kw_only=True)
class Drift:
    """p-values of three ways in which noise may fail to be independent draws of one law.

    Attributes
    ----------
    sizes : float
        The sizes rise or fall along the record (ranks against time).
    dependence : float
        A size depends on the one before it (lag-one correlation of ranks): the conditional covariance is random.
    shapes : float
        The covariances of the normalised noise differ between the halves of the record.
    """

    sizes: float
    dependence: float
    shapes: float

    def contradicts_one_law(self, error: float) -> list[str]:
        """Return in words which of the three are refuted, each at a third of the error."""
        words = {
            "sizes": "its size drifts along the record",
            "dependence": "its size depends on the step before",
            "shapes": "the shape of its covariance drifts along the record",
        }
        return [text for name, text in words.items() if getattr(self, name) <= error / 3]


def drift_of(noise: np.ndarray, *, error: float) -> Drift:
    """Return the p-values for noise of shape (k, m, n), from as many fixed permutations as the error asks for."""
    k = len(noise)
    sizes = np.linalg.norm(noise, axis=(1, 2))
    if not sizes.any():
        return Drift(sizes=1.0, dependence=1.0, shapes=1.0)
    rng = Streams({"drift": k}).generator("data")
    ranks = stats.rankdata(sizes) - (k + 1) / 2
    # ties may all be equal: then every statistic is 0 and the p-value 1
    n = int(min(max(30 / error, _PERMUTATIONS[0]), _PERMUTATIONS[1]))
    # neighbours stay neighbours: the part of a long record that is looked at is its last
    ranks = ranks[-_LONGEST:]
    orders = np.argsort(rng.random((n, len(ranks))), axis=1)
    shuffled = ranks[orders]
    time = np.arange(len(ranks)) - (len(ranks) - 1) / 2
    trend = _p_value(abs(float(ranks @ time)), np.abs(shuffled @ time))
    lagged = _p_value(abs(float(ranks[1:] @ ranks[:-1])), np.abs(np.sum(shuffled[:, 1:] * shuffled[:, :-1], axis=1)))
    return Drift(sizes=trend, dependence=lagged, shapes=_shape_p_value(noise, sizes, rng, n))


def _shape_p_value(noise: np.ndarray, sizes: np.ndarray, rng: np.random.Generator, n: int) -> float:
    """Return the p-value of ``‖mean of a half's ẑẑᵀ - that of the other‖²``, summed over both sides."""
    used = np.flatnonzero(sizes > 0)
    used = used[np.linspace(0, len(used) - 1, min(len(used), _MOST)).astype(int)]
    if len(used) < 4:
        return 1.0
    unit = noise[used] / sizes[used, None, None]
    gram = np.zeros((len(used), len(used)))
    for squares in (unit @ unit.transpose(0, 2, 1), unit.transpose(0, 2, 1) @ unit):
        flat = squares.reshape(len(used), -1)
        gram += flat @ flat.T
    half = len(used) // 2
    signs = np.where(np.arange(len(used)) < half, 1 / half, -1 / (len(used) - half))
    found = float(signs @ gram @ signs)
    shuffled = signs[np.argsort(rng.random((n, len(used))), axis=1)]
    # numerics: a covariance of one shape has statistics of rounding errors, which are all called equal
    found = found if found > 1e-12 * float(np.abs(gram).max()) else 0.0
    return _p_value(found, np.einsum("bi,bi->b", shuffled @ gram, shuffled))


def _p_value(found: float, shuffled: np.ndarray) -> float:
    # numerics: equal statistics may differ in the last bits, and one of 0 is exceeded by every other
    exceeding = len(shuffled) if found == 0 else int(np.sum(shuffled >= found * (1 - 1e-9)))
    return (1 + exceeding) / (1 + len(shuffled))
