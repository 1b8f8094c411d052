"""Rows and forecasts that nobody measured or predicted: round values, for tests of the scoring."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

import numpy as np
from scipy.special import ndtri

from qsp_lib.evidence import EvidenceRow
from qsp_lib.scoring import GRADE, ForecastQuantity, Forecasts, Rules, plain_rules
from qsp_lib.scoring.rules import PredictedRegimen

N_DRAWS = 40

ROW: Mapping[str, Any] = {
    "id": "MU001",
    "drug": "OKT3",
    "population": "adults",
    "dose": "5 mg",
    "route": "IV",
    "schedule": "first dose",
    "analyte": "IL-6",
    "statistic": "median peak",
    "value": "100",
    "value_text": "",
    "low": "",
    "high": "",
    "range_kind": "",
    "unit": "pg/mL",
    "time_h": "",
    "n": "10",
    "source": "Made up for a test",
    "doi": "",
    "pmid": "",
    "verified": "yes",
    "confidence": "low",
    "note": "made up; no measurement",
}
STEPPED = ROW | {
    "drug": "blinatumomab",
    "dose": "5/15/60 ug/m2/d",
    "route": "cIV",
    "schedule": "weekly steps",
    "statistic": "median of digitised detected points",
    "time_h": "12",
}
ENGAGER = ROW | {
    "drug": "teclistamab",
    "dose": "0.06/0.3/1.5 mg/kg",
    "route": "SC",
    "schedule": "step-up dose 2",
}


def row(base: Mapping[str, Any] = ROW, **changes: Any) -> EvidenceRow:
    """A made-up row."""
    return EvidenceRow.model_validate({**base, **changes})


@cache
def rules() -> Rules:
    """The rules of the package."""
    return Rules.from_plain(plain_rules())


def normal(mean: float, sd: float = 0.3, n_draws: int = N_DRAWS) -> np.ndarray:
    """Draws at the quantiles of a normal: no chance in them."""
    return mean + sd * ndtri((np.arange(n_draws) + 0.5) / n_draws)


def of_regimen(
    regimen: PredictedRegimen, mean: float, *, peaks: bool, step_h: float = 12.0
) -> dict[Any, Any]:
    """Forecasts of every quantity of a regimen, all around one level."""
    found = {}
    for amount in regimen.amounts if regimen.grid else (None,):
        for dose, start in enumerate(regimen.times_h, start=1):
            if peaks and start < regimen.until_h:
                quantity = ForecastQuantity(regimen.drug, regimen.name, dose, "IL6", amount=amount)
                found[quantity] = normal(mean)
        for time in np.arange(0.0, regimen.until_h + step_h, step_h):
            quantity = ForecastQuantity(regimen.drug, regimen.name, 1, "IL6", float(time), amount)
            found[quantity] = normal(mean)
    return found


def forecasts(table: str, mean: float = 2.0) -> Forecasts:
    """Made-up forecasts of everything that a row of a table may be set beside."""
    given = rules().table(table)
    found: dict[Any, Any] = {}
    if given.fixed is not None:
        for analyte in ("TNF", "IFN", "IL6"):
            found[ForecastQuantity("okt3", "clinical", 1, analyte)] = normal(mean)
        found[ForecastQuantity("okt3", "clinical", 1, GRADE)] = np.arange(N_DRAWS) % 4
    for regimen in given.regimens:
        found |= of_regimen(regimen, mean, peaks=given.peaks)
    return Forecasts.of(found)
