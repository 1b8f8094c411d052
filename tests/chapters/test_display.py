"""Numbers as chapters show them."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from qsp_lib.chapters.display import WORDS, cell, fit_table, named, summary, table


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (3015.4, "3020"),
        (12.345, "12.3"),
        (1.0, "1"),
        (0.012345, "0.0123"),
        (-0.4567, "-0.457"),
        (0.0, "0"),
        (1e-9, "1 × 10⁻⁹"),
        (1.5e7, "1.5 × 10⁷"),
        (float("nan"), "–"),
        (np.float64(2.5), "2.5"),
        (7, "7"),
        (np.int64(8), "8"),
        (True, "yes"),
        (np.False_, "no"),
        ("bell-shaped", "bell-shaped"),
    ],
)
def test_a_value_is_shown_to_three_significant_digits(value: object, text: str) -> None:
    assert cell(value) == text


def test_a_table_keeps_whole_numbers_whole_and_names_rows_by_its_first_column() -> None:
    shown = table(pd.DataFrame({"drug": ["a", "b"], "n": [5, 16], "z": [0.12345, 2.0]}))
    assert shown.index.tolist() == ["a", "b"]
    assert shown.loc["b"].tolist() == ["16", "2"]


def test_a_summary_keeps_every_kind_of_value() -> None:
    shown = summary({"starts": 16, "share": 0.5, "made": True, "why": "first"})
    assert shown["value"].tolist() == ["16", "0.5", "yes", "first"]


def test_keys_are_shown_as_words_and_words_as_they_are() -> None:
    shown = table(pd.DataFrame({"time_h": [1.0], "observed": [2.0], "made": [True]}))
    assert shown.columns.tolist() == ["observed (pg/mL)", "made"]
    assert shown.index.name == "time (h)"
    assert summary({"second_optimum_cost": 6.0}).index.tolist() == [
        "highest cost that a start ends at"
    ]
    assert not [text for text in WORDS.values() if "_" in text]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("okt3 < tgn1412", "OKT3 < TGN1412"),
        ("blinatumomab_step = okt3.", "blinatumomab 9→28 µg/d = OKT3."),
        ("tgn1412.k_act", "tgn1412.k_act"),  # the name of a parameter
        ("blinatumomab-TNF-peak", "blinatumomab-TNF-peak"),  # an id
    ],
)
def test_drugs_are_shown_by_their_names(text: str, shown: str) -> None:
    assert named(text) == cell(text) == shown


FIT = pd.DataFrame(
    {
        "id": ["TO007", "blinatumomab-IFN-peak", "blinatumomab-flat_5-B-point-at-48h", "late"],
        "evidence": ["TO007", "EA033", "PO034", "EA004"],
        "regimen": ["clinical", "clinical", "flat_5", "clinical"],
        "analyte": ["TNF", "IFN", "B", "IL6"],
        "use": ["data", *["declared assumption"] * 3],
        "kind": ["point", "peak", "point", "peak"],
        "time_h": [9.1, np.nan, 48.0, np.nan],
        "window_h": [None, (0.0, 168.0), None, (120.0, 672.0)],
        "observed": [4500.0, 60.0, 0.05, 480.0],
        "censored": [True, False, True, True],
        "at_most": [False, False, True, True],
        "predicted": [4959.0, 188.0, 0.01, 240.0],
        "residual": [0.0, 0.497, 0.0, 0.0],
        "scaled": [0.0, 0.8, 0.0, 0.0],
    }
)


def test_a_table_of_a_fit_marks_bounds_and_what_has_no_time() -> None:
    shown = fit_table(FIT)
    assert shown.index.tolist() == ["TO007", "EA033", "PO034", "EA004"]
    assert shown["regimen"].tolist() == ["clinical", "clinical", "flat 5", "clinical"]
    assert shown.iloc[:, 3].tolist() == ["9.1", "peak", "48", "peak from 120 to 672"]
    assert shown.iloc[:, 4].tolist() == ["> 4500", "60", "≤ 0.05", "≤ 480"]
    assert shown["analyte"].tolist() == ["TNF", "IFN-γ", "B cells (fraction)", "IL-6"]


def test_a_table_of_a_fit_leaves_out_a_regimen_that_is_the_only_one() -> None:
    assert "regimen" not in fit_table(FIT.drop(index=2))
