"""NOISES: laws of the gradient noise with known constants, one file each."""

from __future__ import annotations

from ..family import Family
from . import coordinate_sweep, fixed_signs, haar_signs, random_coordinates
from .coordinate_sweep import CoordinateSweep
from .fixed_signs import FixedSigns
from .haar_signs import HaarSigns
from .per_block import BlockNoise
from .random_coordinates import RandomCoordinates
from .record import Noise

__all__ = ["NOISES", "BlockNoise", "CoordinateSweep", "FixedSigns", "HaarSigns", "Noise", "RandomCoordinates"]

NOISES: dict[str, Family] = {
    family.name: family
    for family in (
        fixed_signs.FAMILY,
        haar_signs.FAMILY,
        random_coordinates.FAMILY,
        coordinate_sweep.FAMILY,
    )
}
