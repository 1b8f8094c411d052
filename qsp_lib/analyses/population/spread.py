"""What the population is held to: how widely IL-6 spreads between patients on blinatumomab.

The rows VA012 to VA016 give the log10 SD of the values above the assay's floor at five times of
the flat 60 ug/m2/d. Three of them are used and two are held out. Where the median of those values
lies is the posterior's to say, and stays where the draw has it without weights; what is imposed is
the mean square of their distance from it, in log10.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from functools import lru_cache

import numpy as np
import scipy
from numpy.typing import NDArray

from ...common import EvidenceError
from ...evidence import IL6_SPREADS, load_tables
from .quantiles import weighted_quantile
from .weights import Mask, Weighed, Weighting, max_entropy

Array = NDArray[np.float64]

FLOOR = 10.0
"""The assay's floor (pg/mL), below which no value was digitised (BO001-BO008)."""
HELD_OUT_H = (12.0, 48.0)
LEAST_EFFECTIVE = 20.0
"""Effective patients below which a draw's quantiles say too little."""
_INTERVAL = (0.05, 0.95)


class Rule(Enum):
    """Which patients may have a weight."""

    ALL = "everyone"
    SEEN = "nobody above the highest published value"


@dataclass(frozen=True)
class SpreadDatum:
    """The spread of IL-6 above the floor at one time.

    Attributes:
        id: evidence row.
        time_h: after the start of the infusion (h).
        log10_sd: of the values above the floor, derived from their range.
        low, high: the smallest and largest published value (pg/mL).
        n: values.
        used: whether weights are held to it; else it is held out.
    """

    id: str
    time_h: float
    log10_sd: float
    low: float
    high: float
    n: int
    used: bool

    @property
    def name(self) -> str:
        """Row and time, for a reader."""
        return f"{self.id} ({self.time_h:g} h)"

    @property
    def interval(self) -> tuple[float, float]:
        """The central 90 % of SDs that a range of so many normal values is compatible with."""
        return _sds_of_range(float(np.log10(self.high / self.low)), self.n)


@lru_cache(maxsize=32)
def _sds_of_range(log10_range: float, n: int) -> tuple[float, float]:
    few, many = scipy.stats.studentized_range.ppf(_INTERVAL, n, np.inf)
    return log10_range / many, log10_range / few


@lru_cache(maxsize=1)
def spread_data() -> tuple[SpreadDatum, ...]:
    """The five rows.

    Raises:
        EvidenceError: a row without its spread, range, time or number.
    """
    return tuple(_datum(name) for name in IL6_SPREADS)


def _datum(name: str) -> SpreadDatum:
    row = load_tables().row(name)
    if row.low is None or row.high is None or row.time_h is None or row.n is None:
        raise EvidenceError(f"{name} lacks a range, a time or a number; expected all of them.")
    time = float(row.time_h)
    return SpreadDatum(
        name, time, row.number(), row.low, row.high, int(row.n), time not in HELD_OUT_H
    )


def gaps(values: Array, datum: SpreadDatum, counted: Mask) -> Array:
    """What each patient adds to the median and to the spread above the floor, less what they are.

    Args:
        values: observed IL-6 of one draw's patients ``(n,)`` (pg/mL).
        datum: the spread.
        counted: patients ``(n,)`` whose median it is about.

    Returns:
        ``(n, 2)``; 0 for patients below the floor, and ones, which no weights can meet, where
        everybody is.
    """
    above = values > FLOOR
    level = np.log10(np.maximum(values, FLOOR))
    here = above & counted
    if not here.any():
        return np.ones((len(values), 2))
    median = weighted_quantile(level[here], np.ones(int(here.sum())), 0.5)
    below = np.where(level <= median, 0.5, -0.5)
    return np.stack([above * below, above * ((level - median) ** 2 - datum.log10_sd**2)], axis=1)


def spread_above_floor(values: Array, weights: Array) -> float:
    """Weighted log10 SD of the values ``(n,)`` above the floor; NaN without two of them."""
    above = (values > FLOOR) & (weights > 0)
    if above.sum() < 2:
        return np.nan
    level, w = np.log10(values[above]), weights[above] / weights[above].sum()
    return float(np.sqrt(w @ (level - w @ level) ** 2))


def weigh_draw(
    il6: dict[float, Array], rule: Rule = Rule.ALL, least_effective: float = LEAST_EFFECTIVE
) -> Weighting:
    """Weights of one draw's patients that give the spreads that are used.

    Args:
        il6: observed IL-6 ``(n,)`` (pg/mL) by time (h); NaN for a patient that failed.
        rule: who may have a weight.
        least_effective: Kish's number below which there are too few.
    """
    used = [datum for datum in spread_data() if datum.used]
    included = np.all([np.isfinite(values) for values in il6.values()], axis=0)
    if rule is Rule.SEEN:
        included &= np.all([il6[datum.time_h] <= datum.high for datum in used], axis=0)
    if not included.any():
        return Weighting(Weighed.TOO_FEW, np.zeros(len(included)))
    columns, names = [], []
    for datum in used:
        values = np.where(included, il6[datum.time_h], FLOOR)
        found = gaps(values, datum, included)
        columns.append(found)
        names += [datum.name] * found.shape[1]
    return max_entropy(np.hstack(columns), names, included, least_effective)
