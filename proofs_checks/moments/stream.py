"""Streaming moments of ``‖S‖_q``: blocks of trials with a generator each, merged in order, in constant memory.

A block of trials is drawn whole from its own generator, which the axes and the index of the block declare; blocks are
merged in the order of their index. So the numbers depend on the axes and on the number of trials alone: not on threads,
on how often the stream was paused, or on what else was computed from it.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from schattor_theory.checks import check_exponent, check_integer, check_positive, fail
from schattor_theory.errors import NonFiniteError, ShapeError
from synthetic.martingales import Factored
from synthetic.seeds import Streams
from synthetic.threads import one_blas_thread

__all__ = ["BETS", "BLOCK", "DRAW", "Functional", "Statistics", "log_e_value", "norms_of", "singular_values", "stream"]

BLOCK = 512
"""Trials in a block; a part of the results, since each block has its own generator."""

DRAW = 64
"""Trials of a block that are drawn at once; a part of the results, since laws may draw several arrays.

It bounds the memory, and keeps matrices in the cache: of 32×32 matrices 64 are half a megabyte.
"""

# each bet is a test martingale by itself, and so is their average: small bets see small excesses in light tails,
# large bets see gross ones at once; 1 is the largest that keeps the capital of a value 0 non-negative
BETS = np.array([0.002, 0.01, 0.02, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1.0])
"""The bets λ of the e-value ``mean over λ of Π(1 + λ(x - 1))``."""

Array = NDArray[Any]
Vector = NDArray[np.float64]


Sample = Callable[[np.random.Generator, int], "Array | Factored"]


def singular_values(stack: Array | Factored) -> Vector:
    """Return the singular values of each matrix of a stack (k, m, n), real or complex, shape (k, min(m, n)).

    Each matrix is divided by its largest entry first, so that 1e±150 entries neither over- nor underflow.

    Raises
    ------
    NonFiniteError
        If an entry is NaN or infinite; the message names its trial.
    """
    if isinstance(stack, Factored):
        return _checked(stack.singular_values())
    stack = np.asarray(stack)
    if stack.ndim != 3:
        fail(ShapeError, "singular_values", "stack", "have the shape (trials, m, n)", stack.shape)
    if 0 in stack.shape:
        return np.zeros((stack.shape[0], min(stack.shape[1:])))
    # numerics: the modulus of a complex number can overflow where its parts do not, never the other way round
    top = np.max(np.abs(stack), axis=(1, 2), keepdims=True)
    if not np.isfinite(top).all():
        trial = int(np.flatnonzero(~np.isfinite(top))[0])
        fail(NonFiniteError, "singular_values", f"stack[{trial}]", "be finite", stack[trial])
    top = np.where(top > 0, top, 1.0)
    return np.asarray(np.linalg.svd(stack / top, compute_uv=False) * top[:, :, 0])


def _checked(values: Vector) -> Vector:
    """Return singular values after refusing those of a matrix with a NaN or an infinity."""
    bad = np.flatnonzero(~np.isfinite(values).all(axis=1))
    if bad.size:
        fail(NonFiniteError, "singular_values", f"stack[{bad[0]}]", "be finite", values[bad[0]])
    return values


def norms_of(values: Vector, q: float) -> Vector:
    """Return the ℓ_q norms of the rows of non-negative numbers."""
    if values.shape[1] == 0:
        return np.zeros(values.shape[0])
    top = values.max(axis=1)
    if math.isinf(q):
        return top
    safe = np.where(top > 0, top, 1.0)
    ratios = values / safe[:, None]
    return np.asarray(top * np.sum(ratios if q == 1 else ratios**q, axis=1) ** (1 / q))


@dataclass(frozen=True, slots=True)
class Functional:
    """The random number ``x = (‖S‖_q/scale)^β``: with ``scale = B^{1/β}`` its mean is the ratio to a bound B."""

    q: float
    moment_order: float
    scale: float = 1.0

    def __post_init__(self) -> None:
        check_exponent("Functional", self.q, "q") if self.q >= 1 else check_positive("Functional", "q", self.q)
        check_positive("Functional", "moment_order", self.moment_order)
        check_positive("Functional", "scale", self.scale)

    def of(self, norms: Vector) -> Vector:
        """Return x for the norms ‖S‖_q."""
        # numerics: divided before the power, which overflows only where the ratio itself does
        with np.errstate(over="ignore", under="ignore"):
            return np.asarray((norms / self.scale) ** self.moment_order)


@dataclass(frozen=True, slots=True)
class Statistics:
    """What is kept of the values x of one functional.

    Attributes
    ----------
    count : int
        Number of trials.
    mean, squares : float
        Mean, and sum of squared deviations from it.
    largest : float
        Largest value.
    log_capital : array, shape (len(BETS),)
        ``Σ log(1 + λ(x - 1))`` for each bet: test martingales of "mean at most 1".
    group_sums, group_counts : array, shape (k,)
        Sums over the trials whose index is i modulo k, for a median of means.
    """

    count: int
    mean: float
    squares: float
    largest: float
    log_capital: Vector
    group_sums: Vector
    group_counts: NDArray[np.int64]

    @classmethod
    def empty(cls, n_groups: int) -> Statistics:
        """Return the statistics of no value."""
        zeros = np.zeros(n_groups)
        return cls(0, 0.0, 0.0, 0.0, np.zeros(len(BETS)), zeros, np.zeros(n_groups, dtype=np.int64))

    @classmethod
    def of_values(cls, values: Vector, first: int, n_groups: int) -> Statistics:
        """Return the statistics of the trials with indices first, first + 1, …."""
        with np.errstate(over="ignore", divide="ignore", invalid="ignore"):
            mean = float(values.mean())
            squares = float(np.sum((values - mean) ** 2))
            growth = np.maximum(BETS[:, None] * (values - 1)[None, :], -1.0)
            capital = np.log1p(growth).sum(axis=1)
        index = (first + np.arange(values.size)) % n_groups
        sums: Vector = np.asarray(np.bincount(index, weights=values, minlength=n_groups), dtype=float)
        counts = np.bincount(index, minlength=n_groups)
        return cls(values.size, mean, squares, float(values.max()), capital, sums, counts)

    def merged(self, later: Statistics) -> Statistics:
        """Return the statistics of both, ``later`` being the trials that follow."""
        if self.count == 0:
            return later
        count = self.count + later.count
        gap = later.mean - self.mean
        with np.errstate(over="ignore", invalid="ignore"):
            return Statistics(
                count,
                self.mean + gap * later.count / count,
                self.squares + later.squares + gap * gap * self.count * later.count / count,
                max(self.largest, later.largest),
                self.log_capital + later.log_capital,
                self.group_sums + later.group_sums,
                self.group_counts + later.group_counts,
            )

    @property
    def variance(self) -> float:
        """Return the sample variance; infinite for fewer than two values."""
        return self.squares / (self.count - 1) if self.count > 1 else math.inf

    def to_dict(self) -> dict[str, Any]:
        """Return plain values from which :meth:`from_dict` makes the same statistics."""
        return {
            "count": self.count,
            "mean": self.mean,
            "squares": self.squares,
            "largest": self.largest,
            "log_capital": self.log_capital.tolist(),
            "group_sums": self.group_sums.tolist(),
            "group_counts": self.group_counts.tolist(),
        }

    @classmethod
    def from_dict(cls, record: Mapping[str, Any]) -> Statistics:
        """Return the statistics of a record of :meth:`to_dict`."""
        arrays = {name: np.array(record[name], dtype=float) for name in ("log_capital", "group_sums")}
        counts = np.array(record["group_counts"], dtype=np.int64)
        return cls(**{**record, **arrays, "group_counts": counts})


def log_e_value(statistics: Statistics) -> float:
    """Return the logarithm of the e-value against "the mean of x is at most 1".

    The capital of each bet λ in [0, 1] is a non-negative martingale under the hypothesis, whatever the law of x >= 0,
    also with infinite variance; so is their average. The probability that it *ever* reaches 1/α is at most α (Ville):
    looking again after every block costs nothing.
    """
    capital = statistics.log_capital
    top = float(capital.max())
    if not math.isfinite(top):
        return top if top > 0 else -math.inf
    return top + math.log(float(np.exp(capital - top).mean()))


def _block(
    sample: Sample,
    axes: Mapping[str, object],
    index: int,
    keep: slice,
    functionals: Sequence[Functional],
    n_groups: int,
) -> list[Statistics]:
    """Return the statistics of the kept trials of one block."""
    rng = Streams(dict(axes), index).generator("data")
    parts = []
    for start in range(0, keep.stop, DRAW):
        drawn = sample(rng, DRAW)
        if start + DRAW > keep.start:
            parts.append(singular_values(drawn[max(0, keep.start - start) : keep.stop - start]))
    values = np.concatenate(parts)
    norms = {q: norms_of(values, q) for q in dict.fromkeys(f.q for f in functionals)}
    first = index * BLOCK + keep.start
    return [Statistics.of_values(f.of(norms[f.q]), first, n_groups) for f in functionals]


def stream(
    sample: Sample,
    functionals: Sequence[Functional],
    *,
    axes: Mapping[str, object],
    trials: int,
    n_groups: int = 1,
    after: Sequence[Statistics] | None = None,
    jobs: int = 1,
    progress: Callable[[int], None] | None = None,
) -> list[Statistics]:
    """Return the statistics of each functional over the first ``trials`` trials.

    Parameters
    ----------
    sample : callable
        ``sample(rng, k)`` returns k independent sums, shape (k, m, n), or their factors: the ``factored_sums`` of a
        martingale. With several jobs it is called in threads.
    functionals : sequence of Functional
        What to keep; all see the same trials.
    axes : mapping
        Declares the streams: the seed and what else the trials belong to.
    trials : int
        Number of trials, >= 1; the first k of a longer run are the same.
    n_groups : int
        Number of groups for a median of means.
    after : sequence of Statistics, optional
        Where an earlier call stopped: it is gone on with, and the result is the same as without the pause up to
        rounding of the merged sums.
    jobs : int
        Threads; decompositions of stacks run in parallel in them.
    progress : callable, optional
        Called with the number of trials done since the last call.

    Raises
    ------
    ParameterError, NonFiniteError
        For an argument outside its range, or a sum that is not finite.
    """
    trials = check_integer("stream", "trials", trials, minimum=1)
    jobs = check_integer("stream", "jobs", jobs, minimum=1)
    n_groups = check_integer("stream", "n_groups", n_groups, minimum=1)
    found = list(after) if after is not None else [Statistics.empty(n_groups) for _ in functionals]
    done = found[0].count if found else 0
    waiting: deque[tuple[int, Future[list[Statistics]]]] = deque()

    def merge() -> None:
        size, future = waiting.popleft()
        for i, part in enumerate(future.result()):
            found[i] = found[i].merged(part)
        if progress is not None:
            progress(size)

    with one_blas_thread(), ThreadPoolExecutor(jobs) as pool:
        try:
            for index, keep in _pieces(done, trials):
                work = pool.submit(_block, sample, axes, index, keep, functionals, n_groups)
                waiting.append((keep.stop - keep.start, work))
                if len(waiting) > 2 * jobs:
                    merge()
            while waiting:
                merge()
        except BaseException:
            pool.shutdown(wait=True, cancel_futures=True)
            raise
    return found


def _pieces(done: int, trials: int) -> Iterator[tuple[int, slice]]:
    """Yield (index of the block, slice of its trials) from trial ``done`` up to ``trials``."""
    while done < trials:
        index, start = divmod(done, BLOCK)
        stop = min(BLOCK, start + trials - done)
        yield index, slice(start, stop)
        done += stop - start
