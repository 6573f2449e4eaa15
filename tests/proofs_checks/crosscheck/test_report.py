"""The page, the text, the table and the figure of a cross-check say what was found, and need no network."""

from __future__ import annotations

import json
import math
import xml.etree.ElementTree as ET
from dataclasses import replace
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from proofs_checks.crosscheck import crosscheck as whole
from proofs_checks.crosscheck.bands import averages_of
from proofs_checks.crosscheck.convention import Convention, EntrywiseMap, Floor, PolynomialMap, PowerMap
from proofs_checks.crosscheck.crosscheck import CrossCheck, crosscheck, recordable_probes
from proofs_checks.crosscheck.figure import curve_caption, curve_of, curve_svg
from proofs_checks.crosscheck.finding import PROPERTIES, Diagnosis, Finding
from proofs_checks.crosscheck.momentum import Momentum
from proofs_checks.crosscheck.observe import observe
from proofs_checks.crosscheck.oracle import examine_oracle
from proofs_checks.crosscheck.probe import ONE
from proofs_checks.crosscheck.recorded import read_recording
from proofs_checks.crosscheck.reference import reference_updates
from proofs_checks.crosscheck.report import page_of, slug, slugs, text_of, write_result
from proofs_checks.crosscheck.table import INDEX, LEDGER, table_page, write_table
from schattor_theory.errors import StoreError
from schattor_theory.geometry.polynomials import polar_schedule

from .test_bands import MUON, probe_of, run_of

POLAR = Convention(map=PowerMap(p=math.inf))


def polar(params: np.ndarray, grads: np.ndarray, state: Any) -> tuple[np.ndarray, Any]:
    """Return a step along the polar factor."""
    u = reference_updates(POLAR, {ONE: np.nan_to_num(np.asarray(grads, dtype=float))})[ONE]
    return params - u.astype(params.dtype), state


def sometimes_zero(params: np.ndarray, grads: np.ndarray, state: Any) -> tuple[np.ndarray, Any]:
    """Return the polar step, and none where the first entry is negative."""
    return (params, state) if grads.flat[0] < 0 else polar(params, grads, state)


FINDINGS = tuple(
    Finding(property=name, value=f"answer on {name}", evidence=f"Numbers of {name}.", is_decided=name != "momentum",
            alternatives=("heavy ball",) if name == "momentum" else ())
    for name in PROPERTIES
)  # fmt: skip


@cache
def result_of(name: str) -> CrossCheck:
    """Return the cross-check of a target above; its diagnosis is given and stays, to save time."""
    target = {"polar": polar, "sometimes_zero": sometimes_zero}[name]
    claim = "Schattor, ball oracle" if name == "sometimes_zero" else None
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(whole, "diagnose", lambda runs: Diagnosis(findings=FINDINGS, convention=POLAR))
        patch.setattr(whole, "reconsidered", lambda diagnosis, verdict, runs, **_: (diagnosis, verdict))
        return crosscheck(observe(target, name=name), claim=claim)


class Strict(HTMLParser):
    """A reader that complains about tags that do not match, and collects links and texts."""

    empty = frozenset({"meta", "br", "wbr", "line", "path", "circle", "polyline"})

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.links: list[str] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self.links += [value for name, value in attrs if name in ("href", "src")]
        if tag not in self.empty:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in self.empty:
            assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def read(page: str) -> Strict:
    parser = Strict()
    parser.feed(page)
    assert not parser.open
    assert "http" not in page.replace("http://www.w3.org", "")
    return parser


def test_the_page_of_a_conforming_target_says_so_and_shows_its_curve() -> None:
    result = result_of("polar")
    assert result.outcome == "conforms", result.words
    page = page_of(result, made_by="schattor crosscheck polar")
    found = read(page)
    assert "Conforms to duality map of S_inf, ball oracle, the polar factor" in found.text
    assert "That is Schattor, ball oracle" in found.text
    for title in ("Convention", "Comparison in float64", "Invariances", "Worth as an oracle", "Nearest published"):
        assert title in found.text
    assert "<svg" in page
    assert "Smallest input" not in page


