"""The Schatten geometry on diagonals: every contract of a geometry, and agreement with the full matrices."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from schattor_theory import SchattenGeometry, Schattor
from schattor_theory.errors import ExponentError, NonFiniteError, ParameterError, ShapeError, UnknownNameError
from schattor_theory.geometry import DiagonalGeometry, as_geometry
from tests.contracts import geometry as contracts
from tests.contracts.geometry import ContractError, Subject
from tests.contracts.oracle import exact_map, exact_norm, tolerance
from tests.joined import some
from tests.strategies import EXPONENTS, exponents, rng

COLUMNS = {
    "one entry": [-2.5],
    "decreasing": [3.0, -2.0, 1.0, 0.5],
    "unordered": [0.25, -4.0, 1.5, -0.125, 3.0],
    "with zeros": [0.0, 2.0, 0.0, -1.0],
    "all tied": [-1.5, 1.5, 1.5],
    "top two tied": [2.0, -1.0, -2.0],
    "widely spread": [1.0, 1e-3, -1e-6, 1e-9],
    "zero": [0.0, 0.0],
}
CONTRACTS = [c for c in contracts.EVERY if c is not contracts.pads_with_zeros]  # which adds columns too


def column(name: str, dtype: type = np.float64) -> np.ndarray:
    return np.array(COLUMNS[name], dtype=dtype)[:, None]


def agrees_with_full_matrices(subject: Subject, x: np.ndarray) -> None:
    """The norms and the map of a column are those of the diagonal matrix, to a few roundings of each entry."""
    full = np.diag(x[:, 0].astype(np.float64))
    allowed = tolerance(full) if x.dtype == np.float64 else tolerance(full.astype(np.float32))
    q = 1.0 if math.isinf(subject.p) else math.inf if subject.p == 1 else subject.p / (subject.p - 1)
    for got, want in ((subject.norm(x), exact_norm(full, subject.p)), (subject.dual_norm(x), exact_norm(full, q))):
        contracts.require(abs(got - want) <= allowed * want, "the norm is not that of the matrix", got, want)
    want = np.diag(exact_map(full, subject.p))[:, None]
    got = subject.duality_map(x)
    # numerics: each entry is a power in (0, 1] of a ratio, divided by a norm: relative errors of a few roundings
    contracts.require(
        abs(got - want) <= allowed * max(1.0, q if math.isfinite(q) else 1.0) * abs(want), "another map", got, want
    )


@pytest.mark.parametrize("contract", [*CONTRACTS, agrees_with_full_matrices], ids=lambda c: c.__name__)
@pytest.mark.parametrize("p", some(EXPONENTS, 2))
def test_diagonal_geometry_keeps(contract: Callable, p: float) -> None:
    for dtype in (np.float64, np.float32):
        for name in COLUMNS:
            contract(Subject.of(DiagonalGeometry(p)), column(name, dtype))


@given(
    x=hnp.arrays(np.float64, st.tuples(st.integers(1, 6), st.just(1)), elements=st.floats(-10, 10, width=32)),
    p=exponents(),
)
def test_diagonal_geometry_keeps_its_contracts_on_any_column(x: np.ndarray, p: float) -> None:
    subject = Subject.of(DiagonalGeometry(p))
    for contract in (contracts.attains_the_dual_norm, contracts.has_unit_norm, contracts.obeys_hoelder):
        contract(subject, x)


PLANTED = {
    "the Frobenius geometry of a column": Subject.of(SchattenGeometry(3)),
    "another exponent": replace(Subject.of(DiagonalGeometry(3)), duality_map=DiagonalGeometry(4).duality_map),
    "the dual norm for the norm": replace(Subject.of(DiagonalGeometry(3)), norm=DiagonalGeometry(3).dual_norm),
    "no signs": replace(
        Subject.of(DiagonalGeometry(3)), duality_map=lambda m: np.abs(DiagonalGeometry(3).duality_map(m))
    ),
}


@pytest.mark.parametrize("error", PLANTED)
def test_agreement_with_full_matrices_refutes(error: str) -> None:
    with pytest.raises(ContractError):
        agrees_with_full_matrices(replace(PLANTED[error], p=3.0), column("unordered"))


@pytest.mark.parametrize("p", EXPONENTS)
def test_one_pass_gives_what_two_calls_give(p: float) -> None:
    x = rng("columns").standard_normal((3, 7, 1))
    norm, direction = DiagonalGeometry(p).dual_norm_and_map(x)
    np.testing.assert_allclose(norm, DiagonalGeometry(p).dual_norm(x), rtol=4 * np.finfo(float).eps)
    np.testing.assert_array_equal(direction, DiagonalGeometry(p).duality_map(x))


def test_small_entries_are_no_noise_of_a_decomposition() -> None:
    x = np.array([1.0, -1e-15, 0.0])[:, None]
    assert DiagonalGeometry("inf").duality_map(x)[:, 0].tolist() == [1.0, -1.0, 0.0]


@pytest.mark.parametrize("p", EXPONENTS)
def test_empty_diagonals_have_norm_zero(p: float) -> None:
    norm, direction = DiagonalGeometry(p).dual_norm_and_map(np.zeros((2, 0, 1)))
    assert norm.tolist() == [0.0, 0.0]
    assert direction.shape == (2, 0, 1)


def test_every_array_library_gives_the_same(xp) -> None:
    x = rng("libraries").standard_normal((2, 5, 1))
    for p in (1, 1.5, 2, 4, "inf"):
        norm, direction = xp.call(DiagonalGeometry(p).dual_norm_and_map, xp.array(x))
        want_norm, want = DiagonalGeometry(p).dual_norm_and_map(x)
        np.testing.assert_allclose(xp.host(norm), want_norm, rtol=1e-14)
        np.testing.assert_allclose(xp.host(direction), want, rtol=1e-14, atol=1e-15)


def test_it_is_the_geometry_of_an_optimizer() -> None:
    geometry = DiagonalGeometry("4/3")
    assert as_geometry(geometry) is geometry
    assert geometry.with_tolerance(1e-9) == DiagonalGeometry("4/3", tolerance=1e-9)
    assert (geometry.label, geometry.q) == (SchattenGeometry("4/3").label, SchattenGeometry("4/3").q)
    x, g = rng("step").standard_normal((2, 6, 1))
    optimizers = [Schattor(each, step_size=0.1, momentum=0.9) for each in (geometry, SchattenGeometry("4/3"))]
    moved, _ = optimizers[0].step(x, g, optimizers[0].init(x))
    full, _ = optimizers[1].step(np.diag(x[:, 0]), np.diag(g[:, 0]), optimizers[1].init(np.diag(x[:, 0])))
    np.testing.assert_allclose(moved[:, 0], np.diag(full), rtol=1e-14)


def test_refusals_name_the_argument() -> None:
    with pytest.raises(ExponentError, match=r"DiagonalGeometry: p must"):
        DiagonalGeometry(0.5)
    with pytest.raises(UnknownNameError, match=r"DiagonalGeometry: method must"):
        DiagonalGeometry("inf", method="svd")
    with pytest.raises(ParameterError, match=r"DiagonalGeometry: tolerance must"):
        DiagonalGeometry("inf", tolerance=-1.0)
    with pytest.raises(ShapeError, match=r"DiagonalGeometry.norm: x must be a stack of columns \(\.\.\., d, 1\), got"):
        DiagonalGeometry(2).norm(np.eye(2))
    with pytest.raises(NonFiniteError, match=r"DiagonalGeometry.dual_norm: g must have finite entries"):
        DiagonalGeometry(2).dual_norm(np.array([[np.nan]]))
