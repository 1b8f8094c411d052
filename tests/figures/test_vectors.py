"""A figure as the site shows it: in vectors, readable on a phone, nothing cut, with its numbers."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterator
from xml.etree import ElementTree

import numpy as np
import pandas as pd
import pytest
from cases import quick
from matplotlib import pyplot as plt
from matplotlib.figure import Figure
from matplotlib.text import Text

from qsp_lib import figures
from qsp_lib.figures import fits
from qsp_lib.figures.vectors import (
    HEADER,
    PHONE_IN,
    SMALLEST_PT,
    as_csv,
    as_svg,
    in_vectors,
    restack,
)


@pytest.fixture(autouse=True)
def plain() -> Iterator[None]:
    with plt.rc_context():
        plt.switch_backend("agg")
        figures.use_style()
        yield
    plt.close("all")


def three_panels() -> Figure:
    figure, axes = plt.subplots(1, 3, figsize=(figures.WIDTH, 3), sharey=True)
    for number, axis in enumerate(axes):
        (line,) = axis.plot([0, 1, 2], [number, 1, 2], label="as locked, with every prior kept")
        axis.set_title(f"panel {number} with a title that is as long as titles may be")
        axis.set_xlabel("dose, as a multiple of the clinical dose of each of the drugs")
    axes[0].set_ylabel("level (pg/mL)")
    figure.legend([line, line, line], ["one", "another", "a third"] * 1, ncols=3)
    return figure


def many_panels() -> Figure:
    figure, axes = plt.subplots(2, 6, figsize=(figures.WIDTH, 3), sharey=True)
    for axis in axes.flat:
        axis.plot([0, 1], [0, 1])
    axes[-1, -1].set_visible(False)
    return figure


def shares() -> Figure:
    words = "an order of three drugs that is expected by the abstract and by us"
    figure = fits.check_shares(
        {f"{n}: {words}": {"share_holds": 0.5, "share_undetermined": 0.2} for n in range(5)}
    )
    figure.axes[0].set_xlabel("share of all draws that were made of the posterior (grey: a tie)")
    return figure


def posterior() -> Figure:
    table = pd.DataFrame(
        {"parameter": ["k_a", "k_b"], "prior_sd": 0.5, "shift": 0.1, "posterior_sd": 0.2}
    )
    return fits.prior_and_posterior(table)


def waterfall() -> Figure:
    return fits.waterfall([10.0, 10.05, 14.0])


MAKERS = [three_panels, many_panels, shares, posterior, waterfall]


@pytest.mark.parametrize("make", quick(MAKERS, few=[three_panels, shares]))
def test_on_a_phone_nothing_is_cut_and_every_letter_can_be_read(make: Callable[[], Figure]) -> None:
    figure = make()
    restack(figure)
    figure.draw_without_rendering()
    assert figure.get_size_inches()[0] == PHONE_IN
    sizes = [float(text.get_fontsize()) for text in figure.findobj(Text)]
    assert min(sizes) >= SMALLEST_PT
    drawn, (wide, high) = figure.get_tightbbox(), figure.get_size_inches()
    assert drawn.x0 >= -0.02 and drawn.y0 >= -0.02
    assert drawn.x1 <= wide + 0.02 and drawn.y1 <= high + 0.02
    for axis in figure.axes:
        assert axis.get_window_extent().width > 0.35 * figure.dpi


def test_panels_stand_below_each_other_with_the_labels_that_they_shared() -> None:
    figure = three_panels()
    restack(figure)
    figure.draw_without_rendering()
    tops = [axis.get_window_extent().y1 for axis in figure.axes]
    assert tops == sorted(tops, reverse=True)
    assert len({round(axis.get_window_extent().x0) for axis in figure.axes}) == 1
    assert [axis.get_ylabel() for axis in figure.axes] == ["level (pg/mL)"] * 3


def test_of_many_small_panels_two_stand_beside_each_other() -> None:
    figure = many_panels()
    restack(figure)
    spec = figure.axes[0].get_subplotspec()
    assert spec is not None and spec.get_gridspec().get_geometry() == (6, 2)


def test_the_vectors_are_whole_light_and_of_the_size_that_they_say() -> None:
    made = in_vectors(waterfall())
    for text, wide in ((made.broad, made.size[0]), (made.narrow, PHONE_IN)):
        picture = ElementTree.fromstring(text)
        assert float(picture.attrib["width"].removesuffix("pt")) == pytest.approx(72 * wide)
        assert not re.search(r' d="[^"]*\d\.\d{3}', text)
        assert "date" not in text and "#ffffff" not in text
    assert in_vectors(waterfall()) == made


def test_a_lean_picture_still_holds_what_it_refers_to() -> None:
    picture = ElementTree.fromstring(as_svg(waterfall()))
    held = {one.attrib["id"] for one in picture.iter() if "id" in one.attrib}
    asked = {one.attrib["href"].removeprefix("#") for one in picture.iter() if "href" in one.attrib}
    clips = re.findall(r"url\(#([^)]+)\)", as_svg(waterfall()))
    assert asked and clips and asked | set(clips) <= held


def test_a_transform_keeps_its_digits() -> None:
    assert re.search(r"scale\(0\.\d{3,}|translate\(\d+\.\d{3,}", as_svg(waterfall()))


def test_what_is_drawn_can_be_read_as_a_table() -> None:
    figure, axis = plt.subplots()
    axis.plot([1, 2], [3.5, np.nan], label="model")
    axis.plot([4], [5], "o", label="data")
    axis.bar([1.0], [7.0], width=0.5)
    axis.fill_between([0, 1], [0, 0], [1, 1], label="band")
    axis.vlines([9], [1], [2])
    axis.axhline(100)
    axis.set(xlabel="time (h)", ylabel="level (pg/mL)", title="A title")
    rows = list(csv.reader(io.StringIO(as_csv(figure))))
    assert tuple(rows[0]) == HEADER
    assert {tuple(row[:3]) for row in rows[1:]} == {("A title", "time (h)", "level (pg/mL)")}
    assert {row[-1] for row in rows[1:]} == {""}
    drawn = [tuple(row[3:-1]) for row in rows[1:]]
    assert ("line", "model", "1", "3.5") in drawn and ("points", "data", "4", "5") in drawn
    assert ("bar", "", "0.75", "0") in drawn and ("bar", "", "1.25", "7") in drawn
    assert ("bar", "", "9", "2") in drawn and ("area", "band", "1", "1") in drawn
    assert not [row for row in drawn if "100" in row or "nan" in row]


def test_cells_of_a_matrix_have_their_values_and_the_names_at_its_ticks() -> None:
    figure, axis = plt.subplots()
    image = axis.imshow([[np.nan, 0.5], [0.25, np.nan]])
    axis.set_xticks([0, 1], ["a", "b"])
    axis.set_yticks([0, 1], ["c", "d"])
    figure.colorbar(image, ax=axis)
    rows = [tuple(row[3:]) for row in csv.reader(io.StringIO(as_csv(figure)))][1:]
    assert rows == [("cell", "c, b", "1", "0", "0.5"), ("cell", "d, a", "0", "1", "0.25")]


@pytest.mark.parametrize("order", ["ab", "ba"])
def test_rows_are_in_the_order_in_which_things_are_drawn(order: str) -> None:
    figure, axis = plt.subplots()
    for name in order:
        axis.plot([0, 1], [2, 3], label=name)
    rows = [row[4:6] for row in csv.reader(io.StringIO(as_csv(figure)))][1:]
    assert rows == [[name, x] for name in order for x in "01"]
