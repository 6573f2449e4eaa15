"""Conventions drawn at random over every field, as somebody could have written them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from schattor_theory.geometry.polynomials import POLAR_SCHEDULES, polar_schedule
from synthetic.seeds import Streams

from ..convention import AnyMap, Convention, Decay, EntrywiseMap, Floor, Partition, PolynomialMap, PowerMap, Scale
from ..momentum import Momentum
from ..scales import SCALES

__all__ = ["drawn"]

T = TypeVar("T")

_EXPONENTS = (1.0, 4 / 3, 1.5, 2.0, 2.5, 3.0, 4.0, 8.0, math.inf)
_BETAS = (0.5, 0.8, 0.9, 0.95, 0.98)
# a schedule without a margin, and with a pole of its error at 1, has no use for an input of spectral norm 1 exactly
_NEEDS_ROOM = ("cans", "polar-express-exact", "polar-express", "polar-express-five")
_NO_ROOM = ("cans", "polar-express-exact")
_LOOKS = {
    "none": ("none",),
    "ema": ("none", "none", "ema", "ema", "bias corrected", "fixed"),
    "heavy ball": ("none", "heavy ball", "heavy ball", "fixed"),
    "first gradient": ("none", "none", "next weight", "fixed"),
    "bias corrected": ("none", "next weight", "fixed"),
    "schedule": ("none", "next weight"),
    "recursive": ("none",),
}


@dataclass(frozen=True, slots=True)
class _Draw:
    """A generator, and the two questions that are put to it."""

    rng: np.random.Generator

    def one(self, choices: Sequence[T]) -> T:
        """Return one of the choices."""
        return choices[int(self.rng.integers(len(choices)))]

    def chance(self, share: float) -> bool:
        """Return True for this share of the draws."""
        return bool(self.rng.random() < share)


def drawn(number: int, seed: object = 0) -> Convention:
    """Return the convention of this number: a function of the seed and the number alone."""
    draw = _Draw(Streams({"drawn conventions": seed, "number": int(number)}).generator("data"))
    one, chance = draw.one, draw.chance
    of = _map(draw)
    is_adam = isinstance(of, EntrywiseMap) and of.name == "adam"
    has_blocks = isinstance(of, PowerMap) and of.p not in (1, 2) and chance(0.15)
    precision, has_norm, floor = "dtype", isinstance(of, PowerMap) and not of.is_regularized, Floor()
    if isinstance(of, PolynomialMap):
        precision = one(("dtype", "dtype", "float64", "float32", "bfloat16", "float16"))
        has_norm = of.normalisation != "aol"
        if of.schedule.name in _NO_ROOM and precision in ("float16", "bfloat16"):
            precision = "dtype"  # beyond 1 they blow up, and rounding goes there
    if has_norm and not has_blocks and precision != "float16" and chance(0.5):
        floor = Floor(value=10.0 ** -one((3, 4, 6, 7, 8)), form=one(("added", "clamped")))
    plain = has_blocks or isinstance(of, EntrywiseMap)
    exponents: dict[str, float] = {}
    radii: dict[str, float] = {}
    balance: float | None = None
    if has_blocks and isinstance(of, PowerMap):
        names = ("w", "b", "c")
        exponents = {name: of.p if name == "w" else one(_EXPONENTS[1:]) for name in names}
        radii = {name: one((0.5, 1.0, 2.0)) if name != "w" else 1.0 for name in names}
        balance = one((1.5, 2.0, 4.0, math.inf))
    momentum = Momentum() if is_adam else _momentum(draw)
    decay = _decay(draw)
    if momentum.average == "recursive" and decay.form == "l2":
        decay = Decay()  # whether the gradient before has the decay in it is not a convention anybody has
    return Convention(
        map=of,
        momentum=momentum,
        scale=Scale()
        if has_blocks or is_adam
        else Scale(formula=one(tuple(SCALES)), factor=one((1.0, 1.0, 0.2, 0.5, 1.5))),
        decay=decay,
        floor=floor,
        partition=Partition() if plain or chance(0.8) else _partition(draw),
        stack="slices" if plain or chance(0.7) else "flattened",
        precision=precision,
        step_factors=() if chance(0.8) else _factors(draw),
        exponents=exponents,
        radii=radii,
        balance=balance,
    )


def _map(draw: _Draw) -> AnyMap:
    one, chance = draw.one, draw.chance
    kind = float(draw.rng.random())
    if kind < 0.06:
        return EntrywiseMap(name="adam", betas=(one((0.8, 0.9)), one((0.95, 0.99, 0.999)))) if chance(0.5) else (
            EntrywiseMap(name="sign"))  # fmt: skip
    if kind < 0.5:
        return PowerMap(p=one(_EXPONENTS), is_regularized=chance(0.4))
    name = one(tuple(POLAR_SCHEDULES))
    schedule = polar_schedule(name)
    if chance(0.3):
        schedule = schedule.with_steps(int(draw.rng.integers(3, 13)))
    others = ("schatten",) if name in _NEEDS_ROOM else ("spectral", "schatten", "aol")  # row sums know no margin
    norms = ("frobenius",) * 4 + others
    return PolynomialMap(schedule=schedule, normalisation=one(norms), times_dual_norm=chance(0.1))


def _momentum(draw: _Draw) -> Momentum:
    one = draw.one
    form = one(tuple(_LOOKS))
    if form == "none":
        return Momentum()
    ahead = one(_LOOKS[form])
    thetas = ()
    if form == "schedule":
        power = one((0.5, 2 / 3, 0.75))
        thetas = tuple((k + 1) ** -power for k in range(1, 40))
    beta = 0.0 if thetas else one(_BETAS)
    return Momentum(average=form, beta=beta, look_ahead=ahead, tau=one((0.1, 0.25, 0.5)) if ahead == "fixed" else 0.0,
                    thetas=thetas)  # fmt: skip


def _decay(draw: _Draw) -> Decay:
    one, chance = draw.one, draw.chance
    if chance(0.4):
        return Decay()
    form = one(("decoupled", "decoupled", "independent", "squared", "l2", "cautious"))
    return Decay(form=form, rate=one((0.01, 0.0625, 0.1, 0.25)), after=form == "decoupled" and chance(0.2))


def _partition(draw: _Draw) -> Partition:
    one = draw.one
    return Partition(kind=one(("row blocks", "column blocks")), count=one((2, 4)))


def _factors(draw: _Draw) -> tuple[float, ...]:
    one = draw.one
    power = one((0.5, 0.75, 1.0))
    return tuple((k + 1) ** -power for k in range(40)) if power != 1 else (1.0, 2.0, 3.0, 4.0)
