"""The floor of an assay below which points were left out, as a rule of scoring gives it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..common import InputError
from ..evidence import median_above


@dataclass(frozen=True)
class AssayFloor:
    """A floor below which no point was read off, and how people spread about their median.

    Attributes:
        level_pg_mL: the floor.
        spread: hours and the log10 standard deviation between people then, hours rising; straight
            lines between, the first and the last value beyond.
    """

    level_pg_mL: float
    spread: tuple[tuple[float, float], ...]

    def __post_init__(self) -> None:
        hours = [hour for hour, _ in self.spread]
        fine = self.level_pg_mL > 0 and hours and all(sd > 0 for _, sd in self.spread)
        if not fine or any(late <= early for early, late in zip(hours, hours[1:], strict=False)):
            raise InputError(
                f"a floor of {self.level_pg_mL} pg/mL with spreads {self.spread}; expected a "
                "positive level, rising hours and positive spreads."
            )

    def spread_at(self, time_h: float) -> float:
        """Standard deviation (log10) between people at this time (h)."""
        hours, sds = zip(*self.spread, strict=True)
        return float(np.interp(time_h, hours, sds))

    def median_above(self, median_log10: ArrayLike, time_h: float) -> NDArray[np.float64]:
        """Median (log10) of the values above the floor at this time (h), of any shape."""
        return median_above(median_log10, self.spread_at(time_h), math.log10(self.level_pg_mL))


def floor_of(level_pg_mL: float, spread: Sequence[Sequence[float]]) -> AssayFloor:
    """A floor from plain numbers."""
    return AssayFloor(float(level_pg_mL), tuple((float(h), float(sd)) for h, sd in spread))
