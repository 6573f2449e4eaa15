"""Schatten norms and duality maps: known values, the 40-digit oracle, every array library, and refusals."""

from __future__ import annotations

import math
import pickle

import numpy as np
import pytest

from schattor_theory import SchattenGeometry, as_geometry, duality_map, schatten_norm
from schattor_theory.errors import DTypeError, ExponentError, NonFiniteError, ShapeError, UnknownNameError
from tests.conftest import Library
from tests.contracts.oracle import exact_map, exact_norm, map_tolerance, tolerance
from tests.joined import every, some
from tests.strategies import EXPONENTS, MATRICES, well_conditioned

DTYPES = (np.float64, np.float32)


@pytest.mark.parametrize("p", some(EXPONENTS, 2))
def test_norm_agrees_with_forty_digits(p: float) -> None:
    for m in MATRICES.values():
        for dtype in DTYPES:
            want = exact_norm(m.astype(dtype), p)
            assert abs(schatten_norm(m.astype(dtype), p) - want) <= tolerance(m.astype(dtype)) * want


@pytest.mark.parametrize("p", some(EXPONENTS, 2))
def test_duality_map_agrees_with_forty_digits(p: float) -> None:
    for m in MATRICES.values():
        for dtype in DTYPES:
            x = m.astype(dtype)
            assert np.linalg.norm(duality_map(x, p) - exact_map(x, p)) <= map_tolerance(x, p)


def test_norms_of_three_exponents_are_numpys() -> None:
    for m in MATRICES.values():
        for p, order in ((1, "nuc"), (2, "fro"), (math.inf, 2)):
            assert schatten_norm(m, p) == pytest.approx(np.linalg.norm(m, order), rel=tolerance(m))


def test_norm_and_map_of_three_four_by_hand() -> None:
    m = np.array([[0.0, 3.0], [-4.0, 0.0]])  # not diagonal: singular values 4, 3
    assert schatten_norm(m, 1) == pytest.approx(7, rel=tolerance(m))
    assert schatten_norm(m, 2) == pytest.approx(5, rel=tolerance(m))
    assert schatten_norm(m, 3) == pytest.approx(91 ** (1 / 3), rel=tolerance(m))
    np.testing.assert_allclose(duality_map(m, "inf"), [[0, 1], [-1, 0]], atol=tolerance(m))
    np.testing.assert_allclose(duality_map(m, 2), [[0, 0.6], [-0.8, 0]], atol=tolerance(m))
    np.testing.assert_allclose(duality_map(m, 1), [[0, 0], [-1, 0]], atol=tolerance(m))
    # q = 4: weights s^3 over (3^4 + 4^4)^(3/4)
    np.testing.assert_allclose(duality_map(m, "4/3"), m**3 / 337**0.75, atol=tolerance(m))


def test_ties_share_the_top_singular_space_at_p_one() -> None:
    m = MATRICES["top two tied"]
    assert np.linalg.matrix_rank(duality_map(m, 1)) == 2
    # M = H diag(2, 2, 1, .5) H with a symmetric orthogonal H: the projector on the first two columns, halved
    h = MATRICES["all tied"] / 3
    np.testing.assert_allclose(duality_map(m, 1), h @ np.diag([0.5, 0.5, 0, 0]) @ h, atol=map_tolerance(m, 1))


@every("dtype", DTYPES)
@every("p", EXPONENTS)
def test_polar_factor_stays_inside_the_range_of_a_rank_deficient_matrix(p: float, dtype: type) -> None:
    u = np.array([[3.0], [4.0], [0.0]], dtype=dtype) / 5
    v = np.array([[5.0, 12.0]], dtype=dtype) / 13
    # one singular value: every exponent has the same direction, uvᵀ
    assert np.linalg.norm(duality_map(7 * u @ v, p) - u @ v) <= 4 * tolerance(u @ v)


@pytest.mark.parametrize("shape", [(0, 3), (3, 0), (0, 0), (2, 0, 3), (0, 2, 3), (2, 3, 0)])
def test_empty_matrices_have_norm_zero_and_an_empty_map(eager_xp: Library, shape: tuple[int, ...]) -> None:
    m = eager_xp.array(np.zeros(shape))
    for p in (1, 1.5, 2, 3, math.inf):
        norm = eager_xp.host(schatten_norm(m, p))
        assert norm.shape == shape[:-2]
        assert not norm.any()
        assert tuple(duality_map(m, p).shape) == shape


