"""The figure of the band: its lines are the ends of the band, its markers the witnesses."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pytest

from proofs_checks.constants.bracket import bracket_of
from proofs_checks.constants.figure import draw_band, save_band
from schattor_theory.bounds import best_constant_bracket
from schattor_theory.errors import StoreError
from tests.proofs_checks.constants.test_bracket import SCALAR, THREE_HALVES, TURNED


@pytest.fixture
def figure():
    drawn = draw_band([bracket_of(THREE_HALVES, 12, [SCALAR, TURNED])])
    yield drawn
    plt.close(drawn)


def test_lines_are_the_ends_of_the_band(figure) -> None:
    lines = {line.get_label(): line.get_xydata() for line in figure.axes[0].lines}
    q, high = lines["proved upper end"].T
    assert high == pytest.approx([best_constant_bracket(float(x))[1] for x in q])
    assert np.all(lines["$C_q$, attained by numbers"][:, 1] <= high)
    assert np.all(high <= lines["$2^{2-q}$"][:, 1] * (1 + 1e-15))


def test_markers_are_the_witnesses_in_both_panels(figure) -> None:
    for axes, at_scalar in zip(figure.axes, (1.3065629649, 0.0), strict=True):
        markers = {line.get_label(): line.get_xydata() for line in axes.lines if line.get_marker() not in ("None", "")}
        (numbers,), (matrices,) = markers["certified, numbers"], markers["certified, non-commuting matrices"]
        assert numbers == pytest.approx((1.5, at_scalar), abs=1e-6)
        assert matrices[0] == 1.5
        assert matrices[1] < numbers[1]
        assert axes.get_ylim()[0] < matrices[1]


def test_a_folder_that_is_not_there_is_named(tmp_path) -> None:
    with pytest.raises(StoreError, match="constants: out must be a folder that can be read and written"):
        save_band([], tmp_path / "missing")
