"""The symbols that the statements share, as on the page of notation; sample values are those of a run."""

from __future__ import annotations

from .notation import function, index, symbol

__all__ = [
    "BETA", "DELTA", "ETA", "EXCESS", "GAP", "SIGMA", "STEP", "THETA", "C", "K", "L", "k",
]  # fmt: skip

ETA = symbol("η", samples=("1/7", "3/5", "5/2"))
THETA = symbol("θ", samples=("1/3", "5/7", "1/9"))
DELTA = symbol("δ", samples=("1/5", "1/2", "0"), nonnegative=True)
EXCESS = symbol("ω", samples=("1/4", "1/10", "3/2"), nonnegative=True)
GAP = symbol("Δ", samples=("2", "7/3", "1/2"))
L = symbol("L", samples=("3", "4/5", "11/4"))
SIGMA = symbol("σ", samples=("5/3", "2/7", "9"))
C = symbol("c", samples=("1", "5/4", "3/2"))
BETA = symbol("β", samples=("3/2", "5/4", "9/5"))
K = index("K", samples=("3", "7", "12"))
k = index("k")
STEP = function("η")
STEP.__doc__ = "The step size η_k of step k."
