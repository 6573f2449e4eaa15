"""The torch shell: the core's steps, groups, state dicts, closures, schedules, and what it refuses."""

from __future__ import annotations

import copy
import io
import math
from typing import Any

import numpy as np
import pytest

from schattor_theory import Schattor as Method
from schattor_theory.errors import DTypeError, ExponentError, ParameterError, UnknownNameError

torch = pytest.importorskip("torch", reason="torch is not installed")
from schattor_theory.torch import Schattor  # noqa: E402

pytestmark = pytest.mark.peers


def parameter(*shape: int, seed: int = 0, dtype: Any = torch.float64) -> Any:
    generator = torch.Generator().manual_seed(seed)
    return torch.nn.Parameter(torch.randn(shape, generator=generator, dtype=dtype))


def give(x: Any, seed: int) -> Any:
    generator = torch.Generator().manual_seed(seed)
    x.grad = torch.randn(x.shape, generator=generator, dtype=x.dtype)
    return x.grad


OPTIONS: dict[str, dict[str, Any]] = {
    "defaults": {},
    "p = 3": {"p": 3},
    "p = 4/3, regularised": {"p": "4/3", "oracle": "regularized"},
    "look-ahead and decay": {"look_ahead": "nesterov", "weight_decay": 0.5, "momentum": 0.8},
    "bias correction": {"p": 2, "bias_correction": True, "momentum": 0.9},
    "momentum schedule": {"momentum": lambda k: 1 - (k + 1) ** -0.5},
}


@pytest.mark.parametrize("options", OPTIONS.values(), ids=OPTIONS)
def test_steps_are_those_of_the_core(options: dict[str, Any]) -> None:
    x = parameter(5, 3)
    optimizer = Schattor([x], lr=0.1, **options)
    settings = {"p": "inf", "momentum": 0.95} | options
    method = Method(settings.pop("p"), step_size=0.1, **settings)
    expected = x.detach().clone()
    state = method.init(expected)
    for k in range(4):
        expected, state = method.step(expected, give(x, k), state)
        optimizer.step()
        torch.testing.assert_close(x.detach(), expected, rtol=1e-13, atol=1e-13)


@pytest.mark.parametrize(("shape", "matrix"), [((4,), (4, 1)), ((), (1, 1)), ((4, 2, 3, 3), (4, 18))])
def test_a_bias_is_a_column_and_a_kernel_is_flattened(shape: tuple[int, ...], matrix: tuple[int, int]) -> None:
    x = parameter(*shape)
    before, gradient = x.detach().clone(), give(x, 1)
    Schattor([x], lr=0.5, p="inf").step()
    u, _, vh = np.linalg.svd(gradient.reshape(matrix).numpy(), full_matrices=False)
    np.testing.assert_allclose((before - x.detach()).reshape(matrix).numpy(), 0.5 * u @ vh, atol=1e-13)


def test_options_belong_to_groups() -> None:
    x, y = parameter(3, 3, seed=1), parameter(3, 3, seed=2)
    optimizer = Schattor([{"params": [x], "p": 2, "lr": 1.0}, {"params": [y]}], lr=0.25, p="inf")
    for one in (x, y):
        give(one, 3)
    before = [one.detach().clone() for one in (x, y)]
    optimizer.step()
    moved = [start - one.detach() for start, one in zip(before, (x, y), strict=True)]
    assert float(torch.linalg.matrix_norm(moved[0], "fro")) == pytest.approx(1.0, rel=1e-13)
    assert float(torch.linalg.matrix_norm(moved[1], 2)) == pytest.approx(0.25, rel=1e-13)


def test_parameters_without_a_gradient_stay() -> None:
    x, y = parameter(3, 2), parameter(3, 2, seed=1)
    kept = y.detach().clone()
    optimizer = Schattor([x, y], lr=0.1)
    give(x, 2)
    optimizer.step()
    assert torch.equal(y.detach(), kept)
    assert y not in optimizer.state
    assert not torch.equal(x.detach(), parameter(3, 2).detach())


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_a_state_dict_that_is_saved_and_loaded_goes_on_the_same(dtype: Any) -> None:
    x, y = parameter(4, 3, dtype=dtype), parameter(4, dtype=dtype)
    optimizer = Schattor([{"params": [x], "p": 3}, {"params": [y]}], lr=0.1, look_ahead="nesterov")
    for k in range(3):
        give(x, k), give(y, k)
        optimizer.step()
    file = io.BytesIO()
    torch.save(optimizer.state_dict(), file)
    file.seek(0)
    other = [torch.nn.Parameter(one.detach().clone()) for one in (x, y)]
    restored = Schattor([{"params": [other[0]]}, {"params": [other[1]]}], lr=9.0)
    restored.load_state_dict(torch.load(file))
    for k in range(3, 6):
        for one, twin in zip((x, y), other, strict=True):
            twin.grad = give(one, k).clone()
        optimizer.step()
        restored.step()
    assert all(torch.equal(one, twin) for one, twin in zip((x, y), other, strict=True))
    assert [int(restored.state[one]["step"]) for one in other] == [6, 6]
    assert restored.param_groups[0]["p"] == 3


