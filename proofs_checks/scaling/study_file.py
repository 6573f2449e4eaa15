"""Reading study files: everything is checked before anything runs."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from schattor_theory.errors import StudyError
from synthetic import RECORDS
from synthetic.seeds import digest

from .axes import AXES, FIT_AXES
from .columns import STATISTICS
from .plan import ASSUMPTIONS, Arm, Expectation, Held, Study
from .reading import Table

__all__ = ["load_study", "read_study"]

DEFAULT_BLOCK_SIZE = 16
DEFAULT_GRID = (0.125, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0)
DEFAULT_HELD = Held(initial_gap=0.5, smoothness=1.0, sigma=1.0)


def _read_held(table: Table | None, base: Held | None) -> Held:
    """Return what is held fixed; keys that an arm leaves out come from the study's own table."""
    defaults = base or DEFAULT_HELD
    if table is None:
        return defaults
    geometry = table.get("geometry", defaults.geometry)
    order = table.number("moment_order", defaults.moment_order)
    if not 1 < order <= 2:
        table.refuse("moment_order", "lie in (1, 2]", order, "2 asks for a second moment.")
    held = Held(
        table.number("initial_gap", defaults.initial_gap),
        table.number("smoothness", defaults.smoothness),
        table.number("sigma", defaults.sigma),
        order,
        "own" if geometry == "own" else table.as_exponent("geometry", geometry),
    )
    table.finish()
    return held


def _read_axes(table: Table) -> dict[str, tuple[object, ...]]:
    axes: dict[str, tuple[object, ...]] = {}
    for name, axis in AXES.items():
        if axis.required and name not in table:
            table.get(name, way_out=f"Every arm needs the axis {name!r}: add `{name} = […]`.")
        entries = table.listed(name, axis.default)
        if name not in table and axis.default is None:
            continue
        values = tuple(axis.read(table, name, entry) for entry in entries)
        names = [digest({"value": value}) for value in values]
        if len(set(names)) < len(names):
            table.refuse(name, "hold each value once", entries, "Drop the repeated value.")
        axes[name] = values
    if "dimension" not in axes and "width" not in axes:
        table.get("dimension", way_out="Every arm needs an axis of sizes: add `dimension = […]`, or `width = […]`.")
    if ("balance" in axes) != ("blocks" in axes):
        missing = "blocks" if "balance" in axes else "balance"
        table.get(missing, way_out="The axes `blocks` and `balance` go together.")
    return axes


def _read_arm(file: str, content: object, index: int, block_size: int, base: Held | None) -> Arm:
    table = Table(file, f"arm[{index}]", content)
    name = table.text("name")
    table.where = f"arm[{name}]"
    axes = _read_axes(table)
    repeats = table.integer("repeats")
    if repeats % block_size:
        table.refuse("repeats", f"be a multiple of study.block_size={block_size}", repeats,
                     f"Write {-(-repeats // block_size) * block_size}, or change the block size.")  # fmt: skip
    constants = table.choice("constants", ("exact", "estimated"), "exact")
    if constants == "estimated" and "fixed" in table:
        table.refuse("fixed", "be left out with estimated constants", table.content["fixed"], "They are measured.")
    held = None
    if constants == "exact":
        held = _read_held(table.table("fixed") if "fixed" in table else None, base)
    assumption = table.choice("assumption", ASSUMPTIONS, "covariance")
    varying = [axis for axis in FIT_AXES if len(axes.get(axis, ())) > 1]
    grid = [table.as_number("grid", factor) for factor in table.listed("grid", list(DEFAULT_GRID))]
    arm = Arm(
        name=name,
        title=table.text("title", name),
        axes=axes,
        repeats=repeats,
        held=held,
        assumption=assumption,
        tuned_for=table.choice("tuned_for", ASSUMPTIONS, assumption),
        against=table.choice("against", [a for a in FIT_AXES if a in axes], (varying or ["dimension"])[0]),
        grid=tuple(grid),
        radii_spread=table.number("radii_spread", 1.0),
        statistics=tuple(
            table.as_choice("statistics", name, STATISTICS) for name in table.listed("statistics", STATISTICS[0])
        ),
        record=tuple(table.as_choice("record", name, RECORDS) for name in table.listed("record", [], allow_empty=True)),
        note=table.text("note", ""),
    )
    table.finish()
    return arm


