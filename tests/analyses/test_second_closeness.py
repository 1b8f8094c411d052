"""How near the second profiler's interval ends are to the threshold."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from qsp_lib.analyses.second_profiler import second_profile
from qsp_lib.inference.fitting import Problem
from qsp_lib.inference.profiles import THRESHOLD, Identifiability

Array = NDArray[np.float64]


def stiffening(theta: Array) -> Array:
    """``k_fb`` meets a root of the rise that is no straight line: ``x + x^3``."""
    x, y = np.atleast_2d(theta).T
    return np.stack([x + x**3, (y + 0.5 * x) / 0.2], axis=1)


@pytest.mark.parametrize("steps_per_decade", [1, 2])
def test_the_rise_at_both_ends_is_the_threshold_within_a_fiftieth(steps_per_decade: int) -> None:
    wide = np.array([20.0, 20.0])
    problem = Problem(
        ("k_fb", "d_IL6"), stiffening, -wide, wide, np.zeros(2), np.array([np.inf, np.inf])
    )
    found = second_profile(problem, "k_fb", np.array([0.2, 0.1]), steps_per_decade)
    assert found.verdict is Identifiability.IDENTIFIABLE
    for end in (found.low, found.high):
        # 0.02 for what counts as found, and what MINUIT leaves over
        assert (end + end**3) ** 2 == pytest.approx(THRESHOLD, abs=0.03)
