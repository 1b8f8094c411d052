"""Why version 1 was not enough: a release that never ends, and no threshold in dose."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from qsp_lib.figures import COLOURS, WIDTH

Array = NDArray[np.float64]
SIZE = (WIDTH, 3.4)
_OLD: dict[str, Any] = {"color": "#8A8A8A", "linewidth": 2.0, "linestyle": (0, (5, 2))}


@dataclass(frozen=True)
class Shown:
    """One model's TGN1412.

    Attributes:
        times_h, rise: of the course at the clinical dose: hours, and the signal over the healthy
            level, ``(T,)``.
        index: severity at each dose, ``(n,)``.
    """

    times_h: Array
    rise: Array
    index: Array


def why_not_enough(
    old: Shown,
    new: Shown,
    doses_ug_kg: Array,
    low: Array,
    high: Array,
    *,
    trial_ug_kg: float,
    clinical_ug_kg: float,
    over_from_h: float,
) -> Figure:
    """Course over four weeks, and severity against dose, of both versions.

    Args:
        old, new: version 1 at its lock; version 2 at the optimum of its development.
        doses_ug_kg: where severity was computed, ``(n,)``.
        low, high: 5th and 95th percentile of version 2's sample at those doses, ``(n,)``.
        trial_ug_kg, clinical_ug_kg: the two doses that something is known of.
        over_from_h: from when on the release is known to be over.
    """
    figure, (course, dose) = plt.subplots(1, 2, figsize=SIZE)
    colour = COLOURS["tgn1412"]
    for run, look, label in (
        (old, _OLD, "version 1"),
        (new, {"color": colour, "linewidth": 2.2}, "version 2"),
    ):
        course.plot(run.times_h / 24.0, run.rise, label=label, **look)
        dose.plot(doses_ug_kg, run.index, label=label, **look)
    dose.fill_between(doses_ug_kg, low, high, color=colour, alpha=0.2, linewidth=0)
    course.axvspan(over_from_h / 24.0, 28, color="#EFEFEF", zorder=0)
    course.text(0.97, 0.95, "known to be over", transform=course.transAxes, ha="right", va="top")
    course.set_yscale("log")
    course.set_xlim(0, 28)
    course.set_xticks([0, 7, 14, 21, 28])
    course.set_xlabel("days after 0.1 mg/kg")
    course.set_ylabel("effective IL-6 signal,\nfold of healthy")
    course.set_title("It never ended")
    course.legend(loc="center right", fontsize=8)
    dose.set_xscale("log")
    dose.set_xlabel("dose of TGN1412's molecule (µg/kg)")
    dose.set_ylabel("severity index")
    dose.set_title("Every dose was as bad")
    for at, words in ((trial_ug_kg, "nothing\nseen"), (clinical_ug_kg, "London")):
        dose.axvline(at, color="#555555", linewidth=0.8, linestyle=":")
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
