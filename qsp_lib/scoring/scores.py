"""Scores of one outcome: of its level in log10, or of its place among ordered classes.

All are negatively oriented: less is better.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..common import InputError
from .mixture import Mixture

COVERED = (0.5, 0.9)
"""The central intervals that are looked at."""


@dataclass(frozen=True)
class Observed:
    """Scores of one level, or of one that is known only to lie below a limit.

    Attributes:
        log_score: minus the natural logarithm of the density per decade at the level, or of the
            probability of lying below the limit.
        crps: continuous ranked probability score (decades); None below a limit, and so is what
            follows.
        pit: probability that the forecast gave to this level or less.
        interval_score: weighted interval score of the median and the intervals (decades).
        inside: whether each of `COVERED` holds the level.
    """

    log_score: float
    crps: float | None = None
    pit: float | None = None
    interval_score: float | None = None
    inside: tuple[bool, ...] | None = None


def of_level(predictive: Mixture, level_log10: float) -> Observed:
    """Scores of a measured level (log10)."""
    median = predictive.quantile(0.5)
    ends = [interval(predictive, share) for share in COVERED]
    return Observed(
        log_score=-predictive.log_density(level_log10),
        crps=predictive.crps(level_log10),
        pit=predictive.cdf(level_log10),
        interval_score=weighted_interval_score(
            level_log10, median, dict(zip(COVERED, ends, strict=True))
        ),
        inside=tuple(low <= level_log10 <= high for low, high in ends),
    )


def of_limit(predictive: Mixture, limit_log10: float) -> Observed:
    """Score of a level that was below a limit (log10)."""
    return Observed(log_score=-predictive.log_cdf(limit_log10))


def interval(predictive: Mixture, share: float) -> tuple[float, float]:
    """Ends (log10) of the central interval that holds this share."""
    return predictive.quantile((1 - share) / 2), predictive.quantile((1 + share) / 2)


def weighted_interval_score(
    y: float, median: float, intervals: dict[float, tuple[float, float]]
) -> float:
    """Weighted interval score of a median and central intervals (share to ends).

    Bracher et al., PLoS Comput. Biol. 17 (2021) e1008618: the median weighs 1/2, an interval that
    leaves out a share a weighs a/2, and the sum is divided by the number of intervals and 1/2.
    """
    total = 0.5 * abs(y - median)
    for share, (low, high) in intervals.items():
        left_out = 1 - share
        outside = max(low - y, 0.0) + max(y - high, 0.0)
        total += left_out / 2 * (high - low) + outside
    return total / (len(intervals) + 0.5)


def ranked_probability_score(shares: Sequence[float], outcome: int) -> float:
    """Sum over classes of the squared differences of the cumulative shares; 0 is best.

    Epstein, J. Appl. Meteorol. 8 (1969) 985.

    Args:
        shares: of the classes in their order; they add up to 1.
        outcome: which class came about, from 0.

    >>> ranked_probability_score([0.0, 1.0, 0.0], 1), ranked_probability_score([1.0, 0.0, 0.0], 2)
    (0.0, 2.0)

    Raises:
        InputError: shares that are not, or a class that is none of them.
    """
    given = np.asarray(shares, dtype=float)
    if given.ndim != 1 or not (given >= 0).all() or abs(given.sum() - 1) > 1e-9:
        raise InputError(f"shares {list(shares)} were given; expected some that add up to 1.")
    if not 0 <= outcome < given.size:
        raise InputError(f"class {outcome} was given; expected 0 to {given.size - 1}.")
    came_about = np.arange(given.size) >= outcome
    return float(((given.cumsum() - came_about) ** 2).sum())
