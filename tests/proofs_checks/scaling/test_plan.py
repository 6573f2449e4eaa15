"""Study files: what is read, and that every refusal names file, table, key, value and way out."""

from __future__ import annotations

import math

import pytest

from proofs_checks.scaling.shipped_studies import shipped_studies, study_path
from proofs_checks.scaling.study_file import load_study, read_study
from schattor_theory.errors import StudyError, UnknownNameError
from tests.joined import every

STUDY = """
[study]
name = "small"
block_size = 4
[fixed]
initial_gap = 0.5
smoothness = 1.0
sigma = 1.0
[[arm]]
name = "main"
p = [2, "4/3", inf]
dimension = [4, 8, 16, 32]
horizon = 50
noise = "fixed_signs"
problem = { name = "quadratic" }
tuning = "theory"
repeats = 8
[[expect]]
arm = "main"
p = ["inf"]
equals = 0
margin = 0.02
[smoke]
repeats = 4
[smoke.arms.main]
dimension = [2, 4]
"""


def changed(old: str, new: str) -> str:
    assert old in STUDY
    return STUDY.replace(old, new)


def test_reads_axes_in_one_spelling() -> None:
    arm = read_study(STUDY).arm("main")
    assert arm.axes["p"] == ("2", "4/3", "inf")
    assert arm.axes["dimension"] == (4, 8, 16, 32)
    assert arm.axes["oracle"] == ("ball",)
    assert arm.against == "dimension"
    assert len(read_study(STUDY).cells()) == 3 * 4 * 2


@every(
    ("old", "new", "words"),
    [
        ('noise = "fixed_signs"', 'noise = "fixed_sings"', ["arm[main].noise", "Did you mean 'fixed_signs'?"]),
        ('"quadratic"', '"quadratc"', ["arm[main].problem", "Did you mean 'quadratic'?"]),
        ("horizon = 50", 'horizon = "50"', ["arm[main].horizon must be an integer >= 1", "'50'", "without quotes"]),
        ("horizon = 50", "horizon = 50.0", ["arm[main].horizon must be an integer >= 1", "50.0"]),
        ("horizon = 50", "horizon = true", ["arm[main].horizon must be an integer >= 1", "True"]),
        ("horizon = 50\n", "", ["arm[main].horizon must be given", "`horizon = […]`"]),
        ('p = [2, "4/3", inf]\n', "", ["arm[main].p must be given"]),
        ("dimension = [4, 8, 16, 32]\n", "", ["arm[main].dimension must be given", "or `width = […]`"]),
        ('tuning = "theory"\n', "", ["arm[main].tuning must be given"]),
        ("repeats = 8\n", "", ["arm[main].repeats must be given"]),
        ('tuning = "theory"', 'tuning = "empirica"', ["arm[main].tuning", "Did you mean 'empirical'?"]),
        ("repeats = 8", "repeats = 6", ["arm[main].repeats must be a multiple of study.block_size=4", "Write 8"]),
        ('"4/3", inf]', '"4/3", nan]', ["arm[main].p must lie in [1, inf]", "nan"]),
        ('"4/3", inf]', "0.5]", ["arm[main].p must lie in [1, inf]", "0.5"]),
        ('"4/3", inf]', "2.0]", ["arm[main].p must hold each value once"]),
        ("horizon = 50", "horizon = 50\nhorizn = 60", ["arm[main].horizn must be a known key", "'horizon'?"]),
        ("sigma = 1.0", "sigma = -1.0", ["fixed.sigma must be a positive finite number", "-1.0"]),
        ("sigma = 1.0", "sigma = nan", ["fixed.sigma must be a positive finite number", "nan"]),
        ("sigma = 1.0", "sigma = 1.0\nmoment_order = 1", ["fixed.moment_order must lie in (1, 2]"]),
        ('arm = "main"\n', 'arm = "mian"\n', ["expect[0].arm", "Did you mean 'main'?"]),
        ("equals = 0\n", "equals = 0\nat_least = 1\n", ["expect[0].equals", "exactly one"]),
        ("margin = 0.02\n", "", ["expect[0].margin must be given"]),
        ('p = ["inf"]', "p = [3]", ["expect[0].p must be among the values of arm 'main'", "'3'"]),
        ("[[arm]]", "[arm]", ["file.arm must be a list of tables", "double brackets"]),
        ("[study]", "[studdy]", ["file.study must be given"]),
        ('name = "small"\n', "", ["study.name must be given"]),
        ('name = "small"', "name = 3", ["study.name must be a text", "3"]),
        ("repeats = 8", "repeats = 8\nblocks = 2", ["arm[main].balance must be given"]),
        ("[study]", "[study", ["small.toml: the file must be TOML"]),
        ('"quadratic"', '"no.such.module:factory"', ["arm[main].problem must name a factory that can be imported"]),
        ('"quadratic"', '"math:pi"', ["arm[main].problem must name something that can be called"]),
        ('"quadratic" }', '"quadratic", rotatd = true }', ["arm[main].problem.quadratic", "'rotated'?"]),
        ("repeats = 8", 'repeats = 8\nconstants = "estimated"\nfixed = { sigma = 2.0 }', ["be left out"]),
    ],
)
def test_refuses_with_file_table_key_value_and_way_out(old: str, new: str, words: list[str]) -> None:
    with pytest.raises(StudyError) as found:
        read_study(changed(old, new), "small.toml")
    message = str(found.value)
    assert message.startswith("small.toml: ")
    for word in words:
        assert word in message, message


