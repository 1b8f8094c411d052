"""The low-dose trial of the superagonist (TAB08), which saw no release, beside the model."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from ..common import InputError
from ..evidence import load_tables
from ..model import Draws, severity
from ..protocol import Record
from .dose_response import Curve, dose_response, doses, read_off

Array = NDArray[np.float64]

Mask = NDArray[np.bool_]
TRIAL_DOSES = "PK035"
TRIAL_OUTCOMES = ("TO046", "PK036", "EA021", "EA022")
"""What was seen: no pro-inflammatory cytokines (TO046, PK036), TNF and IFN-gamma at baseline
(EA021), no cytokine release syndrome (EA022); secondary sources."""
_HEALTHY = {"TNF": "BL002", "IFN": "BL003"}


def trial_doses(n_doses: int = 7) -> Array:
    """Doses of the low-dose trial (ug/kg): its range, evenly spaced in log.

    Raises:
        InputError: fewer than 2.
    """
    row = load_tables().row(TRIAL_DOSES)
    assert row.low is not None and row.high is not None
    return doses(n_doses, row.low, row.high)


def trial_curve(record: Record, doses_ug_per_kg: ArrayLike) -> Curve:
    """TGN1412 at these doses (ug/kg), given as fast as the clinical one."""
    drug, regimen = record.drug("tgn1412"), record.regimen("tgn1412")
    factor = np.asarray(doses_ug_per_kg, dtype=float) / clinical_ug_per_kg(record)
    return dose_response(drug, record.network, regimen, factor, record.solver)


def clinical_ug_per_kg(record: Record) -> float:
    """The dose of the 2006 trial in ug/kg, of which the others are multiples."""
    total = record.regimen("tgn1412").total_ug
    return total / record.drug("tgn1412").weight_kg


def trial_over_draws(record: Record, draws: Draws, dose_ug_per_kg: float) -> Curve:
    """TGN1412 at one dose (ug/kg) for every draw; one entry a draw, ``(N,)``.

    Raises:
        InputError: a dose that is not above 0.
    """
    if not (np.isfinite(dose_ug_per_kg) and dose_ug_per_kg > 0):
        raise InputError(f"a dose of {dose_ug_per_kg:g} ug/kg; expected a number above 0.")
    drug, regimen = record.drug("tgn1412"), record.regimen("tgn1412")
    factor = np.full(len(draws), dose_ug_per_kg / clinical_ug_per_kg(record))
    run = record.run(drug, regimen, draws=draws, dose_factor=factor)
    return read_off(drug, run)


def healthy_limits() -> dict[str, float]:
    """Upper limit (pg/mL) of the reference interval of healthy adults: TNF BL002, IFN BL003."""
    rows = {name: load_tables().row(row) for name, row in _HEALTHY.items()}
    return {name: row.high for name, row in rows.items() if row.high is not None}


def stays_healthy(curve: Curve, grade_1: float) -> dict[str, Mask]:
    """At which doses the model, too, shows no release, ``(n,)`` each.

    Keys: ``TNF`` and ``IFN``, whether the predicted peak, baseline included, lies within the
    reference interval of healthy adults (BL002, BL003); ``grade_0``, whether the severity
    index is below ``grade_1``, the lowest of grade 1; ``all``, all three. A failed dose
    counts as release.
    """
    limits = healthy_limits()
    healthy = {
        name: severity.baselines()[name] + peak <= limits[name]
        for name, peak in (("TNF", curve.tnf), ("IFN", curve.ifn))
    }
    healthy["grade_0"] = curve.index < grade_1
    return healthy | {"all": np.all(list(healthy.values()), axis=0)}


def trial_table(curve: Curve, doses_ug_per_kg: ArrayLike, grade_1: float) -> pd.DataFrame:
    """One row a dose of the trial: exposure, predicted levels (baseline included), verdict."""
    base = severity.baselines()
    healthy = stays_healthy(curve, grade_1)
    return pd.DataFrame(
        {
            "dose_ug_per_kg": np.sort(np.asarray(doses_ug_per_kg, dtype=float)),
            "exposure": curve.exposure,
            "TNF": base["TNF"] + curve.tnf,
            "IFN": base["IFN"] + curve.ifn,
            "IL6": base["IL6"] + curve.il6,
            "index": curve.index,
            "no_release": healthy["all"],
        }
    )


def verdict(agrees: Sequence[bool] | Mask) -> str:
    """``"agrees"``, ``"differs"``, or ``"agrees at N of M doses"``."""
    n, m = int(np.sum(agrees)), len(agrees)
    if n == m:
        return "agrees"
    return "differs" if n == 0 else f"agrees at {n} of {m} doses"
