"""Momentum as weights, against the recursions themselves."""

from __future__ import annotations

import numpy as np
import pytest

from proofs_checks.crosscheck.momentum import AVERAGES, LOOK_AHEADS, Momentum
from schattor_theory import Schattor
from schattor_theory.errors import UnknownNameError
from synthetic.seeds import Streams

MU, STEPS = 0.75, 5
GRADIENTS = list(Streams({"test": "momentum weights"}).generator("data").standard_normal((STEPS, 3, 2)))
PREVIOUS = list(Streams({"test": "momentum weights"}).generator("basis").standard_normal((STEPS, 3, 2)))


def buffers(average: str) -> list[np.ndarray]:
    """Return the buffer after each step, by its recursion."""
    b, found = np.zeros((3, 2)), []
    for k, g in enumerate(GRADIENTS):
        if average in ("ema", "bias corrected"):
            b = MU * b + (1 - MU) * g
        elif average == "heavy ball":
            b = MU * b + g
        elif average == "first gradient":
            b = g if k == 0 else MU * b + (1 - MU) * g
        elif average == "recursive":
            b = g if k == 0 else g + MU * (b - PREVIOUS[k])
        else:
            b = g
        found.append(b / (1 - MU ** (k + 1)) if average == "bias corrected" else b)
    return found


@pytest.mark.parametrize("average", [name for name in AVERAGES if name != "schedule"])
def test_weights_are_those_of_the_recursion(average: str) -> None:
    momentum = Momentum(average=average, beta=MU)
    for k, buffer in enumerate(buffers(average)):
        direction = momentum.direction(GRADIENTS[: k + 1], PREVIOUS[: k + 1])
        np.testing.assert_allclose(direction, buffer, rtol=0, atol=1e-14)


@pytest.mark.parametrize("average", ["ema", "heavy ball"])
def test_every_form_differs_from_every_other(average: str) -> None:
    found = [Momentum(average=average, beta=MU, look_ahead=name, tau=0.3).weights(2) for name in LOOK_AHEADS]
    for i, one in enumerate(found):
        # the next weight of a constant θ is the look-ahead of the ema
        same = [name for name, other in zip(LOOK_AHEADS, found, strict=True) if np.allclose(one, other, rtol=1e-12)]
        expected = {"ema": ["ema", "next weight"], "next weight": ["ema", "next weight"]}
        assert same == expected.get(LOOK_AHEADS[i], [LOOK_AHEADS[i]])


def test_look_ahead_of_the_second_step_has_the_published_ratios() -> None:
    # source: weights on (G_1, G_2) of torch.optim.Muon and optax.contrib.muon at μ = .95, measured
    torch = Momentum(average="ema", beta=0.95, look_ahead="ema").weights(1)
    optax = Momentum(average="ema", beta=0.95, look_ahead="bias corrected").weights(1)
    assert round(torch[0] / torch[1], 3) == 0.463
    assert round(optax[0] / optax[1], 3) == 0.374


@pytest.mark.parametrize("bias_correction", [False, True])
@pytest.mark.parametrize("look_ahead", [None, 0.25, "nesterov"])
def test_weights_are_those_of_the_reference_optimizer(bias_correction: bool, look_ahead: float | str | None) -> None:
    optimizer = Schattor(
        2, step_size=1.0, momentum=MU, oracle="regularized", bias_correction=bias_correction, look_ahead=look_ahead
    )
    name = {None: "none", "nesterov": "next weight"}.get(look_ahead, "fixed")
    average = "bias corrected" if bias_correction else "first gradient"
    momentum = Momentum(average=average, beta=MU, look_ahead=name, tau=0.25)
    x = np.zeros((3, 2))
    state = optimizer.init(x)
    for k, g in enumerate(GRADIENTS):
        moved, state = optimizer.step(x, g, state)
        np.testing.assert_allclose(x - moved, momentum.direction(GRADIENTS[: k + 1]), rtol=0, atol=1e-13)
        x = moved


def test_schedule_has_the_weights_of_its_thetas() -> None:
    momentum = Momentum(average="schedule", thetas=(0.5, 0.25))
    np.testing.assert_allclose(momentum.weights(2), [0.5 * 0.75, 0.5 * 0.75, 0.25])
    np.testing.assert_allclose(momentum.weights(3)[-1], 0.25)


def test_refuses_a_form_without_a_name() -> None:
    with pytest.raises(UnknownNameError, match="average"):
        Momentum(average="nag")
