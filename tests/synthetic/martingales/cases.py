"""One list of martingales for every contract test, and what a test may conclude from their draws."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from synthetic.martingales import MARTINGALES, MatrixMartingale
from synthetic.seeds import Streams


def rng(*name: object) -> np.random.Generator:
    return Streams({"test": "martingales", "case": [str(part) for part in name]}).generator("signs")


@dataclass(frozen=True)
class Case:
    """A martingale of the catalogue."""

    family: str
    shape: Any
    n_steps: int
    options: Mapping[str, Any] = field(default_factory=dict)

    @property
    def label(self) -> str:
        options = {k: "…" if isinstance(v, np.ndarray) else v for k, v in self.options.items()}
        return f"{self.family}-{self.shape}-{self.n_steps}-{options}"

    def build(self, **more: Any) -> MatrixMartingale:
        given = {"scale": 1.3, "rng": rng("basis", self.family)} | dict(self.options) | more
        return MARTINGALES[self.family].build(self.shape, self.n_steps, **given)


SERIES = np.array([[[1.0, 0.5], [0.0, -1.0]], [[0.2, 2.0], [1.0, 0.0]], [[-1.0, 1.0], [1.0, 1.0]]])
CASES = [
    Case("fixed_signs", (3, 2), 3),
    Case("fixed_signs", (2, 3), 2, {"weights": "power", "rotated": True}),
    Case("fixed_signs", (3, 3), 3, {"weights": [1.0, 0.0, 0.4]}),
    Case("fixed_signs", (3, 3), 12, {"weights": "spike", "floor": 0.3}),
    Case("fresh_coordinates", (3, 4), 3),
    Case("iid_coordinates", (3, 2), 4),
    Case("iid_coordinates", (4, 4), 9),
    Case("rademacher_series", (3, 2), 5),
    Case("rademacher_series", (2, 2), 3, {"series": SERIES}),
    Case("rademacher_series", (2, 2), 3, {"series": SERIES * (1 + 1j) + 1j, "coefficients": "rademacher"}),
    Case("rademacher_series", (2, 2), 3, {"series": SERIES, "coefficients": "gaussian"}),
    Case("rademacher_series", (2, 2), 3, {"series": SERIES, "coefficients": "complex_gaussian"}),
    Case("ginibre", (3, 2), 3),
    Case("ginibre", (3, 4), 2, {"field": "complex"}),
    Case("row_covariance", (3, 2), 3),
    Case("row_covariance", (2, 3), 2, {"rows": [1.0, 0.2], "rotated": True}),
    Case("row_covariance", (2, 2), 2, {"rows": "flat"}),
    Case("haar", (3, 2), 3),
    Case("haar", (2, 4), 2),
    Case("haar", (3, 3), 2, {"weights": "power"}),
    Case("rank_one", (3, 2), 4),
    Case("rows_and_columns", None, 6),
    Case("rows_and_columns", (3, 3), 4, {"coefficients": "complex_gaussian"}),
    Case("rows_and_columns", (4, 4), 6, {"coefficients": "rademacher"}),
    Case("adapted", (2, 2), 2, {"probability": 0.3}),
    Case("adapted", (3, 2), 2, {"probability": 0.6}),
    Case("adapted", (3, 4), 6, {"dependence": "walk"}),
    Case("two_point", (3, 2), 5, {"probability": 0.2}),
    Case("two_point", (2, 2), 4, {"probability": 0.5}),
    Case("two_point", (3, 3), 4, {"probability": 0.8, "directions": "identity"}),
    Case("two_point", (2, 3), 3, {"probability": 0.3, "directions": "one_entry"}),
    Case("self_similar", (2, 2), 6, {"growth": 0.5}),
    Case("self_similar", (1, 3), 4, {"place": 0.3, "growth": 1.0}),
    Case("diagonal_third_part", (2, 3), 4, {"probability": 0.3}),
    Case("diagonal_third_part", (1, 1), 1, {"probability": 1.0}),
    Case("heavy_tailed", (2, 2), 3, {"tail": "two_point", "tail_probability": 0.3}),
    Case("heavy_tailed", (2, 3), 4, {"tail": "two_point", "tail_probability": 0.4, "weights": "one_hot"}),
    Case("heavy_tailed", (2, 3), 2, {"tail": "none", "rotated": True}),
    Case("heavy_tailed", (3, 2), 3, {"tail_index": 8.0, "weights": "power"}),
    Case("heavy_tailed", (3, 2), 3),
    Case("digits_network", None, 3, {"n_samples": 12, "width": 3}),
    Case("digits_network", (10, 3), 2, {"n_samples": 9, "width": 3, "batch_size": 2}),
    Case("digits_network", (10, 1), 2, {"n_samples": 30, "block": "output_bias"}),
]

# a family that the list above does not name is tested with its defaults
CASES += [Case(name, (3, 3), 2) for name in MARTINGALES if name not in {case.family for case in CASES}]

LEVELS = [(1.0, 1.0), (1.0, 2.0), (1.5, 1.5), (2.0, 2.0), (2.0, 1.2), (4 / 3, 1.7), (3.0, 1.5), (math.inf, 1.0)]


def weight_of(size: int) -> np.ndarray:
    """Return a positive definite matrix that is no multiple of the identity and not diagonal."""
    a = rng("weight", size).standard_normal((size, size))
    return a @ a.T / size + 0.5 * np.eye(size)


# the sampled checks together fail in less than 1e-7 of all seeds: at most 1000 of them at 1e-10 each
FALSE_FAILURE = 1e-10


def half_width(values: np.ndarray, largest: float) -> float:
    """Return the half width of an interval of the mean: empirical Bernstein for values in [-largest, largest].

    Without a bound, 6.5 standard errors, for values of finite kurtosis only (normal ones here).

    Source
    ------
    Maurer and Pontil, Empirical Bernstein bounds (2009), theorem 4.
    """
    spread = float(values.std(ddof=1))
    if not math.isfinite(largest):
        return 6.5 * spread / math.sqrt(len(values))
    log = math.log(4 / FALSE_FAILURE)
    return spread * math.sqrt(2 * log / len(values)) + 14 * largest * log / (3 * (len(values) - 1))


def agrees(stated: float, values: np.ndarray, largest: float = math.inf) -> bool:
    """Return whether the mean of these independent values may be ``stated``."""
    # the last term is rounding: values that do not vary have a half width of 0
    return abs(float(values.mean()) - stated) <= half_width(values, largest) + 1e-12 * abs(stated)
