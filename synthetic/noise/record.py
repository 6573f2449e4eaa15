"""What every noise law has: draws that do not depend on how they are cut, and the assumptions that hold."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from schattor_theory.arrays import Array, array_namespace, device
from schattor_theory.assumptions import MomentShape, NotApplicable
from schattor_theory.checks import check_integer, fail
from schattor_theory.errors import ShapeError

from ..seeds import DeviceStreams, Streams

__all__ = ["Demand", "Draws", "Noise", "best_shape", "signs_of"]

Draws = Mapping[str, np.ndarray]

_WORD = 64
_SIGNS_OF_OCTET = 1.0 - 2.0 * np.unpackbits(np.arange(256, dtype=np.uint8)[:, None], axis=-1, bitorder="little")
"""Row k holds the signs of the eight bits of k, lowest first: one look-up makes eight signs."""


@dataclass(frozen=True, slots=True)
class Demand:
    """The random numbers of one role that a law needs in each step.

    One role is one law of numbers, drawn row by row: whole 64-bit words (fair signs are their bits), uniforms in
    [0, 1), or standard normals. So the numbers of step k do not depend on how many steps are drawn at once.

    Attributes
    ----------
    name : str
        Key of the draws.
    role : str
        Role of the stream; "" for the step number, which is not random.
    kind : {"bits", "uniform", "normal", "step"}
        Law of the numbers.
    size : int
        How many in a step.
    """

    name: str
    role: str
    kind: str
    size: int

    @property
    def columns(self) -> int:
        """Return the number of columns of the draws."""
        return -(-self.size // _WORD) if self.kind == "bits" else self.size

    def draw(self, streams: Streams, n_steps: int) -> np.ndarray:
        """Return the numbers of the next ``n_steps`` steps, shape (n_steps, columns)."""
        generator, shape = streams.generator(self.role), (n_steps, self.columns)
        if self.kind == "bits":
            whole = np.iinfo(np.int64)
            return generator.integers(whole.min, whole.max, size=shape, dtype=np.int64, endpoint=True)
        return generator.random(shape) if self.kind == "uniform" else generator.standard_normal(shape)


def signs_of(words: Array, size: int) -> Array:
    """Return the first ``size`` bits of the words in the last axis as fair signs, shape (..., size)."""
    if not isinstance(words, np.ndarray):
        xp = array_namespace(words)
        shifts = xp.arange(_WORD, dtype=xp.int64, device=device(words))
        bits = xp.reshape((words[..., None] >> shifts) & 1, (*words.shape[:-1], -1))[..., :size]
        return 1.0 - 2.0 * xp.astype(bits, xp.float64)
    octets = np.ascontiguousarray(words).astype("<i8", copy=False).view(np.uint8)[..., : -(-size // 8)]
    return _SIGNS_OF_OCTET[octets].reshape(*octets.shape[:-1], 8 * octets.shape[-1])[..., :size]


class Noise:
    """A law of the gradient noise Z with its constants; frozen.

    Attributes
    ----------
    name : str
        Name of the family.
    conditionally_symmetric : bool
        Whether Z and -Z have one law given the past.
    constants : {"exact", "upper", "estimated"}
        What is known about sigma.
    runs_on_devices : bool
        Whether :meth:`realise` computes with the arrays of any library, on their device.
    """

    if TYPE_CHECKING:  # a class gives them as class variables, fields or properties

        @property
        def name(self) -> str: ...
        @property
        def conditionally_symmetric(self) -> bool: ...
        @property
        def constants(self) -> str: ...
        @property
        def runs_on_devices(self) -> bool: ...
    else:
        runs_on_devices = False

    @property
    def demands(self) -> tuple[Demand, ...]:
        """Return the random numbers of one step; at most one demand for each role."""
        return ()

    def draw(self, streams: Streams, n_steps: int) -> dict[str, np.ndarray]:
        """Return the draws of the next ``n_steps`` steps of a repeat, each of shape (n_steps, …).

        Drawing 10 steps and then 20 gives what drawing 30 gives.
        """
        n_steps = check_integer(f"{type(self).__name__}.draw", "n_steps", n_steps, minimum=0)
        return {
            d.name: self._steps(streams, n_steps) if d.kind == "step" else d.draw(streams, n_steps)
            for d in self.demands
        }

    def draw_on(self, streams: DeviceStreams, block: int) -> tuple[dict[str, Array], int]:
        """Return the draws of a block of steps for all repeats on a device, each (steps, R, …), and how many steps."""
        steps = streams.block_steps(sum(d.columns for d in self.demands))
        lead = (steps, streams.n_repeats)
        return {d.name: streams.draw(d.role, d.kind, block, (*lead, d.columns)) for d in self.demands}, steps

    def _steps(self, streams: Streams, n_steps: int) -> np.ndarray:
        """Return the numbers of the next steps."""
        first = streams.advance(self, n_steps)
        return np.arange(first, first + n_steps, dtype=np.int64)[:, None]

    def realise(self, draws: Draws, problem: Any, params: Any, gradient: Any) -> Any:
        """Return Z of one step, like ``gradient``; ``draws`` have the stack axes of ``gradient``.

        The same draws at other parameters are the same sample seen there (recursive momentum needs it).
        """
        raise NotImplementedError

    def moment_sigma(self, p: Any, moment_order: float = 2) -> float | None:
        """Return the exact ``(E‖Z‖_q^α)^{1/α}``, unit F/X; None where it is infinite or has no closed form."""
        raise NotImplementedError

    def covariance_sigma(self, p: Any, side: str = "left") -> float | None:
        """Return the least σ of N2, ``min ‖Σ^{1/2}‖_q``, unit F/X; None where N2 fails."""
        raise NotImplementedError

    def assumptions(self, p: Any) -> tuple[Any, ...]:
        """Return the records of the assumptions that hold, with their exact constants."""
        raise NotImplementedError

    def why_not(self, assumption: str, p: Any) -> str:
        """Return why ``"moment"`` (N1), ``"covariance"`` (N2) or ``"weighted"`` (N3) fails; empty where it holds."""
        raise NotImplementedError

    def moment_shape(self, p: Any) -> MomentShape | NotApplicable:
        """Return the best moment shape among those of :meth:`assumptions`: the highest order, then the least c σ."""
        return best_shape([record.moment_shape(p) for record in self.assumptions(p)], self.name)


def best_shape(shapes: list[MomentShape | NotApplicable], name: str) -> MomentShape | NotApplicable:
    """Return the shape of the highest order, then of the least ``c σ``; N2's among equals."""
    held = [shape for shape in shapes if isinstance(shape, MomentShape)]
    if not held:
        found = [shape.reason for shape in shapes if isinstance(shape, NotApplicable)]
        reasons = "; ".join(found) or "no assumption holds with a known constant"
        return NotApplicable(f"{name}: {reasons}")
    order = max(shape.moment_order for shape in held)
    held = [shape for shape in held if shape.moment_order == order]
    least = min(shape.scale for shape in held)
    equals = [shape for shape in held if math.isclose(shape.scale, least, rel_tol=1e-12)]
    return next((shape for shape in equals if shape.source.startswith("N2")), equals[0])


def check_gradient(call: str, gradient: Array, shape: tuple[int, int]) -> Array:
    """Return the gradient of one block; its matrices must have the noise's shape."""
    found = tuple(getattr(gradient, "shape", np.shape(gradient)))
    if found[-2:] != shape:
        fail(ShapeError, call, "gradient", f"have matrices of shape {shape}", found)
    return gradient
