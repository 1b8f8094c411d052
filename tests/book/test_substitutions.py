from __future__ import annotations

import pytest

from book.pages.substitutions import flatten, substitutions
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
