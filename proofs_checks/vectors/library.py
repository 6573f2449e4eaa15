"""The project's own computation of every case: schattor_theory on any array library, so by LAPACK on NumPy."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from schattor_theory import ProductGeometry, SchattenGeometry, Schattor
from schattor_theory.arrays import to_numpy
from schattor_theory.geometry.polynomials import polar_schedule, polynomial_polar

from .kinds import role_of

__all__ = ["computed_by_library"]

Arrays = Mapping[str, Any]


def _geometry(parameters: Mapping[str, Any]) -> SchattenGeometry | ProductGeometry:
    if "exponents" in parameters:
        return ProductGeometry(parameters["exponents"], parameters["radii"], parameters["balance"])
    return SchattenGeometry(parameters["p"])


def _duality_map(parameters: Mapping[str, Any], arrays: Arrays) -> Arrays:
    norm, direction = SchattenGeometry(parameters["p"]).dual_norm_and_map(arrays["matrix"])
    return {"dual_norm": norm, "direction": direction}


def _schedule(parameters: Mapping[str, Any], arrays: Arrays) -> Arrays:
    schedule = polar_schedule(parameters["schedule"], parameters["n_steps"])
    return {"direction": polynomial_polar(arrays["matrix"], schedule)}


def _of_role(arrays: Arrays, role: str) -> Any:
    """Return the one array of a role, or the dict of its blocks."""
    found = {name[len(role) + 1 :]: x for name, x in arrays.items() if name.split("/")[0] == role}
    return found.get("", found)


def _product(parameters: Mapping[str, Any], arrays: Arrays) -> Arrays:
    norm, blocks = _geometry(parameters).dual_norm_and_map(_of_role(arrays, "matrix"))
    return {"dual_norm": norm} | {role_of("direction", b): x for b, x in blocks.items()}


def _run(parameters: Mapping[str, Any], arrays: Arrays) -> Arrays:
    names = ("step_size", "momentum", "oracle", "bias_correction", "look_ahead", "recursive", "weight_decay")
    optimizer = Schattor(_geometry(parameters), **{name: parameters[name] for name in names})
    x, gradients = _of_role(arrays, "params"), _of_role(arrays, "gradients")
    previous = _of_role(arrays, "previous_gradients") if optimizer.recursive else None
    state = optimizer.init(x)
    n_steps = (next(iter(gradients.values())) if isinstance(gradients, Mapping) else gradients).shape[0]
    steps: dict[str, list[np.ndarray]] = {}
    for k in range(n_steps):
        x, state = optimizer.step(x, _at(gradients, k), state, previous_gradient=_at(previous, k) if k else None)
        for role, value in (("params", x), ("momentum", state.momentum)):
            for b, array in (value if isinstance(value, Mapping) else {"": value}).items():
                steps.setdefault(role_of(role, b), []).append(to_numpy(array))
    return {role: np.stack(values) for role, values in steps.items()}


def _at(value: Any, k: int) -> Any:
    if value is None:
        return None
    return {b: x[k, ...] for b, x in value.items()} if isinstance(value, Mapping) else value[k, ...]


_COMPUTERS: dict[str, Callable[[Mapping[str, Any], Arrays], Arrays]] = {
    "duality_map": _duality_map,
    "schedule": _schedule,
    "product": _product,
    "run": _run,
}


def computed_by_library(
    kind: str,
    parameters: Mapping[str, Any],
    inputs: Mapping[str, np.ndarray],
    array: Callable[[np.ndarray], Any] = np.asarray,
) -> dict[str, np.ndarray]:
    """Return the answers to a question as ``schattor_theory`` computes them.

    Parameters
    ----------
    kind, parameters, inputs
        Of the case.
    array : callable
        From a NumPy array to the array that is computed with: its library, device and type.

    Returns
    -------
    dict of str to array
        By role, on the host.
    """
    answers = _COMPUTERS[kind](parameters, {role: array(x) for role, x in inputs.items()})
    return {role: to_numpy(x) for role, x in answers.items()}
