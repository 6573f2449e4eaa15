"""Spectral maps ``U h(s) Vᵀ`` and singular values, of stacks of matrices."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..arrays import Array, array_namespace, device

__all__ = ["by_slice_kind", "from_diagonal", "singular_values", "spectral_map", "thin_svd"]


def thin_svd(m: Array, /) -> tuple[Array, Array, Array]:
    """Return the thin SVD ``(U, s, Vᵀ)`` of each matrix, also of matrices with no rows or no columns.

    Parameters
    ----------
    m : array, shape (..., m, n)
        Finite matrices. numerics: no scaling is done here.

    Returns
    -------
    tuple of arrays
        Shapes (..., m, r), (..., r) and (..., r, n) with ``r = min(m, n)``, s in decreasing order.
    """
    xp = array_namespace(m)
    if 0 in m.shape:
        batch, (rows, columns) = m.shape[:-2], m.shape[-2:]
        rank = min(rows, columns)
        shapes = (*batch, rows, rank), (*batch, rank), (*batch, rank, columns)
        return tuple(xp.zeros(shape, dtype=m.dtype, device=device(m)) for shape in shapes)
    # numerics: LAPACK reads columns; a wide stack is decomposed as its transpose
    if m.shape[-2] < m.shape[-1]:
        u, s, vh = xp.linalg.svd(xp.linalg.matrix_transpose(m), full_matrices=False)
        return xp.linalg.matrix_transpose(vh), s, xp.linalg.matrix_transpose(u)
    return tuple(xp.linalg.svd(m, full_matrices=False))


def singular_values(m: Array, /) -> Array:
    """Return the singular values of each matrix in decreasing order, shape (..., min(m, n))."""
    xp = array_namespace(m)
    if 0 in m.shape:
        return xp.zeros((*m.shape[:-2], min(m.shape[-2:])), dtype=m.dtype, device=device(m))
    return xp.linalg.svdvals(m)


def spectral_map(m: Array, weight: Callable[[Array], Array], /) -> Array:
    """Return ``U diag(weight(s)) Vᵀ`` for the thin SVD ``m = U diag(s) Vᵀ``.

    Parameters
    ----------
    m : array, shape (..., m, n)
        Finite matrices.
    weight : callable
        From the singular values, shape (..., r) in decreasing order, to an array of that shape.

    Returns
    -------
    array, shape (..., m, n)
        dtype of ``m``.

    Examples
    --------
    >>> import numpy as np
    >>> spectral_map(np.diag([3.0, 4.0]), lambda s: s**2)
    array([[ 9.,  0.],
           [ 0., 16.]])
    """
    u, s, vh = thin_svd(m)
    return (u * weight(s)[..., None, :]) @ vh


def by_slice_kind(m: Array, /, *, diagonal: Callable[[Array], Any], general: Callable[[Array], Any]) -> Any:
    """Return ``general(m)``, with ``diagonal`` in its place for the slices that are exactly diagonal.

    The singular values of a diagonal slice are the absolute values of its diagonal, without any decomposition. The
    choice depends on the slice alone, never on the stack. Only NumPy arrays are looked at, since it reads values.

    Parameters
    ----------
    m : array, shape (..., m, n)
        Finite matrices.
    diagonal : callable
        From the diagonals, shape (k, min(m, n)), to an array or tuple of arrays with k as first axis.
    general : callable
        From the matrices, shape (..., m, n), to the same.
    """
    if not isinstance(m, np.ndarray) or 0 in m.shape:
        return general(m)
    is_diagonal = _is_diagonal(m)
    if not is_diagonal.any():
        return general(m)
    stack = m.reshape(-1, *m.shape[-2:])
    flags = is_diagonal.reshape(-1)
    parts = [(flags, diagonal(np.diagonal(stack[flags], axis1=-2, axis2=-1)))]
    if not flags.all():
        parts.append((~flags, general(stack[~flags])))
    is_tuple = isinstance(parts[0][1], tuple)
    results = []
    for i in range(len(parts[0][1]) if is_tuple else 1):
        pieces = [(where, part[i] if is_tuple else part) for where, part in parts]
        whole = np.empty((len(flags), *pieces[0][1].shape[1:]), dtype=pieces[0][1].dtype)
        for where, piece in pieces:
            whole[where] = piece
        results.append(whole.reshape(m.shape[:-2] + whole.shape[1:]))
    return tuple(results) if is_tuple else results[0]


def from_diagonal(d: Array, shape: tuple[int, int]) -> Array:
    """Return the matrices of ``shape`` with diagonals ``d``, shape (k, min(shape)), NumPy only."""
    whole = np.zeros((len(d), *shape), dtype=d.dtype)
    index = np.arange(min(shape))
    whole[:, index, index] = d
    return whole


def _is_diagonal(m: np.ndarray) -> Any:
    """Return which slices have no non-zero entry off the diagonal, shape (...)."""
    candidates = ~m[..., 0, 1:].any(axis=-1)  # cheap: nearly every general slice shows itself in its first row
    if not candidates.any():
        return candidates
    on_diagonal = np.count_nonzero(np.diagonal(m, axis1=-2, axis2=-1), axis=-1)
    return candidates & (np.count_nonzero(m, axis=(-2, -1)) == on_diagonal)
