"""False kills are looked for and named; what is undecided is none."""

from __future__ import annotations

import pytest

from proofs_checks.empirical import Check, Context, Finding
from proofs_checks.evidence import Verdict
from proofs_checks.mutants import MUTANTS, __main__
from proofs_checks.mutants.conforming import conforming, watching


def check(name: str, verdict: Verdict | None) -> Check:
    def function(context: Context) -> Finding:
        if verdict is None:
            raise RuntimeError("out of luck")
        return Finding(verdict=verdict, detail="as told", margin=0.0)

    return Check(statement="T1", name=name, kind="inequality", function=function)


def test_every_random_check_that_a_mutant_names_is_watched() -> None:
    checks = watching()
    assert checks
    assert all(one.is_random and any(one.name in mutant.checks for mutant in MUTANTS) for one in checks)


@pytest.mark.parametrize(
    ("verdict", "false", "words"),
    [
        (Verdict.HOLDS, (), "seed 7: every check holds"),
        (Verdict.INCONCLUSIVE, (), "seed 7: every check holds but for 1 undecided"),
        (Verdict.VIOLATED, ("odd",), "seed 7: false kill by odd"),
        (None, ("odd",), "seed 7: false kill by odd"),
    ],
)
def test_violated_or_broken_is_a_false_kill(verdict: Verdict | None, false: tuple[str, ...], words: str) -> None:
    found = conforming(7, [check("fine", Verdict.HOLDS), check("odd", verdict)])
    assert found.false_kills == false
    assert found.words == words


@pytest.mark.parametrize(("verdict", "code"), [(Verdict.HOLDS, 0), (Verdict.VIOLATED, 1)])
def test_command_counts_the_seeds(
    verdict: Verdict, code: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def seeds(first: int, count: int, *, jobs: int) -> list:
        return [conforming(seed, [check("odd", verdict)]) for seed in range(first, first + count)]

    monkeypatch.setattr(__main__, "seeds", seeds)
    assert __main__.main(["--conforming", "3", "--seed", "5"]) == code
    lines = capsys.readouterr().out.splitlines()
    assert lines[3] == f"{3 * code} of 3 seeds with a false kill"
    assert len(lines) == 4 + 3 * code
