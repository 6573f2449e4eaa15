"""Recording: gradients of blocks, and what was subtracted from them to get noise."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from schattor_theory.checks import fail
from schattor_theory.errors import DTypeError, NonFiniteError, ShapeError, StoreError

from ..formats import read_arrays

__all__ = ["MEAN", "Block", "Recording", "load_recording", "recording_of"]

MEAN = "/mean"
"""What the name of a block is followed by in the name of its full gradient."""

LEAST = 8
"""Number of gradients from which a block is looked at."""

_CALL = "load_recording"


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """The noise of one block.

    Attributes
    ----------
    name : str
        Of the block.
    noise : array, shape (k, m, n)
        ``G_i - ∇f_i`` where the full gradient is recorded; else the differences ``(G_{2i} - G_{2i+1})/√2`` of
        neighbours, which have the covariance of the noise and mean zero exactly, whatever the full gradient is.
    centring : {"recorded mean", "pairs"}
        Which of the two.
    mean : array, shape (m, n), or None
        The full gradient, where one is recorded; of a run, the average one.
    sample_mean : array, shape (m, n)
        The mean of the gradients.
    n_recorded : int
        Number of gradients.
    """

    name: str
    noise: np.ndarray
    centring: str
    mean: np.ndarray | None
    sample_mean: np.ndarray
    n_recorded: int

    @property
    def shape(self) -> tuple[int, int]:
        """Return the shape of the block."""
        return self.noise.shape[1:]

    @property
    def size_factors(self) -> tuple[float, float]:
        """Return (a, b) with ``a s ≤ (E‖Z‖^α)^{1/α} ≤ b s``, s that of :attr:`noise`, for every norm and α >= 1.

        proof step: for D = Z - Z' with independent copies ``E‖Z‖^α ≤ E‖D‖^α`` (Jensen) and ``(E‖D‖^α)^{1/α}`` is at
        most twice that of Z (Minkowski); the recorded differences are D/√2.
        """
        return (1.0, 1.0) if self.centring == "recorded mean" else (2**-0.5, 2**0.5)


@dataclass(frozen=True, slots=True, kw_only=True)
class Recording:
    """The blocks of a file, by name."""

    source: str
    blocks: Mapping[str, Block]


def load_recording(path: str | Path) -> Recording:
    """Return the recording in a file.

    Arrays of shape (k, m, n) hold k gradients of a block; ``<block>/mean``, of shape (m, n) or (k, m, n), its full
    gradient, one for all or one for each.

    Parameters
    ----------
    path : str or Path
        A ``.npz`` or ``.safetensors`` file.

    Raises
    ------
    StoreError
        If the file is missing, cut short, or of another kind.
    ShapeError, DTypeError, NonFiniteError
        If an array in it is not what the name promises.
    """
    path = Path(path)
    return recording_of(read_arrays(path, _CALL), source=path.name)


def recording_of(arrays: Mapping[str, np.ndarray], *, source: str = "arrays") -> Recording:
    """Return the recording of arrays in memory, named as in a file."""
    names = [name for name in arrays if not name.endswith(MEAN)]
    if not names:
        fail(StoreError, _CALL, "file", "hold at least one block of gradients", sorted(arrays), "It holds no arrays.")
    for name in arrays:
        if name.endswith(MEAN) and name.removesuffix(MEAN) not in arrays:
            way_out = f"Record the gradients under the name {name.removesuffix(MEAN)!r} as well."
            fail(StoreError, _CALL, name, "belong to a block of the file", names, way_out)
    return Recording(
        source=source, blocks={name: _block(name, arrays[name], arrays.get(name + MEAN)) for name in names}
    )


def _block(name: str, values: np.ndarray, mean: np.ndarray | None) -> Block:
    gradients = _numbers(name, values)
    if gradients.ndim != 3 or 0 in gradients.shape[1:]:
        way_out = "The first axis counts the gradients; a bias is (k, m, 1)."
        fail(ShapeError, _CALL, name, "have shape (k, m, n)", gradients.shape, way_out)
    if len(gradients) < LEAST:
        way_out = "Record more: an interval of a tail needs hundreds."
        fail(ShapeError, _CALL, name, f"hold at least {LEAST} gradients", gradients.shape, way_out)
    sample_mean = gradients.mean(axis=0)
    if mean is None:
        used = len(gradients) // 2 * 2
        noise = (gradients[0:used:2] - gradients[1:used:2]) * 2**-0.5
        return Block(name=name, noise=noise, centring="pairs", mean=None, sample_mean=sample_mean,
                     n_recorded=len(gradients))  # fmt: skip
    full = _numbers(name + MEAN, mean)
    if full.shape not in (gradients.shape, gradients.shape[1:]):
        fail(ShapeError, _CALL, name + MEAN, f"have shape {gradients.shape[1:]} or {gradients.shape}", full.shape)
    average = full if full.ndim == 2 else full.mean(axis=0)
    return Block(name=name, noise=gradients - full, centring="recorded mean", mean=average, sample_mean=sample_mean,
                 n_recorded=len(gradients))  # fmt: skip


def _numbers(name: str, values: np.ndarray) -> np.ndarray:
    if values.dtype.kind != "f":
        fail(DTypeError, _CALL, name, "hold real floating-point numbers", values.dtype, "Save it as float32.")
    numbers = values.astype(np.float64)
    if not np.isfinite(numbers).all():
        where = tuple(int(i) for i in np.argwhere(~np.isfinite(numbers))[0])
        way_out = "Leave out steps that failed, and say how many."
        fail(
            NonFiniteError, _CALL, f"{name}[{', '.join(map(str, where))}]", "be finite", float(numbers[where]), way_out
        )
    return numbers
