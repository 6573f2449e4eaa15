"""The benchmarks: every one runs at its smallest size, a missed error gate is an error, and losses are shown."""

from __future__ import annotations

import json
import math
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

import benchmarks
from benchmarks import __main__ as runner
from benchmarks.growth import Growth, peak_bytes, timed_in_turn
from benchmarks.measuring import CannotRunError, Gate, Measurement, paired_seconds
from benchmarks.page import page
from benchmarks.table import cost

ROOT = Path(__file__).resolve().parents[2]
SHARED = {"__init__", "__main__", "figure", "growth", "measuring", "page", "table"}


def gate(error: float = 1e-12) -> Gate:
    return Gate(what="results apart", error=error, limit=1e-9)


def measurement(ours: float = 1.0, theirs: float = 2.0, **options: Any) -> Measurement:
    options = {"gates": (gate(),)} | options
    pairs = {"ours": (ours, ours, ours), "theirs": (theirs, theirs * 1.5, theirs)}
    return Measurement(what="a sum", sizes="three", peer="a loop", **pairs, **options)


def growth(power: float, **options: Any) -> Growth:
    x = (10.0, 20.0, 40.0, 80.0)
    costs = tuple((v**power, 1.01 * v**power, 0.99 * v**power) for v in x)
    options = {"expected": power, "gates": (gate(),)} | options
    return Growth(what="a step, of some kind", sizes="all", axis="d", x=x, costs=costs, **options)


@pytest.fixture
def planted(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Put a benchmark in the place of every module: the given function, with this docstring."""

    def plant(measure: Any, doc: str = "Claim: it is so.\n\nAnd more.") -> None:
        module = SimpleNamespace(__doc__=doc, measure=measure)
        monkeypatch.setattr(runner, "load", lambda name: module)
        monkeypatch.setattr(runner, "NAMES", ("it_is_so",))

    return plant


def test_every_file_is_in_the_list_and_begins_with_its_claim() -> None:
    files = {path.stem for path in (ROOT / "benchmarks").glob("*.py")} - SHARED
    assert files == set(benchmarks.NAMES)
    assert len(set(benchmarks.NAMES)) == len(benchmarks.NAMES)
    for name in benchmarks.NAMES:
        assert (ROOT / "benchmarks" / f"{name}.py").read_text(encoding="utf-8").startswith('"""Claim: '), name


@pytest.mark.slow
@pytest.mark.parametrize("name", benchmarks.NAMES)
def test_every_benchmark_runs_at_its_smallest_size_and_meets_its_gate(name: str) -> None:
    record = runner.run(name, quick=True)
    assert record["status"] == "ok" or record["status"].startswith("not run: ")
    assert bool(record["rows"]) == (record["status"] == "ok")
    assert [row["gates"] for row in record["rows"] if not row["is_met"]] == []
    json.dumps(record, allow_nan=False)


def test_ratio_is_the_median_of_the_pairs_not_the_ratio_of_medians() -> None:
    found = Measurement(what="w", sizes="s", peer="p", ours=(1, 2, 4), theirs=(3, 2, 16), gates=(gate(),))
    assert found.ratios == (3, 1, 4)
    assert found.ratio == 3
    assert found.is_reached is None


@pytest.mark.parametrize(("required", "is_reached"), [(1.9, True), (2.0, True), (2.1, False)])
def test_a_ratio_is_reached_or_missed(required: float, is_reached: bool) -> None:
    assert measurement(required=required).is_reached is is_reached


@pytest.mark.parametrize("error", [1e-8, math.nan, math.inf])
def test_a_gate_is_not_met_by_a_larger_error_or_one_that_is_no_number(error: float) -> None:
    assert gate().is_met
    assert not gate(error).is_met
    assert not measurement(gates=(gate(), gate(error))).is_met
    json.dumps(measurement(gates=(gate(error),)).record(), allow_nan=False)


def test_a_measurement_without_pairs_or_gate_is_refused() -> None:
    with pytest.raises(ValueError, match="ours and theirs must be pairs, got 1 and 2 costs"):
        Measurement(what="w", sizes="s", peer="p", ours=(1.0,), theirs=(1.0, 2.0), gates=(gate(),))
    with pytest.raises(ValueError, match="gates must not be empty"):
        measurement(gates=())
    with pytest.raises(ValueError, match="x must have 3 values or more, costs at each, and a gate"):
        growth(1.0, gates=())


def test_sides_are_timed_in_turn_and_the_first_one_alternates() -> None:
    calls: list[str] = []
    found = paired_seconds(lambda: calls.append("ours"), lambda: calls.append("theirs"), pairs=3, warm=False)
    assert calls == ["ours", "theirs", "theirs", "ours", "ours", "theirs"]
    assert [len(side) for side in found] == [3, 3]
    timed_in_turn([lambda: calls.append("a"), lambda: calls.append("b")], 2)
    assert calls[6:] == ["a", "b", "a", "b"]


def test_a_short_call_is_repeated_and_its_time_divided() -> None:
    count = [0]

    def short() -> None:
        count[0] += 1

    paired_seconds(short, short, pairs=1)
    assert count[0] > 100


@pytest.mark.parametrize("power", [0.0, 1.0, 3.0])
def test_exponents_of_growth_are_recovered(power: float) -> None:
    for value, low, high in (growth(power).fitted, growth(power).upper_half):
        assert value == pytest.approx(power, abs=1e-9)
        assert low <= power <= high
        assert high - low < 0.2


def test_peak_memory_is_that_of_the_largest_moment() -> None:
    def work() -> None:
        for _ in range(3):
            bytearray(10**6)

    assert 1e6 <= peak_bytes(work) < 1.5e6


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (2.5, "s", "2.5 s"),
        (2.5e-3, "s", "2.5 ms"),
        (2e-8, "s", "0.02 µs"),
        (3e9, "bytes", "3 GB"),
        (12, "bytes", "12 B"),
    ],
)
def test_costs_have_a_unit(value: float, unit: str, text: str) -> None:
    assert cost(value, unit) == text


