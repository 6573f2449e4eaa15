"""Bands: how far the steps of a convention may be from the exact ones through rounding alone, in size and direction.

Every step is computed once exactly, from where the target stands, and in ``COPIES`` copies with the rounding errors of
its precision drawn at random (:mod:`.copies`). The band is a multiple of the copies' root mean square; the multiple
follows from the rate of false alarms. Beside it stands the first-order worst case, ``√(3n)`` root mean squares for n
errors. Neither is proved: both rest on the model that a result is off by half a unit in its last place, at random.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from scipy import stats

from .convention import UNIT_ROUNDOFF, Convention, EntrywiseMap
from .copies import COPIES, Copies, nearby
from .probe import Run
from .reference import moved, reference_parameters, reference_updates

__all__ = ["COPIES", "FALSE_ALARM", "Comparison", "averages_of", "band_factor", "compare", "is_in_range"]

FALSE_ALARM = 1e-6
"""Chance that a target which follows the convention is called different, if its rounding errors are as modelled."""

_RANGE = {"float64": 500, "float32": 55, "bfloat16": 55, "float16": 6}


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """One step of one block beside the exact step.

    Attributes
    ----------
    probe, step, block, dtype, shape
        Which step.
    size : float
        ``‖E‖`` of the exact step.
    moves : bool
        Whether the exact step is more than weight decay.
    gain : float
        ``<U, E>/<E, E> - 1`` of the observed step U and the exact one E: the error of scale; 0 where E is zero.
    direction : float
        ``‖U - (1 + gain) E‖/‖E‖``, Frobenius norms: the error of direction; ``‖U‖`` where E is zero.
    gain_copies, direction_copies : arrays, shape (COPIES,)
        The same of the copies.
    n_errors : int
        Rounding errors in one copy.
    s, s_error, s_error_copies : arrays, shapes (r,), (r,), (COPIES, r)
        Singular values of what the map saw, over their Frobenius norm, and the error of what became of them, after the
        best scale: ``u_iᵀ(U - (1 + gain)E)v_i``. Empty for maps that do not act on singular values.
    """

    probe: str
    step: int
    block: str
    dtype: str
    shape: tuple[int, ...]
    size: float
    moves: bool
    gain: float
    direction: float
    gain_copies: np.ndarray
    direction_copies: np.ndarray
    n_errors: int
    s: np.ndarray = field(default_factory=lambda: np.empty(0))
    s_error: np.ndarray = field(default_factory=lambda: np.empty(0))
    s_error_copies: np.ndarray = field(default_factory=lambda: np.empty((COPIES, 0)))

    def rounding(self, component: str) -> float:
        """Return the root mean square of "gain" or "direction" over the copies, at least two units of the dtype."""
        copies = self.gain_copies if component == "gain" else self.direction_copies
        return float(np.hypot(np.sqrt(np.mean(copies**2)), 2 * UNIT_ROUNDOFF[self.dtype]))

    def worst_case(self, component: str) -> float:
        """Return the first-order worst case: by Cauchy–Schwarz ``√(3n)`` root mean squares of n even errors."""
        return float(np.sqrt(3 * max(self.n_errors, 1))) * self.rounding(component)

    def to_dict(self, factor: float) -> dict[str, Any]:
        """Return the numbers of a report, with the bands of a factor."""
        found: dict[str, Any] = {"probe": self.probe, "step": self.step, "block": self.block, "dtype": self.dtype,
                                 "shape": list(self.shape), "excess": self.excess(factor)}  # fmt: skip
        for component, word in (("gain", "scale"), ("direction", "direction")):
            found[word] = {
                "error": getattr(self, component),
                "band": factor * self.rounding(component),
                "first_order_worst_case": self.worst_case(component),
            }
        return found

    def excess(self, factor: float) -> float:
        """Return the larger of the two errors over its band; above 1 the step is not the convention's."""
        ratios = [abs(getattr(self, one)) / (factor * self.rounding(one)) for one in ("gain", "direction")]
        return float("inf") if any(np.isnan(ratios)) else max(ratios)


def band_factor(n_comparisons: int, rate: float = FALSE_ALARM) -> float:
    """Return the multiple of a root mean square that ``n_comparisons`` errors together exceed with chance ``rate``.

    Student's t for an error that is normal and a root mean square that is itself known from ``COPIES`` draws.
    """
    return float(stats.t.isf(rate / (2 * max(n_comparisons, 1)), COPIES))


