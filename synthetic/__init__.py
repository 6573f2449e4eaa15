"""Worlds in which every constant is known: problems, noise, martingales, seeds, and the simulation that runs them."""

from .estimates import Estimate
from .martingales import MARTINGALES, MatrixMartingale
from .noise import NOISES
from .problems import PROBLEMS
from .seeds import Streams
from .simulate import RECORDS, Snapshot, simulate
from .trajectory import Trajectory

__all__ = [
    "MARTINGALES",
    "NOISES",
    "PROBLEMS",
    "RECORDS",
    "Estimate",
    "MatrixMartingale",
    "Snapshot",
    "Streams",
    "Trajectory",
    "simulate",
]
