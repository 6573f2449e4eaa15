"""Claim: a moment probe of rank-one increments beats vectorised NumPy on the same draws.

``E‖Σ u_iv_iᵀ‖_{1.2}`` for n = 32 pairs of uniformly random directions in dimension d = 128. NumPy adds the increments
up by one matrix product and takes the singular values of the d×d sums; the probe takes those of the n×n core. Both
sides draw the same numbers, 64 trials at a time, in one thread. Error gates: singular values of the same sums agree to
1e-13 of the largest, and the moments of both to 1e-13 relative.
"""

from __future__ import annotations

import numpy as np

from proofs_checks.moments.stream import BLOCK, DRAW, Functional, stream
from synthetic import MARTINGALES
from synthetic.seeds import Streams

from .measuring import Gate, Measurement, paired_seconds

N_STEPS, DIMENSION, Q, GATE = 32, 128, 1.2, 1e-13


def stored_sums(axes: dict[str, object], n_steps: int, d: int, trials: int) -> float:
    """Return the mean norm in vectorised NumPy, from the draws that the probe makes."""
    norms = []
    for block in range(-(-trials // BLOCK)):
        rng = Streams(axes, block).generator("data")
        for _ in range(0, min(BLOCK, trials - block * BLOCK), DRAW):
            u, v = (rng.standard_normal((DRAW, n_steps, d)) for _ in range(2))
            u /= np.linalg.norm(u, axis=-1, keepdims=True)
            v /= np.linalg.norm(v, axis=-1, keepdims=True)
            s = np.linalg.svd(u.swapaxes(-1, -2) @ v, compute_uv=False)
            norms.append((s**Q).sum(axis=-1) ** (1 / Q))
    return float(np.concatenate(norms)[:trials].mean())


def measure(quick: bool) -> Measurement:
    """Return the paired times of both sides and the gate on the moment."""
    n_steps, d, trials, pairs = (4, 12, DRAW, 2) if quick else (N_STEPS, DIMENSION, BLOCK, 7)
    axes: dict[str, object] = {"benchmark": "moment probe", "seed": 0}
    martingale = MARTINGALES["rank_one"].build((d, d), n_steps)
    found: dict[str, float] = {}

    def ours() -> None:
        found["ours"] = stream(martingale.factored_sums, [Functional(Q, 1.0)], axes=axes, trials=trials)[0].mean

    def theirs() -> None:
        found["theirs"] = stored_sums(axes, n_steps, d, trials)

    our_seconds, their_seconds = paired_seconds(ours, theirs, pairs=pairs)
    error = abs(found["ours"] / found["theirs"] - 1)
    sums = martingale.factored_sums(Streams(axes).generator("data"), DRAW)
    reference = np.linalg.svd(sums.product(), compute_uv=False)
    value_error = float((np.abs(sums.singular_values() - reference) / reference[:, :1]).max())
    return Measurement(
        what=f"moment of {n_steps} rank-one increments, norm S_{Q}",
        sizes=f"{trials} trials, n = {n_steps}, d = {d}, float64, the draws included on both sides",
        peer="one matrix product and np.linalg.svd(compute_uv=False), vectorised over 64 trials",
        ours=our_seconds,
        theirs=their_seconds,
        gates=(
            Gate(what="singular values of the same sums, of the largest", error=value_error, limit=GATE),
            Gate(what="moment of the same draws, relative", error=error, limit=GATE),
        ),
        required=4.0,
    )
