"""NOISES: laws of the gradient noise with known constants, one file each."""

from __future__ import annotations

from ..family import Family
from . import (
    commuting,
    coordinate_sweep,
    fixed_signs,
    gaussian,
    gradient_sign,
    haar_signs,
    minibatch,
    none,
    random_coordinates,
)
from .commuting import CommutingCoordinates, CommutingSigns
from .coordinate_sweep import CoordinateSweep
from .fixed_signs import FixedSigns
from .gaussian import GaussianNoise
from .gradient_sign import GradientSign
from .haar_signs import HaarSigns
from .minibatch import MinibatchNoise, minibatch_covariance_sigma, minibatch_moment_sigma
from .none import NoNoise
from .per_block import BlockNoise
from .random_coordinates import RandomCoordinates
from .record import Noise
from .tails import NoTail, Pareto, TwoPoint

__all__ = [
    "NOISES",
    "BlockNoise",
    "CommutingCoordinates",
    "CommutingSigns",
    "CoordinateSweep",
    "FixedSigns",
    "GaussianNoise",
    "GradientSign",
    "HaarSigns",
    "MinibatchNoise",
    "NoNoise",
    "NoTail",
    "Noise",
    "Pareto",
    "RandomCoordinates",
    "TwoPoint",
    "minibatch_covariance_sigma",
    "minibatch_moment_sigma",
]

NOISES: dict[str, Family] = {
    family.name: family
    for family in (
        none.FAMILY,
        fixed_signs.FAMILY,
        haar_signs.FAMILY,
        random_coordinates.FAMILY,
        coordinate_sweep.FAMILY,
        gaussian.FAMILY,
        gradient_sign.FAMILY,
        minibatch.FAMILY,
        *commuting.FAMILIES,
    )
}
