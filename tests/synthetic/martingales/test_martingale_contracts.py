"""What every martingale of the catalogue promises."""

from __future__ import annotations

import math
import pickle

import numpy as np
import pytest

from synthetic import MARTINGALES, MatrixMartingale
from synthetic.martingales.norms import gram, norms
from synthetic.martingales.record import MOST_ATOMS
from tests.joined import every
from tests.synthetic.martingales.cases import CASES, LEVELS, Case, agrees, rng, weight_of
from tests.synthetic.martingales.enumeration import (
    close,
    conditional_covariance_mean_root,
    covariance,
    is_symmetric,
    largest_drift,
    moments,
)

TRIALS = 3000
PATHS = 600

every_case = every("case", CASES, ids=lambda case: case.label)
LISTED = [case for case in CASES if (law := case.build().paths()) is not None and len(law[0]) <= PATHS]
listed_case = every("case", LISTED, ids=lambda case: case.label)


def test_every_family_has_a_case_and_most_are_enumerated() -> None:
    assert {case.family for case in CASES} == set(MARTINGALES)
    with_a_density = {"ginibre", "row_covariance", "haar", "rank_one"}
    assert {case.family for case in LISTED} >= set(MARTINGALES) - with_a_density - {"digits_network"}


def test_catalogue_keys_are_the_names() -> None:
    for name, family in MARTINGALES.items():
        assert family.name == name
        assert family.summary


@every_case
def test_record_says_what_it_is(case: Case) -> None:
    z = case.build()
    assert isinstance(z, MatrixMartingale)
    assert z.name == case.family
    assert z.n_steps == case.n_steps
    assert z.summary.endswith(".")
    assert isinstance(z.is_complex, bool)
    assert isinstance(z.conditionally_symmetric, bool)
    assert z.tail_index > 1
    assert (z.series() is None) == (z.coefficients is None)


@every_case
@pytest.mark.parametrize("trials", [0, 1, 5])
def test_draws_have_their_shape_and_field(case: Case, trials: int) -> None:
    z = case.build()
    steps, sums = z.steps(rng(1), trials), z.sums(rng(2), trials)
    assert steps.shape == (trials, z.n_steps, *z.shape)
    assert sums.shape == (trials, *z.shape)
    assert np.iscomplexobj(steps) == np.iscomplexobj(sums) == z.is_complex
    assert steps.dtype == sums.dtype


@every_case
def test_draws_are_those_of_the_generator_alone(case: Case) -> None:
    first, again = case.build(), pickle.loads(pickle.dumps(case.build()))
    assert np.array_equal(first.sums(rng(3), 4), again.sums(rng(3), 4))
    assert np.array_equal(first.steps(rng(3), 4), again.steps(rng(3), 4))


@every_case
def test_scale_multiplies_every_constant(case: Case) -> None:
    one, two = case.build(scale=1.0), case.build(scale=2.5)
    for q, order in LEVELS:
        for name in ("sum_of_moments", "first_moment", "moment"):
            a, b = getattr(one, name)(q, order), getattr(two, name)(q, order)
            assert (a is None) == (b is None)
            assert a is None or a == b == math.inf or close(b, 2.5**order * a)
        assert one.ceiling(q) == math.inf or close(two.ceiling(q), 2.5 * one.ceiling(q))


@listed_case
def test_differences_have_no_drift_given_the_past(case: Case) -> None:
    law = case.build().paths()
    assert math.isclose(math.fsum(law[0]), 1, rel_tol=1e-12)
    assert largest_drift(law) <= 1e-12


@listed_case
def test_conditional_symmetry_is_as_stated(case: Case) -> None:
    z = case.build()
    if z.conditionally_symmetric:
        assert is_symmetric(z.paths())
    elif case.family != "digits_network":
        assert not is_symmetric(z.paths())


@listed_case
def test_constants_are_those_of_the_paths(case: Case) -> None:
    z = case.build()
    law = z.paths()
    sums = (law[0], law[1].sum(axis=1)[:, None])
    for side in ("left", "right"):
        stated = z.covariance(side)
        assert np.abs(stated - covariance(law, side)).max() <= 1e-12 * np.abs(stated).max()
    for q, order in LEVELS:
        assert close(z.sum_of_moments(q, order), moments(law, q, order))
        assert close(z.first_moment(q, order), moments((law[0], law[1][:, :1]), q, order))
        assert close(z.moment(q, order), moments(sums, q, order))
        top = max(float(np.linalg.norm(np.linalg.svd(s[0], compute_uv=False), q)) for s in sums[1])
        assert z.ceiling(q) >= top * (1 - 1e-12)


@listed_case
def test_outcomes_are_the_sums_of_the_paths(case: Case) -> None:
    z = case.build()
    probabilities, sums = z.outcomes()
    law = z.paths()
    assert math.isclose(math.fsum(probabilities), 1, rel_tol=1e-12)
    for q, order in LEVELS[:4]:
        direct = moments((law[0], law[1].sum(axis=1)[:, None]), q, order)
        assert close(float(probabilities @ norms(sums, q) ** order), direct)


@listed_case
@pytest.mark.parametrize("side", ["left", "right"])
def test_weighted_moments_are_those_of_the_paths(case: Case, side: str) -> None:
    z = case.build()
    size = z.shape[0] if side == "left" else z.shape[1]
    weight = weight_of(size)
    inverse = np.linalg.inv(weight)
    for q, order in LEVELS[::2]:
        stated = z.sum_of_moments(q, order, weight=weight, side=side)
        direct = moments(z.paths(), q, order, lambda x: inverse @ x if side == "left" else x @ inverse)
        assert close(stated, direct, 1e-10)


