"""Single: all findings from the first step of every run, and the convention they make."""

from __future__ import annotations


from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from ..convention import Convention, EntrywiseMap, Floor, Partition, PolynomialMap, PowerMap
from ..finding import Finding
from ..probe import ONE, Run
from .activity import Kind, kind_of
from .edges import edge_findings, range_finding, zero_findings
from .entrywise import entry_floor
from .identify import Identified, identify
from .noise import Noise, noise_of
from .observation import LEAST_RATIO, Observation, first_dtype, observations, regular, sweep
from .partition import Blocks, blocks_of, parts
from .precision import bits_of, careful_shares, precision_of
from .scale import ScaleFit, factors_of, scale_of
from .stack import stack_finding
from .words import (
    activity_finding,
    floor_finding,
    map_finding,
    normalisation_finding,
    scale_findings,
    schedule_finding,
)

__all__ = ["single_step"]

_WHOLE = Blocks(kind="whole", count=1)


@dataclass(frozen=True, kw_only=True)
class _Seen:
    """The observations of one dtype, sorted by what they are good for."""

    every: tuple[Observation, ...]
    ordinary: tuple[Observation, ...]
    extremes: tuple[Observation, ...]
    swept: dict[int, Observation]

    @classmethod
    def of(cls, seen: Sequence[Observation]) -> _Seen:
        ordinary, swept = regular(seen), sweep(seen)
        extremes = [one for one in seen if one.is_finite and one.size > 0 and min(one.gradient.shape) > 1
                    and one.is_full_rank and one.s_in[-1] <= LEAST_RATIO * one.s_in[0]
                    and 2.0**-6 <= np.max(np.abs(one.gradient)) <= 2.0**10]  # fmt: skip
        return cls(every=tuple(seen), ordinary=ordinary, extremes=tuple(extremes), swept=swept)

    def cut(self, blocks: Blocks) -> _Seen:
        """Return the observations of the blocks."""
        if blocks.kind == "whole":
            return self
        cut = [[part for one in group for part in parts(one, blocks)] for group in (self.every, self.ordinary, self.extremes)]
        # a block may be a vector, which says nothing of the map, or ill-conditioned where the whole is not
        proper = [one for one in cut[1] if min(one.gradient.shape) > 1 and one.size > 0 and one.is_full_rank
                  and one.s_in[-1] > LEAST_RATIO * one.s_in[0]]  # fmt: skip
        first = {k: parts(one, blocks)[0] for k, one in self.swept.items()}
        return _Seen(every=tuple(cut[0]), ordinary=tuple(proper or cut[1]), extremes=(), swept=first)

    def only(self, keep) -> _Seen:
        """Return the observations whose shapes are kept."""
        return replace(self, ordinary=tuple(one for one in self.ordinary if keep(*one.gradient.shape)),
                       extremes=tuple(one for one in self.extremes if keep(*one.gradient.shape)))  # fmt: skip


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
    seen = _Seen.of([one for one in every if one.dtype == dtype])
    if not seen.ordinary:
        return (*_without_steps(runs, seen), *zero), None
    kind = kind_of(seen.ordinary, seen.swept)
    undivided = _undivided(seen)
    if undivided is not None:
        return (undivided, *zero, *edge_findings(_sized(seen.every), None, None)), None
    blocks = _WHOLE
    whole = kind
    if kind.name == "other":
        found = blocks_of(seen.ordinary)
        if found is not None:
            blocks = found
            kind = kind_of(seen.cut(blocks).ordinary, seen.cut(blocks).swept)
    cut = seen.cut(blocks)
    identified, kind, orientation, cut = _identified(kind, cut)
    findings = [activity_finding(whole, kind, seen.ordinary, runs, blocks), *orientation, *_partition(blocks)]
    if identified.map is None:
        findings += [map_finding(kind, identified, None, cut.ordinary), *schedule_finding(identified, cut.ordinary)]
        findings += [*zero, *edge_findings(_sized(seen.every), None, None)]
        if identified.nearest is not None and kind.name == "spectral":
            findings += _range(seen)
        return tuple(findings), None
    turned = {np.sign(one.gradient.shape[0] - one.gradient.shape[1]) for one in cut.ordinary}
    more = {name: _Seen.of([one for one in every if one.dtype == name]).cut(blocks)
            .only(lambda m, n: np.sign(m - n) in turned)
            for name in sorted({one.dtype for one in every})}  # fmt: skip
    return _completed(runs, seen, cut, kind, identified, blocks, more, [*findings, *zero])


