"""Published conventions, named by their project: what a diagnosis is compared with, field by field."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from schattor_theory.checks import check_choice
from schattor_theory.geometry.polynomials import polar_schedule

from .convention import Convention, Decay, EntrywiseMap, Floor, PolynomialMap, PowerMap, Scale
from .momentum import Momentum

__all__ = ["KNOWN", "Known", "Near", "claimed", "differences", "is_scale_free", "nearest"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """A published convention.

    Attributes
    ----------
    name : str
        The project, and the option where one changes the convention.
    source : str
        Version or commit that was read.
    convention : Convention
        With the defaults of the project.
    options : tuple of str
        Dotted fields whose numbers the user of the project chooses.
    """

    name: str
    source: str
    convention: Convention
    options: tuple[str, ...] = ("momentum.beta", "decay.rate")


@dataclass(frozen=True, slots=True)
class Near:
    """A published convention beside a diagnosed one: in which fields they differ, in words."""

    known: Known
    differences: tuple[str, ...]


def _polynomial(name: str, *, times_dual_norm: bool = False) -> PolynomialMap:
    return PolynomialMap(schedule=polar_schedule(name), times_dual_norm=times_dual_norm)


def _ema(beta: float, look_ahead: str = "ema") -> Momentum:
    return Momentum(average="ema", beta=beta, look_ahead=look_ahead)


def _heavy(beta: float, look_ahead: str = "heavy ball") -> Momentum:
    return Momentum(average="heavy ball", beta=beta, look_ahead=look_ahead)


_BF16 = "bfloat16"
_TALLER, _LARGER = Scale(formula="sqrt(max(1, rows/columns))"), Scale(formula="sqrt(max(rows, columns))", factor=0.2)
_KELLER = Convention(
    map=_polynomial("muon"), momentum=_ema(0.95), scale=_TALLER, decay=Decay(form="decoupled", rate=0.0),
    floor=Floor(value=1e-7, form="added"), precision=_BF16,
)  # fmt: skip
_TORCH = replace(_KELLER, floor=Floor(value=1e-7, form="clamped"), decay=Decay(form="decoupled", rate=0.1),
                 stack="refused")  # fmt: skip
_OPTAX = Convention(
    map=_polynomial("muon"),
    momentum=_ema(0.95, "bias corrected"),
    scale=Scale(formula="sqrt(max(1, columns/rows))"),
    decay=Decay(form="decoupled", rate=0.0),
    floor=Floor(value=1e-8, form="added"),
    stack="other",
)
_KERAS = Convention(
    map=_polynomial("muon"), momentum=_heavy(0.95), scale=_LARGER, decay=Decay(form="decoupled", rate=0.004),
    floor=Floor(value=1e-7, form="added"), precision="float32", stack="other",
)  # fmt: skip
_DION = Convention(
    map=_polynomial("polar-express-five"), momentum=_heavy(0.95, "none"), scale=Scale(formula="sqrt(rows/columns)"),
    decay=Decay(form="decoupled", rate=0.01), floor=Floor(value=1e-8, form="added"), precision=_BF16,
)  # fmt: skip
_EMERGING = Convention(
    map=_polynomial("you"), momentum=_ema(0.95, "none"), scale=Scale(formula="sqrt(max(rows, columns))"),
    decay=Decay(form="decoupled", rate=0.01), floor=Floor(value=1e-15, form="clamped"), precision=_BF16,
    stack="refused",
)  # fmt: skip
_SCION = Convention(
    map=_polynomial("muon"), momentum=Momentum(), scale=Scale(formula="sqrt(rows/columns)"),
    decay=Decay(form="decoupled", rate=1.0), floor=Floor(value=1e-7, form="added"), precision=_BF16,
)  # fmt: skip
_FIRST = Momentum(average="first gradient", beta=0.9)
_SCION_OPTIONS = ("momentum.average", "momentum.beta", "scale.factor", "decay.rate")
_OF_OURS = (
    "map.p", "momentum.average", "momentum.beta", "momentum.tau", "momentum.thetas", "momentum.look_ahead",
    "momentum.taus", "decay.form", "decay.rate", "exponents", "radii", "balance", "step_factors",
)  # fmt: skip


def _catalogue() -> tuple[Known, ...]:
    def known(name: str, source: str, convention: Convention, *options: str) -> Known:
        return Known(
            name=name, source=source, convention=convention, options=options or ("momentum.beta", "decay.rate")
        )

    torch, optax = "torch 2.13.0", "optax 0.2.8"
    return (
        known("Keller Jordan's Muon", "KellerJordan/Muon 857d1ad", _KELLER),
        known("torch.optim.Muon", torch, _TORCH),
        known("torch.optim.Muon, match_rms_adamw", torch, replace(_TORCH, scale=_LARGER)),
        known("optax.contrib.muon", optax, _OPTAX),
        known("optax.contrib.muon, dion coefficients", optax, replace(_OPTAX, map=_polynomial("you"))),
        known("optax.contrib.muon, consistent_rms", optax, replace(_OPTAX, scale=_LARGER),
              "momentum.beta", "decay.rate", "scale.factor"),
        known("optax.contrib.muon, adaptive", optax, replace(_OPTAX, map=_polynomial("muon", times_dual_norm=True))),
        known("keras.optimizers.Muon", "keras 3.15.1", _KERAS),
        known("keras.optimizers.Muon, rms_rate None", "keras 3.15.1", replace(_KERAS, scale=Scale())),
        known("Moonlight", "MoonshotAI/Moonlight c2ad5b2",
              replace(_KELLER, momentum=_heavy(0.95), scale=_LARGER, decay=Decay(form="decoupled", rate=0.1),
                      stack="refused")),
        known("pytorch_optimizer.Muon", "pytorch_optimizer 4.1.0",
              replace(_KELLER, floor=Floor(value=1e-7, form="clamped"), stack="flattened")),
        known("pytorch_optimizer.Muon, use_adjusted_lr", "pytorch_optimizer 4.1.0",
              replace(_KELLER, floor=Floor(value=1e-7, form="clamped"), scale=_LARGER, stack="flattened")),
        known("dion Muon", "microsoft/dion 0a059a4", _DION),
        known("dion Muon, rms_norm", "microsoft/dion 0a059a4", replace(_DION, scale=_LARGER)),
        known("Scion, constrained", "LIONS-EPFL/scion f58a393", _SCION, *_SCION_OPTIONS),
        known("Scion, unconstrained", "LIONS-EPFL/scion f58a393", replace(_SCION, decay=Decay()), *_SCION_OPTIONS),
        known("Emerging-Optimizers Muon", "Emerging-Optimizers 0.3.0", _EMERGING),
        known("Emerging-Optimizers PolarGrad", "Emerging-Optimizers 0.3.0",
              replace(_EMERGING, map=_polynomial("polar-express", times_dual_norm=True), scale=Scale(),
                      precision="dtype")),
        known("torch.optim.SGD", torch,
              Convention(map=PowerMap(p=2.0, is_regularized=True), momentum=Momentum(average="heavy ball", beta=0.9),
                         decay=Decay(form="l2")), "momentum.average", "momentum.beta", "momentum.look_ahead",
              "decay.form", "decay.rate"),
        known("Schattor, ball oracle", "this distribution", Convention(map=PowerMap(p=math.inf), momentum=_FIRST),
              *_OF_OURS),
        known("Schattor, regularised oracle", "this distribution",
              Convention(map=PowerMap(p=3.0, is_regularized=True), momentum=_FIRST), *_OF_OURS),
        known("normalised SGD", "the p = 2 ball oracle", Convention(map=PowerMap(p=2.0), momentum=_ema(0.9, "none")),
              "momentum.average", "momentum.beta"),
        known("signSGD", "arXiv:1802.04434", Convention(map=EntrywiseMap(name="sign"))),
        known("Adam", "arXiv:1412.6980", Convention(map=EntrywiseMap(name="adam")), "map.betas", "map.epsilon",
              "decay.form", "decay.rate"),
    )  # fmt: skip


KNOWN: dict[str, Known] = {one.name: one for one in _catalogue()}
"""By name; numbers that a user chooses are options."""


def is_scale_free(convention: Convention) -> bool:
    """Return whether the size of the average does not show in the step, a floor aside."""
    of = convention.map
    if isinstance(of, PowerMap):
        return not of.is_regularized
    return not of.times_dual_norm if isinstance(of, PolynomialMap) else True


def claimed(name: str, diagnosed: Convention | None) -> Convention:
    """Return the convention of a name, with the numbers that are the user's taken from what was diagnosed.

    Raises
    ------
    UnknownNameError
        For a name that is not in ``KNOWN``.
    """
    known = KNOWN[check_choice("crosscheck", "as", name, KNOWN)]
    return known.convention if diagnosed is None else _with_options(known, diagnosed)


def _with_options(known: Known, diagnosed: Convention) -> Convention:
    of = known.convention
    for path in known.options:
        head, _, tail = path.partition(".")
        mine, theirs = getattr(of, head), getattr(diagnosed, head)
        if not tail:
            of = replace(of, **{head: theirs})
        elif tail == "beta" and not 0 <= theirs.beta < 1:
            continue  # plain sums: no option of an average
        elif hasattr(mine, tail) and hasattr(theirs, tail):
            # a number of another form is not an option: the form stays, and its number is a difference
            of = replace(of, **{head: replace(mine, **{tail: getattr(theirs, tail)})})
    if of.momentum.average == "schedule":
        of = replace(of, momentum=replace(of.momentum, thetas=diagnosed.momentum.thetas))
    if of.decay.form == "none" or of.decay.rate == 0 or diagnosed.decay.form == "none":
        is_option = any(path.startswith("decay") for path in known.options)
        of = replace(of, decay=Decay() if diagnosed.decay.form == "none" and is_option else of.decay)
    return of


def differences(convention: Convention, other: Convention) -> tuple[str, ...]:
    """Return in which fields outputs of two conventions differ, as ``field: this one, not that one``.

    Momentum is compared by its weights, up to a factor where the map does not show it.
    """
    found = []
    for name, (is_same, words) in _FIELDS.items():
        if not is_same(convention, other):
            found.append(f"{name}: {words(convention)}, not {words(other)}")
    return tuple(found)


_PRINTED = 1e-9
"""Relative difference of coefficients below which two lists are one, printed to more or fewer digits."""


def _same_map(a: Convention, b: Convention) -> bool:
    if isinstance(a.map, PolynomialMap) and isinstance(b.map, PolynomialMap):
        # rows of a schedule by their values: one of another name may be the same
        rows, others = a.map.schedule.steps, b.map.schedule.steps
        is_alike = len(rows) == len(others) and all(
            len(row) == len(other) and np.allclose(row, other, rtol=_PRINTED, atol=0)
            for row, other in zip(rows, others, strict=True)
        )
        return is_alike and (a.map.schedule.input_margin, a.map.normalisation, a.map.times_dual_norm) == (
            b.map.schedule.input_margin, b.map.normalisation, b.map.times_dual_norm,
        )  # fmt: skip
    return a.map == b.map


def _close_weights(a: Convention, b: Convention, factor: float = 1.0) -> bool:
    """Return whether weights of ``a`` are those of ``b`` times a factor, or times any where the map shows none."""
    is_free = is_scale_free(a) and is_scale_free(b)
    for k in range(4):
        v, w = a.momentum.weights(k), factor * b.momentum.weights(k)
        if is_free:
            v, w = (x / (np.sum(np.abs(x)) or 1.0) for x in (v, w))
        if not np.allclose(v, w, rtol=0.005, atol=0.002):
            return False
    return (a.momentum.average == "recursive") == (b.momentum.average == "recursive")


def _same_product(a: Convention, b: Convention) -> bool:
    """Return whether a factor is in the scale of one and in the weights of the other; the outputs are the same."""
    if is_scale_free(a) or is_scale_free(b) or a.scale.factor == 0:
        return False
    return a.scale.formula == b.scale.formula and _close_weights(a, b, b.scale.factor / a.scale.factor)


def _same_weights(a: Convention, b: Convention) -> bool:
    return _close_weights(a, b) or _same_product(a, b)


def _same_scale(a: Convention, b: Convention) -> bool:
    is_close = math.isclose(a.scale.factor, b.scale.factor, rel_tol=0.01)
    return a.scale.formula == b.scale.formula and (is_close or _same_product(a, b))


def _momentum_words(c: Convention) -> str:
    m = c.momentum
    if m.average == "none":
        return "none"
    ahead = "no look-ahead" if m.look_ahead == "none" else f"look-ahead {m.look_ahead}"
    return f"{m.average}, μ = {m.beta:.4g}, {ahead}"


def _floor_words(c: Convention) -> str:
    return "none" if c.floor.form == "none" else f"{c.floor.value:.2g} {c.floor.form}"


def _decay_words(c: Convention) -> str:
    return "none" if _no_decay(c) else f"{c.decay.form} {c.decay.rate:.4g}{' after the step' if c.decay.after else ''}"


def _no_decay(c: Convention) -> bool:
    return c.decay.form == "none" or c.decay.rate == 0


def _same_decay(a: Convention, b: Convention) -> bool:
    if _no_decay(a) or _no_decay(b):
        return _no_decay(a) == _no_decay(b)
    return (a.decay.form, a.decay.after) == (b.decay.form, b.decay.after) and math.isclose(
        a.decay.rate, b.decay.rate, rel_tol=0.01
    )


def _same_floor(a: Convention, b: Convention) -> bool:
    if "none" in (a.floor.form, b.floor.form):
        # below the range that is probed a floor is not seen
        return max(a.floor.value, b.floor.value) < 1e-12
    return a.floor.form == b.floor.form and abs(math.log10(a.floor.value / b.floor.value)) < 0.2


def _same_blocks(a: Convention, b: Convention) -> bool:
    return (dict(a.exponents), dict(a.radii), a.balance) == (dict(b.exponents), dict(b.radii), b.balance)


_Test = Callable[[Convention, Convention], bool]
_FIELDS: dict[str, tuple[_Test, Callable[[Convention], str]]] = {
    "map": (_same_map, lambda c: c.map.words),
    "momentum": (_same_weights, _momentum_words),
    "scale": (_same_scale, lambda c: c.scale.words),
    "weight decay": (_same_decay, _decay_words),
    "floor": (_same_floor, _floor_words),
    "precision": (lambda a, b: a.precision == b.precision,
                  lambda c: "that of the parameters" if c.precision == "dtype" else c.precision),
    "coefficients": (lambda a, b: a.rounds_coefficients == b.rounds_coefficients,
                     lambda c: "rounded to the precision" if c.rounds_coefficients else "exact"),
    "partition": (lambda a, b: a.partition == b.partition, lambda c: f"{c.partition.count} {c.partition.kind}"),
    "stack": (lambda a, b: a.stack == b.stack, lambda c: c.stack),
    "blocks": (_same_blocks, lambda c: str(dict(c.exponents)) if c.exponents else "none"),
    "step sizes": (lambda a, b: all(math.isclose(a.step_factor(k), b.step_factor(k), rel_tol=1e-3) for k in range(12)),
                   lambda c: "scheduled" if c.step_factors else "constant"),
}  # fmt: skip


def nearest(diagnosed: Convention | None, n: int = 3) -> tuple[Near, ...]:
    """Return the published conventions with the fewest differences, each with its options at the diagnosed numbers."""
    if diagnosed is None:
        return ()
    found = [Near(one, differences(diagnosed, _with_options(one, diagnosed))) for one in KNOWN.values()]
    weight = {"map": 4, "momentum": 2, "scale": 2, "blocks": 4}
    cost = [sum(weight.get(words.partition(":")[0], 1) for words in near.differences) for near in found]
    order = sorted(range(len(found)), key=lambda i: (cost[i], i))
    return tuple(found[i] for i in order[:n])
