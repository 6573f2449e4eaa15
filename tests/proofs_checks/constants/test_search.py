"""The live search: every size is tried, known ends are left out, and what it keeps is what counts."""

from __future__ import annotations

from fractions import Fraction

import pytest

from proofs_checks.constants import search
from proofs_checks.constants.bracket import bracket_of
from proofs_checks.constants.search import search_all
from proofs_checks.rigorous.balls import Decision


def test_the_ends_of_the_range_are_not_searched() -> None:
    assert search_all([Fraction(1), Fraction(2)], 1.0) == {}


@pytest.mark.slow
def test_a_short_search_finds_the_scalar_optimum_and_a_witness_below_it(monkeypatch) -> None:
    monkeypatch.setattr(search, "_SHAPES", (((2, 2), "real"),))
    told = []
    q = Fraction(3, 2)
    found = search_all([q], 0.5, tell=lambda what, over: told.append((what, over)))[q]
    assert not found.is_too_weak
    assert told[0][0] == "q = 3/2, 2×2 real"
    bracket = bracket_of(q, 12, found.witnesses)
    assert bracket.matrix_witness is not None
    assert bracket.beats_scalar is not Decision.PROVED
    assert bracket.exceeds_upper is Decision.REFUTED


def test_a_search_that_misses_the_scalar_optimum_is_too_weak() -> None:
    class Weak:
        is_too_weak = True

    assert search.Found(Fraction(3, 2), (Weak(),), ()).is_too_weak


def test_an_interrupted_search_keeps_what_it_found(monkeypatch) -> None:
    ran = []

    class Result:
        is_too_weak = False

        def witness(self, command):
            return type("Of", (), {"commutes": False})()

    def one_step(q, shape, **options):
        if len(ran) == 4:
            raise KeyboardInterrupt
        ran.append(q)
        return Result()

    monkeypatch.setattr(search, "search_one_step", one_step)
    first, second, third = (Fraction(k, 10) for k in (12, 14, 16))
    found = search_all([first, second, third], 1e6)
    assert {q: (len(one.free), len(one.witnesses), one.is_cut) for q, one in found.items()} == {
        first: (1, 2, True),
        second: (1, 2, True),
        third: (0, 0, True),
    }
    assert found[third].is_too_weak
    assert not found[first].is_too_weak
