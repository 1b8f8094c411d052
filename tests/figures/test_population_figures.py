"""What the figures of the population chapter show is what they were given."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from matplotlib import colors
from matplotlib import pyplot as plt

from qsp_lib.analyses import OverDraws, SobolIndices, spread_data
from qsp_lib.figures import population

MARK = "unlocked copy"


@pytest.fixture(autouse=True)
def plain() -> Iterator[None]:
    with plt.rc_context():
        plt.switch_backend("agg")
        yield
    plt.close("all")


def over(low: float, median: float, high: float) -> OverDraws:
    return OverDraws(low, median, high, 0.01, 10)


def test_what_is_held_out_is_hollow_and_what_nothing_meets_is_left_out() -> None:
    data = spread_data()
    found = {
        "nothing": {datum: np.array([0.5, 0.6, 0.7]) for datum in data},
        "the spread": {datum: np.zeros(0) for datum in data},
    }
    figure = population.spread_over_time(found, data, MARK)
    (axis,) = figure.axes
    diamonds = [line for line in axis.lines if line.get_marker() == "D"]
    hollow = [colors.same_color(line.get_markerfacecolor(), "white") for line in diamonds]
    assert hollow == [not datum.used for datum in data]
    assert [line.get_ydata()[0] for line in diamonds] == [datum.log10_sd for datum in data]
    middles = [c.lines[0].get_ydata() for c in axis.containers]
    assert np.allclose(middles[0], 0.6) and np.isnan(middles[1]).all()
    assert figure._supxlabel.get_text() == MARK


def test_incidences_stand_in_percent_beside_what_is_published() -> None:
    panels = {"dose": {"5": over(0.0, 0.1, 0.2)}, "cover": {"step": over(0.1, 0.15, 0.2)}}
    figure = population.incidences(panels, {"step": ("EA038", 0.15)}, MARK)
    first, second = figure.axes
    assert [list(line.get_ydata()) for line in first.lines] == [[0.0, 20.0], [10.0]]
    assert list(second.lines[-1].get_ydata()) == [15.0]
    assert [text.get_text() for text in second.texts] == ["EA038"]


def test_percentiles_have_their_band_and_the_limit() -> None:
    curve = {5: over(0.1, 0.2, 0.3), 95: over(1.0, 1.5, 2.0)}
    figure = population.percentiles({"flat": curve}, over(0.9, 1.0, 1.1), MARK)
    (axis,) = figure.axes
    limit, line = axis.lines
    assert limit.get_ydata()[0] == 1.0 and list(line.get_ydata()) == [0.2, 1.5]


def test_each_factor_has_two_bars_under_its_words() -> None:
    values = np.array([0.2, 0.5])
    indices = SobolIndices(("a", "b"), values, values / 9, values + 0.1, values / 8, 64, 0)
    figure = population.explained({"index": indices}, {"a": "the first"}, MARK)
    (axis,) = figure.axes
    assert [bar.get_width() for bar in axis.patches] == pytest.approx([0.2, 0.5, 0.3, 0.6])
    assert [text.get_text() for text in axis.get_yticklabels()] == ["the first", "b"]
