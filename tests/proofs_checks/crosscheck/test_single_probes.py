"""The probes of one step: exact in short formats, from zero parameters, the same whenever they are made."""

from __future__ import annotations

import numpy as np

from proofs_checks.crosscheck.probe import ONE
from proofs_checks.crosscheck.probes.single import PRECISION_PROBES, SINGLE, SWEEP, short, single_probes
from tests.joined import every


def test_names_are_unique_and_every_probe_says_why_it_is_there() -> None:
    names = [one.name for one in SINGLE]
    assert len(set(names)) == len(names)
    assert all(one.purpose for one in SINGLE)
    assert set(PRECISION_PROBES) <= set(names)
    assert {f"times 2^{power}" for power in SWEEP} <= set(names)


@every("probe", SINGLE, ids=lambda one: one.name)
def test_entries_have_eight_significant_bits(probe) -> None:
    for x in (probe.start[ONE], probe.gradients[0][ONE]):
        np.testing.assert_array_equal(short(x), x)
        np.testing.assert_array_equal(x.astype(np.float32).astype(float), x)


def test_an_entry_of_nine_bits_is_not_short() -> None:
    assert short(np.array([257.0 / 256])) != 257.0 / 256


def test_parameters_are_zero_so_that_decay_shows_nothing() -> None:
    moved = [one.name for one in SINGLE if np.any(one.start[ONE])]
    assert moved == ["away from zero"]


def test_probes_are_a_function_of_the_seed() -> None:
    for one, again, other in zip(SINGLE, single_probes(), single_probes("another"), strict=True):
        np.testing.assert_array_equal(one.gradients[0][ONE], again.gradients[0][ONE])
        assert one.name == other.name
        assert one.shapes == other.shapes
    assert np.any(SINGLE[0].gradients[0][ONE] != single_probes("another")[0].gradients[0][ONE])


def test_wide_probes_are_the_transposes_of_tall_ones() -> None:
    by_name = {one.name: one.gradients[0][ONE] for one in SINGLE}
    np.testing.assert_array_equal(by_name["tall"].T, by_name["wide"])
    assert np.linalg.matrix_rank(by_name["rank one"]) == 1
    assert np.linalg.matrix_rank(by_name["rank two"]) == 2
    assert np.ptp(np.linalg.svd(by_name["ties"], compute_uv=False)) < 1e-12
