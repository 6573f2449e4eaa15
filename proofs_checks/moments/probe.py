"""A probe: the moment of one martingale against one bound, with a finite-sample interval, a ratio and a verdict."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import partial
from typing import Any

from schattor_theory.bounds.records import BoundValue
from schattor_theory.checks import check_choice, check_in_interval, check_integer
from synthetic.estimates import Estimate
from synthetic.martingales import MatrixMartingale

from ..evidence import Verdict
from ..known import known
from .catalogue import BOUNDS, ProbedBound
from .intervals import CentralMoment, central_moment_ceiling, exact_law, finite_sample_interval, groups_for
from .stream import BLOCK, Functional, Statistics, log_e_value, stream

__all__ = ["CONFIRMATION", "FALSE_FAILURES", "UNDECIDED", "Probed", "Request", "probe"]

FALSE_FAILURES = 1e-6
"""Probability that a whole run calls a true bound violated; divided evenly among its probes."""

UNDECIDED = 1e-3
"""Probability that any interval of a whole run misses its moment; divided evenly among its probes."""

CONFIRMATION = 10
"""A suspected violation is tried again with a fresh seed and this many times the trials."""

_FIRST_LOOK = 4 * BLOCK
_ROUNDING = 1e-7  # of an exact moment against a bound that it attains: eigenvalues at the level of zero, square-rooted


@dataclass(frozen=True, slots=True)
class Request:
    """What to probe: the name of a bound, the exponent q and the moment order β."""

    bound: str
    q: float
    moment_order: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Probed:
    """The outcome of one probe.

    Attributes
    ----------
    bound, statement : str
        What was probed.
    q, moment_order : float
        Of the moment ``E‖S‖_q^β``.
    verdict : Verdict
        *holds*: the upper end of the interval is at most the bound. *violated*: the e-value against the bound reached
        one over the error rate, and again with a fresh seed and ten times the trials (or the law is known exactly).
    reason : str
        Why it is not applicable or inconclusive.
    bound_value : float or None
        The bound on the moment.
    moment : float or None
        The moment, estimated or exact.
    ratio, ratio_low, ratio_high : float or None
        Moment over bound, with its interval.
    method : str
        How the interval was made.
    trials : int
        Trials behind it; 0 for an exact law.
    log_e_value : float or None
        Logarithm of the e-value against the bound.
    constants : mapping
        What entered the bound.
    witness : mapping or None
        For a violation: what replays it.
    """

    bound: str
    statement: str
    q: float
    moment_order: float
    verdict: Verdict
    reason: str = ""
    bound_value: float | None = None
    moment: float | None = None
    ratio: float | None = None
    ratio_low: float | None = None
    ratio_high: float | None = None
    method: str = ""
    trials: int = 0
    log_e_value: float | None = None
    constants: Mapping[str, Any] = field(default_factory=dict)
    witness: Mapping[str, Any] | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return the record as a table of plain values."""
        return asdict(self) | {"verdict": self.verdict.value}


@dataclass(slots=True)
class _Running:
    """A request that needs samples, with what is known of its law and the interval so far."""

    request: Request
    bound: BoundValue
    functional: Functional
    ceiling: float
    central: CentralMoment | str
    estimate: Estimate | None = None
    statistics: Statistics | None = None
    low: float = 0.0
    high: float = math.inf
    log_e: float = -math.inf

    def look(self, statistics: Statistics, level: float) -> None:
        """Take the interval of a look; those of all looks hold together, so that their intersection does."""
        found = finite_sample_interval(statistics, ceiling=self.ceiling, central=self.central, level=level)
        self.estimate, self.statistics = found, statistics
        self.low, self.high = max(self.low, found.low), min(self.high, found.high)
        self.log_e = max(self.log_e, log_e_value(statistics))

    def is_decided(self, threshold: float) -> bool:
        return self.high <= 1 or self.log_e >= threshold or self.is_refuted_by_one_value

    @property
    def is_refuted_by_one_value(self) -> bool:
        return self.bound.value == 0 and self.statistics is not None and self.statistics.largest > 0


