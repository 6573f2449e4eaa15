"""The catalogue of questions: which matrix, which map, which options."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

import numpy as np

from schattor_theory.geometry.polynomials import POLAR_SCHEDULES, polar_schedule

from .kinds import Question
from .matrices import MATRICES, random_matrix

__all__ = ["EXPONENTS", "questions"]

EXPONENTS = ("1", "4/3", "2", "3", "4", "inf")
"""Exponents of the primal norm; their duals are inf, 4, 2, 3/2, 4/3 and 1."""


def questions() -> Iterator[Question]:
    """Yield every question, in a fixed order."""
    yield from _duality_maps()
    yield from _schedules()
    yield from _products()
    yield from _steps()
    yield from _runs()


def _duality_maps() -> Iterator[Question]:
    for name, make in MATRICES.items():
        for p in EXPONENTS:
            yield Question(
                name=f"duality_map/{name}/p={p}",
                kind="duality_map",
                parameters={"p": p},
                inputs={"matrix": make()},
                input_names={"matrix": f"input/{name}"},
            )


_OF_SCHEDULES = (
    "square", "tall", "wide", "row", "rank-one", "diagonal", "tie-at-the-top", "condition-1e3", "zero", "no-rows",
    "stack", "scale-1e-150", "scale-1e30",
)  # fmt: skip


def _schedules() -> Iterator[Question]:
    for schedule in POLAR_SCHEDULES:
        made = polar_schedule(schedule)
        parameters = {
            "schedule": schedule,
            "n_steps": made.n_steps,
            "input_margin": made.input_margin,
            "polynomials": [list(step) for step in made.steps],
        }
        for name in _OF_SCHEDULES:
            yield Question(
                name=f"schedule/{schedule}/{name}",
                kind="schedule",
                parameters=parameters,
                inputs={"matrix": MATRICES[name]()},
                input_names={"matrix": f"input/{name}"},
            )


def _products() -> Iterator[Question]:
    general = {"w": MATRICES["wide"](), "b": MATRICES["column"]()}
    same = {"a": MATRICES["two-by-two"](), "b": MATRICES["two-by-two"]().T, "c": np.eye(2)}
    scales = {"w": MATRICES["scale-1e150"](), "b": MATRICES["scale-1e-150"]()}
    three = {"u": MATRICES["square"](), "v": MATRICES["rank-one"](), "w": MATRICES["row"]()}
    geometries: dict[str, tuple[dict[str, np.ndarray], dict[str, str], dict[str, float]]] = {
        "two-blocks": (general, {"w": "4", "b": "2"}, {"w": 2.0, "b": 0.5}),
        "three-blocks": (three, {"u": "inf", "v": "1", "w": "4/3"}, {"u": 1.0, "v": 0.25, "w": 3.0}),
        "tie-of-blocks": (same, {"a": "inf", "b": "inf", "c": "inf"}, {"a": 1.0, "b": 1.0, "c": 1.0}),
        "zero-block": (general | {"b": np.zeros((5, 1))}, {"w": "3", "b": "2"}, {"w": 1.0, "b": 4.0}),
        "all-zero": ({b: 0 * x for b, x in general.items()}, {"w": "inf", "b": "2"}, {"w": 1.0, "b": 1.0}),
        "scales-apart": (scales, {"w": "4", "b": "inf"}, {"w": 1.0, "b": 1.0}),
    }  # fmt: skip
    for name, (blocks, exponents, radii) in geometries.items():
        for balance in ("1", "2", "3", "inf"):
            yield Question(
                name=f"product/{name}/balance={balance}",
                kind="product",
                parameters={"exponents": exponents, "radii": radii, "balance": balance},
                inputs={f"matrix/{b}": x for b, x in blocks.items()},
                input_names={f"matrix/{b}": f"input/product/{name}/{b}" for b in blocks},
            )


_DEFAULTS: dict[str, Any] = {
    "oracle": "ball",
    "step_size": 2.0**-5,
    "momentum": 0.0,
    "weight_decay": 0.0,
    "bias_correction": False,
    "recursive": False,
    "look_ahead": None,
}


def _run_question(
    name: str, data: str, geometry: Mapping[str, Any], arrays: Mapping[str, np.ndarray], **options: Any
) -> Question:
    return Question(
        name=name,
        kind="run",
        parameters={**geometry, **_DEFAULTS, **options},
        inputs=arrays,
        input_names={role: f"input/run/{data}/{role}" for role in arrays},
    )


def _steps() -> Iterator[Question]:
    """One small step without momentum, by both oracles: the parameters are known to the last places."""
    for name in ("tall", "wide", "rank-one", "tie-at-the-top", "condition-1e3", "zero"):
        matrix = MATRICES[name]()
        arrays = {"params": random_matrix(f"start of {name}", *matrix.shape), "gradients": matrix[None]}
        for p in EXPONENTS:
            for oracle in ("ball", "regularized"):
                yield _run_question(f"step/{oracle}/{name}/p={p}", f"step/{name}", {"p": p}, arrays, oracle=oracle,
                                    step_size=2.0**-12)  # fmt: skip


_FORMS: dict[str, dict[str, Any]] = {
    "none": {},
    "average": {"momentum": 0.875},
    "average-0.9": {"momentum": 0.9},
    "bias-corrected": {"momentum": 0.875, "bias_correction": True},
    "look-ahead": {"momentum": 0.875, "look_ahead": 0.25},
    "nesterov": {"momentum": 0.875, "look_ahead": "nesterov"},
    "nesterov-0.95": {"momentum": 0.95, "look_ahead": "nesterov"},
    "nesterov-bias-corrected": {"momentum": 0.95, "look_ahead": "nesterov", "bias_correction": True},
    "recursive": {"momentum": 0.875, "recursive": True},
    "recursive-nesterov": {"momentum": 0.75, "recursive": True, "look_ahead": "nesterov"},
    "weight-decay": {"momentum": 0.875, "weight_decay": 0.125},
    "weight-decay-0.1": {"momentum": 0.95, "weight_decay": 0.1, "look_ahead": "nesterov"},
}
"""Every momentum form of the optimizer, with numbers that are exact in binary and with the usual ones."""

_STEPS = 4


def _data(name: str, *shape: int) -> dict[str, np.ndarray]:
    """Return a start and four different gradients, and those of the same samples at the parameters before."""
    gradients = random_matrix(f"gradients of {name}", _STEPS, *shape)
    return {
        "params": random_matrix(f"start of {name}", *shape),
        "gradients": gradients,
        "previous_gradients": gradients + random_matrix(f"changes of {name}", _STEPS, *shape) / 16,
    }


def _of(arrays: Mapping[str, np.ndarray], options: Mapping[str, Any]) -> dict[str, np.ndarray]:
    is_used = bool(options.get("recursive"))
    return {role: x for role, x in arrays.items() if is_used or not role.startswith("previous")}


def _runs() -> Iterator[Question]:
    """Four steps with different gradients."""
    data = {"tall": _data("run, tall", 4, 3), "wide": _data("run, wide", 2, 5)}
    for form, options in _FORMS.items():
        for shape, p in (
            ("tall", "inf"),
            ("wide", "inf"),
            ("tall", "4"),
            ("wide", "4/3"),
            ("tall", "2"),
            ("wide", "1"),
        ):
            for oracle in ("ball", "regularized"):
                yield _run_question(f"run/{form}/{oracle}/{shape}/p={p}", shape, {"p": p}, _of(data[shape], options),
                                    oracle=oracle, **options)  # fmt: skip
    yield from _runs_at_the_edge()
    yield from _runs_of_blocks()


def _runs_at_the_edge() -> Iterator[Question]:
    one = partial(_run_question, geometry={"p": "inf"})
    start = random_matrix("run, edge", 3, 2)
    still = {"params": start, "gradients": np.zeros((2, 3, 2))}
    for step_size in (0.125, 0.5):  # decoupled decay moves the parameters in proportion to the step size
        yield one(f"run/zero-gradient/step_size={step_size}", "zero-gradient", arrays=still, step_size=step_size,
                  weight_decay=0.1, momentum=0.9)  # fmt: skip
    gradients = random_matrix("run, edge, gradients", _STEPS, 3, 2)
    gradients[0] = 0
    yield one("run/zero-at-first", "zero-at-first", arrays={"params": start, "gradients": gradients}, momentum=0.75)
    ones = np.stack([np.outer(random_matrix(f"run, left {k}", 3), [1, -1]) for k in range(_STEPS)])
    yield one("run/rank-one", "rank-one", arrays={"params": start, "gradients": ones}, momentum=0.5)
    for name, scale in (("1e-30", 2.0**-99), ("1e150", 2.0**498)):
        arrays = {"params": start, "gradients": scale * random_matrix("run, scales", _STEPS, 3, 2)}
        yield one(f"run/scale-{name}", f"scale-{name}", arrays=arrays, momentum=0.875, look_ahead="nesterov")


def _runs_of_blocks() -> Iterator[Question]:
    blocks = {"w": _data("run, w", 3, 4), "b": _data("run, b", 3, 1)}
    arrays = {f"{role}/{b}": x for b, own in blocks.items() for role, x in own.items()}
    for balance in ("1", "2", "inf"):
        geometry = {"exponents": {"w": "inf", "b": "2"}, "radii": {"w": 1.0, "b": 0.5}, "balance": balance}
        for form in ("average", "nesterov", "recursive", "weight-decay"):
            for oracle in ("ball", "regularized"):
                options = _FORMS[form]
                yield _run_question(f"run/blocks/{form}/{oracle}/balance={balance}", "blocks", geometry,
                                    _of(arrays, options), oracle=oracle, **options)  # fmt: skip
