"""Verdicts in plain words, from intervals before and after."""

from __future__ import annotations

import numpy as np
import pytest

from qsp_lib.common.errors import InputError
from qsp_lib.own_data.priors import Declared
from qsp_lib.own_data.verdicts import Learned

PRIOR = Declared("k_act", 0.2, 0.5, "1/h", "made up")
SPREAD = np.linspace(-2.5, 2.5, 1001)


def learned(low: float, high: float, held: float = 0.0) -> Learned:
    """With an interval from ``low`` to ``high``, in standard deviations of the prior."""
    ends = np.linspace(low, high, 1001)
    reach = (high - low) / 18
    return Learned.of(PRIOR, np.concatenate([[low - reach], ends, [high + reach]]), held + 0 * ends)


@pytest.mark.parametrize(
    ("low", "high", "verdict"),
    [
        (-1.65, 1.65, "not moved"),
        (-1.5, 1.5, "not moved"),
        (-0.5, 0.5, "moved"),
        (0.5, 1.7, "bounded below"),
        (-1.7, -0.5, "bounded above"),
        (1.0, 3.0, "moved"),
        (-4.0, -2.0, "moved"),
    ],
)
def test_each_verdict_is_how_both_ends_moved(low: float, high: float, verdict: str) -> None:
    found = learned(low - (high - low) / 18, high + (high - low) / 18)
    assert found.verdict == verdict
    assert found.words.startswith("k_act ") and found.words.endswith(".")
    sided = "one side" in found.words
    assert sided == verdict.startswith("bounded")


def test_numbers_are_in_the_priors_own_unit() -> None:
    found = Learned.of(PRIOR, SPREAD, SPREAD)
    assert found.median == pytest.approx(0.2) == found.held
    assert found.high == pytest.approx(0.2 * 10 ** (0.5 * 2.25))
    assert found.log10_sd == pytest.approx(0.5 * SPREAD.std())
    assert not found.unlike_locked and learned(-0.5, 0.5, held=2.0).unlike_locked


@pytest.mark.parametrize(("median", "sd"), [(0.0, 0.5), (0.2, 0.0), (0.2, 3.0), (np.nan, 0.5)])
def test_a_prior_that_is_none_is_refused(median: float, sd: float) -> None:
    with pytest.raises(InputError, match="expected more than 0"):
        Declared("k_act", median, sd, "1/h", "made up")
