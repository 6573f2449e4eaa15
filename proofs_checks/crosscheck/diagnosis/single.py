"""Single: all findings from the first step of every run, and the convention they make."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from ..convention import AnyMap, Convention, EntrywiseMap, Floor, Partition, PolynomialMap, PowerMap, Scale
from ..finding import Finding
from ..probe import Run
from ..scales import scale_factor
from .activity import Kind, kind_of
from .edges import edge_findings, range_finding, zero_findings
from .failing import failing_findings, undivided_finding
from .identify import Identified
from .measured import measured
from .noise import Noise
from .observation import Observation, first_dtype, observations
from .orientation import identified_by_shape
from .partition import Blocks, blocks_of, upper_share
from .scale import RELATIONS, ScaleFit, factors_of
from .seen import Seen, sized
from .size_words import floor_finding, scale_findings
from .stack import kernel_finding, stack_finding
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
    if kind.name in ("other", "rows", "columns") or (kind.name == "spectral" and upper_share(seen.ordinary) > 1e-4):
        found = blocks_of(seen.ordinary)
        if found is not None:
            blocks = found
            kind = kind_of(seen.cut(blocks).ordinary, seen.cut(blocks).swept)
    cut = seen.cut(blocks)
    identified, kind, orientation, cut = identified_by_shape(kind, cut)
    findings = [activity_finding(kind, seen.ordinary, runs, blocks), *orientation, *_partition(blocks)]
    if identified.map is None:
        findings.append(map_finding(kind, identified, None, cut.ordinary))
        if kind.name == "spectral":
            findings += [*schedule_finding(identified, cut.ordinary), floor_finding(None, None, cut.swept)]
        findings += [*zero, *edge_findings(sized(seen.every), None, None)]
        if identified.nearest is not None and kind.name == "spectral":
            findings += _range(seen)
        return tuple(findings), None
    turned = {_orientation(*one.gradient.shape) for one in cut.ordinary}
    more = {
        name: Seen.of([one for one in every if one.dtype == name])
        .cut(blocks)
        .only(lambda m, n: _orientation(m, n) in turned)
        for name in sorted({one.dtype for one in every})
    }
    return _completed(runs, seen, cut, kind, identified, identified.map, blocks, more, [*findings, *zero])


def _completed(
    runs: Sequence[Run],
    seen: Seen,
    cut: Seen,
    kind: Kind,
    identified: Identified,
    of: AnyMap,
    blocks: Blocks,
    more: dict[str, Seen],
    findings: list[Finding],
) -> tuple[tuple[Finding, ...], Convention | None]:
    """Return all findings once the map is known."""
    floor, found = identified.floor, measured(seen, cut, identified, of, more)
    of, fit, noise, precision = found.map, found.fit, found.noise, found.precision
    is_usual = fit.relation in found.relations
    convention = Convention(
        map=of,
        scale=fit.scale,
        floor=floor.floor if floor is not None else Floor(),
        partition=Partition(kind=blocks.kind, count=max(blocks.count, 1)) if blocks.count else Partition(),
        precision=precision.name if precision.name != "none" else "bfloat16",
        rounds_coefficients=found.bare.rounds_coefficients,
    )
    inner = replace(_inner(convention), partition=convention.partition)
    stack, stack_kind = stack_finding(runs, convention, inner, noise.effective_unit, is_known=is_usual)
    kernel = kernel_finding(runs, inner, noise.effective_unit)
    convention = replace(convention, stack=stack_kind)
    findings = [
        *findings,
        map_finding(kind, identified, fit, cut.ordinary, convention.map),
        *schedule_finding(identified, cut.ordinary),
        *(normalisation_finding(identified) if isinstance(of, PolynomialMap) else ()),
        floor_finding(floor, found.entry, seen.swept),
        *_range(seen),
        *scale_findings(fit, cut.ordinary),
        Finding(
            property="precision",
            value=precision.words,
            alternatives=precision.alternatives,
            is_decided=not precision.alternatives,
            evidence=precision.evidence,
            is_fault=precision.name == "none",
        ),
        *(one for one in (stack, kernel) if one is not None),
    ]
    if not isinstance(of, EntrywiseMap):
        is_whole = blocks.kind == "whole"
        every = _of_one_orientation(seen, cut) if is_whole and len(cut.ordinary) < len(seen.ordinary) else seen.every
        findings += edge_findings(sized(every), _inner(convention) if is_whole else None, noise)
        if is_whole and is_usual:
            findings += _odd_factors(replace(seen, every=tuple(every)), fit, found.bare, noise)
    return tuple(findings), convention


def _of_one_orientation(seen: Seen, cut: Seen) -> list[Observation]:
    """Return the observations of the shapes that follow the map; that the others do not is said already."""
    kept = {_orientation(*one.gradient.shape) for one in cut.ordinary}
    return [one for one in seen.every if _orientation(*one.gradient.shape) in kept]


def _orientation(rows: int, columns: int) -> int:
    """Return 1 for a tall matrix, -1 for a wide one, 0 for a square one."""
    return int(np.sign(rows - columns))


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
