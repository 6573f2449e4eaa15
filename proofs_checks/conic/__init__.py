"""Convex programs by a named solver that is not believed: the oracles, splittings (T4d), performance estimation."""

from __future__ import annotations

from .estimation import Estimate, estimate
from .instances import Instance, worst_on_a_line
from .oracles import OracleSolved, ball_oracle, norm_by_duality, regularized_oracle
from .propositions import PROGRAMS
from .rows_columns import rows_columns_infimum, splitting_cost
from .solved import Enclosed, Solved
from .steps import normalised_steps, one_step, plain_steps

__all__ = [
    "PROGRAMS",
    "Enclosed",
    "Estimate",
    "Instance",
    "OracleSolved",
    "Solved",
    "ball_oracle",
    "estimate",
    "norm_by_duality",
    "normalised_steps",
    "one_step",
    "plain_steps",
    "regularized_oracle",
    "rows_columns_infimum",
    "splitting_cost",
    "worst_on_a_line",
]
