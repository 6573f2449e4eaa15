"""Haar-distributed orthogonal matrices."""

from __future__ import annotations

import numpy as np

from schattor_theory.arrays import Array, array_namespace
from schattor_theory.checks import check_integer

__all__ = ["haar_orthogonal", "orthonormal_columns"]


def orthonormal_columns(normals: Array) -> Array:
    """Return the Q factor of each matrix of independent standard normals, Haar-distributed on the Stiefel manifold.

    The signs of R's diagonal are made positive: without that the determinant of LAPACK's Q is always the same.

    Parameters
    ----------
    normals : array, shape (..., d, k)
        k <= d.

    Source
    ------
    Mezzadri, How to generate random matrices from the classical compact groups (2007).
    """
    xp = array_namespace(normals)
    q, r = xp.linalg.qr(normals)
    diagonal = xp.linalg.diagonal(r)
    ones = xp.ones_like(diagonal)
    return q * xp.where(diagonal < 0, -ones, ones)[..., None, :]


def haar_orthogonal(rng: np.random.Generator, n: int, d: int) -> np.ndarray:
    """Return ``n`` independent Haar-distributed orthogonal d×d matrices, shape (n, d, d) always."""
    n = check_integer("haar_orthogonal", "n", n, minimum=0)
    d = check_integer("haar_orthogonal", "d", d, minimum=1)
    return np.asarray(orthonormal_columns(rng.standard_normal((n, d, d))))
