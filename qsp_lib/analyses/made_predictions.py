"""The committed predictions as a reader sees them: a course, and a peak for each dose.

They are read from the draws that were put on record; nothing is simulated here.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from ..common import InputError
from ..scoring import Forecasts

LEVELS = {"low": 5.0, "median": 50.0, "high": 95.0}
"""Percentiles that are shown of every quantity."""


def course(forecasts: Forecasts, analyte: str = "IL6") -> pd.DataFrame:
    """The course of a regimen after its first dose.

    Returns:
        One row a time: ``time_h``, and ``low``, ``median``, ``high`` (pg/mL).

    Raises:
        InputError: nothing of the analyte is forecast in time, or of more than one regimen.
    """
    timed = [
        f
        for f in forecasts.values()
        if f.quantity.analyte == analyte and f.quantity.time_h is not None and f.quantity.dose == 1
    ]
    regimens = {(f.quantity.drug, f.quantity.regimen, f.quantity.amount) for f in timed}
    if len(regimens) != 1:
        raise InputError(f"{len(regimens)} courses of {analyte} are forecast; expected one.")
    rows = [{"time_h": float(f.quantity.time_h or 0.0)} | _levels(f.draws) for f in timed]
    return pd.DataFrame(rows).sort_values("time_h", ignore_index=True)


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


def _levels(log10_draws: np.ndarray) -> dict[str, float]:
    found = 10.0 ** np.percentile(log10_draws, list(LEVELS.values()))
    return dict(zip(LEVELS, found.tolist(), strict=True))
