"""The scalar inequality for every t: bounds that are bounds, a proof, and refutations of margins that are too large."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from flint import arb

from proofs_checks.rigorous import von_bahr_esseen as proof
from proofs_checks.rigorous.balls import Decision, at_most, exact, positive
from proofs_checks.rigorous.checker import check_content
from proofs_checks.rigorous.von_bahr_esseen import MARGIN, NEAR_ONE, REGIONS, gap, near_one_bound, prove_region, slope
from schattor_theory.errors import ParameterError
from tests.joined import every

BOXES = [
    ((Fraction(0), Fraction(1, 8)), (Fraction(0), Fraction(1, 4))),
    ((Fraction(1, 4), Fraction(5, 16)), (Fraction(1, 2), Fraction(3, 4))),
    ((Fraction(3, 8), Fraction(1)), (Fraction(3, 4), Fraction(1))),
    ((Fraction(63, 64), Fraction(1)), (Fraction(0), Fraction(1))),
]


def inside(region, box):
    """Return the box with its second side as a part of the region's range of q."""
    low, high = region.q_range
    return (box[0], tuple(low + (high - low) * y for y in box[1]))


@pytest.mark.parametrize("region", REGIONS, ids=lambda region: region.name)
def test_every_region_is_proved(region) -> None:
    cover = prove_region(region)
    assert cover.decision is Decision.PROVED, cover.words
    assert all(positive(region.bound_on(piece)) is Decision.PROVED for piece in cover.parts)


@every("region", REGIONS, ids=lambda region: region.name)
@every("box", BOXES)
def test_the_bound_on_a_box_is_at_most_what_it_bounds(region, box) -> None:
    box = inside(region, box)
    least = region.bound_on(box)
    quantity = gap if region.words == "the gap itself" else slope
    (x1, x2), (q1, q2) = box
    for u in (0, Fraction(1, 3), Fraction(1, 2), 1):
        for v in (0, Fraction(1, 2), 1):
            x, q = x1 + u * (x2 - x1), q1 + v * (q2 - q1)
            if 0 < x < 1:
                assert at_most(least, quantity(exact(x), exact(q), side=region.side)) is Decision.PROVED


def test_gap_and_slope_are_those_of_the_inequality() -> None:
    for t in (-7.0, -1.5, -1.001, 1.2, 30.0):
        for q in (1.05, 1.4, 1.9):
            x, side = 1 / abs(t), int(np.sign(t))
            constant = 2 ** (2 - q) - float(MARGIN) * (2 - q) * (q - 1)
            want = (1 + q * t + constant * abs(t) ** q - abs(1 + t) ** q) / abs(t) ** q
            assert float(gap(arb(x), arb(q), side=side)) == pytest.approx(want, abs=1e-13)
            step = 1e-5
            down = float(gap(arb(x), arb(q + step), side=side)) - float(gap(arb(x), arb(q - step), side=side))
            assert float(slope(arb(x), arb(q), side=side)) == pytest.approx(-down / (2 * step), abs=1e-8)


def test_the_lemma_near_one_bounds_the_gap() -> None:
    for q in (1.0, 1.001, 1.02, float(NEAR_ONE)):
        # H at the last ε times any smaller one is at most the gap there
        least = (q - 1) * float(near_one_bound())
        values = [float(gap(arb(x), arb(q))) for x in np.geomspace(1e-30, 1, 200)]
        assert min(values) >= least - 1e-12


def test_the_lemma_near_zero_bounds_the_power() -> None:
    for q in (1.0, 1.3, 1.77, 2.0):
        t = np.linspace(-1, 1, 401)
        assert np.all(np.abs(1 + t) ** q <= 1 + q * t + np.abs(t) ** q + 1e-15)


@pytest.mark.parametrize(("margin", "outcome"), [("1/6", "proved"), ("0.1695", "refuted"), ("1/5", "refuted")])
def test_a_margin_above_the_best_one_is_refuted(margin, outcome) -> None:
    found = [prove_region(region, Fraction(margin)).decision.value for region in REGIONS]
    assert found[1] == outcome
    assert found[2] == "proved"


def test_the_inequality_with_a_smaller_base_is_refuted(monkeypatch) -> None:
    real = proof.power

    def power(x, exponent):
        return real(exact("1.9") if x == 2 else x, exponent)

    monkeypatch.setattr(proof, "power", power)
    assert prove_region(REGIONS[0], Fraction(0)).decision is Decision.PROVED  # C_q leaves room in the middle
    monkeypatch.setattr(proof, "power", lambda x, e: real(exact("1.7") if x == 2 else x, e))
    cover = prove_region(REGIONS[0], Fraction(0))
    assert cover.decision is Decision.REFUTED
    assert cover.piece is not None


def test_too_few_pieces_leave_it_undecided() -> None:
    assert prove_region(REGIONS[1], most_pieces=50).decision is Decision.UNDECIDED


def test_no_certificate_comes_of_a_region_that_is_not_proved() -> None:
    covers = {region.name: prove_region(region) for region in REGIONS}
    covers[REGIONS[1].name] = prove_region(REGIONS[1], most_pieces=50)
    with pytest.raises(ParameterError, match="certificate: covers must be proofs of every region, got covers='t <= -1"):
        proof.certificate(covers)


def test_another_margin_makes_another_certificate() -> None:
    content = proof.certificate(margin=Fraction(1, 8))
    assert content["claim"]["margin"] == "1/8"
    assert check_content(content).pieces < check_content(proof.certificate()).pieces