def test_a_cell_is_named_by_its_axes_and_block_alone() -> None:
    small = {cell.digest for cell in read_study(STUDY).cells()}
    assert len(small) == 24
    more_repeats = {cell.digest for cell in read_study(changed("repeats = 8", "repeats = 12")).cells()}
    more_dimensions = {cell.digest for cell in read_study(changed("16, 32]", "16, 32, 64]")).cells()}
    assert small < more_repeats
    assert small < more_dimensions
    respelled = changed('p = [2, "4/3", inf]', 'p = [2.0, "8/6", "inf"]').replace("horizon = 50", "horizon = [50]")
    assert {cell.digest for cell in read_study(respelled).cells()} == small
    titled = changed('name = "small"', 'name = "small"\ntitle = "other"')
    assert {cell.digest for cell in read_study(titled).cells()} == small


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("sigma = 1.0", "sigma = 2.0"),
        ("horizon = 50", "horizon = 51"),
        ("repeats = 8", 'repeats = 8\nassumption = "moment"'),
        ('name = "small"', 'name = "small"\nseed = 2'),
        ('"quadratic"', '"quadratic", left = "spike"'),
        ("sigma = 1.0", "sigma = 1.0\ngeometry = 2"),
    ],
)
def test_what_changes_the_numbers_changes_the_name(old: str, new: str) -> None:
    before = {cell.digest for cell in read_study(STUDY).cells()}
    assert not before & {cell.digest for cell in read_study(changed(old, new)).cells()}


def test_a_results_version_changes_every_name(monkeypatch: pytest.MonkeyPatch) -> None:
    before = {cell.digest for cell in read_study(STUDY).cells()}
    monkeypatch.setattr("proofs_checks.scaling.plan.RESULTS_VERSION", 10**6)
    assert not before & {cell.digest for cell in read_study(STUDY).cells()}


def test_smoke_puts_its_table_over_the_arms_and_expects_nothing() -> None:
    study = read_study(STUDY, scale="smoke")
    assert study.arm("main").axes["dimension"] == (2, 4)
    assert study.arm("main").repeats == 4
    assert study.expectations == ()
    assert read_study(STUDY).arm("main").axes["dimension"] == (4, 8, 16, 32)
    with pytest.raises(StudyError, match=r"small\.toml: smoke\.arms\.main must be one of"):
        read_study(changed("[[arm]]\nname = \"main\"", "[[arm]]\nname = \"other\"").replace(
            'arm = "main"', 'arm = "other"'), "small.toml", scale="smoke")  # fmt: skip


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('[study]\nname = "small"\nblock_size = 4\n', "study = 3\n", "study must be a table, got study=3"),
        ('name = "main"\n', "", r"arm\[0\]\.name must be given"),
        ("repeats = 8", "repeats = 8\nrecord = 3", r"arm\[main\]\.record must be one of"),
    ],
)
@pytest.mark.parametrize("scale", ["full", "smoke"])
def test_a_value_of_the_wrong_kind_is_refused_at_every_scale(old: str, new: str, words: str, scale: str) -> None:
    text = changed(old, new).replace("[smoke.arms.main]\ndimension = [2, 4]\n", "")
    with pytest.raises(StudyError, match=words):
        read_study(text, scale=scale)


@pytest.mark.parametrize("scale", ["full", "smoke"])
def test_arms_that_are_no_tables_are_refused_at_every_scale(scale: str) -> None:
    with pytest.raises(StudyError, match=r"file\.arm must be a list of tables, got file\.arm=3"):
        read_study('arm = 3\nstudy = { name = "small" }\nsmoke = { repeats = 4 }', scale=scale)


def test_a_single_recorded_path_stands_for_the_list_of_it() -> None:
    assert read_study(changed("repeats = 8", 'repeats = 8\nrecord = "value"')).arm("main").record == ("value",)


def test_a_file_that_is_not_there_is_a_study_error(tmp_path) -> None:
    with pytest.raises(StudyError, match="the file must be readable"):
        load_study(tmp_path / "none.toml")


def test_an_unknown_shipped_study_gives_the_nearest() -> None:
    with pytest.raises(UnknownNameError, match="Did you mean 'dimension_free'"):
        study_path("dimension-free")


@every("scale", ["full", "smoke"])
@every("name", sorted(shipped_studies()))
def test_every_shipped_study_can_be_read(name: str, scale: str) -> None:
    study = load_study(study_path(name), scale=scale)
    assert study.name == name
    assert study.cells()
    assert all(math.isfinite(cell.cost) for cell in study.cells())
