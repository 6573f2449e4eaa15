"""PROBLEMS: objectives with known constants, one file each."""

from __future__ import annotations

from ..family import Family
from . import (
    commuting,
    digits_logistic,
    digits_network,
    huber,
    lift,
    matrix_factorisation,
    quadratic,
    saturating,
    separable,
)
from .commuting import Commuting
from .digits_logistic import DigitsLogistic
from .digits_network import DigitsNetwork
from .estimated import SecantSmoothness, secant_smoothness
from .huber import Huber
from .lift import EuclideanFunction, Lift
from .matrix_factorisation import MatrixFactorisation
from .quadratic import Quadratic
from .record import Problem
from .saturating import Saturating
from .separable import Separable

__all__ = [
    "PROBLEMS",
    "Commuting",
    "DigitsLogistic",
    "DigitsNetwork",
    "EuclideanFunction",
    "Huber",
    "Lift",
    "MatrixFactorisation",
    "Problem",
    "Quadratic",
    "Saturating",
    "SecantSmoothness",
    "Separable",
    "secant_smoothness",
]

PROBLEMS: dict[str, Family] = {
    family.name: family
    for family in (
        quadratic.FAMILY,
        saturating.FAMILY,
        separable.FAMILY,
        huber.FAMILY,
        lift.FAMILY,
        matrix_factorisation.FAMILY,
        digits_logistic.FAMILY,
        digits_network.FAMILY,
        commuting.FAMILY,
    )
}
