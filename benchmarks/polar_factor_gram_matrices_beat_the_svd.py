"""Claim: a corrected, certified Gram matrix beats the SVD at polar factors of larger matrices.

Sizes 128 and 256, float64, error allowed 1e-9: Gaussian matrices whose singular values are raised to a thousandth of
the largest, and Gaussian matrices as they come, with the share that had to be decomposed after all. The maps of p = 3
and 4 follow without a required ratio. Error gate: the largest entry of the difference stays within 1e-9.
"""

from __future__ import annotations

import math

import numpy as np

from schattor_theory import certified_duality_map, dual_exponent, duality_map
from synthetic.seeds import Streams

from .measuring import Gate, Measurement, paired_seconds

GATE, CONDITION = 1e-9, 1e3


def by_svd(m: np.ndarray, q: float) -> np.ndarray:
    """Return the duality map as a user of NumPy computes it."""
    u, s, vh = np.linalg.svd(m, full_matrices=False)
    if q == 1:
        return u @ vh
    weights = s ** (q - 1) / np.sum(s**q, axis=-1, keepdims=True) ** ((q - 1) / q)
    return (u * weights[:, None, :]) @ vh


def gaussian(shape: tuple[int, int, int], condition: float) -> np.ndarray:
    """Return Gaussian matrices whose singular values are at least the largest divided by ``condition``."""
    m = (
        Streams({"benchmark": "polar factor", "shape": "x".join(map(str, shape))})
        .generator("data")
        .standard_normal(shape)
    )
    if math.isinf(condition):
        return m
    u, s, vh = np.linalg.svd(m, full_matrices=False)
    return (u * np.maximum(s, s[:, :1] / condition)[:, None, :]) @ vh


def measured(
    shape: tuple[int, int, int], p: float, condition: float, required: float | None, pairs: int
) -> Measurement:
    """Return the paired times for one stack."""
    m, q = gaussian(shape, condition), dual_exponent(p)
    ours, theirs = paired_seconds(lambda: duality_map(m, p, tolerance=GATE), lambda: by_svd(m, q), pairs=pairs)
    direction, certificate = certified_duality_map(m, p, tolerance=GATE)
    error = float(np.abs(direction - by_svd(m, q)).max())
    share = 100 * certificate.fallbacks / shape[0]
    spectrum = "as they come" if math.isinf(condition) else f"condition up to {condition:g}"
    return Measurement(
        what="polar factor by Gram matrices" if q == 1 else f"duality map, p = {p:g}, by Gram matrices",
        sizes=f"{shape} float64, Gaussian, {spectrum}",
        peer="np.linalg.svd and one product",
        ours=ours,
        theirs=theirs,
        gates=(Gate(what="map against the SVD's, largest entry", error=error, limit=GATE),),
        required=required,
        notes=f"share of fallbacks: {share:.1f} %; largest certified error {certificate.error_bound.max():.1e}",
    )


def measure(quick: bool) -> list[Measurement]:
    """Return the measurements: conditioned, unconditioned, then two finite exponents."""
    if quick:
        return [measured((2, 66, 66), math.inf, math.inf, None, 2), measured((4, 9, 9), 3.0, CONDITION, None, 2)]
    return [
        measured((32, 128, 128), math.inf, CONDITION, 1.3, 7),
        measured((16, 256, 256), math.inf, CONDITION, 1.3, 5),
        measured((64, 128, 128), math.inf, math.inf, 1.1, 5),
        measured((64, 256, 256), math.inf, math.inf, 1.1, 3),
        *(measured((k, d, d), p, math.inf, None, 5) for p in (3.0, 4.0) for k, d in ((256, 16), (16, 128), (8, 256))),
    ]