@pytest.mark.parametrize("case", [c for c in LISTED if c.build().has_random_covariance], ids=lambda case: case.label)
def test_conditional_covariance_is_that_of_the_paths(case: Case) -> None:
    z = case.build()
    probabilities, matrices = z.conditional_covariance_outcomes()
    mean = np.einsum("k,kab->ab", probabilities, matrices)
    assert np.abs(mean - z.covariance("left")).max() <= 1e-12 * np.abs(mean).max()
    for q in (1.0, 1.5):
        roots = np.sqrt(np.clip(np.linalg.eigvalsh(matrices), 0, None))
        stated = float(probabilities @ np.linalg.norm(roots, q, axis=-1) ** 2)
        assert close(stated, conditional_covariance_mean_root(z.paths(), q))
    assert z.conditional_covariance_outcomes("right")[1].shape[1:] == (z.shape[1],) * 2


@every_case
def test_only_random_covariances_have_outcomes(case: Case) -> None:
    z = case.build()
    assert (z.conditional_covariance_outcomes() is None) == (not z.has_random_covariance)


# no interval where squares have no variance: those radii are tested by their quantiles, in test_closed_forms.py
@pytest.mark.parametrize("case", [c for c in CASES if c.build().has_moment(4)], ids=lambda case: case.label)
def test_draws_follow_the_stated_law(case: Case) -> None:
    z = case.build()
    steps, sums = z.steps(rng("steps", case.label), TRIALS), z.sums(rng("sums", case.label), TRIALS)
    ceiling = z.ceiling(2)
    direction = rng("direction").standard_normal(z.shape)
    length = float(np.linalg.norm(direction))
    for draws in (steps.sum(axis=1), sums):
        assert agrees(0.0, (draws * direction).sum(axis=(1, 2)).real, ceiling * length)
        for q, order in ((1.0, 1.0), (2.0, 2.0)):
            stated = z.moment(q, order)
            assert stated is None or agrees(stated, norms(draws, q) ** order, z.ceiling(q) ** order)
        for side in ("left", "right"):
            covariance_of_sum = z.covariance(side)
            weight = weight_of(len(covariance_of_sum))
            squares = np.einsum("kab,ba->k", gram(draws, side), weight).real
            largest = float(np.linalg.norm(weight, 2)) * ceiling**2
            assert agrees(float(np.trace(covariance_of_sum @ weight).real), squares, largest)
    for q, order in ((1.0, 1.0), (2.0, 1.5)):
        stated = z.sum_of_moments(q, order)
        # S_i = E_i S, so that ‖S_i‖ keeps below the ceiling (Jensen) and ‖Z_i‖ below twice the ceiling
        largest = z.n_steps * (2 * z.ceiling(q)) ** order
        assert stated is None or agrees(stated, (norms(steps, q) ** order).sum(axis=1), largest)


# --- twins: each check refutes a planted error


def planted(case_index: int = 0) -> tuple[MatrixMartingale, tuple[np.ndarray, np.ndarray]]:
    z = LISTED[case_index].build()
    return z, z.paths()


def test_drift_check_refutes_a_drift() -> None:
    _, (probabilities, steps) = planted()
    shifted = steps.copy()
    shifted[:, -1, 0, 0] += 0.01
    assert largest_drift((probabilities, shifted)) > 1e-4


def test_drift_check_refutes_a_drift_that_only_the_past_shows() -> None:
    probabilities = np.full(4, 0.25)
    steps = np.array([[1.0, 1.0], [1.0, -0.8], [-1.0, 0.8], [-1.0, -1.0]])[:, :, None, None]
    assert abs(float(probabilities @ steps[:, 1, 0, 0])) < 1e-15
    assert largest_drift((probabilities, steps)) > 0.01


def test_symmetry_check_refutes_an_asymmetric_law() -> None:
    z = MARTINGALES["two_point"].build((2, 2), 3, probability=0.4)
    assert not is_symmetric(z.paths())


@pytest.mark.parametrize("error", [0.95, 1.05])
def test_enumeration_refutes_a_wrong_constant(error: float) -> None:
    z, law = planted()
    assert not close(error * z.sum_of_moments(1.5, 1.5), moments(law, 1.5, 1.5))
    assert not close(z.sum_of_moments(1.5, 1.5), moments(law, 1.5, 1.5 * error))


@every("case", [c for c in CASES if c.build().has_moment(4)], ids=lambda case: case.label)
def test_sampling_refutes_a_wrong_second_moment(case: Case) -> None:
    z = case.build()
    values = norms(z.sums(rng("sums", case.label), TRIALS), 2) ** 2
    assert not agrees(2.0 * z.moment(2, 2), values, z.ceiling(2) ** 2)


MANY = {
    "adapted": Case("adapted", (8, 8), 3000, {"dependence": "walk"}),
    "fresh_coordinates": Case("fresh_coordinates", (64, 64), 64),
    "self_similar": Case("self_similar", (8, 8), 3000, {"growth": 1e-4}),
    "digits_network": Case("digits_network", None, 1100),
}


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=pytest.mark.slow if name == "adapted" else ())
        for name in MARTINGALES
        if name != "rows_and_columns"
    ],
)
def test_a_law_with_more_paths_than_a_float_can_count_is_not_listed(name: str) -> None:
    martingale = MANY.get(name, Case(name, (8, 8), 3000)).build()
    paths = martingale.paths()
    assert paths is None or len(paths[0]) <= MOST_ATOMS
    moment = martingale.moment(2, 2)
    assert moment is None or moment >= 0
