"""Probes of one step: from zero parameters, so that weight decay shows nothing, with matrices of every kind.

Entries have at most eight significant bits, exact in bfloat16, float32 and float64. Shapes are few: some libraries
compile a program for each.
"""

from __future__ import annotations

import numpy as np

from synthetic.seeds import Streams

from ..probe import Probe, one_block

__all__ = ["PRECISION_PROBES", "SINGLE", "SWEEP", "short", "single_probes"]

SWEEP = (-100, -80, -64, -52, -44, -36, -32, -28, -24, -20, -17, -14, -11, -8, -4, 0, 4, 10, 14, 24, 40, 60, 80, 100)
"""Powers of two that one gradient is multiplied by."""

PRECISION_PROBES = (
    "square", "square graded", "tall", "wide", "narrow", "broad", "leading", "large", "ill-conditioned",
)  # fmt: skip
"""Names of the probes to repeat in float64: what is lost there was lost inside."""


def short(x: np.ndarray) -> np.ndarray:
    """Return ``x`` rounded to eight significant bits."""
    mantissa, exponent = np.frexp(x)
    return np.ldexp(np.round(mantissa * 256) / 256, exponent)


def single_probes(seed: object = 0) -> tuple[Probe, ...]:
    """Return the probes of one step; another seed gives other matrices of the same kinds and the same names.

    Examples
    --------
    >>> len({one.name for one in single_probes()}) == len(single_probes())
    True
    """
    rng = Streams({"crosscheck": "single", "seed": seed}).generator("data")

    def normal(*shape: int) -> np.ndarray:
        return short(4 * rng.standard_normal(shape))

    def graded(rows: int, columns: int, least: int) -> np.ndarray:
        # singular values spread from 1 to about 2^least, entries still short
        powers = np.round(np.linspace(0, least, min(rows, columns))).astype(int)
        x = normal(rows, columns)
        return np.ldexp(x, powers[:, None]) if rows <= columns else np.ldexp(x, powers[None, :])

    def leading(rows: int, columns: int) -> np.ndarray:
        # one singular value far above the others, as gradients have it
        left, right = rng.choice([-4.0, -2.0, 2.0, 4.0], rows), rng.choice([-2.0, -1.0, 1.0, 2.0], columns)
        return short(np.outer(left, right) + 0.5 * rng.standard_normal((rows, columns)))

    matrices: list[tuple[str, str, np.ndarray]] = []

    def add(name: str, purpose: str, matrix: np.ndarray) -> None:
        matrices.append((name, purpose, matrix))

    spectrum, shape, edge = "the map of singular values", "the factor by shape, and the axes", "an input at the edge"
    base = normal(6, 4)
    tall, square = normal(12, 6), normal(8, 8)
    add("square", spectrum, square)
    add("square again", spectrum, normal(8, 8))
    add("square graded", spectrum, graded(8, 8, -6))
    add("leading", spectrum, leading(8, 8))
    add("tall", shape, tall)
    add("tall again", shape, normal(12, 6))
    add("tall graded", spectrum, graded(12, 6, -8))
    add("wide", shape, tall.T.copy())
    add("wide again", shape, normal(6, 12))
    add("wide graded", spectrum, graded(6, 12, -8))
    add("wide leading", spectrum, leading(6, 12))
    add("narrow", shape, normal(16, 4))
    add("broad", shape, normal(4, 16))
    add("large", shape, normal(32, 64))
    add("ill-conditioned", edge, graded(8, 8, -14))
    add("zero", edge, np.zeros((6, 4)))
    add("rank one", edge, np.outer([1.0, -2.0, 3.0, 1.0, 2.0, -1.0], [2.0, -1.0, 1.0, 3.0]))
    add(
        "rank two",
        edge,
        np.outer([1.0, 2, 0, -1, 1, 3], [1.0, 0, 2, 1]) + np.outer([2.0, -1, 1, 0, 1, 1], [0, 3, 1, -1]),
    )
    signs = np.array([[1.0, 1.0], [1.0, -1.0]])
    add("ties", edge, 4.0 * np.kron(np.kron(signs, signs), signs))
    add("two ties", edge, np.diag([8.0, -8.0, 8.0, 2.0, 2.0, -2.0, 2.0, 2.0]))
    add("one row", edge, normal(1, 8))
    add("one column", edge, normal(8, 1))
    add("one entry", edge, np.array([[-3.0]]))
    add("zero rows", edge, np.vstack([base, np.zeros((10, 4))]))
    add("slices", "what becomes of a stack", np.stack([normal(6, 4), 4 * normal(6, 4), normal(6, 4)]))
    for power in SWEEP:
        add(f"times 2^{power}", "the floor of a division, and overflow", np.ldexp(base, power))
    probes = [Probe(name=name, purpose=why, start=one_block(np.zeros_like(g)), gradients=(one_block(g),))
              for name, why, g in matrices]  # fmt: skip
    moved = Probe(name="away from zero", purpose="whether the step depends on the parameters",
                  start=one_block(normal(6, 4)), gradients=(one_block(base),))  # fmt: skip
    k = normal(4, 24).reshape(4, 3, 2, 4)
    kernel = Probe(name="kernel", purpose="what becomes of the kernel of a convolution, of four axes",
                   start=one_block(np.zeros_like(k)), gradients=(one_block(k),))  # fmt: skip
    return (*probes, moved, kernel)


SINGLE: tuple[Probe, ...] = single_probes()
