"""Branch and bound: proves, refutes, gives up in words, and refuses boxes that are none."""

from __future__ import annotations

from fractions import Fraction

import pytest

from proofs_checks.rigorous.balls import Decision, exact, less, positive
from proofs_checks.rigorous.boxes import prove_on_box
from schattor_theory.errors import ParameterError


def test_proves_what_one_ball_cannot_decide() -> None:
    def condition(x):
        return less(x * (1 - x), "0.251")

    whole = prove_on_box(condition, [(0, 1)], most_pieces=1)
    assert whole.decision is Decision.UNDECIDED
    cover = prove_on_box(condition, [(0, 1)])
    assert cover.decision is Decision.PROVED
    assert cover.piece is None


def test_refutes_a_claim_that_fails_on_a_small_part() -> None:
    cover = prove_on_box(lambda x, y: positive(x**2 + y**2 - exact("1/100")), [(-1, 1), (-1, 1)])
    assert cover.decision is Decision.REFUTED
    assert all(abs(low) <= 1 and abs(high) <= 1 for low, high in cover.piece)
    assert "refuted in" in cover.words


def test_an_equality_is_never_proved_as_strict() -> None:
    cover = prove_on_box(lambda x: positive(x), [(0, 1)], most_pieces=200)
    assert cover.decision is Decision.UNDECIDED
    assert cover.words.startswith("undecided in")


def test_the_ends_are_exact() -> None:
    seen = []

    def condition(x):
        seen.append(x)
        return Decision.PROVED

    prove_on_box(condition, [("1/3", "1/3")])
    assert seen[0].overlaps(exact(Fraction(1, 3)))


@pytest.mark.parametrize("box", [[], [(1, 0)]])
def test_refuses_a_box_that_is_none(box) -> None:
    with pytest.raises(ParameterError, match=r"prove_on_box: box must have sides whose low end is not above the high"):
        prove_on_box(lambda *_: Decision.PROVED, box)


def test_the_parts_of_a_proof_are_kept_when_asked_for_and_fill_the_box() -> None:
    def condition(x, y):
        return less(x * (1 - x) + y, "0.8")

    box = [(0, 1), (0, "1/2")]
    assert prove_on_box(condition, box).parts == ()
    parts = prove_on_box(condition, box, keep_parts=True).parts
    assert len(parts) > 1
    assert sum((b - a) * (d - c) for (a, b), (c, d) in parts) == Fraction(1, 2)
    assert list(parts) == sorted(parts)
    refuted = prove_on_box(lambda x, y: less(x, "1/2"), box, keep_parts=True)
    assert refuted.decision is Decision.REFUTED
    assert refuted.parts == ()