def test_a_copy_goes_on_by_itself() -> None:
    x = parameter(3, 2)
    optimizer = Schattor([x], lr=0.1)
    give(x, 0)
    optimizer.step()
    twin = copy.deepcopy(optimizer)
    (y,) = twin.param_groups[0]["params"]
    y.grad = give(x, 1).clone()
    twin.step()
    optimizer.step()
    assert torch.equal(x, y)
    assert x is not y


def test_a_closure_is_called_once_with_gradients_on_and_its_loss_returned() -> None:
    x = parameter(3, 2)
    optimizer = Schattor([x], lr=0.1)
    called = []

    def closure() -> Any:
        optimizer.zero_grad()
        loss = (x**2).sum()
        loss.backward()
        called.append(float(loss.detach()))
        return loss

    assert float(optimizer.step(closure).detach()) == called[0]
    assert len(called) == 1
    assert float((x.detach() ** 2).sum()) < called[0]


def test_the_step_size_follows_a_scheduler() -> None:
    x = parameter(3, 2)
    optimizer = Schattor([x], lr=0.5, p=2)
    scheduler = torch.optim.lr_scheduler.StepLR(optimizer, step_size=1, gamma=0.5)
    lengths = []
    for k in range(3):
        before = x.detach().clone()
        give(x, k)
        optimizer.step()
        scheduler.step()
        lengths.append(float(torch.linalg.matrix_norm(x.detach() - before)))
    assert lengths == pytest.approx([0.5, 0.25, 0.125], rel=1e-12)


def test_a_gradient_that_is_not_finite_is_skipped_and_named() -> None:
    x, y = parameter(3, 2), parameter(3, 2, seed=1)
    optimizer = Schattor([x, y], lr=0.1)
    kept = x.detach().clone()
    give(x, 2)[0, 0] = math.inf
    give(y, 3)
    optimizer.step()
    assert torch.equal(x.detach(), kept)
    assert not torch.equal(y.detach(), parameter(3, 2, seed=1).detach())
    ((one, reason),) = optimizer.skipped()
    assert one is x
    assert reason == "non-finite gradient"
    give(x, 4)
    optimizer.step()
    assert not torch.equal(x.detach(), kept)


def test_gradients_are_not_written_to() -> None:
    x = parameter(3, 2)
    kept = give(x, 1).clone()
    Schattor([x], lr=0.1, look_ahead="nesterov").step()
    assert torch.equal(x.grad, kept)


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"lr": -1.0}, ParameterError, "schattor_theory.torch.Schattor: lr must be a finite number >= 0, got lr=-1.0."),
        ({"lr": lambda k: 1.0}, ParameterError, "for a schedule use torch.optim.lr_scheduler."),
        ({"lr": 0.1, "p": 0.5}, ExponentError, "p must lie in"),
        ({"lr": 0.1, "oracle": "bal"}, UnknownNameError, "oracle must be one of"),
        ({"lr": 0.1, "momentum": 1.0}, ParameterError, "momentum must lie in"),
    ],
)
def test_options_are_checked_at_once(options: dict[str, Any], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        Schattor([parameter(2, 2)], **options)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16, torch.complex64])
def test_other_types_are_refused_and_the_group_is_not_added(dtype: Any) -> None:
    optimizer = Schattor([parameter(2, 2)], lr=0.1)
    other = torch.nn.Parameter(torch.zeros(2, 2, dtype=dtype))
    with pytest.raises(DTypeError, match="params must be float32 or float64, got params=torch"):
        optimizer.add_param_group({"params": [other]})
    assert len(optimizer.param_groups) == 1


def test_a_sparse_gradient_is_refused() -> None:
    x = parameter(3, 2)
    x.grad = give(x, 1).to_sparse()
    with pytest.raises(DTypeError, match=r"grad must be dense, got grad=torch\.sparse_coo"):
        Schattor([x], lr=0.1).step()
