"""Planted errors for the checks against worst cases: a constant too small, a witness or a root that is not the one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from proofs_checks.adversarial import witness as witnesses
from proofs_checks.rigorous import scalar_constant
from schattor_theory.bounds import martingale
from tests.proofs_checks.empirical.planted import Planted, times

__all__ = ["WITNESSES"]


def _one_digit_more(right: Callable) -> Callable:
    def loaded() -> tuple[Any, ...]:
        first, *others = right()
        return (replace(first, certified=first.certified[:-1] + str((int(first.certified[-1]) + 1) % 10)), *others)

    return loaded


def _larger(right: Callable) -> Callable:
    def constant(*a: Any, **k: Any) -> Any:
        found = right(*a, **k)
        return found._replace(constant=found.constant * 1.03)

    return constant


WITNESSES: tuple[Planted, ...] = (
    Planted("scalar_constant_is_enclosed", "1e-12 more", martingale, "scalar_best_constant", times(1 + 1e-12)),
    Planted("scalar_constant_is_enclosed", "1 % less", martingale, "scalar_best_constant", times(0.99)),
    Planted("witnesses_replay_below_the_proved_constant", "10 %", martingale, "martingale_constant", times(0.9)),
    Planted("witnesses_replay_below_the_proved_constant", "last digit", witnesses, "load_witnesses", _one_digit_more),
    Planted(
        "worst_case_search_finds_nothing_above_the_constant", "10 %", martingale, "martingale_constant", times(0.9)
    ),
    Planted("short_martingales_stay_below_the_constant", "30 %", martingale, "martingale_constant", times(0.7)),
    Planted("scalar_constant_fails_beyond_two", "3 % more", scalar_constant, "scalar_constant", _larger),
)
