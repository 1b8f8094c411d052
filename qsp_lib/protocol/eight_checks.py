"""The eight checks of the blind test, their limits, and the runs that they are read from.

The limits are data: a record holds them, and whoever reads one compares them with these.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from ..common import code_digest
from ..model import Trajectory, severity

CYTOKINES = {"TNF": "TNF", "IFN": "IFN-gamma", "IL6": "IL-6"}
"""State of the model, and the name the evidence tables give it."""

LIMITS: Mapping[str, float] = MappingProxyType(
    {
        "undetermined_h": 0.1,
        "within_h": 12.0,
        "by_h": 48.0,
        "second_dose_h": 24.0,
        "late_of_peak": 0.10,
        "second_of_first": 0.25,
        "activated_of_peak": 0.10,
        "macrophages_of_peak": 0.5,
        "doubled_dose": 0.10,
        "tie": severity.TIE,
    }
)
"""Times (h), shares of a peak, the change a doubled dose may make, and the tie of two indices."""

CHECKS = {
    "Q1": "TNF peaks before IFN-gamma, and IFN-gamma no later than IL-6 (within 0.1 h: "
    "undetermined)",
    "Q2": "all three peak within 12 h of the first dose",
    "Q3": "all three are below 10 % of their peak from 48 h on, although dosing goes on",
    "Q4": "the second day's dose gives less than 25 % of the first day's peak, all three",
    "Q5": "activated T cells fall below 10 % of their peak within 24 h",
    "Q6": "the macrophage loop is not self-sustaining: M is below half its peak from 48 h on, and "
    "the feedback's share of IL-6 production at the peak is smaller than TGN1412's",
    "Q7": "severity lies strictly between blinatumomab's and TGN1412's",
    "Q8": "the dose is on the plateau: 10 mg changes each peak by less than 10 %",
}
HOLDS, FAILS, OPEN = 1, 0, -1
VERDICTS = {HOLDS: "holds", FAILS: "fails", OPEN: "undetermined"}

ARMS = {
    "blinatumomab": ("blinatumomab", "clinical"),
    "blinatumomab_step": ("blinatumomab", "step"),
    "okt3": ("okt3", "clinical"),
    "okt3_double": ("okt3", "double"),
    "tgn1412": ("tgn1412", "clinical"),
}
"""What is simulated: drug and regimen."""
ORDERED = ("blinatumomab", "okt3", "tgn1412")


@dataclass(frozen=True)
class BlindRun:
    """The arms of the protocol, simulated on the same parameter sets."""

    arms: Mapping[str, Trajectory]

    @property
    def completed(self) -> NDArray[np.bool_]:
        """Sets ``(N,)`` for which every arm completed."""
        return np.all([arm.completed for arm in self.arms.values()], axis=0)

    @cached_property
    def severities(self) -> Mapping[str, Mapping[str, NDArray[np.float64]]]:
        """Severity of each arm under every definition, ``(N,)`` each; worked out once."""
        return {name: severity.definitions(arm) for name, arm in self.arms.items()}

    def select(self, keep: NDArray[np.bool_]) -> BlindRun:
        """The sets for which ``keep`` ``(N,)`` is true."""
        return BlindRun({name: arm.select(keep) for name, arm in self.arms.items()})


def _all_hold(*conditions: NDArray[np.bool_]) -> NDArray[np.int_]:
    return np.where(np.all(conditions, axis=0), HOLDS, FAILS)


def _order_in_time(*gaps_h: NDArray[np.float64]) -> NDArray[np.int_]:
    """Every gap must be positive; one within LIMITS["undetermined_h"] leaves the order open."""
    gaps = np.stack(gaps_h)
    return np.where(
        np.any(gaps < -LIMITS["undetermined_h"], axis=0),
        FAILS,
        np.where(np.any(gaps <= LIMITS["undetermined_h"], axis=0), OPEN, HOLDS),
    )


def check_all(run: BlindRun) -> dict[str, NDArray[np.int_]]:
    """Verdict of each check for each set, ``(N,)``; a set that did not complete fails all."""
    kept = run.completed
    verdicts = {name: np.full(kept.size, FAILS) for name in CHECKS}
    if kept.any():
        for name, values in _check_completed(run.select(kept)).items():
            verdicts[name][kept] = values
    return verdicts


def _check_completed(run: BlindRun) -> dict[str, NDArray[np.int_]]:
    okt3, double = run.arms["okt3"], run.arms["okt3_double"]
    first = {c: okt3.peak(c, 0.0, LIMITS["second_dose_h"]) for c in CYTOKINES}
    peaks = {c: okt3.peak(c) for c in CYTOKINES}
    late = {c: okt3.peak(c, LIMITS["by_h"]).value for c in CYTOKINES}
    second = {
        c: okt3.peak(c, LIMITS["second_dose_h"], 2 * LIMITS["second_dose_h"]).value
        for c in CYTOKINES
    }
    activated, macrophages = okt3.peak("A"), okt3.peak("M")
    share = {name: _feedback_share_at_peak(run.arms[name]) for name in ("okt3", "tgn1412")}
    z = {name: severity.index(run.arms[name]) for name in ORDERED}
    return {
        "Q1": _order_in_time(
            peaks["IFN"].time_h - peaks["TNF"].time_h, peaks["IL6"].time_h - peaks["IFN"].time_h
        ),
        "Q2": _all_hold(*(peak.time_h <= LIMITS["within_h"] for peak in peaks.values())),
        "Q3": _all_hold(*(late[c] < LIMITS["late_of_peak"] * peaks[c].value for c in CYTOKINES)),
        "Q4": _all_hold(
            *(second[c] < LIMITS["second_of_first"] * first[c].value for c in CYTOKINES)
        ),
        "Q5": _all_hold(
            okt3.at("A", LIMITS["second_dose_h"]) < LIMITS["activated_of_peak"] * activated.value
        ),
        "Q6": _all_hold(
            okt3.peak("M", LIMITS["by_h"]).value
            < LIMITS["macrophages_of_peak"] * macrophages.value,
            share["okt3"] < share["tgn1412"],
        ),
        "Q7": _all_hold(
            z["okt3"] - z["blinatumomab"] > LIMITS["tie"], z["tgn1412"] - z["okt3"] > LIMITS["tie"]
        ),
        "Q8": _all_hold(
            *(
                np.abs(double.peak(c).value / peaks[c].value - 1) < LIMITS["doubled_dose"]
                for c in CYTOKINES
            )
        ),
    }


def _feedback_share_at_peak(trajectory: Trajectory) -> NDArray[np.float64]:
    """Feedback's share of IL-6 production at the report time nearest the IL-6 peak, ``(N,)``."""
    times = np.atleast_1d(trajectory.peak("IL6").time_h)
    nearest = np.abs(trajectory.times[None, :] - times[:, None]).argmin(axis=1)
    return np.atleast_2d(trajectory["feedback_share"])[np.arange(len(times)), nearest]


def checks_digest() -> str:
    """Digest (64 hex digits) of the checks as they stand: their words, limits and code."""
    return code_digest([Path(__file__)])
