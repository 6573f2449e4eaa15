"""Deviation: an optimizer that is not what its author meant, and what the cross-check has to say of it."""

from __future__ import annotations

import builtins
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ..convention import Convention
from .optimizer import Optimizer

__all__ = ["Deviation", "of"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Deviation:
    """An error in an optimizer, planted on purpose.

    Attributes
    ----------
    name : str
        Unique; what went wrong, as a name.
    words : str
        The error in a few words or as a formula, from what is meant to what is done.
    meant : Convention
        What the optimizer is meant to be: against this claim it *differs*.
    make : callable
        Returns the optimizer, a function ``(params, grads, state) -> (params, state)``.
    property : str
        Which of ``PROPERTIES`` has to name it; an invariance by its name where ``is_invariance``.
    becomes : mapping of field to value
        Fields of the diagnosed convention, dotted, such as ``{"momentum.look_ahead": "none"}``: where what is done is a
        convention too, it is the one that is named. Numbers within one per cent; of a frozenset one of them.
    says : tuple of str
        Words of the finding on the property; every one has to be in it. Several words with "|" between: one of them.
    is_invariance : bool
        Whether an invariance shows it and no property does.
    """

    name: str
    words: str
    meant: Convention
    make: Callable[[], Optimizer] = field(repr=False)
    property: str
    becomes: Mapping[str, Any] = field(default_factory=dict)
    says: tuple[str, ...] = ()
    is_invariance: bool = False

    @builtins.property  # the field of that name hides it
    def is_convention(self) -> bool:
        """Return whether what is done is a convention that has a name, only not the one meant."""
        return bool(self.becomes)

    def missing(self, convention: Convention | None) -> list[str]:
        """Return the fields of ``becomes`` that a diagnosed convention does not have."""
        if convention is None:
            return ["no convention"] if self.becomes else []
        found = {path: _value(convention, path) for path in self.becomes}
        return [f"{path} is {found[path]!r}, not {right!r}"
                for path, right in self.becomes.items() if not _agrees(found[path], right)]  # fmt: skip

    def unsaid(self, text: str) -> list[str]:
        """Return what ``says`` asks for and a text does not say."""
        low = text.lower()
        return [words for words in self.says if not any(one.lower() in low for one in words.split("|"))]


def of(
    name: str, words: str, meant: Convention, make: Callable[[], Optimizer], found_by: str, *says: str, **fields: Any
) -> Deviation:
    """Return the deviation with these fields in order; ``becomes`` with ``__`` for the dots."""
    is_invariance = fields.pop("is_invariance", False)
    becomes = {path.replace("__", "."): value for path, value in fields.items()}
    return Deviation(name=name, words=words, meant=meant, make=make, property=found_by, becomes=becomes, says=says,
                     is_invariance=is_invariance)  # fmt: skip


def _value(convention: Convention, path: str) -> Any:
    value: Any = convention
    for name in path.split("."):
        value = getattr(value, name, None)
    return value


def _agrees(found: Any, right: Any) -> bool:
    if isinstance(right, tuple) and isinstance(found, tuple):
        return len(found) >= len(right) and all(_agrees(a, b) for a, b in zip(found, right, strict=False))
    if isinstance(right, frozenset):
        return found in right
    if isinstance(right, Mapping):
        return isinstance(found, Mapping) and all(_agrees(found.get(name), one) for name, one in right.items())
    if isinstance(right, float) and isinstance(found, int | float):
        return found == right or abs(found - right) <= 0.01 * abs(right)
    return found == right
