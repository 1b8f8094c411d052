"""What data say of a number, in plain words: how its interval lies beside that of its prior."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ..common import short
from .priors import Declared

MOVED_BY = 0.3
"""An end of the interval has moved if it did by so many standard deviations of the prior."""

Verdict = Literal["moved", "bounded below", "bounded above", "not moved"]


@dataclass(frozen=True)
class Learned:
    """One number before and after the data.

    Attributes:
        prior: before.
        low, median, high: after, 5th, 50th and 95th percentile.
        log10_sd: after, of its logarithm.
        held: median after, with the network held at its locked values.
        held_low, held_high: 5th and 95th percentile of that.
    """

    prior: Declared
    low: float
    median: float
    high: float
    log10_sd: float
    held: float
    held_low: float
    held_high: float

    @classmethod
    def of(cls, prior: Declared, z: NDArray[np.float64], held: NDArray[np.float64]) -> Learned:
        """From draws in standard deviations of the prior, over the network and with it held."""
        low, median, high = map(float, prior.at(np.percentile(z, [5, 50, 95])))
        held_low, middle, held_high = map(float, prior.at(np.percentile(held, [5, 50, 95])))
        sd = float(prior.log10_sd * z.std())
        return cls(prior, low, median, high, sd, middle, held_low, held_high)

    @property
    def verdict(self) -> Verdict:
        """Whether the data moved both ends of the interval, one, or none."""
        before = np.log10(self.prior.interval()) / self.prior.log10_sd
        after = np.log10([self.low, self.high]) / self.prior.log10_sd
        up, down = float(after[0] - before[0]), float(before[1] - after[1])
        if abs(up) >= MOVED_BY and abs(down) >= MOVED_BY:
            return "moved"
        if up >= MOVED_BY:
            return "bounded below"
        if down >= MOVED_BY:
            return "bounded above"
        return "not moved"

    @property
    def words(self) -> str:
        """The verdict as a sentence."""
        name, unit = self.prior.name, "" if self.prior.unit == "1" else f" {self.prior.unit}"
        low, high = (short(end) for end in (self.low, self.high))
        return {
            "moved": f"{name} was moved: the data put it between {low} and {high}{unit}.",
            "bounded below": f"{name} is bounded on one side: the data say that it is hardly below "
            f"{low}{unit}; how high it may be is the prior's word.",
            "bounded above": f"{name} is bounded on one side: the data say that it is hardly above "
            f"{high}{unit}; how low it may be is the prior's word.",
            "not moved": f"{name} was not moved: these data say nothing of it that its prior does "
            "not.",
        }[self.verdict]

    @property
    def unlike_locked(self) -> bool:
        """Whether the value with the network held lies outside the interval over its draws."""
        return not self.low <= self.held <= self.high
