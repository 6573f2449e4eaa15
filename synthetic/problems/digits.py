"""The digits data set (1797 images of 8×8 pixels, ten classes) and what its two objectives share."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from schattor_theory.arrays import Array
from schattor_theory.checks import check_integer, fail
from schattor_theory.errors import ParameterError, ShapeError

from ..family import read_only

__all__ = ["N_CLASSES", "N_FEATURES", "N_IMAGES", "check_shapes", "class_errors", "cross_entropy", "digits_data"]

N_IMAGES, N_FEATURES, N_CLASSES = 1797, 64, 10


@functools.cache
def _all_digits() -> tuple[np.ndarray, np.ndarray]:
    from sklearn.datasets import load_digits  # a slow import that other problems do not need

    data = load_digits()
    return read_only(data.data / 16.0), read_only(data.target, np.int64)


def digits_data(call: str, n_samples: int | None) -> tuple[np.ndarray, np.ndarray]:
    """Return the first ``n_samples`` images (N, 64), pixels in [0, 1], and their classes (N,); None takes all.

    Source
    ------
    ``sklearn.datasets.load_digits``: the test part of the UCI optical digits set (Alpaydin and Kaynak, 1998).
    """
    images, classes = _all_digits()
    if n_samples is None:
        return images, classes
    n = check_integer(call, "n_samples", n_samples, minimum=1)
    if n > N_IMAGES:
        fail(ParameterError, call, "n_samples", f"be at most {N_IMAGES}", n)
    return images[:n], classes[:n]


def check_shapes(call: str, shape: Any, expected: Any) -> None:
    """Refuse a shape other than the one the data dictates; None stands for that one."""
    if shape is None:
        return
    same = shape == expected if isinstance(expected, dict) else tuple(shape) == tuple(expected)
    if not same:
        fail(ShapeError, call, "shape", f"be None or {expected}", shape, "The data set dictates it.")


def cross_entropy(logits: np.ndarray, classes: np.ndarray) -> Array:
    """Return the mean over the samples of ``-log softmax(logits)[class]``, shape (...), for logits (..., N, 10)."""
    top = logits.max(axis=-1, keepdims=True)
    normaliser = np.log(np.exp(logits - top).sum(axis=-1)) + top[..., 0]
    chosen = np.take_along_axis(logits, np.broadcast_to(classes[..., None], (*logits.shape[:-1], 1)), axis=-1)[..., 0]
    return (normaliser - chosen).mean(axis=-1)


def class_errors(logits: np.ndarray, classes: np.ndarray) -> Array:
    """Return ``(softmax(logits) - one-hot class)/N``, the gradient of :func:`cross_entropy`, shape (..., N, 10)."""
    errors = np.exp(logits - logits.max(axis=-1, keepdims=True))
    errors /= errors.sum(axis=-1, keepdims=True)
    index = np.broadcast_to(classes[..., None], (*logits.shape[:-1], 1))
    np.put_along_axis(errors, index, np.take_along_axis(errors, index, axis=-1) - 1.0, axis=-1)
    errors /= logits.shape[-2]
    return errors
