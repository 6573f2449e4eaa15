"""The folder of a study: resuming, damage, other studies, and disks that refuse."""

from __future__ import annotations

import errno
import os
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from proofs_checks.files import write_file
from proofs_checks.scaling import environment
from proofs_checks.scaling.plan import RESULTS_VERSION, Study
from proofs_checks.scaling.run import analyse_folder, run_study
from proofs_checks.scaling.store import Store
from proofs_checks.scaling.study_file import read_study
from schattor_theory.errors import StoreError
from synthetic.simulate import TOLERANCE


def run(study: Study, folder: Path, work, workers: int = 1):
    with ThreadPoolExecutor(workers) as executor:
        return run_study(study, folder, executor=executor, work=work)


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in (folder / "parts").iterdir()}


def rows(folder: Path):
    return pq.read_table(folder / "results.parquet")


class Counting:
    """Counts the cells that were run, and stops like Ctrl-C after some of them."""

    def __init__(self, work, stop_after: int = 10**9) -> None:
        self.work, self.stop_after, self.ran = work, stop_after, []

    def __call__(self, cell):
        if len(self.ran) >= self.stop_after:
            raise KeyboardInterrupt
        self.ran.append(cell.digest)
        return self.work(cell)


def test_a_run_that_was_stopped_runs_only_what_is_missing_and_gives_the_same_rows(study, work, tmp_path) -> None:
    run(study, tmp_path / "whole", work)
    stopped = Counting(work, stop_after=5)
    with pytest.raises(KeyboardInterrupt):
        run(study, tmp_path / "parts", stopped)
    stored = {name.removesuffix(".parquet") for name in contents(tmp_path / "parts")}
    assert stored <= set(stopped.ran)
    rest = Counting(work)
    run(study, tmp_path / "parts", rest)
    assert set(rest.ran) == {cell.digest for cell in study.cells()} - stored
    assert len(rest.ran) == len(study.cells()) - len(stored) >= len(study.cells()) - 5
    assert rows(tmp_path / "parts").equals(rows(tmp_path / "whole"))
    again = Counting(work)
    run(study, tmp_path / "parts", again)
    assert again.ran == []


@pytest.mark.parametrize("workers", [2, pytest.param(3, marks=pytest.mark.slow)])
def test_the_number_of_workers_does_not_change_the_rows(study, work, tmp_path, workers: int) -> None:
    run(study, tmp_path / "one", work)
    run(study, tmp_path / "more", work, workers)
    assert rows(tmp_path / "one").equals(rows(tmp_path / "more"))


@pytest.mark.parametrize(
    ("old", "new", "n_new"),
    [
        ("16, 32]", "16, 32, 64]", 4),
        *(
            pytest.param(*change, marks=pytest.mark.slow)
            for change in (("repeats = 8", "repeats = 12", 8), ("p = [2, inf]", "p = [inf, 2]", 0))
        ),
    ],
)
def test_extending_a_study_leaves_its_parts_untouched(text, study, work, tmp_path, old, new, n_new) -> None:
    run(study, tmp_path, work)
    before = contents(tmp_path)
    counting = Counting(work)
    run(read_study(text.replace(old, new)), tmp_path, counting)
    after = contents(tmp_path)
    assert len(counting.ran) == n_new
    assert {name: after[name] for name in before} == before
    assert len(after) == len(before) + n_new


