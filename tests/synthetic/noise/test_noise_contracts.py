"""What every noise law of the catalogue promises."""

from __future__ import annotations

import dataclasses
import pickle

import numpy as np
import pytest

from schattor_theory.assumptions import MomentShape, NotApplicable
from schattor_theory.geometry import ProductGeometry
from synthetic.noise import NOISES
from synthetic.noise.record import Demand, signs_of
from synthetic.seeds import ROLES, Streams
from tests.conftest import read_only
from tests.joined import every
from tests.synthetic.noise.cases import CASES, Case, leaves, rng, sample, tree

every_noise = every("case", CASES, ids=lambda case: case.label)


def assert_prefix_stable(noise, label: object) -> None:
    """Check that drawing 10 steps, then 1, then 19 from one stream gives what drawing 30 gives."""
    streams = Streams({"prefix": str(label)}, 3)
    parts = [noise.draw(streams, n) for n in (10, 1, 19)]
    whole = noise.draw(Streams({"prefix": str(label)}, 3), 30)
    for name, values in whole.items():
        assert len(values) == 30
        assert np.array_equal(np.concatenate([part[name] for part in parts]), values), name


class Chunky:
    """A law that draws two laws alternately from one stream, as none may."""

    def draw(self, streams, n_steps):
        g = streams.generator("signs")
        return {"a": g.random(n_steps), "b": g.standard_normal(n_steps)}


def test_every_family_has_a_case() -> None:
    assert {case.family for case in CASES} == set(NOISES)


def test_catalogue_keys_are_the_names() -> None:
    assert all(family.name == key and family.summary for key, family in NOISES.items())


@every_noise
def test_draws_do_not_depend_on_how_they_are_cut(case: Case) -> None:
    assert_prefix_stable(case.build(), case.label)


def test_prefix_check_refutes_two_laws_from_one_stream() -> None:
    with pytest.raises(AssertionError):
        assert_prefix_stable(Chunky(), "chunky")


@every_noise
def test_each_role_serves_one_law(case: Case) -> None:
    demands = [d for d in case.build().demands if d.kind != "step"]
    roles = [d.role for d in demands]
    assert len(set(roles)) == len(roles)
    assert set(roles) <= set(ROLES)


@every_noise
def test_draws_are_those_of_the_repeat_alone(case: Case) -> None:
    noise = case.build()
    first, again, other = (noise.draw(Streams({"s": case.label}, r), 40) for r in (0, 0, 1))
    assert all(np.array_equal(first[name], again[name]) for name in first)
    random = [name for name in first if name not in ("step", "nothing")]
    assert all(not np.array_equal(first[name], other[name]) for name in random)


@every_noise
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_noise_is_like_the_gradient(case: Case, dtype: type) -> None:
    noise, problem = case.build(), case.problem()
    params = tree(lambda x: np.repeat(x.astype(dtype)[None], 4, axis=0), problem.start)
    gradient = problem.gradient(params)
    z = noise.realise(noise.draw(Streams(1), 4), problem, params, gradient)
    assert isinstance(z, dict) == isinstance(gradient, dict)
    for a, b in zip(leaves(z), leaves(gradient), strict=True):
        assert a.shape == b.shape
        assert a.dtype == dtype


@every_noise
def test_realising_leaves_draws_and_gradient_unchanged(case: Case) -> None:
    noise, problem = case.build(), case.problem()
    draws = {name: read_only_like(values) for name, values in noise.draw(Streams(2), 3).items()}
    params = tree(lambda x: read_only(np.repeat(x[None], 3, axis=0)), problem.start)
    gradient = tree(read_only, problem.gradient(params))
    z = noise.realise(draws, problem, params, gradient)
    again = noise.realise(draws, problem, params, gradient)
    assert all(np.array_equal(a, b) for a, b in zip(leaves(z), leaves(again), strict=True))


def read_only_like(values: np.ndarray) -> np.ndarray:
    frozen = values.copy()
    frozen.flags.writeable = False
    return frozen


@every_noise
def test_stack_is_its_steps(case: Case) -> None:
    noise, problem = case.build(), case.problem()
    draws = noise.draw(Streams(3), 4)
    params = tree(lambda x: np.repeat(x[None], 4, axis=0), problem.start)
    z = noise.realise(draws, problem, params, problem.gradient(params))
    for k in range(4):
        one = {name: values[k] for name, values in draws.items()}
        z_k = noise.realise(one, problem, problem.start, problem.gradient(problem.start))
        for a, b in zip(leaves(z_k), leaves(z), strict=True):
            assert np.abs(a - b[k]).max() <= 1e-13 * (1 + np.abs(a).max())


