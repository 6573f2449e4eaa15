"""The worked example: minibatch gradients of the digits network, recorded at one point."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from schattor_theory.checks import check_integer
from synthetic.problems import PROBLEMS
from synthetic.seeds import Streams

from ..files import disk
from .reading import MEAN

__all__ = ["digits_recording", "write_example"]

_CHUNK = 250


def digits_recording(
    *, width: int = 32, batch_size: int = 32, n_gradients: int = 2000, seed: int = 0
) -> dict[str, np.ndarray]:
    """Return gradients of independent minibatches (with replacement) at a random start, and the full gradients.

    Parameters
    ----------
    width : int
        Hidden units.
    batch_size, n_gradients : int
        Images in a batch, number of batches.
    seed : int
        Of the start and of the batches.
    """
    call = "digits_recording"
    n_gradients = check_integer(call, "n_gradients", n_gradients, minimum=1)
    batch_size = check_integer(call, "batch_size", batch_size, minimum=1)
    streams = Streams({"recording": "digits", "seed": seed})
    problem = PROBLEMS["digits_network"].build(None, None, width=width, rng=streams.generator("start"))
    indices = streams.generator("data").integers(0, problem.n_samples, size=(n_gradients, batch_size))
    parts = []
    for first in range(0, n_gradients, _CHUNK):
        batch = indices[first : first + _CHUNK]
        point = {b: np.broadcast_to(x, (len(batch), *x.shape)) for b, x in problem.start.items()}
        parts.append(problem.minibatch_gradient(point, batch))
    found = {b: np.concatenate([part[b] for part in parts]) for b in problem.start}
    full = problem.gradient(problem.start)
    return found | {b + MEAN: full[b] for b in full}


def write_example(folder: Path, *, seed: int = 0) -> Path:
    """Write ``digits.npz`` into a folder; return its path."""
    path = folder / "digits.npz"
    with disk(folder, "assumptions"):
        folder.mkdir(parents=True, exist_ok=True)
        temporary = folder / ".digits.tmp.npz"
        np.savez(temporary, **digits_recording(seed=seed))  # type: ignore[arg-type]  # as if a name were allow_pickle
        temporary.replace(path)
    return path
