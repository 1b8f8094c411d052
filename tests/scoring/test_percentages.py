"""Which made-up rows are percentages of patients, and after which dose."""

from __future__ import annotations

from typing import Any

import pytest
from made_up import ENGAGER, row, rules

from qsp_lib.scoring import Percentage, percentage_of

TABLE = rules().table("external_drugs")
SHARE = ENGAGER | {
    "schedule": "",
    "analyte": "CRS any",
    "statistic": "percent",
    "value": "40",
    "unit": "%",
    "n": "50",
}


def read(**changes: Any) -> Percentage | str:
    return percentage_of(rules(), TABLE, row(SHARE, **changes))


def test_a_share_of_the_regimen_is_of_any_dose() -> None:
    assert read() == Percentage("MU001", "teclistamab", None, 0.4, 50)
    assert read(n="") == Percentage("MU001", "teclistamab", None, 0.4, None)


@pytest.mark.parametrize(
    ("changes", "dose"),
    [
        ({"schedule": "step-up dose 2"}, 2),
        ({"schedule": "first full dose"}, 3),
        ({"dose": "0.3 mg/kg"}, 2),
        ({"dose": "1.5 mg/kg", "schedule": "first full dose"}, 3),
        ({"drug": "epcoritamab", "dose": "0.16/0.8/48 mg", "schedule": "cycle 1 day 15"}, 3),
        (
            {
                "drug": "mosunetuzumab",
                "dose": "1/2/60/60/30 mg",
                "route": "IV",
                "schedule": "cycle 1 day 8",
            },
            2,
        ),
    ],
)
def test_a_named_dose_is_that_dose(changes: dict[str, Any], dose: int) -> None:
    found = read(**changes)
    assert isinstance(found, Percentage) and found.dose == dose


@pytest.mark.parametrize(
    "analyte",
    ["CRS any", "CRS, all grades", "cytokine release syndrome", "CRS G>=1", "CRS grade 1-5"],
)
def test_any_grade_is_compared(analyte: str) -> None:
    assert isinstance(read(analyte=analyte), Percentage)


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"unit": "pg/mL"}, "not percent"),
        ({"analyte": "neutropenia"}, "not of cytokine release"),
        ({"analyte": "CRS G>=3"}, "of some grades"),
        ({"analyte": "CRS grade 2"}, "of some grades"),
        ({"analyte": "CRS onset"}, "not a share of patients"),
        ({"statistic": "percent given tocilizumab for CRS"}, "not a share of patients"),
        ({"verified": "no"}, "not verified"),
        ({"value": "140"}, "gives no one share"),
        ({"value": "", "low": "10", "high": "20", "range_kind": "range"}, "gives no one share"),
        ({"n": "2"}, "3 or more are compared"),
        ({"drug": "elranatamab"}, "nothing was predicted"),
        ({"route": "IV"}, "route is IV"),
        ({"dose": "0.1/0.3/1.5 mg/kg"}, "not how the predicted regimen begins"),
        ({"dose": "as tolerated"}, "is not understood"),
        ({"dose": ""}, "not said to be of the predicted regimen"),
        ({"schedule": "dose 1 and dose 2"}, "does not name one dose"),
        ({"dose": "0.3 mg/kg", "schedule": "step-up dose 1"}, "not clear after which dose"),
    ],
)
def test_what_is_not_compared_says_why(changes: dict[str, Any], why: str) -> None:
    found = read(**changes)
    assert isinstance(found, str) and why in found
