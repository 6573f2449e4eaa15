"""The axes of a study: what each one is called, which values it takes, and how a value is spelled.

The one list of axis names: the study reader, the columns of ``results.parquet`` and the reports derive from it.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from schattor_theory.optimizer.schattor import ORACLES
from synthetic import NOISES, PROBLEMS
from synthetic.family import Family

from .reading import Table

__all__ = ["AXES", "FIT_AXES", "TUNINGS", "Axis", "factory_of", "world_label"]

TUNINGS = ("theory", "empirical")

_REQUIRED = object()


@dataclass(frozen=True, slots=True)
class Axis:
    """One axis of a study.

    Attributes
    ----------
    name : str
        Key in an arm, and column of the results.
    column : str
        Type of the column: ``"text"``, ``"integer"`` or ``"real"``.
    read : callable
        ``read(table, key, value)`` returns the canonical value or refuses it.
    default : object
        Value of an arm that does not name the axis; ``None`` leaves the axis out.
    """

    name: str
    column: str
    read: Callable[[Table, str, object], object]
    default: object = None

    @property
    def required(self) -> bool:
        """Return whether every arm has to name this axis."""
        return self.default is _REQUIRED


def factory_of(name: str) -> Callable[..., object] | None:
    """Return the object that ``module:factory`` names, or None when ``name`` is no such spelling.

    Raises
    ------
    ImportError, AttributeError
        If the module or the factory does not exist.
    """
    module, colon, attribute = name.partition(":")
    if not colon:
        return None
    return getattr(importlib.import_module(module), attribute)


def _world_reader(catalogue: Mapping[str, Family]) -> Callable[[Table, str, object], object]:
    def read(table: Table, key: str, value: object) -> object:
        options: dict[str, object] = dict(value) if isinstance(value, Mapping) else {"name": value}
        if "name" not in options:
            table.refuse(key, 'have a key "name"', value, 'For example { name = "…", option = … }.')
        name = options["name"]
        if isinstance(name, str) and ":" in name:
            try:
                factory = factory_of(name)
            except (ImportError, AttributeError) as error:
                table.refuse(key, "name a factory that can be imported", name, f"{error}.")
            if not callable(factory):
                table.refuse(key, "name something that can be called", name, "Give the function that builds it.")
            return options
        known = list(catalogue[table.as_choice(key, name, catalogue)].options)
        for option in options:
            if option != "name":
                table.as_choice(f"{key}.{name}", option, known)
        return options

    return read


def world_label(value: object) -> str:
    """Return the text that stands for a problem or a noise in a column: ``name(option=value, …)``."""
    if not isinstance(value, Mapping):
        return str(value)
    options = ", ".join(f"{key}={value[key]}" for key in sorted(value) if key != "name")
    return f"{value['name']}({options})" if options else str(value["name"])


def _exponent(table: Table, key: str, value: object) -> object:
    return table.as_exponent(key, value)


def _integer(table: Table, key: str, value: object) -> object:
    return table.as_integer(key, value, minimum=1)


def _number(table: Table, key: str, value: object) -> object:
    return table.as_number(key, value)


def _one_of(choices: tuple[str, ...]) -> Callable[[Table, str, object], object]:
    return lambda table, key, value: table.as_choice(key, value, choices)


AXES: dict[str, Axis] = {
    axis.name: axis
    for axis in (
        Axis("p", "text", _exponent, _REQUIRED),
        Axis("oracle", "text", _one_of(ORACLES), "ball"),
        Axis("dimension", "integer", _integer),
        Axis("aspect", "real", _number, 1.0),
        Axis("horizon", "integer", _integer, _REQUIRED),
        Axis("noise", "text", _world_reader(NOISES), _REQUIRED),
        Axis("problem", "text", _world_reader(PROBLEMS), _REQUIRED),
        Axis("tuning", "text", _one_of(TUNINGS), _REQUIRED),
        Axis("blocks", "integer", _integer),
        Axis("balance", "text", _exponent),
        Axis("width", "integer", _integer),
    )
}

FIT_AXES = tuple(name for name, axis in AXES.items() if axis.column == "integer")
"""The axes along which an exponent can be fitted."""
