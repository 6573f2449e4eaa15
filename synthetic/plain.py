"""Results as strict JSON values, and back: no NaN, no Infinity, no arrays."""

from __future__ import annotations

import math
from collections.abc import Mapping
from enum import Enum
from typing import Any

import numpy as np

__all__ = ["plain", "read_number"]


def plain(value: object) -> Any:
    """Return ``value`` as strict JSON: infinities become the strings "inf" and "-inf", NaN becomes null.

    Examples
    --------
    >>> plain({"low": -np.inf, "values": np.array([0.5, np.nan]), "n": np.int64(3)})
    {'low': '-inf', 'values': [0.5, None], 'n': 3}
    """
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, np.ndarray):
        return plain(value.tolist())
    if isinstance(value, np.generic):
        return plain(value.item())
    if isinstance(value, tuple | list):
        return [plain(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None if math.isnan(value) else "inf" if value > 0 else "-inf"
    if value is None or isinstance(value, bool | int | float | str):
        return value
    return str(value)


def read_number(value: Any) -> float:
    """Return the number that :func:`plain` wrote.

    Examples
    --------
    >>> read_number("-inf"), read_number(None), read_number(2)
    (-inf, nan, 2.0)
    """
    return math.nan if value is None else float(value)
