"""Weighted draws: what they are worth, and draws made of them."""

from __future__ import annotations

import numpy as np
import pytest

from qsp_lib.common.errors import InputError
from qsp_lib.inference.weighting import systematic


@pytest.mark.parametrize("seed", range(5))
def test_a_weighted_point_is_taken_as_often_as_it_weighs(seed: int) -> None:
    weights = np.random.default_rng(seed).gamma(0.3, size=40)
    weights[3] = 0.0
    which = systematic(weights, 1000, seed)
    taken = np.bincount(which, minlength=40)
    expected = 1000 * weights / weights.sum()
    assert np.all(np.abs(taken - expected) < 1) and taken[3] == 0
    assert not np.array_equal(which, np.sort(which))  # in random order


@pytest.mark.parametrize("weights", [[0.0, 0.0], [1.0, -1.0], [np.nan], [[1.0]]])
def test_what_does_not_weigh_is_refused(weights: list[float]) -> None:
    with pytest.raises(InputError, match="expected 1 or more of finite weights"):
        systematic(np.array(weights), 10, 1)