def is_in_range(run: Run, convention: Convention | None = None) -> bool:
    """Return whether squares of the gradients fit the dtype, and the precision of the map: no norm over- or underflows.

    What happens outside belongs to the invariance f(cG) = f(G), not to the verdict.
    """
    inner = run.dtype if convention is None or convention.precision == "dtype" else convention.precision
    limit = min(_RANGE[run.dtype], _RANGE[inner])
    sizes = [np.max(np.abs(g)) for one in run.probe.gradients for g in one.values() if g.size and np.any(g)]
    return all(np.isfinite(size) and abs(np.log2(size)) <= limit for size in sizes)


@np.errstate(over="ignore", invalid="ignore")  # a convention that is not the target's may leave the range
def compare(run: Run, convention: Convention, *, seed: object = 0) -> tuple[Comparison, ...]:
    """Return every step of a run beside the exact step of a convention, with its copies.

    Parameters
    ----------
    run : Run
        What came out; only the steps that were made are compared, up to the first that is not finite.
    convention : Convention
        What it is said to be.
    seed : number or str
        Of the copies.
    """
    if convention.adam is not None:
        return _compare_adam(run, convention, seed)
    found: list[Comparison] = []
    eta = run.probe.step_size if run.knows_step_size else (convention.step_size or 1.0)
    past: dict[str, list[np.ndarray]] = {name: [] for name in run.probe.start}
    x = {name: np.asarray(block, dtype=np.float64) for name, block in run.probe.start.items()}
    for k, after in enumerate(run.parameters):
        averages, sizes = averages_of(run, convention, past, x, k)
        unit = convention.unit_roundoff(run.dtype)
        step = eta * convention.step_factor(k)
        exact, copies, n_errors = _updates(convention, averages, sizes, unit, UNIT_ROUNDOFF[run.dtype], seed)
        stored = Copies(UNIT_ROUNDOFF[run.dtype], seed=seed)
        for name, block in x.items():
            expected = (block - moved(convention, block, exact[name], step)) / eta
            noisy = (block - moved(convention, block, copies[name], step)) / eta
            noisy = noisy + stored.errors(after[name]) / eta
            if convention.decay.form != "none":
                noisy = noisy + stored.errors(block) / eta
            observed = (block - after[name]) / eta
            seen = averages[name] if _acts_on_singular_values(convention, block) else None
            found.append(
                _comparison(run, k, name, observed, expected, noisy, n_errors, seen, bool(np.any(exact[name])))
            )
        if not all(np.all(np.isfinite(block)) for block in after.values()):
            break
        x = dict(after)
    return tuple(found)


def averages_of(
    run: Run, convention: Convention, past: dict[str, list[np.ndarray]], x: dict[str, np.ndarray], k: int
) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    """Return D_k of each block, and ``Σ|w_j||G_j|``: the size of what was summed."""
    averages, sizes = {}, {}
    before = run.probe.previous_gradients
    for name, block in x.items():
        g = np.asarray(run.probe.gradients[k][name], dtype=np.float64)
        past[name].append(g + convention.decay.rate * block if convention.decay.form == "l2" else g)
        previous = None if before is None else [np.asarray(one[name], dtype=np.float64) for one in before[: k + 1]]
        averages[name] = convention.momentum.direction(past[name], previous)
        weights = np.abs(convention.momentum.weights(k))
        sizes[name] = sum(w * np.abs(g) for w, g in zip(weights, past[name], strict=True))
        if previous is not None and convention.momentum.average == "recursive":
            sizes[name] = sizes[name] + sum(np.abs(g) for g in previous[1:])
    return averages, sizes


def _updates(
    convention: Convention,
    averages: dict[str, np.ndarray],
    sizes: dict[str, np.ndarray],
    unit: float,
    storage_unit: float,
    seed: object,
) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray], int]:
    """Return the exact updates, those of the copies, and how many errors each copy has."""
    flat = {name: _flat(convention, d) for name, d in averages.items()}
    plain = replace(convention, stack="slices")
    exact = reference_updates(plain, flat)
    rounding = Copies(unit, axes=max(d.ndim for d in flat.values()), seed=seed)
    rng = rounding.generator(*flat.values())
    is_summed = convention.momentum.average != "none" or convention.decay.form == "l2"
    noisy = {}
    for name, d in flat.items():
        summed = 2 * storage_unit * is_summed * _flat(convention, sizes[name])
        p = convention.exponents.get(name, getattr(convention.map, "p", None))
        noisy[name] = nearby(d, summed, rounding, rng, p)
        rounding.counts.append(2 * d.size)
    copied = reference_updates(plain, noisy, rounding)
    return (
        {name: exact[name].reshape(averages[name].shape) for name in averages},
        {name: copied[name].reshape((COPIES, *averages[name].shape)) for name in averages},
        sum(rounding.counts),
    )


