"""The study of commuting matrices: stored as diagonals up to ten million dimensions, with exact constants."""

from __future__ import annotations

from dataclasses import replace

import pytest

from proofs_checks.scaling.cell import run_exact_cell
from proofs_checks.scaling.plan import Cell, Study
from proofs_checks.scaling.shipped_studies import shipped_studies
from proofs_checks.scaling.study_file import read_study
from proofs_checks.scaling.world import build_world, geometry_of
from schattor_theory.geometry import DiagonalGeometry, SchattenGeometry


@pytest.fixture(scope="module")
def study() -> Study:
    return read_study(shipped_studies()["large_dimension"].read_text(encoding="utf-8"), "large_dimension.toml")


def cell_at(study: Study, arm: str, dimension: int, p: str = "inf") -> Cell:
    return next(
        c for c in study.cells() if c.arm == arm and c.point["dimension"] == dimension and str(c.point["p"]) == p
    )


def test_reaches_ten_million_dimensions(study: Study) -> None:
    assert {max(study.arm(name).axes["dimension"]) for name in ("positive", "geometry")} == {10**7}


def test_every_cell_is_stored_as_diagonals(study: Study) -> None:
    assert {type(geometry_of(cell)) for cell in study.cells()} == {DiagonalGeometry}
    full = next(iter(read_study(shipped_studies()["rate"].read_text(encoding="utf-8"), "rate.toml").cells()))
    assert type(geometry_of(full)) is SchattenGeometry


def test_expected_work_is_linear_in_the_dimension(study: Study) -> None:
    costs = [cell_at(study, "positive", d).cost for d in (10**5, 10**6, 10**7)]
    assert costs[1] / costs[0] == pytest.approx(10, rel=0.05)
    assert costs[2] / costs[1] == pytest.approx(10, rel=0.05)


@pytest.mark.parametrize("arm", ["positive", "geometry", "decaying", "negative_window"])
def test_constants_are_exact_at_a_hundred_thousand_dimensions(study: Study, arm: str) -> None:
    cell = cell_at(study, arm, 10**5)
    world = build_world(cell)  # which refuses a world with other constants than the study's
    assert cell.held is not None
    assert world.initial_gap == pytest.approx(cell.held.initial_gap, rel=1e-9)
    if arm == "geometry":  # L_p = r^{1-2/p} from the Frobenius norm
        assert world.smoothness == pytest.approx(10**5, rel=1e-9)
    else:
        assert world.smoothness == pytest.approx(1.0, rel=1e-9)


def test_a_cell_has_the_numbers_of_the_same_cell_with_full_matrices(study: Study) -> None:
    stored = cell_at(study, "positive", 100)
    point = {**stored.point, "problem": {"name": "quadratic"}, "noise": {"name": "fixed_signs"}}
    columns = run_exact_cell(replace(stored, point={**stored.point, "horizon": 20}))
    full = run_exact_cell(replace(stored, point={**point, "horizon": 20}))
    assert columns["bound"] == pytest.approx(full["bound"], rel=1e-12)
    assert columns["stationarity_first"] == pytest.approx(full["stationarity_first"], rel=1e-12)
