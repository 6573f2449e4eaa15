"""Point: the values of symbols at which a derived formula and the toolkit are compared, as the toolkit takes them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import sympy as sp

__all__ = ["Point"]


class Point(dict[str, float]):
    """The values by the names of their symbols: floats; those of integers are ints, as they are in ``whole``.

    Attributes
    ----------
    whole : dict of str to int
        The values of the integers alone.
    rows : dict of str to list of float
        The terms of unknown sequences.
    """

    def __init__(
        self, values: Mapping[sp.Symbol, sp.Expr], sequences: Mapping[str, Sequence[object]] | None = None
    ) -> None:
        self.whole = {one.name: int(value) for one, value in values.items() if one.is_integer}
        super().__init__({one.name: float(value) for one, value in values.items()} | self.whole)
        self.rows = {name: [float(sp.sympify(term)) for term in row] for name, row in (sequences or {}).items()}
