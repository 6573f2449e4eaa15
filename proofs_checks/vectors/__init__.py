"""Reference vectors: exact inputs, answers with a proved bound, and how to compare another computation with them."""

from __future__ import annotations

from .case import Case, Comparison, machine_epsilon
from .files import load_vectors, write_vectors
from .reference import ReferenceVectors, reference_vectors

__all__ = [
    "Case",
    "Comparison",
    "ReferenceVectors",
    "load_vectors",
    "machine_epsilon",
    "reference_vectors",
    "write_vectors",
]
