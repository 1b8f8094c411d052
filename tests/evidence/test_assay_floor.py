"""The median of the values that an assay reads."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.stats import norm

from qsp_lib.evidence import median_above


@pytest.mark.parametrize("median", [-1.0, 0.5, 1.0, 1.3, 3.0])
def test_half_of_what_lies_above_the_floor_exceeds_its_median(median: float) -> None:
    people = norm(median, 0.9)
    found = float(median_above(median, 0.9, 1.0))
    assert people.sf(found) == pytest.approx(people.sf(1.0) / 2, rel=1e-9)


def test_far_above_the_floor_nothing_changes_and_far_below_the_floor_is_the_median() -> None:
    assert float(median_above(6.0, 0.6, 1.0)) == pytest.approx(6.0, abs=1e-12)
    low = median_above(np.array([-20.0, -200.0]), 0.6, 1.0)
    assert (low > 1.0).all() and low[1] < low[0] < 1.02


def test_a_true_20_reads_35_late_in_the_course() -> None:
    assert 10 ** float(median_above(math.log10(20), 0.6, 1.0)) == pytest.approx(35, abs=1)