def test_the_page_of_a_differing_target_shows_the_smallest_input(tmp_path: Path) -> None:
    result = result_of("sometimes_zero")
    assert result.outcome == "differs"
    page = write_result(result, tmp_path, "target").read_text()
    found = read(page)
    assert "Differs from Schattor, ball oracle" in found.text
    assert "Smallest input found that shows the difference" in found.text
    assert found.links == ["target-smallest.npz"]
    (run,) = read_recording(tmp_path / "target-smallest.npz")
    assert run.probe.shapes == {ONE: (1, 1)}
    assert run.probe.gradients[0][ONE] < 0
    assert "Smallest input" in (tmp_path / "target.txt").read_text()


def test_a_target_that_could_not_run_has_a_page_with_the_reason() -> None:
    result = crosscheck(observe("no.such.module:thing"))
    assert result.outcome == "could not run"
    assert "not importable" in read(page_of(result)).text
    assert "not importable" in text_of(result)


def test_text_and_page_say_the_same() -> None:
    result = result_of("polar")
    text, page = text_of(result), read(page_of(result)).text
    for one in (result.headline, *result.remarks, *(i.words for i in result.invariances)):
        assert one in text
        assert one in page
    for one in FINDINGS:
        assert one.evidence in text
        assert one.evidence in page
    assert "cannot be told apart: answer on momentum, or heavy ball" in text
    assert "cannot be told apart from: heavy ball" in page


def test_names_of_targets_are_escaped_and_files_are_unique() -> None:
    result = replace(result_of("polar"), target="<b>&x:y")
    assert "<b>" not in page_of(result).split("<body>")[1].split("</h1>")[0].removeprefix("<main><header><h1>")
    assert slug("torch.optim:Muon") == "torch.optim-Muon"
    assert slug("../../etc/x y") == "etc-x-y"
    assert slugs(["a:b", "a-b", "a/b", "index"]) == ("a-b", "a-b-2", "a-b-3", "index-2")


def test_the_table_has_a_column_for_every_target(tmp_path: Path) -> None:
    results = [result_of("polar"), result_of("sometimes_zero"), crosscheck(observe("no.such.module:thing"))]
    files = slugs([one.target for one in results])
    found = read(table_page(results, files))
    assert found.links == [f"{file}.html" for file in files]
    assert "Of 3: 1 conforms, 1 differs, 1 could not run." in found.text
    page = write_table(results, tmp_path, files, {"command": "schattor crosscheck"})
    assert page == tmp_path / INDEX
    ledger = json.loads((tmp_path / LEDGER).read_text())
    assert ledger["schema"] == 1
    assert [one["outcome"] for one in ledger["targets"]] == ["conforms", "differs", "could not run"]
    assert ledger["targets"][1]["counterexample"]["n_steps"] == [1]
    assert ledger["targets"][0]["oracle"]["direction_defect"] == 0


def test_a_folder_that_cannot_be_written_is_an_error_of_the_user(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="crosscheck: out must be a folder"):
        write_result(result_of("polar"), tmp_path / "file" / "x", "target")
    with pytest.raises(StoreError, match="crosscheck: out must be a folder"):
        write_table([], tmp_path / "file" / "x", [], {})


def test_a_curve_goes_through_the_points_of_its_own_convention() -> None:
    runs = [run_of(probe_of(rows, columns, 1, name=f"{rows}"), MUON) for rows, columns in ((6, 4), (4, 6), (8, 8))]
    curve = curve_of(runs, MUON)
    assert curve is not None
    assert np.max(np.abs(curve.measured - curve.expected)) < 1e-5
    assert np.max(np.abs(np.interp(curve.s, curve.line_s, curve.line) - curve.expected)) < 0.05
    svg = ET.fromstring(curve_svg(curve, label="<muon>"))
    circles = [one for one in svg if one.tag == "circle"]
    assert len(circles) == curve.s.size
    assert all(0 < float(one.attrib["cx"]) < 760 and 0 < float(one.attrib["cy"]) < 380 for one in circles)


def test_the_caption_names_every_mark_and_the_drawing_has_no_words_that_could_overlap() -> None:
    runs = [run_of(probe_of(6, 4, 1), MUON)]
    curve = curve_of(runs, MUON)
    assert curve is not None
    assert curve_caption(curve, label="a map").startswith("Line: a map. Every circle")
    claimed = replace(curve, claim=curve.line)
    assert "Dashed: what it is claimed to be." in curve_caption(claimed, label="a map")
    at_the_foot = [one for one in ET.fromstring(curve_svg(claimed, label="a map")) if one.attrib.get("y") == "372"]
    assert [one.text for one in at_the_foot] == ["σ of the average over its Frobenius norm"]


