"""Spectral maps: the thin SVD on every library, and the choice of a path slice by slice."""

from __future__ import annotations

import numpy as np
import pytest

from schattor_theory import spectral_map
from schattor_theory.geometry import singular_values, thin_svd
from schattor_theory.geometry.spectral import by_slice_kind, from_diagonal
from tests.conftest import Library
from tests.contracts.oracle import exact_svd, tolerance
from tests.strategies import MATRICES


def test_thin_svd_is_a_factorisation_with_orthonormal_factors() -> None:
    for m in MATRICES.values():
        u, s, vh = thin_svd(m)
        rank = min(m.shape)
        assert (u.shape, s.shape, vh.shape) == ((m.shape[0], rank), (rank,), (rank, m.shape[1]))
        np.testing.assert_allclose((u * s) @ vh, m, atol=tolerance(m) * s[0])
        np.testing.assert_allclose(u.T @ u, np.eye(rank), atol=tolerance(m))
        np.testing.assert_allclose(vh @ vh.T, np.eye(rank), atol=tolerance(m))
        assert (np.diff(s) <= 0).all()


def test_singular_values_agree_with_forty_digits() -> None:
    for m in MATRICES.values():
        exact = np.array([float(s) for s in exact_svd(m)[1]])
        np.testing.assert_allclose(singular_values(m), exact, atol=tolerance(m) * exact[0])


@pytest.mark.parametrize("shape", [(0, 3), (3, 0), (2, 0, 3), (0, 2, 3)])
def test_matrices_without_rows_or_columns_have_a_thin_svd(eager_xp: Library, shape: tuple[int, ...]) -> None:
    u, s, vh = thin_svd(eager_xp.array(np.zeros(shape)))
    rank = min(shape[-2:])
    assert tuple(u.shape) == (*shape[:-1], rank)
    assert tuple(s.shape) == tuple(singular_values(eager_xp.array(np.zeros(shape))).shape) == (*shape[:-2], rank)
    assert tuple(vh.shape) == (*shape[:-2], rank, shape[-1])
    assert tuple((u @ vh).shape) == shape


def test_spectral_map_of_the_identity_weight_is_the_matrix(xp: Library) -> None:
    m = np.stack([MATRICES["square"], MATRICES["widely spread"]])
    np.testing.assert_allclose(xp.host(spectral_map(xp.array(m), lambda s: s)), m, atol=tolerance(m) * 2)


def test_spectral_map_squares_the_gram_matrix() -> None:
    m = MATRICES["square"]
    cube = spectral_map(m, lambda s: s**3)
    np.testing.assert_allclose(cube, m @ m.T @ m, atol=tolerance(m) * np.linalg.norm(m) ** 3)


def paths_taken(m: np.ndarray) -> list[str]:
    """Return which path each slice of a stack takes."""
    return list(
        by_slice_kind(
            m,
            diagonal=lambda d: np.full(d.shape[:-1], "diagonal"),
            general=lambda x: np.full(x.shape[:-2], "general "),
        )
    )


def test_only_exactly_diagonal_slices_take_the_short_path() -> None:
    nearly = np.diag([1.0, 2.0])
    nearly[1, 0] = 5e-324
    stack = np.stack([np.eye(2), nearly, np.zeros((2, 2)), nearly.T, np.array([[0.0, 0.0], [1.0, 0.0]])])
    assert paths_taken(stack) == ["diagonal", "general ", "diagonal", "general ", "general "]


def test_the_path_of_a_slice_does_not_depend_on_the_stack() -> None:
    stack = np.stack([np.eye(2), np.ones((2, 2))])
    assert paths_taken(stack) == [*paths_taken(stack[:1]), *paths_taken(stack[1:])]


@pytest.mark.parametrize("shape", [(3, 3), (3, 5), (5, 3), (1, 4), (4, 1)])
def test_from_diagonal_undoes_the_diagonal(shape: tuple[int, int]) -> None:
    d = np.arange(1.0, 1 + 2 * min(shape)).reshape(2, -1)
    whole = from_diagonal(d, shape)
    assert whole.shape == (2, *shape)
    np.testing.assert_array_equal(np.diagonal(whole, axis1=-2, axis2=-1), d)
    assert np.count_nonzero(whole) == d.size
