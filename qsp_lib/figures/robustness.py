"""Figures of the robustness chapter, in the book's one style; see :mod:`qsp_lib.figures`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from numpy.typing import NDArray

from ..analyses import Order, StabilityMap
from ..inference import Sample, Share
from ..model import network_table
from .style import COLOURS, LABELS, REFERENCE, STRUCTURES, WIDTH, marked

Array = NDArray[np.float64]

ACCEPTED, REJECTED, ORDERED = "#5B3A8C", COLOURS["light"], COLOURS["neutral"]
ORDER_COLOURS = {
    Order.EXPECTED: "#C9DDF0",
    Order.TIED: "#F2D98B",
    Order.REVERSED: "#C4503A",
    Order.FAILED: "#4D4D4D",
}
ORDER_LABELS = {
    Order.EXPECTED: "expected order",
    Order.TIED: "a tie",
    Order.REVERSED: "reversed",
    Order.FAILED: "failed",
}
STRUCTURE_COLOURS = {"none": "#999999", "ungated": REFERENCE, "gated": ACCEPTED}


def _symbol(name: str) -> str:
    return f"${network_table()[name].symbol}$"


def _published(axis: Axes, published: Share) -> None:
    axis.axhspan(published.low, published.high, color=REFERENCE, alpha=0.25, linewidth=0)
    axis.axhline(published.value, color=REFERENCE, linewidth=1.2, label="published")


def gaps(sample: Sample, locked: Mapping[str, float], tie: float, mark: str) -> Figure:
    """The two steps of the order in every draw; accepted draws in colour."""
    figure, axis = plt.subplots(figsize=(WIDTH * 0.72, 3.7))
    low, high = sample.quantities["gap.low"], sample.quantities["gap.high"]
    for keep, colour, label in (
        (~sample.accepted, REJECTED, "rejected"),
        (sample.accepted, ACCEPTED, "accepted"),
    ):
        axis.plot(
            low[keep],
            high[keep],
            ".",
            color=colour,
            markersize=2.5,
            alpha=0.5,
            label=label,
            rasterized=True,
        )
    axis.plot(
        locked["gap.low"],
        locked["gap.high"],
        "D",
        color="white",
        markeredgecolor="black",
        markersize=7,
        label="at the lock",
    )
    axis.axvline(tie, color=COLOURS["neutral"], linestyle="--", linewidth=0.9)
    axis.axhline(tie, color=COLOURS["neutral"], linestyle="--", linewidth=0.9)
    axis.annotate(
        "below: a tie",
        (1.0, tie),
        xycoords=("axes fraction", "data"),
        xytext=(0, -3),
        textcoords="offset points",
        ha="right",
        va="top",
        fontsize=8,
        color=COLOURS["neutral"],
    )
    axis.set_xlabel("index of OKT3 − index of blinatumomab")
    axis.set_ylabel("index of TGN1412 − index of OKT3")
    handles, labels = axis.get_legend_handles_labels()
    dots = [Line2D([], [], marker="o", linestyle="", color=c) for c in (REJECTED, ACCEPTED)]
    axis.legend([*dots, handles[-1]], labels, fontsize=8, loc="upper left")
    return marked(figure, mark)


def by_criterion(table: pd.DataFrame, accepted: Share, published: Share, mark: str) -> Figure:
    """Share of draws that meets each criterion, and the share left after each in turn."""
    figure, axis = plt.subplots(figsize=(WIDTH, 0.42 * (len(table) + 1) + 1.0))
    y = np.arange(len(table), 0, -1)
    axis.barh(y + 0.18, table["alone"], 0.34, color=REJECTED, label="alone")
    axis.errorbar(
        table["alone"],
        y + 0.18,
        xerr=[table["alone"] - table["low"], table["high"] - table["alone"]],
        fmt="none",
        ecolor=COLOURS["neutral"],
        elinewidth=1,
        capsize=2,
    )
    axis.barh(y - 0.18, table["so_far"], 0.34, color=ACCEPTED, label="with all above it")
    axis.barh(0, accepted.value, 0.5, color=ACCEPTED)
    axis.errorbar(
        accepted.value,
        0,
        xerr=[[accepted.value - accepted.low], [accepted.high - accepted.value]],
        fmt="none",
        ecolor=COLOURS["neutral"],
        elinewidth=1,
        capsize=3,
    )
    axis.axvspan(published.low, published.high, color=REFERENCE, alpha=0.25, linewidth=0)
    axis.axvline(published.value, color=REFERENCE, linewidth=1.2, label="published, accepted")
    axis.set_yticks([*y, 0], [*table["criterion"], "accepted: all of them"])
    axis.set_xlim(0, 1)
    axis.set_xlabel("share of draws")
    axis.grid(axis="y", visible=False)
    axis.legend(fontsize=8, ncols=3, loc="lower center", bbox_to_anchor=(0.4, 1.0))
    return marked(figure, mark)


def acceptance_curves(
    by_width: pd.DataFrame,
    by_band: pd.DataFrame,
    by_tie: pd.DataFrame,
    used: Mapping[str, float],
    published: Share,
    mark: str,
) -> Figure:
    """Acceptance as a function of the width of the draws, of the bands, and of a tie."""
    figure, axes = plt.subplots(1, 3, figsize=(WIDTH, 3.1), sharey=True)
    panels = (
        (by_width, "width", "draws: factor around the lock"),
        (by_band, "band", "bands: factor around the peaks"),
        (by_tie, "tie", "a tie: difference of indices"),
    )
    for axis, (table, name, label) in zip(axes, panels, strict=True):
        _published(axis, published)
        axis.fill_between(
            table[name], table["low"], table["high"], color=ACCEPTED, alpha=0.25, linewidth=0
        )
        axis.plot(
            table[name], table["accepted"], "o-", color=ACCEPTED, markersize=3.5, label="accepted"
        )
        axis.plot(
            table[name], table["ordered"], "--", color=ORDERED, linewidth=1.2, label="ordered"
        )
        axis.plot(
            table[name],
            table["in_bands"],
            ":",
            color=COLOURS["neutral"],
            linewidth=1.4,
            label="within the bands",
        )
        axis.axvline(used[name], color=COLOURS["neutral"], linewidth=0.7)
        if name != "tie":
            axis.set_xscale("log")
            low, high = min(table[name]), max(table[name])
            shown = [v for v in (1.1, 1.25, 1.5, 2, 3, 5, 10, 30, 100) if low <= v <= high]
            # no two labels within an eighth of the axis
            span = np.log(high / low) / 8
            for value in list(shown[1:]):
                if np.log(value / shown[shown.index(value) - 1]) < span:
                    shown.remove(value)
            axis.set_xticks(shown, [f"{v:g}" for v in shown])
            axis.minorticks_off()
        axis.set_xlabel(label)
    axes[0].set_ylim(0, 1.02)
    axes[0].set_ylabel("share of draws")
    handles, labels = axes[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper center", ncols=4, fontsize=8)
    return marked(figure, mark)


def convergence(table: pd.DataFrame, published: Share, mark: str) -> Figure:
    """Accepted share among the first n draws, with its Wilson interval."""
    figure, axis = plt.subplots(figsize=(WIDTH * 0.72, 2.8))
    _published(axis, published)
    axis.fill_between(
        table["n"], table["low"], table["high"], color=ACCEPTED, alpha=0.25, linewidth=0
    )
    axis.plot(table["n"], table["share"], "o-", color=ACCEPTED, markersize=3.5, label="accepted")
    axis.set_xscale("log")
    axis.set_ylim(0, max(0.3, 1.05 * float(table["high"].max())))
    axis.set_xlabel("draws")
    axis.set_ylabel("accepted share")
    axis.legend(fontsize=8)
    return marked(figure, mark)


def marginals(sample: Sample, mark: str, bins: int = 12) -> Figure:
    """Where in its range each parameter of the accepted draws lies; flat if it does not matter."""
    columns = 6
    rows = -(-len(sample.names) // columns)
    figure, axes = plt.subplots(
        rows, columns, figsize=(WIDTH, 1.35 * rows), sharex=True, sharey=True
    )
    unit = sample.unit[sample.accepted]
    for axis, name, place in zip(axes.flat, sample.names, unit.T, strict=False):
        axis.hist(place, bins, (0, 1), density=True, color=ACCEPTED, alpha=0.7)
        axis.axhline(1, color=COLOURS["neutral"], linewidth=0.8)
        axis.set_title(_symbol(name), fontsize=10)
        axis.set_xticks([0, 0.5, 1], ["low", "", "high"], fontsize=7.5)
        axis.set_yticks([0, 1, 2], ["0", "1", "2"], fontsize=7.5)
    for axis in axes.flat[len(sample.names) :]:
        axis.set_visible(False)
    figure.supylabel("density / density drawn", fontsize=8.5)
    return marked(figure, mark)


def correlations(table: pd.DataFrame, mark: str) -> Figure:
    """Rank correlations among the accepted draws."""
    figure, axis = plt.subplots(figsize=(WIDTH * 0.8, WIDTH * 0.68))
    values = table.to_numpy().copy()
    np.fill_diagonal(values, np.nan)
    top = max(0.1, float(np.nanmax(np.abs(values))))
    image = axis.imshow(values, cmap="PuOr", vmin=-top, vmax=top)
    names = [_symbol(name) for name in table.columns]
    axis.set_xticks(np.arange(len(names)), names, rotation=90)
    axis.set_yticks(np.arange(len(names)), names)
    axis.grid(visible=False)
    figure.colorbar(image, ax=axis, label="rank correlation among accepted draws", shrink=0.8)
    return marked(figure, mark)


def stability_maps(
    maps: Sequence[tuple[str, StabilityMap]], breaks: pd.DataFrame, tie: float
) -> Figure:
    """The order over K_M and K_S, each map with its title; where it first breaks, as points."""
    figure, axes = plt.subplots(1, len(maps), figsize=(WIDTH, 3.9), squeeze=False)
    colours = ListedColormap([ORDER_COLOURS[order] for order in Order])
    for axis, (title, found) in zip(axes[0], maps, strict=True):
        axis.pcolormesh(
            found.factors,
            found.factors,
            found.orders,
            cmap=colours,
            vmin=-0.5,
            vmax=len(Order) - 0.5,
            shading="nearest",
            rasterized=True,
        )
        levels = [level for level in (0.02, 0.05, 0.1, 0.2, 0.4) if level != tie]
        lines = axis.contour(
            found.factors,
            found.factors,
            found.smallest_gap,
            levels,
            colors=COLOURS["neutral"],
            linewidths=0.8,
        )
        axis.clabel(lines, fontsize=7)
        edge = found.factors[-1]
        seen = breaks[(breaks["factor"] <= edge)]
        axis.plot(seen["K_M"], seen["K_S"], "o", color=ORDER_COLOURS[Order.REVERSED], markersize=4)
        axis.plot(1, 1, "D", color="white", markeredgecolor="black", markersize=7)
        axis.set_xscale("log")
        axis.set_yscale("log")
        ticks = [t for t in (0.01, 0.1, 0.5, 1, 2, 10, 100) if 1 / edge <= t * 1.001 <= edge * 1.01]
        for side in (axis.xaxis, axis.yaxis):
            side.set_ticks(ticks, [f"{t:g}" for t in ticks])
            side.set_ticks([], minor=True)
        axis.set_xlabel("$K_M$ / locked value")
        axis.set_ylabel("$K_S$ / locked value")
        axis.set_title(title)
        axis.set_aspect("equal")
        axis.grid(visible=False)
    present = {code for _, found in maps for code in np.unique(found.orders)}
    handles = [
        Patch(color=ORDER_COLOURS[order], label=ORDER_LABELS[order])
        for order in Order
        if order in present
    ]
    figure.legend(handles=handles, loc="outside upper center", ncols=4, fontsize=8)
    return marked(figure, maps[0][1].mark)


def structures(samples: Mapping[str, Sample], tie: float, mark: str) -> Figure:
    """The two steps of the order under each structure, as distribution functions."""
    figure, axes = plt.subplots(1, 2, figsize=(WIDTH, 3.0), sharey=True)
    steps = (("gap.low", f"{LABELS['okt3']} − blinatumomab"), ("gap.high", "TGN1412 − OKT3"))
    for axis, (name, label) in zip(axes, steps, strict=True):
        for structure, sample in samples.items():
            values = np.sort(sample.quantities[name][sample.completed])
            axis.plot(
                values,
                1 - np.arange(len(values)) / len(values),
                color=STRUCTURE_COLOURS[structure],
                label=STRUCTURES[structure],
                linestyle="--" if structure == "none" else "-",
            )
        axis.axvline(tie, color=COLOURS["neutral"], linestyle=":", linewidth=1)
        axis.annotate(
            "tie",
            (tie, 0.0),
            rotation=90,
            va="bottom",
            ha="left",
            fontsize=8,
            color=COLOURS["neutral"],
            xytext=(2, 2),
            textcoords="offset points",
        )
        axis.set_xlim(
            left=0
            if np.all([np.nanmin(s.quantities[name]) >= 0 for s in samples.values()])
            else None
        )
        axis.set_xlabel(f"difference of indices, {label}")
    axes[0].set_ylabel("share of draws above it")
    axes[1].legend(fontsize=8)
    return marked(figure, mark)
