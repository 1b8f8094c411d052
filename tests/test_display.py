"""Numbers as chapters show them."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from qsp_lib.display import number, summary, table


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (3015.4, "3015"),
        (12.345, "12.3"),
        (1.0, "1.00"),
        (0.012345, "0.0123"),
        (-0.4567, "-0.457"),
        (0.0, "0.000"),
        (1e-9, "1.00e-09"),
        (1.5e7, "1.50e+07"),
        (float("nan"), "–"),
        (np.float64(2.5), "2.50"),
        (7, "7"),
        (np.int64(8), "8"),
        (True, "yes"),
        (np.False_, "no"),
        ("bell-shaped", "bell-shaped"),
    ],
)
def test_a_value_is_shown_to_three_significant_digits(value: object, text: str) -> None:
    assert number(value) == text


def test_a_table_keeps_whole_numbers_whole_and_names_rows_by_its_first_column() -> None:
    shown = table(pd.DataFrame({"drug": ["a", "b"], "n": [5, 16], "z": [0.12345, 2.0]}))
    assert shown.index.tolist() == ["a", "b"]
    assert shown.loc["b"].tolist() == ["16", "2.00"]


def test_a_summary_keeps_every_kind_of_value() -> None:
    shown = summary({"starts": 16, "share": 0.5, "made": True, "why": "first"})
    assert shown["value"].tolist() == ["16", "0.500", "yes", "first"]
