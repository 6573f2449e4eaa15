"""The product geometry of several blocks (D4): formulas by hand, every library, and refusals."""

from __future__ import annotations

import math
import pickle

import numpy as np
import pytest

from schattor_theory import ProductGeometry, duality_map, schatten_norm
from schattor_theory.errors import DTypeError, ExponentError, NonFiniteError, ParameterError, ShapeError
from tests.conftest import Library
from tests.contracts.oracle import tolerance
from tests.joined import every
from tests.strategies import BLOCKS, EXPONENTS, well_conditioned

RADII = {"w": 0.5, "b": 2.0, "twin": 1.0, "e": 3.0}
SHAPES = {"w": (3, 2), "b": (4, 1), "twin": (3, 2), "e": (2, 2)}


def gradients(stack: tuple[int, ...] = ()) -> dict[str, np.ndarray]:
    return {b: (k + 1) * well_conditioned(f"product {b}", (*stack, *SHAPES[b])) for k, b in enumerate(BLOCKS)}


def by_hand(m: dict[str, np.ndarray], balance: float) -> tuple[float, dict[str, np.ndarray]]:
    """Return D4's dual norm and duality map, block by block from the formulas of the theory."""
    q = {b: math.inf if p == 1 else 1 / (1 - 1 / p) for b, p in BLOCKS.items()}
    weighted = {b: RADII[b] * float(schatten_norm(m[b], q[b])) for b in BLOCKS}
    if balance == math.inf:
        norm, w = sum(weighted.values()), {b: 1.0 for b in BLOCKS}
    elif balance == 1:
        norm = max(weighted.values())
        largest = [b for b in BLOCKS if weighted[b] == norm]
        w = {b: (b in largest) / len(largest) for b in BLOCKS}
    else:
        outer = balance / (balance - 1)
        norm = sum(x**outer for x in weighted.values()) ** (1 / outer)
        w = {b: (weighted[b] / norm) ** (outer - 1) for b in BLOCKS}
    return norm, {b: RADII[b] * w[b] * duality_map(m[b], p) for b, p in BLOCKS.items()}


@pytest.mark.parametrize("balance", EXPONENTS)
def test_norm_and_map_are_the_formulas_of_d4(balance: float) -> None:
    m = gradients()
    norm, direction = ProductGeometry(BLOCKS, RADII, balance).dual_norm_and_map(m)
    want_norm, want = by_hand(m, balance)
    assert norm == pytest.approx(want_norm, rel=10 * tolerance(m["b"]))
    for b in BLOCKS:
        np.testing.assert_allclose(direction[b], want[b], atol=100 * tolerance(m["b"]))


def test_primal_norm_is_the_outer_norm_of_the_block_norms_over_the_radii() -> None:
    x = gradients()
    block = [float(schatten_norm(x[b], p)) / RADII[b] for b, p in BLOCKS.items()]
    for balance, want in ((math.inf, max(block)), (2, np.hypot.reduce(block)), (1, sum(block))):
        assert ProductGeometry(BLOCKS, RADII, balance).norm(x) == pytest.approx(want, rel=10 * tolerance(x["b"]))


def test_balance_infinity_moves_every_block_by_its_full_radius_but_no_zero_block() -> None:
    m = gradients()
    m["b"] = 1e-200 * m["b"]
    m["twin"] = np.zeros((3, 2))
    direction = ProductGeometry(BLOCKS, RADII, math.inf).duality_map(m)
    lengths = {b: float(schatten_norm(direction[b], p)) for b, p in BLOCKS.items()}
    assert lengths == pytest.approx(RADII | {"twin": 0.0}, rel=10 * tolerance(m["b"]))


def test_balance_two_moves_in_proportion_to_the_share_of_the_dual_norm() -> None:
    geometry = ProductGeometry({"a": 2, "b": 2}, balance=2)
    direction = geometry.duality_map({"a": np.array([[3.0]]), "b": np.array([[-4.0]])})
    np.testing.assert_allclose([direction["a"][0, 0], direction["b"][0, 0]], [0.6, -0.8], rtol=1e-15)


