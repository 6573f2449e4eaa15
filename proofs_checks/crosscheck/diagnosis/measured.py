"""Measured: what one step says through a map that is known: its scale, oracle, last digits and precision."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy.optimize import minimize_scalar

from ..convention import AnyMap, Convention, EntrywiseMap, Floor, PolynomialMap, PowerMap
from .entrywise import entry_floor, without_floor
from .floor import FloorFit, input_shares, kept_share
from .identify import Identified
from .noise import Noise, noise_of
from .observation import Observation
from .precision import Precision, bits_of, careful_shares, precision_of
from .refined import refined
from .scale import ScaleFit, factors_of, scale_of
from .schedule import Curve, norm_of
from .seen import Seen

__all__ = ["Measured", "measured"]


@dataclass(frozen=True, kw_only=True)
class Measured:
    """The map with everything that is measured through it.

    Attributes
    ----------
    map : PowerMap, PolynomialMap or EntrywiseMap
        With the oracle, the last digits and the floor of an entry that its steps show.
    bare : Convention
        Of the direction alone: map, floor, coefficients.
    noise : Noise
        What the direction leaves of the steps.
    fit : ScaleFit
        The factor of the steps.
    entry : float or None
        Floor of single entries.
    precision : Precision
        Of the inner computation.
    """

    map: AnyMap
    bare: Convention
    noise: Noise
    fit: ScaleFit
    entry: float | None
    precision: Precision

    @property
    def relations(self) -> list[str]:
        """Return what a step of the map may be proportional to besides its shape."""
        return _relations(self.map)


def _relations(of: object) -> list[str]:
    return [""] if isinstance(of, EntrywiseMap) else ["", "the dual norm <G, D>"]


def measured(seen: Seen, cut: Seen, identified: Identified, of: AnyMap, more: dict[str, Seen]) -> Measured:
    """Return scale, oracle, floor of an entry, last digits and precision of the map ``of`` that is identified."""
    floor = identified.floor
    # a floor shortens the step of a power map; of an iteration it changes what is put in
    inner = floor.floor if floor is not None and not isinstance(of, PowerMap) else Floor()
    bare = Convention(map=of, floor=inner)
    noise = noise_of(bare, cut.ordinary)
    fit = scale_of(factors_of(bare, cut.ordinary, floor), cut.ordinary, noise.total, first=_relations(of))
    is_regularized = fit.relation == "the dual norm <G, D>"
    groups = {name: group.ordinary for name, group in [(cut.ordinary[0].dtype, cut), *more.items()] if group.ordinary}
    entry = None
    if isinstance(of, PowerMap):
        of = replace(of, is_regularized=is_regularized)
    elif isinstance(of, PolynomialMap):
        exact = _to_the_last_digits(of, identified, groups.get("float64", ()), (cut, *more.values()))
        bare, of = replace(bare, map=exact), replace(exact, times_dual_norm=is_regularized)
    elif (entry := entry_floor(seen.swept, fit.measured)) is not None:
        of = EntrywiseMap(name="adam", epsilon=entry)
        groups = {name: tuple(without_floor(one, entry) for one in group) for name, group in groups.items()}
    precision = precision_of(
        {name: noise_of(_with_exact_floor(bare, group), group) for name, group in groups.items()},
        {name: careful_shares(bare, group) for name, group in groups.items()},
        {name: bits_of(group, fit) for name, group in groups.items()},
    )
    found = Measured(map=of, bare=bare, noise=noise, fit=fit, entry=entry, precision=precision)
    return _or_rounded(found, cut, floor)


def _to_the_last_digits(
    of: PolynomialMap, identified: Identified, exact: Sequence[Observation], groups: Sequence[Seen]
) -> PolynomialMap:
    """Return the map with the last digits that runs in float64 show."""
    if not exact:
        return of
    far = [one for group in groups for one in group.extremes if one.dtype == "float64"]
    # ill-conditioned gradients show the last digits of a published list, and are too few to fit coefficients to
    used = [*exact, *far] if identified.is_named else exact
    floor = identified.floor
    return refined(of, used, input_shares(of, floor, used) if floor is not None else None)


def _or_rounded(found: Measured, cut: Seen, floor: FloorFit | None) -> Measured:
    """Return what is measured with coefficients rounded to the precision, where that explains the steps better."""
    rounded = _with_rounded_coefficients(found.bare, found.precision.name)
    if rounded is None:
        return found
    noise = noise_of(rounded, cut.ordinary)
    # a fifth is three standard errors of what a hundred values leave
    if not noise.diagonal < 0.8 * found.noise.diagonal:
        return found
    name = found.precision.name
    words = f" With coefficients rounded to {name} as well, {noise.diagonal:.1e} is left on the diagonal."
    factors = factors_of(rounded, cut.ordinary, floor)
    return replace(
        found,
        bare=rounded,
        noise=noise,
        fit=scale_of(factors, cut.ordinary, noise.total, first=found.relations),
        precision=replace(found.precision, evidence=found.precision.evidence + words),
    )


def _with_exact_floor(bare: Convention, seen: Sequence[Observation]) -> Convention:
    """Return the convention with the floor that leaves least of these steps, near the one that a sweep shows.

    A floor that is known as well as float32 allows would be what float64 runs leave.
    """
    of, floor = bare.map, bare.floor
    if not isinstance(of, PolynomialMap) or floor.form == "none" or of.normalisation == "aol":
        return bare
    norms = [norm_of(one.s_in, of.normalisation) * (1 + of.schedule.input_margin) for one in seen]

    def left(exponent: float) -> float:
        fit = replace(floor, value=floor.value * (1 + exponent))
        shares = [float(kept_share(fit.form, fit.value, norm)) for norm in norms]
        curve = Curve(seen, shares)
        return curve.residual(np.asarray(of.schedule(curve.x[of.normalisation])))

    best = minimize_scalar(left, bounds=(-1e-2, 1e-2), method="bounded", options={"xatol": 1e-12})
    if best.fun >= left(0.0):
        return bare
    return replace(bare, floor=replace(floor, value=floor.value * (1 + float(best.x))))


def _with_rounded_coefficients(bare: Convention, precision: str) -> Convention | None:
    """Return the convention with the coefficients of its iteration rounded to a precision below that of a float32."""
    if not isinstance(bare.map, PolynomialMap) or precision not in ("bfloat16", "float16"):
        return None
    return replace(bare, precision=precision, rounds_coefficients=True)
