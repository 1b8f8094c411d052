"""What is known of the two fitted drugs in the open, and whether a parameter set says the same.

Each fact is a statement about a simulation; a model meets it if it holds in 70 % of the model's
posterior sample.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from ..evidence import baselines
from ..inference import Problem
from ..model import HORIZON_H, network_table, severity
from .joint_fit import CourseResiduals

Array = NDArray[np.float64]

SILENT_BELOW = 0.3
"""Severity index of the low-dose trial, in which nothing was seen (EA021)."""
OVER_FROM_H, FOLLOWED_TO_H = 120.0, 672.0
OVER_BELOW = 0.1
"""Of its own peak: what is left of a release that ended within days (EA004)."""
QUIET_FROM_H, QUIET_TO_H = 168.0, 336.0
QUIET_BELOW = 3.0
"""Times the healthy level: blinatumomab's IL-6 in its second week."""
WITHOUT_BELOW = 0.5
"""Of TGN1412's peak IL-6: what is left without macrophages (PO041)."""
MET_FROM = 0.7
"""Share of a model's sample in which a fact has to hold."""
TRIAL_UG_KG = 7.0
LOW_DOSES_UG_KG = (2.0, TRIAL_UG_KG, 20.0)
"""The dose of the low-dose trial is a declared assumption (PK035): it is shown with two others."""

FACTS = {
    "silent at 7 ug/kg": "the low-dose trial of TGN1412's molecule stays below an index of 0.3",
    "over from 120 h": "from 120 to 672 h TGN1412's signal, IL-6, TNF and IFN-gamma each stay "
    "below a tenth of their own peak",
    "quiet in week two": "blinatumomab's IL-6 stays below three times the healthy level at 168 to "
    "336 h",
    "macrophages make it": "without macrophages less than half of TGN1412's peak IL-6 is left",
}
SIX = (
    "blinatumomab index",
    "blinatumomab IL-6 peak",
    "TGN1412 index",
    "TGN1412 IL-6 peak",
    "TGN1412 signal from 120 h",
    "low-dose trial TNF peak",
)
"""The quantities that two samplers have to agree on; none needs a held-back drug."""


def open_quantities(problem: Problem, theta: Array) -> dict[str, Array]:
    """What the facts and the comparison of samplers rest on, at points ``(N, d)`` in log10.

    Returns:
        ``(N,)`` by name: severity indices, peak levels (pg/mL, healthy level included), the
        signal of TGN1412 from 120 h on (pg/mL), and shares.
    """
    fit: CourseResiduals = problem.residuals  # type: ignore[assignment]
    theta = np.atleast_2d(theta)
    base = baselines()
    mild = fit.simulate(theta, "blinatumomab", "clinical", QUIET_TO_H)
    severe = fit.simulate(theta, "tgn1412", "clinical", FOLLOWED_TO_H)
    inactive = {"k_M": network_table()["k_M"].lower}
    without = fit.simulate(theta, "tgn1412", "clinical", HORIZON_H, changed=inactive)
    found = {
        "blinatumomab index": severity.index(mild),
        "blinatumomab IL-6 peak": mild.peak("IL6").value + base["IL6"],
        "blinatumomab IL-6 in week two": mild.peak("IL6", QUIET_FROM_H, QUIET_TO_H).value
        + base["IL6"],
        "TGN1412 index": severity.index(severe),
        "TGN1412 IL-6 peak": severe.peak("IL6").value + base["IL6"],
        "TGN1412 signal from 120 h": severe.peak("S", OVER_FROM_H).value,
        "TGN1412 left from 120 h": np.max(
            [
                severe.peak(name, OVER_FROM_H).value / severe.peak(name).value
                for name in ("S", "IL6", "TNF", "IFN")
            ],
            axis=0,
        ),
        "IL-6 left without macrophages": without.peak("IL6").value / severe.peak("IL6").value,
    }
    for dose in LOW_DOSES_UG_KG:
        factor = dose / TRIAL_UG_KG
        low = fit.simulate(theta, "tgn1412", "low_dose_trial", HORIZON_H, dose_factor=factor)
        found[f"index at {dose:g} ug/kg"] = severity.index(low)
        if dose == TRIAL_UG_KG:
            found["low-dose trial TNF peak"] = low.peak("TNF").value + base["TNF"]
    return {name: np.atleast_1d(value) for name, value in found.items()}


def facts(quantities: Mapping[str, Array]) -> dict[str, NDArray[np.bool_]]:
    """Whether each of ``FACTS`` holds, ``(N,)``, from :func:`open_quantities`."""
    quiet = quantities["blinatumomab IL-6 in week two"] < QUIET_BELOW * baselines()["IL6"]
    return {
        "silent at 7 ug/kg": quantities["index at 7 ug/kg"] < SILENT_BELOW,
        "over from 120 h": quantities["TGN1412 left from 120 h"] < OVER_BELOW,
        "quiet in week two": quiet,
        "macrophages make it": quantities["IL-6 left without macrophages"] < WITHOUT_BELOW,
    }
