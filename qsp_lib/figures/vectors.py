"""A figure as the site shows it: in vectors, broad and restacked for a phone, with its numbers.

A notebook keeps its figures as PNG, which every reader of notebooks shows. What is drawn here
beside them is never compared with anything by its bytes.
"""

from __future__ import annotations

import csv
import io
import math
import textwrap
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.collections import Collection, LineCollection, PathCollection
from matplotlib.figure import Figure
from matplotlib.gridspec import GridSpec
from matplotlib.image import AxesImage
from matplotlib.legend import Legend
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle
from matplotlib.text import Text
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from .lean_svg import lean
from .thinning import thin

PHONE_IN = 3.7
"""Width of a figure on a phone (inches of 96 pixels): what a screen of 390 pixels leaves."""
SMALLEST_PT = 8.4
"""Letters on a phone: 11 pixels at least."""
LOWEST_PANEL_IN = 2.2
_TICK_IN = 0.5
"""What a number below an axis takes."""
_MARGIN_IN = 0.45
"""What the label and the padding of an axis take."""
MANY = 4
"""Columns from which on panels are small enough for two beside each other on a phone."""
_COLOUR_BAR = "<colorbar>"
"""How matplotlib labels the axes of a key of colours."""
HEADER = ("panel", "x axis", "y axis", "drawn as", "series", "x", "y", "value")
"""Columns of a figure's numbers; ``value`` is what the colour of a cell stands for."""


@dataclass(frozen=True)
class Vectors:
    """What a page needs to show a figure.

    Attributes:
        broad, narrow: SVG without a background, for a page and for a phone.
        size: of the broad one, width and height in inches.
        data: what is drawn, as CSV with ``HEADER``; numbers in the units of the axes, without
            points of curves that the picture cannot show.
    """

    broad: str
    narrow: str
    size: tuple[float, float]
    data: str


def in_vectors(figure: Figure) -> Vectors:
    """Draw a figure for the site; it is left restacked, so this comes last."""
    thin(figure)
    broad, (wide, high), data = as_svg(figure), figure.get_size_inches(), as_csv(figure)
    restack(figure)
    return Vectors(broad, as_svg(figure), (float(wide), float(high)), data)


