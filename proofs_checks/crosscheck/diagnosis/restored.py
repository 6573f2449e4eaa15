"""State written and read back: whether the steps go on as if nothing had happened."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..finding import Finding
from ..probe import Run
from .series import finite_steps, stored_unit

__all__ = ["restored_finding"]


def restored_finding(runs: Sequence[Run]) -> Finding | None:
    """Return a fault where a run with a pause differs from the same run without; None where it does not, or no pair."""
    for paused in runs:
        place = paused.probe.saved_before
        if place is None:
            continue
        whole = next((run for run in runs if _is_same(run, paused)), None)
        if whole is None or finite_steps(whole) <= place:
            continue
        if finite_steps(paused) <= place:
            return Finding(
                property="momentum",
                value="not restored: the steps after the pause fail",
                is_fault=True,
                evidence=f"State read back before step {place}: {paused.status} ({paused.probe.name}).",
            )
        for name in paused.probe.start:
            for k in range(place, min(finite_steps(paused), finite_steps(whole))):
                a, b = paused.update(k, name), whole.update(k, name)
                size = float(np.linalg.norm(b))
                allowed = 16 * stored_unit(whole) * max(float(np.linalg.norm(whole.parameters[k][name])), size)
                apart = float(np.linalg.norm(a - b))
                before = max((float(np.linalg.norm(paused.update(j, name) - whole.update(j, name)))
                              for j in range(place)), default=0.0)  # fmt: skip
                if apart > max(allowed, 8 * before):
                    evidence = (f"Step {k} with the state written and read back before step {place} differs by "
                                f"{apart / max(size, 1e-300):.2g} of its length from the run without "
                                f"({paused.probe.name}).")  # fmt: skip
                    return Finding(property="momentum", value="state lost: not restored after it was saved",
                                   evidence=evidence, is_fault=True)  # fmt: skip
    return None


def _is_same(run: Run, paused: Run) -> bool:
    """Return whether a run has no pause and begins with the same inputs."""
    one, other = run.probe, paused.probe
    if one.saved_before is not None or run.dtype != paused.dtype or one.n_steps < other.n_steps:
        return False
    if one.shapes != other.shapes or one.step_size != other.step_size:
        return False
    starts = all(np.array_equal(one.start[name], other.start[name]) for name in one.start)
    return starts and all(np.array_equal(one.gradients[k][name], other.gradients[k][name])
                          for k in range(other.n_steps) for name in one.start)  # fmt: skip
