"""Parameters of any shape as matrices, each a run of its own: what the shells for other frameworks have in common."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from .arrays import Array, array_namespace
from .checks import check_choice
from .optimizer import Schattor, SchattorState

__all__ = ["OUTPUTS", "matrix_shape", "step_each"]


OUTPUTS = ("first", "last")
"""Which axis of a kernel counts its outputs: the first in torch, the last in most libraries on JAX."""


def matrix_shape(shape: Sequence[int], outputs: str = "first") -> tuple[int, int]:
    """Return the shape of the matrix that a parameter of any shape stands for.

    A matrix is itself, a vector one column, a number 1 by 1. Of more axes, as a convolution kernel has them, the one
    that counts the outputs stays and all others are joined.

    Parameters
    ----------
    shape : sequence of int
        Of the parameter.
    outputs : {"first", "last"}
        Which axis counts the outputs.

    Returns
    -------
    tuple of int
        Rows and columns.

    Examples
    --------
    >>> matrix_shape((64, 3, 5, 5)), matrix_shape((5, 5, 3, 64), outputs="last")
    ((64, 75), (75, 64))
    >>> matrix_shape((64,)), matrix_shape(())
    ((64, 1), (1, 1))
    """
    check_choice("matrix_shape", "outputs", outputs, OUTPUTS)
    sizes = [int(size) for size in shape]
    if len(sizes) < 2:
        return math.prod(sizes), 1
    if outputs == "first":
        return sizes[0], math.prod(sizes[1:])
    return math.prod(sizes[:-1]), sizes[-1]


def step_each(
    method: Schattor,
    parameters: Sequence[Array],
    gradients: Sequence[Array],
    states: Sequence[SchattorState],
    *,
    outputs: str = "first",
) -> tuple[list[Array], list[SchattorState]]:
    """Return parameters and states after a step of each by itself.

    Those of one matrix shape are stepped as one stack; a parameter with a non-finite gradient keeps its values and its
    state, with a status, and the others move.

    Parameters
    ----------
    method : Schattor
        With the geometry of one matrix.
    parameters, gradients : sequence of array
        Of any shape, of one library and device; unit X, and F/X.
    states : sequence of SchattorState
        Step and status without axes, momentum in the shape of the parameter.
    outputs : {"first", "last"}
        Which axis of a kernel counts its outputs; see :func:`matrix_shape`.

    Returns
    -------
    tuple
        New parameters and states, in the order and the shapes of the old ones.
    """
    groups: dict[tuple[tuple[int, int], Any], list[int]] = {}
    for i, x in enumerate(parameters):
        groups.setdefault((matrix_shape(x.shape, outputs), x.dtype), []).append(i)
    moved, after = list(parameters), list(states)
    for (shape, _), members in groups.items():
        xp = array_namespace(parameters[members[0]])
        x, g, m = (
            xp.stack([xp.reshape(arrays[i], shape) for i in members])
            for arrays in (parameters, gradients, [state.momentum for state in states])
        )
        step, status = (xp.stack([getattr(states[i], name) for i in members]) for name in ("step", "status"))
        found: Any = method.step(x, g, SchattorState(step, m, status))
        x, (step, m, status) = found
        for place, i in enumerate(members):
            own = tuple(parameters[i].shape)
            moved[i] = xp.reshape(x[place, ...], own)
            after[i] = SchattorState(step[place, ...], xp.reshape(m[place, ...], own), status[place, ...])
    return moved, after
