"""Probes of one step."""

from ..probe import Probe

__all__ = ["SINGLE"]

SINGLE: tuple[Probe, ...] = ()
