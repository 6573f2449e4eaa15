"""Many cases: quick ones in one test, and of slower ones some in the fast suite and all in the whole suite."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import pytest

__all__ = ["every", "some"]


def every(names: str | Sequence[str], cases: Iterable[Any], ids: Callable[[Any], Any] | None = None) -> Callable:
    """Return a decorator that runs a test for every case, as ``pytest.mark.parametrize`` does, but as one test.

    For cases of a millisecond, of which a test of its own is the larger part. All cases run, also after one that fails.
    They share what other arguments the test has, so these must not be changed by it.
    """
    wanted = [name.strip() for name in names.split(",")] if isinstance(names, str) else list(names)
    rows = [values_of(case, wanted) for case in cases]

    def joined(test: Callable) -> Callable:
        @functools.wraps(test)
        def run(**others: Any) -> None:
            failed: list[tuple[str, Exception | pytest.fail.Exception]] = []
            skipped: list[pytest.skip.Exception] = []
            for row in rows:
                try:
                    test(**dict(zip(wanted, row, strict=True)), **others)
                except pytest.skip.Exception as reason:
                    skipped.append(reason)
                except (Exception, pytest.fail.Exception) as error:
                    failed.append((", ".join(str(ids(value) if ids else label(value)) for value in row), error))
            if failed:
                failed[0][1].add_note(
                    f"{len(failed)} of {len(rows)} cases fail: {'; '.join(name for name, _ in failed)}"
                )
                raise failed[0][1]
            if skipped and len(skipped) == len(rows):
                raise skipped[0]

        signature = inspect.signature(test)
        assert set(wanted) <= signature.parameters.keys(), f"{test.__name__} does not take {wanted}"
        others = [parameter for name, parameter in signature.parameters.items() if name not in wanted]
        run.__signature__ = signature.replace(parameters=others)  # type: ignore[attr-defined]
        return run

    return joined


def some(cases: Iterable[Any], one_in: int) -> list[Any]:
    """Return cases for ``pytest.mark.parametrize``: the fast suite takes the first and every ``one_in``-th after it."""
    return [pytest.param(case, marks=pytest.mark.slow if k % one_in else ()) for k, case in enumerate(cases)]


def values_of(case: Any, names: Sequence[str]) -> tuple[Any, ...]:
    """Return the values of a case by name; ``pytest.param`` may give its name, but no mark, which is of whole tests."""
    if hasattr(case, "marks") and hasattr(case, "values") and not isinstance(case, dict):
        assert not case.marks, "a case among many has no mark of its own"
        return tuple(case.values)
    return (case,) if len(names) == 1 else tuple(case)


def label(value: Any) -> str:
    """Return a case as a message names it."""
    return str(getattr(value, "__name__", None) or getattr(value, "name", None) or repr(value))
