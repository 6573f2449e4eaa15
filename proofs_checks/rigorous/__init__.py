"""Rigorous checks: numbers enclosed in balls, inequalities decided on the enclosures, certificates checked again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .catalogue import CERTIFICATES

__all__ = ["CERTIFICATES"]


def __getattr__(name: str) -> Any:
    # proofs are made of balls, and the catalogue of proofs: it is imported when it is asked for
    if name == "CERTIFICATES":
        from .catalogue import CERTIFICATES

        return CERTIFICATES
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
