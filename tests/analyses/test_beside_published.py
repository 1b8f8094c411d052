"""Made-up percentages beside made-up incidences."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from made_up import ENGAGER, row, rules
from scipy.stats import binom

from qsp_lib.analyses.population.beside import as_rows, beside_published, share_interval
from qsp_lib.common import InputError

SHARE = ENGAGER | {"analyte": "CRS any", "statistic": "percent", "unit": "%", "n": "50"}


def kept(premedication: str, dose: int | None, *draws: float) -> dict[str, Any]:
    low, median, high = np.percentile(draws, [5, 50, 95]).tolist()
    named = {"drug": "teclistamab", "premedication": premedication, "dose": dose}
    return named | {
        "held_to": "spread",
        "draws": list(draws),
        "low": low,
        "median": median,
        "high": high,
    }


CONTENT = {
    "incidences": [
        kept("dexamethasone", 2, 0.1, 0.2, 0.3),
        kept("no dexamethasone", 2, 0.6, 0.7, 0.8),
        kept("dexamethasone", None, 0.3, 0.3, 0.3),
        kept("no dexamethasone", None, 0.9, 0.9, 0.9),
    ]
}


def test_a_percentage_stands_beside_both_arms_of_its_dose() -> None:
    rows = [row(SHARE, value="20"), row(SHARE, id="MU002", value="88", schedule="", n="")]
    found, left = beside_published(CONTENT, [*rows, row(ENGAGER, id="MU003")], rules())
    told = [(one.row, one.dose, one.premedication, one.inside) for one in found]
    assert told == [
        ("MU001", 2, "dexamethasone", True),
        ("MU001", 2, "no dexamethasone", False),
        ("MU002", None, "dexamethasone", False),
        ("MU002", None, "no dexamethasone", False),
    ]
    assert found[0].median == 0.2 and found[0].published == 0.2
    assert found[2].least is None  # without n there is only the interval over draws
    assert list(left) == ["MU003"] and "not percent" in left["MU003"]
    assert as_rows(found)[0]["drug"] == "teclistamab"


def test_so_few_patients_spread_as_a_binomial_does() -> None:
    one = share_interval(np.array([0.3]), 40)
    assert one == tuple(binom.ppf([0.05, 0.95], 40, 0.3) / 40)
    low, high = share_interval(np.array([0.1, 0.3, 0.5]), 40)
    assert low < one[0] and high > one[1]
    many = share_interval(np.linspace(0.1, 0.5, 201), 10_000)
    assert many == pytest.approx((0.12, 0.48), abs=2e-3)


def test_a_dose_of_which_nothing_is_on_record_is_refused() -> None:
    with pytest.raises(InputError, match="no incidence of"):
        beside_published(CONTENT, [row(SHARE, value="20", schedule="step-up dose 1")], rules())