def test_balance_one_shares_equally_between_tied_blocks_and_moves_no_other() -> None:
    geometry = ProductGeometry({"a": 2, "b": 2, "c": 2}, balance=1)
    direction = geometry.duality_map({"a": np.array([[3.0]]), "b": np.array([[-3.0]]), "c": np.array([[2.0]])})
    assert {b: float(d[0, 0]) for b, d in direction.items()} == {"a": 0.5, "b": -0.5, "c": 0.0}


def test_one_block_of_radius_one_is_the_schatten_geometry() -> None:
    m = gradients()["w"]
    for balance in EXPONENTS:
        norm, direction = ProductGeometry({"w": 3}, balance=balance).dual_norm_and_map({"w": m})
        assert norm == pytest.approx(schatten_norm(m, 1.5), rel=tolerance(m))
        np.testing.assert_allclose(direction["w"], duality_map(m, 3), rtol=tolerance(m))


def test_sign_updates_are_diagonal_blocks_at_p_infinity() -> None:
    m = np.diag([3.0, -0.1, 0.0])
    np.testing.assert_array_equal(ProductGeometry({"w": "inf"}).duality_map({"w": m})["w"], np.sign(m))


def test_equal_shapes_stacked_give_bit_for_bit_what_each_block_gives_alone() -> None:
    m = gradients((2,))
    together = ProductGeometry(BLOCKS).duality_map(m)
    for b, p in BLOCKS.items():
        np.testing.assert_array_equal(together[b], ProductGeometry({b: p}).duality_map({b: m[b]})[b])


def test_order_of_the_blocks_does_not_matter() -> None:
    m = gradients()
    backwards = dict(reversed(m.items()))
    for balance in EXPONENTS:
        geometry = ProductGeometry(BLOCKS, RADII, balance)
        assert geometry.dual_norm(backwards) == geometry.dual_norm(m)
        assert list(geometry.duality_map(backwards)) == list(BLOCKS)
        turned = ProductGeometry(dict(reversed(BLOCKS.items())), RADII, balance)
        assert turned.dual_norm(m) == pytest.approx(geometry.dual_norm(m), rel=10 * tolerance(m["b"]))


def test_every_library_agrees_with_numpy(xp: Library) -> None:
    m = {b: x for b, x in gradients((2,)).items() if b != "e"}
    geometries = [ProductGeometry({b: BLOCKS[b] for b in m}, {"w": 0.5, "b": 2}, t) for t in (1.0, 1.5, math.inf)]
    found = xp.call(lambda x: [geometry.dual_norm_and_map(x) for geometry in geometries], xp.blocks(m))
    for geometry, (norm, direction) in zip(geometries, found, strict=True):
        want_norm, want = geometry.dual_norm_and_map(m)
        np.testing.assert_allclose(xp.host(norm), want_norm, rtol=10 * tolerance(m["b"]))
        for b in m:
            np.testing.assert_allclose(xp.host(direction[b]), want[b], atol=100 * tolerance(m["b"]))


def test_blocks_may_be_empty() -> None:
    m = {"w": np.zeros((0, 3)), "b": np.array([[2.0]])}
    for balance in EXPONENTS:
        geometry = ProductGeometry({"w": 3, "b": 2}, balance=balance)
        assert geometry.dual_norm(m) == 2.0
        assert geometry.duality_map(m)["w"].shape == (0, 3)
        assert geometry.duality_map(m)["b"] == 1.0
    empty_stack = {b: np.zeros((0, *shape)) for b, shape in SHAPES.items()}
    assert ProductGeometry(BLOCKS).dual_norm(empty_stack).shape == (0,)


