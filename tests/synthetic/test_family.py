"""The catalogue entry, the named spectra and the vector norm that problems and noises share."""

from __future__ import annotations

import inspect
import math

import numpy as np
import pytest

from schattor_theory.errors import ShapeError, UnknownNameError
from synthetic.family import Family, read_only
from synthetic.noise import NOISES
from synthetic.problems import PROBLEMS
from synthetic.spectra import lp_norm, spectrum
from tests.joined import every


@every("family", [*PROBLEMS.values(), *NOISES.values()], ids=lambda f: f.name)
def test_options_are_the_keywords_of_the_factory(family: Family) -> None:
    common = {"shape", "geometry", "smoothness", "initial_gap", "sigma", "moment_order", "rng", "options"}
    keywords = set(inspect.signature(family.factory).parameters)
    own = keywords - common | ({"sigma"} if family.name == "huber" else set())
    missing = own - set(family.options)
    assert not missing
    if "options" not in keywords:
        assert own == set(family.options)


def test_family_refuses_an_unknown_option_with_the_nearest_name() -> None:
    with pytest.raises(UnknownNameError, match="Did you mean 'decay'"):
        PROBLEMS["quadratic"].build((2, 2), 2, decai=1)


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("flat", [1, 1, 1]),
        ("power", [1, 0.25, 1 / 9]),
        ("spike", [1, 0.5, 0.5]),
        ("one_hot", [1, 0, 0]),
        ([2, 0, 1], [2, 0, 1]),
    ],
)
def test_spectrum_by_name(kind, expected) -> None:
    found = spectrum("t", "w", kind, 3, decay=2.0, floor=0.5)
    assert found == pytest.approx(np.array(expected), rel=1e-15)


def test_spectrum_refuses_a_wrong_length() -> None:
    with pytest.raises(ShapeError, match="t: w must hold 3 numbers"):
        spectrum("t", "w", [1.0], 3)


@every("scale", [1e-300, 1.0, 1e300])
@every("exponent", [0.5, 1.0, 3.0, 400.0, math.inf])
def test_vector_norm_neither_under_nor_overflows(scale: float, exponent: float) -> None:
    expected = 1.0 if math.isinf(exponent) else 2 ** (1 / exponent)
    assert lp_norm([scale, scale, 0.0], exponent) == pytest.approx(scale * expected, rel=1e-13)


def test_vector_norm_of_nothing_is_zero() -> None:
    assert lp_norm([], 2) == lp_norm([0.0], 1) == 0.0


def test_read_only_copies() -> None:
    source = np.ones(2)
    frozen = read_only(source)
    source[0] = 5
    assert frozen[0] == 1
    with pytest.raises(ValueError, match="read-only"):
        frozen[0] = 2