def _identified(kind: Kind, cut: _Seen) -> tuple[Identified, Kind, list[Finding], _Seen]:
    """Return the map; where there is none for all shapes, that of the shapes which have one, and what is wrong then."""
    found = identify(kind, cut.ordinary, cut.swept, cut.extremes, may_fit=False)
    if found.map is not None:
        return found, kind, *_odd_orientation(found, cut)
    for name, keep in (("tall", lambda m, n: m <= n), ("wide", lambda m, n: m >= n)):
        part = cut.only(keep)
        rest = cut.only(lambda m, n, keep=keep: not keep(m, n))
        if len(part.ordinary) < 2 or not rest.ordinary:
            continue
        other = kind_of(part.ordinary, cut.swept)
        # the sweep is of one shape, which may be one of those left out
        again = identify(other, part.ordinary, cut.swept, part.extremes, may_fit=False)
        if again.map is not None:
            theirs = kind_of(rest.ordinary, {})
            there = identify(theirs, rest.ordinary, {}, (), may_fit=False)
            words = there.map.words if there.map is not None else f"no map known ({theirs.name})"
            finding = Finding(
                property="axes", value=f"{name} matrices are treated otherwise: a transpose is lost", is_fault=True,
                evidence=f"Other shapes follow the {again.map.words}; {name} ones ({len(rest.ordinary)} probes) {words}.",
            )  # fmt: skip
            return again, other, [finding], part
    return identify(kind, cut.ordinary, cut.swept, cut.extremes, may_fit=True), kind, [], cut


def _odd_orientation(found: Identified, cut: _Seen) -> tuple[list[Finding], _Seen]:
    """Return a finding where a map fits most shapes, but no matrix of one orientation, and the observations it fits."""
    if isinstance(found.map, EntrywiseMap):
        return [], cut
    convention = Convention(map=found.map, floor=found.floor.floor if found.floor else Floor())
    for name, keep in (("tall", lambda m, n: m <= n), ("wide", lambda m, n: m >= n)):
        kept, rest = cut.only(keep), cut.only(lambda m, n, keep=keep: not keep(m, n)).ordinary
        if len(rest) < 2 or len(kept.ordinary) < 2:
            continue
        left = [noise_of(convention, [one], repeats=1).total for one in rest]
        others = [noise_of(convention, [one], repeats=1).total for one in kept.ordinary]
        if np.median(left) > max(8 * np.median(others), 1e-4) and np.min(left) > np.median(others):
            return [Finding(property="axes", value=f"{name} matrices are treated otherwise: a transpose is lost", is_fault=True,
                            evidence=f"{np.median(left):.2g} of their steps is not that of the {found.map.words}, "
                            f"of other shapes {np.median(others):.1e}.")], kept  # fmt: skip
    return [], cut


def _completed(
    runs: Sequence[Run], seen: _Seen, cut: _Seen, kind: Kind, identified: Identified, blocks: Blocks,
    more: dict[str, _Seen], findings: list[Finding],
) -> tuple[tuple[Finding, ...], Convention | None]:  # fmt: skip
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
    inner = replace(bare, map=identified.map)
    precision = precision_of({name: noise_of(inner, group) for name, group in groups.items()},
                             {name: careful_shares(inner, group) for name, group in groups.items()},
                             {name: bits_of(group, fit) for name, group in groups.items()})  # fmt: skip
    convention = Convention(
        map=of, scale=fit.scale, floor=floor.floor if floor is not None else Floor(),
        partition=Partition(kind=blocks.kind, count=max(blocks.count, 1)) if blocks.count else Partition(),
        precision=precision.name if precision.name != "none" else "bfloat16",
    )  # fmt: skip
    stack, stack_kind = stack_finding(runs, replace(_inner(convention), partition=convention.partition), noise.effective_unit)
    convention = replace(convention, stack=stack_kind)
    findings += [map_finding(kind, identified, fit, cut.ordinary, convention.map), *schedule_finding(identified, cut.ordinary)]
    if isinstance(of, PolynomialMap):
        findings += normalisation_finding(identified)
    findings += [floor_finding(floor, entry, seen.swept), *_range(seen), *scale_findings(fit, cut.ordinary)]
    findings.append(Finding(property="precision", value=precision.words, alternatives=precision.alternatives,
                            is_decided=not precision.alternatives, evidence=precision.evidence,
                            is_fault=precision.name == "none"))  # fmt: skip
    findings += [stack] if stack is not None else []
    if not isinstance(of, EntrywiseMap):
        if len(cut.ordinary) < len(seen.ordinary) and blocks.kind == "whole":
            # one orientation is another map: that is said already
            keep = {np.sign(one.gradient.shape[0] - one.gradient.shape[1]) for one in cut.ordinary}
            seen = replace(seen, every=tuple(one for one in seen.every
                                             if np.sign(one.gradient.shape[0] - one.gradient.shape[1]) in keep))  # fmt: skip
        findings += edge_findings(_sized(seen.every), _inner(convention) if blocks.kind == "whole" else None, noise)
        if blocks.kind == "whole":
            findings += _odd_factors(seen, fit, bare, noise)
    return tuple(findings), convention


