"""The reference optimizer and its explicit state (D2, D3, T10-T12)."""

from .schattor import ORACLES, Schattor
from .schedules import MomentumSchedule, PolynomialSchedule, parameter_free
from .state import STATUS_NAMES, SchattorState

__all__ = [
    "ORACLES",
    "STATUS_NAMES",
    "MomentumSchedule",
    "PolynomialSchedule",
    "Schattor",
    "SchattorState",
    "parameter_free",
]
