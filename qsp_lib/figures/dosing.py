"""Figures of the dosing chapter, in the book's one style; see :mod:`qsp_lib.figures`.

A band is the 5th, 50th and 95th percentile of a number over draws of the posterior, ``(3,)``; of
several numbers ``(n, 3)``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import ArrayLike, NDArray

from .style import COLOURS, INDIGO, LOCKED_POINT, OLIVE, REFERENCE, WIDTH, WINE, marked

Array = NDArray[np.float64]
_TONES = (COLOURS["blinatumomab"], WINE, OLIVE, INDIGO)


def side_by_side(
    severity: Mapping[str, ArrayLike], less: Mapping[str, ArrayLike], locked: Mapping[str, float]
) -> Figure:
    """Severity of each way of dosing, and how far it is from the first one's, draw by draw.

    Args:
        severity, less: bands by name, from the top; ``less`` may lack the first.
        locked: severity at the locked point by name.
    """
    figure, (own, beside) = plt.subplots(1, 2, figsize=(WIDTH, 2.6), sharey=True)
    places = {name: len(severity) - i for i, name in enumerate(severity)}
    for axis, bands in ((own, severity), (beside, less)):
        for name, band in bands.items():
            _interval(axis, band, places[name], COLOURS["blinatumomab"])
        axis.grid(axis="y", visible=False)
    for i, (name, value) in enumerate(locked.items()):
        label = None if i else "locked point"
        own.plot(value, places[name], "|", color=LOCKED_POINT["color"], markersize=11, label=label)
    own.set_yticks(list(places.values()), list(places))
    own.set_ylim(0.4, len(places) + 0.6)
    own.set_xlabel("severity index")
    own.legend(fontsize=8, loc="lower left")
    beside.axvline(0.0, color=COLOURS["neutral"], linewidth=0.9)
    beside.locator_params(axis="x", nbins=5)
    beside.set_xlabel(f"index less that of {next(iter(severity))}")
    return figure


def first_doses(
    doses: Sequence[float],
    index: ArrayLike,
    share: ArrayLike,
    label_dose: float,
    mark: str,
) -> Figure:
    """The average patient's index, and the share of patients above a limit, against a first dose.

    Args:
        doses: increasing (ug/d), ``(n,)``.
        index: bands of the average patient's index ``(n, 3)``.
        share: bands of the share of patients above the limit ``(n, 3)``, 0 to 1.
        label_dose: the label's (ug/d).
        mark: words of unlocked values.
    """
    figure, (average, people) = plt.subplots(1, 2, figsize=(WIDTH, 3.0))
    _course(average, doses, index, COLOURS["blinatumomab"])
    average.set_ylabel("severity index of the first week")
    for dose, band in zip(doses, 100.0 * np.asarray(share, dtype=float), strict=True):
        _interval(people, band, dose, INDIGO, upright=True)
    people.set_ylabel("patients above the limit (%)")
    people.set_ylim(bottom=0)
    for axis in (average, people):
        axis.axvline(label_dose, color=COLOURS["neutral"], linestyle=":", linewidth=1.0)
        _logarithmic(axis, doses)
        axis.set_xlabel("first dose (µg/d); dotted: the label's")
    return marked(figure, mark)


def step_lengths(days: Sequence[float], bands: Mapping[str, ArrayLike], at_once: float) -> Figure:
    """Severity of each step against the length of the first one.

    Args:
        days: increasing (d), ``(n,)``.
        bands: by the stretch of time that is looked at, ``(n, 3)``.
        at_once: median of the full dose without a step.
    """
    figure, axis = plt.subplots(figsize=(WIDTH, 3.0))
    for colour, (words, of) in zip(_TONES, bands.items(), strict=False):
        _course(axis, days, of, colour, words)
    axis.axhline(at_once, **LOCKED_POINT, label="full dose at once (median)")
    _logarithmic(axis, days)
    axis.set_xlabel("length of the first step (d)")
    axis.set_ylabel("severity index")
    axis.set_ylim(bottom=0)
    figure.legend(loc="outside upper center", ncols=3, fontsize=8)
    return figure


@dataclass(frozen=True)
class GapPanel:
    """One panel of :func:`after_gaps`.

    Attributes:
        heading: what was given before the gap.
        restarts: bands ``(n, 3)`` of the first week after the gap, by the dose it is taken up at.
        on_time: median of the same week with nothing missed.
    """

    heading: str
    restarts: Mapping[str, ArrayLike]
    on_time: float


def after_gaps(
    days: Sequence[float],
    panels: Sequence[GapPanel],
    grounded_days: float,
    back: tuple[Sequence[float], Mapping[str, ArrayLike]],
    mark: str,
) -> Figure:
    """Severity of a restart against the length of a gap, and against the targets that are back.

    Args:
        days: increasing (d), ``(n,)``.
        panels: one a place of the gap.
        grounded_days: the longest rest (d) after which anybody looked at T cells.
        back: shares of the targets ``(m,)``, and bands ``(m, 3)`` by the dose that is given.
        mark: words of unlocked values, in the last panel.
    """
    figure, axes = plt.subplots(1, len(panels) + 1, figsize=(WIDTH, 3.3), sharey=True)
    for axis, panel in zip(axes, panels, strict=False):
        for colour, (words, bands) in zip(_TONES, panel.restarts.items(), strict=False):
            _course(axis, days, bands, colour, words)
        axis.axhline(panel.on_time, **LOCKED_POINT, label="nothing missed (median)")
        if days[-1] > grounded_days:
            axis.axvspan(
                grounded_days,
                days[-1],
                color=COLOURS["light"],
                alpha=0.25,
                linewidth=0,
                label="rests that nobody has looked at",
            )
        axis.set_title(panel.heading, fontsize=9)
        axis.set_xlabel("days missed")
    shares, bands_back = back
    for colour, (_, bands) in zip(_TONES, bands_back.items(), strict=False):
        _course(axes[-1], shares, bands, colour)
    _logarithmic(axes[-1], shares)
    axes[-1].set_title("if targets were back", fontsize=9)
    axes[-1].set_xlabel("share of targets back")
    axes[0].set_ylabel("severity index, first week after")
    axes[0].set_ylim(bottom=0)
    handles, labels = axes[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper center", ncols=2, fontsize=8)
    return marked(figure, mark)


def cover(times_h: Sequence[float], change: Mapping[str, ArrayLike]) -> Figure:
    """What one dose of a co-medication changes, against when it is given.

    Args:
        times_h: when, from the drug's start (h), ``(n,)``.
        change: bands ``(n, 3)`` of the index with it less that without, by co-medication.
    """
    figure, axes = plt.subplots(
        1, len(change), figsize=(WIDTH, 2.8), sharey=True, sharex=True, squeeze=False
    )
    places = range(len(times_h))
    for axis, (words, bands) in zip(axes[0], change.items(), strict=True):
        for place, band in zip(places, np.asarray(bands, dtype=float), strict=True):
            _interval(axis, band, place, COLOURS["blinatumomab"], upright=True)
        axis.axhline(0.0, color=COLOURS["neutral"], linewidth=0.9)
        axis.set_xticks(places, [_signed(time) for time in times_h])
        axis.set_xlim(-0.5, len(times_h) - 0.5)
        axis.set_title(words, fontsize=9)
        axis.set_xlabel("given (h from the drug's start)")
        axis.grid(axis="x", visible=False)
    axes[0, 0].set_ylabel("change of the severity index")
    return figure


@dataclass(frozen=True)
class Hangs:
    """One answer of :func:`hangs_on`.

    Attributes:
        answer: what it is, in words.
        band: the answer over draws.
        input: symbol of the declared input that moves it most.
        ends: lowest and highest median of the answer over that input's range.
    """

    answer: str
    band: ArrayLike
    input: str
    ends: tuple[float, float]


def hangs_on(rows: Sequence[Hangs], mark: str) -> Figure:
    """Each answer with its interval, and how far the input that it hangs on most moves it.

    Args:
        rows: from the top.
        mark: words of unlocked values.
    """
    figure, axis = plt.subplots(figsize=(WIDTH, 0.55 * len(rows) + 0.9))
    for i, row in enumerate(rows):
        place, first = float(len(rows) - i), i == 0
        label = "over draws (90 %)" if first else None
        _interval(axis, row.band, place + 0.22, COLOURS["blinatumomab"], label=label)
        low, high = row.ends
        axis.hlines(place - 0.02, low, high, color=REFERENCE, linewidth=3.2, alpha=0.8)
        ends = "the input that moves it most" if first else None
        axis.plot([low, high], [place - 0.02] * 2, "|", color=REFERENCE, markersize=9, label=ends)
        axis.annotate(
            row.input,
            (high, place - 0.02),
            xytext=(7, -4),
            textcoords="offset points",
            fontsize=9,
            color=REFERENCE,
        )
    axis.axvline(0.0, color=COLOURS["neutral"], linewidth=0.9)
    axis.set_yticks(range(len(rows), 0, -1), [row.answer for row in rows], fontsize=8.5)
    axis.set_ylim(0.55, len(rows) + 0.6)
    axis.margins(x=0.1)
    axis.set_xlabel("change of the severity index")
    axis.grid(axis="y", visible=False)
    figure.legend(loc="outside upper center", ncols=2, fontsize=8)
    return marked(figure, mark)


def _interval(
    axis: Axes,
    band: ArrayLike,
    place: float,
    colour: str,
    *,
    upright: bool = False,
    label: str | None = None,
) -> None:
    low, middle, high = np.asarray(band, dtype=float)
    (axis.vlines if upright else axis.hlines)(place, low, high, color=colour, linewidth=2.0)
    at: Any = (place, middle) if upright else (middle, place)
    axis.plot(*at, "o", color=colour, markersize=5, label=label)


def _course(axis: Axes, x: Sequence[float], bands: ArrayLike, colour: str, label: str = "") -> None:
    low, middle, high = np.asarray(bands, dtype=float).T
    axis.fill_between(x, low, high, color=colour, alpha=0.2, linewidth=0)
    axis.plot(x, middle, "o-", color=colour, markersize=3.5, linewidth=1.5, label=label or None)


def _logarithmic(axis: Axes, values: Sequence[float]) -> None:
    """A logarithmic axis whose ticks are the values that were looked at."""
    axis.set_xscale("log")
    axis.set_xticks(list(values), [f"{value:g}" for value in values], fontsize=8)
    axis.set_xticks([], minor=True)


def _signed(time_h: float) -> str:
    return f"{time_h:+g}".replace("-", "−") if time_h else "0"
