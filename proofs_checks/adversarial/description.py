"""What a pair of matrices looks like: ranks, alignment of singular vectors, size of the commutator."""

from __future__ import annotations

from typing import Any

import numpy as np

from .objective import commutator_size

__all__ = ["describe"]

_NEGLIGIBLE = 1e-6
"""Singular values below this part of the largest do not count for the rank: a maximiser is known to about that."""


def describe(a: np.ndarray, b: np.ndarray) -> dict[str, Any]:
    """Return ranks, singular values, alignment and commutator size of a pair.

    ``alignment`` is ``Σ_k |u_k* A v_k|² / Σ_k ‖u_k* A‖²`` over the singular pairs (u_k, v_k) of B that are not
    negligible: 1 when each of them is a singular pair of A too. ``step_over_state`` is ``s_1(B)/|u_1* A v_1|``: s
    for the scalar pair 1, -s.
    """
    values = {name: np.linalg.svd(x, compute_uv=False) for name, x in (("a", a), ("b", b), ("sum", a + b))}
    u, s, vh = np.linalg.svd(b, full_matrices=False)
    used = s > _NEGLIGIBLE * s[0]
    seen = u[:, used].conj().T @ a
    total = float(np.sum(np.abs(seen) ** 2))
    inner = np.sum(seen * vh[used].conj(), axis=1)
    return {
        **{f"rank_{name}": int(np.sum(v > _NEGLIGIBLE * max(v[0], 1e-300))) for name, v in values.items()},
        **{f"singular_values_{name}": [float(x) for x in v] for name, v in values.items()},
        "alignment": float(np.sum(np.abs(inner) ** 2)) / total if total > 0 else 1.0,
        "step_over_state": float(s[0] / abs(inner[0])) if abs(inner[0]) > 0 else float("inf"),
        "commutator": commutator_size(a, b) if np.any(a) and np.any(b) else 0.0,
    }
