"""A difference is shown by the smallest input that still shows it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from proofs_checks.crosscheck.convention import Convention, PowerMap
from proofs_checks.crosscheck.observe import observe
from proofs_checks.crosscheck.probe import ONE, Run, one_block
from proofs_checks.crosscheck.recorded import read_recording, write_recording
from proofs_checks.crosscheck.reference import reference_updates
from proofs_checks.crosscheck.shrink import find_counterexample
from proofs_checks.crosscheck.verdict import judge
from synthetic.seeds import Streams

from .test_bands import probe_of, run_of

BALL = Convention(map=PowerMap(p=2.0))


def ball(params: np.ndarray, grads: np.ndarray, state: Any) -> tuple[np.ndarray, Any]:
    """Return the step of normalised SGD."""
    return params - reference_updates(BALL, {ONE: grads.astype(float)})[ONE].astype(params.dtype), state


def wrong_for_negative_corners(params: np.ndarray, grads: np.ndarray, state: Any) -> tuple[np.ndarray, Any]:
    """Return a step twice as long where the first entry of the gradient is negative."""
    after, state = ball(params, grads, state)
    return (params + 2 * (after - params) if grads.flat[0] < 0 else after), state


def forgets_at_the_third_step(params: np.ndarray, grads: np.ndarray, state: Any) -> tuple[np.ndarray, Any]:
    """Return steps of which the third is left out."""
    k = 0 if state is None else state
    return (params if k == 2 else ball(params, grads, None)[0]), k + 1


def fails_on_two_rows(params: np.ndarray, grads: np.ndarray, state: Any) -> tuple[np.ndarray, Any]:
    """Raise where there are two rows or more."""
    if len(params) > 1:
        raise ValueError("one row only")
    return ball(params, grads, state)


def negative(rows: int, columns: int, n_steps: int = 2) -> Any:
    probe = probe_of(rows, columns, n_steps)
    return replace(probe, gradients=tuple({ONE: -np.abs(g[ONE]) - 0.5} for g in probe.gradients))


def found(function: Any, *probes: Any) -> tuple[Any, tuple[Run, ...]]:
    observer = observe(function)
    runs = observer.run(probes)
    return find_counterexample(observer, judge(runs, BALL), runs), runs


def test_what_conforms_has_no_counterexample() -> None:
    example, runs = found(ball, probe_of(6, 4))
    assert example is None
    assert judge(runs, BALL).outcome == "conforms"


def test_an_input_is_cut_to_one_entry_and_one_step() -> None:
    example, _ = found(wrong_for_negative_corners, negative(6, 4, 3))
    (run,) = example.runs
    assert run.probe.shapes == {ONE: (1, 1)}
    assert run.probe.n_steps == 1
    assert run.probe.gradients[0][ONE] == -1
    assert judge(example.runs, BALL).outcome == "differs"
    assert "one step of 1×1" in example.words


def test_steps_that_are_needed_stay() -> None:
    example, _ = found(forgets_at_the_third_step, probe_of(4, 4, 5))
    (run,) = example.runs
    assert run.probe.n_steps == 3
    assert sum(np.count_nonzero(g[ONE]) for g in run.probe.gradients) == 1


def test_trouble_is_shrunk_to_what_still_makes_the_same_trouble() -> None:
    example, _ = found(fails_on_two_rows, probe_of(8, 4))
    (run,) = example.runs
    assert run.probe.shapes == {ONE: (2, 1)}
    assert "ValueError: one row only" in run.status
    assert "raised" in example.words


def test_a_recording_gives_its_smallest_run(tmp_path: Path) -> None:
    observer = observe(wrong_for_negative_corners)
    runs = observer.run([negative(6, 4, 3), replace(negative(4, 2, 2), name="small")])
    write_recording(tmp_path / "r.npz", runs)
    recorded = observe(str(tmp_path / "r.npz"))
    example = find_counterexample(recorded, judge(recorded.recorded, BALL), recorded.recorded)
    assert example is not None
    (run,) = example.runs
    assert run.probe.name == "small"
    assert run.probe.n_steps == 1
    assert len(run.parameters) == 1


def test_the_smallest_input_survives_a_file(tmp_path: Path) -> None:
    example, _ = found(wrong_for_negative_corners, negative(6, 4))
    write_recording(tmp_path / "smallest.npz", example.runs)
    assert judge(read_recording(tmp_path / "smallest.npz"), BALL).outcome == "differs"


def test_an_error_that_only_the_mean_shows_is_shown_by_as_few_runs_as_do() -> None:
    half = replace(BALL, precision="bfloat16")
    runs = []
    for k in range(60):
        rng = Streams(["shrink", k]).generator("data")
        probe = replace(probe_of(16, 8, 1), name=f"p{k}", gradients=(one_block(rng.integers(-99, 99, (16, 8)) / 32),))
        runs.append(run_of(probe, half, factor=1.0025))
    verdict = judge(runs, half)
    assert verdict.outcome == "differs"
    assert not verdict.failures
    example = find_counterexample(observe(ball), verdict, runs)
    assert example is not None
    assert 1 < len(example.runs) <= len(runs)
    assert "No single input shows it" in example.words
