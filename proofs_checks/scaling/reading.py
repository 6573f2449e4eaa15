"""Reading one table of a study file: every refusal names the file, the table, the key, the value and the way out."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import NoReturn

from schattor_theory.checks import check_exponent, fail, nearest_name
from schattor_theory.errors import SchattorError, StudyError
from schattor_theory.geometry import exponent_label

__all__ = ["Table", "exponent_text"]

_MISSING = object()


def exponent_text(value: object) -> str:
    """Return the one spelling of an exponent: ``"2"``, ``"4/3"``, ``"inf"``."""
    return exponent_label(check_exponent("study", value))


class Table:
    """One table of a study file, read key by key; :meth:`finish` refuses the keys that nothing asked for.

    Parameters
    ----------
    file : str
        Name of the study file, for messages.
    where : str
        Name of the table, for messages.
    content : mapping
        The table as ``tomllib`` gives it.
    """

    def __init__(self, file: str, where: str, content: object) -> None:
        self.file = file
        self.where = where
        if not isinstance(content, Mapping):
            fail(StudyError, file, where, "be a table", content, f"Write [{where}] and its keys below it.")
        self.content: Mapping[str, object] = content
        self._known: list[str] = []

    def refuse(self, key: str, requirement: str, got: object, way_out: str = "") -> NoReturn:
        """Raise the :class:`StudyError` for ``key`` of this table."""
        fail(StudyError, self.file, f"{self.where}.{key}", requirement, got, way_out)

    def __contains__(self, key: str) -> bool:
        return key in self.content

    def get(self, key: str, default: object = _MISSING, *, way_out: str = "") -> object:
        """Return the value of ``key``; without a default a missing key is refused."""
        self._known.append(key)
        if key in self.content:
            return self.content[key]
        if default is _MISSING:
            raise StudyError(
                f"{self.file}: {self.where}.{key} must be given, got no such key. "
                + (way_out or f"Add `{key} = …` to [{self.where}].")
            )
        return default

    def text(self, key: str, default: object = _MISSING) -> str:
        """Return a text."""
        value = self.get(key, default)
        if not isinstance(value, str):
            self.refuse(key, "be a text", value, "Put it in quotation marks.")
        return value

    def integer(self, key: str, default: object = _MISSING, *, minimum: int = 1) -> int:
        """Return an integer at least ``minimum``."""
        return self.as_integer(key, self.get(key, default), minimum=minimum)

    def as_integer(self, key: str, value: object, *, minimum: int = 1) -> int:
        """Return ``value`` as an integer at least ``minimum``; 3.0, "3" and true are refused."""
        if isinstance(value, bool) or not isinstance(value, int) or value < minimum:
            self.refuse(key, f"be an integer >= {minimum}", value, "Write it without quotes and decimals.")
        return value

    def number(self, key: str, default: object = _MISSING, *, positive: bool = True) -> float:
        """Return a finite number, positive unless told otherwise."""
        return self.as_number(key, self.get(key, default), positive=positive)

    def as_number(self, key: str, value: object, *, positive: bool = True) -> float:
        """Return ``value`` as a finite number, positive unless told otherwise."""
        requirement = "be a positive finite number" if positive else "be a finite number"
        way_out = "Write a number such as 0.5."
        if isinstance(value, bool) or not isinstance(value, int | float):
            self.refuse(key, requirement, value, way_out)
        if not math.isfinite(value) or (positive and not value > 0):
            self.refuse(key, requirement, value, way_out)
        return float(value)

    def choice(self, key: str, choices: Iterable[str], default: object = _MISSING) -> str:
        """Return one of ``choices``."""
        return self.as_choice(key, self.get(key, default), choices)

    def as_choice(self, key: str, value: object, choices: Iterable[str]) -> str:
        """Return ``value`` when it is one of ``choices``; the refusal gives the nearest one."""
        names = list(choices)
        if not isinstance(value, str) or value not in names:
            near = nearest_name(value, names)
            hint = f"Did you mean {near!r}?" if near else ""
            self.refuse(key, f"be one of {', '.join(map(repr, names))}", value, hint)
        return value

    def as_exponent(self, key: str, value: object) -> str:
        """Return the one spelling of an exponent in [1, inf]."""
        try:
            return exponent_text(value)
        except SchattorError:
            self.refuse(key, "lie in [1, inf]", value, 'Write a number, a fraction such as "4/3", or "inf".')

    def listed(self, key: str, default: object = _MISSING, *, allow_empty: bool = False) -> list[object]:
        """Return the value as a list; a single value stands for the list that holds it."""
        value = self.get(key, default)
        entries = list(value) if isinstance(value, list | tuple) else [value]
        if not entries and not allow_empty:
            self.refuse(key, "hold at least one value", value, "Name a value, or leave the key out.")
        return entries

    def table(self, key: str, default: object = _MISSING) -> Table:
        """Return a table inside this one."""
        return Table(self.file, f"{self.where}.{key}", self.get(key, default))

    def rest(self) -> dict[str, object]:
        """Return the keys that nothing has asked for yet, and count them as known."""
        left = {key: value for key, value in self.content.items() if key not in self._known}
        self._known.extend(left)
        return left

    def finish(self) -> None:
        """Refuse a key that this table does not know, with the nearest one that it does."""
        for key, value in self.content.items():
            if key not in self._known:
                near = nearest_name(key, self._known)
                hint = f"Did you mean {near!r}?" if near else f"Known keys: {', '.join(sorted(set(self._known)))}."
                self.refuse(key, "be a known key", value, hint)
