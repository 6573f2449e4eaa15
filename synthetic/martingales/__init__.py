"""MARTINGALES: matrix martingales with known constants for the moment probes, one file each."""

from __future__ import annotations

from . import (
    adapted,
    diagonal_third_part,
    digits_network,
    fixed_signs,
    fresh_coordinates,
    ginibre,
    haar,
    heavy_tailed,
    iid_coordinates,
    rademacher_series,
    rank_one,
    row_covariance,
    rows_and_columns,
    self_similar,
    two_point,
)
from .factored import Factored
from .record import MartingaleFamily, MatrixMartingale

__all__ = ["MARTINGALES", "Factored", "MartingaleFamily", "MatrixMartingale"]

MARTINGALES: dict[str, MartingaleFamily] = {
    family.name: family
    for family in (
        fixed_signs.FAMILY,
        fresh_coordinates.FAMILY,
        iid_coordinates.FAMILY,
        rademacher_series.FAMILY,
        ginibre.FAMILY,
        row_covariance.FAMILY,
        haar.FAMILY,
        rank_one.FAMILY,
        rows_and_columns.FAMILY,
        adapted.FAMILY,
        two_point.FAMILY,
        self_similar.FAMILY,
        diagonal_third_part.FAMILY,
        heavy_tailed.FAMILY,
        digits_network.FAMILY,
    )
}