def as_svg(figure: Figure) -> str:
    """A figure as SVG, coordinates to a hundredth of a point."""
    buffer = io.StringIO()
    figure.savefig(buffer, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
    return lean(buffer.getvalue())


def restack(figure: Figure) -> None:
    """Set a figure's panels below each other, at a phone's width, with letters to be read there."""
    placed = [(axis, axis.get_subplotspec()) for axis in figure.axes if axis.get_visible()]
    panels = [axis for axis, spec in placed if spec is not None]
    rows, columns = next(spec for _, spec in placed if spec is not None).get_geometry()[:2]
    beside = 2 if columns >= MANY else 1
    high = figure.get_size_inches()[1] / rows
    if columns > 1 and beside == 1:
        high = max(high, LOWEST_PANEL_IN)
    stacked = -(-len(panels) // beside)
    grid = GridSpec(stacked, beside, figure=figure)
    for number, axis in enumerate(panels):
        _stand_alone(axis, panels)
        axis.set_subplotspec(grid[number // beside, number % beside])
    figure.set_size_inches(PHONE_IN, high * stacked)
    for text in figure.findobj(Text):
        text.set_fontsize(max(text.get_fontsize(), SMALLEST_PT))
    _fit(figure, panels, PHONE_IN / beside)


def _stand_alone(axis: Axes, panels: Iterable[Axes]) -> None:
    """Give a panel the labels that it shared with its neighbours."""
    axis.tick_params(labelleft=True, labelbottom=True)
    for other in panels:
        if axis.get_shared_y_axes().joined(axis, other) and not axis.get_ylabel():
            axis.set_ylabel(other.get_ylabel())
        if axis.get_shared_x_axes().joined(axis, other) and not axis.get_xlabel():
            axis.set_xlabel(other.get_xlabel())


def _fit(figure: Figure, panels: Iterable[Axes], wide: float) -> None:
    """Wrap what is wider than its place, and make room for what grew; widths in inches."""
    layout = figure.get_layout_engine()
    figure.set_layout_engine("none")  # what is too wide still leaves a layout no room
    figure.draw_without_rendering()
    more = 0.0
    for axis in panels:
        longest, labelled = _longest(axis, figure.dpi), 0.42 * wide
        room = wide - min(longest, labelled) - _MARGIN_IN  # beside what the ticks say
        titles = (axis.title, axis._left_title, axis._right_title)  # type: ignore[attr-defined]
        for text in (*titles, axis.xaxis.label):
            more += _wrap(text, room, figure.dpi)
        if isinstance(axis.xaxis.get_major_locator(), MaxNLocator):
            axis.locator_params(axis="x", nbins=max(2, int(room / _TICK_IN)))
        if longest > labelled:
            more += _wrap_ticks(axis, labelled / longest)
        if legend := axis.get_legend():
            more += _narrow(legend, room, figure)
    for legend in figure.legends:
        more += _narrow(legend, 0.96 * PHONE_IN, figure)
    size = figure.get_size_inches()
    figure.set_size_inches(size[0], size[1] + more)
    figure.set_layout_engine(layout)


def _wrap(text: Text, wide: float, dpi: float) -> float:
    """Break a text that is wider than so many inches; how many inches higher it is then."""
    words, extent = text.get_text(), text.get_window_extent().width / dpi
    if not words or extent <= wide or "$" in words:
        return 0.0
    broken = textwrap.fill(words, max(8, int(len(words) * wide / extent)))
    text.set_text(broken)
    return broken.count("\n") * _line_in(text)


def _wrap_ticks(axis: Axes, share: float) -> float:
    """Break the words at the ticks of a vertical axis to a share of their width."""
    labels = axis.get_yticklabels()
    texts = [label.get_text() for label in labels]
    if not any(" " in text for text in texts):
        return 0.0
    letters = max(10, int(max(map(len, texts)) * share))
    broken = [textwrap.fill(text, letters) for text in texts]
    axis.set_yticks(axis.get_yticks(), broken)
    lines = max(text.count("\n") for text in broken)
    return 0.6 * lines * len(texts) * _line_in(labels[0])


def _longest(axis: Axes, dpi: float) -> float:
    """Inches that the words at the ticks of a vertical axis take."""
    widths = [label.get_window_extent().width for label in axis.get_yticklabels()]
    return max(widths, default=0.0) / dpi


def _line_in(text: Text) -> float:
    """Inches from a line of a text to its next."""
    return 1.2 * float(text.get_fontsize()) / 72


def _narrow(legend: Legend, wide: float, figure: Figure) -> float:
    """Take columns from a legend until it is no wider than so many inches; inches it grew."""
    before = legend.get_window_extent().height
    columns: int = legend._ncols  # type: ignore[attr-defined]
    while legend.get_window_extent().width > wide * figure.dpi and columns > 1:
        columns -= 1
        _set_columns(legend, columns)
        figure.draw_without_rendering()
    return max(0.0, (legend.get_window_extent().height - before) / figure.dpi)


def _set_columns(legend: Any, columns: int) -> None:
    """Lay a legend out anew: its own ``set_ncols`` leaves what is drawn as it is."""
    place, words = legend._loc, [text.get_text() for text in legend.get_texts()]
    legend.set_ncols(columns)
    legend._init_legend_box(legend.legend_handles, words)
    legend._loc = place
    for text in legend.get_texts():
        text.set_fontsize(max(text.get_fontsize(), SMALLEST_PT))


def as_csv(figure: Figure) -> str:
    """Everything that a figure draws in the units of its axes, one point a row."""
    buffer = io.StringIO()
    write = csv.writer(buffer, lineterminator="\n")
    write.writerow(HEADER)
    panels = [axis for axis in figure.axes if axis.get_label() != _COLOUR_BAR]
    for number, axis in enumerate(panels, start=1):
        title = axis.get_title(loc="left") or axis.get_title() or f"{number}"
        labels = (title, axis.get_xlabel(), axis.get_ylabel())
        for drawn, series, points in _drawn(axis):
            for point in points:
                if all(map(math.isfinite, point)):
                    numbers = [f"{value:.6g}" for value in point]
                    write.writerow((*labels, drawn, series, *numbers, *[""] * (3 - len(point))))
    return buffer.getvalue()


_Points = Iterable[tuple[float, ...]]
"""Each ``x, y``, or ``x, y, value`` of a cell."""


def _drawn(axis: Axes) -> Iterator[tuple[str, str, _Points]]:
    """What an axis holds: as what it is drawn, its name in the legend, its points."""
    for thing in axis.get_children():
        if thing is axis.patch:
            continue
        name = str(thing.get_label())
        series = "" if name.startswith("_") else name
        if isinstance(thing, Line2D):
            if thing.get_transform() == axis.transData:
                marks = thing.get_linestyle() in ("None", "none", "")
                x, y = _numbers(thing.get_xdata(False)), _numbers(thing.get_ydata(False))
                points = zip(x, y, strict=True)
                yield "points" if marks else "line", series, points
        elif isinstance(thing, PathCollection):
            yield "points", series, map(tuple, np.asarray(thing.get_offsets(), dtype=float))
        elif isinstance(thing, LineCollection):
            for segment in thing.get_segments():
                yield "bar", series, map(tuple, np.asarray(segment, dtype=float))
        elif isinstance(thing, AxesImage):
            yield from _matrix(thing, axis)
        elif isinstance(thing, Collection) and thing.get_paths():
            if thing.get_transform() == axis.transData and thing.get_array() is None:
                for path in thing.get_paths():
                    yield "area", series, map(tuple, np.asarray(path.vertices, dtype=float))
        elif isinstance(thing, Rectangle) and thing.get_data_transform() == axis.transData:
            (left, low), wide, high = thing.get_xy(), thing.get_width(), thing.get_height()
            yield "bar", series, ((left, low), (left + wide, low + high))


def _matrix(image: AxesImage, axis: Axes) -> Iterator[tuple[str, str, _Points]]:
    """Cells of an image that have a number, each named by what its row and column are called."""
    known: NDArray[np.float64] = np.ma.filled(np.ma.asarray(image.get_array(), float), np.nan)
    across, down = _names(axis.xaxis), _names(axis.yaxis)
    for row, column in zip(*np.nonzero(np.isfinite(known)), strict=True):
        name = f"{down.get(row, row)}, {across.get(column, column)}"
        yield "cell", name, [(float(column), float(row), float(known[row, column]))]


def _names(axis: Axis) -> dict[float, str]:
    """What is written at the ticks of an axis, by where they are."""
    words = [label.get_text() for label in axis.get_ticklabels()]
    return dict(zip(map(float, axis.get_ticklocs()), words, strict=True))


def _numbers(values: Any) -> list[float]:
    return [float(value) for value in np.atleast_1d(values)]
