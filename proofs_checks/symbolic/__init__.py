"""DERIVATIONS: the constants of the theory derived from their hypotheses by computer algebra."""

from __future__ import annotations

from ..proof import Proposition

__all__ = ["DERIVATIONS"]

DERIVATIONS: tuple[Proposition, ...] = ()
