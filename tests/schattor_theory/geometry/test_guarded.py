"""Guarded maps and norms: the same bits however stacked, certificates that hold, and fallbacks that are counted."""

from __future__ import annotations

import functools
import math

import numpy as np
import pytest

from schattor_theory import SchattenGeometry, certified_duality_map, duality_map, schatten_norm
from schattor_theory.errors import DTypeError, NonFiniteError, ParameterError
from schattor_theory.geometry import certified_polar, gram, guarded
from schattor_theory.geometry.certificates import BACKWARD_ERROR, GRAM, POLYNOMIAL, SVD
from schattor_theory.geometry.workspace import Workspace, blocks, borrowed_workspace
from tests.contracts.oracle import exact_map, exact_norm, map_tolerance, tolerance, with_spectrum
from tests.joined import some
from tests.strategies import rng

# shape of a slice, exponent, method: every fast path, square, tall and wide, one block and several slices a block
PATHS = {
    "polynomial 8": ((8, 8), math.inf, "polynomial"),
    "polynomial tall": ((24, 10), math.inf, "polynomial"),
    "polynomial wide": ((9, 30), math.inf, "polynomial"),
    "polynomial 33": ((33, 33), math.inf, "polynomial"),
    "gram at infinity": ((12, 12), math.inf, "gram"),
    "gram at three": ((16, 11), 3.0, "gram"),
    "gram at ten": ((8, 20), 10.0, "gram"),
    "gram in blocks of two": ((128, 120), math.inf, "auto"),
}
DTYPES = (np.float64, np.float32)


def gaussian(name: str, shape: tuple[int, ...]) -> np.ndarray:
    return rng(name).standard_normal(shape)


def mixed_stack(name: str, shape: tuple[int, int], count: int) -> np.ndarray:
    """Return slices of every kind: well and ill conditioned, diagonal, zero, rank deficient, very large and small."""
    r, least = rng(name), min(shape)
    stack = r.standard_normal((count, *shape))
    stack[1] = with_spectrum(r, shape, list(np.geomspace(1, 1e-7, least)))
    stack[2] = with_spectrum(r, shape, [1.0] * (least - 1))
    stack[3] = np.eye(*shape) * 3
    stack[4] = 0
    stack[5] *= 1e150
    stack[6] *= 1e-150
    return stack


@pytest.mark.parametrize("tolerance", some([None, 1e-9], 2))
@pytest.mark.parametrize("name", PATHS)
def test_a_slice_has_the_same_bits_alone_and_in_any_stack(name: str, tolerance: float | None) -> None:
    shape, p, method = PATHS[name]
    stack = mixed_stack(name, shape, 9 if max(shape) > 100 else 40)
    geometry = SchattenGeometry(p, method=method, tolerance=tolerance)
    norm, whole = geometry.dual_norm_and_map(stack)
    values = geometry.dual_norm(stack)
    for i, m in enumerate(stack):
        alone_norm, alone = geometry.dual_norm_and_map(m)
        assert np.array_equal(alone, whole[i])
        assert alone_norm == norm[i]
        assert geometry.dual_norm(m) == values[i]
    # in another order, on other addresses, in Fortran order, as the transposed view of a transposed stack
    order = rng("orders").permutation(len(stack))
    shifted = np.empty(stack.size + 1)[1:].reshape(stack.shape)
    shifted[...] = stack
    transposed = np.ascontiguousarray(stack.swapaxes(-1, -2)).swapaxes(-1, -2)
    for other, expected in (
        (stack[order], whole[order]),
        (shifted, whole),
        (np.asfortranarray(stack), whole),
        (transposed, whole),
        (stack.reshape(1, len(stack), 1, *shape), whole.reshape(1, len(stack), 1, *shape)),
    ):
        assert np.array_equal(geometry.duality_map(other), expected)


