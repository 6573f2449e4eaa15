"""DEVIATIONS: optimizers that are not what their authors meant, each of which the cross-check has to name."""

from __future__ import annotations

from .averaged import AVERAGED
from .deviation import Deviation
from .iterations import ITERATIONS
from .mapped import MAPPED
from .meant import MEANT
from .moved import MOVED

__all__ = ["DEVIATIONS", "MEANT", "Deviation"]

DEVIATIONS: dict[str, Deviation] = {one.name: one for one in (*MAPPED, *ITERATIONS, *AVERAGED, *MOVED)}
"""By name, in the order of ``PROPERTIES``: map, iteration, momentum, step."""
