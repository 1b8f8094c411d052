"""Figures of the fit and of the blind prediction: chapters 1 to 3."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from ..evidence import load_tables
from ..model import Trajectory, baselines
from .style import (
    COLOURS,
    CYTOKINE_LABELS,
    INDIGO,
    LABELS,
    LOCKED_POINT,
    REFERENCE,
    SMALLEST_EIGENVALUE,
    WIDTH,
    band,
)

Array = NDArray[np.float64]


def _hours(axis: Axes, last: float, step: float | None = None) -> None:
    axis.set_xlim(-0.015 * last, 1.02 * last)
    axis.set_xlabel("time from first dose (h)")
    axis.set_xticks(np.arange(0, last + 1, step or (24 if last > 30 else 6)))


def _log_level(axis: Axes, label: str) -> None:
    axis.set_yscale("log")
    axis.set_ylabel(f"{label} (pg/mL)")


def waterfall(costs: Sequence[float]) -> Figure:
    """Penalised cost that each start of a multi-start fit ended at, best first."""
    figure, axis = plt.subplots(figsize=(WIDTH * 0.62, 2.7))
    ranks = np.arange(1, len(costs) + 1)
    axis.plot(ranks, costs, "o-", color=COLOURS["neutral"], markersize=5, linewidth=1)
    axis.axhspan(costs[0], costs[0] * 1.01, color=INDIGO, alpha=0.15)
    axis.annotate(
        "within 1 % of the best",
        (len(costs), costs[0] * 1.01),
        ha="right",
        va="bottom",
        color=INDIGO,
        xytext=(0, 4),
        textcoords="offset points",
    )
    axis.set_xlabel("start, best first")
    axis.set_ylabel("penalised cost")
    span = max(max(costs) - costs[0], 0.1 * costs[0])
    axis.set_ylim(costs[0] - 0.12 * span, costs[0] + 1.2 * span)
    return figure


def course(
    axis: Axes,
    times: Array,
    levels: Mapping[str, Array],
    data: pd.DataFrame,
    colour: str,
    analyte: str,
    title: str,
    styles: Mapping[str, str] | None = None,
) -> None:
    """One cytokine course: curves by name, and published points with one-sigma bars.

    Args:
        levels: curve name to observed level (pg/mL, baseline included), ``(T,)``.
        data: rows with ``time_h``, ``observed``, ``sigma``, ``censored``.
    """
    styles = styles or {}
    for name, level in levels.items():
        axis.plot(times, level, styles.get(name, "-"), color=colour, label=name)
    seen = data[~data["censored"]]
    low = seen["observed"] * (1 - 10.0 ** -seen["sigma"])
    high = seen["observed"] * (10.0 ** seen["sigma"] - 1)
    axis.errorbar(
        seen["time_h"],
        seen["observed"],
        yerr=[low, high],
        fmt="o",
        color=COLOURS["neutral"],
        markersize=4,
        elinewidth=0.8,
        capsize=2,
        label="published, ± 1 σ",
    )
    above = data[data["censored"]]
    if len(above):
        axis.plot(
            above["time_h"],
            above["observed"],
            "^",
            color=COLOURS["neutral"],
            markersize=6,
            fillstyle="none",
            label="above the assay's range",
        )
    axis.set_title(title)
    _log_level(axis, CYTOKINE_LABELS[analyte])


def one_run(run: Trajectory) -> Figure:
    """Six states of one simulation over its time, cytokines with their healthy levels added."""
    panels = {
        "C": "drug (ng/mL)",
        "A": "T cells (fraction)",
        "M": "macrophages (fraction)",
        "IL6": "IL-6 (pg/mL)",
        "TNF": "TNF (pg/mL)",
        "IFN": "IFN-γ (pg/mL)",
    }
    figure, axes = plt.subplots(2, 3, figsize=(WIDTH, 4.4))
    base = baselines()
    for axis, (name, label) in zip(axes.flat, panels.items(), strict=True):
        axis.plot(run.times, run[name] + base.get(name, 0.0), color=COLOURS["neutral"])
        axis.set_ylabel(label)
        _hours(axis, float(run.times[-1]), 48)
    axes[1, 0].plot(run.times, run["S"] + base["IL6"], "--", color=INDIGO, label="effective signal")
    axes[1, 0].legend(fontsize=7.5)
    return figure


def calibration_fit(run: Trajectory, data: pd.DataFrame, floor_pg_mL: float) -> Figure:
    """Blinatumomab's IL-6: model, digitised medians, their observed range, and residuals.

    Args:
        run: the model at the fitted values.
        data: rows of published points, medians of what lies above the assay's floor, with what
            the model's median above the floor is as ``predicted`` (pg/mL); the range of patients
            is read from their rows of evidence.
        floor_pg_mL: of the assay.
    """
    rows = [load_tables().row(name) for name in data["id"]]
    ranges = [(r.time_h, r.low, r.high) for r in rows if r.low is not None and r.high is not None]
    figure, (left, right) = plt.subplots(1, 2, figsize=(WIDTH, 3.0), width_ratios=(2, 1))
    left.vlines(
        *zip(*ranges, strict=True),
        color=COLOURS["light"],
        linewidth=4,
        alpha=0.45,
        label="observed range of patients",
    )
    course(
        left,
        run.times,
        {"model, median of all": run["IL6"] + baselines()["IL6"]},
        data,
        COLOURS["blinatumomab"],
        "IL6",
        "Blinatumomab, flat 60 µg/m²/d",
    )
    left.plot(
        data["time_h"],
        data["predicted"],
        "D",
        color=COLOURS["blinatumomab"],
        fillstyle="none",
        markersize=7,
        label="model, median above the floor",
    )
    left.axhline(floor_pg_mL, color=REFERENCE, linestyle=":", linewidth=1, label="assay floor")
    _hours(left, 168)
    left.legend(fontsize=7.5)
    right.axhline(0, color=COLOURS["neutral"], linewidth=0.8)
    right.axhspan(-1, 1, color=COLOURS["light"], alpha=0.2)
    right.plot(np.arange(1, len(data) + 1), data["scaled"], "o", color=COLOURS["blinatumomab"])
    right.set_xticks(np.arange(1, len(data) + 1), [f"{t:g}" for t in data["time_h"]], rotation=60)
    right.set_xlabel("sampling time (h)")
    right.set_ylabel("residual (σ)")
    right.set_title("Residuals")
    return figure


def prior_and_posterior(table: pd.DataFrame, colour: str = COLOURS["neutral"]) -> Figure:
    """Prior and posterior of each estimated parameter, centred on the prior median.

    Args:
        colour: of the posterior.
        table: ``parameter``, ``prior_sd``, ``shift`` (log10 from prior median) and
            ``posterior_sd``; if it has it, ``optimum``, from the prior median as well.
    """
    figure, axis = plt.subplots(figsize=(WIDTH, 0.23 * len(table) + 0.9))
    y = np.arange(len(table))[::-1]
    axis.hlines(
        y,
        -table["prior_sd"],
        table["prior_sd"],
        color=COLOURS["light"],
        linewidth=7,
        alpha=0.5,
        label="prior, ± 1 sd",
    )
    axis.errorbar(
        table["shift"],
        y,
        xerr=table["posterior_sd"],
        fmt="o",
        color=colour,
        markersize=4,
        elinewidth=1.4,
        label="posterior, ± 1 sd",
    )
    if "optimum" in table:
        axis.plot(table["optimum"], y, "x", color=INDIGO, markersize=6, label="optimum")
    axis.set_yticks(y, table["parameter"])
    axis.set_xlabel("decades from the prior median")
    axis.axvline(0, color=COLOURS["neutral"], linewidth=0.6)
    axis.legend(ncols=3, fontsize=8, loc="lower center", bbox_to_anchor=(0.4, 1.0))
    axis.grid(axis="y", visible=False)
    return figure


def eigenvalue_spectrum(spectra: Mapping[str, Array]) -> Figure:
    """Eigenvalues of the Hessian of the data alone, stiffest first, one column a fit."""
    figure, axis = plt.subplots(figsize=(WIDTH * 0.62, 2.8))
    colours = (COLOURS["blinatumomab"], COLOURS["tgn1412"])
    for i, ((name, values), colour) in enumerate(zip(spectra.items(), colours, strict=False)):
        shown = values[values > values[0] * SMALLEST_EIGENVALUE]
        axis.hlines(shown, i - 0.3, i + 0.3, color=colour, linewidth=1.6)
        axis.text(i, shown.max() * 2, name, ha="center", va="bottom", color=colour, fontsize=8.5)
    axis.axhline(1, color=COLOURS["neutral"], linestyle="--", linewidth=0.9)
    axis.text(
        len(spectra) - 0.62,
        0.8,
        "below: prior",
        ha="left",
        va="top",
        fontsize=8,
        color=COLOURS["neutral"],
    )
    axis.set_yscale("log")
    axis.set_ylim(top=axis.get_ylim()[1] * 12)
    axis.set_xlim(-0.6, len(spectra) - 0.2)
    axis.set_xticks([])
    axis.set_ylabel("eigenvalue (prior sd units)")
    return figure


def plausibility(run: Trajectory, b_cells: pd.DataFrame, t_cells: pd.DataFrame) -> Figure:
    """Blinatumomab's upstream part beside blood counts it was not fitted to."""
    figure, (left, right) = plt.subplots(1, 2, figsize=(WIDTH, 2.9))
    left.plot(run.times, run["B"], color=COLOURS["blinatumomab"], label="model: target pool B")
    left.plot(
        b_cells["time_h"],
        b_cells["fraction"],
        "s",
        color=COLOURS["neutral"],
        label="blood B cells / pre-dose",
    )
    left.set_title("Targets")
    right.plot(run.times, run["R"], color=COLOURS["blinatumomab"], label="model: responsive R")
    right.plot(run.times, run["A"], "--", color=COLOURS["blinatumomab"], label="model: activated A")
    right.plot(
        t_cells["time_h"],
        t_cells["fraction"],
        "s",
        color=COLOURS["neutral"],
        label="blood CD8 T cells / pre-dose",
    )
    right.set_title("T cells")
    for axis in (left, right):
        _hours(axis, 168)
        axis.set_ylabel("fraction")
        axis.legend(fontsize=8)
    return figure


