"""The command ``schattor doctor``: what is there, and what is missing for what."""

from __future__ import annotations

import json

from typer.testing import CliRunner, Result

from proofs_checks import cli


def run(*arguments: str) -> Result:
    return CliRunner().invoke(cli.app, ["doctor", *arguments])


def test_doctor_says_what_is_there_and_what_is_missing() -> None:
    found = json.loads(run("--json").stdout)
    assert found["packages"]["numpy"]
    assert "pytest" not in found["extras"]["test"]["missing"]
    assert {"test", "torch", "optax", "gpu", "peers", "cluster", "docs"} <= set(found["extras"])
    missing = [extra for extra in found["extras"].values() if not extra["present"]]
    assert all(extra["missing"] and extra["install"] and extra["purpose"] for extra in missing)
    text = run().output
    assert "thread pool" in text
    assert "extra gpu" in text
