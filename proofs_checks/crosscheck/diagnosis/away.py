"""Away: whether a step depends on the parameters, by more than weight decay."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..finding import Finding
from ..probe import ONE, Run

__all__ = ["away_finding"]

_CLEAR = 0.05
"""Share of a step that the coarsest arithmetic may leave."""


def away_finding(runs: Sequence[Run], decay: str) -> Finding | None:
    """Return what is wrong where a gradient moves other parameters than zero in another way; None where nothing is.

    Parameters
    ----------
    runs : sequence of Run
        With one gradient at zero and at other parameters.
    decay : str
        The form of weight decay found; "l2" and "cautious" explain another step.
    """
    at_zero: dict[bytes, np.ndarray] = {}
    away = []
    for run in runs:
        if run.probe.n_steps != 1 or set(run.probe.shapes) != {ONE} or not run.parameters or not run.is_ok:
            continue
        gradient, start, update = run.probe.gradients[0][ONE], run.probe.start[ONE], np.asarray(run.update(0))
        if gradient.ndim != 2 or not np.any(gradient) or not np.all(np.isfinite(update)):
            continue
        key = run.dtype.encode() + repr(gradient.shape).encode() + np.asarray(gradient, dtype=float).tobytes()
        if np.any(start):
            away.append((key, run.probe.name, start, update))
        elif run.probe.step_size == 1 or not run.knows_step_size:
            at_zero.setdefault(key, update)
    for key, name, start, update in away:
        usual = at_zero.get(key)
        if usual is None or decay in ("l2", "cautious") or not np.any(usual):
            continue
        design = np.column_stack([usual.ravel(), start.ravel()])
        (factor, _), *_ = np.linalg.lstsq(design, update.ravel(), rcond=None)
        left = float(np.linalg.norm(update.ravel() - design @ np.linalg.lstsq(design, update.ravel(), rcond=None)[0]))
        share = left / float(np.linalg.norm(usual)) / max(abs(factor), 1e-3)
        if share > _CLEAR:
            return Finding(
                property="activity",
                value="the step depends on the parameters, by more than weight decay",
                evidence=f"At '{name}' {share:.2g} of the step is neither that at zero nor along the parameters.",
            )
        if abs(factor - 1) > _CLEAR:
            return Finding(
                property="activity",
                value="the length of the step depends on the parameters, as a trust ratio does",
                evidence=f"At '{name}' the step is {factor:.4g} times that at zero parameters, for the same gradient.",
            )
    return None
