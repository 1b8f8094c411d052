"""What the model says of every point of a data set, for many draws at a time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..model import Draws, DrugInputs, Regimen, Trajectory, baselines
from ..prediction import Setup
from ..protocol import Record
from .points import Data, Point

Array = NDArray[np.float64]
_CHUNK_VALUES = 4_000_000  # states kept at a time, 32 MB
_DENSE = 2_000


@dataclass(frozen=True)
class Followed:
    """A regimen of a drug as it is simulated: no more than another process has to know.

    Attributes:
        record: the lock record.
        inputs: the drug's.
        regimen: its doses.
        horizon_h: how long it is followed (h).
    """

    record: Record
    inputs: DrugInputs
    regimen: Regimen
    horizon_h: float

    @classmethod
    def of(cls, setting: Setup) -> Followed:
        """What is simulated of a prepared drug."""
        return cls(setting.record, setting.inputs, setting.regimen, setting.horizon_h)

    def course(self, draws: Draws, times: Array | None = None) -> Trajectory:
        """The courses of some draws at report times (h), dense without any.

        Draws of the drug's numbers alone have the network at its locked values.
        """
        return self.record.run(
            self.inputs, self.regimen, draws=draws, horizon_h=self.horizon_h, times=times
        )


def predicted(regimens: Mapping[str, Followed], data: Data, draws: Draws) -> Array:
    """log10 of the level (pg/mL, healthy level included) of each point, for each draw.

    Args:
        regimens: every regimen of the data, followed long enough for it.
        data: the P points.
        draws: N of them.

    Returns:
        ``(N, P)``; NaN where the course of a draw did not complete.
    """
    found = np.full((len(draws), len(data.points)), np.nan)
    for regimen in data.regimens:
        columns = np.flatnonzero([point.regimen == regimen for point in data.points])
        points = [data.points[i] for i in columns]
        peaks = any(point.until_h is not None for point in points)
        times = None if peaks else np.unique([point.time_h for point in points])
        size = max(1, _CHUNK_VALUES // (14 * (_DENSE if times is None else times.size + 10)))
        for start in range(0, len(draws), size):
            part = slice(start, min(start + size, len(draws)))
            course = regimens[regimen].course(draws[part], times)
            kept = course.completed
            if kept.any():
                rows = np.arange(part.start, part.stop)[kept]
                found[np.ix_(rows, np.array(columns))] = _read(course.select(kept), points)
    return found


def _read(course: Trajectory, points: list[Point]) -> Array:
    """log10 levels ``(N, K)`` of some points of one regimen."""
    healthy, levels = baselines(), np.empty((len(course), len(points)))
    at = np.array([point.time_h for point in points if point.until_h is None])
    names = sorted({point.analyte for point in points if point.until_h is None})
    read = course.along(names, at) if names else {}
    i = 0
    for k, point in enumerate(points):
        if point.until_h is None:
            level = read[point.analyte][:, i]
            i += 1
        else:
            level = np.atleast_1d(course.peak(point.analyte, point.time_h, point.until_h).value)
        levels[:, k] = np.maximum(level, 0.0) + healthy[point.analyte]
    return np.log10(levels)
