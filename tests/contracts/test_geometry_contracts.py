"""Every contract of ``contracts.geometry`` on every geometry, and the proof that each contract can fail."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given

from schattor_theory import ProductGeometry, SchattenGeometry
from tests.contracts import geometry as contracts
from tests.contracts.geometry import ContractError, Subject
from tests.contracts.oracle import map_tolerance
from tests.strategies import BLOCKS, EXPONENTS, MATRICES, STRICTLY_CONVEX, exponents, matrices, rng, well_conditioned

DTYPES = (np.float64, np.float32)
# the others are taken by the whole suite alone
IN_SHORT = (1.0, 4 / 3, 3.0, math.inf)
EVERY_EXPONENT = [pytest.param(p, marks=() if p in IN_SHORT else pytest.mark.slow) for p in EXPONENTS]
FULL_RANK = ("tall", "wide", "square", "column", "row", "one entry", "all tied", "diagonal")


def name_of(value: object) -> str:
    return getattr(value, "__name__", str(value))


@pytest.mark.parametrize("contract", [*contracts.EVERY, *contracts.ONE_MATRIX], ids=name_of)
@pytest.mark.parametrize("p", EVERY_EXPONENT)
def test_schatten_geometry_keeps(contract: Callable, p: float) -> None:
    subject = Subject.of(SchattenGeometry(p))
    for dtype in DTYPES:
        for m in MATRICES.values():
            contract(subject, m.astype(dtype))


@pytest.mark.parametrize("p", STRICTLY_CONVEX)
def test_duality_map_of_the_dual_geometry_is_the_inverse(p: float) -> None:
    for dtype in DTYPES:
        for name in FULL_RANK:
            contracts.maps_back_through_the_dual(Subject.of(SchattenGeometry(p)), MATRICES[name].astype(dtype))


@given(m=matrices(), p=exponents())
def test_schatten_geometry_keeps_its_contracts_on_any_matrix(m: np.ndarray, p: float) -> None:
    subject = Subject.of(SchattenGeometry(p))
    for contract in (contracts.attains_the_dual_norm, contracts.has_unit_norm, contracts.obeys_hoelder):
        contract(subject, m)


def blocks(dtype: type = np.float64) -> dict[str, np.ndarray]:
    shapes = {"w": (3, 2), "b": (4, 1), "twin": (3, 2), "e": (2, 2)}
    return {b: (k + 1) * well_conditioned(f"block {b}", shapes[b]).astype(dtype) for k, b in enumerate(BLOCKS)}


@pytest.mark.parametrize("contract", contracts.EVERY, ids=name_of)
@pytest.mark.parametrize("balance", EVERY_EXPONENT)
def test_product_geometry_keeps(contract: Callable, balance: float) -> None:
    subject = Subject.of(ProductGeometry(BLOCKS, {"w": 0.5, "e": 4.0}, balance))
    for dtype in DTYPES:
        m = blocks(dtype)
        contract(subject, m)
        contract(subject, m | {"b": np.zeros_like(m["b"])})
        contract(subject, {b: np.zeros_like(x) for b, x in m.items()})


PLANTED = contracts.planted()
PROBES = [*MATRICES.values(), MATRICES["tall"].astype(np.float32)]


def refutes(contract: Callable, subject: Subject) -> bool:
    """Return whether the contract finds the error on one of the probes."""
    for m in PROBES:
        try:
            with np.errstate(all="ignore"):
                contract(subject, m.copy())
        except ContractError:
            return True
    return False


@pytest.mark.parametrize("error", PLANTED)
def test_contracts_refute(error: str) -> None:
    assert any(refutes(contract, PLANTED[error]) for contract in (*contracts.EVERY, *contracts.ONE_MATRIX))


@pytest.mark.parametrize("contract", [*contracts.EVERY, *contracts.ONE_MATRIX], ids=name_of)
def test_can_fail(contract: Callable) -> None:
    assert any(refutes(contract, subject) for subject in PLANTED.values())


def test_inverse_contract_refutes_a_map_of_another_exponent() -> None:
    with pytest.raises(ContractError, match="dual of the dual"):
        contracts.maps_back_through_the_dual(PLANTED["the map of another exponent"], MATRICES["tall"])


@pytest.mark.parametrize("p", EXPONENTS)
def test_map_tolerance_is_small_enough_to_see_an_error_of_one_in_a_million(p: float) -> None:
    assert map_tolerance(MATRICES["tall"], p) < 1e-7
    subject = Subject.of(SchattenGeometry(p))
    nudged = Subject(subject.norm, subject.dual_norm, lambda m: subject.duality_map(m) * (1 + 1e-6), p)
    with pytest.raises(ContractError):
        contracts.has_unit_norm(nudged, MATRICES["tall"])


def test_p_between_one_and_infinity_has_a_continuous_map_at_both_ends() -> None:
    m = well_conditioned("ends", (4, 3))
    for end, close in ((1.0, 1 + 1e-4), (math.inf, 1e8)):
        gap = np.linalg.norm(SchattenGeometry(end).duality_map(m) - SchattenGeometry(close).duality_map(m))
        assert gap < 1e-7
    assert rng("ends").standard_normal() == rng("ends").standard_normal()
