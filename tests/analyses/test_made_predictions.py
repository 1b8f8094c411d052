"""Committed draws as courses and peaks: percentiles of levels, each quantity once."""

from __future__ import annotations

import numpy as np
import pytest
from made_up import forecasts

from qsp_lib.analyses.made_predictions import course, dose_peaks, highest_by_step
from qsp_lib.common.errors import InputError
from qsp_lib.scoring import ForecastQuantity, Forecasts

LOG10 = np.linspace(0.0, 2.0, 101)


def quantity(time_h: float | None = None, dose: int = 1, drug: str = "a") -> ForecastQuantity:
    return ForecastQuantity(drug, "steps", dose, "IL6", time_h)


def test_a_course_is_in_order_of_time_with_percentiles_of_its_draws() -> None:
    found = course(Forecasts.of({quantity(24.0): LOG10 + 1, quantity(0.0): LOG10}))
    assert list(found["time_h"]) == [0.0, 24.0]
    assert found["median"].tolist() == pytest.approx([10.0, 100.0])
    assert found["low"][0] == pytest.approx(10**0.1) and found["high"][0] == pytest.approx(10**1.9)


def test_peaks_stand_by_drug_dose_and_arm_and_single_doses_are_left_out() -> None:
    single = ForecastQuantity("a", "single", 1, "IL6", amount=0.5)
    with_it = Forecasts.of({quantity(): LOG10, quantity(dose=2): LOG10 - 1, single: LOG10})
    found = dose_peaks({"with": with_it, "without": Forecasts.of({quantity(): LOG10 + 1})})
    assert found[["arm", "dose"]].values.tolist() == [["with", 1], ["with", 2], ["without", 1]]
    assert found["median"].tolist() == pytest.approx([10.0, 1.0, 100.0])


def test_one_course_at_a_time() -> None:
    with pytest.raises(InputError, match="2 courses of IL6 are forecast; expected one"):
        course(Forecasts.of({quantity(0.0): LOG10, quantity(0.0, drug="b"): LOG10}))
    with pytest.raises(InputError, match="0 courses"):
        course(Forecasts.of({quantity(): LOG10}))


def test_the_highest_of_a_step_is_taken_draw_by_draw() -> None:
    rising, falling = LOG10, LOG10[::-1]
    timed = {quantity(0.0): rising, quantity(24.0): falling, quantity(48.0): LOG10 * 0 + 3.0}
    found = highest_by_step(Forecasts.of(timed), [0.0, 48.0])
    assert found[["step", "start_h"]].values.tolist() == [[1, 0.0], [2, 48.0]]
    middle = np.median(np.maximum(rising, falling))
    assert found["median"].tolist() == pytest.approx([10.0**middle, 1000.0])
    assert found["low"][1] == found["high"][1] == pytest.approx(1000.0)
    with pytest.raises(InputError, match="nothing is forecast from 72 to inf h"):
        highest_by_step(Forecasts.of(timed), [0.0, 72.0])
    shown = course(Forecasts.of(timed))
    assert found["low"][0] >= shown["low"][:2].max(), "no draw's highest is below its levels"


def test_every_step_of_the_held_back_regimen_has_a_level() -> None:
    made = forecasts("blinatumomab_step_dosing", mean=2.0)
    found = highest_by_step(made, [0.0, 168.0, 336.0])
    assert found["median"].tolist() == pytest.approx([100.0] * 3)
