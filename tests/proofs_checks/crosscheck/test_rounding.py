"""The model of rounding against rounding itself."""

from __future__ import annotations

import numpy as np
import pytest

from proofs_checks.crosscheck.convention import UNIT_ROUNDOFF
from proofs_checks.crosscheck.rounding import EXACT, Rounding
from synthetic.seeds import Streams


def rng(role: str) -> np.random.Generator:
    return Streams({"test": "rounding"}).generator(role)


@pytest.mark.parametrize("dtype", ["float32", "float16"])
def test_errors_have_the_size_of_those_of_the_dtype(dtype: str) -> None:
    # 40,000 relative errors: their root mean square is within 3 % of the expected one, nine standard errors
    x = rng("data").standard_normal(40_000)
    rounded = x.astype(dtype).astype(np.float64) / x - 1
    modelled = Rounding(UNIT_ROUNDOFF[dtype], rng("tail")).entries(x) / x - 1
    assert np.abs(modelled).max() <= UNIT_ROUNDOFF[dtype]
    np.testing.assert_allclose(np.std(modelled), np.std(rounded), rtol=0.03)


def test_errors_of_float64_are_not_rounded_away() -> None:
    mantissa = rng("data").uniform(0.5, 1, size=40_000)
    error = (Rounding(2.0**-53, rng("tail")).entries(mantissa) - mantissa) / 2.0**-53
    assert set(np.unique(error)) == {-1.0, 0.0, 1.0}
    np.testing.assert_allclose(np.var(error), 1 / 12, rtol=0.1)  # of an even error in [-1/2, 1/2]


def test_bfloat16_is_a_float32_cut_to_eight_significant_bits() -> None:
    assert UNIT_ROUNDOFF["bfloat16"] == UNIT_ROUNDOFF["float32"] * 2**16


def test_zero_and_exact_arithmetic_stay_as_they_are() -> None:
    x = np.array([[0.0, 1.0], [-2.0, 3.0]])
    assert Rounding(0.1, rng("tail")).entries(x)[0, 0] == 0
    assert EXACT.entries(x) is x
    assert EXACT.scalar(2.0) == 2.0


def test_errors_of_a_product_cover_sums_in_any_order() -> None:
    a, b = rng("data").standard_normal((2, 64, 64)).astype(np.float32)
    exact = a.astype(np.float64) @ b.astype(np.float64)
    in_order = np.zeros((64, 64), dtype=np.float32)
    for k in range(64):  # one term after the other, the least accurate order
        in_order += np.outer(a[:, k], b[k])
    measured = np.std(in_order - exact)
    modelled = np.std(Rounding(2.0**-24, rng("tail")).product(a.astype(np.float64), b.astype(np.float64)) - exact)
    assert measured < modelled < 4 * measured
