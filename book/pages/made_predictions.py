"""What lock v2 predicted before any table was opened, beside lock v1 where both predicted it."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from matplotlib.figure import Figure

from qsp_lib.analyses import made_predictions as made
from qsp_lib.chapters import ShareOfDraws
from qsp_lib.common import number, percent
from qsp_lib.figures import CYTOKINE_LABELS, WIDTH
from qsp_lib.figures import predictions as prediction_figures
from qsp_lib.protocol import (
    CHECKS,
    Record,
    committed_forecasts,
    committed_prediction,
    lock_path,
    read_record,
)

from .fragments import BookData, fragment, pictures, table
from .themed import figure_block, figure_files

VERSIONS = ("v1", "v2")
DEFINITIONS = {
    "index": "peak effective signal (the claim's own)",
    "area": "72-h area of the effective signal",
    "mean_fold": "mean log fold-rise of three cytokines",
    "davila": "75-fold / 250-fold rule",
}
STEPS_H = (0.0, 168.0, 336.0)
STEPS, PEAKS = "made-steps", "made-engagers"
SIZE = (WIDTH, 3.0)


@cache
def lock_of(version: str) -> Record:
    """A lock on file, whatever code made it."""
    return read_record(lock_path(version), against_code=False)


@cache
def _predicted(version: str) -> dict[str, Any]:
    return committed_prediction(lock_of(version))


def in_words(low: float, median: float, high: float) -> str:
    """A median with its interval."""
    return f"{number(median)} ({number(low)} to {number(high)})"


def _interval(quantiles: Mapping[str, float]) -> str:
    return in_words(quantiles["low"], quantiles["median"], quantiles["high"])


@fragment("made_okt3")
def okt3(_book: BookData) -> str:
    """OKT3's peaks, severity and order by both locks."""
    both = [_predicted(version) for version in VERSIONS]
    arms = [one["arms"]["okt3"] for one in both]
    rows = [
        [f"{label} peak (pg/mL)", *(_interval(arm[name]["peak"]) for arm in arms)]
        for name, label in CYTOKINE_LABELS.items()
    ]
    rows += [
        [f"{label} peak at (h)", *(_interval(arm[name]["time"]) for arm in arms)]
        for name, label in CYTOKINE_LABELS.items()
    ]
    rows.append(["severity index", *(_interval(arm["severity"]["index"]) for arm in arms)])
    for key, label in DEFINITIONS.items():
        shares = [
            ShareOfDraws(one["ordering"][f"blinatumomab/{key}"]["share_expected"], one["draws"])
            for one in both
        ]
        rows.append(
            [
                f"expected order by {label}, share of draws",
                percent(shares[0].value),
                f"{percent(shares[1].value)}: {shares[1].words}",
            ]
        )
    return table(("", "lock v1, Laplace draws", "lock v2, kept sample"), rows)


@fragment("made_checks")
def checks(_book: BookData) -> str:
    """The eight checks by both locks."""
    both = [_predicted(version)["checks"] for version in VERSIONS]
    rows = [
        (name, words, *(percent(found[name]["share_holds"]) for found in both))
        for name, words in CHECKS.items()
    ]
    return table(("check", "statement", "lock v1, holds in", "lock v2, holds in"), rows)


def _steps() -> Figure:
    (draws,) = committed_forecasts(lock_of("v2"), "blinatumomab_step_dosing").values()
    return prediction_figures.stepped_course(
        made.course(draws), list(STEPS_H), lock_of("v2").baselines["IL6"]
    )


def _peaks() -> Figure:
    arms = committed_forecasts(lock_of("v2"), "external_drugs")
    return prediction_figures.peaks_by_dose(made.dose_peaks(arms), lock_of("v2").baselines["IL6"])


@pictures("made_steps")
def draw_steps(_book: BookData) -> Mapping[str, bytes]:
    """IL-6 under stepped blinatumomab."""
    return figure_files(STEPS, _steps)


@pictures("made_engagers")
def draw_engagers(_book: BookData) -> Mapping[str, bytes]:
    """IL-6 peaks of the three other engagers."""
    return figure_files(PEAKS, _peaks)


@fragment("made_steps")
def steps(_book: BookData) -> str:
    """The figure of stepped blinatumomab with its description."""
    (draws,) = committed_forecasts(lock_of("v2"), "blinatumomab_step_dosing").values()
    shown = made.course(draws)
    at_steps = [
        shown[(shown["time_h"] >= start) & (shown["time_h"] < start + 168.0)]["median"].max()
        for start in STEPS_H
    ]
    words = ", ".join(f"{number(float(level))}" for level in at_steps)
    return figure_block(
        STEPS,
        f"IL-6 under 5, 15 and 60 micrograms per square metre and day; the median's highest level "
        f"in the three weeks is {words} pg/mL.",
        SIZE,
        "IL-6 of blinatumomab under weekly steps of 5, 15 and 60 µg/m²/day, as lock v2 predicted "
        f"it: median and central 90 % of {draws.n_draws} draws. The dotted line is the healthy "
        "level.",
    )


@fragment("made_engagers")
def engagers(_book: BookData) -> str:
    """The figure of the other engagers, and the table behind it."""
    peaks = made.dose_peaks(committed_forecasts(lock_of("v2"), "external_drugs"))
    rows = [
        (row.drug, row.dose, row.arm, number(row.low), number(row.median), number(row.high))
        for row in peaks.itertuples()
    ]
    header = ("drug", "dose", "arm", "5 % (pg/mL)", "median (pg/mL)", "95 % (pg/mL)")
    shown = figure_block(
        PEAKS,
        "IL-6 peak after each dose of three bispecifics, with and without dexamethasone; the "
        "numbers are in the table below.",
        SIZE,
        "IL-6 peak in the interval that each dose begins, as lock v2 predicted it: median and "
        "central 90 % of the draws. The dotted line is the healthy level.",
    )
    return f"{shown}\n{table(header, rows)}"