def test_a_run_keeps_a_record_and_the_page_shows_a_loss(planted: Any, tmp_path: Path, capsys: Any) -> None:
    planted(lambda quick: [measurement(ours=4.0, required=2.0), measurement(), growth(1.0)])
    assert runner.main(["--out", str(tmp_path), "--write", str(tmp_path / "page.md")]) == 0
    assert "missed, a loss" in capsys.readouterr().out
    text = (tmp_path / "page.md").read_text(encoding="utf-8")
    assert "## It is so" in text
    assert "missed, a loss" in text
    assert "| win |" in text
    assert (tmp_path / "figures" / "growth.png").stat().st_size > 1000
    record = json.loads((tmp_path / "it_is_so.json").read_text(encoding="utf-8"))
    assert record["claim"] == "it is so."
    assert record["versions"]["numpy"]
    before = text
    planted(lambda quick: pytest.fail("nothing is run"))
    assert runner.main(["--no-run", "--out", str(tmp_path), "--write", str(tmp_path / "page.md")]) == 0
    assert (tmp_path / "page.md").read_text(encoding="utf-8") == before


def test_a_quick_run_judges_no_ratio(planted: Any, capsys: Any) -> None:
    planted(lambda quick: measurement(required=100.0))
    assert runner.main(["--quick"]) == 0
    assert "quick: not judged" in capsys.readouterr().out


def test_a_missed_error_gate_exits_1_and_hides_the_ratio(planted: Any, capsys: Any) -> None:
    planted(lambda quick: measurement(required=1.0, gates=(gate(1e-3),)))
    assert runner.main([]) == 1
    said = capsys.readouterr().out
    assert "error gate not met" in said
    assert "NOT WITHIN" in said
    assert "reached" not in said


def test_a_benchmark_that_cannot_run_says_why_and_is_no_failure(planted: Any, capsys: Any) -> None:
    def measure(quick: bool) -> Measurement:
        raise CannotRunError("no CUDA device: the driver says so")

    planted(measure)
    assert runner.main([]) == 0
    assert "not run: no CUDA device" in capsys.readouterr().out
    assert "Not run: no cuda device" not in page([runner.run("it_is_so", False)])
    assert "Not run: no CUDA device" in page([runner.run("it_is_so", False)])


def test_an_exception_exits_3_and_a_stop_exits_4(planted: Any, capsys: Any) -> None:
    planted(lambda quick: 1 / 0)
    assert runner.main([]) == 3
    assert "failed: ZeroDivisionError" in capsys.readouterr().out

    def stopped(quick: bool) -> Measurement:
        raise KeyboardInterrupt

    planted(stopped)
    assert runner.main([]) == 4


def test_bad_usage_exits_2_with_the_nearest_name(capsys: Any) -> None:
    for arguments in (["stacked_runs_beat_a_python_lop"], ["--write", "page.md"]):
        with pytest.raises(SystemExit) as stopped:
            runner.main(arguments)
        assert stopped.value.code == 2
    assert "did you mean 'stacked_runs_beat_a_python_loop'?" in capsys.readouterr().err
    assert runner.main(["--list"]) == 0
