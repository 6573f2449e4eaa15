"""Seeds: equal axes are one seed, streams are prefix-stable, and nothing else decides what is drawn."""

from __future__ import annotations

import hashlib
import itertools
import json
import math
from collections.abc import Callable
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schattor_theory.errors import ParameterError, UnknownNameError
from synthetic.seeds import ROLES, Streams, canonical_json, digest
from tests.joined import every

EQUAL = [
    (2, 2.0, "2", "2.0", np.int64(2), np.float32(2), Fraction(2), "4/2"),
    (0.1, "0.1", "1/10", Fraction(1, 10), np.float64(0.1)),
    (math.inf, "inf", np.inf),
    (4 / 3, "4/3", Fraction(4, 3)),
    ([1, 2], (1, 2), ["1", 2.0]),
    ({"a": 1, "b": 2}, {"b": "2", "a": 1.0}),
    ({2: "x"}, {"2": "x"}),
    (0, -0.0, "0"),
    (None,),
    (True,),
    ("text",),
    (-math.inf, "-inf"),
    (1e300, "1e300", "1E+300", int(1e300)),  # a decimal is a float, as in TOML
    ("1e400",),
    ("1e999999999",),  # a commit hash may look like this, and its exact value would fill the memory
    ("Infinity",),
    ("nan",),
]


@every("spellings", EQUAL)
def test_equal_axes_have_one_spelling(spellings: tuple) -> None:
    assert len({canonical_json(value) for value in spellings}) == 1
    assert len({digest({"axis": value}) for value in spellings}) == 1


def test_different_axes_have_different_spellings() -> None:
    texts = [canonical_json(spellings[0]) for spellings in EQUAL]
    others = (1, 3, 2 + 1e-15, "two", [2], [[2]], {"a": 2}, False, "", [], {}, 2**53 + 1, 2**53)
    texts += [canonical_json(v) for v in others]
    assert len(set(texts)) == len(texts)


def test_canonical_text_is_strict_json_of_known_form() -> None:
    text = canonical_json({"p": math.inf, "d": [2, 0.5], "name": "bowl", "on": True})
    assert text == '{"d":["2","0.5"],"name":"bowl","on":true,"p":"inf"}'
    assert json.loads(text)["p"] == "inf"
    assert digest({"d": 2}) == hashlib.sha256(b'{"d":"2"}').hexdigest()


LEAVES = st.one_of(st.integers(), st.floats(allow_nan=False), st.text(max_size=6), st.none(), st.booleans())
TABLES = st.recursive(LEAVES, lambda x: st.lists(x, max_size=3) | st.dictionaries(st.text(max_size=3), x, max_size=3))


@given(TABLES)
def test_the_canonical_form_is_its_own_canonical_form(axes: object) -> None:
    text = canonical_json(axes)
    assert canonical_json(json.loads(text)) == text


@pytest.mark.parametrize("axes", [math.nan, {"a": math.nan}, object(), {1, 2}, 1j, np.ones(2), {"a": object()}])
def test_refuses_axes_that_have_no_canonical_form(axes: object) -> None:
    words = r"^canonical_json: value must (not be NaN|be built of numbers, strings, lists and tables), got value="
    with pytest.raises(ParameterError, match=words):
        canonical_json(axes)


LAWS: dict[str, Callable[[np.random.Generator, int], np.ndarray]] = {
    "normal": lambda g, n: g.standard_normal(n),
    "uniform": lambda g, n: g.random(n),
    "integers": lambda g, n: g.integers(0, 10, n),
}


@pytest.mark.parametrize("law", LAWS)
@given(cuts=st.lists(st.integers(0, 7), min_size=1, max_size=5))
def test_streams_do_not_depend_on_how_they_are_drawn(law: str, cuts: list[int]) -> None:
    draw = LAWS[law]
    in_parts, at_once = Streams(7, 3).generator("tail"), Streams(7, 3).generator("tail")
    parts = np.concatenate([draw(in_parts, n) for n in cuts])
    np.testing.assert_array_equal(parts, draw(at_once, sum(cuts)))


