"""Figures of the development are drawn from made-up results, and show what they were given."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd
import pytest
from matplotlib import pyplot as plt
from matplotlib.axes import Axes

from qsp_lib import figures
from qsp_lib.figures.development import (
    Panel,
    Release,
    predictive,
    rank_distributions,
    samplers,
    why_not_enough,
)

TIMES = np.linspace(0.0, 672.0, 50)
DOSES = np.geomspace(0.1, 1e4, 9)


@pytest.fixture(autouse=True)
def plain() -> Iterator[None]:
    with plt.rc_context():
        plt.switch_backend("agg")
        figures.use_style()
        yield
    plt.close("all")


def levels_of(axis: Axes) -> dict[str, list[float]]:
    return {str(line.get_label()): list(line.get_ydata()) for line in axis.lines}  # type: ignore[arg-type]


def test_both_versions_are_in_both_panels() -> None:
    old = Release(TIMES, np.full((1, 50), 300.0), np.full((1, 9), 2.8))
    draws = np.array([[0.9], [1.0], [1.1]])
    new = Release(TIMES, draws * 2.0 * np.ones(50), draws * np.linspace(0.0, 2.9, 9))
    figure = why_not_enough(
        old,
        new,
        DOSES,
        trial_ug_kg=7.0,
        clinical_ug_kg=100.0,
        over_from_h=120.0,
    )
    figure.canvas.draw()
    course, dose = figure.axes
    assert levels_of(course)["version 1"] == [300.0] * 50
    assert levels_of(course)["version 2"] == [2.0] * 50
    assert levels_of(dose)["version 2"] == new.index[1].tolist()  # the median of the draws
    assert course.get_xlim() == (0.0, 28.0)  # days
    marked = [line.get_xdata()[0] for line in dose.lines if len(line.get_xdata()) == 2]  # type: ignore[arg-type, index]
    assert marked == [7.0, 100.0]
    assert {text.get_text() for text in dose.texts} == {"nothing\nseen", "London"}


def test_each_sampler_is_an_interval_in_the_panel_of_its_quantity() -> None:
    intervals = {
        "blinatumomab index": {"ensembles": (1.4, 1.7, 2.1), "nested": (1.5, 1.8, 2.0)},
        "TGN1412 IL-6 peak": {"ensembles": (2000.0, 4000.0, 8000.0), "nested": (2e3, 4e3, 7e3)},
    }
    figure = samplers(intervals)
    index, peak, unused = figure.axes
    assert index.get_xscale() == "linear" and peak.get_xscale() == "log"
    assert peak.get_xticks().tolist() == [2000.0, 5000.0]
    assert [label.get_text() for label in index.get_yticklabels()] == ["ensembles", "nested"]
    assert not unused.get_visible()
    (bars,) = peak.collections
    assert [segment[:, 0].tolist() for segment in bars.get_segments()] == [[2e3, 8e3], [2e3, 7e3]]  # type: ignore[attr-defined]


def test_ticks_are_round_numbers_within_the_range() -> None:
    wide = samplers({"signal": {"ensembles": (4.0, 150.0, 700.0)}}).axes[0]
    assert wide.get_xticks().tolist() == [10.0, 100.0]
    narrow = samplers({"TNF peak": {"ensembles": (2.7, 2.8, 3.9)}}).axes[0]
    assert narrow.get_xscale() == "linear"


def test_uniform_ranks_stay_in_the_band_and_those_of_draws_too_narrow_leave_it() -> None:
    even = (np.arange(100) + 0.5) / 100
    outside = np.where(even < 0.5, 0.05 * even, 1 - 0.05 * (1 - even))
    figure = rank_distributions(np.column_stack([even, outside]), ["even", "narrow"], ["narrow"])
    (axis,) = figure.axes
    (band,) = axis.collections
    edges = np.asarray(band.get_paths()[0].vertices)
    at_a_quarter = edges[edges[:, 0] == 0.25, 1]
    _, first, second = axis.lines
    for line, inside in ((first, True), (second, False)):
        share = float(np.interp(0.25, *map(np.asarray, line.get_data())))
        assert (at_a_quarter.min() <= share <= at_a_quarter.max()) == inside
    assert [text.get_text() for text in axis.get_legend().get_texts()] == ["narrow"]  # type: ignore[union-attr]


HELD = pd.DataFrame(
    {
        "drug": ["tgn1412", "tgn1412", "tgn1412", "blinatumomab", "blinatumomab"],
        "regimen": ["clinical"] * 4 + ["flat_5"],
        "analyte": ["IL6", "IL6", "IL6", "IL6", "B"],
        "time_h": [4.0, 8.0, np.nan, 168.0, 48.0],
        "window_h": [None, None, (120.0, 672.0), None, None],
        "observed": [900.0, 4500.0, 480.0, 20.3, 0.05],
        "sigma": [0.3] * 5,
        "censored": [False, True, True, False, True],
        "at_most": [False, False, True, False, True],
        "read_low": [np.nan] * 3 + [20.0, np.nan],
        "read": [np.nan] * 3 + [24.0, np.nan],
        "read_high": [np.nan] * 3 + [30.0, np.nan],
    }
)


def panel(drug: str, regimen: str, analyte: str, last_h: float) -> Panel:
    times = np.linspace(0.0, last_h, 20)
    return Panel(drug, regimen, analyte, "a title", times, np.full((4, 20), 7.0))


def markers(axis: Axes) -> list[tuple[str, float, float]]:
    """What stands at one place in a panel: its sign, where, and how high."""
    return sorted(
        (str(line.get_marker()), float(line.get_xdata()[0]), float(line.get_ydata()[0]))  # type: ignore[index, arg-type]
        for line in axis.lines
        if len(line.get_xdata()) == 1 and str(line.get_marker()) in "^vodD"  # type: ignore[arg-type]
    )


def test_a_panel_shows_what_its_course_is_held_to_and_nothing_else() -> None:
    panels = [
        panel("tgn1412", "clinical", "IL6", 48.0),
        panel("tgn1412", "clinical", "IL6", 672.0),
        panel("blinatumomab", "clinical", "IL6", 168.0),
        panel("blinatumomab", "flat_5", "B", 168.0),
    ]
    figure = predictive(panels, HELD)
    figure.canvas.draw()
    early, late, mild, cells, *unused = figure.axes
    assert markers(early) == [("^", 8.0, 4500.0), ("o", 4.0, 900.0)]
    assert [line for line in early.lines if list(line.get_ydata()) == [480.0, 480.0]] == []
    (bound,) = [line for line in late.lines if list(line.get_ydata()) == [480.0, 480.0]]
    assert list(bound.get_xdata()) == [5.0, 28.0] and late.get_xlabel() == "days"
    assert markers(mild) == [("D", 168.0, 24.0), ("o", 168.0, 20.3)]
    assert markers(cells) == [("v", 48.0, 0.05)]
    assert cells.get_ylabel() == "B cells (fraction)"
    assert early.get_yscale() == "linear"  # a level that hardly moves
    assert not any(axis.get_visible() for axis in unused)
