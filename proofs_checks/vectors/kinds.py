"""The kinds of questions, and how the certified answers of each kind are computed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from flint import arb, arb_mat, fmpq, fmpq_mat

from ..rigorous.balls import largest
from .case import Case
from .maps import BlockDirections, as_exponent, direction, polynomial, product
from .rounding import Enclosure, certified
from .runs import Method, run
from .spectrum import rational_matrix

__all__ = ["KINDS", "Question", "role_of"]

Inputs = Mapping[str, np.ndarray]
Parameters = Mapping[str, Any]
Enclosures = dict[str, Enclosure]

_WHOLE = ""
"""The name of the block of a run that has one matrix only."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A case before it is answered; see :class:`Case` for the fields."""

    name: str
    kind: str
    parameters: Parameters
    inputs: Inputs
    input_names: Mapping[str, str]

    def enclosures(self) -> Enclosures:
        """Return balls around the answers, to the present precision."""
        return KINDS[self.kind](self.parameters, self.inputs)

    def answered(self) -> Case:
        """Return the case with its certified answers."""
        return Case(
            name=self.name,
            kind=self.kind,
            parameters=self.parameters,
            inputs=self.inputs,
            input_names=self.input_names,
            answers=certified(self.enclosures),
        )


def _per_slice(matrix: np.ndarray, enclose: Callable[[fmpq_mat], tuple[arb, arb, arb_mat, arb]]) -> Enclosures:
    """Return the enclosures of a norm and a direction of each matrix of a stack."""
    batch = matrix.shape[:-2]
    # a stack of one where there is none; reshape cannot tell how many empty matrices there are
    slices = matrix.reshape(-1, *matrix.shape[-2:]) if batch else matrix[None]
    norms, entries, noises, noises_of_norms = [], [], [arb(0)], [arb(0)]
    for one in slices:
        norm, noise_of_norm, found, noise = enclose(rational_matrix(one))
        norms.append(norm)
        entries += found.entries()
        noises.append(noise)
        noises_of_norms.append(noise_of_norm)
    return {
        "dual_norm": Enclosure(batch, norms, largest(*noises_of_norms)),
        "direction": Enclosure(matrix.shape, entries, largest(*noises)),
    }


def _duality_map(parameters: Parameters, inputs: Inputs) -> Enclosures:
    p = as_exponent(parameters["p"])
    return _per_slice(inputs["matrix"], lambda m: direction(m, p)[:4])


def _schedule(parameters: Parameters, inputs: Inputs) -> Enclosures:
    steps, margin = parameters["polynomials"], parameters["input_margin"]
    found = _per_slice(inputs["matrix"], lambda m: polynomial(m, steps, margin)[:4])
    return {"direction": found["direction"]}


def _geometry(parameters: Parameters) -> Callable[[Mapping[str, fmpq_mat]], BlockDirections]:
    """Return the direction that the parameters ask for: of a product geometry, or of one matrix."""
    if "exponents" in parameters:
        exponents = {b: as_exponent(p) for b, p in parameters["exponents"].items()}
        return lambda blocks: product(blocks, exponents, parameters["radii"], as_exponent(parameters["balance"]))
    p = as_exponent(parameters["p"])
    return lambda blocks: product(blocks, {_WHOLE: p}, {_WHOLE: 1.0}, as_exponent("inf"))


def _blocks(inputs: Inputs, role: str, k: int | None = None) -> dict[str, fmpq_mat]:
    """Return the matrices of a role: ``role`` itself, or ``role/<block>`` of each block."""
    found = {name: x for name, x in inputs.items() if name.split("/")[0] == role}
    return {name[len(role) + 1 :]: rational_matrix(x if k is None else x[k]) for name, x in found.items()}


def role_of(role: str, block: str) -> str:
    """Return what the array of a block is called: ``role/block``, or the role alone where there is one matrix."""
    return f"{role}/{block}" if block else role


def _product(parameters: Parameters, inputs: Inputs) -> Enclosures:
    blocks = _blocks(inputs, "matrix")
    found = _geometry(parameters)(blocks)
    answers = {"dual_norm": Enclosure((), [found.norm], found.norm_sensitivity)}
    for b, matrix in found.matrix.items():
        shape = (matrix.nrows(), matrix.ncols())
        answers[role_of("direction", b)] = Enclosure(shape, matrix.entries(), found.sensitivity[b])
    return answers


def _run(parameters: Parameters, inputs: Inputs) -> Enclosures:
    options = {k: parameters[k] for k in _OPTIONS if k in parameters}
    method = Method(direction=_geometry(parameters), **options)
    start = _blocks(inputs, "params")
    n_steps = len(next(x for name, x in inputs.items() if name.split("/")[0] == "gradients"))
    gradients = [_blocks(inputs, "gradients", k) for k in range(n_steps)]
    previous = [_blocks(inputs, "previous_gradients", k) for k in range(n_steps)] if method.recursive else None
    steps = run(method, start, gradients, previous)
    answers = {}
    for b, x in start.items():
        shape = (n_steps, x.nrows(), x.ncols())
        for role, values, noises in (
            ("params", [s.params[b] for s in steps], [s.params_sensitivity[b] for s in steps]),
            ("momentum", [s.momentum[b] for s in steps], [s.momentum_sensitivity[b] for s in steps]),
        ):
            entries = [_ball(v) for matrix in values for v in matrix.entries()]
            answers[role_of(role, b)] = Enclosure(shape, entries, largest(*noises))
    return answers


def _ball(value: arb | fmpq) -> arb:
    return value if isinstance(value, arb) else arb(value)


_OPTIONS = ("oracle", "step_size", "momentum", "weight_decay", "bias_correction", "recursive", "look_ahead")

KINDS: dict[str, Callable[[Parameters, Inputs], Enclosures]] = {
    "duality_map": _duality_map,
    "schedule": _schedule,
    "product": _product,
    "run": _run,
}
"""How a kind of question is answered."""
