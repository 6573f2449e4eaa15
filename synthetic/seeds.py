"""Seeds: a stream of random numbers is a function of the axes that declare it. The only maker of generators."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from numbers import Integral, Real
from typing import Any

import numpy as np

from schattor_theory.checks import check_choice, check_integer, fail
from schattor_theory.errors import ParameterError

__all__ = ["ROLES", "DeviceStreams", "Streams", "canonical_json", "cuda_generator", "digest", "host_generator"]

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

    @classmethod
    def stack(cls, seed: object, repeats: range) -> list[Streams]:
        """Return the streams of these repeats; the canonical form of the seed is found once."""
        first = cls(seed, repeats.start)
        found = [first]
        for repeat in repeats[1:]:
            streams = cls.__new__(cls)
            streams.repeat, streams._key, streams._generators, streams._places = repeat, first._key, {}, {}
            found.append(streams)
        return found

    def generator(self, role: str) -> np.random.Generator:
        """Return this repeat's generator for ``role``; later calls continue the same stream."""
        if role not in self._generators:
            check_choice("Streams.generator", "role", role, ROLES)
            text = f"{self._key}|{self.repeat}|{role}"
            words = np.frombuffer(hashlib.sha256(text.encode()).digest(), dtype=np.uint32)
            bits = np.random.SFC64(np.random.SeedSequence(words))
            self._generators[role] = np.random.Generator(bits)
        return self._generators[role]

    def advance(self, owner: object, n_steps: int) -> int:
        """Return how many steps ``owner`` has drawn before, and count ``n_steps`` more."""
        first = self._places.get(owner, 0)
        self._places[owner] = first + n_steps
        return first


class DeviceStreams:
    """The random numbers of a stack of repeats on a device, from a counter-based generator.

    They are a function of the seed, of which repeats the stack holds, of the role and of the step: the generator of a
    role is made anew for each block of steps, whose length the size of a step alone decides, and a block is drawn
    whole. So a longer run begins like a shorter one. They are not the numbers of :class:`Streams`.

    Parameters
    ----------
    seed : int, str or mapping
        What the streams belong to.
    repeats : range
        Indices of the repeats.
    make_generator : callable
        From a 256-bit key to a generator with ``random`` and ``standard_normal`` on the device.
    """

    BLOCK_BYTES = 2**28
    BLOCK_STEPS = 64

    def __init__(self, seed: object, repeats: range, make_generator: Callable[[int], Any]) -> None:
        self.n_repeats = len(repeats)
        self._key = f"{canonical_json(seed)}|{repeats.start}:{repeats.stop}"
        self._make = make_generator

    def block_steps(self, numbers_a_step: int) -> int:
        """Return the number of steps in a block, for this many numbers that each repeat needs in a step."""
        n_bytes = 8 * max(1, numbers_a_step * self.n_repeats)
        return max(1, min(self.BLOCK_STEPS, self.BLOCK_BYTES // n_bytes))

    def draw(self, role: str, kind: str, block: int, shape: tuple[int, ...]) -> Any:
        """Return the numbers of one role in one block of steps, on the device.

        Parameters
        ----------
        role : str
            In ``ROLES``.
        kind : {"bits", "uniform", "normal"}
            Whole 64-bit words as int64, uniforms in [0, 1), or standard normals.
        block : int
            Index of the block.
        shape : tuple of int
            (steps, repeats, columns).
        """
        check_choice("DeviceStreams.draw", "role", role, ROLES)
        text = f"{self._key}|{role}|{block}"
        generator = self._make(int.from_bytes(hashlib.sha256(text.encode()).digest(), "little"))
        if kind == "normal":
            return generator.standard_normal(shape)
        if kind == "uniform":
            return generator.random(shape)
        return generator.words(shape)


class _Words:
    """A generator with 64-bit words made of two uniforms each, which have 53 bits: 32 of each are fair."""

    def __init__(self, generator: Any, namespace: Any) -> None:
        self._generator, self._xp = generator, namespace

    def random(self, shape: tuple[int, ...]) -> Any:
        return self._generator.random(shape)

    def standard_normal(self, shape: tuple[int, ...]) -> Any:
        return self._generator.standard_normal(shape)

    def words(self, shape: tuple[int, ...]) -> Any:
        halves = [self._xp.astype(self._generator.random(shape) * 2.0**32, self._xp.int64) for _ in range(2)]
        return (halves[0] << 32) | halves[1]


def cuda_generator(namespace: Any) -> Callable[[int], Any]:
    """Return what makes CuPy's generator (Philox 4×32-10, counter-based) of a key, on the current CUDA device."""

    def make(key: int) -> Any:
        bits = namespace.random.Philox4x3210(np.random.SeedSequence(key))
        return _Words(namespace.random.Generator(bits), namespace)

    return make


def host_generator(place: Callable[[np.ndarray], Any], namespace: Any) -> Callable[[int], Any]:
    """Return what makes a Philox generator of a key on the host whose numbers ``place`` puts on a device.

    It stands in for the device's own generator where an array library has none.
    """

    class _Placed:
        def __init__(self, key: int) -> None:
            self._generator = np.random.Generator(np.random.Philox(np.random.SeedSequence(key)))

        def random(self, shape: tuple[int, ...]) -> Any:
            return place(self._generator.random(shape))

        def standard_normal(self, shape: tuple[int, ...]) -> Any:
            return place(self._generator.standard_normal(shape))

    return lambda key: _Words(_Placed(key), namespace)