@pytest.mark.parametrize("convention", [
    Convention(map=PowerMap(p=3.0)), Convention(map=PowerMap(p=3.0, is_regularized=True)),
    Convention(map=PowerMap(p=1.0)),
    Convention(map=PowerMap(p=2.0, is_regularized=True)),
    Convention(map=PolynomialMap(schedule=polar_schedule("you"), times_dual_norm=True)),
    Convention(map=PolynomialMap(schedule=polar_schedule("you"), normalisation="spectral")),
])  # fmt: skip
def test_every_spectral_map_has_a_drawing(convention: Convention) -> None:
    curve = curve_of([run_of(probe_of(6, 4, 1), convention)], convention)
    assert curve is not None
    assert np.allclose(curve.measured, curve.expected, atol=1e-5)
    ET.fromstring(curve_svg(curve, label="a map"))


def test_maps_of_entries_and_no_runs_have_none() -> None:
    sign = Convention(map=EntrywiseMap(name="sign"))
    assert curve_of([run_of(probe_of(6, 4, 1), sign)], sign) is None
    assert curve_of([], MUON) is None
    assert curve_of([], None) is None


def test_the_oracle_of_a_schedule_lies_inside_its_enclosure() -> None:
    runs = [run_of(probe_of(rows, columns, 2, name=f"{rows}"), MUON) for rows, columns in ((6, 4), (4, 6), (8, 8))]
    report = examine_oracle(runs, MUON)
    assert report is not None
    widest = report.enclosed[-1]
    assert 0 < report.direction_defect <= widest.direction_defect
    assert 0 < report.norm_excess <= widest.norm_excess
    assert report.guarantee is not None
    assert report.guarantee.value > report.guarantee.exact > 0
    assert "T10" in report.guarantee.statement
    assert any("proved for singular values in [0.001, 1]" in one for one in report.words)


def test_an_exact_oracle_has_the_exact_guarantee() -> None:
    report = examine_oracle([run_of(probe_of(6, 4, 2), POLAR)], POLAR)
    assert report is not None
    assert report.direction_defect == report.norm_excess == 0
    assert report.guarantee is not None
    assert report.guarantee.value == report.guarantee.exact


def test_errors_of_half_precision_are_part_of_the_oracle() -> None:
    half = replace(MUON, precision="bfloat16")
    exact, rounded = (examine_oracle([run_of(probe_of(6, 4, 2), MUON)], one) for one in (MUON, half))
    assert exact is not None
    assert rounded is not None
    assert rounded.norm_excess == exact.norm_excess > 0


def test_a_floor_keeps_small_averages_out_of_the_oracle() -> None:
    floored = replace(POLAR, floor=Floor(value=1.0, form="added"))
    assert examine_oracle([run_of(probe_of(6, 4, 1), floored)], floored) is None


def test_no_guarantee_is_printed_where_the_theory_has_none() -> None:
    recursive = replace(POLAR, momentum=Momentum(average="recursive", beta=0.5))
    report = examine_oracle([run_of(probe_of(6, 4, 1), recursive)], recursive)
    assert report is not None
    assert report.guarantee is None
    assert examine_oracle([], Convention(map=EntrywiseMap(name="sign"))) is None


def test_averages_are_those_of_the_momentum() -> None:
    run = run_of(probe_of(4, 4, 2), MUON)
    past: dict[str, list[np.ndarray]] = {ONE: []}
    x = dict(run.probe.start)
    for k in range(2):
        d, size = averages_of(run, MUON, past, x, k)
        assert np.allclose(
            d[ONE], sum(w * g[ONE] for w, g in zip(MUON.momentum.weights(k), run.probe.gradients, strict=False))
        )
        assert np.all(size[ONE] >= np.abs(d[ONE]) - 1e-12)


def test_probes_for_recordings_are_finite_and_have_unique_names() -> None:
    probes = recordable_probes()
    assert len({one.name for one in probes}) == len(probes) > 50
    assert all(np.all(np.isfinite(g[name])) for one in probes for g in one.gradients for name in g)
    assert [one.name for one in recordable_probes(1)] == [one.name for one in probes]
