"""The seam to array libraries: namespace, device, host copies, and the check at the boundary."""

from __future__ import annotations

import math

import numpy as np
import pytest

from schattor_theory.arrays import (
    array_namespace,
    check_matrices,
    device,
    is_traced,
    largest_entry,
    resolution,
    to_numpy,
)
from schattor_theory.errors import DTypeError, NonFiniteError, ShapeError
from tests.conftest import Library


def test_host_copy_has_the_values_and_dtype(eager_xp: Library) -> None:
    for values in (np.arange(6.0).reshape(2, 3), np.float32([[1, 2]]), np.array(3), np.zeros((0, 2)), np.array([True])):
        host = to_numpy(eager_xp.array(values))
        assert type(host) is np.ndarray
        assert host.dtype == eager_xp.host(eager_xp.array(values)).dtype
        np.testing.assert_array_equal(host, values)


def test_host_copy_of_a_scalar_and_of_a_tensor_with_a_gradient() -> None:
    assert to_numpy(np.float64(2.0)) == 2.0
    torch = pytest.importorskip("torch", reason="torch is not installed")
    np.testing.assert_array_equal(to_numpy(torch.ones(2, requires_grad=True)), [1, 1])


def test_new_arrays_go_to_the_device_of_the_old(eager_xp: Library) -> None:
    for shape in ((2, 3), (0, 3), (2, 0, 3), (0, 2, 2)):
        x = eager_xp.array(np.ones(shape))
        assert device(largest_entry(x)) == device(x)


def test_namespace_is_the_one_of_the_arrays(eager_xp: Library) -> None:
    x = eager_xp.array(np.ones((2, 2)))
    assert array_namespace(x) is array_namespace(x, x) is check_matrices("f", "x", x)


def test_only_arrays_under_jit_are_traced(xp: Library) -> None:
    assert not is_traced(xp.array(np.ones((2, 2))))
    seen: list[bool] = []
    xp.call(lambda x: seen.append(is_traced(x)) or x, xp.array(np.ones((2, 2))))
    assert seen == [xp.name == "jax-jit"]


def test_resolution_is_the_larger_side_times_the_rounding_unit() -> None:
    assert resolution(np.ones((2, 3, 7))) == 7 * np.finfo(np.float64).eps
    assert resolution(np.ones((9, 2), dtype=np.float32)) == 9 * np.finfo(np.float32).eps
    assert resolution(np.ones((0, 0))) == np.finfo(np.float64).eps


def test_largest_entry_is_one_for_zero_and_empty_matrices(eager_xp: Library) -> None:
    x = np.stack([np.zeros((2, 2)), [[1.0, -5.0], [2.0, 0.0]], np.full((2, 2), 5e-324)])
    got = eager_xp.host(largest_entry(eager_xp.array(x)))
    # a device that flushes subnormal numbers to zero may see a zero matrix in the last
    assert got.shape == (3, 1, 1)
    assert got.ravel()[:2].tolist() == [1, 5]
    assert got.ravel()[2] in (5e-324, 1.0)
    assert eager_xp.host(largest_entry(eager_xp.array(np.zeros((2, 0, 3))))).tolist() == [[[1]], [[1]]]


def test_check_names_call_argument_and_way_out(eager_xp: Library) -> None:
    for values, error, message in (
        (np.ones((2, 2), dtype=np.int32), DTypeError, "f: a must hold real floating-point numbers"),
        (np.ones((2, 2), dtype=bool), DTypeError, "Convert it to float32 or float64 first."),
        (np.ones((2, 2), dtype=np.complex128), DTypeError, "Only real matrices are supported; the real dilation"),
        (np.ones(2), ShapeError, "f: a must have at least two axes, got a=(2,)."),
        (
            np.array([[1.0, math.nan]]),
            NonFiniteError,
            "must have finite entries, got a=nan. The first bad entry is a[0, 1].",
        ),
    ):
        with pytest.raises(error) as caught:
            check_matrices("f", "a", eager_xp.array(values))
        assert message in str(caught.value)
    with pytest.raises(NonFiniteError, match=r"is a\[1, 0, 1\]\.$"):
        check_matrices("f", "a", eager_xp.array(np.where(np.arange(8).reshape(2, 2, 2) > 4, math.inf, 1.0)))


def test_sixteen_bit_floats_are_refused_with_a_reason() -> None:
    way_out = r"from 16 bits: their range is too small"
    with pytest.raises(DTypeError, match=way_out):
        check_matrices("f", "a", np.ones((2, 2), dtype=np.float16))
    torch = pytest.importorskip("torch", reason="torch is not installed")
    for dtype in (torch.float16, torch.bfloat16):
        with pytest.raises(DTypeError, match=way_out):
            check_matrices("f", "a", torch.ones((2, 2), dtype=dtype))


def test_values_under_jit_are_not_looked_at() -> None:
    jax = pytest.importorskip("jax", reason="jax is not installed")
    jax.jit(lambda x: check_matrices("f", "a", x) and x)(jax.numpy.full((2, 2), math.nan))
    with pytest.raises(ShapeError, match="at least two axes"):
        jax.jit(lambda x: check_matrices("f", "a", x) and x)(jax.numpy.ones(2))
