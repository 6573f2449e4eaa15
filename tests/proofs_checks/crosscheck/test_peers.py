"""Other people's optimizers are named from their outputs alone, under their own name and under another one."""

from __future__ import annotations

import functools
import importlib.util
from dataclasses import dataclass, field
from typing import Any

import pytest

from proofs_checks.crosscheck.crosscheck import CrossCheck, crosscheck
from proofs_checks.crosscheck.observe import observe
from tests.proofs_checks.crosscheck.peers import PEERS, Peer

pytestmark = pytest.mark.peers


@dataclass(frozen=True, kw_only=True)
class Named:
    """A target with options, and fields of the convention that its project documents."""

    spec: str
    fields: dict[str, Any]
    options: dict[str, Any] = field(default_factory=dict)
    outcome: str = "conforms"

    @property
    def label(self) -> str:
        options = ", ".join(f"{name}={value}" for name, value in self.options.items())
        return f"{self.spec} {options}".strip()


MUON = {"map.schedule.name": "muon", "map.schedule.n_steps": 5, "map.normalisation": "frobenius", "momentum.beta": 0.95}
TALLER, WIDER = "sqrt(max(1, rows/columns))", "sqrt(max(1, columns/rows))"
TORCH = MUON | {
    "momentum.look_ahead": "ema", "scale.formula": TALLER, "scale.factor": 1.0, "decay.form": "decoupled",
    "decay.rate": 0.1, "precision": "bfloat16", "stack": "refused",
}  # fmt: skip
OPTAX = MUON | {
    "momentum.average": "ema", "momentum.look_ahead": "bias corrected", "scale.formula": WIDER, "scale.factor": 1.0,
    "decay.form": "none", "precision": "dtype", "floor.value": 1e-8, "floor.form": "added",
}  # fmt: skip
KERAS = MUON | {
    "scale.formula": "sqrt(max(rows, columns))", "scale.factor": 0.2, "decay.form": "decoupled", "decay.rate": 0.004,
    "floor.value": 1e-7, "floor.form": "added",
}  # fmt: skip
KOZISTR = TORCH | {"decay.form": "none", "decay.rate": 0.0, "stack": "flattened"}
KELLER = TORCH | {"decay.form": "none", "decay.rate": 0.0, "stack": "slices"}
LARGER = {"scale.formula": "sqrt(max(rows, columns))", "scale.factor": 0.2}

DEFAULTS = {
    "torch": Named(spec="torch.optim:Muon", fields=TORCH),
    "optax": Named(spec="optax.contrib:muon", fields=OPTAX),
    "keras": Named(spec="keras.optimizers:Muon", fields=KERAS),
    "pytorch-optimizer": Named(spec="pytorch_optimizer:Muon", fields=KOZISTR),
    "muon-optimizer": Named(spec="muon:SingleDeviceMuon", fields=KELLER),
}
OTHERS = (
    Named(spec="torch.optim:Muon", options={"adjust_lr_fn": "match_rms_adamw"}, fields=TORCH | LARGER),
    Named(spec="torch.optim:Muon", options={"nesterov": False, "weight_decay": 0.0, "momentum": 0.9},
          fields={"momentum.look_ahead": "none", "momentum.beta": 0.9, "decay.form": "none"}),
    Named(spec="torch.optim:Muon", options={"ns_coefficients": (1.875, -1.25, 0.375), "ns_steps": 9},
          fields={"map.schedule.name": "newton-schulz-quintic", "map.schedule.n_steps": 9}),
    Named(spec="optax.contrib:muon", options={"ns_coeffs": "dion"}, fields=OPTAX | {"map.schedule.name": "you"}),
    Named(spec="optax.contrib:muon", options={"nesterov": False, "beta": 0.9, "weight_decay": 0.125},
          fields={"momentum.look_ahead": "none", "decay.form": "decoupled", "decay.rate": 0.125}),
    Named(spec="optax.contrib:muon", options={"adaptive": True}, fields={"map.times_dual_norm": True}),
    Named(spec="optax.contrib:muon", options={"consistent_rms": 0.2}, fields=LARGER),
    Named(spec="keras.optimizers:Muon", options={"rms_rate": None},
          fields=KERAS | {"scale.formula": "1", "scale.factor": 1.0}),
    Named(spec="pytorch_optimizer:Muon", options={"use_adjusted_lr": True}, fields=KOZISTR | LARGER),
    Named(spec="torch.optim:SGD", options={"momentum": 0.9, "nesterov": True, "weight_decay": 0.125},
          fields={"map.p": 2.0, "map.is_regularized": True, "momentum.average": "heavy ball",
                  "momentum.look_ahead": "heavy ball", "decay.form": "l2", "decay.rate": 0.125}),
    Named(spec="torch.optim:Adam", fields={"map.name": "adam", "map.betas": (0.9, 0.999)}),
    Named(spec="optax:adam", options={"b1": 0.8, "b2": 0.99}, fields={"map.name": "adam", "map.betas": (0.8, 0.99)}),
    Named(spec="optax:sgd", fields={"map.p": 2.0, "map.is_regularized": True, "momentum.average": "none"}),
    Named(spec="optax:sign_sgd", fields={"map.name": "sign"}),
)  # fmt: skip


