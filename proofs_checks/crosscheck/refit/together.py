"""Together: every step of every run beside the step of a convention, as a few stacks, for many conventions.

Each step is predicted from where the target stands, as the verdict does it, but without copies of rounding errors: what
a search needs is a distance that is the same for all candidates.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from ..bands import is_in_range
from ..convention import UNIT_ROUNDOFF, Convention, EntrywiseMap
from ..diagnosis.series import finite_steps, stored_unit
from ..probe import Run
from ..reference import moved, reference_updates

__all__ = ["Lengths", "Together"]

_INNER = 16.0  # units of the inner precision that a few products of matrices add up to


@dataclass(frozen=True, kw_only=True)
class _Stack:
    """The steps of all runs with blocks of the same shapes; arrays have them as first axis.

    Attributes
    ----------
    step : array of int, shape (n,)
        Which step of its run.
    eta : array, shape (n, 1, 1)
        Step size of the probe.
    gradients, previous, before : mapping of block to array (n, K, …)
        ``G_0 …``, ``G'_0 …`` and ``X_0 …`` up to each step, zeros beyond.
    observed : mapping of block to array (n, …)
        ``(X_k - X_{k+1})/η``.
    noise : mapping of block to array (n, 1, 1)
        Root mean square of an entry's error.
    """

    step: np.ndarray
    eta: np.ndarray
    gradients: dict[str, np.ndarray]
    previous: dict[str, np.ndarray]
    before: dict[str, np.ndarray]
    observed: dict[str, np.ndarray]
    noise: dict[str, np.ndarray]

    @property
    def x(self) -> dict[str, np.ndarray]:
        """Return X before each step."""
        rows = np.arange(len(self.step))
        return {name: all_x[rows, self.step] for name, all_x in self.before.items()}

    def only(self, chosen: np.ndarray) -> _Stack:
        """Return some of the steps."""
        parts = {name: {block: a[chosen] for block, a in getattr(self, name).items()}
                 for name in ("gradients", "previous", "before", "observed", "noise")}  # fmt: skip
        return _Stack(step=self.step[chosen], eta=self.eta[chosen], **parts)


@dataclass(frozen=True, kw_only=True)
class Lengths:
    """What the steps are multiples of, for each k.

    Attributes
    ----------
    factors, errors : arrays, shape (steps,)
        Of the direction, with standard errors.
    shares, share_errors : arrays, shape (steps,)
        Of the weights.
    by_step : array, shape (steps,)
        What is left of the steps k of all runs.
    """

    factors: np.ndarray
    errors: np.ndarray
    shares: np.ndarray
    share_errors: np.ndarray
    by_step: np.ndarray

    @property
    def score(self) -> float:
        """Return what is left."""
        return float(np.sum(self.by_step))


class Together:
    """All steps that a convention with this precision is judged by, matrices only."""

    def __init__(self, runs: Sequence[Run], convention: Convention) -> None:
        kinds: dict[tuple[tuple[str, tuple[int, ...]], ...], list[Run]] = {}
        for run in runs:
            shapes = tuple(sorted(run.probe.shapes.items()))
            is_matrix = all(len(shape) == 2 and min(shape) > 0 for _, shape in shapes)
            if is_matrix and run.probe.saved_before is None and finite_steps(run) and is_in_range(run, convention):
                kinds.setdefault(shapes, []).append(run)
        unit = max(convention.unit_roundoff("float32"), UNIT_ROUNDOFF["float32"])
        is_exact_at_zero = convention.decay.form != "l2"
        self.stacks = [_stack(kind, unit, is_exact_at_zero) for kind in kinds.values()]

    @classmethod
    def _of(cls, stacks: list[_Stack]) -> Together:
        found = cls.__new__(cls)
        found.stacks = [one for one in stacks if len(one.step)]
        return found

    def first_steps(self) -> Together:
        """Return the first step of every run."""
        return self._of([one.only(one.step == 0) for one in self.stacks])

    def of_several_steps(self) -> Together:
        """Return the runs with more than one step."""
        stacks = []
        for one in self.stacks:
            starts = np.flatnonzero(one.step == 0)
            lengths = np.diff([*starts, len(one.step)])
            stacks.append(one.only(np.repeat(lengths > 1, lengths)))
        return self._of(stacks)

    def early(self, most: int) -> Together:
        """Return the first few steps of every run."""
        return self._of([one.only(one.step < most) for one in self.stacks])

    @property
    def n_steps(self) -> int:
        """Return how many different steps there are."""
        return max((int(one.step.max()) + 1 for one in self.stacks), default=0)

    def misfits(self, convention: Convention) -> np.ndarray:
        """Return ``(observed - expected)/noise`` of all entries over √entries, a row of the squares for each step.

        Shape (steps,): the mean square over the entries of each step.
        """
        return np.concatenate([_mean_square(rest) for rest in self._rests(convention)])

    def residuals(self, convention: Convention) -> np.ndarray:
        """Return ``(observed - expected)/noise`` of every entry."""
        return np.concatenate([block.ravel() for rest in self._rests(convention) for block in rest.values()])

    def _rests(self, convention: Convention) -> list[dict[str, np.ndarray]]:
        rests = []
        factors = np.array([convention.step_factor(k) for k in range(max(self.n_steps, 1))])
        for one in self.stacks:
            size = one.eta * factors[one.step][:, None, None]
            updates, x = directions(convention, one), one.x
            expected = {name: (x[name] - moved(convention, x[name], u, size)) / one.eta for name, u in updates.items()}
            rests.append({name: (one.observed[name] - e) / one.noise[name] for name, e in expected.items()})
        return rests

    def lengths(self, convention: Convention) -> Lengths:
        """Return the step factors that fit best, with the share of the weights that each step takes.

        The factors of the convention are not looked at: every step k has its own, common to all runs. Decay that takes
        a multiple of the weights is fitted with it, as a share of its own at every step; of another kind it is taken as
        the convention has it, in proportion to the factor.
        """
        form = convention.decay.form
        power = {"independent": -1.0, "squared": 1.0}.get(form, 0.0)
        count = self.n_steps
        normal, right = np.zeros((count, 2, 2)), np.zeros((count, 2))
        columns = []
        for one in self.stacks:
            updates, x = directions(convention, one), one.x
            for name, u in updates.items():
                if form == "cautious":
                    u = u + convention.decay.rate * x[name] * (np.sign(x[name]) == np.sign(u))
                shrunk = x[name] * one.eta**power if form in ("decoupled", "independent", "squared") else 0 * u
                entries = np.sqrt(u[0].size)
                pair = np.stack([u, shrunk], axis=1) / (one.noise[name] * entries)[:, None]
                seen = one.observed[name] / (one.noise[name] * entries)
                columns.append((one.step, pair, seen))
                np.add.at(normal, one.step, np.einsum("nimk,njmk->nij", pair, pair))
                np.add.at(right, one.step, np.einsum("nimk,nmk->ni", pair, seen))
        if not (np.isfinite(normal).all() and np.isfinite(right).all()):
            nothing = np.full(count, np.nan)
            return Lengths(factors=nothing, shares=nothing, errors=nothing, share_errors=nothing,
                           by_step=np.full(count, np.inf))  # fmt: skip
        inverse = np.linalg.pinv(normal, rcond=1e-12, hermitian=True)
        fitted = np.einsum("kij,kj->ki", inverse, right)
        left = np.zeros(count)
        total = np.zeros(count)
        score = np.zeros(count)
        for step, pair, seen in columns:
            rest = seen - np.einsum("ni,nimk->nmk", fitted[step], pair)
            squares = np.sum(rest * rest, axis=(-2, -1))
            np.add.at(left, step, squares)
            np.add.at(total, step, 1.0)
            np.add.at(score, step, score_of(squares))
        errors = np.sqrt(np.diagonal(inverse, axis1=-2, axis2=-1) * (left / np.maximum(total, 1))[:, None])
        return Lengths(factors=fitted[:, 0], shares=fitted[:, 1], errors=errors[:, 0], share_errors=errors[:, 1],
                       by_step=score)  # fmt: skip

    def direction_scores(self, convention: Convention) -> np.ndarray:
        """Return the score of each step whatever its length and the share of the weights that it takes."""
        found = []
        for one in self.stacks:
            x = one.x
            for name, u in directions(convention, one).items():
                pair = np.stack([u, x[name]], axis=1).reshape(len(u), 2, -1) / one.noise[name]
                seen = (one.observed[name] / one.noise[name]).reshape(len(u), -1)
                normal = np.einsum("nie,nje->nij", pair, pair)
                if not np.isfinite(normal).all():
                    return np.full(1, np.inf)
                fitted = np.einsum("nij,nje,ne->ni", np.linalg.pinv(normal, rcond=1e-12, hermitian=True), pair, seen)
                rest = seen - np.einsum("ni,nie->ne", fitted, pair)
                found.append(score_of(np.mean(rest * rest, axis=1)))
        return np.concatenate(found)

    def score(self, convention: Convention) -> float:
        """Return how far all steps are from the convention's: grows slowly where a step goes astray."""
        return float(np.sum(score_of(self.misfits(convention))))


