"""The certificate of the ranges of the named polar schedules, for the separate checker."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import Any

from flint import arb

from schattor_theory.geometry.polynomials import POLAR_SCHEDULES, PolarSchedule, polar_schedule

from .balls import exact, exact_fraction, lower, precision, upper
from .certificate import content_of
from .polar import Range, critical_points, value

__all__ = ["LEAST", "NAME", "certificate", "claim_of", "named_schedules"]

NAME = "polar-ranges"

TEXT = (
    "for every s in [least, 1] the odd polynomials, one after the other, take s/(1 + input_margin) into [low, high], "
    "and each interval on the way is attained up to 2^-56"
)

LEAST = (Fraction(1, 1000), Fraction(1, 100), Fraction(1, 10))
"""The smallest singular values l that are looked at, relative to the Frobenius norm."""

_UNIT_BITS = 64


def named_schedules() -> tuple[PolarSchedule, ...]:
    """Return every named schedule with its own number of steps."""
    return tuple(polar_schedule(name) for name in POLAR_SCHEDULES)


def claim_of(schedule: PolarSchedule, least: Fraction) -> dict[str, Any]:
    """Return what the claim says about a schedule, without the range: the numbers as exact text."""
    return {
        "schedule": schedule.name,
        "polynomials": [[a.hex() for a in row] for row in schedule.steps],
        "input_margin": schedule.input_margin.hex(),
        "least": str(least),
    }


def certificate(schedules: Sequence[PolarSchedule] | None = None) -> dict[str, Any]:
    """Return the content of the certificate for these schedules, all named ones by default, and each l of ``LEAST``."""
    entries, chains = [], []
    with precision(256):
        for schedule in named_schedules() if schedules is None else schedules:
            for least in LEAST:
                chain = list(_chain(schedule, least))
                ends = {end: str(Fraction(chain[-1][end], 1 << _UNIT_BITS)) for end in ("low", "high")}
                entries.append(claim_of(schedule, least) | ends)
                chains.append(chain)
    return content_of({"name": NAME, "text": TEXT, "entries": entries}, {"chains": chains})


def _chain(schedule: PolarSchedule, least: Fraction) -> Iterator[dict[str, int]]:
    """Yield for each step the next interval, rounded outward, and where its ends are attained."""
    margin = 1 + Fraction(schedule.input_margin)
    low, high = least / margin, 1 / margin
    for row in schedule.steps:
        ends = Range(exact(low), exact(high))
        positive = critical_points(row)
        inside = [x for x in (*positive, *(-x for x in positive)) if ends.low < x < ends.high]
        points = [_units(low, math.ceil), _units(high, math.floor), *(_units(x, round) for x in inside)]
        values = [value(row, exact(Fraction(point, 1 << _UNIT_BITS))) for point in points]
        # the extreme values themselves: at the ends, and at the critical points as balls
        true = [value(row, x) for x in (*ends, *inside)]
        least_at = min(range(len(points)), key=lambda i: exact_fraction(lower(values[i])))
        most_at = max(range(len(points)), key=lambda i: exact_fraction(lower(values[i])))
        # one unit outward: where an end is touched exactly, no cutting separates the polynomial from it
        link = {
            "low": min(math.floor(_scaled(lower(x))) for x in true) - 1,
            "low_at": points[least_at],
            "high": max(math.ceil(_scaled(upper(x))) for x in true) + 1,
            "high_at": points[most_at],
        }
        yield link
        low, high = (Fraction(link[end], 1 << _UNIT_BITS) for end in ("low", "high"))


def _scaled(x: arb) -> Fraction:
    return exact_fraction(x) * (1 << _UNIT_BITS)


def _units(x: arb | Fraction, rounding: Any) -> int:
    return rounding(_scaled(x.mid()) if isinstance(x, arb) else x * (1 << _UNIT_BITS))