@every("case", [c for c in CASES if c.build().conditionally_symmetric], ids=lambda c: c.label)
def test_symmetric_noise_changes_sign_with_its_signs(case: Case) -> None:
    """Complementing the fair bits, or the normals, is a map of the draws that keeps their law: Z and -Z are alike."""
    noise, problem = case.build(), case.problem()
    draws = noise.draw(Streams(4), 5)
    mirrored = dict(draws)
    # one Haar matrix has no signs of its own: it changes sign with the normals it is made of
    for name in ("signs", "normals") if {"signs", "normals"} & set(draws) else ("basis",):
        if name in draws:
            mirrored[name] = ~draws[name] if draws[name].dtype.kind == "i" else -draws[name]
    params = tree(lambda x: np.repeat(x[None], 5, axis=0), problem.start)
    z, minus = (noise.realise(d, problem, params, problem.gradient(params)) for d in (draws, mirrored))
    assert all(np.array_equal(a, -b) for a, b in zip(leaves(z), leaves(minus), strict=True))


@every_noise
def test_noise_that_does_not_depend_on_the_point_is_the_same_sample_elsewhere(case: Case) -> None:
    noise, problem = case.build(), case.problem()
    draws = noise.draw(Streams(5), 3)
    here = tree(lambda x: np.repeat(x[None], 3, axis=0), problem.start)
    there = tree(lambda x: x + 0.1, here)
    z, w = (noise.realise(draws, problem, x, problem.gradient(x)) for x in (here, there))
    same = all(np.array_equal(a, b) for a, b in zip(leaves(z), leaves(w), strict=True))
    assert same or case.family in ("minibatch", "gradient_sign")


@every_noise
def test_assumptions_carry_a_shape_or_a_reason(case: Case) -> None:
    noise = case.build()
    geometry = 2 if case.geometry is None else case.geometry
    shape = noise.moment_shape(geometry)
    assert isinstance(shape, MomentShape) or (isinstance(shape, NotApplicable) and shape.reason)
    if isinstance(geometry, ProductGeometry):
        return
    shapes = [s for s in (r.moment_shape(geometry) for r in noise.assumptions(geometry)) if isinstance(s, MomentShape)]
    if shapes:
        assert shape.moment_order == max(s.moment_order for s in shapes)
        assert shape.scale <= min(s.scale for s in shapes if s.moment_order == shape.moment_order) * (1 + 1e-12)
    if case.family != "minibatch":
        assert shapes


@every_noise
@pytest.mark.parametrize("assumption", ["moment", "covariance", "weighted"])
def test_a_missing_constant_has_a_reason(case: Case, assumption: str) -> None:
    noise = case.build()
    geometry = 2 if case.geometry is None else case.geometry
    reason = noise.why_not(assumption, geometry)
    if assumption == "covariance":
        assert (noise.covariance_sigma(geometry) is None) == bool(reason)
    elif assumption == "moment":
        assert (noise.moment_sigma(geometry, case.moment_order) is None) == bool(reason)
    else:
        assert isinstance(reason, str)


@every_noise
def test_noise_is_frozen_and_survives_a_worker(case: Case) -> None:
    noise = case.build()
    if dataclasses.fields(noise):
        with pytest.raises(dataclasses.FrozenInstanceError):
            setattr(noise, dataclasses.fields(noise)[0].name, None)
    noise.draw(Streams(6), 2)
    copy = pickle.loads(pickle.dumps(noise))
    a, b = noise.draw(Streams(7), 3), copy.draw(Streams(7), 3)
    assert all(np.array_equal(a[name], b[name]) for name in a)


def test_signs_are_the_bits_of_the_words() -> None:
    words = Demand("signs", "signs", "bits", 70).draw(Streams(8), 5)
    assert words.shape == (5, 2)
    assert words.dtype == np.int64
    expected = [[1 - 2 * ((int(row[i // 64]) >> (i % 64)) & 1) for i in range(70)] for row in words]
    assert np.array_equal(signs_of(words, 70), expected)


def test_fair_signs_are_fair() -> None:
    """64000 bits at each of 64 places: a share outside 1/2 ± .0173 has probability below 64 · 2exp(-2·64000·.0173²)."""
    signs = signs_of(Demand("signs", "signs", "bits", 64).draw(Streams("fair"), 64_000), 64)
    half = np.sqrt(np.log(64 * 2 / 1e-9) / (2 * 64_000))  # Hoeffding and a union over the places, 1e-9 in all
    assert np.abs((signs > 0).mean(axis=0) - 0.5).max() <= half
    assert np.abs((signs[:, :-1] * signs[:, 1:]).mean(axis=0)).max() / 2 <= half
    biased = np.where(rng("biased").random((64_000, 64)) < 0.52, 1, -1)
    assert np.abs((biased > 0).mean(axis=0) - 0.5).max() > half


def test_sample_differs_between_repeats_and_steps() -> None:
    case = next(c for c in CASES if c.family == "haar_signs")
    a, b = sample(case, 3, 0), sample(case, 3, 1)
    assert not np.array_equal(a, b)
    assert not np.array_equal(a[0], a[1])
