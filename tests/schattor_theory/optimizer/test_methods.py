"""Methods of the geometry inside the optimizer: the same iterates whichever is used, and polar schedules as oracles."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from schattor_theory import DiagonalGeometry, ProductGeometry, SchattenGeometry, Schattor, schatten_norm
from schattor_theory.errors import ParameterError
from schattor_theory.geometry import schatten
from schattor_theory.geometry.polynomials import POLAR_SCHEDULES, polar_schedule, polynomial_polar
from tests.conftest import Library
from tests.contracts.oracle import tolerance
from tests.strategies import rng


def iterates(opt: Schattor, gradients: np.ndarray) -> np.ndarray:
    x = np.zeros_like(gradients[0])
    state = opt.init(x)
    for g in gradients:
        x, state = opt.step(x, g, state)
    return x


@pytest.mark.parametrize("oracle", ["ball", "regularized"])
@pytest.mark.parametrize("p", [3.0, math.inf])
def test_iterates_do_not_depend_on_the_method_beyond_its_tolerance(p: float, oracle: str) -> None:
    gradients = rng("methods of the optimizer").standard_normal((10, 3, 12, 9))
    want = iterates(Schattor(SchattenGeometry(p, method="svd"), 0.1, 0.9, oracle), gradients)
    for geometry in (SchattenGeometry(p), SchattenGeometry(p, method="gram"), SchattenGeometry(p, tolerance=1e-9)):
        found = iterates(Schattor(geometry, 0.1, 0.9, oracle), gradients)
        assert not np.array_equal(found, want)  # another way was taken
        np.testing.assert_allclose(found, want, atol=1e-11 * (1 if oracle == "ball" else np.abs(want).max()))


def test_a_product_geometry_hands_its_tolerance_to_every_block(monkeypatch: pytest.MonkeyPatch) -> None:
    geometry = ProductGeometry({"a": math.inf, "b": 3}, balance=2).with_tolerance(1e-6)
    assert geometry.tolerance == 1e-6
    assert geometry != ProductGeometry({"a": math.inf, "b": 3}, balance=2)
    seen = []
    right = schatten.guarded_norm_and_map

    def spy(m: np.ndarray, q: float, chosen: int, tolerance: float | None, check: Callable[[], object]) -> tuple:
        seen.append((q, tolerance))
        return right(m, q, chosen, tolerance, check)

    monkeypatch.setattr(schatten, "guarded_norm_and_map", spy)
    geometry.duality_map({b: rng(b).standard_normal((9, 9)) for b in "ab"})
    assert seen == [(1.0, 1e-6), (1.5, 1e-6)]
    with pytest.raises(ParameterError, match=r"^ProductGeometry: tolerance must be a positive finite number"):
        ProductGeometry({"a": 2}, tolerance=-1)


@pytest.mark.parametrize("name", POLAR_SCHEDULES)
def test_a_schedule_by_name_is_its_polynomial(eager_xp: Library, name: str) -> None:
    m = rng("schedules by name").standard_normal((2, 5, 4))
    want = polynomial_polar(m, polar_schedule(name))
    x = eager_xp.array(m)
    geometry = SchattenGeometry("inf", method=name)
    assert geometry.is_inexact
    for found in (schatten.duality_map(x, "inf", name), geometry.duality_map(x), geometry.dual_norm_and_map(x)[1]):
        np.testing.assert_allclose(eager_xp.host(found), want, atol=1e4 * tolerance(m))
    np.testing.assert_allclose(eager_xp.host(geometry.dual_norm_and_map(x)[0]), schatten_norm(m, 1), rtol=1e-12)


def test_a_schedule_takes_the_same_steps_on_every_library(xp: Library) -> None:
    opt = Schattor(SchattenGeometry("inf", method="polar-express-five"), 0.1, 0.9)
    g = rng("steps of a schedule").standard_normal((2, 2, 5, 4))

    def two_steps(x: Any, first: Any, second: Any) -> Any:
        x, state = opt.step(x, first, opt.init(x))
        return opt.step(x, second, state)[0]

    start = np.zeros_like(g[0])
    found = xp.call(two_steps, xp.array(start), xp.array(g[0]), xp.array(g[1]))
    np.testing.assert_allclose(xp.host(found), two_steps(start, *g), atol=1e4 * tolerance(g))


def test_the_ball_oracle_of_a_schedule_makes_no_decomposition(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: object, **__: object) -> None:
        raise AssertionError("a decomposition was made")

    opt = Schattor(SchattenGeometry("inf", method="muon"), 0.5, 0.9)
    m = rng("no decomposition").standard_normal((3, 6, 6))
    monkeypatch.setattr(np.linalg, "svd", refused)
    monkeypatch.setattr(np.linalg, "svdvals", refused)
    monkeypatch.setattr(np.linalg, "eigh", refused)
    x, _ = opt.step(np.zeros_like(m), m, opt.init(m))
    np.testing.assert_array_equal(x, -0.5 * polynomial_polar(m, polar_schedule("muon")))
    with pytest.raises(AssertionError, match="a decomposition was made"):
        Schattor(opt.geometry, 0.5, 0.9, "regularized").step(np.zeros_like(m), m, opt.init(m))


def test_a_step_where_all_runs_are_well_has_the_bits_of_one_beside_a_failing_run() -> None:
    g = rng("failing neighbour").standard_normal((3, 9, 9))
    opt = Schattor("inf", 0.1, 0.9, look_ahead="nesterov", weight_decay=0.1)
    x = np.ones_like(g)
    well, well_state = opt.step(x, g, opt.init(x))
    bad = g.copy()
    bad[1, 0, 0] = math.nan
    mixed, mixed_state = opt.step(x, bad, opt.init(x))
    for i in (0, 2):
        assert np.array_equal(mixed[i], well[i])
        assert np.array_equal(mixed_state.momentum[i], well_state.momentum[i])
    assert np.array_equal(mixed[1], x[1])
    assert (well_state.status.tolist(), mixed_state.status.tolist()) == ([0, 0, 0], [0, 1, 0])


def test_nothing_a_step_returns_shares_memory_with_its_inputs() -> None:
    g = rng("no shared memory").standard_normal((2, 9, 9))
    for options in ({}, {"look_ahead": 0.5}, {"recursive": True}):
        opt = Schattor("inf", 0.1, 0.9, **options)
        x = np.ones_like(g)
        state = opt.init(x)
        for _ in range(2):
            extra = {"previous_gradient": g} if options.get("recursive") else {}
            new_x, new_state = opt.step(x, g, state, **extra)
            for out in (new_x, new_state.momentum):
                assert not any(np.shares_memory(out, a) for a in (x, g, state.momentum))
            assert not np.shares_memory(new_x, new_state.momentum)
            x, state = new_x, new_state


class Longer(SchattenGeometry):
    """A geometry with something of its own, and another constructor."""

    __slots__ = ("length",)

    def __init__(self, length: float) -> None:
        super().__init__(3)
        object.__setattr__(self, "length", length)


def test_another_tolerance_keeps_the_rest_of_a_geometry() -> None:
    geometry = SchattenGeometry(3, method="gram")
    assert geometry.with_tolerance(1e-9) == SchattenGeometry(3, method="gram", tolerance=1e-9)
    assert geometry.with_tolerance(1e-9).with_tolerance(None) == geometry
    longer = Longer(2.5).with_tolerance(1e-9)
    assert (type(longer), longer.p, longer.tolerance, longer.length) == (Longer, 3.0, 1e-9, 2.5)
    assert DiagonalGeometry(3).with_tolerance(1e-9) == DiagonalGeometry(3, tolerance=1e-9)
    with pytest.raises(ParameterError, match=r"^SchattenGeometry\.with_tolerance: tolerance must be a positive finite"):
        geometry.with_tolerance(0)