@pytest.mark.parametrize("dtype", DTYPES)
def test_every_library_gives_the_exact_norm_and_direction(xp: Library, dtype: type) -> None:
    stack = well_conditioned("libraries", (2, 3, 4)).astype(dtype)
    geometries = [SchattenGeometry(p) for p in (1.0, 4 / 3, 2.0, 4.0, math.inf)]
    found = xp.call(lambda x: [geometry.dual_norm_and_map(x) for geometry in geometries], xp.array(stack))
    for geometry, (norm, direction) in zip(geometries, found, strict=True):
        p, q = geometry.p, geometry.q
        for i, m in enumerate(stack):
            assert abs(xp.host(norm)[i] - exact_norm(m, q)) <= tolerance(m) * exact_norm(m, q)
            assert np.linalg.norm(xp.host(direction)[i] - exact_map(m, p)) <= map_tolerance(m, p)


def test_results_stay_in_the_library_device_and_dtype_they_came_from(eager_xp: Library) -> None:
    for dtype in DTYPES:
        m = eager_xp.array(np.stack([MATRICES["square"], np.zeros((4, 4))]).astype(dtype))
        direction, norm = duality_map(m, 3), schatten_norm(m, 3)
        assert type(direction) is type(m) is type(norm)
        assert direction.dtype == norm.dtype == m.dtype
        assert getattr(direction, "device", None) == getattr(norm, "device", None) == getattr(m, "device", None)


def test_zero_matrix_beside_others_gets_direction_zero(xp: Library) -> None:
    m = xp.array(np.stack([np.zeros((2, 2)), np.array([[0.0, 2.0], [1.0, 0.0]])]))
    for direction in xp.call(lambda x: [duality_map(x, p) for p in (1, 4 / 3, 2, 4, math.inf)], m):
        assert not xp.host(direction)[0].any()
        assert abs(xp.host(direction)[1]).max() > 0.3


@pytest.mark.slow
@pytest.mark.parametrize("p", EXPONENTS)
def test_every_library_agrees_with_numpy_on_every_matrix(xp: Library, p: float) -> None:
    for name, m in MATRICES.items():
        for dtype in DTYPES:
            x = m.astype(dtype)
            norm, direction = xp.call(SchattenGeometry(p).dual_norm_and_map, xp.array(x))
            want = exact_norm(x, SchattenGeometry(p).q)
            assert abs(xp.host(norm) - want) <= tolerance(x) * want, name
            assert np.linalg.norm(xp.host(direction) - exact_map(x, p)) <= map_tolerance(x, p), name


def test_a_factor_of_two_in_an_oracle_would_be_seen() -> None:
    m = MATRICES["tall"]
    for p in EXPONENTS:
        assert map_tolerance(m, p) < 0.01 * np.linalg.norm(exact_map(m, p))


NON_FINITE = {
    "[1, 0]": np.array([[0.0, 0.0], [math.nan, math.nan]]),
    "[1, 1]": np.array([[1.0, 2, 3], [1, math.inf, 3], [1, 2, 3]]),
    "[1, 0, 1]": np.stack([np.eye(2), np.array([[1.0, -math.inf], [math.nan, 0.0]])]),
}


@pytest.mark.parametrize("index", NON_FINITE)
def test_refuses_non_finite_entries_and_names_the_first(eager_xp: Library, index: str) -> None:
    m = NON_FINITE[index]
    first = m[tuple(int(i) for i in index.strip("[]").split(","))]
    for call, argument, function in (
        ("schatten_norm", "x", lambda a: schatten_norm(a, 3)),
        ("duality_map", "m", lambda a: duality_map(a, 3)),
        ("SchattenGeometry.norm", "x", SchattenGeometry(3).norm),
        ("SchattenGeometry.dual_norm", "g", SchattenGeometry(3).dual_norm),
        ("SchattenGeometry.dual_norm_and_map", "m", SchattenGeometry(3).dual_norm_and_map),
    ):
        with pytest.raises(NonFiniteError) as caught:
            function(eager_xp.array(m))
        assert str(caught.value) == (
            f"{call}: {argument} must have finite entries, got {argument}={float(first)}. "
            f"The first bad entry is {argument}{index}."
        )


def test_a_method_of_the_geometry_names_itself_in_an_error() -> None:
    with pytest.raises(NonFiniteError, match=r"^SchattenGeometry\.duality_map: m must have finite entries"):
        SchattenGeometry(3).duality_map(NON_FINITE["[1, 0]"])


def test_check_finite_false_skips_the_look_at_the_values() -> None:
    assert np.isnan(schatten_norm(np.array([[math.nan]]), 2, check_finite=False))
    assert np.isnan(duality_map(np.array([[math.nan]]), 2, check_finite=False)).all()


