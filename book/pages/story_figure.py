"""The picture of the front page: three drugs, one network, and how sure the order is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter
from numpy.typing import NDArray

from qsp_lib.common import decimals
from qsp_lib.figures import COLOURS, LABELS, STYLE, as_svg, thin

LAST_H = 168.0
BROAD, NARROW = (9.4, 3.0), (3.7, 5.4)
"""Inches; about what the front page and a phone show, so that letters stay as large as there."""
_BANDS = ("#FFFFFF", "#F4F4F4", "#E9E9E9", "#DEDEDE", "#D2D2D2")
_LABEL_AT_H = (100.0, 72.0, 48.0, 30.0)
_APART_DECADES = 0.3
_BAR: dict[str, Any] = {"linewidth": 8, "alpha": 0.3, "solid_capstyle": "butt"}
_LOCKED: dict[str, Any] = {"marker": "_", "markersize": 17, "markeredgewidth": 1.3, "linestyle": ""}


@dataclass(frozen=True)
class DrugStory:
    """What is shown of a drug.

    Attributes:
        times_h: hours from the first dose, shape ``(T,)``.
        rise, rise_low, rise_high: log10 fold-rise of the effective signal at those times, shape
            ``(T,)``: median, 5th and 95th percentile over draws.
        median, low, high: of the severity index, the highest rise of each draw.
        locked: the severity index at the locked point.
    """

    times_h: NDArray[np.float64]
    rise: NDArray[np.float64]
    rise_low: NDArray[np.float64]
    rise_high: NDArray[np.float64]
    median: float
    low: float
    high: float
    locked: float


def story(
    drugs: Mapping[str, DrugStory], edges: tuple[float, ...], tie: float, *, narrow: bool = False
) -> Figure:
    """The signal of every drug over a week, and beside it the peaks as severity with intervals.

    Args:
        drugs: by name, the mildest first.
        edges: lowest index of the illustrative grades 1 to 4.
        tie: two indices this close are not called an order.
        narrow: one panel above the other, for a phone.
    """
    figure = Figure(figsize=NARROW if narrow else BROAD, layout="constrained")
    if narrow:
        course, severity = figure.subplots(2, 1)
    else:
        course, severity = figure.subplots(1, 2, sharey=True, width_ratios=(1.45, 1))
    for axis in (course, severity):
        _grades(axis, edges)
        axis.set_ylim(0, 3.75)
        axis.yaxis.set_major_formatter(FuncFormatter(lambda z, _: f"{decimals(10.0**z, 0)}×"))
        axis.set_yticks([0, 1, 2, 3])
        axis.grid(visible=False)
    _courses(course, drugs)
    _severities(severity, drugs, edges, tie)
    if narrow:
        severity.set_ylabel("highest fold-rise")
    return figure


def _grades(axis: Axes, edges: tuple[float, ...]) -> None:
    for colour, low, high in zip(_BANDS, (0.0, *edges), (*edges, 9.0), strict=True):
        axis.axhspan(low, high, color=colour, linewidth=0, zorder=0)


def _courses(axis: Axes, drugs: Mapping[str, DrugStory]) -> None:
    taken: list[float] = []
    for name, drug in drugs.items():
        ends = (drug.rise_low, drug.rise_high)
        axis.fill_between(drug.times_h, *ends, color=COLOURS[name], alpha=0.15, linewidth=0)
        axis.plot(drug.times_h, drug.rise, color=COLOURS[name], linewidth=2.2)
        at_h, level = _place(drug, taken)
        taken.append(level)
        axis.annotate(
            LABELS[name],
            (at_h, level),
            xytext=(0, 5),
            textcoords="offset points",
            ha="left",
            va="bottom",
            color=COLOURS[name],
            weight="bold",
        )
    axis.set_xlim(-3, LAST_H)
    axis.set_xticks(np.arange(0, LAST_H + 1, 24))
    axis.set_xlabel("time from the first dose (h)")
    axis.set_ylabel("effective IL-6 signal, fold of healthy")
    axis.set_title("One locked network, three drugs")


def _place(drug: DrugStory, taken: Sequence[float]) -> tuple[float, float]:
    """Where a course is named: as late as it is apart from the levels where others are."""
    for at_h in _LABEL_AT_H:
        level = float(np.interp(at_h, drug.times_h, drug.rise))
        if all(abs(level - other) > _APART_DECADES for other in taken):
            break
    return at_h, level


def _severities(
    axis: Axes, drugs: Mapping[str, DrugStory], edges: tuple[float, ...], tie: float
) -> None:
    names = list(drugs)
    for x, (name, drug) in enumerate(drugs.items()):
        colour = COLOURS[name]
        axis.plot([x, x], [drug.low, drug.high], color=colour, **_BAR)
        axis.plot(x, drug.locked, color=colour, **_LOCKED)
        axis.plot(x, drug.median, "o", color=colour, markersize=8)
        axis.annotate(
            decimals(drug.median, 2),
            (x, drug.median),
            xytext=(-11, 0),
            textcoords="offset points",
            ha="right",
            va="center",
            color=colour,
            weight="bold",
        )
    _gap(axis, names, drugs, tie)
    for grade, low in enumerate(edges, start=1):
        axis.text(
            len(names) - 0.42,
            low + 0.03,
            f"grade {grade}",
            ha="right",
            va="bottom",
            fontsize=7.5,
            color=COLOURS["neutral"],
        )
    for label, look in (("5–95 % of draws", _BAR), ("locked point", _LOCKED | {"markersize": 9})):
        axis.plot([], [], color=COLOURS["neutral"], label=label, **look)
    axis.legend(loc="lower left", fontsize=8, handlelength=1.4, borderpad=0.2)
    axis.set_xlim(-0.75, len(names) - 0.38)
    axis.set_xticks(range(len(names)), [LABELS[name] for name in names])
    axis.set_title("Severity: the highest point")


def _gap(axis: Axes, names: list[str], drugs: Mapping[str, DrugStory], tie: float) -> None:
    """Words between the two worst drugs: how far apart they are, and what a tie is."""
    lower, higher = drugs[names[-2]], drugs[names[-1]]
    gap = higher.median - lower.median
    verdict = "a tie" if gap <= tie else "hardly more than a tie" if gap <= 2 * tie else "no tie"
    middle = len(names) - 1.5
    low = min(lower.low, higher.low)
    axis.annotate(
        f"{decimals(gap, 2)} apart:\n{verdict} ({tie:g})",
        (middle, low),
        xytext=(0, -12),
        textcoords="offset points",
        ha="center",
        va="top",
        fontsize=8,
        color=COLOURS["neutral"],
    )


def picture(
    drugs: Mapping[str, DrugStory], edges: tuple[float, ...], tie: float, *, narrow: bool = False
) -> bytes:
    """The picture as SVG, the same to the byte for the same numbers on one machine."""
    with matplotlib.rc_context(STYLE):
        figure = story(drugs, edges, tie, narrow=narrow)
        thin(figure)
        return as_svg(figure).encode()
