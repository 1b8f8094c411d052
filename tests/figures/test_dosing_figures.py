"""The figures of the dosing chapter show what they were given, and a phone has room for it."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from cases import quick
from matplotlib import pyplot as plt
from matplotlib.figure import Figure
from matplotlib.text import Text

from qsp_lib.figures import dosing
from qsp_lib.figures.vectors import PHONE_IN, in_vectors, restack

MARK = "unlocked copy"
BAND = (1.0, 1.5, 2.0)


@pytest.fixture(autouse=True)
def plain() -> Iterator[None]:
    with plt.rc_context():
        plt.switch_backend("agg")
        yield
    plt.close("all")


def dots(axis: plt.Axes) -> list[tuple[float, float]]:
    """Medians of an axis: points that are circles."""
    found = [line for line in axis.lines if line.get_marker() == "o"]
    return [
        (float(x), float(y))
        for line in found
        for x, y in zip(line.get_xdata(), line.get_ydata(), strict=True)
    ]


def arms() -> Figure:
    return dosing.side_by_side(
        {"at once": BAND, "in steps": (0.5, 1.0, 1.5)},
        {"in steps": (-1.0, -0.5, 0.0)},
        {"at once": 1.6, "in steps": 0.9},
    )


def test_arms_stand_below_each_other_and_differences_beside_them() -> None:
    own, beside = arms().axes
    assert dots(own) == [(1.5, 2.0), (1.0, 1.0)]
    assert dots(beside) == [(-0.5, 1.0)]
    locked = [line.get_xdata()[0] for line in own.lines if line.get_marker() == "|"]
    assert locked == [1.6, 0.9]
    assert "at once" in beside.get_xlabel()


def first() -> Figure:
    bands = [BAND, (2.0, 2.5, 3.0)]
    return dosing.first_doses((1.0, 9.0), bands, [(0.0, 0.1, 0.2), (0.1, 0.2, 0.3)], 9.0, MARK)


def test_shares_stand_in_percent_at_their_doses() -> None:
    average, people = first().axes
    assert dots(average) == [(1.0, 1.5), (9.0, 2.5)]
    assert dots(people) == [(1.0, 10.0), (9.0, 20.0)]
    assert [label.get_text() for label in people.get_xticklabels()] == ["1", "9"]


def gaps(days: tuple[float, ...] = (1.0, 28.0)) -> Figure:
    panel = dosing.GapPanel("after a week", {"at 9": [BAND, BAND], "at 28": [BAND, BAND]}, 0.7)
    back = (0.1, 1.0), {"at 9": [BAND, BAND], "at 28": [BAND, BAND]}
    return dosing.after_gaps(days, [panel], 15.0, back, MARK)


def test_a_gap_beyond_the_ground_is_grey_and_one_within_is_not() -> None:
    def grey(figure: Figure) -> int:
        return len(figure.axes[0].patches)

    assert grey(gaps()) == 1 and grey(gaps((1.0, 14.0))) == 0
    assert len(gaps().axes) == 2
    assert gaps()._supxlabel.get_text() == MARK  # type: ignore[attr-defined]


def lengths() -> Figure:
    return dosing.step_lengths((1.0, 7.0), {"first step": [BAND, BAND]}, 1.8)


def cover() -> Figure:
    return dosing.cover((-1.0, 0.0, 6.0), {"dexamethasone": [BAND, BAND, (0.0, 0.0, 0.0)]})


def test_cover_is_before_with_and_after() -> None:
    (axis,) = cover().axes
    assert [label.get_text() for label in axis.get_xticklabels()] == ["−1", "0", "+6"]
    assert dots(axis) == [(0, 1.5), (1, 1.5), (2, 0.0)]


def hangs() -> Figure:
    rows = [dosing.Hangs(f"choice {i}", BAND, "$n_M$", (0.4, 2.2)) for i in range(4)]
    return dosing.hangs_on(rows, MARK)


def test_what_an_answer_hangs_on_goes_from_end_to_end() -> None:
    (axis,) = hangs().axes
    assert {tuple(line.get_xdata()) for line in axis.lines if line.get_marker() == "|"} == {
        (0.4, 2.2)
    }
    assert [text.get_text() for text in axis.texts] == ["$n_M$"] * 4
    assert [label.get_text() for label in axis.get_yticklabels()][0] == "choice 0"


@pytest.mark.parametrize("make", quick([arms, first, gaps, lengths, cover, hangs], few=[arms]))
def test_a_phone_shows_all_of_it(make: object) -> None:
    figure = make()  # type: ignore[operator]
    assert in_vectors(figure).data.count("\n") > 2
    figure = make()  # type: ignore[operator]
    restack(figure)
    figure.draw_without_rendering()
    assert figure.get_size_inches()[0] == PHONE_IN
    width = PHONE_IN * figure.dpi
    for text in figure.findobj(Text):
        if text.get_visible() and text.get_text() and text.axes is not None:
            extent = text.get_window_extent()
            assert extent.x0 >= -1 and extent.x1 <= width + 1, text.get_text()
    for axis in figure.axes:
        assert axis.get_position().width > 0.4
    assert np.isfinite(figure.get_size_inches()).all()
