"""The front page's figure: drawn from one lock, and what it shows is what the chapters saved."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from matplotlib.figure import Figure

from book.pages import story
from book.pages.fragments import BookData
from book.pages.story_figure import DrugStory
from book.pages.story_figure import story as figure_of
from qsp_lib.chapters import results
from qsp_lib.common.errors import InputError
from qsp_lib.protocol.lock import current_record

NUMBERS = results.load(story.CHAPTER, results.COMMITTED)
BOOK = BookData(Path(), {story.CHAPTER: NUMBERS})
EDGES = (0.7, 2.1, 2.4, 2.6)


def made_up(peak: float, spread: float = 0.3) -> DrugStory:
    times = np.linspace(0, 168, 20)
    rise = peak * np.exp(-times / 100)
    ends = rise - spread / 2, rise + spread / 2
    return DrugStory(times, rise, *ends, peak, peak - spread, peak + spread, locked=peak + 0.1)


def texts(figure: Figure) -> str:
    found = figure.findobj(lambda thing: hasattr(thing, "get_text"))
    return " | ".join(text.get_text() for text in found)  # type: ignore[attr-defined]


@pytest.mark.parametrize("name", story.ORDER)
def test_the_median_of_the_highest_points_lies_above_the_median_course(name: str) -> None:
    drug = story.drug_stories(NUMBERS)[name]
    # the draws peak at different times, so that their median course peaks lower
    assert drug.rise.max() <= drug.median + 0.02
    assert drug.rise_high.max() == pytest.approx(drug.high, abs=0.15)
    assert drug.low < drug.median < drug.high
    assert np.all(drug.rise_low <= drug.rise) and np.all(drug.rise <= drug.rise_high)
    assert drug.rise[0] == pytest.approx(0.0, abs=1e-6)


def test_numbers_of_another_lock_or_of_none_are_refused() -> None:
    old = {"version": "v0", "date": "2026-01-01", "digest": "0" * 64}
    with pytest.raises(InputError, match="from lock version v0"):
        story.draw(BookData(Path(), {story.CHAPTER: replace(NUMBERS, lock=old)}))
    with pytest.raises(InputError, match="name no lock record"):
        story.shown(BookData(Path(), {story.CHAPTER: replace(NUMBERS, lock=None)}))


def test_missing_numbers_are_named() -> None:
    with pytest.raises(InputError, match="needs the numbers of 03_blind_prediction"):
        story.draw(BookData(Path(), {}))


@pytest.mark.thorough
def test_the_figure_is_light_and_the_same_when_drawn_twice() -> None:
    first = story.draw(BOOK)
    names = {f"story{size}{theme}.svg" for size in ("", "-narrow") for theme in ("", "-dark")}
    assert set(first) == names
    assert story.draw(BOOK) == first
    assert all(len(content) < 150_000 for content in first.values())
    assert all(b"<dc:date>" not in content for content in first.values())


def test_its_description_has_every_number_it_shows() -> None:
    text = story.shown(BOOK)
    found = re.search(r'alt="([^"]+)"', text)
    assert found
    for name in story.ORDER:
        index = NUMBERS.value(f"prediction/arms/{name}/severity/index")
        assert (
            f"{index['median']:.2f} (interval {index['low']:.2f} to {index['high']:.2f}, at the "
            f"locked point {index['central']:.2f})"
        ) in found[1]
    assert current_record().version in text and "blind" in text


@pytest.mark.parametrize(
    ("gap", "words"), [(0.04, "a tie"), (0.06, "hardly more than a tie"), (0.3, "no tie")]
)
@pytest.mark.parametrize("narrow", [False, True])
def test_a_tie_is_marked(gap: float, words: str, narrow: bool) -> None:
    drugs = {"blinatumomab": made_up(1.5), "okt3": made_up(2.5), "tgn1412": made_up(2.5 + gap)}
    figure = figure_of(drugs, EDGES, 0.05, narrow=narrow)
    assert f"{gap:.2f} apart:\n{words} (0.05)" in texts(figure)
    for name in ("blinatumomab", "OKT3", "TGN1412", "grade 4", "1.50"):
        assert name in texts(figure)


def test_interval_median_and_locked_point_are_drawn_and_named() -> None:
    drug = made_up(2.5)
    figure = figure_of({"okt3": drug, "tgn1412": made_up(2.6)}, EDGES, 0.05)
    severity = figure.axes[1]
    drawn = [tuple(line.get_ydata()) for line in severity.lines]
    assert (drug.low, drug.high) in drawn
    assert (drug.median,) in drawn and (drug.locked,) in drawn
    assert "5–95 % of draws" in texts(figure) and "locked point" in texts(figure)
