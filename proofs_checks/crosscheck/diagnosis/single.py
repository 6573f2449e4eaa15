"""Single: all findings from the first step of every run, and the convention they make."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from scipy.optimize import minimize_scalar

from ..convention import Convention, EntrywiseMap, Floor, Partition, PolynomialMap, PowerMap, Scale
from ..finding import Finding
from ..probe import Run
from ..scales import scale_factor
from .activity import Kind, kind_of
from .edges import edge_findings, range_finding, zero_findings
from .entrywise import entry_floor, without_floor
from .failing import failing_findings, undivided_finding
from .floor import input_shares, kept_share
from .identify import Identified
from .noise import Noise, noise_of
from .observation import Observation, first_dtype, observations
from .orientation import identified_by_shape
from .partition import Blocks, blocks_of, upper_share
from .precision import bits_of, careful_shares, precision_of
from .refined import refined
from .scale import RELATIONS, ScaleFit, factors_of, scale_of
from .schedule import Curve, norm_of
from .seen import Seen, sized
from .size_words import floor_finding, scale_findings
from .stack import stack_finding
from .words import (
    activity_finding,
    map_finding,
    normalisation_finding,
    schedule_finding,
)

__all__ = ["single_step"]

_WHOLE = Blocks(kind="whole", count=1)


def single_step(runs: Sequence[Run]) -> tuple[tuple[Finding, ...], Convention | None]:
    """Return the findings on the map, its scale, floor and precision, and the convention without momentum or decay.

    The first average of gradients is a multiple of the first gradient: floors, and factors of homogeneous maps, are in
    the unit of the gradient and hold that multiple.

    Parameters
    ----------
    runs : sequence of Run
        Of any probes; those of one step from zero parameters are looked at, of a recording without any all first steps.
    """
    every = observations(runs)
    zero = zero_findings(runs)
    dtype = first_dtype(every)
    seen = Seen.of([one for one in every if one.dtype == dtype])
    if not seen.ordinary:
        return (*failing_findings(runs, seen), *zero), None
    kind = kind_of(seen.ordinary, seen.swept)
    undivided = undivided_finding(seen)
    if undivided is not None:
        return (undivided, *zero, *edge_findings(sized(seen.every), None, None)), None
    blocks = _WHOLE
    whole = kind
    if kind.name in ("other", "rows", "columns") or (kind.name == "spectral" and upper_share(seen.ordinary) > 1e-4):
        found = blocks_of(seen.ordinary)
        if found is not None:
            blocks = found
            kind = kind_of(seen.cut(blocks).ordinary, seen.cut(blocks).swept)
    cut = seen.cut(blocks)
    identified, kind, orientation, cut = identified_by_shape(kind, cut)
    findings = [activity_finding(whole, kind, seen.ordinary, runs, blocks), *orientation, *_partition(blocks)]
    if identified.map is None:
        findings.append(map_finding(kind, identified, None, cut.ordinary))
        if kind.name == "spectral":
            findings += [*schedule_finding(identified, cut.ordinary), floor_finding(None, None, cut.swept)]
        findings += [*zero, *edge_findings(sized(seen.every), None, None)]
        if identified.nearest is not None and kind.name == "spectral":
            findings += _range(seen)
        return tuple(findings), None
    turned = {np.sign(one.gradient.shape[0] - one.gradient.shape[1]) for one in cut.ordinary}
    more = {
        name: Seen.of([one for one in every if one.dtype == name])
        .cut(blocks)
        .only(lambda m, n: np.sign(m - n) in turned)
        for name in sorted({one.dtype for one in every})
    }
    return _completed(runs, seen, cut, kind, identified, blocks, more, [*findings, *zero])


def _completed(
    runs: Sequence[Run],
    seen: Seen,
    cut: Seen,
    kind: Kind,
    identified: Identified,
    blocks: Blocks,
    more: dict[str, Seen],
    findings: list[Finding],
) -> tuple[tuple[Finding, ...], Convention | None]:
    """Return all findings once the map is known."""
    of = identified.map
    floor = identified.floor
    bare = Convention(map=of, floor=floor.floor if floor is not None else Floor())
    if floor is not None and isinstance(of, PowerMap):
        bare = Convention(map=of)
    noise = noise_of(bare, cut.ordinary)
    first = [""] if isinstance(of, EntrywiseMap) else ["", "the dual norm <G, D>"]
    fit = scale_of(factors_of(bare, cut.ordinary, floor), cut.ordinary, noise.total, first=first)
    is_regularized = fit.relation == "the dual norm <G, D>"
    if isinstance(of, PowerMap):
        of = replace(of, is_regularized=is_regularized)
    elif isinstance(of, PolynomialMap):
        of = replace(of, times_dual_norm=is_regularized)
    entry = None
    if isinstance(of, EntrywiseMap):
        entry = entry_floor(seen.swept, fit.measured)
        if entry is not None:
            of = EntrywiseMap(name="adam", epsilon=entry)
    groups = {name: group.ordinary for name, group in [(cut.ordinary[0].dtype, cut), *more.items()] if group.ordinary}
    if isinstance(of, PolynomialMap) and groups.get("float64"):
        far = [one for group in (cut, *more.values()) for one in group.extremes if one.dtype == "float64"]
        # ill-conditioned gradients show the last digits of a published list, and are too few to fit coefficients to
        used = [*groups["float64"], *far] if identified.is_named else groups["float64"]
        shares = input_shares(of, floor, used) if floor is not None else None
        exact = refined(identified.map, used, shares)
        bare, of = replace(bare, map=exact), replace(exact, times_dual_norm=is_regularized)
    if entry is not None:
        groups = {name: [without_floor(one, entry) for one in group] for name, group in groups.items()}
    precision = precision_of(
        {name: noise_of(_with_exact_floor(bare, group), group) for name, group in groups.items()},
        {name: careful_shares(bare, group) for name, group in groups.items()},
        {name: bits_of(group, fit) for name, group in groups.items()},
    )
    rounded = _with_rounded_coefficients(bare, precision.name)
    if rounded is not None:
        again = noise_of(rounded, cut.ordinary)
        # a fifth is three standard errors of what a hundred values leave
        if again.diagonal < 0.8 * noise.diagonal:
            bare, noise = rounded, again
            fit = scale_of(factors_of(bare, cut.ordinary, floor), cut.ordinary, noise.total, first=first)
            words = (
                f" With coefficients rounded to {precision.name} as well, {again.diagonal:.1e} is left on the diagonal."
            )
            precision = replace(precision, evidence=precision.evidence + words)
    convention = Convention(
        map=of,
        scale=fit.scale,
        floor=floor.floor if floor is not None else Floor(),
        partition=Partition(kind=blocks.kind, count=max(blocks.count, 1)) if blocks.count else Partition(),
        precision=precision.name if precision.name != "none" else "bfloat16",
        rounds_coefficients=bare.rounds_coefficients,
    )
    stack, stack_kind = stack_finding(
        runs,
        convention,
        replace(_inner(convention), partition=convention.partition),
        noise.effective_unit,
        is_known=fit.relation in first,
    )
    convention = replace(convention, stack=stack_kind)
    findings += [
        map_finding(kind, identified, fit, cut.ordinary, convention.map),
        *schedule_finding(identified, cut.ordinary),
    ]
    if isinstance(of, PolynomialMap):
        findings += normalisation_finding(identified)
    findings += [floor_finding(floor, entry, seen.swept), *_range(seen), *scale_findings(fit, cut.ordinary)]
    findings.append(
        Finding(
            property="precision",
            value=precision.words,
            alternatives=precision.alternatives,
            is_decided=not precision.alternatives,
            evidence=precision.evidence,
            is_fault=precision.name == "none",
        )
    )
    findings += [stack] if stack is not None else []
    if not isinstance(of, EntrywiseMap):
        if len(cut.ordinary) < len(seen.ordinary) and blocks.kind == "whole":
            # one orientation is another map: that is said already
            keep = {np.sign(one.gradient.shape[0] - one.gradient.shape[1]) for one in cut.ordinary}
            seen = replace(
                seen,
                every=tuple(
                    one for one in seen.every if np.sign(one.gradient.shape[0] - one.gradient.shape[1]) in keep
                ),
            )
        findings += edge_findings(sized(seen.every), _inner(convention) if blocks.kind == "whole" else None, noise)
        if blocks.kind == "whole" and fit.relation in first:
            findings += _odd_factors(seen, fit, bare, noise)
    return tuple(findings), convention


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


def _inner(convention: Convention) -> Convention:
    """Return the map with its floor alone; the regularised step is proportional to that of the ball."""
    of = convention.map
    if isinstance(of, PowerMap) and of.is_regularized:
        return Convention(map=of)
    return replace(convention, scale=Scale(), partition=Partition())


def _range(seen: Seen) -> list[Finding]:
    found = range_finding(seen.swept)
    return [found] if found is not None else []


def _partition(blocks: Blocks) -> list[Finding]:
    if blocks.kind == "whole":
        return []
    where = ", ".join(f"'{name}' at {', '.join(map(str, cut))}" for name, cut in list(blocks.cuts.items())[:4] if cut)
    count = f"{blocks.count} equal {blocks.kind}" if blocks.count else f"{blocks.kind} of unequal sizes"
    return [
        Finding(
            property="partition",
            value=count,
            is_fault=not blocks.count,
            evidence=f"Maps of singular values of these blocks leave {blocks.share:.1e} of the steps; cuts: {where}.",
            data={"cuts": {name: list(cut) for name, cut in blocks.cuts.items()}},
        )
    ]


def _odd_factors(seen: Seen, fit: ScaleFit, bare: Convention, noise: Noise) -> list[Finding]:
    """Return a finding where special shapes have another factor than the formula says."""
    odd = {}
    usual = {id(one) for one in seen.ordinary}
    for one in sized(seen.every):
        if id(one) in usual or not one.is_finite or one.size == 0 or not fit.fits:
            continue
        ((factor, d),) = factors_of(bare, [one], None)
        expected = fit.measured * scale_factor(fit.scale.formula, one.shape) * RELATIONS[fit.relation](one.gradient, d)
        share = float(np.linalg.norm(one.update - factor * d)) / one.size
        if share < 0.05 and abs(factor / expected - 1) > max(0.05, 8 * noise.total):
            odd[one.name] = (factor, expected)
    if not odd:
        return []
    listed = ", ".join(f"'{name}' {a:.4g} for {b:.4g}" for name, (a, b) in odd.items())
    return [
        Finding(
            property="scale",
            value=f"another factor at {', '.join(odd)}",
            is_fault=True,
            evidence=f"Factor seen and factor of the formula: {listed}.",
        )
    ]
