"""Worst-case search for the moment bounds, and witnesses that ball arithmetic certifies."""

from __future__ import annotations

from .search import SearchResult, search_one_step
from .trees import TreeResult, search_martingale
from .witness import Node, Witness, load_witnesses, read_witness, save_witness

__all__ = [
    "Node",
    "SearchResult",
    "TreeResult",
    "Witness",
    "load_witnesses",
    "read_witness",
    "save_witness",
    "search_martingale",
    "search_one_step",
]
