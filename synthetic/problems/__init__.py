"""PROBLEMS: objectives with known constants, one file each."""

from __future__ import annotations

from ..family import Family
from . import quadratic, saturating
from .quadratic import Quadratic
from .record import Problem
from .saturating import Saturating

__all__ = ["PROBLEMS", "Problem", "Quadratic", "Saturating"]

PROBLEMS: dict[str, Family] = {
    family.name: family
    for family in (
        quadratic.FAMILY,
        saturating.FAMILY,
    )
}
