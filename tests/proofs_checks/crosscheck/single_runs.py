"""Runs of the probes of one step, by a function of the gradient or by a convention with rounding errors."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from proofs_checks.crosscheck.convention import UNIT_ROUNDOFF, Convention
from proofs_checks.crosscheck.diagnosis import single_step
from proofs_checks.crosscheck.finding import Finding
from proofs_checks.crosscheck.probe import ONE, Probe, Run
from proofs_checks.crosscheck.probes.single import PRECISION_PROBES, SINGLE
from proofs_checks.crosscheck.reference import reference_parameters
from proofs_checks.crosscheck.rounding import Rounding
from synthetic.seeds import Streams

PRECISE = tuple(one for one in SINGLE if one.name in PRECISION_PROBES)


def runs_by(update: Callable[[np.ndarray], np.ndarray], probes: Sequence[Probe] = SINGLE) -> list[Run]:
    """Return runs in float32 of ``X <- X - η update(G)``; what it raises is the status."""
    runs = []
    for probe in probes:
        try:
            with np.errstate(all="ignore"):
                g = probe.gradients[0][ONE].astype(np.float32)
                after = probe.start[ONE] - probe.step_size * np.asarray(update(g), dtype=np.float32).astype(float)
            parameters, status = ({ONE: after},), "ok"
        except ValueError as error:
            parameters, status = (), f"raised: ValueError: {error}"
        runs.append(Run(probe=probe, parameters=parameters, dtype="float32", result_dtype="float32", status=status))
    return runs


def runs_of(convention: Convention, dtype: str = "float32", probes: Sequence[Probe] = SINGLE) -> list[Run]:
    """Return runs of a convention with rounding errors of its precision."""
    unit = UNIT_ROUNDOFF[dtype if convention.precision == "dtype" else convention.precision]
    rounding = Rounding(unit, Streams({"test": "runs of a convention"}).generator("signs"))
    return [
        Run(
            probe=probe,
            parameters=reference_parameters(convention, probe, rounding=rounding),
            dtype=dtype,
            result_dtype=dtype,
        )
        for probe in probes
    ]


def found(runs: Sequence[Run]) -> tuple[dict[str, str], Convention | None]:
    """Return the values of the findings by property, joined, and the convention."""
    with np.errstate(all="ignore"):
        findings, convention = single_step(runs)
    return by_property(findings), convention


def by_property(findings: Sequence[Finding]) -> dict[str, str]:
    """Return the values by property; of faults with an exclamation mark before them."""
    values: dict[str, list[str]] = {}
    for one in findings:
        values.setdefault(one.property, []).append(("! " if one.is_fault else "") + one.value)
    return {name: "; ".join(some) for name, some in values.items()}


def faults(values: dict[str, str]) -> list[str]:
    """Return the values that are faults."""
    return [text for text in "; ".join(values.values()).split("; ") if text.startswith("! ")]
