"""Probes of invariances: one input, and what it becomes by a change that the step has to follow."""

from __future__ import annotations

import numpy as np

from synthetic.seeds import Streams

from ..probe import Probe, one_block

__all__ = ["INVARIANCE_PROBES", "rotation"]


def _probes() -> tuple[Probe, ...]:
    rng = Streams("crosscheck invariances").generator("data")

    def numbers(rows: int, columns: int) -> np.ndarray:
        # odd numbers of five bits: sums of four still have eight
        return (2.0 * rng.integers(-16, 16, size=(rows, columns)) + 1) / 8

    base, second, third = numbers(4, 8), numbers(4, 8), numbers(4, 8)
    bad, endless = second.copy(), second.copy()
    bad[1, 2], endless[1, 2] = np.nan, np.inf

    def probe(name: str, purpose: str, *gradients: np.ndarray, saved_before: int | None = None) -> Probe:
        return Probe(name=f"invariance-{name}", purpose=purpose, start=one_block(np.zeros_like(gradients[0])),
                     gradients=tuple(one_block(g) for g in gradients), saved_before=saved_before)  # fmt: skip

    return (
        probe("base", "what the others are compared with", base),
        probe("again", "the same input once more", base),
        probe("left", "rows rotated", rotation(4) @ base),
        probe("right", "columns rotated", base @ rotation(8)),
        probe("transposed", "the transpose", base.T.copy()),
        probe("padded-rows", "rows of zeros added", np.vstack([base, np.zeros((4, 8))])),
        probe("padded-columns", "columns of zeros added", np.hstack([base, np.zeros((4, 4))])),
        probe("second", "another matrix", second),
        probe("third", "a third one", 4 * third),
        probe("stack", "the three as a stack", np.stack([base, second, 4 * third])),
        probe("continued", "four steps", base, second, third, base),
        probe("restored", "the same with the state written and read back", base, second, third, base, saved_before=2),
        probe("nan", "a step with NaN in one entry", base, bad, third),
        probe("inf", "a step with ∞ in one entry", base, endless, third),
    )


def rotation(n: int) -> np.ndarray:
    """Return an orthogonal matrix with entries 0 and ±1/2: blocks of Hadamard's, so that products are exact."""
    h = np.array([[1, 1, 1, 1], [1, -1, 1, -1], [1, 1, -1, -1], [1, -1, -1, 1]]) / 2
    return np.kron(np.eye(n // 4), h)


INVARIANCE_PROBES: tuple[Probe, ...] = _probes()
"""Their inputs; the two of a step that is not finite cannot be part of a recording."""
