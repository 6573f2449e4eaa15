"""Claim: a polynomial direction takes hardly more time than the matrix products it needs.

Eight steps of Polar Express are 24 products of d×d matrices. The direction of ``duality_map(m, inf, "polar-express")``
is timed against these 24 products alone, each with another matrix and into memory that is there: a ratio of 0.85 means
85 % of that limit; above 1 it is faster, since a product of a matrix with its own transpose costs less. Error gate: the
direction agrees with the polynomial of the singular values to 1e-12 (1e-4 in float32).
"""

from __future__ import annotations

import numpy as np

from schattor_theory import duality_map
from schattor_theory.geometry.polynomials import polar_schedule
from synthetic.seeds import Streams

from .measuring import Gate, Measurement, paired_seconds

SCHEDULE = "polar-express"


def by_values(m: np.ndarray) -> np.ndarray:
    """Return the direction from the singular values."""
    u, s, vh = np.linalg.svd(m.astype(float))
    s = polar_schedule(SCHEDULE)(s / np.linalg.norm(s, axis=-1, keepdims=True))
    return (u * s[:, None, :]) @ vh


def measured(shape: tuple[int, int, int], dtype: str, required: float | None, pairs: int) -> Measurement:
    """Return the paired times for one stack."""
    rng = Streams({"benchmark": "polynomial direction", "shape": "x".join(map(str, shape))}).generator("data")
    m, other = rng.standard_normal((2, *shape)).astype(dtype)
    out = np.empty_like(m)
    n_products = 3 * polar_schedule(SCHEDULE).n_steps

    def products() -> None:
        for _ in range(n_products):
            for i in range(len(m)):
                np.matmul(m[i], other[i], out=out[i])

    ours, theirs = paired_seconds(lambda: duality_map(m, "inf", SCHEDULE), products, pairs=pairs)
    limit = 1e-12 if dtype == "float64" else 1e-4
    error = float(np.abs(duality_map(m, "inf", SCHEDULE) - by_values(m)).max())
    return Measurement(
        what=f"{SCHEDULE} direction, share of the speed of its products",
        sizes=f"{shape} {dtype}, Gaussian, {n_products} products",
        peer="the products alone",
        ours=ours,
        theirs=theirs,
        gates=(Gate(what="against the singular values, largest entry", error=error, limit=limit),),
        required=required,
    )


def measure(quick: bool) -> list[Measurement]:
    """Return one measurement a size."""
    if quick:
        return [measured((2, 16, 16), "float64", None, 2)]
    sizes = ((4, 256, "float64", 0.85), (2, 512, "float64", 0.85), (4, 256, "float32", 0.85), (32, 64, "float64", None))
    return [measured((k, d, d), dtype, required, 7) for k, d, dtype, required in sizes]
