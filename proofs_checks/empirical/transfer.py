"""T8: what norms and smoothness become between the Frobenius norm and S_p."""

from __future__ import annotations

import numpy as np

from schattor_theory.bounds import transfer
from schattor_theory.geometry import exponents, schatten
from synthetic.problems import PROBLEMS

from .check import Check, Context, Finding
from .inputs import EXPONENTS, matrices, p_label, random_direction, with_spectrum
from .tally import Tally, rounding

__all__ = ["CHECKS"]


def _norms_transfer(context: Context) -> Finding:
    """``low ‖G‖_F ≤ ‖G‖_q ≤ high ‖G‖_F``, each side with equality on rank one and on equal singular values."""
    tally = Tally(context)
    rng = context.rng(inputs="norms")
    for q in EXPONENTS:
        found = [m for _, m in matrices(context)] + [random_direction(rng, (5, 4)) for _ in range(40)]
        for m in found:
            low, high = transfer.norm_transfer(q, min(m.shape))
            frobenius, norm = float(np.sqrt(np.sum(m * m))), float(schatten.schatten_norm(m, q))
            slack = rounding(*m.shape, operations=2) * (frobenius + norm)
            witness = {"matrix": m, "q": p_label(q)}
            tally.at_most(norm, high * frobenius, slack=slack, witness=witness)
            tally.at_most(low * frobenius, norm, slack=slack, witness=witness)
        for r in (1, 2, 5, 16):
            low, high = transfer.norm_transfer(q, r)
            sides = {"rank one": [1.0] + [0.0] * (r - 1), "equal values": [1.0] * r}
            ratios = []
            for kind, values in sides.items():
                m = with_spectrum(rng, (r, r), values)
                ratios.append(float(schatten.schatten_norm(m, q)) / float(np.sqrt(np.sum(m * m))))
                witness = {"q": p_label(q), "r": r, "equality": kind}
            slack = rounding(r, operations=8) * high
            tally.equal([min(ratios), max(ratios)], [low, high], slack=slack, witness=witness)
    return tally.finding("Norms transfer by r^{1/q-1/2}, and both sides are attained.")


def _smoothness_transfers(context: Context) -> Finding:
    """An L-smooth objective in Frobenius norm is ``r^{1-2/p}L``-smooth in S_p, with equality for ``½‖X‖_F²``."""
    tally = Tally(context)
    for p in EXPONENTS:
        geometry = schatten.SchattenGeometry(p)
        for shape in ((4, 4), (3, 7), (1, 5)):
            r, rng = min(shape), context.rng(inputs="pairs", p=p, shape=list(shape))
            factor = transfer.smoothness_transfer(p, r)
            options = {"left": "power", "right": "power", "rotated": True}
            f = PROBLEMS["quadratic"].build(shape, 2, initial_gap=None, rng=rng, **options)
            x, y = rng.standard_normal((2, 40, *shape))
            change = np.asarray(geometry.dual_norm(f.gradient(x) - f.gradient(y))) / np.asarray(geometry.norm(x - y))
            slack = rounding(*shape, operations=8) * factor
            witness = {"p": p_label(p), "shape": shape}
            tally.at_most(change, factor * f.smoothness(2), slack=slack, witness=witness)
            # ½‖X‖_F² along equal singular values (p >= 2) or along rank one (p < 2)
            values = [1.0] * r if p >= 2 else [1.0] + [0.0] * (r - 1)
            d = with_spectrum(rng, shape, values)
            attained = float(schatten.schatten_norm(d, exponents.dual_exponent(p))) / float(geometry.norm(d))
            tally.equal(attained, factor, slack=slack, witness=witness | {"claim": "attained"})
    return tally.finding("Frobenius smoothness grows by r^{1-2/p} in S_p, and the factor is attained.")


def _factor_is_that_of_the_norms(context: Context) -> Finding:
    """``r^{1-2/p}`` put together from ``‖G‖_q ≤ a‖G‖_F`` and ``‖D‖_F ≤ ‖D‖_p/b``, a and b from power means."""
    tally = Tally(context)
    for p in EXPONENTS:
        q = exponents.dual_exponent(p)
        for r in (1, 2, 7, 64):
            equal = np.ones(r)
            # the largest ratio of two l_e norms is attained by one entry or by equal entries
            ends = {
                e: [float(np.linalg.norm(v, e)) / float(np.linalg.norm(v)) for v in (np.eye(r)[0], equal)]
                for e in (p, q)
            }
            together = max(ends[q]) / min(ends[p])
            witness = {"p": p_label(p), "r": r}
            slack = rounding(r, operations=8) * together
            tally.equal(transfer.smoothness_transfer(p, r), together, slack=slack, witness=witness)
            low, high = transfer.norm_transfer(q, r)
            tally.equal([low, high], sorted(ends[q]), slack=slack, witness=witness | {"claim": "norms"})
    return tally.finding("The factor of the smoothness is the product of the factors of the norms.")


CHECKS = (
    Check(
        statement="T8",
        name="norms_transfer_with_both_sides_attained",
        kind="inequality",
        function=_norms_transfer,
    ),
    Check(
        statement="T8",
        name="smoothness_transfers_with_equality",
        kind="adversarial",
        function=_smoothness_transfers,
    ),
    Check(
        statement="T8",
        name="smoothness_factor_is_that_of_the_norms",
        kind="derivation",
        function=_factor_is_that_of_the_norms,
        is_random=False,
    ),
)