def _looks(trials: int, *, stop_early: bool) -> list[int]:
    """Return the numbers of trials at which the data are looked at: doubling up to all of them."""
    if not stop_early:
        return [trials]
    looks, size = [], _FIRST_LOOK
    while size < trials:
        looks.append(size)
        size *= 2
    return [*looks, trials]


def probe(
    martingale: MatrixMartingale,
    requests: Sequence[Request],
    *,
    trials: int,
    axes: Mapping[str, object],
    n_probes: int | None = None,
    stop_early: bool = False,
    error_rate: float = FALSE_FAILURES,
    undecided: float = UNDECIDED,
    jobs: int = 1,
    progress: Callable[[int], None] | None = None,
    bounds: Mapping[str, ProbedBound] = BOUNDS,
) -> list[Probed]:
    """Return the outcome of every request on one martingale; all of them see the same trials.

    Parameters
    ----------
    martingale : MatrixMartingale
        Also any object with its methods.
    requests : sequence of Request
        Bounds, exponents and orders.
    trials : int
        Number of trials, >= 1; not drawn where the moment is known exactly.
    axes : mapping
        Declares the streams.
    n_probes : int, optional
        Number of probes of the whole run, among which the error rates are divided; those of this call if left out.
    stop_early : bool
        Look at 2048 trials, 4096, … and stop as soon as every request is decided. Look j has the share 1/(j(j+1)) of
        the error of the intervals; the e-value may be looked at as often as one likes.
    error_rate, undecided : float
        Of the whole run: see ``FALSE_FAILURES`` and ``UNDECIDED``.
    jobs : int
        Threads.
    progress : callable, optional
        Called with the number of trials done since the last call.
    bounds : mapping
        Name to bound.
    """
    trials = check_integer("probe", "trials", trials, minimum=1)
    n_probes = check_integer("probe", "n_probes", n_probes or max(1, len(requests)), minimum=1)
    for name, rate in (("error_rate", error_rate), ("undecided", undecided)):
        check_in_interval("probe", name, rate, 0, 1, include_low=False, include_high=False)
    looks = _looks(trials, stop_early=stop_early)
    shares = [1.0] if len(looks) == 1 else [1 / (j * (j + 1)) for j in range(1, len(looks) + 1)]
    levels = [1 - undecided / n_probes * share for share in shares]
    n_groups = groups_for((1 + max(levels)) / 2)
    group_size = max(1, trials // n_groups)
    outcomes: dict[int, Probed] = {}
    running: dict[int, _Running] = {}
    for index, request in enumerate(requests):
        check_choice("probe", "bound", request.bound, bounds)
        found = _without_samples(martingale, request, bounds[request.bound], group_size)
        if isinstance(found, Probed):
            outcomes[index] = found
        else:
            running[index] = found
    if running:
        threshold = math.log(n_probes / error_rate)
        schedule = list(zip(looks, levels, strict=True))
        _sample(martingale, list(running.values()), schedule, n_groups, axes, threshold, jobs, progress)
        for index, one in running.items():
            outcomes[index] = _judged(martingale, one, axes, threshold, jobs)
    return [outcomes[index] for index in range(len(requests))]


def _without_samples(
    martingale: MatrixMartingale, request: Request, probed: ProbedBound, group_size: int
) -> Probed | _Running:
    """Return the outcome where no sample is needed, else what is to be sampled."""
    bound = probed.value(martingale, request.q, request.moment_order)
    outcome = partial(
        Probed, bound=probed.name, statement=probed.statement, q=request.q, moment_order=request.moment_order
    )
    if not bound.is_applicable or bound.value is None:
        return outcome(verdict=Verdict.NOT_APPLICABLE, reason=bound.reason, constants=bound.constants)
    exact = _exact_moment(martingale, request)
    if exact is not None:
        ratio = exact / bound.value if bound.value > 0 else (math.inf if exact > 0 else 0.0)
        is_held = ratio <= 1 + _ROUNDING
        witness = None if is_held else {"moment": exact, "bound": bound.value, "law": "exact"}
        return outcome(
            verdict=Verdict.HOLDS if is_held else Verdict.VIOLATED, bound_value=bound.value, moment=exact,
            ratio=ratio, ratio_low=ratio, ratio_high=ratio, method=exact_law(exact).method, constants=bound.constants,
            witness=witness,
        )  # fmt: skip
    order = request.moment_order
    scale = bound.value ** (1 / order) if bound.value > 0 else 1.0
    ceiling = (martingale.ceiling(request.q) / scale) ** order
    central = central_moment_ceiling(martingale, request.q, order, group_size=group_size)
    if isinstance(central, CentralMoment):
        value = central.value / (scale**order) ** central.order
        central = CentralMoment(central.order, value, central.proof)
    return _Running(request, bound, Functional(request.q, order, scale), ceiling, central)


def _exact_moment(martingale: MatrixMartingale, request: Request) -> float | None:
    """Return the moment where the law gives it; with one row or column all norms agree, and q = 2 is known oftener."""
    exact: float | None = martingale.moment(request.q, request.moment_order)
    if exact is None and min(martingale.shape) == 1:
        exact = martingale.moment(2.0, request.moment_order)
    return exact


def _sample(
    martingale: MatrixMartingale,
    running: Sequence[_Running],
    schedule: Sequence[tuple[int, float]],
    n_groups: int,
    axes: Mapping[str, object],
    threshold: float,
    jobs: int,
    progress: Callable[[int], None] | None,
) -> None:
    """Draw trials up to each look, until all are decided."""
    statistics = None
    for look, level in schedule:
        statistics = stream(
            martingale.factored_sums,
            [one.functional for one in running],
            axes={**axes, "attempt": 0},
            trials=look,
            n_groups=n_groups,
            after=statistics,
            jobs=jobs,
            progress=progress,
        )
        for one, found in zip(running, statistics, strict=True):
            one.look(found, level)
        if all(one.is_decided(threshold) for one in running):
            return


def _judged(
    martingale: MatrixMartingale, one: _Running, axes: Mapping[str, object], threshold: float, jobs: int
) -> Probed:
    """Return the outcome; a suspected violation is tried again with a fresh seed and ten times the trials."""
    estimate, statistics = known(one.estimate, "estimate"), known(one.statistics, "statistics")
    bound_value = known(one.bound.value, "bound")
    witness, verdict, reason = None, Verdict.INCONCLUSIVE, "the interval reaches beyond the bound"
    if one.high <= 1 or (bound_value == 0 and statistics.largest == 0):
        verdict, reason = Verdict.HOLDS, ""
    elif one.log_e >= threshold or one.is_refuted_by_one_value:
        again = stream(
            martingale.factored_sums,
            [one.functional],
            axes={**axes, "attempt": 1},
            trials=CONFIRMATION * statistics.count,
            jobs=jobs,
        )[0]
        is_confirmed = log_e_value(again) >= threshold or (bound_value == 0 and again.largest > 0)
        reason = "a suspected violation was not confirmed with a fresh seed"
        if is_confirmed:
            verdict, reason = Verdict.VIOLATED, ""
            witness = {
                "axes": dict(axes), "bound": one.request.bound, "q": one.request.q,
                "moment_order": one.request.moment_order, "bound_value": bound_value,
                "ratio": statistics.mean, "trials": statistics.count, "log_e_value": one.log_e,
                "ratio_again": again.mean, "trials_again": again.count, "log_e_value_again": log_e_value(again),
            }  # fmt: skip
    # a mean that a heavy tail has thrown out of its own interval is replaced by the interval's nearest end
    ratio = min(max(estimate.value, one.low), one.high)
    bound = bound_value if bound_value > 0 else 1.0
    return Probed(
        bound=one.request.bound, statement=one.bound.statement, q=one.request.q, moment_order=one.request.moment_order,
        verdict=verdict, reason=reason, bound_value=bound_value, moment=ratio * bound, ratio=ratio,
        ratio_low=one.low, ratio_high=one.high, method=estimate.method, trials=statistics.count,
        log_e_value=one.log_e, constants=one.bound.constants, witness=witness,
    )  # fmt: skip
