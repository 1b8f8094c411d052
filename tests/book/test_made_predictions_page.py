"""What both locks predicted, side by side: each number in its own lock's column."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from book.pages import made_predictions
from book.pages.fragments import FRAGMENTS, BookData
from qsp_lib.figures import CYTOKINE_LABELS
from qsp_lib.protocol import CHECKS

BOOK = BookData(Path(), {})


def around(median: float) -> dict[str, float]:
    return {"median": median, "low": median / 2, "high": median * 2}


def made_up(peak: float, share: float, draws: int) -> dict[str, Any]:
    """A prediction that nobody made: every peak, every share and every check the same."""
    arm: dict[str, Any] = {
        name: {"peak": around(peak), "time": around(4.0)} for name in CYTOKINE_LABELS
    }
    return {
        "draws": draws,
        "arms": {"okt3": arm | {"severity": {"index": around(2.0)}}},
        "ordering": {
            f"blinatumomab/{key}": {"share_expected": share} for key in made_predictions.DEFINITIONS
        },
        "checks": {name: {"share_holds": share} for name in CHECKS},
    }


PREDICTIONS = {"v1": made_up(100.0, 0.25, 500), "v2": made_up(300.0, 0.79, 400)}


@pytest.fixture(autouse=True)
def predictions(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(made_predictions, "_predicted", PREDICTIONS.__getitem__)


def rows(text: str) -> dict[str, list[str]]:
    """Cells of each row of a table by its first."""
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines()]
    return {row[0]: row[1:] for row in cells[2:] if row[0]}


def test_both_are_on_the_page_of_version_2() -> None:
    page = (Path(__file__).resolve().parents[2] / "book" / "version_2.md").read_text("utf-8")
    for name in ("made_okt3", "made_checks"):
        assert name in FRAGMENTS and f"generated/{name}.md" in page


def test_a_prediction_is_a_median_with_its_interval_a_column_a_lock() -> None:
    found = rows(made_predictions.okt3(BOOK))
    for label in CYTOKINE_LABELS.values():
        assert found[f"{label} peak (pg/mL)"] == ["100 (50 to 200)", "300 (150 to 600)"]
        assert found[f"{label} peak at (h)"] == ["4 (2 to 8)"] * 2
    assert found["severity index"] == ["2 (1 to 4)"] * 2
    header = made_predictions.okt3(BOOK).splitlines()[0]
    assert header.index("lock v1") < header.index("lock v2")


def test_an_order_has_its_share_and_for_the_kept_sample_its_words() -> None:
    found = rows(made_predictions.okt3(BOOK))
    for label in made_predictions.DEFINITIONS.values():
        first, second = found[f"expected order by {label}, share of draws"]
        assert first == "25 %"
        # 0.79 of 400 draws cannot be told from the line at 0.8
        assert second.startswith("79 %: ") and "at the line" in second


def test_every_check_has_a_row_with_its_wording() -> None:
    found = rows(made_predictions.checks(BOOK))
    assert found == {name: [words, "25 %", "79 %"] for name, words in CHECKS.items()}
