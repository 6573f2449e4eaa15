"""The duality map together with its certificate."""

from __future__ import annotations

import numpy as np

from ..arrays import check_matrices
from ..checks import check_exponent, fail
from ..errors import DTypeError, ParameterError
from .certificates import POLYNOMIAL, SVD, DualityCertificate, polar_error_bound, unneeded_certificate
from .exponents import dual_exponent
from .methods import check_settings, method_for
from .polynomials import POLAR_SCHEDULES
from .schatten import duality_map, guarded_norm_and_map

__all__ = ["certified_duality_map"]


def certified_duality_map(
    m: np.ndarray, p: object, method: str = "auto", tolerance: float | None = None, *, check_finite: bool = True
) -> tuple[np.ndarray, DualityCertificate]:
    """Return ``D_p(m)`` as :func:`duality_map` does, and how each matrix was done, with a bound on its error.

    Parameters
    ----------
    m : array, shape (..., m, n), float32 or float64
        Matrices on the host, any unit.
    p, method, tolerance, check_finite
        As for :func:`duality_map`; a polar schedule has no certificate of its own, see :func:`polar_error_bound`.

    Returns
    -------
    tuple
        The direction, bit for bit that of :func:`duality_map`, and a :class:`DualityCertificate`.

    Raises
    ------
    ExponentError, UnknownNameError, ParameterError, NonFiniteError, DTypeError, ShapeError
        As :func:`duality_map`, and for arrays of other libraries than NumPy.

    Source
    ------
    D1, certificates, in docs/theory/geometry.md.

    Examples
    --------
    >>> import numpy as np
    >>> direction, certificate = certified_duality_map(np.array([[3.0, 1.0], [0.0, 4.0]]), "inf")
    >>> certificate.counts, bool(certificate.error_bound < 1e-14)
    ({'svd': 1}, True)
    """
    call = "certified_duality_map"
    exponent = check_exponent(call, p)
    settings = check_settings(call, exponent, method, tolerance)
    if settings.method in POLAR_SCHEDULES:
        way_out = "A schedule is inexact by design; polar_error_bound says how far its result is off."
        fail(ParameterError, call, "method", "be 'auto', 'svd', 'gram' or 'polynomial'", settings.method, way_out)
    if not isinstance(m, np.ndarray):
        way_out = "Copy it to the host: residuals are read there."
        fail(DTypeError, call, "m", "be a NumPy array", type(m).__name__, way_out)
    check_matrices(call, "m", m, check_finite=check_finite)
    q = dual_exponent(exponent)
    if q == 2 or 0 in m.shape[-2:]:
        return duality_map(m, exponent, check_finite=False), DualityCertificate(*unneeded_certificate(m))
    chosen = method_for(m, q, settings.method)
    _, direction, bound, code = guarded_norm_and_map(m, q, chosen, settings.tolerance, lambda: None)
    bound, code = np.asarray(bound), np.asarray(code)
    # the polynomials know no least singular value, only a bound on it from below; here it is worth its eigenvalues
    by_polynomials = code == POLYNOMIAL
    if by_polynomials.any():
        bound[by_polynomials] = polar_error_bound(m[by_polynomials], direction[by_polynomials])
    return direction, DualityCertificate(code, bound, (code == SVD) & (chosen != SVD))
