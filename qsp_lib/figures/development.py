"""Figures of the development in the open, and of the posterior that it left: chapter 2."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import scipy  # its parts are loaded when they are used
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import NullLocator
from numpy.typing import NDArray

from .style import COLOURS, CYTOKINE_LABELS, WIDTH, band

Array = NDArray[np.float64]
_HOURS_A_DAY = 24.0
_WIDE = 3.0
"""A range of levels by more than this factor is shown on a log scale."""


@dataclass(frozen=True)
class Release:
    """TGN1412 as one version of the model has it, by one parameter set or by draws.

    Attributes:
        times_h, rise: of the course at the clinical dose: hours ``(T,)``, and the effective signal
            as a multiple of the healthy level, ``(N, T)``.
        index: severity at each dose, ``(N, n)``.
    """

    times_h: Array
    rise: Array
    index: Array


def why_not_enough(
    old: Release,
    new: Release,
    doses_ug_kg: Array,
    *,
    trial_ug_kg: float,
    clinical_ug_kg: float,
    over_from_h: float,
) -> Figure:
    """A course over four weeks, and severity against dose, of both versions.

    Args:
        old, new: version 1 at its lock; draws of version 2.
        doses_ug_kg: where severity was computed, ``(n,)``.
        trial_ug_kg, clinical_ug_kg: the two doses that something is known of.
        over_from_h: from when on the release is known to be over.
    """
    figure, (course, dose) = plt.subplots(1, 2, figsize=(WIDTH, 3.3))
    for release, label, colour in (
        (old, "version 1", COLOURS["light"]),
        (new, "version 2", COLOURS["tgn1412"]),
    ):
        band(course, release.times_h / _HOURS_A_DAY, release.rise, colour, label)
        band(dose, doses_ug_kg, release.index, colour, label)
    last = float(new.times_h[-1]) / _HOURS_A_DAY
    course.axvspan(over_from_h / _HOURS_A_DAY, last, color="#EFEFEF", zorder=0)
    course.text(0.97, 0.96, "known to be over", transform=course.transAxes, ha="right", va="top")
    course.set_yscale("log")
    course.set_xlim(0, last)
    course.set_xticks(np.arange(0, last + 1, 7))
    course.set_xlabel("days after 0.1 mg/kg")
    course.set_ylabel("effective IL-6 signal\n(multiple of healthy)")
    course.set_title("Version 1's release never ends")
    course.legend(loc="center right", fontsize=8)
    dose.set_xscale("log")
    dose.set_xlabel("dose (µg/kg)")
    dose.set_ylabel("severity index z")
    dose.set_title("and hardly depends on the dose")
    for at, words in ((trial_ug_kg, "nothing\nseen"), (clinical_ug_kg, "London")):
        dose.axvline(at, color=COLOURS["neutral"], linewidth=0.8, linestyle=":")
        dose.annotate(
            words,
            (at, 1.0),
            xycoords=("data", "axes fraction"),
            xytext=(-3, -4),
            textcoords="offset points",
            ha="right",
            va="top",
            fontsize=8,
        )
    return figure


def _ticks(low: float, high: float) -> Array:
    """Round numbers between two levels: powers of ten, with 2 and 5 of each if these are few."""
    decades = 10.0 ** np.arange(np.floor(np.log10(low)), np.ceil(np.log10(high)) + 1)
    steps = decades if high > 100 * low else np.outer(decades, (1.0, 2.0, 5.0)).ravel()
    return steps[(steps >= low) & (steps <= high)]


def samplers(intervals: Mapping[str, Mapping[str, Sequence[float]]]) -> Figure:
    """The same quantities by several samplers, one panel a quantity.

    Args:
        intervals: of each quantity, by sampler: lower end, median, upper end. A quantity whose
            name does not end in ``index`` is a level (pg/mL), and has a log scale if it spans a
            factor of three.
    """
    columns = 3
    rows = -(-len(intervals) // columns)
    figure, axes = plt.subplots(rows, columns, figsize=(WIDTH, 1.9 * rows), squeeze=False)
    for i, (axis, (quantity, of)) in enumerate(zip(axes.flat, intervals.items(), strict=False)):
        y = np.arange(len(of))[::-1]
        low, median, high = np.array(list(of.values()), dtype=float).T
        axis.errorbar(
            median,
            y,
            xerr=[median - low, high - median],
            fmt="o",
            color=COLOURS["neutral"],
            markersize=4,
            elinewidth=1.4,
        )
        axis.set_yticks(y, list(of) if i % columns == 0 else [""] * len(y))
        axis.set_ylim(-0.6, len(y) - 0.4)
        if not quantity.endswith("index"):
            axis.set_xlabel("pg/mL")
            if high.max() > _WIDE * low.min():
                axis.set_xscale("log")
                axis.set_xticks(_ticks(low.min(), high.max()))
                axis.xaxis.set_major_formatter("{x:g}")
                axis.xaxis.set_minor_locator(NullLocator())
        axis.set_title(quantity, fontsize=9)
        axis.grid(axis="y", visible=False)
    for axis in list(axes.flat)[len(intervals) :]:
        axis.set_visible(False)
    return figure


def rank_distributions(scores: Array, names: Sequence[str], told: Sequence[str] = ()) -> Figure:
    """How true values rank among the draws of their posteriors: the share of data sets below each
    rank, one line a quantity, and where 95 % of uniform ones would lie at any one rank.

    Args:
        scores: ranks from 0 to 1, ``(n, q)``.
        names: of the q quantities.
        told: those that are named; the others are drawn alike.

    Source: the figure of Talts et al. 2018, arXiv:1804.06788; the band is binomial.
    """
    n = len(scores)
    grid = np.linspace(0.0, 1.0, 201)
    figure, axis = plt.subplots(figsize=(0.62 * WIDTH, 3.3))
    low, high = scipy.stats.binom.ppf([[0.025], [0.975]], n, grid) / n
    axis.fill_between(grid, low, high, color=COLOURS["light"], alpha=0.35, linewidth=0)
    axis.plot(grid, grid, color=COLOURS["neutral"], linewidth=0.8)
    shares = np.arange(n + 2).clip(0, n) / n
    for own, name in zip(scores.T, names, strict=True):
        named = name in told
        axis.step(
            np.concatenate([[0.0], np.sort(own), [1.0]]),
            shares,
            where="post",
            color=COLOURS["tgn1412" if named else "neutral"],
            alpha=1.0 if named else 0.35,
            linewidth=1.6 if named else 0.7,
            label=name if named else None,
            zorder=3 if named else 2,
        )
    axis.set(xlim=(0, 1), ylim=(0, 1), xlabel="rank of the true value among the draws")
    axis.set_ylabel("share of the data sets")
    if told:
        axis.legend(loc="lower right")
    return figure


@dataclass(frozen=True)
class Panel:
    """One course of a posterior sample.

    Attributes:
        drug, regimen, analyte: whose.
        title: above it.
        times_h, levels: hours ``(T,)``, and levels of the draws, healthy level included (pg/mL;
            cells a fraction), ``(N, T)``. Beyond two weeks the axis counts days.
    """

    drug: str
    regimen: str
    analyte: str
    title: str
    times_h: Array
    levels: Array

    @property
    def last_h(self) -> float:
        """Where it ends (h)."""
        return float(self.times_h[-1])

    @property
    def unit_h(self) -> float:
        """Hours in a unit of its axis."""
        return _HOURS_A_DAY if self.last_h > 14 * _HOURS_A_DAY else 1.0


def predictive(panels: Sequence[Panel], data: pd.DataFrame) -> Figure:
    """What a posterior sample says of every open course, with what it is held to.

    Args:
        panels: in order, three a row.
        data: as `qsp_lib.calibration.joint_fit.CourseResiduals.table` makes it, declared
            assumptions included; with what the model reads above an assay's floor as ``read_low``,
            ``read`` and ``read_high`` (pg/mL), missing where there is no floor.
    """
    columns = 3
    rows = -(-len(panels) // columns)
    figure, axes = plt.subplots(rows, columns, figsize=(WIDTH, 2.1 * rows), squeeze=False)
    for axis, panel in zip(axes.flat, panels, strict=False):
        colour, unit = COLOURS[panel.drug], panel.unit_h
        band(axis, panel.times_h / unit, panel.levels, colour)
        own = [data[name] == getattr(panel, name) for name in ("drug", "regimen", "analyte")]
        for row in data[np.logical_and.reduce(own)].itertuples():
            _held_to(axis, row, panel, colour)
        if np.max(panel.levels) > _WIDE * np.min(panel.levels):
            axis.set_yscale("log")
        else:
            axis.set_ylim(bottom=0.0)
        axis.set_title(panel.title, fontsize=9)
        label = CYTOKINE_LABELS.get(panel.analyte)
        axis.set_ylabel(f"{label} (pg/mL)" if label else "B cells (fraction)")
        axis.set_xlabel("days" if unit > 1 else "hours")
        axis.set_xlim(0, 1.02 * panel.last_h / unit)
    for axis in list(axes.flat)[len(panels) :]:
        axis.set_visible(False)
    return figure


def _held_to(axis: Axes, row: Any, panel: Panel, colour: str) -> None:
    """One thing that the fit is held to: a point with its sigma, a limit, or a window's peak."""
    neutral: dict[str, Any] = {"color": COLOURS["neutral"], "markersize": 4}
    if row.window_h is not None:
        first, last = np.minimum(row.window_h, panel.last_h) / panel.unit_h
        if first < last:
            axis.plot([first, last], [row.observed] * 2, "-" if row.at_most else ":", **neutral)
        return
    at = row.time_h / panel.unit_h
    if row.time_h > panel.last_h:
        return
    if row.censored:
        axis.plot(at, row.observed, "v" if row.at_most else "^", fillstyle="none", **neutral)
        return
    ends = [row.observed * (1 - 10.0**-row.sigma)], [row.observed * (10.0**row.sigma - 1)]
    axis.errorbar(at, row.observed, yerr=ends, fmt="o", elinewidth=0.8, capsize=2, **neutral)
    if np.isfinite(row.read):
        reads = [row.read - row.read_low], [row.read_high - row.read]
        look: dict[str, Any] = {"color": colour, "fillstyle": "none", "markersize": 5}
        axis.errorbar(at, row.read, yerr=reads, fmt="D", elinewidth=0.8, **look)
