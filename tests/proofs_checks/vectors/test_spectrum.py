"""Exact spectra: ranks and multiplicities of known factors, enclosures beside those of the other rigorous algorithm."""

from __future__ import annotations

import numpy as np
import pytest
from flint import arb, arb_mat

from proofs_checks.rigorous import spectral
from proofs_checks.rigorous.balls import precision
from proofs_checks.vectors.matrices import MATRICES
from proofs_checks.vectors.spectrum import Spectrum, rational_matrix, spectrum_of
from tests.joined import every

_BITS = 256


def spectrum(name: str) -> Spectrum:
    return spectrum_of(rational_matrix(MATRICES[name]()))


GENERAL = [name for name, make in MATRICES.items() if make().ndim == 2 and make().size and make().any()]


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("tie-at-the-top", {42: 2, 21: 1}),  # columns of length 3 and 7: factors 2, 2, 1
        ("tie-below-the-top", {63: 1, 21: 2}),
        ("tie-and-rank-two", {21: 2}),
        ("all-equal", {65: 2}),
        ("rank-one", {np.sqrt(14.25 * 6): 1}),
        ("one-entry", {7: 1}),
        ("zero", {}),
    ],
)
def test_ranks_and_multiplicities_are_those_of_the_factors(name: str, values: dict[float, int]) -> None:
    with precision(_BITS):
        found = spectrum(name)
        levels = {float(level.value * arb(found.scale)): level.multiplicity for level in found.levels()}
    assert levels == pytest.approx(values, rel=1e-15)
    assert found.rank == sum(values.values())


@pytest.mark.parametrize("name", GENERAL)
def test_norms_overlap_the_enclosures_of_rotations(name: str) -> None:
    matrix = MATRICES[name]()
    with precision(_BITS):
        found = spectrum(name)
        for q in (1, 2, 3, np.inf):
            other = spectral.schatten_norm(matrix, "inf" if q == np.inf else q)
            assert found.norm(q).overlaps(other)
            assert not (found.norm(q) * (1 + arb(2) ** -60)).overlaps(other)


@every("name", GENERAL)
def test_the_map_of_the_values_themselves_is_the_matrix(name: str) -> None:
    with precision(1200):
        found = spectrum(name)
        same = found.map([level.value * arb(found.scale) for level in found.levels()])
        wrong = found.map([level.value * arb(found.scale) * (1 + arb(2) ** -60) for level in found.levels()])
        matrix = arb_mat(rational_matrix(MATRICES[name]()))
    assert same.contains(matrix)
    assert not wrong.overlaps(matrix)


def test_close_values_are_told_apart_with_more_bits() -> None:
    matrix = rational_matrix(np.array([[1.0, 2.0**-200], [2.0**-200, 1.0]]))
    with precision(64):
        coarse = spectrum_of(matrix)
        is_finite = all(x.is_finite() for x in coarse.map([arb(1)] * len(coarse.levels())).entries())
    with precision(1200):
        levels = spectrum_of(matrix).levels()
    assert [level.multiplicity for level in levels] == [1, 1]
    assert not levels[0].value.overlaps(levels[1].value)
    assert not is_finite  # so that no rounding is decided with too few bits


def test_steepness_is_that_of_finite_differences() -> None:
    matrix = np.array([[3.0, 1.0], [-2.0, 5.0]])
    with precision(_BITS):
        found = spectrum_of(rational_matrix(matrix))
        bound = float(found.steepness([arb(1), arb(1)], [arb(0), arb(0)]))

    def polar(m: np.ndarray) -> np.ndarray:
        u, _, vh = np.linalg.svd(m)
        return u @ vh

    rates = []
    for i in range(2):
        for j in range(2):
            e = np.zeros((2, 2))
            e[i, j] = 1e-6
            rates.append(np.linalg.norm(polar(matrix + e) - polar(matrix - e)) / 2e-6)
    skew = np.array([[0.0, 1e-6], [-1e-6, 0.0]])
    u, _, vh = np.linalg.svd(matrix)
    worst = np.linalg.norm(polar(matrix + u @ skew @ vh) - polar(matrix)) / np.linalg.norm(skew)
    assert max(rates) <= bound * (1 + 1e-6)
    assert worst == pytest.approx(bound, rel=1e-5)
