"""Predictions over draws of dose intervals, and the tables kept of them.

Times are in hours from the drug's first dose; levels are in pg/mL with the healthy level included.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..common import InputError, late

if TYPE_CHECKING:
    import pandas as pd

Array = NDArray[np.float64]

CYTOKINES = ("IL6", "TNF", "IFN")
QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)
DIGITS = 6
"""Significant digits of a table that is kept."""


@dataclass(frozen=True)
class DosePrediction:
    """One regimen of one drug in one arm, over N draws; NaN where an integration failed.

    Attributes:
        drug, regimen, arm, variant: in words; the variant is empty for the primary one.
        intervals_h: K intervals, each from a dose to the next (h).
        index: severity index of each interval, ``(N, K)``.
        peaks, peak_times_h: highest level (pg/mL) in each interval and its time (h), ``(N, K)``
            by cytokine.
        course_times_h: T times (h).
        courses: levels (pg/mL) at those times, ``(N, T)`` by cytokine.
        mark: empty, or words to show wherever unlocked values went in.
    """

    drug: str
    regimen: str
    arm: str
    variant: str
    intervals_h: tuple[tuple[float, float], ...]
    index: Array
    peaks: Mapping[str, Array]
    peak_times_h: Mapping[str, Array]
    course_times_h: tuple[float, ...]
    courses: Mapping[str, Array]
    mark: str = ""

    @property
    def failed(self) -> int:
        """How many draws could not be simulated."""
        return int(np.isnan(self.index).any(axis=1).sum())

    def level_at(self, cytokine: str, time_h: float) -> Array:
        """Level (pg/mL) at any time (h) within the horizon, ``(N,)``.

        Between times of the course it is interpolated in the logarithm, which a level with the
        healthy one included always has.

        Raises:
            InputError: an unknown cytokine, or a time outside.
        """
        times = self.course_times_h
        if cytokine not in self.courses:
            raise InputError(f"no course of {cytokine!r}; expected one of {tuple(self.courses)}.")
        if not times[0] <= time_h <= times[-1]:
            raise InputError(
                f"time {time_h:g} h is outside the course's {times[0]:g} to {times[-1]:g} h."
            )
        return _interpolated(np.array(times), self.courses[cytokine], time_h)

    def peak_table(self) -> pd.DataFrame:
        """One row a draw and interval: ``draw``, ``from_h``, ``to_h``, index, peaks and times.

        A peak at ``from_h`` is what is left of an earlier dose.
        """
        draws, n_intervals = self.index.shape
        columns: dict[str, Any] = {
            "draw": np.repeat(np.arange(draws), n_intervals),
            "from_h": np.tile([start for start, _ in self.intervals_h], draws),
            "to_h": np.tile([end for _, end in self.intervals_h], draws),
            "index": self.index.ravel(),
        }
        for name in CYTOKINES:
            columns[f"{name}_peak_pg_mL"] = self.peaks[name].ravel()
            columns[f"{name}_peak_h"] = self.peak_times_h[name].ravel()
        return late.pandas.DataFrame(self._named() | columns)

    def course_table(self, *cytokines: str) -> pd.DataFrame:
        """One row a draw and time: ``draw``, ``time_h`` and levels, of IL-6 if none are named.

        Raises:
            InputError: an unknown cytokine.
        """
        named = cytokines or CYTOKINES[:1]
        if unknown := [name for name in named if name not in self.courses]:
            raise InputError(f"no course of {unknown[0]!r}; expected {tuple(self.courses)}.")
        draws, n_times = self.courses[named[0]].shape
        columns: dict[str, Any] = {
            "draw": np.repeat(np.arange(draws), n_times),
            "time_h": np.tile(self.course_times_h, draws),
        }
        columns |= {f"{name}_pg_mL": self.courses[name].ravel() for name in named}
        return late.pandas.DataFrame(self._named() | columns)

    def quantile_table(self) -> pd.DataFrame:
        """One row a quantity: where it stands (``from_h``, ``to_h``), quantiles, failed draws.

        A level of a course has its one time in both columns of time.
        """
        rows = []
        for k, (start, end) in enumerate(self.intervals_h):
            rows.append(("index", "1", start, end, self.index[:, k]))
            for name in CYTOKINES:
                rows.append((f"{name} peak", "pg/mL", start, end, self.peaks[name][:, k]))
                rows.append((f"{name} peak time", "h", start, end, self.peak_times_h[name][:, k]))
        for i, time in enumerate(self.course_times_h):
            for name in CYTOKINES:
                rows.append((f"{name} level", "pg/mL", time, time, self.courses[name][:, i]))
        return _quantile_table(self._named(), rows)

    def _named(self) -> dict[str, Any]:
        named = {name: getattr(self, name) for name in ("drug", "regimen", "arm", "variant")}
        return named | ({"mark": self.mark} if self.mark else {})


def as_csv(table: pd.DataFrame) -> str:
    """A table as it is kept: CSV with numbers to so many digits, the same on every system."""
    return table.to_csv(index=False, float_format=f"%.{DIGITS}g", lineterminator="\n")


def _quantile_table(
    named: dict[str, Any], rows: Sequence[tuple[str, str, float, float, Array]]
) -> pd.DataFrame:
    records = []
    for quantity, unit, start, end, values in rows:
        found = values[~np.isnan(values)]
        if not found.size:
            raise InputError(f"{quantity}: none of {values.size} draws completed.")
        names = (f"q{100 * q:02.0f}" for q in QUANTILES)
        quantiles = dict(zip(names, np.quantile(found, QUANTILES), strict=True))
        where = {"quantity": quantity, "unit": unit, "from_h": start, "to_h": end}
        records.append(named | where | quantiles | {"failed": values.size - found.size})
    return late.pandas.DataFrame(records)


def _interpolated(at: Array, levels: Array, wanted: float) -> Array:
    """Levels ``(N, n)`` at ``n`` increasing places, in the logarithm at another one, ``(N,)``."""
    right = int(np.clip(np.searchsorted(at, wanted), 1, at.size - 1))
    share = (wanted - at[right - 1]) / (at[right] - at[right - 1])
    low, high = np.log(levels[:, right - 1]), np.log(levels[:, right])
    return np.exp(low + share * (high - low))
