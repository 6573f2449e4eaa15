"""Mutant: an error planted on purpose, which the checks of its statement must refute."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any

__all__ = ["Mutant", "Wrong", "of"]

Wrong = Callable[[Any], Any]
"""From what is right to what is wrong in its place."""

_PACKAGES = ("schattor_theory", "synthetic", "proofs_checks")
_ABSENT = object()


@dataclass(frozen=True, slots=True, kw_only=True)
class Mutant:
    """An error: where, from what is right there to what is wrong, and the checks that must refute it.

    Attributes
    ----------
    name : str
        Unique; what went wrong, as a name for ``schattor verify --mutant``.
    statement : str
        Id in ``STATEMENTS``: the statement that is no longer what is computed.
    words : str
        The error in a few words or as a formula.
    owner : module or class
        Where the thing is defined that goes wrong.
    attribute : str
        Its name there.
    wrong : callable
        From what is right to what stands in its place.
    checks : tuple of str
        Names of checks of this statement, each of which refutes the error alone.
    """

    name: str
    statement: str
    words: str
    owner: Any = field(repr=False)
    attribute: str
    wrong: Wrong = field(repr=False)
    checks: tuple[str, ...]

    @property
    def place(self) -> str:
        """Return what goes wrong, as the name by which it can be found."""
        owner = self.owner
        path = owner.__name__ if isinstance(owner, ModuleType) else f"{owner.__module__}.{owner.__qualname__}"
        return f"{path}.{self.attribute}"

    def plant(self) -> Callable[[], None]:
        """Put the error in and return the function that takes it out again.

        A function or class of a module is replaced under every name by which a module of the three packages has
        imported it, as if its source had been changed; a constant or a method where it is defined.
        """
        right = getattr(self.owner, self.attribute)
        wrong = self.wrong(right)
        places = {(id(self.owner), self.attribute): self.owner}
        is_shared = isinstance(self.owner, ModuleType) and callable(right)
        if is_shared:
            places |= {(id(module), name): module for module, name in _importers(right)}
        others = {(id(module), name) for module, name in _importers(wrong)} if is_shared else set()
        before = [(owner, name, vars(owner).get(name, _ABSENT)) for (_, name), owner in places.items()]
        for owner, name, _ in before:
            setattr(owner, name, wrong)

        def take_out() -> None:
            for owner, name, value in before:
                if value is _ABSENT:
                    delattr(owner, name)
                else:
                    setattr(owner, name, value)
            # a module that was first imported meanwhile has the error from its import
            for module, name in list(_importers(wrong)) if is_shared else ():
                if (id(module), name) not in others:
                    setattr(module, name, right)

        return take_out

    @contextmanager
    def planted(self) -> Iterator[None]:
        """Return a context in which the error is in place."""
        take_out = self.plant()
        try:
            yield
        finally:
            take_out()


def of(statement: str, name: str, words: str, owner: Any, attribute: str, wrong: Wrong, *checks: str) -> Mutant:
    """Return the mutant of ``statement`` with these fields in order."""
    return Mutant(
        name=name, statement=statement, words=words, owner=owner, attribute=attribute, wrong=wrong, checks=checks
    )


def _importers(value: object) -> Iterator[tuple[ModuleType, str]]:
    """Yield every loaded module of the packages, and every name in it, that holds ``value``."""
    for path, module in list(sys.modules.items()):
        if path.split(".")[0] in _PACKAGES and not path.startswith(__package__):
            yield from ((module, name) for name, held in list(vars(module).items()) if held is value)
