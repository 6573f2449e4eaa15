"""A target in a process of its own: whatever it does is a status, and the other probes still run."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from proofs_checks.crosscheck.observe import observe
from proofs_checks.crosscheck.probe import Probe, one_block
from schattor_theory import Schattor
from schattor_theory.errors import ParameterError

BAD = str(Path(__file__).with_name("misbehaving.py"))


def probe(rows: int, n_steps: int = 2) -> Probe:
    g = one_block(np.arange(rows * 3).reshape(rows, 3) + 1.0)
    return Probe(name=f"{rows} rows", purpose="", start=one_block(np.zeros((rows, 3))), gradients=(g,) * n_steps)


PROBES = (probe(1), probe(2), probe(4))


def test_runs_a_target_as_in_this_process() -> None:
    with observe(f"{BAD}:fine") as apart, observe(f"{BAD}:fine", isolated=False) as here:
        assert (apart.kind, apart.takes_step_size, apart.dtypes) == (here.kind, here.takes_step_size, here.dtypes)
        for one, two in zip(apart.run(PROBES, "float64"), here.run(PROBES, "float64"), strict=True):
            assert one.status == two.status == "ok"
            assert one.probe is two.probe
            for x, y in zip(one.parameters, two.parameters, strict=True):
                np.testing.assert_array_equal(x["w"], y["w"])


def test_a_hanging_probe_is_ended_and_the_rest_run() -> None:
    with observe(f"{BAD}:hangs_on_two_rows", time_limit=1) as target:
        first, second, third = target.run(PROBES)
    assert (first.status, third.status) == ("ok", "ok")
    assert second.status == "hung: no answer within 1 s at step 1"
    assert len(second.parameters) == 1  # the step before is kept


@pytest.mark.slow
def test_gives_up_on_a_target_that_always_hangs() -> None:
    with observe(f"{BAD}:hangs", time_limit=0.1) as target:
        runs = target.run([probe(rows) for rows in range(1, 7)])
    assert {run.status for run in runs[3:]} == {"hung: left out, since 3 probes in a row did not come to an end"}
    assert all(run.status.startswith("hung: no answer") for run in runs[:3])


def test_a_process_that_dies_says_how_and_the_rest_run() -> None:
    with observe(f"{BAD}:dies_on_two_rows") as target:
        first, second, third = target.run(PROBES)
    assert (first.status, third.status) == ("ok", "ok")
    assert second.status == "ended: the process ended (exit code 3; it said: the last thing it says) at step 0"


@pytest.mark.slow
def test_what_a_target_prints_is_not_taken_for_an_answer() -> None:
    with observe(f"{BAD}:prints") as target:
        assert {run.status for run in target.run(PROBES)} == {"ok"}


@pytest.mark.parametrize("name", ["raises", pytest.param("leaves", marks=pytest.mark.slow)])
def test_an_exception_is_a_status_and_costs_no_process(name: str) -> None:
    with observe(f"{BAD}:{name}") as target:
        runs = target.run(PROBES)
    words = {"raises": "raised: ValueError: there is no way at step 0", "leaves": "raised: SystemExit: 4 at step 0"}
    assert {run.status for run in runs} == {words[name]}


UNUSABLE = {
    "no_such_module_here:thing": "not importable: no_such_module_here raises ModuleNotFoundError",
    f"{BAD}:fin": "has no 'fin'. Did you mean 'fine'?",
    f"{BAD}:NUMBER": "int is no target",
    f"{BAD}:factory_raises": "the factory raises RuntimeError: no such thing",
    f"{BAD}:makes_a_number": "the factory gave int, which is no optimizer of a known kind",
    f"{BAD}:wants_more": "it takes two or more arguments that are neither",
    "nothing": "names no target",
}


@pytest.mark.parametrize("isolated", [False, pytest.param(True, marks=pytest.mark.slow)])
@pytest.mark.parametrize(("spec", "problem"), UNUSABLE.items())
def test_a_target_that_cannot_be_used_is_a_problem(spec: str, problem: str, isolated: bool) -> None:
    with observe(spec, isolated=isolated) as target:
        assert problem in (target.problem or "")
        assert not target.can_run
        (run,) = target.run(PROBES[:1])
        assert run.status.startswith("refused: ")


@pytest.mark.slow
def test_a_module_that_ends_the_process_when_imported_is_a_problem(tmp_path: Path) -> None:
    (tmp_path / "ends.py").write_text("import os\nos._exit(7)\n")
    with observe(f"{tmp_path / 'ends.py'}:thing") as target:
        assert target.problem == "not importable: the process ended (exit code 7)"


def test_an_object_that_cannot_be_sent_is_a_problem() -> None:
    with observe(lambda params, grads, state: (params, state), isolated=True) as target:
        assert "Name it as module:name instead" in (target.problem or "")


def test_an_object_can_be_sent() -> None:
    opt = Schattor("inf", 0.5, 0.9)
    with observe(opt, isolated=True) as apart:
        assert (apart.kind, apart.problem) == ("method", None)
        here = observe(opt).run(PROBES)
        for one, two in zip(apart.run(PROBES), here, strict=True):
            np.testing.assert_array_equal(one.parameters[-1]["w"], two.parameters[-1]["w"])


def test_a_module_of_the_working_directory_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "near_the_user.py").write_text("VALUE = 2.0\n")
    (tmp_path / "made_by_the_user.py").write_text(
        "def make(step_size):\n"
        "    from near_the_user import VALUE\n"
        "    return lambda params, grads, state: (params - VALUE * step_size * grads, state)\n"
    )
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [place for place in sys.path if place])
    for spec in ("made_by_the_user:make", "made_by_the_user.py:make"):
        with observe(spec) as target:
            assert target.takes_step_size
            np.testing.assert_array_equal(target.run(PROBES[:1])[0].parameters[0]["w"], [[-2.0, -4.0, -6.0]])


def test_the_environment_keeps_one_thread_and_what_the_user_has_set(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "asks.py").write_text(
        "import os\n"
        "def step(params, grads, state):\n"
        "    ok = os.environ['OMP_NUM_THREADS'] == '1' and os.environ['KERAS_BACKEND'] == 'jax'\n"
        "    return params + ok, state\n"
    )
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    monkeypatch.setenv("KERAS_BACKEND", "jax")
    with observe(f"{tmp_path / 'asks.py'}:step") as target:
        assert target.run(PROBES[:1])[0].parameters[0]["w"].min() == 1


def test_an_interrupt_ends_the_process() -> None:
    with observe(f"{BAD}:hangs", time_limit=60) as target:
        process = target._worker._process._process  # type: ignore[attr-defined]
        previous = signal.signal(signal.SIGINT, signal.default_int_handler)
        threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGINT)).start()
        try:
            with pytest.raises(KeyboardInterrupt):
                target.run(PROBES[:1])
        finally:
            signal.signal(signal.SIGINT, previous)
        assert process.returncode is not None


def test_a_process_without_a_parent_ends_even_in_the_middle_of_a_step() -> None:
    with observe(f"{BAD}:hangs", time_limit=0.2) as target:
        process = target._worker._process  # type: ignore[attr-defined]
        process.ask((PROBES[0], "float32"))
        process._process.stdin.close()
        until = time.monotonic() + 30
        while process._process.poll() is None and time.monotonic() < until:
            time.sleep(0.02)
        assert process._process.poll() == 0


def test_refuses_a_time_limit_that_is_none() -> None:
    with pytest.raises(ParameterError, match="observe: time_limit must be a positive finite number, got time_limit=0"):
        observe(f"{BAD}:fine", time_limit=0)