def test_bits_that_depend_on_the_stack_would_be_seen() -> None:
    stack = gaussian("planted stack", (40, 12, 12))
    shared = stack / np.linalg.norm(stack) * np.sqrt(len(stack))  # a scale taken from the whole stack
    assert not np.array_equal(duality_map(shared, "inf")[0], duality_map(stack[0] / np.linalg.norm(stack[0]), "inf"))


def test_blocks_cover_a_stack_and_depend_on_the_shape_of_a_slice_alone() -> None:
    for count in (0, 1, 127, 128, 129, 300):
        found = list(blocks(np.empty((count, 16, 16))))
        assert [range(*b.indices(count)) for b in found if b.start < count] == [
            range(start, min(start + 128, count)) for start in range(0, count, 128)
        ]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", [n for n in PATHS if "128" not in n and "two" not in n])
def test_all_methods_agree_with_the_svd_within_its_error(name: str, dtype: type) -> None:
    shape, p, method = PATHS[name]
    stack = gaussian(f"methods {name}", (30, *shape)).astype(dtype)
    found, certificate = certified_duality_map(stack, p, method)
    assert found.dtype == dtype
    assert certificate.counts.get(method, 0) >= 28
    for m, direction in zip(stack, found, strict=True):
        assert np.linalg.norm(direction - duality_map(m, p, "svd")) <= 2 * map_tolerance(m, p)


CONDITIONS = (10.0, 1e3, 1e5, 1e6)


