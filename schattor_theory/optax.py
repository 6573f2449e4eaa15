"""The reference optimizer as an optax transformation: a shell over :class:`schattor_theory.Schattor`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from .checks import check_choice, fail, fail_missing
from .errors import ParameterError
from .geometry import Exponent, SchattenGeometry
from .optimizer import Schattor, SchattorState
from .parameters import OUTPUTS, step_each

try:
    import jax
    import optax
except ImportError as error:
    fail_missing("schattor_theory.optax", "optax", error, extra="optax")

__all__ = ["TreeState", "schattor"]


class TreeState(NamedTuple):
    """The state of :class:`schattor_theory.SchattorState` for a tree: each field has the structure of the parameters.

    Attributes
    ----------
    step : tree of int32
        Number of steps each parameter has made.
    momentum : tree of array
        Like the parameters, unit F/X.
    status : tree of int32
        0, or the code of ``STATUS_NAMES`` of the first step in which a parameter had to be left as it was.
    """

    step: Any
    momentum: Any
    status: Any


def schattor(
    learning_rate: float | Callable[[Any], Any],
    *,
    p: Exponent = "inf",
    method: str = "auto",
    momentum: float | Callable[[Any], Any] = 0.95,
    oracle: str = "ball",
    bias_correction: bool = False,
    look_ahead: float | Callable[[Any], Any] | str | None = None,
    weight_decay: float = 0.0,
    outputs: str = "last",
) -> optax.GradientTransformation:
    """Return Schattor as a gradient transformation: every leaf is a matrix of its own, moved by the core's ``step``.

    A matrix is itself, a bias one column, a convolution kernel the matrix of its outputs against all else. For other
    exponents or step sizes in parts of a tree use ``optax.partition``. A leaf whose gradient is not finite has update 0
    and keeps its momentum and step number, as in the core.

    Parameters
    ----------
    learning_rate : float or optax schedule
        Step size η_k >= 0, unit X for the ball oracle: at p = inf the spectral norm of one step.
    p : number or str
        Schatten exponent in [1, inf], "inf" or a fraction such as "4/3". For a vector all of them are one norm.
    method : str
        How the direction is computed, as in :func:`schattor_theory.duality_map`: "auto" is exact; at p = inf the name
        of a polynomial schedule, such as "polar-express", is the inexact oracle that is usual on a GPU.
    momentum : float or callable of k
        1 - θ_k in [0, 1).
    oracle : {"ball", "regularized"}
        Ball: steps of length η. Regularised: of length η times the dual norm.
    bias_correction : bool
        The direction of heavy ball; see the core.
    look_ahead : None, float, callable of k, or "nesterov"
        See the core.
    weight_decay : float
        Decoupled, λ >= 0.
    outputs : {"last", "first"}
        Which axis of a kernel of more than two axes counts its outputs: the last in Flax, Haiku and Keras, the first in
        Equinox.

    Returns
    -------
    optax.GradientTransformation
        Its ``update`` needs the parameters, and may be compiled with ``jax.jit``.

    Raises
    ------
    ExponentError, ParameterError, UnknownNameError
        For an option outside its range.

    Examples
    --------
    >>> import jax.numpy as jnp
    >>> import optax
    >>> transformation = schattor(0.5, p=2)
    >>> params = {"w": jnp.zeros((2, 2)), "b": jnp.zeros(2)}
    >>> state = transformation.init(params)
    >>> gradient = {"w": jnp.eye(2), "b": jnp.array([3.0, 4.0])}
    >>> updates, state = transformation.update(gradient, state, params)
    >>> [round(float(x), 4) for x in optax.apply_updates(params, updates)["b"]]
    [-0.3, -0.4]
    """
    optimizer = Schattor(
        SchattenGeometry(p, method=method), step_size=learning_rate, momentum=momentum, oracle=oracle,
        bias_correction=bias_correction, look_ahead=look_ahead, weight_decay=weight_decay,
    )  # fmt: skip
    check_choice("schattor", "outputs", outputs, OUTPUTS)

    def init(params: Any) -> TreeState:
        counts = jax.tree.map(lambda x: jax.numpy.zeros((), jax.numpy.int32), params)
        return TreeState(counts, jax.tree.map(jax.numpy.zeros_like, params), counts)

    def update(updates: Any, state: TreeState, params: Any = None) -> tuple[Any, TreeState]:
        if params is None:
            fail(ParameterError, "schattor.update", "params", "be given", None, "Call update(grads, state, params).")
        leaves, structure = jax.tree.flatten(params)
        tree: Any = structure
        fields = [tree.flatten_up_to(field) for field in state]
        states = [SchattorState(*one) for one in zip(*fields, strict=True)]
        moved, after = step_each(optimizer, leaves, tree.flatten_up_to(updates), states, outputs=outputs)
        changes = [new - old for new, old in zip(moved, leaves, strict=True)]
        fields = [[one[i] for one in after] for i in range(len(TreeState._fields))]
        return tree.unflatten(changes), TreeState(*map(tree.unflatten, fields))

    return optax.GradientTransformation(init, update)