@pytest.mark.parametrize(
    "damage", ["cut", *(pytest.param(kind, marks=pytest.mark.slow) for kind in ("flipped", "empty", "other", "text"))]
)
def test_a_damaged_part_is_named_set_aside_and_run_again(study, work, tmp_path, damage: str) -> None:
    run(study, tmp_path, work)
    whole = rows(tmp_path)
    victim, other = sorted((tmp_path / "parts").iterdir())[:2]
    content = bytearray(victim.read_bytes())
    if damage == "flipped":
        content[len(content) // 8] ^= 0x55
    damaged = {"cut": content[:-100], "empty": b"", "flipped": content, "other": other.read_bytes(), "text": b"no"}
    victim.write_bytes(damaged[damage])
    counting = Counting(work)
    _, analysis = run(study, tmp_path, counting)
    assert counting.ran == [victim.stem]
    assert len(analysis.damaged) == 1
    assert victim.name in analysis.damaged[0]
    assert victim.with_suffix(".parquet.damaged").read_bytes() == bytes(damaged[damage])
    assert rows(tmp_path).equals(whole)


def test_a_folder_of_another_study_scale_version_or_device_is_refused(text, study, work, tmp_path, monkeypatch) -> None:
    run(study, tmp_path, work)
    before = contents(tmp_path)
    other = read_study(text.replace('name = "small"', 'name = "other"'))
    with pytest.raises(StoreError, match=r"out \(study\) must be 'other', got .*'small'.*Choose another folder"):
        Store.open(tmp_path, other)
    with pytest.raises(StoreError, match=r"out \(device\) must be 'cuda', got .*'cpu'"):
        Store.open(tmp_path, study, device="cuda")
    smoke = read_study(text + "[smoke]\nrepeats = 4\n", scale="smoke")
    with pytest.raises(StoreError, match=r"out \(scale\) must be 'smoke'"):
        Store.open(tmp_path, smoke)
    monkeypatch.setattr("proofs_checks.scaling.store.RESULTS_VERSION", 99)
    with pytest.raises(StoreError, match=rf"out \(results_version\) must be 99, got .*={RESULTS_VERSION}\."):
        Store.open(tmp_path, study)
    assert contents(tmp_path) == before


def test_a_folder_with_other_files_is_refused_and_left_alone(study, tmp_path) -> None:
    (tmp_path / "thesis.tex").write_text("x")
    with pytest.raises(StoreError, match=r"out must be empty or hold this study, got out=\['thesis.tex'\]"):
        Store.open(tmp_path, study)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.tex"]
    (tmp_path / "manifest.json").write_text("{broken")
    with pytest.raises(StoreError, match=r"manifest\.json must be JSON"):
        Store.open(tmp_path, study)


def test_a_folder_below_a_regular_file_is_refused(study, tmp_path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(StoreError, match=r"out must be a folder that can be read and written.*Not a directory"):
        Store.open(tmp_path / "file" / "out", study)
    with pytest.raises(StoreError, match=r"Not a directory|File exists"):
        Store.open(tmp_path / "file", study)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
def test_no_space_left_is_said_and_leaves_nothing_behind(tmp_path) -> None:
    (tmp_path / ".results.parquet.tmp").symlink_to("/dev/full")
    with pytest.raises(StoreError, match=r"No space left on device.*make room and run the same command again"):
        write_file(tmp_path / "results.parquet", b"x" * 100, "study")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "number", [errno.ENOSPC, *(pytest.param(one, marks=pytest.mark.slow) for one in (errno.EACCES, errno.EROFS))]
)
def test_a_disk_that_refuses_keeps_what_is_stored(study, work, tmp_path, monkeypatch, number: int) -> None:
    rename, done = os.replace, []

    def refuse(source, target) -> None:
        if str(target).endswith(".parquet") and len(done) == 3:
            raise OSError(number, os.strerror(number))
        done.append(target) if str(target).endswith(".parquet") else None
        rename(source, target)

    monkeypatch.setattr("proofs_checks.scaling.store.os.replace", refuse)
    with pytest.raises(StoreError, match=os.strerror(number)):
        run(study, tmp_path, work)
    assert len(contents(tmp_path)) == 3
    monkeypatch.undo()
    rest = Counting(work)
    run(study, tmp_path, rest)
    assert len(rest.ran) == len(study.cells()) - 3


def test_a_cell_that_raises_costs_only_itself_and_is_tried_again(study, work, tmp_path) -> None:
    bad = study.cells()[3]

    def fragile(cell):
        if cell.digest == bad.digest:
            raise ZeroDivisionError("planted")
        return work(cell)

    _, analysis = run(study, tmp_path, fragile)
    assert analysis.exit_code == 3
    assert analysis.failures[bad.digest]["error"] == "ZeroDivisionError: planted"
    table = rows(tmp_path)
    assert table.num_rows == 8 * 8
    failed = [s for s in table["status"].to_pylist() if s != "ok"]
    assert failed == ["failed: ZeroDivisionError: planted"] * 4
    assert analyse_folder(tmp_path)[1].exit_code == 3
    again = Counting(work)
    _, analysis = run(study, tmp_path, again)
    assert again.ran == [bad.digest]
    assert analysis.exit_code != 3
    assert not (tmp_path / "failures.json").exists()


def test_the_manifest_says_where_the_numbers_come_from(study, work, tmp_path) -> None:
    store, _ = run(study, tmp_path, work)
    assert store.manifest["versions"]["python"].startswith(f"{sys.version_info.major}.")
    assert store.manifest["blas_threads_per_worker"] == 1
    assert store.manifest["device"] == "cpu"
    assert store.manifest["results_version"] == RESULTS_VERSION
    assert Store.read_manifest(tmp_path) == store.manifest
    assert set(store.seconds(study.cells())) == {cell.digest for cell in study.cells()}


def test_a_report_of_a_folder_that_is_no_study_is_refused(tmp_path) -> None:
    with pytest.raises(StoreError, match="folder must hold the manifest of a study"):
        analyse_folder(tmp_path)


def test_the_manifest_says_what_error_beyond_rounding_was_allowed(study, work, tmp_path) -> None:
    store, _ = run(study, tmp_path, work)
    assert store.manifest["tolerance"] == TOLERANCE


def test_cores_without_a_cell_are_shared_among_the_workers(monkeypatch) -> None:
    monkeypatch.setattr(environment, "usable_cores", lambda: 8)
    found = {cells: environment.threads_for(8, cells) for cells in (0, 1, 2, 3, 8, 100)}
    assert found == {0: 8, 1: 8, 2: 4, 3: 2, 8: 1, 100: 1}
    assert environment.threads_for(1, 100) == 1
    assert environment.default_jobs("cpu") == 8
    assert environment.default_jobs("cuda") == 1