def _inner(convention: Convention) -> Convention:
    """Return the map with its floor alone; the regularised step is proportional to that of the ball."""
    of = convention.map
    if isinstance(of, PowerMap) and of.is_regularized:
        return Convention(map=of)
    return Convention(map=of, floor=convention.floor)


def _sized(seen: Sequence[Observation]) -> list[Observation]:
    """Return the observations of ordinary size, all where there are none."""
    sized = [one for one in seen if 2.0**-3 <= np.max(np.abs(one.gradient)) <= 2.0**5]
    return sized or list(seen)


def _range(seen: _Seen) -> list[Finding]:
    found = range_finding(seen.swept)
    return [found] if found is not None else []


def _partition(blocks: Blocks) -> list[Finding]:
    if blocks.kind == "whole":
        return []
    where = ", ".join(f"'{name}' at {', '.join(map(str, cut))}" for name, cut in list(blocks.cuts.items())[:4] if cut)
    count = f"{blocks.count} equal {blocks.kind}" if blocks.count else f"{blocks.kind} of unequal sizes"
    return [Finding(property="partition", value=count, is_fault=not blocks.count,
                    evidence=f"Maps of singular values of these blocks leave {blocks.share:.1e} of the steps; cuts: {where}.",
                    data={"cuts": {name: list(cut) for name, cut in blocks.cuts.items()}})]  # fmt: skip


def _odd_factors(seen: _Seen, fit: ScaleFit, bare: Convention, noise: Noise) -> list[Finding]:
    """Return a finding where special shapes have another factor than the formula says."""
    from .scale import RELATIONS
    from ..scales import scale_factor

    odd = {}
    usual = {id(one) for one in seen.ordinary}
    for one in _sized(seen.every):
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
    return [Finding(property="scale", value=f"another factor at {', '.join(odd)}", is_fault=True,
                    evidence=f"Factor seen and factor of the formula: {listed}.")]  # fmt: skip


def _undivided(seen: _Seen) -> Finding | None:
    """Return the finding on an iteration whose input is not divided by its norm: finite for small gradients alone."""
    sized = [one for one in seen.every if one.is_full_rank and 1 <= np.max(np.abs(one.gradient)) <= 2.0**5]
    broken = [one for one in sized if not one.is_finite]
    small = [k for k, one in seen.swept.items() if k <= 3 and one.is_finite and one.size > 0]
    if not small or len(broken) < 0.5 * len(sized) or not broken:
        return None
    largest = max(one.gradient_norm for one in seen.swept.values() if one.is_finite and one.gradient_norm < 1e3)
    least = min(one.gradient_norm for one in broken)
    return Finding(
        property="normalisation", value="none: the input is not divided by its norm", is_fault=True,
        evidence=f"{len(broken)} of {len(sized)} ordinary gradients, of norm {least:.3g} and more, give steps that are not "
        f"finite; one gradient made smaller gives finite ones up to norm {largest:.3g}.",
    )  # fmt: skip


def _without_steps(runs: Sequence[Run], seen: _Seen) -> list[Finding]:
    """Return what there is to say where no ordinary gradient gives a finite step that is not zero."""
    single = [run for run in runs if set(run.probe.shapes) == {ONE} and len(run.probe.shapes[ONE]) == 2]
    stopped = [run for run in single if not run.parameters]
    if single and len(stopped) == len(single):
        return [Finding(property="activity", value=f"no step is made: {stopped[0].status}", is_fault=True,
                        evidence=f"{len(stopped)} of {len(single)} probes stopped before the first step.")]  # fmt: skip
    finite = [one for one in seen.every if one.is_finite]
    if finite and not any(one.size for one in finite):
        moving = [run.probe.name for run in single if run.parameters and np.any(run.update(len(run.parameters) - 1))]
        where = f"; it does at {', '.join(moving[:3])}" if moving else ""
        return [Finding(property="activity", value="nothing moves", is_fault=True,
                        evidence=f"The first step is zero at {len(finite)} probes with gradients that are not{where}.")]  # fmt: skip
    broken = sum(not one.is_finite for one in seen.every)
    if broken:
        return [Finding(property="activity", value="NaN at every ordinary gradient", is_fault=True,
                        evidence=f"{broken} of {len(seen.every)} first steps have entries that are not finite.")]  # fmt: skip
    return [Finding(property="activity", value="not observed", is_decided=False, evidence="No run has a matrix with a first step.")]