def _read_expectation(file: str, content: object, index: int, arms: Mapping[str, Arm]) -> Expectation:
    table = Table(file, f"expect[{index}]", content)
    arm = arms[table.choice("arm", arms)]
    kinds = [kind for kind in ("equals", "at_least", "at_most") if kind in table]
    if len(kinds) != 1:
        table.refuse("equals", "be the one of equals, at_least, at_most that is given", kinds, "Give exactly one.")
    given = table.get(kinds[0])
    is_rate = given == "rate" and kinds[0] == "at_most"
    value: float | str = "rate" if is_rate else table.as_number(kinds[0], given, positive=False)
    statistic = table.choice("statistic", arm.statistics, arm.statistics[0])
    margin = table.number("margin") if kinds[0] == "equals" else 0.0
    alpha = table.number("alpha", 0.05)
    if not alpha < 0.5:
        table.refuse("alpha", "lie in (0, 1/2)", alpha, "0.05 is usual.")
    where: dict[str, tuple[object, ...]] = {}
    for name, axis in AXES.items():
        if name in table:
            chosen = tuple(axis.read(table, name, entry) for entry in table.listed(name))
            there = arm.axes.get(name, ())
            for entry in chosen:
                if entry not in there:
                    table.refuse(name, f"be among the values of arm {arm.name!r}", entry, f"It has {list(there)}.")
            where[name] = chosen
    table.finish()
    return Expectation(arm.name, where, kinds[0], value, statistic, margin, alpha)


def _scaled_down(file: str, content: Mapping[str, object]) -> dict[str, object]:
    """Return the file with its ``[smoke]`` table put over the arms; expectations are not asked of a smoke run."""
    if "smoke" not in content:
        raise StudyError(f"{file}: smoke must be given for --scale smoke, got no such table. Add a [smoke] table.")
    table = Table(file, "smoke", content["smoke"])
    overrides = table.table("arms", {})
    listed = content.get("arm")
    arms = [dict(arm) for arm in listed if isinstance(arm, Mapping)] if isinstance(listed, list) else []
    changed: dict[str, Mapping[str, object]] = {}
    for name, changes in overrides.content.items():
        overrides.as_choice(name, name, [str(arm.get("name")) for arm in arms])
        if not isinstance(changes, Mapping):
            overrides.refuse(name, "be a table of axes", changes)
        changed[name] = changes
    study = Table(file, "study", content.get("study", {})).content
    block_size = table.integer("block_size", study.get("block_size", DEFAULT_BLOCK_SIZE))
    common = {key: value for key, value in table.rest().items() if key in AXES or key == "repeats"}
    for arm in arms:
        arm.update(common | dict(changed.get(str(arm.get("name")), {})))
    return dict(content) | {"arm": arms or listed, "expect": [], "study": dict(study) | {"block_size": block_size}}


def read_study(text: str, file: str = "study", *, scale: str = "full") -> Study:
    """Return the study that the TOML ``text`` describes.

    Parameters
    ----------
    text : str
        The study file.
    file : str
        Its name, for messages.
    scale : {"full", "smoke"}
        ``"smoke"`` puts the file's ``[smoke]`` table over its arms: a run of seconds that checks the plumbing.

    Raises
    ------
    StudyError
        With the file, table, key, value and way out of the first thing that is wrong.
    """
    try:
        content: dict[str, object] = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise StudyError(f"{file}: the file must be TOML, got: {error}. See https://toml.io for the grammar.") from None
    if scale == "smoke":
        content = _scaled_down(file, content)
    top = Table(file, "file", content)
    table = Table(file, "study", top.get("study", way_out="Add a [study] table with a name."))
    block_size = table.integer("block_size", DEFAULT_BLOCK_SIZE)
    base = _read_held(Table(file, "fixed", top.get("fixed")), None) if "fixed" in top else None
    listed = top.get("arm", way_out="Add at least one [[arm]] table.")
    if not isinstance(listed, list) or not listed:
        top.refuse("arm", "be a list of tables", listed, "Write [[arm]] with double brackets.")
    arms = [_read_arm(file, arm, index, block_size, base) for index, arm in enumerate(listed)]
    by_name = {arm.name: arm for arm in arms}
    if len(by_name) < len(arms):
        top.refuse("arm", "have different names", [arm.name for arm in arms], "Rename one.")
    expected = top.get("expect", [])
    if not isinstance(expected, list):
        top.refuse("expect", "be a list of tables", expected, "Write [[expect]] with double brackets.")
    study = Study(
        name=table.text("name"),
        title=table.text("title", ""),
        statement=table.text("statement", "T5"),
        summary=table.text("summary", "").strip(),
        block_size=block_size,
        seed=table.integer("seed", 1, minimum=0),
        arms=tuple(arms),
        expectations=tuple(_read_expectation(file, e, index, by_name) for index, e in enumerate(expected)),
        margin=table.number("margin", 0.02),
        alpha=table.number("alpha", 0.05),
        scale=scale,
        text=text,
    )
    table.finish()
    top.get("smoke", None)
    top.finish()
    return study if study.title else replace(study, title=study.name)


def load_study(path: str | Path, *, scale: str = "full") -> Study:
    """Return the study in the file ``path``; see :func:`read_study`."""
    path = Path(path)
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        way_out = "Run `schattor study list` to see the shipped ones."
        raise StudyError(f"{path}: the file must be readable, got: {error}. {way_out}") from None
    return read_study(text, path.name, scale=scale)
