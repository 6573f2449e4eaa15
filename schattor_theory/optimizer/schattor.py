"""The reference optimizer: ball and regularised Schatten updaters (D2) with every momentum of D3, T10 and T12."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from ..arrays import Array, array_namespace, check_matrices, device, is_traced, to_numpy
from ..checks import check_choice, check_integer, check_nonnegative, fail
from ..errors import DTypeError, ParameterError, ShapeError
from ..geometry import Exponent, Geometry, ProductGeometry, as_geometry
from .momentum import bias_corrected_theta, exponential_average, look_ahead_average, recursive_average
from .schedules import Schedule, check_look_ahead, check_momentum, check_schedule, check_step_size, evaluate
from .state import NON_FINITE_GRADIENT, NON_FINITE_UPDATE, OK, Params, SchattorState

__all__ = ["ORACLES", "Schattor"]

ORACLES = ("ball", "regularized")
_ONE_BLOCK = ""


@dataclass(frozen=True, slots=True)
class Schattor:
    """An adaptive first-order method whose geometry is a Schatten norm.

    Ball oracle: ``X_{k+1} = X_k - η_k D(M_k)``. Regularised oracle: ``X_{k+1} = X_k - η_k |||M_k|||_* D(M_k)``.
    Regularised p = 2 is SGD with momentum, ball p = 2 normalised SGD, ball p = inf Muon with the exact polar factor.

    Parameters
    ----------
    geometry : SchattenGeometry, ProductGeometry or exponent
        A product geometry for a dict of blocks, else the geometry (or bare exponent) of one matrix.
    step_size : float or callable of k
        η_k >= 0, unit X for the ball oracle, X²/F for the regularised one.
    momentum : float or callable of k
        1 - θ_k in [0, 1), k = 0, 1, …; θ_0 is always 1, so that ``M_0 = G_0``.
    oracle : {"ball", "regularized"}
        The updater of D2.
    bias_correction : bool
        Use ``θ_k = (1 - μ)/(1 - μ^{k+1})``: the direction of heavy ball. Needs a constant momentum μ.
    look_ahead : None, float, callable of k, or "nesterov"
        τ_k in [0, 1]: the direction comes from ``(1 - τ_k) M_k + τ_k G_k``; "nesterov" is ``τ_k = θ_{k+1}`` (T10).
    recursive : bool
        Recursive momentum (T12): ``step`` then needs ``previous_gradient``.
    weight_decay : float
        Decoupled: ``X_{k+1} = (1 - η_k λ) X_k - …`` with λ >= 0, unit 1/X for the ball oracle (T11: R = 1/λ, and its
        hypothesis η_k λ <= 1 is the caller's to keep).

    Raises
    ------
    ExponentError, ParameterError, UnknownNameError
        For an argument outside its range.

    Notes
    -----
    ``init`` and ``step`` are pure, never write to an input, and work on arrays of any supported library, also under
    ``jax.jit``. A stack of runs is stepped at once; a run with a non-finite gradient keeps its parameters, momentum and
    step number, and its status says so, while the others go on.

    Source
    ------
    D1-D4, T10-T12 in docs/theory.

    Examples
    --------
    >>> import numpy as np
    >>> opt = Schattor("inf", step_size=0.5, momentum=0.9)
    >>> x = np.diag([1.0, 2.0])
    >>> state = opt.init(x)
    >>> x, state = opt.step(x, np.diag([3.0, 4.0]), state)
    >>> x
    array([[0.5, 0. ],
           [0. , 1.5]])
    """

    geometry: Geometry
    step_size: Schedule
    momentum: Schedule
    oracle: str = "ball"
    bias_correction: bool = field(default=False, kw_only=True)
    look_ahead: Schedule | str | None = field(default=None, kw_only=True)
    recursive: bool = field(default=False, kw_only=True)
    weight_decay: float = field(default=0.0, kw_only=True)

    if TYPE_CHECKING:  # a bare exponent is the geometry of one matrix from then on

        def __init__(
            self,
            geometry: Geometry | Exponent,
            step_size: Schedule,
            momentum: Schedule,
            oracle: str = "ball",
            *,
            bias_correction: bool = False,
            look_ahead: Schedule | str | None = None,
            recursive: bool = False,
            weight_decay: float = 0.0,
        ) -> None: ...

    def __post_init__(self) -> None:
        def put(name: str, value: object) -> None:
            object.__setattr__(self, name, value)

        put("geometry", as_geometry(self.geometry))
        put("step_size", check_schedule(self.step_size, check_step_size))
        put("momentum", check_schedule(self.momentum, check_momentum))
        check_choice("Schattor", "oracle", self.oracle, ORACLES)
        put("weight_decay", check_nonnegative("Schattor", "weight_decay", self.weight_decay))
        if self.bias_correction and callable(self.momentum):
            way_out = "Bias correction is defined for a constant momentum."
            fail(ParameterError, "Schattor", "bias_correction", "be False with a momentum schedule", True, way_out)
        if isinstance(self.look_ahead, str):
            check_choice("Schattor", "look_ahead", self.look_ahead, ("nesterov",))
        elif self.look_ahead is not None:
            put("look_ahead", check_schedule(self.look_ahead, check_look_ahead))

    def init(self, params: Params) -> SchattorState:
        """Return the state before the first step.

        Parameters
        ----------
        params : array (..., m, n) or dict of blocks
            Start of each run. Its values are not read.

        Raises
        ------
        DTypeError, ShapeError
            If ``params`` does not fit the geometry.
        """
        blocks = self._blocks("Schattor.init", "params", params)
        first = next(iter(blocks.values()))
        xp = array_namespace(first)
        counts = [xp.zeros(tuple(first.shape[:-2]), dtype=xp.int32, device=device(first)) for _ in range(2)]
        momentum = {b: xp.zeros_like(x) for b, x in blocks.items()}
        return SchattorState(counts[0], self._unwrap(momentum), counts[1])

    @np.errstate(over="ignore", invalid="ignore")  # an overflow is a status of its run, and of no other
    def step(
        self, params: Params, gradient: Params, state: SchattorState, *, previous_gradient: Params | None = None
    ) -> tuple[Any, SchattorState]:
        """Return ``(X_{k+1}, state)`` from ``X_k`` and a stochastic gradient ``G_k`` at ``X_k``.

        Parameters
        ----------
        params : array (..., m, n) or dict of blocks
            ``X_k`` of each run, unit X.
        gradient : like ``params``
            ``G_k``, unit F/X.
        state : SchattorState
            What ``init`` or the last ``step`` returned.
        previous_gradient : like ``params``, optional
            The gradient of the *same* sample at ``X_{k-1}``: required from the second step on when ``recursive``, and
            under ``jax.jit`` at every step.

        Returns
        -------
        tuple
            New parameters (dtype of ``params``) and state.

        Raises
        ------
        DTypeError, ShapeError
            If parameters, gradient and state do not fit each other or the geometry.
        ParameterError
            If ``previous_gradient`` is missing, or given to a method that does not use it.

        Scaling
        -------
        Ball oracle: ``step`` is the same for ``G`` and ``c G``, c > 0, applied to every gradient of the run.
        """
        call = "Schattor.step"
        x = self._blocks(call, "params", params)
        g = self._blocks(call, "gradient", gradient, like=x)
        m = self._blocks(call, "state.momentum", state.momentum, like=x)
        previous = self._previous(state, previous_gradient, like=x)
        xp = array_namespace(*x.values())

        gradient_ok = _all_finite(xp, g.values() if previous is None else [*g.values(), *previous.values()])
        g = _masked(xp, gradient_ok, g)
        theta, tau, eta = self._coefficients(xp, state.step, next(iter(x.values())).dtype)
        new_m = {
            b: exponential_average(m[b], g[b], _per_matrix(xp, theta, g[b]))
            if previous is None
            else recursive_average(m[b], g[b], _masked(xp, gradient_ok, previous)[b], _per_matrix(xp, theta, g[b]))
            for b in x
        }
        average = new_m
        if tau is not None:
            average = {b: look_ahead_average(new_m[b], g[b], _per_matrix(xp, tau, g[b])) for b in x}

        # invariant: no decomposition sees a non-finite entry, else one run would spoil the SVD of the whole stack
        momentum_ok = gradient_ok & _all_finite(xp, [*average.values(), *new_m.values()])
        new_x = self._moved(xp, x, _masked(xp, momentum_ok, average), eta)
        ok = momentum_ok & _all_finite(xp, new_x.values())
        new_state = SchattorState(
            state.step + xp.astype(ok, state.step.dtype),
            self._unwrap(_chosen(xp, ok, new_m, m)),
            _status_after(xp, state.status, ok, gradient_ok),
        )
        return self._unwrap(_chosen(xp, ok, new_x, x)), new_state

    def theta_at(self, k: int) -> float:
        """Return θ_k of D3; ``θ_0 = 1``."""
        k = check_integer("Schattor.theta_at", "k", k, minimum=0)
        return float(self._theta(np, np.asarray(k, dtype=np.int32), np.float64))

    def step_size_at(self, k: int) -> float:
        """Return η_k."""
        k = check_integer("Schattor.step_size_at", "k", k, minimum=0)
        return float(evaluate(self.step_size, np.asarray(k), np.float64, check_step_size))

    def look_ahead_at(self, k: int) -> float:
        """Return τ_k of T10; 0 without look-ahead."""
        k = check_integer("Schattor.look_ahead_at", "k", k, minimum=0)
        tau = self._tau(np, np.asarray(k, dtype=np.int32), np.float64)
        return 0.0 if tau is None else float(tau)

    def _theta(self, xp: Any, k: Array, dtype: Any) -> Array:
        # θ_0 = 1 whatever the schedule says, so k = 0 is not asked for
        mu = evaluate(self.momentum, xp.where(k == 0, xp.ones_like(k), k), dtype, check_momentum)
        count = xp.astype(k, dtype)
        theta = bias_corrected_theta(mu, count) if self.bias_correction else 1 - mu
        return xp.where(k == 0, xp.ones_like(theta), theta)

    def _tau(self, xp: Any, k: Array, dtype: Any) -> Array | None:
        if self.look_ahead is None:
            return None
        if isinstance(self.look_ahead, str):  # "nesterov"
            return self._theta(xp, k + 1, dtype)
        return evaluate(self.look_ahead, k, dtype, check_look_ahead)

    def _coefficients(self, xp: Any, k: Array, dtype: Any) -> tuple[Array, Array | None, Array]:
        k = xp.asarray(k)
        eta = evaluate(self.step_size, k, dtype, check_step_size)
        return self._theta(xp, k, dtype), self._tau(xp, k, dtype), eta

    def _moved(self, xp: Any, x: dict[str, Array], average: dict[str, Array], eta: Array) -> dict[str, Array]:
        momentum = self._unwrap(average)
        if self.oracle == "ball" and self.geometry.is_inexact:  # its norm would cost the decomposition it avoids
            norm, direction = None, self.geometry.duality_map(momentum, check_finite=False)
        else:
            norm, direction = self.geometry.dual_norm_and_map(momentum, check_finite=False)
        direction = direction if isinstance(direction, Mapping) else {_ONE_BLOCK: direction}
        moved = {}
        for b in x:
            rate = _per_matrix(xp, eta, x[b])
            length = rate if self.oracle == "ball" else rate * _per_matrix(xp, norm, x[b])
            kept = x[b] if self.weight_decay == 0 else (1 - rate * self.weight_decay) * x[b]
            moved[b] = kept - length * direction[b]
        return moved

    def _blocks(
        self, call: str, argument: str, value: object, like: dict[str, Array] | None = None
    ) -> dict[str, Array]:
        """Return ``value`` as a dict of blocks after the checks that need no values."""
        if isinstance(self.geometry, ProductGeometry):
            self.geometry.check_blocks(call, argument, value, check_finite=False)
            blocks = {b: value[b] for b in self.geometry.exponents}  # type: ignore[index]
        elif isinstance(value, Mapping):
            way_out = "For a dict of blocks use ProductGeometry({block: exponent, ...})."
            fail(ShapeError, call, argument, "be one array", sorted(map(str, value)), way_out)
        else:
            check_matrices(call, argument, value, check_finite=False)
            blocks = {_ONE_BLOCK: value}
        if like is None:
            return blocks
        for b, block in blocks.items():
            name = f"{argument}[{b!r}]" if b else argument
            if tuple(block.shape) != tuple(like[b].shape):
                way_out = "It must belong to these parameters."
                fail(ShapeError, call, name, f"have shape {tuple(like[b].shape)}", tuple(block.shape), way_out)
            if array_namespace(block) is not array_namespace(like[b]):
                wanted = f"be an array of the library of the parameters ({type(like[b]).__name__})"
                fail(DTypeError, call, name, wanted, type(block).__name__, "Convert it.")
            if block.dtype != like[b].dtype:
                way_out = "Convert it: the result has the dtype of the parameters."
                fail(DTypeError, call, name, f"have dtype {like[b].dtype}", block.dtype, way_out)
        return blocks

    def _previous(
        self, state: SchattorState, previous_gradient: Params | None, like: dict[str, Array]
    ) -> dict[str, Array] | None:
        call, argument = "Schattor.step", "previous_gradient"
        if not self.recursive:
            if previous_gradient is not None:
                fail(ParameterError, call, argument, "be None unless recursive=True", type(previous_gradient).__name__)
            return None
        if previous_gradient is None:
            if is_traced(state.step) or bool((to_numpy(state.step) > 0).any()):
                way_out = "Recursive momentum needs the gradient of the same sample at the previous parameters."
                fail(ParameterError, call, argument, "be given after the first step", None, way_out)
            return {b: array_namespace(x).zeros_like(x) for b, x in like.items()}  # weight 1 - θ_0 = 0 at k = 0
        return self._blocks(call, argument, previous_gradient, like=like)

    def _unwrap(self, blocks: dict[str, Array]) -> Params:
        return blocks if isinstance(self.geometry, ProductGeometry) else blocks[_ONE_BLOCK]


def _per_matrix(xp: Any, values: Array, like: Array) -> Array:
    """Return one number a run, shape (...), as (..., 1, 1) in the dtype of ``like``."""
    return xp.astype(xp.asarray(values), like.dtype)[..., None, None]


def _all_finite(xp: Any, blocks: Any) -> Array:
    """Return which runs have only finite entries in all ``blocks``, shape (...)."""
    flags = [xp.all(xp.isfinite(block), axis=(-2, -1)) for block in blocks]
    ok = flags[0]
    for flag in flags[1:]:
        ok = ok & flag
    return xp.asarray(ok)


def _status_after(xp: Any, status: Array, ok: Array, gradient_ok: Array) -> Array:
    """Return the status of each run after a step: the first trouble stays."""
    trouble = xp.where(gradient_ok, xp.full_like(status, NON_FINITE_UPDATE), xp.full_like(status, NON_FINITE_GRADIENT))
    return xp.where(ok | (status != OK), status, trouble)


def _are_all(ok: Array) -> bool:
    """Return whether all runs are known to be ``ok``: on the host alone, where looking at values costs nothing."""
    return isinstance(ok, np.ndarray) and bool(ok.all())


def _masked(xp: Any, ok: Array, blocks: dict[str, Array]) -> dict[str, Array]:
    """Return the blocks with zero in place of runs that are not ``ok``."""
    if _are_all(ok):
        return blocks
    return {b: xp.where(ok[..., None, None], block, xp.zeros_like(block)) for b, block in blocks.items()}


def _chosen(xp: Any, ok: Array, new: dict[str, Array], old: dict[str, Array]) -> dict[str, Array]:
    """Return the new blocks of runs that are ``ok`` and the old ones of the others."""
    if _are_all(ok):
        return new
    return {b: xp.where(ok[..., None, None], new[b], old[b]) for b in new}
