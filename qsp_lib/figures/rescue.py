"""Figures of the rescue and of the swap test."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.figure import Figure
from numpy.typing import NDArray

from ..analyses import Course
from ..model import baselines
from .style import COLOURS, INDIGO, LABELS, WIDTH, WINE, band

Array = NDArray[np.float64]


def rescue_courses(untreated: Course, treated: Course, given_h: float) -> Figure:
    """Total IL-6, effective signal, receptor occupancy and CRP, with and without tocilizumab.

    Args:
        untreated, treated: courses over draws, shown as their median and central 90 %.
        given_h: when tocilizumab is given (h after the drug).
    """
    base = baselines()["IL6"]
    panels = (
        ("IL6", "total IL-6 (pg/mL)", base),
        ("S", "effective signal (pg/mL)", base),
        ("rho", "receptor occupancy", 0.0),
        ("CRP", "CRP above baseline (mg/L)", 0.0),
    )
    figure, axes = plt.subplots(2, 2, figsize=(WIDTH, 4.8))
    for axis, (name, label, offset) in zip(axes.flat, panels, strict=True):
        for course, colour, words in (
            (untreated, COLOURS["tgn1412"], "untreated"),
            (treated, COLOURS["tocilizumab"], "tocilizumab"),
        ):
            run = course.trajectory
            band(axis, run.times - course.dose_h, run[name] + offset, colour, words)
        axis.axvline(given_h, color=COLOURS["light"], linestyle=":", linewidth=1.2)
        axis.set_ylabel(label)
        axis.set_xlim(-2, 168)
        axis.set_xticks(np.arange(0, 169, 24))
        axis.set_xlabel("time from TGN1412 (h)")
        if offset:
            axis.set_yscale("log")
    axes.flat[0].legend(fontsize=8)
    return figure


def timing(times: Array, benefits: Array, indices: Array, untreated_index: float) -> Figure:
    """Benefit and severity index against the time of tocilizumab.

    Args:
        times: of tocilizumab, ``(n,)`` (h).
        benefits, indices: over draws, ``(n, N)``, shown as their median and central 90 %.
        untreated_index: median severity index without it.
    """
    figure, (left, right) = plt.subplots(1, 2, figsize=(WIDTH, 2.8))
    band(left, times, benefits.T, COLOURS["tocilizumab"])
    left.set_ylabel("signal area taken away (share)")
    left.set_ylim(0, 1.05)
    band(right, times, indices.T, COLOURS["tocilizumab"])
    right.axhline(untreated_index, color=COLOURS["tgn1412"], linestyle="--", linewidth=1.2)
    right.annotate(
        "untreated",
        (times[-1], untreated_index),
        ha="right",
        va="bottom",
        color=COLOURS["tgn1412"],
        fontsize=8.5,
    )
    right.set_ylabel("severity index z")
    right.set_ylim(0, 1.15 * untreated_index)
    for axis in (left, right):
        axis.set_xlabel("tocilizumab given at (h from TGN1412)")
        axis.axvline(0, color=COLOURS["light"], linewidth=0.8)
    return figure


def too_little(doses: Array, rebounds: Array, threshold: float) -> Figure:
    """Rebound of the signal after its nadir against the dose of tocilizumab.

    Args:
        doses: ``(n,)`` (mg/kg).
        rebounds: over draws, ``(n, N)``, shown as their median and central 90 %.
        threshold: above which a dose fails.
    """
    figure, axis = plt.subplots(figsize=(WIDTH * 0.6, 2.7))
    band(axis, doses, rebounds.T, COLOURS["tocilizumab"])
    axis.set_xscale("log")
    axis.axhline(threshold, color=COLOURS["neutral"], linestyle="--", linewidth=1)
    axis.set_xlabel("tocilizumab (mg/kg)")
    axis.set_ylabel("rebound / untreated peak")
    return figure


def swap_gaps(gaps: Mapping[str, pd.Series], tie: float) -> Figure:
    """Gap between the two drugs' indices after each exchange, one marker a structure.

    Args:
        gaps: structure in words to a gap each exchange, which the index names.
        tie: width within which two indices are a tie.
    """
    first = next(iter(gaps.values()))
    figure, axis = plt.subplots(figsize=(WIDTH, 0.34 * len(first) + 0.9))
    y = np.arange(len(first))[::-1]
    axis.axvspan(-tie, tie, color=COLOURS["light"], alpha=0.3, linewidth=0)
    axis.axvline(0, color=COLOURS["neutral"], linewidth=0.8)
    markers = ("o", "s", "^")
    for (words, values), marker in zip(gaps.items(), markers, strict=False):
        axis.plot(
            values,
            y,
            marker,
            fillstyle="none" if marker != "o" else "full",
            color=COLOURS["neutral"],
            markersize=6,
            label=words,
        )
    axis.set_yticks(y, first.index)
    axis.set_xlabel("index of TGN1412 minus index of OKT3 (grey: a tie)")
    axis.legend(fontsize=8, ncols=3, loc="lower center", bbox_to_anchor=(0.4, 1.0))
    axis.grid(axis="y", visible=False)
    return figure


def swap_paths(
    fractions: Array, partial: Array, factors: Array, before: Array, after: Array, tie: float
) -> Figure:
    """Indices along a partial swap, and the gap when OKT3's activation rate varies.

    Everything is over draws, shown as the median and the central 90 %.

    Args:
        fractions: of the exchange, ``(n,)``.
        partial: indices of OKT3 and TGN1412 at each, ``(n, 2, N)``.
        factors: of OKT3's activation rate, ``(K,)``.
        before, after: gaps at each, ``(K, N)``, before and after the exchange of exhaustion rates.
        tie: width within which two indices are a tie.
    """
    figure, (left, right) = plt.subplots(1, 2, figsize=(WIDTH, 2.9))
    for i, name in enumerate(("okt3", "tgn1412")):
        band(left, fractions, partial[:, i].T, COLOURS[name], LABELS[name])
    left.set_xlabel("fraction of the exchange of $k_\\mathrm{exh}$")
    left.set_ylabel("severity index z")
    left.legend(fontsize=8)
    right.axhspan(-tie, tie, color=COLOURS["light"], alpha=0.3, linewidth=0)
    for gaps, colour, words in ((before, INDIGO, "as drawn"), (after, WINE, "exchanged")):
        band(right, factors, gaps.T, colour, words)
    right.set_xscale("log")
    right.set_xlabel("OKT3's $k_\\mathrm{act}$ × factor")
    right.set_ylabel("index gap, TGN1412 − OKT3")
    right.legend(fontsize=8)
    return figure
