"""Probes of several steps."""

from ..probe import Probe

__all__ = ["SEVERAL"]

SEVERAL: tuple[Probe, ...] = ()