def test_a_longer_draw_begins_like_a_shorter_one() -> None:
    for law in LAWS.values():
        short, long = Streams("s", 1).generator("signs"), Streams("s", 1).generator("signs")
        np.testing.assert_array_equal(law(short, 5), law(long, 50)[:5])


def test_a_generator_goes_on_where_it_was() -> None:
    streams = Streams(1)
    assert streams.generator("tail") is streams.generator("tail")
    first = streams.generator("tail").random()
    assert streams.generator("tail").random() != first


def test_seeds_repeats_and_roles_have_streams_of_their_own() -> None:
    firsts = {
        (seed, repeat, role): Streams(seed, repeat).generator(role).random()
        for seed, repeat, role in itertools.product((0, 1, "x", '{"d":"2"}'), range(4), ROLES)
    }
    firsts |= {(d, r, "data"): Streams({"d": d}, r).generator("data").random() for d in (2, 3) for r in range(4)}
    assert len(set(firsts.values())) == len(firsts)


def test_roles_do_not_disturb_each_other() -> None:
    alone, after = Streams(5), Streams(5)
    after.generator("basis").random(100)
    after.generator("start").standard_normal(3)
    assert alone.generator("tail").random() == after.generator("tail").random()


def test_streams_of_different_roles_are_uncorrelated() -> None:
    n = 4096
    draws = np.array([Streams(3, r).generator(role).standard_normal(n) for r in range(3) for role in ROLES])
    correlation = np.corrcoef(draws) - np.eye(len(draws))
    # 105 pairs; each is normal with deviation 1/sqrt(n) to second order: 7 deviations fail by chance below 1e-9
    assert np.abs(correlation).max() < 7 / math.sqrt(n)
    # and the check sees a stream that is used twice
    assert np.abs(np.corrcoef([draws[0], draws[0]]) - np.eye(2)).max() > 7 / math.sqrt(n)


def test_concatenation_of_seed_and_repeat_is_not_ambiguous() -> None:
    a = Streams("1", 11).generator("data").random()
    b = Streams("11", 1).generator("data").random()
    c = Streams("1|1", 1).generator("data").random()
    assert len({a, b, c}) == 3


def test_equal_seeds_in_other_spellings_give_the_same_stream() -> None:
    draws = {Streams(seed, 4).generator("data").random() for seed in (7, 7.0, "7", np.int64(7))}
    assert len(draws) == 1


def test_numbers_of_a_stream_are_those_of_this_release() -> None:
    # a change here changes every result on disk: raise the results version with it
    np.testing.assert_array_equal(Streams(7, 0).generator("signs").integers(0, 1000, 6), [736, 33, 730, 431, 121, 355])


@pytest.mark.parametrize("repeat", [-1, 1.0, "1", None, True])
def test_refuses_a_repeat_that_is_no_index(repeat: object) -> None:
    with pytest.raises(ParameterError) as caught:
        Streams(1, repeat)
    assert str(caught.value) == f"Streams: repeat must be an integer >= 0, got repeat={repeat!r}."


def test_refuses_an_unknown_role_and_names_the_nearest() -> None:
    with pytest.raises(UnknownNameError) as caught:
        Streams(1).generator("sign")
    assert str(caught.value).startswith("Streams.generator: role must be one of 'start', 'signs'")
    assert str(caught.value).endswith("got role='sign'. Did you mean 'signs'?")


def test_refuses_a_seed_without_a_canonical_form() -> None:
    with pytest.raises(ParameterError, match="canonical_json: value must"):
        Streams(object())


def test_a_stack_of_streams_is_the_streams_of_its_repeats() -> None:
    seed = {"p": "inf", "d": 3}
    stack = Streams.stack(seed, range(4, 9))
    assert [s.repeat for s in stack] == [4, 5, 6, 7, 8]
    for s in stack:
        own = Streams(seed, s.repeat)
        for role in ("signs", "basis"):
            assert (s.generator(role).random(3) == own.generator(role).random(3)).all()
        assert s.advance("owner", 3) == 0
        assert s.advance("owner", 1) == 3
