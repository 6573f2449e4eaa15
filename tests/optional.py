"""Modules of ours that need an optional package, and which: they are not imported where it is missing."""

from __future__ import annotations

import importlib.util

__all__ = ["NEEDED", "is_importable"]

NEEDED = {"schattor_theory.torch": "torch", "schattor_theory.optax": "optax"}
"""Module to the package that it needs."""


def is_importable(module: str) -> bool:
    """Return whether the package that a module of ours needs is installed, if it needs one."""
    return module not in NEEDED or importlib.util.find_spec(NEEDED[module]) is not None
