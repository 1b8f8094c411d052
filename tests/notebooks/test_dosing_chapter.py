"""What chapter 10 takes for the label's way, and that the arm that is held back is only read."""

from __future__ import annotations

import ast
from collections.abc import Iterator

import pytest
from lessons import cells_of
from matplotlib import pyplot as plt

from qsp_lib.analyses.dosing import WEEK_H, stepped
from qsp_lib.analyses.population.arms import LEAD_H, PREMEDICATED_UG, increases
from qsp_lib.chapters import notebooks
from qsp_lib.drugs import load_drug

NAME = "10_dosing"


@pytest.fixture(autouse=True)
def plain() -> Iterator[None]:
    with plt.rc_context():
        plt.switch_backend("agg")
        yield
    plt.close("all")


def sources() -> list[str]:
    cells = notebooks.read_notebook(NAME)["cells"]
    return [notebooks.source_of(cell) for cell in cells if cell["cell_type"] == "code"]


def test_the_arm_that_is_held_back_is_read_and_never_simulated() -> None:
    whole = "\n".join(sources())
    words = {node.value for node in ast.walk(ast.parse(whole)) if isinstance(node, ast.Constant)}
    held_back = load_drug("blinatumomab", inputs="v2").regimens
    assert "stepped" in held_back and "stepped" not in words
    assert 'committed_forecasts(record, "blinatumomab_step_dosing")' in whole
    assert {"flat_15", "step", "clinical"} <= words & set(held_back)


def test_its_rates_and_its_cover_are_the_labels() -> None:
    start = cells_of(NAME, "FIRST, FULL")
    label = start["record"].regimen("blinatumomab", "step")
    made = stepped(start["FIRST"], start["FULL"], WEEK_H)
    for hour in (1.0, WEEK_H - 1.0, WEEK_H + 1.0, 671.0, 673.0):
        assert made.rate_from(hour) == pytest.approx(label.rate_from(hour))
    given = start["LABEL"]
    assert given.dexamethasone_h == tuple(time - LEAD_H for time in increases(label))
    assert given.dexamethasone_ug(70.0) == PREMEDICATED_UG and not given.tocilizumab_h
