"""Inputs of the tests: exponents, matrices that have broken such code before, and Hypothesis strategies for more."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from synthetic.seeds import Streams
from tests.contracts.oracle import orthogonal, with_spectrum

__all__ = ["BLOCKS", "EXPONENTS", "MATRICES", "STRICTLY_CONVEX", "exponents", "matrices", "rng", "well_conditioned"]

EXPONENTS = (1.0, 4 / 3, 1.5, 2.0, 3.0, 4.0, 10.0, 1e6, math.inf)
STRICTLY_CONVEX = tuple(p for p in EXPONENTS if 1 < p < math.inf)
BLOCKS = {"w": 3.0, "b": 2.0, "twin": 3.0, "e": math.inf}


def rng(name: str) -> np.random.Generator:
    """Return the generator of a test by name, so that tests do not share random numbers."""
    return Streams({"test": name}).generator("data")


_HADAMARD = np.array([[1.0, 1, 1, 1], [1, -1, 1, -1], [1, 1, -1, -1], [1, -1, -1, 1]]) / 2


def _named_matrices() -> dict[str, np.ndarray]:
    r = rng("named matrices")
    u, v = r.standard_normal((5, 1)), r.standard_normal((1, 3))
    return {
        "tall": with_spectrum(r, (5, 3), [3.0, 2.0, 1.0]),
        "wide": with_spectrum(r, (3, 6), [2.0, 1.5, 0.5]),
        "square": with_spectrum(r, (4, 4), [2.0, 1.5, 1.0, 0.7]),
        "column": r.standard_normal((6, 1)),
        "row": r.standard_normal((1, 6)),
        "one entry": np.array([[-2.5]]),
        "rank one": u @ v,
        "rank two of four": with_spectrum(r, (4, 5), [1.0, 0.5]),
        "all tied": 3 * _HADAMARD,  # exact in binary, so that the ties are exact
        "top two tied": _HADAMARD @ np.diag([2.0, 2.0, 1.0, 0.5]) @ _HADAMARD,
        "diagonal": np.diag([2.0, -1.0, 0.5]),
        "diagonal with a zero": np.diag([2.0, 0.0, -2.0]),
        "wide diagonal": np.eye(2, 4) * 1.5,
        "one zero row": np.vstack([with_spectrum(r, (3, 3), [2.0, 1.0, 0.5]), np.zeros((1, 3))]),
        "widely spread": with_spectrum(r, (4, 4), [1.0, 1e-3, 1e-6, 1e-9]),
    }


MATRICES = _named_matrices()


def well_conditioned(name: str, shape: tuple[int, ...]) -> np.ndarray:
    """Return random matrices (..., m, n) with singular values in [1, 2], none of them tied."""
    r = rng(name)
    rank = min(shape[-2:])
    values = np.linspace(2, 1, rank) if rank > 1 else [1.5]
    stack = [with_spectrum(r, shape[-2:], list(values)) for _ in range(math.prod(shape[:-2]))]
    return np.array(stack).reshape(shape)


def exponents(low: float = 1.0) -> st.SearchStrategy[float]:
    """Draw Schatten exponents: the usual ones, and any between 1.05 and 50."""
    usual = [p for p in EXPONENTS if p >= low]
    return st.one_of(st.sampled_from(usual), st.floats(max(low, 1.05), 50.0))


@st.composite
def matrices(draw: Any, max_side: int = 5, dtype: type = np.float64) -> np.ndarray:
    """Draw a matrix: free entries, or a product of thin factors, or entries of a few values with many ties."""
    rows, columns = draw(st.integers(1, max_side)), draw(st.integers(1, max_side))
    kind = draw(st.sampled_from(("free", "low rank", "few values")))
    entry = st.floats(-10, 10, width=32)
    if kind == "few values":
        entry = st.sampled_from((-1.0, 0.0, 1.0))
    if kind == "low rank":
        left = draw(hnp.arrays(np.float64, (rows, 1), elements=entry))
        right = draw(hnp.arrays(np.float64, (1, columns), elements=entry))
        return (left @ right).astype(dtype)
    return draw(hnp.arrays(np.float64, (rows, columns), elements=entry)).astype(dtype)


def rotated(name: str, m: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return orthogonal Q, R that fit ``Q m R``."""
    r = rng(name)
    return orthogonal(r, m.shape[-2]), orthogonal(r, m.shape[-1])
