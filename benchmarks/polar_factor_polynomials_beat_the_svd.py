"""Claim: certified polynomials beat the SVD at polar factors of small matrices.

512 Gaussian matrices of size 16, float64: ``duality_map(m, inf)``, residuals and fallbacks included, against batched
``np.linalg.svd`` and one product. More sizes follow without a required ratio, among them those where it loses. Error
gate: the largest entry of the difference of the two stays within 1e-9.
"""

from __future__ import annotations

import numpy as np

from schattor_theory import certified_duality_map, duality_map
from synthetic.seeds import Streams

from .measuring import Gate, Measurement, paired_seconds

GATE = 1e-9
SIZES = ((512, 16, 16, 3.5), (512, 8, 8, None), (256, 32, 32, None), (64, 64, 64, None), (256, 16, 64, None))
BEYOND = (32, 128, 128)
"""Where ``method="auto"`` takes a Gram matrix instead."""


def by_svd(m: np.ndarray) -> np.ndarray:
    """Return the polar factors as a user of NumPy computes them."""
    u, _, vh = np.linalg.svd(m, full_matrices=False)
    return u @ vh


def measured(shape: tuple[int, ...], method: str, required: float | None, pairs: int) -> Measurement:
    """Return the paired times for one stack."""
    m = (
        Streams({"benchmark": "polar factor", "shape": "x".join(map(str, shape))})
        .generator("data")
        .standard_normal(shape)
    )
    ours, theirs = paired_seconds(lambda: duality_map(m, "inf", method), lambda: by_svd(m), pairs=pairs)
    direction, certificate = certified_duality_map(m, "inf", method)
    error = float(np.abs(direction - by_svd(m)).max())
    certified = f"largest certified error {certificate.error_bound.max():.1e}"
    return Measurement(
        what=f"polar factor by {'polynomials' if method == 'auto' else 'polynomials beyond their range'}",
        sizes=f"{shape} float64, Gaussian",
        peer="np.linalg.svd and u @ vh",
        ours=ours,
        theirs=theirs,
        gates=(Gate(what="polar factor against the SVD's, largest entry", error=error, limit=GATE),),
        required=required,
        notes=f"fallbacks: {certificate.fallbacks} of {shape[0]}; {certified}",
    )


def measure(quick: bool) -> list[Measurement]:
    """Return one measurement a size."""
    if quick:
        return [measured((16, 8, 8), "auto", None, 2)]
    found = [measured((k, r, c), "auto", required, 9) for k, r, c, required in SIZES]
    return [*found, measured(BEYOND, "polynomial", None, 5)]
