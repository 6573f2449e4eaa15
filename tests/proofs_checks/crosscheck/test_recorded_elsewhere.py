"""The how-to of recordings: its program in another language records, and its log of a training run is read."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from proofs_checks.crosscheck.observe import observe
from proofs_checks.crosscheck.probe import Probe
from proofs_checks.crosscheck.recorded import read_recording, write_probes

PAGE = Path(__file__).parents[3] / "docs" / "how-to" / "record-an-optimizer.md"


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", PAGE.read_text(encoding="utf-8"), flags=re.DOTALL)


def heavy_ball(params: Any, grads: Any, state: Any, step_size: float) -> Any:
    state = {name: np.zeros_like(g) for name, g in grads.items()} if state is None else state
    state = {name: 0.5 * state[name] + g for name, g in grads.items()}
    return {name: params[name] - step_size * state[name] for name in params.keys()}, state  # noqa: SIM118


def test_the_program_in_another_language_records_what_the_probes_ask(tmp_path: Path) -> None:
    node = shutil.which("node")
    if node is None:
        pytest.skip("node, which runs the program of the page, is not installed")
    g = tuple({"a": np.array([[1.0, 2.0], [0.5, -k]]), "b/c": np.ones((1, 3)) * k} for k in range(3))
    small, large = ({"w": np.full((3, 1), value)} for value in (2.0**-80, 2.0**90))
    probes = (
        Probe(name="two blocks", purpose="é", start={n: 0 * x for n, x in g[0].items()}, gradients=g, step_size=0.5),
        Probe(name="a", purpose="", start=small, gradients=(large,)),
    )
    (tmp_path / "program.js").write_text("\n".join(blocks("javascript")), encoding="utf-8")
    write_probes(tmp_path / "probes.safetensors", probes)
    command = [node, "program.js", "probes.safetensors", "recorded.safetensors"]
    subprocess.run(command, cwd=tmp_path, check=True, timeout=60)
    found = observe(str(tmp_path / "recorded.safetensors"))
    assert found.problem is None
    for one, other in zip(found.run(probes), observe(heavy_ball).run(probes), strict=True):
        assert (one.status, one.knows_step_size, one.probe.purpose) == ("ok", True, other.probe.purpose)
        for x, y in zip(one.parameters, other.parameters, strict=True):
            assert all(np.array_equal(x[name], y[name]) for name in other.probe.start)


def test_the_log_of_the_page_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write, log = blocks("python")
    exec(write, {})
    assert (tmp_path / "probes.safetensors").is_file()
    gradients = np.ones((3, 2, 2), dtype=np.float32)
    parameters = -np.cumsum(0.02 * gradients, axis=0)
    exec(log, {"gradients": gradients, "parameters": parameters})
    (run,) = read_recording("log.npz")
    assert (run.probe.name, run.probe.n_steps, run.probe.step_size) == ("log", 2, 0.02)
