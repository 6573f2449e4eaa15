"""The checked numbers and closed-form terms that the stationarity bounds share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ..assumptions import MomentShape
from ..checks import check_integer, check_nonnegative, fail
from ..errors import ParameterError
from .momentum_error import check_direction_defect, check_norm_excess, stationary_weight
from .weights import bias_correction_excess

__all__ = ["Setting", "average_weight", "check_shape", "constant_terms"]

_HOELDER_SLACK = 1e-9  # rounding of measured (δ, ω) with δ + ω = 0, as for an exact oracle of another length


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """The checked numbers every stationarity bound shares."""

    initial_gap: float
    smoothness: float
    n_steps: int
    direction_defect: float = 0.0
    norm_excess: float = 0.0

    @classmethod
    def checked(
        cls,
        call: str,
        initial_gap: object,
        smoothness: object,
        n_steps: object,
        direction_defect: object = 0.0,
        norm_excess: object = 0.0,
    ) -> Setting:
        """Return the setting, with argument errors worded for ``call``."""
        return cls(
            initial_gap=check_nonnegative(call, "initial_gap", initial_gap),
            smoothness=check_nonnegative(call, "smoothness", smoothness),
            n_steps=check_integer(call, "n_steps", n_steps, minimum=1),
            direction_defect=check_direction_defect(call, direction_defect),
            norm_excess=check_norm_excess(call, norm_excess),
        )

    @property
    def gain(self) -> float:
        """Return 1 - δ."""
        return 1 - self.direction_defect

    @property
    def loss(self) -> float:
        """Return 2 + ω - δ, the price of the momentum error."""
        return 2 + self.norm_excess - self.direction_defect

    def refusal(self) -> str | None:
        """Return why no bound follows for this oracle, None if one does."""
        if self.gain == 0:
            return "direction_defect = 1 allows directions that do not descend at all."
        if self.direction_defect + self.norm_excess < -_HOELDER_SLACK:
            return "No direction has <M, D> >= (1-δ)‖M‖ and ‖D‖ <= 1+ω with δ + ω < 0 (Hölder)."
        return None

    def constants(self, shape: MomentShape) -> dict[str, Any]:
        """Return the constants that entered, by name."""
        return {
            "initial_gap": self.initial_gap,
            "smoothness": self.smoothness,
            "n_steps": self.n_steps,
            "direction_defect": self.direction_defect,
            "norm_excess": self.norm_excess,
            "sigma": shape.sigma,
            "moment_order": shape.moment_order,
            "constant": shape.constant,
            "noise_source": shape.source,
        }


def constant_terms(
    setting: Setting, shape: MomentShape, eta: float, theta: float, tau: float = 0.0, *, bias_correction: bool = False
) -> dict[str, float]:
    """Return the terms of T5's closed form, with T10's look-ahead τ, for checked arguments."""
    gain, loss, length = setting.gain, setting.loss, 1 + setting.norm_excess
    lipschitz, n_steps = setting.smoothness, setting.n_steps
    weight, burn_in = average_weight(shape.moment_order, theta, n_steps, tau, bias_correction=bias_correction)
    return {
        "initial_gap": setting.initial_gap / (n_steps * eta) / gain,
        "curvature": length**2 * lipschitz * eta / 2 / gain,
        "drift": loss * length * (1 - tau) * lipschitz * eta * ((1 - theta) / theta) / gain,
        "noise": loss * shape.scale * weight / gain,
        "burn_in": loss * shape.scale * burn_in / gain,
    }


def average_weight(
    beta: float, theta: float, n_steps: int, tau: float = 0.0, *, bias_correction: bool = False
) -> tuple[float, float]:
    """Return (limit, burn-in) of T5 with ``(1/K)Σ_{k<K} Ã_k ≤ limit + burn-in``.

    Without look-ahead ``A_k ≤ κ + (1-θ)^k`` and ``Σ(1-θ)^k ≤ 1/θ``. With one, Ã_0 = 1 and
    ``Ã_k ≤ κ̃ + (1-τ)(1-θ)^k``, ``κ̃^β = ((1-τ)(1-θ)κ)^β + (θ+τ-θτ)^β``, for k >= 1.
    """
    if theta == 1 or beta == 1:  # every weight is exactly 1
        return 1.0, 0.0
    kappa = stationary_weight(theta, beta)
    if bias_correction:
        return kappa, kappa * bias_correction_excess(beta) / (theta * n_steps)
    if tau == 0:
        return kappa, 1 / (theta * n_steps)
    past, fresh = (1 - tau) * (1 - theta) * kappa, theta + tau - theta * tau
    return (past**beta + fresh**beta) ** (1 / beta), (1 + (1 - tau) * (1 - theta) / theta) / n_steps


def check_shape(call: str, shape: object) -> MomentShape:
    """Return ``shape`` when it is a moment shape."""
    if not isinstance(shape, MomentShape):
        way_out = "Use the moment_shape(p) of a noise record; it may answer NotApplicable."
        fail(ParameterError, call, "shape", "be a MomentShape", shape, way_out)
    return shape
