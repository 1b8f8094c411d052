"""How numbers are printed and rounded: the same on machines whose last bits differ."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qsp_lib.common.numbers import decimals, number, percent, power_of_ten, rounded


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0"),
        (0.17, "0.17"),
        (0.16666, "0.167"),
        (1.0, "1"),
        (100.0, "100"),
        (4816.2, "4820"),
        (48162.0, "48,200"),
        (999999.0, "1 × 10⁶"),
        (0.9996, "1"),
        (-2.5, "-2.5"),
        (0.000123456, "0.000123"),
        (0.0000123456, "1.23 × 10⁻⁵"),
        (3.2e7, "3.2 × 10⁷"),
        (np.float64(2.5), "2.5"),
        (np.int64(8), "8"),
        (np.False_, "no"),
        (float("nan"), "–"),
        (float("-inf"), "-inf"),
        (-0.0, "0"),
        (12, "12"),
        (5000, "5000"),
        (65536, "65,536"),
        (True, "yes"),
        (None, "none"),
        ("grade 4", "grade 4"),
    ],
)
def test_values_are_formatted_for_a_reader(value: object, text: str) -> None:
    assert number(value) == text


@given(st.floats(1e-30, 1e30) | st.floats(-1e30, -1e-30))
def test_a_formatted_number_is_within_half_a_digit(value: float) -> None:
    text = number(value).replace(",", "")
    superscripts = str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "-0123456789")
    mantissa, _, exponent = text.partition(" × 10")
    back = float(mantissa) * 10.0 ** int(exponent.translate(superscripts) or 0)
    assert back == pytest.approx(value, rel=5.001e-3)


@pytest.mark.parametrize("value", [0.125, 2.675, 0.35, 1e-9 / 8, 40.25, 999.5, 0.1 + 0.2, 1e5 / 3])
@pytest.mark.parametrize("digits", [1, 2, 3, 6])
def test_last_bits_change_nothing_that_is_printed(value: float, digits: int) -> None:
    below = np.nextafter(np.nextafter(value, 0), 0)
    above = np.nextafter(np.nextafter(value, np.inf), np.inf)
    for show in (number, decimals, rounded):
        assert show(below, digits) == show(value, digits) == show(above, digits)


@given(st.floats(-1e6, 1e6), st.integers(0, 6))
def test_decimals_are_within_half_a_place(value: float, places: int) -> None:
    text = decimals(value, places).replace(",", "")
    assert len(text.partition(".")[2]) == places
    assert float(text) == pytest.approx(value, abs=0.501 * 10.0**-places, rel=1e-11)


@pytest.mark.parametrize(
    ("value", "places", "text"),
    [(-0.0004, 2, "0.00"), (0.0051, 2, "+0.01"), (-1.5, 0, "-2"), (0.0, 1, "0.0")],
)
def test_only_what_is_above_zero_has_a_plus(value: float, places: int, text: str) -> None:
    assert decimals(value, places, signed=True) == text


@pytest.mark.parametrize(
    ("value", "places", "text"),
    [
        (9999.994, 2, "9999.99"),
        (9999.996, 2, "10,000.00"),
        (-9999.996, 2, "-10,000.00"),
        (10000.0, 2, "10,000.00"),
        (9999.6, 0, "10,000"),
        (1e27, 2, f"{10**27:,}.00"),
    ],
)
def test_what_is_printed_decides_on_the_comma_of_thousands(
    value: float, places: int, text: str
) -> None:
    assert decimals(value, places) == text


def test_no_number_is_too_large_or_too_small_to_be_printed_with_decimals() -> None:
    largest = float(np.finfo(float).max)
    assert float(decimals(largest, 6).replace(",", "")) == pytest.approx(largest)
    assert decimals(5e-324, 3) == "0.000"


def test_a_share_is_in_percent() -> None:
    assert (percent(0.1384, 1), percent(1), percent(0.005)) == ("13.8 %", "100 %", "0 %")
    assert percent(float("nan")) == "–"


def test_a_power_is_written_with_raised_digits() -> None:
    assert (power_of_ten(-12), power_of_ten(0)) == ("10⁻¹²", "10⁰")


def test_a_terminal_gets_signs_that_it_knows() -> None:
    for value in (1e-9, -3.2e7, 48162.0, 65536, float("nan"), float("inf"), None, True):
        assert number(value, ascii_only=True).isascii()


@given(st.floats(-1e300, 1e300), st.integers(1, 15))
def test_rounding_twice_is_rounding_once(value: float, digits: int) -> None:
    once = rounded(value, digits)
    assert rounded(once, digits) == once
    assert once == pytest.approx(value, rel=0.51 * 10.0 ** (1 - digits), abs=5e-324)


def test_what_is_not_a_float_stays_as_it_is() -> None:
    nested = {"n": 12345678, "flag": True, "text": "1.23456789", "list": [1.23456789, None]}
    assert rounded(nested, 3) == nested | {"list": [1.23, None]}
