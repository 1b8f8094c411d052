"""The committed predictions as a reader sees them: a course, and a peak for each dose.

They are read from the draws that were put on record; nothing is simulated here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from ..common import InputError
from ..scoring import Forecast, Forecasts

LEVELS = {"low": 5.0, "median": 50.0, "high": 95.0}
"""Percentiles that are shown of every quantity."""


def course(forecasts: Forecasts, analyte: str = "IL6") -> pd.DataFrame:
    """The course of a regimen after its first dose.

    Returns:
        One row a time: ``time_h``, and ``low``, ``median``, ``high`` (pg/mL).

    Raises:
        InputError: nothing of the analyte is forecast in time, or of more than one regimen.
    """
    timed = _timed(forecasts, analyte)
    regimens = {(f.quantity.drug, f.quantity.regimen, f.quantity.amount) for f in timed}
    if len(regimens) != 1:
        raise InputError(f"{len(regimens)} courses of {analyte} are forecast; expected one.")
    rows = [{"time_h": float(f.quantity.time_h or 0.0)} | _levels(f.draws) for f in timed]
    return pd.DataFrame(rows).sort_values("time_h", ignore_index=True)


def highest_by_step(
    forecasts: Forecasts, starts_h: Sequence[float], analyte: str = "IL6"
) -> pd.DataFrame:
    """The highest forecast level of each step, draw by draw.

    A forecast is at given times, so that the peak between two of them is missed.

    Args:
        forecasts: of one course.
        starts_h: when each step begins (h), increasing.
        analyte: of which.

    Returns:
        One row a step: ``step`` (from 1), ``start_h``, and ``low``, ``median``, ``high`` (pg/mL).

    Raises:
        InputError: as `course`; or nothing is forecast within a step.
    """
    times = course(forecasts, analyte)["time_h"].to_numpy()
    timed = {f.quantity.time_h: f.draws for f in _timed(forecasts, analyte)}
    rows = []
    for step, (start, end) in enumerate(
        zip(starts_h, (*starts_h[1:], np.inf), strict=True), start=1
    ):
        within = [timed[time] for time in times if start <= time < end]
        if not within:
            raise InputError(
                f"nothing is forecast from {start:g} to {end:g} h; expected a time in each step."
            )
        highest = np.max(within, axis=0)
        rows.append({"step": step, "start_h": float(start)} | _levels(highest))
    return pd.DataFrame(rows)


def dose_peaks(arms: Mapping[str, Forecasts], analyte: str = "IL6") -> pd.DataFrame:
    """The peak after each dose of every regimen of given doses, in each arm.

    Returns:
        One row a drug, dose and arm: ``drug``, ``regimen``, ``dose`` (from 1), ``arm``, and
        ``low``, ``median``, ``high`` (pg/mL).
    """
    rows = []
    for arm, forecasts in arms.items():
        for forecast in forecasts.values():
            q = forecast.quantity
            if q.analyte != analyte or q.time_h is not None or q.amount is not None:
                continue
            named = {"drug": q.drug, "regimen": q.regimen, "dose": q.dose, "arm": arm}
            rows.append(named | _levels(forecast.draws))
    return pd.DataFrame(rows)


def _timed(forecasts: Forecasts, analyte: str) -> list[Forecast]:
    """What is forecast of an analyte at given times after a first dose."""
    return [
        f
        for f in forecasts.values()
        if f.quantity.analyte == analyte and f.quantity.time_h is not None and f.quantity.dose == 1
    ]


def _levels(log10_draws: np.ndarray) -> dict[str, float]:
    found = 10.0 ** np.percentile(log10_draws, list(LEVELS.values()))
    return dict(zip(LEVELS, found.tolist(), strict=True))