def conditioned(name: str, shape: tuple[int, int], condition: float) -> np.ndarray:
    """Return one matrix of this condition number with several small singular values close to each other."""
    least = min(shape)
    values = [1.0] * (least // 3) + list(np.geomspace(1, 2 / condition, least - least // 3 - 2))
    return with_spectrum(rng(name), shape, [*values, 1.0001 / condition, 1 / condition])


@functools.cache
def exact_direction(name: str, shape: tuple[int, int], condition: float, p: float) -> np.ndarray:
    return exact_map(conditioned(name, shape, condition), p)


@pytest.mark.parametrize("condition", some(CONDITIONS, 2))
@pytest.mark.parametrize(("p", "method"), [(math.inf, "polynomial"), (math.inf, "gram"), (3.0, "gram"), (4.0, "gram")])
def test_error_bounds_hold_against_forty_digits(p: float, method: str, condition: float) -> None:
    for shape in ((8, 8), (10, 8)):
        m = conditioned(f"bounds {shape}", shape, condition)
        exact = exact_direction(f"bounds {shape}", shape, condition, p)
        for allowed in (None, 1e-9):
            found, certificate = certified_duality_map(m, p, method, allowed)
            error = float(np.linalg.norm(found - exact))
            assert error <= certificate.error_bound
            # of the order of a decomposition's own bound, and of the tolerance where one is given
            stable = BACKWARD_ERROR * max(shape) * 2.0**-52 * np.linalg.norm(m) * condition
            assert certificate.error_bound <= 4 * stable + (allowed or 0)
            if condition <= 1e3:
                assert not certificate.fell_back


@pytest.mark.parametrize("condition", [3e3, 1e4])
def test_a_gram_matrix_without_its_correction_is_refuted(condition: float, monkeypatch: pytest.MonkeyPatch) -> None:
    m = conditioned("uncorrected", (8, 8), condition)
    exact = exact_map(m, math.inf)
    right, certificate = certified_duality_map(m, "inf", "gram")
    assert certificate.counts == {"gram": 1}
    monkeypatch.setattr(gram, "_first_order", lambda d, weights, q: np.zeros((len(d), len(d))))
    wrong, planted = certified_duality_map(m, "inf", "gram")
    assert planted.counts == {"gram": 1}
    assert np.linalg.norm(right - exact) <= certificate.error_bound
    assert np.linalg.norm(wrong - exact) > 10 * np.linalg.norm(right - exact)


@pytest.mark.parametrize(("which", "factor"), [(4, 1.1), (6, 1 + 1e-9)])
def test_a_wrong_coefficient_is_found_by_the_residuals(
    which: int, factor: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    stack = gaussian("coefficients", (20, 10, 10))
    right = certified_duality_map(stack, "inf", "polynomial")[1]
    rows = list(certified_polar.sequences(10)[0])
    rows[which] = (rows[which][0] * factor, *rows[which][1:])
    monkeypatch.setattr(guarded, "sequences", lambda rank: (tuple(rows),))
    found, planted = certified_duality_map(stack, "inf", "polynomial")
    assert right.fallbacks <= 2 < 18 <= planted.fallbacks
    np.testing.assert_allclose(found, duality_map(stack, "inf", "svd"), atol=1e-14)  # by falling back


def test_a_polynomial_that_turns_signs_is_found_by_the_certificate(monkeypatch: pytest.MonkeyPatch) -> None:
    # its results are orthonormal and symmetric against m: only the sign of S can tell
    stack = gaussian("signs", (20, 10, 10))
    assert np.isfinite(certified_duality_map(stack, "inf", "polynomial")[1].error_bound).all()
    rows = list(certified_polar.sequences(10)[0])
    rows[0] = (8.0, *rows[0][1:])
    more = certified_polar.polar_express(6, least=1e-2)
    monkeypatch.setattr(guarded, "sequences", lambda rank: (tuple(rows), (*rows, *more)))
    planted = certified_duality_map(stack, "inf", "polynomial")[1]
    by_polynomial = planted.method == POLYNOMIAL
    assert by_polynomial.any()
    assert np.isinf(planted.error_bound[by_polynomial]).all()


def test_an_orthogonal_matrix_of_another_matrix_is_not_accepted() -> None:
    m, other = gaussian("another", (2, 12, 12))
    more = certified_polar.sequences(12)[1]
    with borrowed_workspace() as workspace:
        accepted = certified_polar.certified_polar(m[None], more, 2e-16, None, workspace)[3]
        assert accepted.all()
        # the orthogonal factor of one, the residuals of the other
        start = certified_polar._Buffers.start

        def swapped(self: object, x: np.ndarray, eps: float, row: tuple) -> tuple:
            return start(self, other[None], eps, row)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(certified_polar._Buffers, "start", swapped)
            assert not certified_polar.certified_polar(m[None], more, 2e-16, None, workspace)[3].any()


@pytest.mark.parametrize("which", [0, 1])
@pytest.mark.parametrize("rank", [16, 17])
def test_polynomials_enlarge_no_value_by_more_than_their_slope_at_zero(rank: int, which: int) -> None:
    top = 1.0
    rows = certified_polar.sequences(rank)[which]
    for row in rows:
        x = np.linspace(1e-9, top, 20001)
        values = sum(a * x ** (2 * i + 1) for i, a in enumerate(row))
        assert (values <= row[0] * x * (1 + 1e-14)).all()
        assert (values > 0).all()  # so that no singular value changes its sign
        top = float(values.max()) * (1 + 1e-9)
    assert top < 1 + 1e-7
    # measured: no value is enlarged by more, and tiny ones by as much
    start = np.geomspace(1e-14, 1, 2001)
    found = start
    for a, b, c in rows:
        found = found * (a + found**2 * (b + c * found**2))
    assert (found <= certified_polar.growth(rows) * start * (1 + 1e-13)).all()
    assert found[0] / start[0] == pytest.approx(certified_polar.growth(rows), rel=1e-9)
    # below this the rounding of products, amplified, is a millionth of the least singular value
    assert 64 * 8 * 2.0**-52 * certified_polar.growth(rows) < 1e-6


def test_the_second_sequence_finishes_most_of_what_the_first_leaves() -> None:
    stack = gaussian("late", (400, 16, 16))
    first, second = certified_polar.sequences(16)
    with borrowed_workspace() as workspace:
        done = certified_polar.certified_polar(stack, first, 2.0**-52, None, workspace)[3]
        late = np.ascontiguousarray(stack[~done])
        again = certified_polar.certified_polar(late, second, 2.0**-52, None, workspace)[3]
    assert 10 <= len(late) <= 60
    assert np.count_nonzero(~again) <= 1
    assert certified_duality_map(stack, "inf")[1].fallbacks == np.count_nonzero(~again)


@pytest.mark.parametrize(("rank", "least"), [(16, 2e-3), (17, 5e-4)])
def test_the_first_sequence_ends_within_rounding_of_one(rank: int, least: float) -> None:
    x = np.geomspace(least, 1, 5001)
    for a, b, c in certified_polar.sequences(rank)[0]:
        x = x * (a + x * x * (b + c * x * x))
    assert np.abs(x - 1).max() < 1e-15


def test_rank_deficient_and_ill_conditioned_slices_fall_back_and_are_counted() -> None:
    stack = mixed_stack("fallbacks", (12, 12), 40)
    for p, method in ((math.inf, "auto"), (math.inf, "gram"), (3.0, "gram")):
        found, certificate = certified_duality_map(stack, p, method)
        fast = "gram" if method == "gram" else "polynomial"
        assert certificate.fell_back[[1, 2]].all()
        assert certificate.counts == {
            "svd": certificate.fallbacks, "diagonal": 2, fast: len(stack) - 2 - certificate.fallbacks
        }  # fmt: skip
        assert certificate.fallbacks <= 4
        assert math.isinf(certificate.error_bound[2])  # a singular value counts as zero
        np.testing.assert_array_equal(found[2], certified_duality_map(stack[2], p, "svd")[0])
        assert not found[4].any()


def test_the_certified_map_is_the_map_and_names_its_method() -> None:
    for shape, p, method in PATHS.values():
        stack = gaussian("certified", (3, *shape))
        direction, certificate = certified_duality_map(stack, p, method)
        assert np.array_equal(direction, duality_map(stack, p, method))
        assert certificate.method.shape == certificate.error_bound.shape == certificate.fell_back.shape == (3,)
        assert sum(certificate.counts.values()) == 3
    for p in (1.0, 1.5, 2.0, 3.0, math.inf):
        small = certified_duality_map(gaussian("small", (4, 5, 5)), p)[1]
        assert small.counts == ({"no decomposition": 4} if p == 2 else {"svd": 4})
        assert (small.error_bound < 1e-9).all()


def test_the_choice_is_by_shape_and_exponent() -> None:
    assert guarded.chosen_map((7, 90), 1.0) == SVD
    assert guarded.chosen_map((16, 90), 1.0) == guarded.chosen_map((90, 16), 1.0) == POLYNOMIAL
    assert guarded.chosen_map((128, 128), 1.0) == guarded.chosen_map((16, 16), 1.5) == GRAM
    assert guarded.chosen_map((128, 128), 2.5) == SVD
    assert guarded.chosen_norm((16, 30), 1.0, None) == guarded.chosen_norm((8, 8), 1.0, 1e-9) == POLYNOMIAL
    assert guarded.chosen_norm((7, 7), 1.0, 1e-9) == guarded.chosen_norm((17, 17), 1.5, None) == SVD
    assert guarded.chosen_norm((17, 17), 1.0, 1e-9) == guarded.chosen_norm((17, 64), 1.0, None) == GRAM
    assert guarded.chosen_norm((16, 48), 1.0, None) == GRAM
    assert guarded.chosen_norm((64, 64), 1.0, 1e-12) == guarded.chosen_norm((128, 128), 1.5, 1e-12) == SVD
    assert guarded.chosen_norm((64, 64), 1.0, 1e-10) == guarded.chosen_norm((64, 64), 1.5, 1e-12) == GRAM
    assert guarded.chosen_norm((32, 64), 1.0, None) == guarded.chosen_norm((32, 80), 1.2, None) == SVD
    assert guarded.chosen_norm((32, 84), 1.2, None) == guarded.chosen_norm((32, 64), 1.5, None) == GRAM
    assert guarded.chosen_norm((8, 8), 1.5, 1e-9) == guarded.chosen_norm((8, 8), 2.5, None) == GRAM


@pytest.mark.parametrize("q", [1.0, 1.5, 3.0, math.inf])
@pytest.mark.parametrize("shape", [(8, 8), (8, 17)])
def test_norms_from_a_gram_matrix_keep_the_accuracy_of_a_decomposition(shape: tuple[int, int], q: float) -> None:
    for condition in (10.0, 1e4, 1e8):
        m = conditioned(f"norms {shape}", shape, condition)
        want = exact_norm(m, q)
        assert abs(schatten_norm(m, q) - want) <= tolerance(m) * want
        assert abs(schatten_norm(m, q, tolerance=1e-9) - want) <= 1e-9 * want


def test_a_norm_whose_small_values_are_lost_is_not_accepted() -> None:
    m = conditioned("lost", (9, 9), 1e7)[None]
    norm, bound, accepted = gram.gram_norm(m, 1.0, 2.0**-52, None, Workspace())
    assert not accepted.any()
    assert abs(norm - exact_norm(m[0], 1.0)) <= bound * norm
    assert gram.gram_norm(m, 2.5, 2.0**-52, None, Workspace())[2].all()  # the large values alone count there


def test_a_looser_tolerance_takes_more_slices() -> None:
    stack = np.stack([conditioned(f"loose {i}", (8, 8), 3e6) for i in range(4)])
    tight, loose = (certified_duality_map(stack, "inf", "gram", t)[1] for t in (None, 1e-2))
    assert tight.fallbacks > loose.fallbacks
    exact = [exact_map(m, math.inf) for m in stack]
    errors = [np.linalg.norm(d - e) for d, e in zip(duality_map(stack, "inf", "gram", 1e-2), exact, strict=True)]
    assert max(errors) <= 1e-2


def test_scales_do_not_matter() -> None:
    stack = gaussian("scales", (6, 10, 12))
    for p in (3.0, math.inf):
        want = duality_map(stack, p)
        for exponent in (-500, -30, 30, 500):
            np.testing.assert_allclose(duality_map(stack * 2.0**exponent, p), want, atol=1e-13)
        found = duality_map((stack * 2.0**-60).astype(np.float32), p)
        np.testing.assert_allclose(found, want, atol=map_tolerance(stack[0].astype(np.float32), p))


@pytest.mark.parametrize("name", [n for n in PATHS if "two" not in n])
def test_a_power_of_two_changes_no_bit(name: str) -> None:
    shape, p, method = PATHS[name]
    # the second one is corrected in the Gram path and gets the second sequence of polynomials
    stack = np.stack([gaussian(f"powers {name}", shape), conditioned(f"powers {name}", shape, 2e4)])
    geometry = SchattenGeometry(p, method=method)
    norm, direction = geometry.dual_norm_and_map(stack)
    assert certified_duality_map(stack, p, method)[1].fallbacks == 0
    for exponent in (-990, -200, -31, -26, 1, 7, 26, 27, 101, 990):
        scaled_norm, scaled = geometry.dual_norm_and_map(np.ldexp(stack, exponent))
        assert np.array_equal(scaled, direction)
        assert np.array_equal(scaled_norm, np.ldexp(norm, exponent))
        assert np.array_equal(
            geometry.dual_norm(np.ldexp(stack, exponent)), np.ldexp(geometry.dual_norm(stack), exponent)
        )


@pytest.mark.parametrize("p", [3.0, math.inf])
def test_empty_stacks_keep_their_shape(p: float) -> None:
    for shape in ((0, 12, 12), (2, 0, 9, 12), (3, 12, 0)):
        found, certificate = certified_duality_map(np.zeros(shape), p)
        assert found.shape == shape
        assert certificate.method.shape == shape[:-2]
        assert certificate.fallbacks == 0


def test_refuses_methods_of_other_exponents_and_libraries() -> None:
    m = np.eye(9)
    with pytest.raises(
        ParameterError, match=r"^duality_map: method must be 'auto' or 'svd' for p <= 2, got method='gram'"
    ):
        duality_map(m, 2, "gram")
    with pytest.raises(ParameterError, match=r"method must be 'auto', 'svd' or 'gram' for finite p, got method='muon'"):
        SchattenGeometry(4, method="muon")
    with pytest.raises(
        ParameterError, match=r"^schatten_norm: tolerance must be a positive finite number, got tolerance=0"
    ):
        schatten_norm(m, 1, tolerance=0)
    with pytest.raises(
        ParameterError, match=r"^certified_duality_map: method must be 'auto', 'svd', 'gram' or 'polynomial'"
    ):
        certified_duality_map(m, "inf", "muon")
    strict = pytest.importorskip("array_api_strict")
    with pytest.raises(DTypeError, match=r"^duality_map: m must be a NumPy array with method='gram', got m='Array'"):
        duality_map(strict.asarray(m), "inf", "gram")
    with pytest.raises(DTypeError, match=r"^certified_duality_map: m must be a NumPy array, got m='Array'"):
        certified_duality_map(strict.asarray(m), "inf")


@pytest.mark.parametrize("tolerance", [None, 1e-12, 1e-10])
@pytest.mark.parametrize("q", [1.0, 1.2, 1.5])
@pytest.mark.parametrize("shape", [(32, 32), (32, 64), (32, 96), (128, 128), (20, 60)])
def test_a_gram_matrix_gives_norms_where_most_gaussian_ones_are_accepted(
    shape: tuple[int, int], q: float, tolerance: float | None
) -> None:
    with borrowed_workspace() as workspace:
        accepted = gram.gram_norm(gaussian("chosen", (20, *shape)), q, 2.0**-52, tolerance, workspace)[2]
    if guarded.chosen_norm(shape, q, tolerance) == GRAM:
        assert np.mean(accepted) >= 0.8
    elif tolerance is None:
        assert np.mean(accepted) <= 0.5  # nothing is given away by default


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize(("shape", "p"), [((16, 16), math.inf), ((40, 20), 3.0), ((128, 128), math.inf)])
@pytest.mark.parametrize("is_diagonal", [False, True])
def test_an_entry_that_is_not_finite_is_named_by_fast_paths_too(
    shape: tuple[int, int], p: float, bad: float, is_diagonal: bool
) -> None:
    stack = gaussian("not finite", (6, *shape))
    if is_diagonal:
        stack[5] = np.eye(*shape)
    column = 3 if is_diagonal else 7
    stack[5, 3, column] = bad
    geometry = SchattenGeometry(p)
    calls = {
        "duality_map: m": lambda: duality_map(stack, p),
        "schatten_norm: x": lambda: schatten_norm(stack, geometry.q),
        "SchattenGeometry.dual_norm: g": lambda: geometry.dual_norm(stack),
        "SchattenGeometry.dual_norm_and_map: m": lambda: geometry.dual_norm_and_map(stack),
    }
    for words, call in calls.items():
        with pytest.raises(NonFiniteError, match=rf"^{words} must have finite entries, .*\[5, 3, {column}\]"):
            call()


@pytest.mark.parametrize("power", [-900, -300, -160, 160, 300, 900])
@pytest.mark.parametrize(("shape", "p"), [((16, 16), math.inf), ((40, 20), 3.0), ((20, 20), 8.0)])
def test_sizes_that_a_first_attempt_cannot_handle_change_no_digit(shape: tuple[int, int], p: float, power: int) -> None:
    stack = gaussian("sizes", (7, *shape))
    scaled = np.ldexp(stack, power)
    found, certificate = certified_duality_map(scaled, p)
    usual, plain = certified_duality_map(stack, p)
    np.testing.assert_array_equal(found, usual)
    assert certificate.counts == plain.counts
    q = SchattenGeometry(p).q
    np.testing.assert_array_equal(schatten_norm(scaled, q), np.ldexp(schatten_norm(stack, q), power))
