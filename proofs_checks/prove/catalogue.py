"""Every proof there is, in the order of the statements; the names by which one can ask for them."""

from __future__ import annotations

import functools
from collections.abc import Iterable

from schattor_theory.checks import fail, nearest_name
from schattor_theory.errors import UnknownNameError

from ..conic import PROGRAMS
from ..proof import Proposition
from ..rigorous import CERTIFICATES
from ..statements import STATEMENTS, select
from ..symbolic import DERIVATIONS

__all__ = ["chosen", "named", "propositions"]


@functools.cache
def propositions() -> tuple[Proposition, ...]:
    """Return derivations, certificates and programs, sorted by statement."""
    order = list(STATEMENTS)
    return tuple(sorted((*DERIVATIONS, *CERTIFICATES, *PROGRAMS), key=lambda one: order.index(one.statement)))


def named(name: str) -> Proposition:
    """Return the proposition with this name."""
    return next(one for one in propositions() if one.name == name)


def chosen(ids: Iterable[str] | None = None) -> tuple[Proposition, ...]:
    """Return the propositions of some statements, or with some names; all of them for None or no id.

    Raises
    ------
    UnknownNameError
        For what is neither; the message gives the nearest name.
    """
    wanted = list(ids or ())
    if not wanted:
        return propositions()
    names = [one.name for one in propositions()]
    groups = {statement.group for statement in STATEMENTS.values()}
    statements: set[str] = set()
    for one in wanted:
        if one in STATEMENTS or one in groups:
            statements.update(select([one], "prove"))
        elif one not in names:
            near = nearest_name(one.upper(), sorted(groups | set(STATEMENTS))) or nearest_name(one, names)
            hint = f"Did you mean {near!r}?" if near else "`schattor prove --brief` lists them all."
            fail(UnknownNameError, "prove", "id", "name a statement of docs/theory or a proof", one, hint)
    return tuple(one for one in propositions() if one.statement in statements or one.name in wanted)
