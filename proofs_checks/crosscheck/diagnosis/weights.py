"""Weights of the gradients in a step, without a model of momentum: fitted through the known map."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from synthetic.seeds import Streams

from ..rounding import Rounding
from .series import Basis, Forward, Series

__all__ = ["StepWeights", "fit_weights", "needs_previous", "refitted"]

_DRAWS = 6  # of rounding errors, for the noise of a step
_RATIOS = np.concatenate([[0.0], np.logspace(-4, 4, 49), -np.logspace(-2, 2, 9)])


@dataclass(frozen=True, kw_only=True)
class StepWeights:
    """The weights that explain the direction of one step best, and how well others can.

    Attributes
    ----------
    series : Series
        The run.
    step : int
        k.
    with_previous : bool
        Whether weights of ``G'_1 … G'_k`` follow those of ``G_0 … G_k``.
    weights : array, shape (k + 1,) or (2k + 1,)
        In units of the weight of the first gradient at the first step; only their direction is measured.
    root : array, shape (j, j)
        ``‖root δ‖²`` is what the squared residual over its noise grows by when the weights are off by δ.
    noise : float
        Root mean square error of an entry of the update.
    modelled : float
        The share of it that rounding errors of the stated precision explain.
    spread : float
        Mean over rounding errors of ``‖root δ‖²`` over its number of directions, at least 1.
    factor : float
        c of ``U = c F(D)``.
    size : float
        ``‖U‖_F``.
    residual : float
        ``‖U - c F(D)‖_F``.
    """

    series: Series
    step: int
    with_previous: bool
    weights: np.ndarray
    root: np.ndarray
    noise: float
    modelled: float
    spread: float
    factor: float
    size: float
    residual: float

    @property
    def n_free(self) -> int:
        """Return how many ratios of weights there are."""
        return len(self.weights) - 1

    @property
    def errors(self) -> np.ndarray:
        """Return the standard errors of the weights over their length."""
        if self.n_free == 0:
            return np.zeros(1)
        _, s, right = np.linalg.svd(self.root, full_matrices=False)
        s, right = s[: self.n_free], right[: self.n_free]
        # a ratio that the step does not depend on has no error to speak of: it may be anything
        inverse = 1 / np.maximum(s, 1e-9 * s.max() if s.max() > 0 else 1.0)
        return np.sqrt(self.spread) * np.sqrt(np.sum((right.T * inverse) ** 2, axis=1))

    @property
    def is_telling(self) -> bool:
        """Return whether the step depends on every ratio of weights, beyond its noise."""
        if self.n_free == 0:
            return False
        return bool(np.linalg.svd(self.root, compute_uv=False)[self.n_free - 1] > 1)

    def excess(self, weights: np.ndarray) -> np.ndarray:
        """Return ``root δ`` for other weights, whatever their length."""
        unit = self.weights / np.linalg.norm(self.weights)
        along = float(unit @ weights)
        return self.root @ (weights / max(along, 1e-6 * float(np.linalg.norm(weights)), 1e-300) - unit)


def residual_of(update: np.ndarray, results: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return ``U - c F`` and c for the best c of each row of ``results``."""
    squares = np.sum(results * results, axis=1)
    factors = np.divide(results @ update, squares, out=np.zeros_like(squares), where=squares > 0)
    return update - factors[:, None] * results, factors


def fit_weights(
    forward: Forward, series: Series, *, with_previous: bool = False, n_steps: int | None = None
) -> list[StepWeights]:
    """Return the weights of each step of a run; steps that do not move, or have no gradient, are left out."""
    fits: list[StepWeights] = []
    before = np.array([1.0])
    for k in range(min(series.n_steps, n_steps or series.n_steps)):
        update = series.update(k)
        basis = series.basis(k, with_previous=with_previous)
        if not np.any(update) or not _is_independent(basis):
            before = np.append(before, 0.0) if not with_previous else _widened(before, k + 1)
            continue
        uses_previous = with_previous and series.run.probe.previous_gradients is not None
        weights = _searched(forward, basis, update, _starts(before, k, uses_previous))
        if not np.isfinite(weights).all():
            break
        fit = _measured(forward, series, k, basis, update, weights, uses_previous)
        if not (np.isfinite(fit.root).all() and np.isfinite([fit.noise, fit.spread, fit.residual]).all()):
            break  # the map leaves the range of numbers, and the steps after it know no better
        fits.append(fit)
        before = weights
    return fits


