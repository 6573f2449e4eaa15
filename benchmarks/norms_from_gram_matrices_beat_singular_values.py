"""Claim: norms of wide matrices from their Gram matrices beat singular values, at the same accuracy.

The nuclear norm of Gaussian 256×1024 matrices, float64, by ``schatten_norm`` as it comes, against
``np.linalg.svd(compute_uv=False)`` and a sum. Square matrices follow, where small singular values would lose digits:
the default decomposes them, and a tolerance of 1e-9 lets them pass. Error gate: relative, 1e-13, or the tolerance.
"""

from __future__ import annotations

import numpy as np

from schattor_theory import schatten_norm
from synthetic.seeds import Streams

from .measuring import Gate, Measurement, paired_seconds

GATE = 1e-13


def by_svd(m: np.ndarray, q: float) -> np.ndarray:
    """Return the norms as a user of NumPy computes them."""
    s = np.linalg.svd(m, compute_uv=False)
    return s.sum(axis=-1) if q == 1 else (s**q).sum(axis=-1) ** (1 / q)


def measured(
    shape: tuple[int, int, int], q: float, tolerance: float | None, required: float | None, pairs: int
) -> Measurement:
    """Return the paired times for one stack."""
    m = Streams({"benchmark": "norms", "shape": "x".join(map(str, shape))}).generator("data").standard_normal(shape)
    ours, theirs = paired_seconds(lambda: schatten_norm(m, q, tolerance=tolerance), lambda: by_svd(m, q), pairs=pairs)
    error = float(np.abs(schatten_norm(m, q, tolerance=tolerance) / by_svd(m, q) - 1).max())
    accuracy = "as accurate as a decomposition" if tolerance is None else f"tolerance {tolerance:g}"
    return Measurement(
        what=f"norm S_{q:g}, {accuracy}",
        sizes=f"{shape} float64, Gaussian",
        peer="np.linalg.svd(compute_uv=False) and a sum",
        ours=ours,
        theirs=theirs,
        gates=(Gate(what="norm against the SVD's, relative", error=error, limit=tolerance or GATE),),
        required=required,
    )


def measure(quick: bool) -> list[Measurement]:
    """Return one measurement a size."""
    if quick:
        return [measured((2, 12, 48), 1.0, None, None, 2)]
    return [
        measured((16, 256, 1024), 1.0, None, 3.3, 5),
        measured((8, 1024, 256), 3.0, None, None, 5),
        measured((512, 8, 8), 1.0, 1e-9, None, 7),
        measured((16, 256, 256), 1.0, 1e-9, None, 5),
        measured((512, 16, 16), 1.0, None, None, 7),
    ]
