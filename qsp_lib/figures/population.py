"""Figures of the population chapter, in the book's one style; see :mod:`qsp_lib.figures`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib import pyplot as plt
from matplotlib.figure import Figure
from numpy.typing import NDArray

from ..analyses import OverDraws, SobolIndices, SpreadDatum
from .style import COLOURS, INDIGO, OLIVE, REFERENCE, WIDTH, WINE, marked

Array = NDArray[np.float64]

_COLOURS = (COLOURS["light"], INDIGO, WINE, OLIVE)


def spread_over_time(
    found: Mapping[str, Mapping[SpreadDatum, Array]], data: Sequence[SpreadDatum], mark: str
) -> Figure:
    """Log10 SD of IL-6 above the assay's floor: as published, and in the population.

    Args:
        found: by what the patients are held to, the SD of each draw by datum.
        data: the published spreads.
        mark: words of unlocked values.
    """
    figure, axis = plt.subplots(figsize=(WIDTH, 3.1))
    places = np.arange(len(data), dtype=float)
    for place, datum in zip(places, data, strict=True):
        low, high = datum.interval
        axis.plot([place - 0.3] * 2, [low, high], color=REFERENCE, linewidth=1.2)
        face = REFERENCE if datum.used else "white"
        label = "published" if place == 0 else None
        axis.plot(
            place - 0.3,
            datum.log10_sd,
            "D",
            color=REFERENCE,
            markerfacecolor=face,
            markersize=6,
            label=label,
        )
    for i, (words, some) in enumerate(found.items()):
        at = places - 0.1 + 0.2 * i
        bands = [
            np.percentile(some[d], [5, 50, 95]) if len(some[d]) else [np.nan] * 3 for d in data
        ]
        low, middle, high = np.array(bands, float).T
        axis.errorbar(
            at,
            middle,
            yerr=[middle - low, high - middle],
            fmt="o",
            markersize=4,
            color=_COLOURS[i],
            elinewidth=1.2,
            label=f"held to: {words}",
        )
    names = [f"{d.time_h:g} h{'' if d.used else chr(10) + 'held out'}" for d in data]
    axis.set_xticks(places, names)
    axis.set_ylim(bottom=0)
    axis.set_ylabel("log10 SD of IL-6 above 10 pg/mL")
    axis.grid(axis="x", visible=False)
    figure.legend(loc="outside upper center", ncols=4, fontsize=8)
    return marked(figure, mark)


def percentiles(
    curves: Mapping[str, Mapping[float, OverDraws]], limit: OverDraws, mark: str
) -> Figure:
    """The severity index over patients, and how well each percentile is known.

    Args:
        curves: by treatment, the index at each percentile of patients.
        limit: that a published incidence sets.
        mark: words of unlocked values.
    """
    figure, axes = plt.subplots(1, len(curves), figsize=(WIDTH, 3.0), sharey=True, squeeze=False)
    for axis, (words, curve) in zip(axes[0], curves.items(), strict=True):
        at = list(curve)
        low, middle, high = np.array([(o.low, o.median, o.high) for o in curve.values()]).T
        axis.axhspan(limit.low, limit.high, color=REFERENCE, alpha=0.2, linewidth=0)
        axis.axhline(limit.median, color=REFERENCE, linewidth=1.0)
        axis.fill_between(at, low, high, color=INDIGO, alpha=0.25, linewidth=0)
        axis.plot(at, middle, color=INDIGO)
        axis.set_title(words, fontsize=9)
        axis.set_xlabel("percentile of patients")
        axis.set_xlim(0, 100)
    axes[0, 0].set_ylabel("severity index")
    return marked(figure, mark)


def incidences(
    panels: Mapping[str, Mapping[str, OverDraws]],
    published: Mapping[str, tuple[str, float]],
    mark: str,
) -> Figure:
    """Share of patients above the limit, panel by panel, with its interval over draws.

    Args:
        panels: by heading, the incidence by treatment.
        published: by treatment, a row of evidence and its share; what is not there has none.
        mark: words of unlocked values.
    """
    sizes = [len(panel) for panel in panels.values()]
    figure, axes = plt.subplots(
        1, len(panels), figsize=(WIDTH, 3.1), sharey=True, squeeze=False, width_ratios=sizes
    )
    for axis, (heading, panel) in zip(axes[0], panels.items(), strict=True):
        for place, (words, value) in enumerate(panel.items()):
            percent = 100 * np.array([value.low, value.median, value.high])
            axis.plot([place] * 2, percent[[0, 2]], color=INDIGO, linewidth=1.6)
            axis.plot(place, percent[1], "o", color=INDIGO, markersize=5)
            if words in published:
                row, share = published[words]
                axis.plot(place + 0.18, 100 * share, "D", color=REFERENCE, markersize=5)
                axis.annotate(
                    row,
                    (place + 0.18, 100 * share),
                    xytext=(4, 4),
                    textcoords="offset points",
                    fontsize=7.5,
                    color=REFERENCE,
                )
        axis.set_xticks(range(len(panel)), list(panel), fontsize=8)
        axis.set_xlim(-0.5, len(panel) - 0.3)
        axis.set_title(heading, fontsize=9)
        axis.grid(axis="x", visible=False)
    axes[0, 0].set_ylim(bottom=0)
    axes[0, 0].set_ylabel("patients above the limit (%)")
    return marked(figure, mark)


def explained(found: Mapping[str, SobolIndices], words: Mapping[str, str], mark: str) -> Figure:
    """First-order and total indices of each output, a panel an output.

    Args:
        found: by heading.
        words: of each factor.
        mark: words of unlocked values.
    """
    figure, axes = plt.subplots(1, len(found), figsize=(WIDTH, 3.6), sharey=True, squeeze=False)
    for axis, (heading, indices) in zip(axes[0], found.items(), strict=True):
        y = np.arange(len(indices.names), 0, -1)
        for shift, values, errors, colour, label in (
            (0.18, indices.first, indices.first_error, COLOURS["light"], "alone (first order)"),
            (-0.18, indices.total, indices.total_error, INDIGO, "with its interactions (total)"),
        ):
            axis.barh(y + shift, values, 0.34, color=colour, label=label)
            axis.errorbar(
                values,
                y + shift,
                xerr=errors,
                fmt="none",
                ecolor=COLOURS["neutral"],
                elinewidth=0.9,
            )
        axis.set_yticks(y, [words.get(name, name) for name in indices.names], fontsize=8)
        axis.set_title(heading, fontsize=9)
        axis.set_xlabel("share of the variance")
        axis.grid(axis="y", visible=False)
    handles, labels = axes[0, 0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper center", ncols=2, fontsize=8)
    return marked(figure, mark)
