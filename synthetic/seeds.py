"""Seeds: a stream of random numbers is a function of the axes that declare it. The only maker of generators."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from fractions import Fraction
from numbers import Integral, Real

import numpy as np

from schattor_theory.checks import check_choice, check_integer, fail
from schattor_theory.errors import ParameterError

__all__ = ["ROLES", "Streams", "canonical_json", "digest"]

ROLES = ("start", "signs", "basis", "tail", "data")


def _canonical(value: object) -> object:
    """Return ``value`` in the one form in which equal axes look equal: 2, 2.0 and "2" are one value."""
    if isinstance(value, Mapping):
        return {str(key): _canonical(value[key]) for key in sorted(value, key=str)}
    if isinstance(value, str):
        number = _number_in(value)
        return value if number is None else _canonical(number)
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, Integral):
        return str(int(value))
    if isinstance(value, Fraction):
        return str(value.numerator) if value.denominator == 1 else _canonical(float(value))
    if isinstance(value, Real):
        number = float(value)
        if math.isnan(number):
            fail(ParameterError, "canonical_json", "value", "not be NaN", value)
        if math.isinf(number):
            return "inf" if number > 0 else "-inf"
        return str(int(number)) if number == int(number) else repr(number)
    if isinstance(value, Sequence):
        return [_canonical(item) for item in value]
    fail(ParameterError, "canonical_json", "value", "be built of numbers, strings, lists and tables", value)


def _number_in(text: str) -> int | float | Fraction | None:
    """Return the finite number that ``text`` spells: whole numbers exactly, decimals as floats, as TOML reads them."""
    for read in (int, float, Fraction):
        try:
            number = read(text)
            return number if math.isfinite(number) else None
        except (ValueError, ZeroDivisionError, OverflowError):
            continue
    return None


def canonical_json(axes: object) -> str:
    """Return the canonical JSON text of ``axes``: sorted keys, and one spelling for each value.

    Examples
    --------
    >>> canonical_json({"p": "inf", "d": 2.0}) == canonical_json({"d": "2", "p": float("inf")})
    True
    """
    return json.dumps(_canonical(axes), sort_keys=True, separators=(",", ":"), allow_nan=False)


def digest(axes: object) -> str:
    """Return the SHA-256 of the canonical axes, 64 hexadecimal digits."""
    return hashlib.sha256(canonical_json(axes).encode()).hexdigest()


class Streams:
    """The random streams of one repeat: one independent generator for each role.

    A stream is a function of the seed (a number, text, or a table of axes), the repeat and the role alone: never of
    the number of repeats, the order of cells, or the worker.

    Parameters
    ----------
    seed : int, str or mapping
        What the stream belongs to.
    repeat : int
        Index of the repeat, from 0.

    Examples
    --------
    >>> a, b = Streams(7, 0), Streams("7", 0)
    >>> bool(a.generator("signs").random() == b.generator("signs").random())
    True
    >>> bool(a.generator("signs").random() == a.generator("tail").random())
    False
    """

    def __init__(self, seed: object, repeat: int = 0) -> None:
        self.repeat = check_integer("Streams", "repeat", repeat, minimum=0)
        self._key = canonical_json(seed)
        self._generators: dict[str, np.random.Generator] = {}
        self._places: dict[object, int] = {}

    def generator(self, role: str) -> np.random.Generator:
        """Return this repeat's generator for ``role``; later calls continue the same stream."""
        if role not in self._generators:
            check_choice("Streams.generator", "role", role, ROLES)
            text = f"{self._key}|{self.repeat}|{role}"
            words = np.frombuffer(hashlib.sha256(text.encode()).digest(), dtype=np.uint32)
            bits = np.random.SFC64(np.random.SeedSequence([int(word) for word in words]))
            self._generators[role] = np.random.Generator(bits)
        return self._generators[role]

    def advance(self, owner: object, n_steps: int) -> int:
        """Return how many steps ``owner`` has drawn before, and count ``n_steps`` more."""
        first = self._places.get(owner, 0)
        self._places[owner] = first + n_steps
        return first
