"""What a prediction has to be better than: forecasts of what the two fitted drugs gave.

Their observed levels are those that the first lock was fitted to. Where no level was published, a
peak that was declared for the fit stands in; TNF and IFN-gamma under blinatumomab are such.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from ..common import InputError
from ..evidence import Observation, load_observations
from .mixture import Mixture

Array = NDArray[np.float64]
REFERENCE = "reference"


@dataclass(frozen=True)
class ObservedCourse:
    """What one drug was observed to give of one analyte.

    Attributes:
        times_h: rising, ``(T,)``, hours from the dose; empty if only a peak is known.
        levels: log10 level (pg/mL, healthy level included) at them, ``(T,)``.
        peak: log10 of the highest level.
    """

    times_h: Array
    levels: Array
    peak: float

    def at(self, since_dose_h: float | None) -> float:
        """Log10 level so long after a dose, or the peak if no time is given.

        Straight lines between observed times, the first value before them, the last carried on.
        """
        if since_dose_h is None or not self.times_h.size:
            return self.peak
        return float(np.interp(since_dose_h, self.times_h, self.levels))


@lru_cache(maxsize=16)
def observed(drug: str, analyte: str) -> ObservedCourse:
    """The observed course of a fitted drug.

    Raises:
        InputError: nothing of it was observed.
    """
    found = [
        o
        for o in load_observations()
        if (o.drug, o.analyte, o.regimen) == (drug, analyte, "clinical")
    ]
    if not found:
        raise InputError(f"nothing was observed of {analyte} under {drug}.")
    return _course(found)


def _course(observations: Sequence[Observation]) -> ObservedCourse:
    levels = [float(np.log10(o.value_pg_mL)) for o in observations]
    timed = sorted(
        (o.time_h, level)
        for o, level in zip(observations, levels, strict=True)
        if o.time_h is not None
    )
    return ObservedCourse(
        np.array([time for time, _ in timed]), np.array([level for _, level in timed]), max(levels)
    )


def references(
    drugs: Sequence[str], sd: float, analyte: str, since_dose_h: float | None
) -> dict[str, Mixture]:
    """The reference forecast and a copy of each drug, for one quantity.

    Args:
        drugs: whose geometric mean is the reference.
        sd: of each forecast (log10).
        analyte: as a model's state.
        since_dose_h: hours from the latest dose; None for a peak.
    """
    levels = {drug: observed(drug, analyte).at(since_dose_h) for drug in drugs}
    made = {REFERENCE: Mixture(np.array([np.mean(list(levels.values()))]), sd)}
    return made | {
        f"copy of {drug}": Mixture(np.array([level]), sd) for drug, level in levels.items()
    }
