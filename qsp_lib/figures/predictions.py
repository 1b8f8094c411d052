"""Figures of committed predictions: a course over steps, and a peak for each dose."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from .style import COLOURS, INDIGO, OLIVE, WIDTH

_ARMS = (INDIGO, OLIVE)


def stepped_course(course: pd.DataFrame, steps_h: list[float], healthy_pg_mL: float) -> Figure:
    """IL-6 of a regimen that steps up: median and central 90 % of the draws.

    Args:
        course: columns ``time_h``, ``low``, ``median``, ``high`` (pg/mL).
        steps_h: when each step begins (h).
        healthy_pg_mL: the healthy level.
    """
    figure, axis = plt.subplots(figsize=(WIDTH, 3.0))
    days, colour = course["time_h"] / 24.0, COLOURS["blinatumomab_step"]
    axis.fill_between(
        days, course["low"], course["high"], color=colour, alpha=0.3, linewidth=0, label="90 %"
    )
    axis.plot(days, course["median"], color=colour, label="median")
    axis.axhline(healthy_pg_mL, color=COLOURS["neutral"], linestyle=":", linewidth=1)
    for step in steps_h:
        axis.axvline(step / 24.0, color=COLOURS["light"], linewidth=0.8)
    axis.set_yscale("log")
    axis.set_xlabel("days from the first dose; a line where a step begins")
    axis.set_ylabel("IL-6 (pg/mL)")
    axis.legend(fontsize=8, ncols=2, loc="upper right")
    return figure


def peaks_by_dose(peaks: pd.DataFrame, healthy_pg_mL: float) -> Figure:
    """IL-6 peak after each dose of each drug, by arm: median and central 90 % of the draws.

    Args:
        peaks: columns ``drug``, ``dose``, ``arm``, ``low``, ``median``, ``high`` (pg/mL).
        healthy_pg_mL: the healthy level.
    """
    drugs, arms = list(dict.fromkeys(peaks["drug"])), list(dict.fromkeys(peaks["arm"]))
    figure, axes = plt.subplots(1, len(drugs), figsize=(WIDTH, 3.0), sharey=True, squeeze=False)
    for axis, drug in zip(axes.flat, drugs, strict=True):
        for i, (arm, colour) in enumerate(zip(arms, _ARMS, strict=False)):
            mine = peaks[(peaks["drug"] == drug) & (peaks["arm"] == arm)]
            at = mine["dose"] + 0.18 * (i - 0.5 * (len(arms) - 1))
            axis.vlines(at, mine["low"], mine["high"], color=colour, linewidth=3, alpha=0.4)
            axis.plot(at, mine["median"], "o", color=colour, markersize=5, label=arm)
        axis.axhline(healthy_pg_mL, color=COLOURS["neutral"], linestyle=":", linewidth=1)
        axis.set_yscale("log")
        axis.set_title(drug)
        axis.set_xticks(np.unique(peaks.loc[peaks["drug"] == drug, "dose"]))
        axis.set_xlabel("dose")
    axes.flat[0].set_ylabel("peak IL-6 (pg/mL)")
    axes.flat[0].legend(fontsize=8, loc="best")
    return figure
