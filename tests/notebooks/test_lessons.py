"""What chapters 1, 7 and 8 write out in a cell is what the package computes."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from lessons import cells_of
from matplotlib import pyplot as plt

from qsp_lib.analyses import dose_response


@pytest.fixture(autouse=True)
def plain() -> Iterator[None]:
    with plt.rc_context():
        plt.switch_backend("agg")
        yield
    plt.close("all")


def test_a_reader_of_chapter_1_can_cut_the_feedback_of_its_first_simulation() -> None:
    whole = cells_of("01_calibration", "peak = first.peak")
    medians = "NetworkParameters.prior_medians()"
    cut = {medians: f'{medians}.replace(feedback="none")'}
    without = cells_of("01_calibration", "peak = first.peak", cut)
    assert without["peak"].value < whole["peak"].value


def test_the_cost_that_chapter_1_writes_out_is_the_one_that_is_fitted() -> None:
    lesson = cells_of("01_calibration", "def cost(theta)")
    problem, theta = lesson["problem"], lesson["problem"].prior_mean
    for shift in (0.0, 0.1, -0.2):
        assert lesson["cost"](theta + shift) == pytest.approx(problem.cost(theta + shift)[0])


@pytest.mark.thorough
def test_the_profile_that_chapter_7_makes_by_hand_rises_from_the_optimum() -> None:
    # the chapter's five points are compared with its output wherever it is executed
    fewer = {"[-1.0, -0.5, 0.0, 0.5, 1.0]": "[-0.5, 0.0, 0.5]"}
    lesson = cells_of("07_identifiability", "def lowest_cost", fewer)
    rise = lesson["rise"]
    assert rise[1] == 0.0 < 0.3 < min(rise[0], rise[2])
    profile = lesson["kept"].profiles["pair"]["d_IL6"]
    at = lesson["optimum"][lesson["held"]] + lesson["steps"]
    assert rise == pytest.approx(np.interp(at, profile.values, profile.rise), abs=0.1)


def test_another_limit_in_the_rule_of_chapter_8_gives_another_shape() -> None:
    few = {"n_doses": 60}
    lesson = cells_of("08_dose_response", "def shape(", **few)
    found, ends = lesson["found"], (lesson["lowest"], lesson["highest"])
    for drug, curve in lesson["curves"].items():
        assert dose_response.reading(curve, *ends).shape.value == found[drug]
    steep = {drug for drug, shape in found.items() if shape == "switch-like"}
    assert "tgn1412" in steep
    limit = {".max() > 1.5": ".max() > 99.0"}
    other = cells_of("08_dose_response", "def shape(", limit, **few)["found"]
    assert all(other[drug] in ("saturating", "graded") for drug in steep)
    assert {d: s for d, s in other.items() if d not in steep} == {
        d: s for d, s in found.items() if d not in steep
    }