REFUSED_TYPES = {
    "complex": (np.array([[1 + 1j]]), "complex128", "real dilation"),
    "diag(-1, -1-1j)": (np.diag([-1, -1 - 1j]), "complex128", "Only real matrices are supported"),
    "integers": (np.array([[1, 2]]), "int64", "Convert it to float64 first"),
    "truth values": (np.array([[True]]), "bool", "Convert it to float32 or float64 first"),
    "float16": (np.array([[600, 800]], dtype=np.float16), "float16", "Convert it to float32"),
    "long double": (np.eye(2, dtype=np.longdouble), "float", "float32 or float64"),
    "objects": (np.array([[1.0, None]]), "dtype('O')", "Convert it to float64 first"),
    "text": (np.array([["a"]]), "<U1", "Convert it to float64 first"),
    "dates": (np.array([["2020-01-01"]], dtype="datetime64[D]"), "<M8[D]", "Convert it to float64 first"),
    "a list": ([[1.0]], "list", "numpy.asarray"),
    "a number": (1.0, "float", "numpy.asarray"),
    "nothing": (None, "NoneType", "numpy.asarray"),
    "a masked array": (np.ma.masked_array([[1.0, 2.0]], mask=[[True, False]]), "MaskedArray", "Fill the mask first"),
}


@every("kind", REFUSED_TYPES)
def test_refuses_what_is_not_a_real_floating_array(kind: str) -> None:
    value, got, way_out = REFUSED_TYPES[kind]
    for call, function in (("schatten_norm: x", schatten_norm), ("duality_map: m", duality_map)):
        with pytest.raises(DTypeError) as caught:
            function(value, 2)
        message = str(caught.value)
        assert message.startswith(f"{call} must ")
        assert got in message
        assert way_out in message


@pytest.mark.filterwarnings("ignore:the matrix subclass:PendingDeprecationWarning")
def test_refuses_the_matrix_class_whose_star_is_another_product() -> None:
    with pytest.raises(DTypeError, match=r"must be an array, got x='matrix'"):
        schatten_norm(np.matrix([[1.0, 2.0], [3.0, 4.0]]), 2)


@pytest.mark.parametrize("x", [np.ones(3), np.array(1.0), np.float64(1.0)])
def test_refuses_fewer_than_two_axes(x: np.ndarray) -> None:
    with pytest.raises(ShapeError) as caught:
        schatten_norm(x, 2)
    assert str(caught.value) == (
        f"schatten_norm: x must have at least two axes, got x={np.shape(x)}. "
        "Matrices have shape (..., m, n); pass a vector of length n as (n, 1)."
    )


@pytest.mark.parametrize("p", [0.5, math.nan, "x", None])
def test_refuses_a_bad_exponent_before_looking_at_the_matrix(p: object) -> None:
    for call, function in (
        ("schatten_norm", lambda: schatten_norm(None, p)),
        ("duality_map", lambda: duality_map(None, p)),
        ("SchattenGeometry", lambda: SchattenGeometry(p)),
    ):
        with pytest.raises(ExponentError, match=rf"^{call}: p must lie in \[1, inf\], got p="):
            function()


def test_refuses_an_unknown_method_and_names_the_nearest() -> None:
    with pytest.raises(UnknownNameError) as caught:
        duality_map(np.eye(2), 2, "svdd")
    assert str(caught.value).startswith("duality_map: method must be one of 'auto', 'svd'")
    assert str(caught.value).endswith("got method='svdd'. Did you mean 'svd'?")


def test_methods_give_the_same_direction() -> None:
    for m in MATRICES.values():
        for p in EXPONENTS:
            gap = np.linalg.norm(duality_map(m, p, "svd") - duality_map(m, p, "auto"))
            assert gap <= 2 * map_tolerance(m, p)


def test_geometry_is_a_value() -> None:
    assert SchattenGeometry("4/3") == SchattenGeometry(4 / 3) == pickle.loads(pickle.dumps(SchattenGeometry(4 / 3)))
    assert len({SchattenGeometry(2), SchattenGeometry("2"), SchattenGeometry(3)}) == 2
    assert SchattenGeometry(math.inf).label == "inf"
    with pytest.raises(AttributeError):
        SchattenGeometry(2).p = 3  # type: ignore[misc]


def test_a_bare_exponent_is_a_geometry() -> None:
    assert as_geometry("4/3") == SchattenGeometry(4 / 3)
    assert as_geometry(SchattenGeometry(3)) == SchattenGeometry(3)
    with pytest.raises(ExponentError, match=r"p must lie in \[1, inf\]"):
        as_geometry({"w": 2})
