from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from book.pages.substitutions import flatten, format_value, substitutions
from qsp_lib.chapters.results import Results
from qsp_lib.common.errors import InputError


def test_keys_are_the_chapter_and_the_path() -> None:
    values = {"fit": {"TGN1412 rms": 0.1667}, "range": [1.0, 2.0], "flag": True}
    made = substitutions({"01_calibration": Results("01_calibration", values, {})})
    assert made["calibration_fit_TGN1412_rms"] == "0.167"
    assert made["calibration_range_1"] == "2"
    assert made["calibration_flag"] == "yes"
    assert made["raw"]["calibration_fit_TGN1412_rms"] == 0.1667
    assert "package_version" in made


def test_long_and_nested_lists_are_not_offered() -> None:
    values = {"curve": [0.0] * 11, "grid": [[1, 2]], "rows": [{"a": 1}], "short": [0.0] * 10}
    assert set(flatten(values)) == {f"short_{index}" for index in range(10)}


def test_two_numbers_of_one_name_are_refused() -> None:
    with pytest.raises(InputError, match="would be called 'IL_6'"):
        flatten({"IL-6": 1, "IL_6": 2})
    assert set(flatten({"K_M": 1, "k_M": 2})) == {"K_M", "k_M"}
    one = Results("01_a", {"b_c": 1}, {})
    other = Results("02_a_b", {"c": 1}, {})
    with pytest.raises(InputError, match="would be called 'a_b_c'"):
        substitutions({"01_a": one, "02_a_b": other})


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
        (12, "12"),
        (5000, "5000"),
        (65536, "65,536"),
        (True, "yes"),
        (None, "none"),
        ("grade 4", "grade 4"),
    ],
)
def test_values_are_formatted_for_a_reader(value: object, text: str) -> None:
    assert format_value(value) == text


@given(st.floats(1e-30, 1e30) | st.floats(-1e30, -1e-30))
def test_a_formatted_number_is_within_half_a_digit(value: float) -> None:
    text = format_value(value).replace(",", "")
    superscripts = str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "-0123456789")
    mantissa, _, exponent = text.partition(" × 10")
    back = float(mantissa) * 10.0 ** int(exponent.translate(superscripts) or 0)
    assert back == pytest.approx(value, rel=5.001e-3)
