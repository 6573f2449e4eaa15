"""The reference vectors as a collection: for other people's tests, for the files and for the self-test."""

from __future__ import annotations

import fnmatch
import functools
from collections.abc import Iterable, Iterator
from typing import Any

from schattor_theory.checks import fail, nearest_name
from schattor_theory.errors import ParameterError, UnknownNameError
from schattor_theory.geometry import exponent_label

from .case import Case
from .kinds import Question
from .questions import questions

__all__ = ["ReferenceVectors", "reference_vectors"]

_EXPONENTS = ("p", "balance")


class ReferenceVectors:
    """Cases by name; a case that was only asked is answered when it is first looked at.

    Parameters
    ----------
    items : iterable of Question or Case
        With names that differ.

    Examples
    --------
    >>> vectors = reference_vectors()
    >>> case = vectors["duality_map/diagonal/p=inf"]
    >>> case.inputs["matrix"].diagonal(), case.answers["direction"].values.diagonal()
    (array([ 3. , -4. ,  0.5]), array([ 1., -1.,  1.]))
    """

    def __init__(self, items: Iterable[Question | Case]) -> None:
        self._items: dict[str, Question | Case] = {}
        for item in items:
            if item.name in self._items:
                fail(ParameterError, "ReferenceVectors", "items", "have names that differ", item.name)
            self._items[item.name] = item

    def __len__(self) -> int:
        return len(self._items)

    def __iter__(self) -> Iterator[Case]:
        return (self[name] for name in self._items)

    def __contains__(self, name: object) -> bool:
        return name in self._items

    def __getitem__(self, name: str) -> Case:
        if name not in self._items:
            near = nearest_name(name, self._items)
            way_out = f"Did you mean {near!r}?" if near else ""
            fail(UnknownNameError, "ReferenceVectors", "name", "be the name of a case", name, way_out)
        item = self._items[name]
        if isinstance(item, Question):
            item = self._items[name] = item.answered()
        return item

    @property
    def names(self) -> tuple[str, ...]:
        """Return the names of all cases, in their order."""
        return tuple(self._items)

    def cases(
        self, kind: str | None = None, *, name: str = "*", dtype: object = "float64", **parameters: Any
    ) -> tuple[Case, ...]:
        """Return the cases that are asked for and that a computation in ``dtype`` can be judged by.

        Parameters
        ----------
        kind : str, optional
            One of "duality_map", "schedule", "product", "run".
        name : str
            A pattern for the name, with ``*`` for anything.
        dtype : str or dtype
            Type of the computation: the inputs must be exact in it, and the answers not ill-conditioned for it.
        **parameters
            What the parameters of the case must be, for example ``p="inf"`` or ``schedule="muon"``.

        Raises
        ------
        ParameterError
            If nothing is left: a test over no cases would pass.

        Examples
        --------
        >>> len(reference_vectors().cases("duality_map", name="*/square/*", p="4/3"))
        1
        """
        wanted = {key: _comparable(key, value) for key, value in parameters.items()}
        found = [
            item.name
            for item in self._items.values()
            if kind in (None, item.kind)
            and fnmatch.fnmatchcase(item.name, name)
            and all(key in item.parameters for key in wanted)
            and all(_comparable(key, item.parameters[key]) == value for key, value in wanted.items())
        ]
        cases = tuple(case for case in map(self.__getitem__, found) if case.says_something(dtype))
        if not cases:
            asked = dict(kind=kind, name=name, dtype=dtype, **parameters)
            way_out = f"{len(found)} cases fit but for the dtype." if found else "names lists all cases."
            fail(ParameterError, "ReferenceVectors.cases", "parameters", "leave at least one case", asked, way_out)
        return cases


def _comparable(key: str, value: Any) -> Any:
    return exponent_label(value) if key in _EXPONENTS else value


@functools.cache
def reference_vectors() -> ReferenceVectors:
    """Return the certified reference vectors of this release; they are computed case by case, when looked at.

    Returns
    -------
    ReferenceVectors
        The same object in every call.
    """
    return ReferenceVectors(questions())
