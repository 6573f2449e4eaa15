"""Family: one entry of the catalogues PROBLEMS and NOISES, and the checks that every ``build`` shares."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from schattor_theory.checks import check_choice, check_exponent, check_integer, check_positive, fail
from schattor_theory.errors import ParameterError, ShapeError, UnknownNameError
from schattor_theory.geometry import DiagonalGeometry, ProductGeometry, SchattenGeometry

__all__ = ["Family", "block_shapes", "matrix_shape", "no_held_constant", "one_exponent", "product_of", "read_only"]

COMMON = ("smoothness", "initial_gap", "sigma", "moment_order", "rng")


@dataclass(frozen=True, slots=True)
class Family:
    """A family of problems or of noise laws.

    Attributes
    ----------
    name : str
        Key in the catalogue.
    summary : str
        One line.
    factory : callable
        ``factory(shape, geometry, *, rng=None, **options)``, with ``smoothness`` and ``initial_gap`` for a problem,
        ``sigma`` and ``moment_order`` for a noise.
    options : mapping
        Name of each further option, with its meaning in one line.
    geometry : class
        Of a problem on a single matrix: the geometry its variable is stored for, made from an exponent.
    """

    name: str
    summary: str
    factory: Callable[..., Any]
    options: Mapping[str, str] = field(default_factory=dict)
    geometry: Callable[[Any], SchattenGeometry] = SchattenGeometry

    @property
    def is_diagonal(self) -> bool:
        """Return whether the variables are diagonal matrices stored as their diagonals, at O(d) a step."""
        return self.geometry is DiagonalGeometry

    def build(self, shape: Any, geometry: Any, **options: Any) -> Any:
        """Return the member with these constants in ``geometry``.

        Parameters
        ----------
        shape : tuple or mapping
            Shape (m, n) of the variable, or of each block.
        geometry : exponent, SchattenGeometry or ProductGeometry
            Where the constants are exactly the ones asked for.
        **options
            ``smoothness``, ``initial_gap``, ``rng`` for a problem; ``sigma``, ``moment_order``, ``rng`` for a noise;
            and the family's own ``options``.

        Raises
        ------
        UnknownNameError
            For an option this family does not have.
        ParameterError, ShapeError, ExponentError
            If no member has these constants, or shape and geometry do not fit.
        """
        for option in options:
            if option not in COMMON and option not in self.options:
                if not self.options:
                    fail(UnknownNameError, self.name, "option", "be left out", option, "This family has no options.")
                check_choice(self.name, "option", option, self.options)
        return self.factory(shape, geometry, **options)


def read_only(array: Any, dtype: Any = np.float64) -> np.ndarray:
    """Return a copy of ``array`` that cannot be written to."""
    frozen = np.array(array, dtype=dtype)
    frozen.flags.writeable = False
    return frozen


def matrix_shape(call: str, shape: Any) -> tuple[int, int]:
    """Return the shape of a single matrix as two positive integers."""
    if isinstance(shape, Mapping):
        fail(ShapeError, call, "shape", "be the shape (m, n) of one matrix", shape, "This family has a single block.")
    if not (isinstance(shape, tuple | list) and len(shape) == 2):
        fail(ShapeError, call, "shape", "be two integers (m, n)", shape)
    return (check_integer(call, "shape[0]", shape[0], minimum=1), check_integer(call, "shape[1]", shape[1], minimum=1))


def block_shapes(call: str, shape: Any) -> dict[str, tuple[int, int]]:
    """Return the shape of each block."""
    if not isinstance(shape, Mapping) or not shape:
        fail(ShapeError, call, "shape", "be a mapping of blocks to shapes (m, n)", shape, 'For example {"w": (4, 3)}.')
    return {b: matrix_shape(call, s) for b, s in shape.items()}


def one_exponent(call: str, geometry: Any) -> float:
    """Return the exponent p of the geometry of a single matrix."""
    if isinstance(geometry, SchattenGeometry):
        return geometry.p
    if isinstance(geometry, ProductGeometry):
        way_out = "A product geometry belongs to a dict of blocks."
        fail(ShapeError, call, "geometry", "be an exponent or a SchattenGeometry", geometry.label, way_out)
    return check_exponent(call, geometry)


def product_of(call: str, geometry: Any, blocks: Mapping[str, Any]) -> ProductGeometry:
    """Return the product geometry with exactly these blocks."""
    if not isinstance(geometry, ProductGeometry):
        fail(ShapeError, call, "geometry", "be a ProductGeometry", geometry, f"Name the blocks {sorted(blocks)}.")
    if set(geometry.exponents) != set(blocks):
        fail(ShapeError, call, "geometry", f"have exactly the blocks {sorted(blocks)}", sorted(geometry.exponents))
    return geometry


def no_held_constant(call: str, way_out: str, **constants: float | None) -> None:
    """Refuse any constant that is not None: this family has its own."""
    for name, value in constants.items():
        if value is not None:
            fail(ParameterError, call, name, "be None", value, way_out)


def scaled_to(call: str, argument: str, wanted: float | None, natural: float) -> float:
    """Return the factor that turns the constant ``natural`` into ``wanted``; 1 when nothing is asked for."""
    if wanted is None:
        return 1.0
    wanted = check_positive(call, argument, wanted)
    if not (natural > 0 and math.isfinite(natural)):
        fail(ParameterError, call, argument, f"be None when the natural constant is {natural:g}", wanted)
    return wanted / natural
