"""Cases joined in one test all run, and the ones that fail are named."""

from __future__ import annotations

import inspect

import pytest

from tests.joined import every, some


def test_every_case_runs_and_other_arguments_are_left_to_the_runner() -> None:
    seen = []

    @every("a", [1, 2])
    @every(("b", "c"), [(3, 4), pytest.param(5, 6, id="named")])
    def joined(a: int, b: int, c: int, rest: str) -> None:
        seen.append((a, b, c, rest))

    assert list(inspect.signature(joined).parameters) == ["rest"]
    joined(rest="x")
    assert seen == [(1, 3, 4, "x"), (1, 5, 6, "x"), (2, 3, 4, "x"), (2, 5, 6, "x")]


def test_every_case_that_fails_is_named_and_the_first_error_is_shown() -> None:
    @every("n", range(5), ids=lambda n: f"number {n}")
    def joined(n: int) -> None:
        assert n not in (1, 3), n

    with pytest.raises(AssertionError) as failure:
        joined()
    assert failure.value.__notes__ == ["2 of 5 cases fail: number 1; number 3"]


def test_a_failure_of_pytest_s_own_is_a_failure() -> None:
    @every("n", [1])
    def joined(n: int) -> None:
        with pytest.raises(ValueError):
            pass

    with pytest.raises(pytest.fail.Exception):
        joined()


def test_only_what_is_skipped_as_a_whole_is_skipped() -> None:
    def skips(n: int) -> None:
        if n:
            pytest.skip("not here")

    every("n", [0, 1])(skips)()
    with pytest.raises(pytest.skip.Exception, match="not here"):
        every("n", [1, 2])(skips)()


def test_marks_and_names_that_are_not_taken_are_refused() -> None:
    with pytest.raises(AssertionError, match="no mark of its own"):
        every("n", [pytest.param(1, marks=pytest.mark.slow)])
    with pytest.raises(AssertionError, match="does not take"):
        every("m", [1])(lambda n: None)


def test_of_some_cases_the_fast_suite_takes_the_first_and_every_so_many_th() -> None:
    marked = some("abcde", 2)
    assert [one.values for one in marked] == [("a",), ("b",), ("c",), ("d",), ("e",)]
    assert [[mark.name for mark in one.marks] for one in marked] == [[], ["slow"], [], ["slow"], []]
