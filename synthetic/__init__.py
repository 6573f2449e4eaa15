"""Worlds in which every constant is known: problems, noise, seeds, and the simulation that runs them."""

from .estimates import Estimate
from .noise import NOISES
from .problems import PROBLEMS
from .seeds import Streams
from .simulate import RECORDS, Snapshot, simulate
from .trajectory import Trajectory

__all__ = ["NOISES", "PROBLEMS", "RECORDS", "Estimate", "Snapshot", "Streams", "Trajectory", "simulate"]
