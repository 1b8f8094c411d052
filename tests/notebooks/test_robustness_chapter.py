"""Chapter 6: sets are drawn, simulated and judged in its cells, by the criteria there."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from lessons import cells_of
from matplotlib import pyplot as plt

from qsp_lib.analyses import robustness
from qsp_lib.inference import sobol
from qsp_lib.model import NETWORK

CHAPTER, THROUGH = "06_robustness", "met_at = "
FEW: dict[str, Any] = {
    "n_draws": 100,
    "seed": 1,
    "width_draws": 100,
    "control_draws": 100,
    "widths": [1.05, 2.0],
    "bands": [1.2, 3.0, 900.0],
    "ties": [0.0, 0.05, 0.2, 1.0],
    "map_points": 2,
    "search_up_to": 2.0,
    "workers": 1,
}

pytestmark = pytest.mark.thorough


@pytest.fixture(scope="module")
def lesson() -> Iterator[dict[str, Any]]:
    with plt.rc_context():
        plt.switch_backend("agg")
        yield cells_of(CHAPTER, THROUGH, **FEW)
    plt.close("all")


def test_the_criteria_are_those_that_were_declared(lesson: dict[str, Any]) -> None:
    assert lesson["criteria"](3.0, 0.05) == robustness.criteria(lesson["locked"], 3.0, 0.05)


def test_the_ensemble_is_that_of_the_library(lesson: dict[str, Any]) -> None:
    whole = robustness.ensemble(lesson["record"], 100, seed=1, workers=1)
    assert np.array_equal(whole.accepted, lesson["draws"].accepted)
    assert 0 < lesson["accepted"].held < 100


def test_acceptance_grows_with_the_band_and_falls_with_the_tie(lesson: dict[str, Any]) -> None:
    by_band, by_tie = lesson["by_band"], lesson["by_tie"]
    assert by_band["accepted"].is_monotonic_increasing
    assert by_band["accepted"][1] == lesson["accepted"].value
    assert (by_band["in_bands"][2], by_band["accepted"][2]) == (1.0, by_band["ordered"][2])
    assert by_tie["accepted"].is_monotonic_decreasing
    assert (by_tie["accepted"][1], by_tie["accepted"][3]) == (lesson["accepted"].value, 0.0)


def test_each_width_is_an_ensemble_of_its_own(lesson: dict[str, Any]) -> None:
    by_width = lesson["by_width"]
    assert by_width["width"].tolist() == [1.05, 2.0]
    assert by_width["in_bands"][0] == 1.0  # next to the lock
    assert by_width["accepted"][1] == lesson["accepted"].value


def test_every_structure_gets_the_same_draws(lesson: dict[str, Any]) -> None:
    unit = sobol(100, len(NETWORK), 1)
    for sample in (lesson["draws"], *lesson["structures"].values()):
        assert np.array_equal(sample.unit, unit)
    gaps = {name: s.quantities["gap.high"] for name, s in lesson["structures"].items()}
    assert not np.array_equal(gaps["none"], gaps["gated"])


def test_another_tie_in_the_cell_gives_another_share_and_another_map(
    lesson: dict[str, Any],
) -> None:
    other = cells_of(CHAPTER, THROUGH, {"TIE = 0.05": "TIE = 1.0"}, **FEW)
    assert other["accepted"].held < lesson["accepted"].held
    assert other["near"].wrong == 4  # the lock itself is a tie then
    assert other["counts"]["tied"] > lesson["counts"]["tied"]


def test_an_order_is_known_by_what_it_asks_for_and_not_by_its_place(lesson: dict[str, Any]) -> None:
    draws, shares = lesson["draws"], lesson["shares"]
    first, second, *bands = lesson["criteria"]()
    assert shares(draws.with_criteria((*bands, second, first))) == shares(draws)
    without = shares(draws.with_criteria((second, *bands)))
    assert without["in_bands"] == shares(draws)["in_bands"]
    assert without["ordered"] == draws.passes[1].mean()