def courses(
    panels: Sequence[tuple[str, str, str]],
    times: Mapping[str, Array],
    levels: Mapping[tuple[str, str], Mapping[str, Array]],
    data: pd.DataFrame,
    styles: Mapping[str, str] | None = None,
) -> Figure:
    """Courses side by side.

    Args:
        panels: (drug, analyte, title) a panel.
        times: report times of each drug.
        levels: (drug, analyte) to named curves.
        data: published points of all drugs.
    """
    columns = 3 if len(panels) == 3 else 2
    rows = -(-len(panels) // columns)
    figure, axes = plt.subplots(rows, columns, figsize=(WIDTH, 2.6 * rows), squeeze=False)
    for axis, (drug, analyte, title) in zip(axes.flat, panels, strict=False):
        seen = data[(data["drug"] == drug) & (data["analyte"] == analyte)]
        seen = seen[seen["kind"] == "point"]
        curves = levels[drug, analyte]
        course(axis, times[drug], curves, seen, COLOURS[drug], analyte, title, styles)
        _hours(axis, float(times[drug][-1]))
    axes.flat[0].legend(fontsize=7.5)
    for axis in list(axes.flat)[len(panels) :]:
        axis.set_visible(False)
    return figure


def forecast(run: Trajectory, data: pd.DataFrame) -> Figure:
    """TGN1412's three cytokines as forecast, beside the published courses."""
    panels = [("tgn1412", name, label) for name, label in CYTOKINE_LABELS.items()]
    levels = {
        ("tgn1412", name): {"forecast": run[name] + baselines()[name]} for name in CYTOKINE_LABELS
    }
    return courses(panels, {"tgn1412": run.times}, levels, data)


def prediction(
    okt3: Trajectory, draws: Trajectory, baselines: Mapping[str, float], last_h: float = 72.0
) -> Figure:
    """OKT3 as predicted: median and central 90 % of the draws, and the locked point, thin."""
    panels = (("C", "exposure (ng/mL)"), ("A", "activated T cells (fraction)")) + tuple(
        (c, f"{label} (pg/mL)") for c, label in CYTOKINE_LABELS.items()
    )
    figure, axes = plt.subplots(2, 3, figsize=(WIDTH, 4.7))
    inside = okt3.times <= last_h
    times, colour = okt3.times[inside], COLOURS["okt3"]
    for axis, (name, label) in zip(axes.flat, panels, strict=False):
        base = baselines.get(name, 0.0)
        band(axis, times, draws[name][:, inside] + base, colour)
        axis.plot(times, okt3[name][..., inside].ravel() + base, **LOCKED_POINT)
        axis.set_ylabel(label)
        _hours(axis, last_h)
        if base:
            axis.set_yscale("log")
    legend = axes.flat[-1]
    legend.set_axis_off()
    legend.plot([], [], color=colour, label="median of draws")
    legend.fill_between([], [], [], color=colour, alpha=0.25, label="central 90 % of draws")
    legend.plot([], [], label="locked point", **LOCKED_POINT)
    legend.legend(loc="center", fontsize=8.5)
    return figure


def ordering(
    intervals: Mapping[str, Mapping[str, float]], boundaries: Mapping[str, float]
) -> Figure:
    """Severity index of each drug with its interval, over the illustrative grades.

    Args:
        intervals: ``low``, ``median`` and ``high`` of each drug's draws, and the locked point's
            value, ``central``.
        boundaries: lowest index of each grade.
    """
    figure, axis = plt.subplots(figsize=(WIDTH, 0.55 * len(intervals) + 1.1))
    for i, (name, value) in enumerate(reversed(list(intervals.items()))):
        ends = [value["low"], value["high"]]
        axis.plot(ends, [i, i], color=COLOURS[name], linewidth=7, alpha=0.35, solid_capstyle="butt")
        axis.plot(value["median"], i, "o", color=COLOURS[name], markersize=8)
        axis.plot(
            value["central"], i, "|", color=LOCKED_POINT["color"], markersize=13, markeredgewidth=1
        )
        axis.annotate(
            LABELS[name],
            (value["median"], i),
            xytext=(0, 8),
            textcoords="offset points",
            ha="center",
            color=COLOURS[name],
            fontsize=9,
        )
    for grade, edge in enumerate(boundaries.values(), start=1):
        axis.axvline(edge, color=COLOURS["light"], linestyle=":", linewidth=1)
        axis.annotate(
            f"grade {grade}",
            (edge, 1.0),
            xycoords=("data", "axes fraction"),
            rotation=90,
            va="top",
            ha="right",
            fontsize=7.5,
            color=COLOURS["neutral"],
        )
    neutral = COLOURS["neutral"]
    axis.plot([], [], "o", color=neutral, markersize=6, label="median")
    axis.plot([], [], color=neutral, linewidth=7, alpha=0.35, label="central 90 % of draws")
    axis.plot([], [], "|", color=LOCKED_POINT["color"], markersize=11, label="locked point")
    axis.legend(ncols=3, fontsize=8, loc="lower left", bbox_to_anchor=(0.0, 1.0))
    axis.set_yticks([])
    axis.set_ylim(-0.5, len(intervals) + 0.35)
    axis.set_xlabel("severity index z (log10 fold-rise of the effective IL-6 signal)")
    axis.grid(axis="y", visible=False)
    return figure


def check_shares(checks: Mapping[str, Mapping[str, Any]]) -> Figure:
    """Share of draws in which each blind check holds, is undetermined, or fails."""
    figure, axis = plt.subplots(figsize=(WIDTH, 0.32 * len(checks) + 0.8))
    y = np.arange(len(checks))[::-1]
    holds = np.array([check["share_holds"] for check in checks.values()])
    undetermined = np.array([check["share_undetermined"] for check in checks.values()])
    axis.barh(y, holds, color=INDIGO, label="holds")
    axis.barh(y, undetermined, left=holds, color="#E0C060", label="undetermined")
    axis.barh(
        y, 1 - holds - undetermined, left=holds + undetermined, color="#DDDDDD", label="fails"
    )
    axis.set_yticks(y, list(checks))
    axis.set_xlim(0, 1)
    axis.set_xlabel("share of draws")
    axis.grid(visible=False)
    axis.legend(ncols=3, fontsize=8, loc="lower center", bbox_to_anchor=(0.5, 1.0))
    return figure
