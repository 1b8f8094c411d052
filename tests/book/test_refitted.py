"""What the limits page says of fits with one declared choice changed, and that it is so."""

from __future__ import annotations

import pytest

from book.pages.refitted import refitted, row
from qsp_lib.chapters.notebooks import ROOT
from qsp_lib.chapters.results import load
from qsp_lib.protocol import read_sensitivities

CASES = {case["name"]: case for case in read_sensitivities()["cases"]}
LOCKED = CASES["as declared"]
BEYOND = "index at 20 ug/kg"
SILENT = 0.3
"""The index below which the low-dose trial counts as silent, an open fact of the development."""


def test_the_table_has_a_row_for_every_kept_fit() -> None:
    rows = [line for line in refitted(None).splitlines() if line.startswith("| ")][2:]  # type: ignore[arg-type]
    assert [line.split(" | ")[0].removeprefix("| ") for line in rows] == [
        case["label"].replace("ug/kg", "µg/kg") for case in CASES.values()
    ]


def test_what_a_drug_does_without_its_steroid_stands_beside() -> None:
    shown = row(CASES["premedication"])
    assert shown[3] == "1.75 (2.70 without the steroid)"
    assert shown[4] == "2.92", "no steroid was given there"


def test_a_steroid_in_the_volunteers_moves_the_threshold_up() -> None:
    assert LOCKED["quantities"][BEYOND] > 2
    steroids = [case for name, case in CASES.items() if "steroid" in name]
    assert len(steroids) == 4
    assert all(case["quantities"][BEYOND] < SILENT for case in steroids)


def test_dexamethasone_before_blinatumomab_hides_a_severity_like_that_of_okt3() -> None:
    covered = CASES["premedication"]
    assert covered["cost"] <= LOCKED["cost"], "fitted as well as before"
    okt3 = load("03_blind_prediction").value("prediction/arms/okt3/severity/index/central")
    without = covered["quantities"]["blinatumomab index without the steroid"]
    assert without == pytest.approx(okt3, abs=0.1)


def test_the_page_says_both() -> None:
    page = " ".join((ROOT / "book" / "limits.md").read_text(encoding="utf-8").split())
    assert "20 µg/kg is as harmless as the low-dose trial was" in page
    assert "about as severe as OKT3 is predicted to be" in page