@functools.cache
def checked(spec: str, options: tuple = ()) -> CrossCheck:
    module = spec.partition(":")[0].partition(".")[0]
    if not spec.startswith("/") and importlib.util.find_spec(module) is None:
        pytest.skip(f"{module} is not installed")
    with observe(spec, options=dict(options)) as observer:
        return crosscheck(observer)


def value(result: CrossCheck, path: str) -> Any:
    found: Any = None if result.diagnosis is None else result.diagnosis.convention
    for name in path.split("."):
        found = getattr(found, name, None)
    return found


def check(result: CrossCheck, named: Named) -> None:
    assert result.outcome == named.outcome, result.words
    near = {path: pytest.approx(right, rel=0.02) if isinstance(right, float | tuple) else right
            for path, right in named.fields.items()}  # fmt: skip
    wrong = {path: value(result, path) for path, right in near.items() if value(result, path) != right}
    assert wrong == {}


def skip_if_missing(peer: Peer) -> None:
    if peer.missing:
        pytest.skip(peer.missing)


@pytest.mark.slow
@pytest.mark.parametrize("peer", PEERS, ids=lambda peer: peer.name)
def test_a_peer_is_named(peer: Peer) -> None:
    skip_if_missing(peer)
    check(checked(peer.spec), DEFAULTS[peer.name])


@pytest.mark.slow
@pytest.mark.parametrize("peer", PEERS, ids=lambda peer: peer.name)
def test_a_peer_under_another_name_gets_the_same_answer(peer: Peer) -> None:
    skip_if_missing(peer)
    one, other = checked(peer.spec), checked(peer.disguised)
    assert one.diagnosis is not None
    assert other.diagnosis == one.diagnosis
    assert other.outcome == one.outcome


@pytest.mark.slow
@pytest.mark.parametrize("named", OTHERS, ids=lambda named: named.label)
def test_options_of_a_peer_are_named(named: Named) -> None:
    check(checked(named.spec, tuple(named.options.items())), named)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "low", "high"),
    # source: measured with these releases: the same polynomial in float64 is about 4e-7 and 1e-2 away
    [("optax", 1e-7, 2e-6), ("keras", 1e-7, 2e-6), ("torch", 3e-3, 3e-2), ("pytorch-optimizer", 3e-3, 3e-2),
     ("muon-optimizer", 3e-3, 1e-1)],
)  # fmt: skip
def test_a_peer_is_as_far_from_float64_as_its_precision(name: str, low: float, high: float) -> None:
    peer = next(one for one in PEERS if one.name == name)
    skip_if_missing(peer)
    result = checked(peer.spec)
    assert result.verdict is not None
    assert low < result.verdict.typical("direction") < high


@pytest.mark.slow
@pytest.mark.parametrize("peer", PEERS, ids=lambda peer: peer.name)
def test_a_peer_is_not_what_another_one_is(peer: Peer) -> None:
    skip_if_missing(peer)
    with observe(peer.spec) as observer:
        claim = "optax.contrib.muon" if peer.name != "optax" else "torch.optim.Muon"
        assert crosscheck(observer, claim=claim).outcome == "differs"