def score_of(mean_squares: np.ndarray) -> np.ndarray:
    """Return the contribution of each step: its mean square near zero, the logarithm of it where it is large."""
    return np.log1p(np.where(np.isfinite(mean_squares), mean_squares, 1e30))


def directions(convention: Convention, one: _Stack) -> dict[str, np.ndarray]:
    """Return U of each step of a stack, without decay and step factors."""
    of = convention.map
    gradients = one.gradients
    if convention.decay.form == "l2":
        gradients = {name: g + convention.decay.rate * one.before[name] for name, g in gradients.items()}
    if isinstance(of, EntrywiseMap) and of.name == "adam":
        return {name: _adam(of, g, one.step) for name, g in gradients.items()}
    averages = averages_of(convention, one, gradients)
    return reference_updates(replace(convention, stack="slices"), averages)


def averages_of(convention: Convention, one: _Stack, gradients: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Return D of each step of a stack."""
    momentum, width = convention.momentum, next(iter(gradients.values())).shape[1]
    weights, earlier = np.zeros((width, width)), np.zeros((width, width))
    for k in np.unique(one.step):
        weights[k, : k + 1] = momentum.weights(int(k))
        if momentum.average == "recursive":
            earlier[k, 1 : k + 1] = momentum.buffer_share(int(k)) * momentum.previous_weights(int(k))[1:]
    averages = {name: np.einsum("nk,nk...->n...", weights[one.step], g) for name, g in gradients.items()}
    if momentum.average == "recursive":
        averages = {name: d + np.einsum("nk,nk...->n...", earlier[one.step], one.previous[name])
                    for name, d in averages.items()}  # fmt: skip
    return averages


def _adam(of: EntrywiseMap, gradients: np.ndarray, step: np.ndarray) -> np.ndarray:
    first = second = np.zeros_like(gradients[:, 0])
    found = np.zeros_like(first)
    b1, b2 = of.betas
    for k in range(gradients.shape[1]):
        g = gradients[:, k]
        first, second = b1 * first + (1 - b1) * g, b2 * second + (1 - b2) * g * g
        root = np.sqrt(second / (1 - b2 ** (k + 1))) + of.epsilon
        now = step == k
        total = first[now] / (1 - b1 ** (k + 1))
        found[now] = np.divide(total, root[now], out=np.zeros_like(total), where=root[now] > 0)
    return found


def _mean_square(rest: dict[str, np.ndarray]) -> np.ndarray:
    squares = np.stack([np.sum(block * block, axis=(-2, -1)) for block in rest.values()])
    mean: np.ndarray = np.sum(squares, axis=0) / sum(block[0].size for block in rest.values())
    return mean


def _stack(runs: Sequence[Run], inner: float, is_exact_at_zero: bool) -> _Stack:
    """Return the steps of runs with blocks of the same shapes; nothing is computed where no gradient came yet."""
    names = tuple(runs[0].probe.start)
    width = max(finite_steps(run) for run in runs)
    rows: dict[str, dict[str, list[np.ndarray]]] = {
        kind: {name: [] for name in names} for kind in ("gradients", "previous", "before", "observed", "noise")
    }
    step: list[int] = []
    etas: list[float] = []
    for run in runs:
        n_steps = finite_steps(run)
        eta = run.probe.step_size if run.knows_step_size else 1.0
        step += range(n_steps)
        etas += [eta] * n_steps
        previous = run.probe.gradients if run.probe.previous_gradients is None else run.probe.previous_gradients
        for name in names:
            start = np.asarray(run.probe.start[name], dtype=float)
            path = np.stack([start, *(np.asarray(run.parameters[k][name], dtype=float) for k in range(n_steps))])
            for k in range(n_steps):
                update = (path[k] - path[k + 1]) / eta
                is_still = is_exact_at_zero and not any(np.any(run.probe.gradients[j][name]) for j in range(k + 1))
                computed = 0.0 if is_still else _INNER * inner * _rms(update)
                stored = stored_unit(run) * max(_rms(path[k + 1]), _rms(path[k])) / eta
                rows["observed"][name].append(update)
                rows["noise"][name].append(np.full((1, 1), np.hypot(stored, computed) or 1.0))
                rows["before"][name].append(_padded(list(path[: k + 1]), width))
                rows["gradients"][name].append(_padded([run.probe.gradients[j][name] for j in range(k + 1)], width))
                rows["previous"][name].append(_padded([previous[j][name] for j in range(k + 1)], width))
    stacked = {kind: {name: np.stack(arrays) for name, arrays in of.items()} for kind, of in rows.items()}
    return _Stack(step=np.array(step), eta=np.array(etas)[:, None, None], **stacked)


def _padded(rows: Sequence[np.ndarray], width: int) -> np.ndarray:
    found = np.zeros((width, *np.shape(rows[0])))
    found[: len(rows)] = rows
    return found


def _rms(x: np.ndarray) -> float:
    return float(np.sqrt(np.mean(x * x))) if x.size else 0.0