def refitted(forward: Forward, fit: StepWeights, start: np.ndarray, *, always: bool = False) -> StepWeights:
    """Return the fit of a step from other weights, where it leaves less than the one there is, or always."""
    basis = fit.series.basis(fit.step, with_previous=fit.with_previous)
    update = fit.series.update(fit.step)
    weights, left = _refined(forward, basis, update, start)
    if not always and not np.sqrt(left) < fit.residual * (1 - 1e-6):
        return fit
    found = _measured(forward, fit.series, fit.step, basis, update, weights, fit.with_previous)
    return found if np.isfinite(found.root).all() and np.isfinite(found.noise) else fit


def needs_previous(forward: Forward, series: Sequence[Series]) -> bool:
    """Return whether the second step of some run needs the gradient at the parameters before."""
    for one in series:
        if one.n_steps < 2 or one.run.probe.previous_gradients is None:
            continue
        if not any(np.any(block) for block in one.run.probe.previous_gradients[1].values()):
            continue
        fits = [fit for fit in fit_weights(forward, one, with_previous=True, n_steps=2) if fit.step == 1]
        plain = [fit for fit in fit_weights(forward, one, n_steps=2) if fit.step == 1]
        if not fits or not plain:
            continue
        # the three weights leave much less than the two do, and the third is far beyond its error
        unit = fits[0].weights / np.linalg.norm(fits[0].weights)
        if abs(unit[2]) > 8 * fits[0].errors[2] and fits[0].residual < plain[0].residual / 4:
            return True
    return False


def _is_independent(basis: Basis) -> bool:
    """Return whether no gradient is a sum of others: else their weights cannot be told apart."""
    rows = np.concatenate([rows.reshape(len(rows), -1) for rows in basis.values()], axis=1)
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    if not np.all(lengths > 0) or len(rows) > rows.shape[1]:
        return False
    return bool(np.linalg.svd(rows / lengths, compute_uv=False)[-1] > 0.05)


def _widened(weights: np.ndarray, k: int) -> np.ndarray:
    """Return weights of step k - 1, ``G_0 … G_{k-1}, G'_1 … G'_{k-1}``, as weights of step k."""
    return np.concatenate([weights[:k], [0.0], weights[k:], [0.0]])


def _starts(before: np.ndarray, k: int, uses_previous: bool) -> np.ndarray:
    """Return weights to start from: those of the step before, and the newest gradient in every ratio to them."""
    if k == 0:
        return np.ones((1, 1))
    old = _widened(before, k) if uses_previous and len(before) == 2 * k - 1 else np.append(before[:k], 0.0)
    if uses_previous and len(old) != 2 * k + 1:
        old = np.concatenate([old, np.zeros(k)])
    newest = np.zeros(len(old))
    newest[k] = 1.0
    starts = [newest, *(old + ratio * newest for ratio in _RATIOS)]
    if uses_previous:
        last = np.zeros(len(old))
        last[-1] = 1.0
        starts += [share * (old - last) + newest for share in np.linspace(0.02, 0.98, 25)]
    return np.array(starts)


def _searched(forward: Forward, basis: Basis, update: np.ndarray, starts: np.ndarray) -> np.ndarray:
    residuals, _ = residual_of(update, forward(basis, starts))
    squares = np.sum(residuals**2, axis=1)
    order = np.argsort(np.where(np.isfinite(squares), squares, np.inf), kind="stable")
    if len(starts) == 1:
        return starts[0]
    found = [_refined(forward, basis, update, starts[i]) for i in order[:3]]
    weights = min(found, key=lambda pair: pair[1])[0]
    # a step and the step for the opposite average have opposite signs: the one that descends is meant
    _, factors = residual_of(update, forward(basis, weights[None]))
    return weights if factors[0] >= 0 else -weights