def _flat(convention: Convention, d: np.ndarray) -> np.ndarray:
    return d.reshape(d.shape[0], -1) if d.ndim > 2 and convention.stack == "flattened" else d


def _acts_on_singular_values(convention: Convention, block: np.ndarray) -> bool:
    is_spectral = not isinstance(convention.map, EntrywiseMap) and convention.partition.kind == "whole"
    return is_spectral and block.ndim == 2 and min(block.shape) > 0 and convention.decay.form in ("none", "l2")


def _comparison(
    run: Run,
    k: int,
    name: str,
    observed: np.ndarray,
    expected: np.ndarray,
    noisy: np.ndarray,
    n_errors: int,
    seen: np.ndarray | None,
    moves: bool,
) -> Comparison:
    norm = float(np.linalg.norm(expected))
    gain, direction, rest = _split(observed[None], expected, norm)
    gains, directions, rests = _split(noisy, expected, norm)
    curve: dict[str, np.ndarray] = {}
    if seen is not None and norm > 0 and np.all(np.isfinite(observed)):
        u, s, vh = np.linalg.svd(seen, full_matrices=False)
        # equal singular values have no singular vectors of their own, but any of their space do
        relative = s / np.sqrt(np.sum(s * s))
        is_seen = relative > 1e-6
        along, copied = (np.einsum("mi,...mn,in->...i", u, x, vh)[..., is_seen] for x in (rest, rests))
        curve = {"s": relative[is_seen], "s_error": along[0], "s_error_copies": copied}
    return Comparison(
        probe=run.probe.name, step=k, block=name, dtype=run.dtype, shape=tuple(expected.shape), size=norm, moves=moves,
        gain=float(gain[0]), direction=float(direction[0]), gain_copies=gains, direction_copies=directions,
        n_errors=n_errors, **curve,
    )  # fmt: skip


def _split(updates: np.ndarray, expected: np.ndarray, norm: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the errors of scale and of direction of each update, and what the latter is the norm of."""
    axes = tuple(range(1, updates.ndim))
    if norm == 0:
        return np.zeros(len(updates)), np.sqrt(np.sum(updates**2, axis=axes)), updates
    with np.errstate(invalid="ignore", over="ignore"):
        gain = np.sum((updates / norm) * (expected / norm), axis=axes) - 1
        rest = updates - (1 + gain).reshape((-1,) + (1,) * len(axes)) * expected
        return gain, np.sqrt(np.sum((rest / norm) ** 2, axis=axes)), rest


def _compare_adam(run: Run, convention: Convention, seed: object) -> tuple[Comparison, ...]:
    """Return the comparison for Adam, whose steps are of size 1: eight roundings an entry."""
    exact = reference_parameters(convention, run.probe, knows_step_size=run.knows_step_size)
    rng = Copies(0.0, seed=seed).generator(*(g for one in run.probe.gradients for g in one.values()))
    eta = run.probe.step_size if run.knows_step_size else (convention.step_size or 1.0)
    found, x = [], dict(run.probe.start)
    for k, after in enumerate(run.parameters):
        for name in x:
            start = run.probe.start[name] if k == 0 else exact[k - 1][name]
            expected = (start - exact[k][name]) / eta
            unit = convention.unit_roundoff(run.dtype)
            size = 8 * unit * (np.abs(expected) + 1) + UNIT_ROUNDOFF[run.dtype] / eta * np.abs(after[name])
            noisy = expected + size * rng.uniform(-1, 1, size=(COPIES, *expected.shape))
            found.append(
                _comparison(run, k, name, (x[name] - after[name]) / eta, expected, noisy, 8 * expected.size, None, True)
            )
        if not all(np.all(np.isfinite(block)) for block in after.values()):
            break
        x = dict(after)
    return tuple(found)
