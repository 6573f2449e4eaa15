"""Spectrum: the singular values of one matrix, an update say, as numbers and as what a notebook shows."""

from __future__ import annotations

import math
from dataclasses import dataclass

from .arrays import Array, check_matrices, to_numpy
from .checks import fail
from .errors import ShapeError
from .geometry.spectral import singular_values

__all__ = ["Spectrum", "spectrum"]

_BARS = 64  # as many as are told apart at the width of a notebook
_WIDTH, _HEIGHT, _BELOW = 480, 120, 18


@dataclass(frozen=True, slots=True, kw_only=True)
class Spectrum:
    """The singular values of one matrix.

    Attributes
    ----------
    shape : tuple of int
        Shape (m, n) of the matrix.
    values : tuple of float
        Its min(m, n) singular values, the largest first, in the unit of the matrix.
    nuclear, frobenius, spectral : float
        Its Schatten norms at p = 1, 2 and ∞.
    """

    shape: tuple[int, int]
    values: tuple[float, ...]
    nuclear: float
    frobenius: float
    spectral: float

    def _repr_html_(self) -> str:
        """Return the norms in words over a bar for each singular value, or for each of groups of equal size."""
        size = len(self.values)
        norms = f"‖·‖₁ = {self.nuclear:.4g}, ‖·‖₂ = {self.frobenius:.4g}, ‖·‖_∞ = {self.spectral:.4g}"
        words = f"{self.shape[0]} × {self.shape[1]}, {size} singular values; {norms}"
        if not size or self.values[0] == 0:
            return f"<p>{words}</p>"
        group = math.ceil(size / _BARS)
        tops = self.values[::group]  # the largest of each group: the values are in order
        step = _WIDTH / len(tops)
        bars = "".join(
            f'<rect x="{i * step:.1f}" y="{_HEIGHT * (1 - top / self.values[0]):.1f}" width="{0.8 * step:.1f}" '
            f'height="{_HEIGHT * top / self.values[0]:.1f}"></rect>'
            for i, top in enumerate(tops)
        )
        label = f"Singular values from {self.values[0]:.4g} down to {self.values[-1]:.4g}"
        below = _HEIGHT + _BELOW - 4
        return (
            f'<figure style="margin:0"><svg viewBox="0 0 {_WIDTH} {_HEIGHT + _BELOW}" width="{_WIDTH}" '
            f'style="max-width:100%;height:auto" role="img" aria-label="{label}"><g fill="#4477aa">{bars}</g>'
            f'<g font-size="12" fill="currentColor" font-family="sans-serif"><text x="0" y="{below}">'
            f'{self.values[0]:.4g}</text><text x="{_WIDTH}" y="{below}" text-anchor="end">{self.values[-1]:.4g}</text>'
            f"</g></svg><figcaption>{words}</figcaption></figure>"
        )


def spectrum(m: Array) -> Spectrum:
    """Return the singular values of a matrix, such as an update of an optimizer, for a look at it.

    Parameters
    ----------
    m : array (m, n)
        One finite real matrix, of any array library.

    Returns
    -------
    Spectrum
        Host numbers.

    Raises
    ------
    ShapeError
        For a stack, or what is no matrix at all.
    NonFiniteError, DTypeError
        For entries that are not finite or not real.

    Scaling
    -------
    Every number is multiplied by \\|c\\| when m is multiplied by c.

    Source
    ------
    The Schatten norms of D1 in docs/theory/geometry.md.

    Examples
    --------
    >>> import numpy as np
    >>> spectrum(np.diag([3.0, 4.0])).values
    (4.0, 3.0)
    """
    call = "spectrum"
    check_matrices(call, "m", m)
    if len(m.shape) != 2:
        way_out = "Pass one slice of a stack at a time."
        fail(ShapeError, call, "m", "be one matrix", tuple(m.shape), way_out)
    values = sorted((float(s) for s in to_numpy(singular_values(m))), reverse=True)
    return Spectrum(
        shape=(int(m.shape[0]), int(m.shape[1])),
        values=tuple(values),
        nuclear=math.fsum(values),
        frobenius=math.hypot(*values),
        spectral=max(values, default=0.0),
    )