def _refined(forward: Forward, basis: Basis, update: np.ndarray, weights: np.ndarray) -> tuple[np.ndarray, float]:
    """Return weights after Gauss-Newton steps that lower the residual, and its square."""
    residuals, factors = residual_of(update, forward(basis, weights[None]))
    open_one = _across_result(forward.by_floor(basis, weights), forward(basis, weights[None])[0])
    residuals = _less(residuals.T, open_one).T
    least = float(residuals[0] @ residuals[0])
    for _ in range(20):
        slopes, result = _slopes(forward, basis, weights)
        if not np.isfinite(slopes).all():
            break
        across = _across(weights)
        change, *_ = np.linalg.lstsq(
            _less(_off(factors[0] * slopes, result), open_one) @ across, residuals[0], rcond=1e-7
        )
        lengths = np.array([1.0, 0.5, 0.2, 0.05, 0.01])
        trials = weights + lengths[:, None] * (across @ change)
        tried, tried_factors = residual_of(update, forward(basis, trials))
        tried = _less(tried.T, open_one).T
        squares = np.sum(tried**2, axis=1)
        best = int(np.argmin(np.where(np.isfinite(squares), squares, np.inf)))
        if not squares[best] < least:
            break
        is_done = squares[best] > least * (1 - 1e-6)
        weights, least = trials[best], float(squares[best])
        residuals, factors = tried[best][None], tried_factors[best][None]
        if is_done:
            break
    return weights, least


def _slopes(forward: Forward, basis: Basis, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return ``∂F/∂w``, shape (entries, j), by central differences, and F."""
    # numerics: a change of 1e-5 leaves 1e-10 of curvature and 1e-11 of rounding
    width = 1e-5 * float(np.linalg.norm(weights))
    shifts = width * np.eye(len(weights))
    results = forward(basis, np.concatenate([weights[None], weights + shifts, weights - shifts]))
    j = len(weights)
    return ((results[1 : j + 1] - results[j + 1 :]) / (2 * width)).T, results[0]


def _across(weights: np.ndarray) -> np.ndarray:
    """Return an orthonormal basis of what changes the ratios of the weights, shape (j, j - 1)."""
    return np.linalg.svd(weights[None], full_matrices=True)[2][1:].T


def _across_result(change: np.ndarray | None, result: np.ndarray) -> np.ndarray | None:
    """Return a direction that is not known to matter, without its part along the result, of length 1; None for none."""
    if change is None:
        return None
    rest = _off(change[:, None], result)[:, 0]
    length = float(np.linalg.norm(rest))
    return rest / length if length > 0 else None


def _less(columns: np.ndarray, direction: np.ndarray | None) -> np.ndarray:
    """Return columns without their part along a direction of length 1."""
    return columns if direction is None else columns - np.outer(direction, direction @ columns)


def _off(columns: np.ndarray, result: np.ndarray) -> np.ndarray:
    """Return columns without their part along ``result``."""
    square = float(result @ result)
    return columns if square == 0 else columns - np.outer(result, result @ columns) / square


def _measured(
    forward: Forward, series: Series, k: int, basis: Basis, update: np.ndarray, weights: np.ndarray, uses_previous: bool
) -> StepWeights:
    slopes, result = _slopes(forward, basis, weights)
    residuals, factors = residual_of(update, result[None])
    open_one = _across_result(forward.by_floor(basis, weights), result)
    residuals = _less(residuals.T, open_one).T
    c, residual = float(factors[0]), float(np.linalg.norm(residuals[0]))
    rng = Streams({"several steps": series.name, "step": k}).generator("signs")
    rounding = Rounding(forward.unit(series.run.dtype), rng)
    drawn = [c * (forward(basis, weights[None], rounding)[0] - result) for _ in range(_DRAWS)]
    errors = _less(_off(np.array(drawn).T, result), open_one).T
    modelled = float(np.mean(errors**2) + np.mean(series.storage(k) ** 2))
    rest = max(len(update) - len(weights), 1)
    noise = max(np.sqrt(modelled), residual / np.sqrt(rest), 1e-300)
    across = _across(weights)
    columns = _less(_off(c * slopes, result), open_one) @ across * (np.linalg.norm(weights) / noise)
    left, triangle = np.linalg.qr(columns) if np.isfinite(columns).all() else (
        np.zeros_like(columns), np.full((columns.shape[1],) * 2, np.nan))  # fmt: skip
    root = triangle @ across.T
    spread = float(np.mean(np.sum((errors @ left) ** 2, axis=1))) / noise**2 / max(len(weights) - 1, 1)
    return StepWeights(
        series=series, step=k, with_previous=uses_previous, weights=weights, root=root, noise=float(noise),
        modelled=float(np.sqrt(modelled)), spread=max(1.0, spread), factor=c, size=float(np.linalg.norm(update)),
        residual=residual,
    )  # fmt: skip
