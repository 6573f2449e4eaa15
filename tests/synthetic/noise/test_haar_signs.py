"""Signs in fresh Haar bases: what is drawn, and that drawing less keeps the law."""

from __future__ import annotations

import math

import numpy as np
import pytest

from synthetic.haar import orthonormal_columns
from synthetic.noise import NOISES
from synthetic.seeds import Streams
from tests.synthetic.noise.cases import rng

N = 40_000


def drawn(shape: tuple[int, int], **options: object) -> np.ndarray:
    """Return N draws with ``‖Z‖_1 = min(shape)``, so that equal levels are 1."""
    noise = NOISES["haar_signs"].build(shape, "inf", sigma=min(shape), **options)
    return noise.realise(noise.draw(Streams({"haar": shape}), N), None, None, np.zeros((N, *shape)))


def product_of_three(shape: tuple[int, int]) -> np.ndarray:
    """Return N draws of ``U diag(ε) Vᵀ`` with independent U, ε and V."""
    (m, n), r = shape, min(shape)
    g = rng("product", shape)
    u, v = (orthonormal_columns(g.standard_normal((N, d, r))) for d in (m, n))
    return (u * np.sign(g.random((N, 1, r)) - 0.5)) @ v.swapaxes(-1, -2)


def moments(z: np.ndarray) -> np.ndarray:
    """Return the means of z_11, z_11², z_11⁴, z_11²z_12² and z_11z_12z_21z_22, which are of numbers in [-1, 1]."""
    a, b, c, d = z[:, 0, 0], z[:, 0, 1], z[:, 1, 0], z[:, 1, 1]
    return np.array([x.mean() for x in (a, a**2, a**4, (a * b) ** 2, a * b * c * d)])


def assert_one_law(z: np.ndarray, w: np.ndarray) -> None:
    """False failure 1e-9: Hoeffding for ten means of N numbers in [-1, 1]."""
    half = 2 * math.sqrt(math.log(20 / 1e-9) / (2 * N))
    assert np.abs(moments(z) - moments(w)).max() <= 2 * half


@pytest.mark.parametrize("shape", [(3, 3), (4, 2), (2, 4)])
def test_equal_levels_are_one_haar_matrix_with_the_law_of_the_product_of_three(shape: tuple[int, int]) -> None:
    noise = NOISES["haar_signs"].build(shape, "inf", sigma=1.0)
    assert [(d.name, d.size) for d in noise.demands] == [("basis", math.prod(shape))]
    z = drawn(shape)
    square = z @ z.swapaxes(-1, -2) if shape[0] <= shape[1] else z.swapaxes(-1, -2) @ z
    assert np.abs(square - np.eye(min(shape))).max() <= 1e-14
    assert_one_law(z, product_of_three(shape))


def test_the_comparison_of_laws_refutes_signed_permutations() -> None:
    g = rng("permutations")
    order = np.argsort(g.random((N, 3)), axis=-1)
    signed = np.eye(3)[order] * np.sign(g.random((N, 1, 3)) - 0.5)
    with pytest.raises(AssertionError):
        assert_one_law(signed, product_of_three((3, 3)))


def test_columns_whose_level_is_zero_are_not_drawn() -> None:
    noise = NOISES["haar_signs"].build((4, 3), "inf", sigma=1.0, weights=[0.5, 0.0, 1.5])
    assert [(d.name, d.size) for d in noise.demands] == [("signs", 3), ("basis", 14)]
    s = np.linalg.svd(drawn((4, 3), weights=[0.5, 0.0, 1.5])[:50], compute_uv=False)
    np.testing.assert_allclose(s, np.broadcast_to([2.25, 0.75, 0.0], (50, 3)), atol=1e-14)


def test_no_noise_at_all_is_zero() -> None:
    noise = NOISES["haar_signs"].build((3, 3), "inf", sigma=0.0)
    assert not noise.realise(noise.draw(Streams(1), 5), None, None, np.ones((5, 3, 3))).any()
