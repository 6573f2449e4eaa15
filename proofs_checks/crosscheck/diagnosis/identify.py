"""Identify: the map of singular values, a power law or a polynomial iteration, from all observations together."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from ...known import known
from ..convention import UNIT_ROUNDOFF, AnyMap, Convention, EntrywiseMap, Floor, PolynomialMap, PowerMap
from .activity import Kind
from .fitted import fitted_polynomial
from .floor import FloorFit, floor_of, input_shares, is_flat
from .noise import ALLOWED, Noise, noise_of
from .observation import Observation
from .schedule import Candidate, Curve, all_candidates, aol_candidates, indistinct
from .spectrum import PowerLaw, exponent_of, power_law

__all__ = ["Identified", "identify"]


_MOST_COMPARED = 40
"""So many candidates are compared by their floor: every one is a search of its own."""


@dataclass(frozen=True, kw_only=True)
class Identified:
    """The map, and what else it could be.

    Attributes
    ----------
    map : PowerMap, PolynomialMap, EntrywiseMap or None
        The map, of a regularised one the ball oracle: the factor is judged with the scale; None where none fits.
    law : PowerLaw or None
        The power law through the curve.
    interval : (float, float)
        Of p.
    nearest : Candidate or None
        The named schedule nearest to the curve.
    alternatives : tuple of str
        Maps that outputs do not tell from this one.
    noise : Noise or None
        What is left.
    floor : FloorFit or None
        Of the division by the norm, where one is seen.
    is_named : bool
        Whether the schedule is a named one.
    """

    map: AnyMap | None
    law: PowerLaw | None = None
    interval: tuple[float, float] = (math.nan, math.nan)
    nearest: Candidate | None = None
    alternatives: tuple[str, ...] = ()
    noise: Noise | None = None
    floor: FloorFit | None = None
    is_named: bool = True


def identify(kind: Kind, seen: Sequence[Observation], swept: dict[int, Observation],
             extremes: Sequence[Observation], *, may_fit: bool = True) -> Identified:  # fmt: skip
    """Return the map of observations of one kind.

    Parameters
    ----------
    kind : Kind
        What :func:`.kind_of` found.
    seen : sequence of Observation
        Ordinary ones.
    swept : mapping of power to Observation
        One gradient times powers of two.
    extremes : sequence of Observation
        Ill-conditioned ones of full rank, to tell an exact map from an iteration that has all but converged.
    may_fit : bool
        Whether coefficients are fitted where no named schedule explains the curve.
    """
    if kind.name == "sign":
        return Identified(map=EntrywiseMap(name="sign"))
    if kind.name == "gradient":
        return _of_power(PowerMap(p=2.0), seen, swept, PowerLaw(slope=1.0, error=0.0, residual=0.0), (2.0, 2.0))
    if kind.name != "spectral":
        return _by_rows(seen)
    if all(min(one.gradient.shape) == 1 for one in seen):
        # a vector has one singular value: every map is the same up to the scale
        return _of_power(PowerMap(p=math.inf), seen, swept, None, (1.0, math.inf))
    unit = UNIT_ROUNDOFF.get(seen[0].dtype, UNIT_ROUNDOFF["float32"])
    if kind.shares["spectral"] > 1e-4:
        by_rows = _by_rows(seen)
        if by_rows.map is not None:
            return by_rows
    law = power_law(seen)
    p, interval = exponent_of(law, resolution=4 * unit)
    power = None
    if p >= 1:
        power = _of_power(PowerMap(p=p), seen, swept, law, interval)
    polynomial = _polynomial(seen, swept, extremes, unit, law)
    fitting = [one for one in (power, polynomial) if one is not None and one.noise is not None and one.noise.fits]
    if power is not None and len(fitting) == 2:
        return _between(power, polynomial, seen, extremes)
    if fitting:
        found = replace(fitting[0], nearest=polynomial.nearest, law=law, interval=interval)
        return _checked(found, extremes) if isinstance(found.map, PolynomialMap) else found
    if not may_fit:
        return replace(polynomial, map=None, interval=interval, is_named=False)
    again = fitted_polynomial(polynomial.nearest, seen, _shares(polynomial, seen))
    if again is not None:
        noise = noise_of(Convention(map=again), seen)
        if noise.fits:
            return replace(polynomial, map=again, noise=noise, is_named=False, interval=interval, alternatives=())
    return replace(polynomial, map=None, interval=interval, is_named=False)


def _of_power(of: PowerMap, seen: Sequence[Observation], swept: dict[int, Observation], law: PowerLaw | None,
              interval: tuple[float, float]) -> Identified:  # fmt: skip
    floor = floor_of(of, swept)
    return Identified(map=of, law=law, interval=interval, noise=noise_of(Convention(map=of), seen), floor=floor)


def _shares(of: Identified, seen: Sequence[Observation]) -> list[float] | None:
    if of.floor is None or of.nearest is None:
        return None
    return input_shares(of.nearest.map, of.floor, seen)


def _polynomial(seen: Sequence[Observation], swept: dict[int, Observation], extremes: Sequence[Observation],
                unit: float, law: PowerLaw) -> Identified:  # fmt: skip
    """Return the nearest named schedule, with the floor that a sweep shows taken into account."""
    found, floor, shares = all_candidates(seen), None, None
    for _ in range(3):
        floor = floor_of(found[0].map, swept)
        now = input_shares(found[0].map, floor, seen) if floor is not None else None
        if now is None or (shares is not None and np.allclose(now, shares, rtol=unit)):
            break
        shares = now
        found = all_candidates(seen, shares)
    best = _at_extremes(indistinct(found, sum(len(one.s_in) for one in seen), 2 * unit), extremes, unit)
    best, floor = _by_floor(best, floor, swept)
    convention = Convention(map=best[0].map) if floor is None else Convention(map=best[0].map, floor=floor.floor)
    noise = noise_of(convention, seen)
    return Identified(map=best[0].map, law=law, nearest=best[0], noise=noise, floor=floor, is_named=best[0].is_named,
                      alternatives=tuple(one.words for one in best[1:]))  # fmt: skip


def _by_floor(found: tuple[Candidate, ...], floor: FloorFit | None,
              swept: dict[int, Observation]) -> tuple[tuple[Candidate, ...], FloorFit | None]:  # fmt: skip
    """Return those of some candidates whose curve explains the sweep through a floor best, and that floor."""
    if is_flat(swept):
        return found, floor
    if len(found) == 1:
        return found, floor_of(found[0].map, swept)
    fits = [floor_of(one.map, swept) for one in found[:_MOST_COMPARED]]
    left = [one.misfit if one is not None else np.inf for one in fits]
    if not np.isfinite(min(left)):
        return found, floor
    places = [k for k, share in enumerate(left) if share <= max(2 * min(left), 1e-6)]
    # usual ones first, unless another is clearly better
    places.sort(key=lambda k: left[k] > max(1.3 * min(left), 1e-7))
    return tuple(found[k] for k in places), fits[places[0]]


def _checked(found: Identified, extremes: Sequence[Observation]) -> Identified:
    """Return a schedule as not named where it explains ordinary steps, but not those on ill-conditioned gradients."""
    if found.nearest is None or not extremes or found.map is None or found.noise is None:
        return found
    convention = Convention(map=found.map, floor=found.floor.floor if found.floor is not None else Floor())
    far = noise_of(convention, extremes)
    unit = max(found.noise.effective_unit, far.unit)
    if far.diagonal > ALLOWED * far.model_diagonal * unit / far.unit and far.diagonal > 4 * found.noise.total:
        return replace(found, is_named=False)
    return found


def _at_extremes(found: tuple[Candidate, ...], extremes: Sequence[Observation], unit: float) -> tuple[Candidate, ...]:
    """Return those of some candidates that explain the steps on ill-conditioned gradients as well as the best does."""
    if len(found) == 1 or not extremes:
        return found
    curve = Curve(extremes, whole=True)
    left = [curve.residual(np.asarray(one.map.schedule(curve.x[one.map.normalisation]))) for one in found]
    bound = max(2 * min(left), 16 * unit)
    return tuple(one for one, share in zip(found, left, strict=True) if share <= bound)


def _between(power: Identified, polynomial: Identified, seen: Sequence[Observation],
             extremes: Sequence[Observation]) -> Identified:  # fmt: skip
    """Return the better of a power law and a schedule that both fit, with the other beside it where neither is."""
    both = (power, polynomial)
    left = [known(one.noise, "noise").diagonal for one in both]
    n_values = sum(len(one.s_in) for one in seen)
    apart = math.sqrt(1 + 6 * math.sqrt(2 / n_values))
    merged = [replace(one, law=power.law, interval=power.interval, nearest=polynomial.nearest) for one in both]
    names = (polynomial.nearest.words, *polynomial.alternatives) if polynomial.nearest else polynomial.alternatives
    if left[0] > apart * left[1]:
        return _checked(merged[1], extremes)
    # where only one of the maps explains small gradients by a floor, it is that one
    floors = [one.floor.misfit if one.floor is not None else math.inf for one in both]
    if math.isfinite(min(floors)) and max(floors) > max(3 * min(floors), 1e-5):
        return merged[floors.index(min(floors))]
    far = [_far_share(one.map, extremes) for one in both if one.map is not None]
    if max(far) > max(2 * min(far), 0.03):
        return _checked(merged[1], extremes) if far[1] < far[0] else merged[0]
    return replace(merged[0], alternatives=names)


def _far_share(of: AnyMap, extremes: Sequence[Observation]) -> float:
    """Return the largest share of a step on an ill-conditioned gradient that a map leaves unexplained."""
    shares = [noise_of(Convention(map=of), [one], repeats=1).total for one in extremes]
    return max(shares, default=0.0)


def _by_rows(seen: Sequence[Observation]) -> Identified:
    """Return the polynomial whose input is divided by a norm of each row, where one fits."""
    found = aol_candidates(seen)
    convention = Convention(map=found[0].map)
    noise = noise_of(convention, seen)
    if noise.total < 0.06 and noise.total < 0.5 * float(np.median([one.outside_share for one in seen])):
        return Identified(map=found[0].map, nearest=found[0], noise=noise)
    return Identified(map=None, nearest=found[0], noise=noise, is_named=False)
