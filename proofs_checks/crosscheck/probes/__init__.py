"""The designed probes: every one is there to tell some conventions apart."""

from .several import SEVERAL
from .single import SINGLE

__all__ = ["PROBES", "SEVERAL", "SINGLE"]

PROBES = (*SINGLE, *SEVERAL)
"""All probes, by unique names: one step, then several."""
