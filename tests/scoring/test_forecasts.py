"""Draws by quantity: their keys, their file, and what lies between two of them."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qsp_lib.common.errors import InputError
from qsp_lib.scoring.forecast import (
    DECIMALS,
    GRADE,
    Forecast,
    ForecastQuantity,
    Forecasts,
    forecasts_text,
    quantiles,
    read_forecasts,
)

COURSE = ForecastQuantity("engager", "step", 1, "IL6")


def at(time_h: float, **changes) -> ForecastQuantity:
    return ForecastQuantity(**{**vars(COURSE), "time_h": time_h, **changes})


MADE_UP = Forecasts.of(
    {
        COURSE: [1.0, 2.0, 3.0],
        at(0.0): [0.0, 0.0, 0.0],
        at(10.0): [1.0, 2.0, 3.0],
        at(30.0): [0.5, -0.25, 1.0],
        ForecastQuantity("engager", "single", 1, "IL6", amount=1.0): [0.0, 1.0, 2.0],
        ForecastQuantity("engager", "single", 1, "IL6", amount=100.0): [2.0, 1.0, 4.0],
        ForecastQuantity("engager", "step", 1, GRADE): [0.0, 4.0, 2.0],
    }
)


@given(
    st.builds(
        ForecastQuantity,
        st.from_regex(r"[a-z0-9_]{1,8}", fullmatch=True),
        st.from_regex(r"[a-z0-9_]{1,8}", fullmatch=True),
        st.integers(1, 40),
        st.sampled_from(["TNF", "IFN", "IL6", GRADE]),
        st.none() | st.sampled_from([0.0, 0.25, 1.5, 12.0, 1344.0]),
        st.none() | st.sampled_from([0.05, 0.4, 60.0]),
    )
)
def test_a_key_is_read_as_the_quantity_that_it_was_written_of(quantity: ForecastQuantity) -> None:
    assert ForecastQuantity.parse(quantity.key) == quantity


@pytest.mark.parametrize(
    "key",
    ["", "okt3/clinical/1/IL6", "okt3/clinical/0/IL6/peak", "okt3/clinical/1/IL8/peak",
     "okt3/clinical/1/IL6/-1h", "okt3/clinical/1/IL6/peak/", "OKT3/clinical/1/IL6/peak"],
)  # fmt: skip
def test_another_text_is_no_key(key: str) -> None:
    with pytest.raises(InputError, match="names no quantity"):
        ForecastQuantity.parse(key)


def test_a_set_is_read_as_it_was_written() -> None:
    text = forecasts_text(MADE_UP)
    again = read_forecasts("made-up.csv", text)
    assert list(again) == list(MADE_UP) and again.n_draws == 3
    assert all((again[key].draws == MADE_UP[key].draws).all() for key in MADE_UP)
    assert forecasts_text(again) == text
    assert read_forecasts("made-up.csv", text.replace("\n", "\r\n"))[COURSE.key].draws[1] == 2.0
    rough = Forecasts.of({COURSE: [math.pi, -1e-9]})
    kept = read_forecasts("x", forecasts_text(rough))[COURSE.key].draws
    assert kept.tolist() == [round(math.pi, DECIMALS), 0.0]


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("draw,", "sample,", "begins with 'sample'"),
        ("engager/step/1/IL6/10h", "engager/step/1/IL6/10", "names no quantity"),
        ("engager/step/1/IL6/10h", "engager/step/1/IL6/010h", "not written as it is here"),
        ("engager/step/1/IL6/10h", "engager/step/1/IL6/0h", "forecast twice"),
        ("\n1,", "\n7,", "draw 1"),
        ("\n1,2.00000", "\n1", "draw 1"),
        ("2.00000", "two", "what is no number"),
        ("2.00000", "nan", "finite"),
        ("4.00000", "5.00000", "grades of 0 to 4"),
        ('draw,', 'draw,"', "not readable as CSV"),
    ],
)  # fmt: skip
def test_a_file_that_was_edited_is_refused(old: str, new: str, words: str) -> None:
    text = forecasts_text(Forecasts.of({q: MADE_UP[q.key].draws for q in ORDERED}))
    assert old in text
    with pytest.raises(InputError, match=words):
        read_forecasts("made-up.csv", text.replace(old, new, 1))


ORDERED = [
    COURSE,
    at(0.0),
    at(10.0),
    ForecastQuantity("engager", "step", 1, GRADE),
]


@pytest.mark.parametrize("text", ["", "draw\n0\n", "draw,engager/step/1/IL6/peak\n"])
def test_a_file_without_draws_is_refused(text: str) -> None:
    with pytest.raises(InputError):
        read_forecasts("made-up.csv", text)


def test_forecasts_of_other_draws_do_not_go_together() -> None:
    with pytest.raises(InputError, match="another number of draws than 2"):
        Forecasts.of({COURSE: [1.0, 2.0], at(1.0): [1.0]})
    with pytest.raises(InputError, match="no forecast"):
        Forecasts([])


def test_draws_cannot_be_changed() -> None:
    forecast = Forecast(COURSE, np.array([1.0]))
    with pytest.raises(ValueError, match="read-only"):
        forecast.draws[0] = 2.0


# ---------------------------------------------------------------- between


def test_between_two_times_the_logarithm_is_a_straight_line_in_each_draw() -> None:
    assert MADE_UP.at(at(15.0)) == pytest.approx([0.875, 1.4375, 2.5])
    assert MADE_UP.at(at(10.0)) == pytest.approx([1.0, 2.0, 3.0])


@pytest.mark.parametrize(
    "quantity",
    [at(30.5), at(5.0, dose=2), at(5.0, analyte="TNF"), at(5.0, regimen="single"),
     ForecastQuantity("engager", "step", 2, "IL6"),
     ForecastQuantity("engager", "single", 1, "IL6", amount=0.5),
     ForecastQuantity("engager", "single", 1, "IL6", amount=200.0),
     ForecastQuantity("engager", "single", 1, "IL6", 4.0, amount=10.0)],
)  # fmt: skip
def test_nothing_is_extrapolated(quantity: ForecastQuantity) -> None:
    assert MADE_UP.at(quantity) is None


def test_between_two_amounts_the_logarithm_is_a_straight_line_in_that_of_the_amount() -> None:
    ten = ForecastQuantity("engager", "single", 1, "IL6", amount=10.0)
    assert MADE_UP.at(ten) == pytest.approx([1.0, 1.0, 3.0])
    both = Forecasts.of(
        {
            ForecastQuantity("e", "s", 1, "IL6", time, amount): [time + 100 * math.log10(amount)]
            for time in (0.0, 10.0)
            for amount in (1.0, 100.0)
        }
    )
    assert both.at(ForecastQuantity("e", "s", 1, "IL6", 5.0, 10.0)) == pytest.approx([105.0])


def test_percentiles_stand_beside_the_draws() -> None:
    told = quantiles(MADE_UP)[COURSE.key]
    assert told == pytest.approx({"5": 1.1, "25": 1.5, "50": 2.0, "75": 2.5, "95": 2.9})