def test_geometry_is_a_value_whose_dicts_are_copies() -> None:
    geometry = ProductGeometry(BLOCKS, RADII, "4/3")
    assert geometry == pickle.loads(pickle.dumps(geometry)) == ProductGeometry(BLOCKS, RADII, 4 / 3)
    assert len({geometry, ProductGeometry(BLOCKS, RADII, 2)}) == 2
    geometry.exponents["w"] = 99.0
    geometry.radii.clear()
    assert (geometry.exponents, geometry.radii, geometry.balance) == (BLOCKS, RADII, 4 / 3)
    assert geometry.label == "w:3,b:2,twin:3,e:inf;t=4/3"
    with pytest.raises(AttributeError):
        geometry.balance = 2.0  # type: ignore[misc]


BAD_GEOMETRIES = {
    "no block": ({"exponents": {}}, ParameterError, "exponents must name at least one block, got"),
    "a bare exponent": ({"exponents": 3}, ParameterError, "exponents must name at least one block, got"),
    "a number as name": ({"exponents": {1: 2}}, ParameterError, "exponents must have text as the name of each block"),
    "an empty name": ({"exponents": {"": 2}}, ParameterError, "exponents must have text as the name of each block"),
    "p below 1": ({"exponents": {"w": 0.5}}, ExponentError, "exponents['w'] must lie in [1, inf]"),
    "radius 0": ({"exponents": {"w": 2}, "radii": {"w": 0}}, ParameterError, "radii['w'] must be a positive finite"),
    "radius inf": ({"exponents": {"w": 2}, "radii": {"w": math.inf}}, ParameterError, "got radii['w']=inf"),
    "radius True": ({"exponents": {"w": 2}, "radii": {"w": True}}, ParameterError, "got radii['w']=True"),
    "radii no dict": ({"exponents": {"w": 2}, "radii": 3}, ParameterError, "radii must be a mapping of blocks"),
    "radius of no block": ({"exponents": {"w": 2}, "radii": {"v": 1}}, ShapeError, "radii must name blocks among"),
    "balance": (
        {"exponents": {"w": 2}, "balance": 0.9},
        ExponentError,
        "balance must lie in [1, inf], got balance=0.9",
    ),
}


@every("case", BAD_GEOMETRIES)
def test_refuses_a_geometry_with(case: str) -> None:
    arguments, error, words = BAD_GEOMETRIES[case]
    with pytest.raises(error) as caught:
        ProductGeometry(**arguments)
    assert str(caught.value).startswith("ProductGeometry: ")
    assert words in str(caught.value)


CALLS = {"norm": "x", "dual_norm": "g", "block_dual_norms": "g", "duality_map": "m", "dual_norm_and_map": "m"}


@pytest.mark.parametrize("name", CALLS)
def test_refuses_blocks_that_do_not_fit(name: str) -> None:
    geometry, argument = ProductGeometry({"a": 2, "b": 3}), CALLS[name]
    one, two = np.ones((2, 2)), np.ones((1, 2, 2))
    for value, error, words in (
        (one, ShapeError, "must be a mapping with blocks ['a', 'b'], got {}='ndarray'. Pass a dict."),
        ({"a": one}, ShapeError, "must have exactly the blocks ['a', 'b'], got {}=['a']. Add or drop blocks."),
        ({"a": one, "b": one, "c": one}, ShapeError, "must have exactly the blocks ['a', 'b']"),
        ({"a": one, "b": two}, ShapeError, "must have one stack shape in all blocks, got {}={{'a': (), 'b': (1,)}}."),
        ({"a": one, "b": one.astype(np.float32)}, DTypeError, "must have one dtype in all blocks"),
    ):
        with pytest.raises(error) as caught:
            getattr(geometry, name)(value)
        assert str(caught.value).startswith(f"ProductGeometry.{name}: {argument} ")
        assert words.format(argument) in str(caught.value)
    with pytest.raises(NonFiniteError, match=rf"^ProductGeometry\.{name}: {argument}\['b'\] must have finite entries"):
        getattr(geometry, name)({"a": one, "b": np.full((2, 2), math.nan)})
    with pytest.raises(DTypeError, match=rf"^ProductGeometry\.{name}: {argument}\['a'\] must hold real floating-point"):
        getattr(geometry, name)({"a": np.ones((2, 2), dtype=int), "b": one})
