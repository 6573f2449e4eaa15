"""The record every bound returns."""

from __future__ import annotations

import json
import math
import pickle

import pytest

from schattor_theory.bounds.records import applicable, not_applicable, source_of


def test_value_is_the_sum_of_the_terms_and_the_largest_dominates():
    bound = applicable("T5", "stationarity_mean", {"a": 0.1, "b": 0.7, "c": 0.2})
    assert bound.value == math.fsum([0.1, 0.7, 0.2])
    assert bound.dominant == "b"
    assert bound.review == "proved"
    assert bound.is_applicable


def test_not_applicable_has_a_reason_and_no_value():
    bound = not_applicable("T6", "stationarity_squared_mean", "Because.")
    assert (bound.value, bound.terms, bound.dominant, bound.is_applicable) == (None, {}, None, False)
    assert bound.reason == "Because."


def test_dictionary_is_strict_json_and_the_record_travels_between_processes():
    bound = applicable("T5-hp", "x", {"a": math.inf}, {"sigma": math.inf, "low": -math.inf, "n": 3})
    text = json.dumps(bound.to_dict(), allow_nan=False)
    assert json.loads(text)["value"] == "inf"
    assert json.loads(text)["constants"] == {"sigma": "inf", "low": "-inf", "n": 3}
    assert pickle.loads(pickle.dumps(bound)) == bound


def test_finite_terms_that_overflow_together_give_infinity():
    assert applicable("T5", "x", {"a": 1.7e308, "b": 1.7e308}).value == math.inf


@pytest.mark.parametrize(
    ("statement", "document"),
    [
        ("T1", "descent.md"),
        ("T5-any", "stationarity.md"),
        ("T6*", "sharper.md"),
        ("T4a*", "best-constant.md"),
        ("T10", "extensions.md"),
        ("T13c", "extensions.md"),
    ],
)
def test_each_statement_has_one_page(statement, document):
    assert source_of(statement).document == f"docs/theory/{document}"
