"""The command that finds witnesses, and the kept ones found again."""

from __future__ import annotations

from pathlib import Path

import pytest

from proofs_checks.adversarial import load_witnesses, read_witness
from proofs_checks.adversarial.__main__ import main
from proofs_checks.adversarial.find import matrix_witness
from schattor_theory.errors import ParameterError

KEPT = {w.name: w for w in load_witnesses()}


def test_scalar_witness_is_found_again_to_the_bit(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--kind", "scalar", "--q", "3/2", "--out", str(tmp_path)]) == 0
    (path,) = tmp_path.glob("*.json")
    assert path.name in capsys.readouterr().out
    assert read_witness(path).certified == KEPT["one-step_q=3-2_1x1_real"].certified


@pytest.mark.slow
def test_matrix_martingale_and_beyond_are_written_with_their_commands(tmp_path: Path) -> None:
    words = ["--kind", "matrix,martingale,beyond", "--q", "9/5", "--commutator", "0.1", "--starts", "2", "--seed", "3"]
    assert main([*words, "--out", str(tmp_path)]) == 0
    found = {path.name: read_witness(path) for path in tmp_path.glob("*.json")}
    kinds = sorted(witness.command.split("--kind ")[1].split()[0] for witness in found.values())
    assert kinds == ["beyond", "martingale", "martingale", "matrix"]
    for witness in found.values():
        assert witness.seed == 3
        assert witness.command.endswith("--starts 2 --seed 3")
        assert 1 <= float(witness.certified) < 2


def test_bad_usage_is_exit_2(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(["--kind", "tensor", "--out", str(tmp_path)])
    assert stopped.value.code == 2
    assert "--kind must be of scalar, matrix, martingale, beyond, got 'tensor'" in capsys.readouterr().err
    assert main(["--kind", "scalar", "--q", "half", "--out", str(tmp_path)]) == 2
    assert "scalar_witness: q must be a number or fraction larger than 1" in capsys.readouterr().err


def test_an_interruption_is_exit_4_and_keeps_what_is_finished(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("proofs_checks.adversarial.__main__.matrix_witness", interrupted)
    assert main(["--kind", "scalar,matrix", "--q", "3/2", "--out", str(tmp_path)]) == 4
    assert [path.name for path in tmp_path.iterdir()] == ["one-step_q=3-2_1x1_real.json"]


def test_a_matrix_witness_needs_a_commutator() -> None:
    with pytest.raises(ParameterError, match="matrix_witness: least_commutator must be positive"):
        matrix_witness("3/2", 0.0)


@pytest.mark.slow
def test_a_kept_matrix_witness_is_found_again() -> None:
    kept = [w for w in KEPT.values() if w.least_commutator == 0.1 and str(w.q) == "3/2"]
    again = matrix_witness("3/2", 0.1)
    # the path of L-BFGS is not the same on every machine; the value it ends at is
    assert float(again.certified) == pytest.approx(float(kept[0].certified), abs=1e-5)
