"""What is said of a claim that holds in a share of the posterior's draws.

The lines at 80 % and at 50 % were set with lock v1's numbers in sight and before version 2 was
locked; the book says so where it uses them.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

import numpy as np
from numpy.typing import ArrayLike

from ..common import InputError, percent
from ..inference import kish

AGREES_FROM, NARROWLY_FROM = 0.8, 0.5
ERRORS_FROM_A_LINE = 2.0
"""Within so many Monte-Carlo errors of a line, the verdict is that the share is at the line."""


class ShareVerdict(Enum):
    """How a share of draws stands to a claim."""

    AGREES = "agrees"
    NARROWLY = "agrees narrowly"
    DIFFERS = "differs"


@dataclass(frozen=True)
class ShareOfDraws:
    """The share of a sample in which something holds.

    Attributes:
        value: the share, 0 to 1.
        draws: how many draws it is of, as many as they are worth if they are weighted.

    Raises:
        InputError: a share outside 0 to 1, or of less than one draw.
    """

    value: float
    draws: float

    def __post_init__(self) -> None:
        if not 0.0 <= self.value <= 1.0 or not self.draws >= 1.0:
            raise InputError(
                f"a share of {self.value:g} of {self.draws:g} draws; expected 0 to 1 of 1 or more."
            )

    @classmethod
    def of(cls, holds: ArrayLike, weights: ArrayLike | None = None) -> ShareOfDraws:
        """The share of draws ``(n,)`` in which something holds.

        Args:
            holds: whether it does; a draw that could not be computed does not.
            weights: of the draws, ``(n,)``; equal by default. Weighted draws are worth Kish's
                effective number, the square of the sum of weights over the sum of squares.

        Raises:
            InputError: no draws, or weights that are negative, not finite, all zero or of another
                length.
        """
        held = np.asarray(holds, dtype=bool)
        given = np.ones(held.shape) if weights is None else np.asarray(weights, dtype=float)
        if held.ndim != 1 or not held.size or given.shape != held.shape:
            raise InputError(
                f"{held.shape} draws with {given.shape} weights; expected as many of both, in a "
                "row of at least one."
            )
        if not np.all(np.isfinite(given)) or np.any(given < 0) or not np.any(given > 0):
            raise InputError("weights of draws have to be finite, not negative and not all zero.")
        total = given.sum()
        share = min(float(given[held].sum() / total), 1.0)
        return cls(share, kish(given))

    @property
    def error(self) -> float:
        """Its Monte-Carlo standard error, binomial."""
        return float(np.sqrt(self.value * (1.0 - self.value) / self.draws))

    @property
    def verdict(self) -> ShareVerdict:
        """By the two lines."""
        if self.value >= AGREES_FROM:
            return ShareVerdict.AGREES
        return ShareVerdict.NARROWLY if self.value >= NARROWLY_FROM else ShareVerdict.DIFFERS

    @property
    def at_the_line(self) -> float | None:
        """The line that it is too near to for the draws to tell on which side it lies."""
        reach = ERRORS_FROM_A_LINE * self.error
        return next(
            (line for line in (AGREES_FROM, NARROWLY_FROM) if abs(self.value - line) < reach), None
        )

    @property
    def words(self) -> str:
        """The verdict for a reader."""
        line = self.at_the_line
        return self.verdict.value if line is None else f"at the line of {percent(line)}"

    def plain(self) -> dict[str, float | str]:
        """Share, draws, error and verdict, as results keep them."""
        return {
            "share": self.value,
            "draws": self.draws,
            "error": self.error,
            "verdict": self.words,
        }
