"""Quantiles and shares of weighted patients, each with its Monte-Carlo error, over draws."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...common import InputError
from ...inference import kish

Array = NDArray[np.float64]

BAND = (5.0, 50.0, 95.0)
"""Percentiles over draws that a number is given with."""


def weighted_quantile(values: Array, weights: Array, p: float) -> float:
    """The ``p``-quantile of weighted values ``(n,)``, linear between the middles of their steps.

    With equal weights it is Hazen's. It moves smoothly with values and weights, so that it hangs
    on no last digit of a sum of weights.

    Raises:
        InputError: a share outside 0 to 1, or no weight at all.
    """
    if not 0 <= p <= 1:
        raise InputError(f"The quantile at {p!r} was asked for; expected 0 to 1.")
    heavy = weights > 0
    if not heavy.any():
        raise InputError("A quantile of nothing was asked for; expected a weight above 0.")
    order = np.argsort(values[heavy], kind="stable")
    x, w = values[heavy][order], weights[heavy][order]
    middles = (np.cumsum(w) - w / 2) / np.sum(w)
    return float(np.interp(p, middles, x))


def quantile_error(values: Array, weights: Array, p: float) -> float:
    """Monte-Carlo standard error of :func:`weighted_quantile`.

    Woodruff's (1952, doi:10.1080/01621459.1952.10483443): that of the share below it, which is
    binomial with Kish's number, carried over by the quantile function.
    """
    reach = np.sqrt(p * (1 - p) / kish(weights))
    ends = [
        weighted_quantile(values, weights, float(np.clip(p + d, 0, 1))) for d in (-reach, reach)
    ]
    return (ends[1] - ends[0]) / 2


def weighted_share(values: Array, weights: Array, above: float) -> float:
    """Weighted share of the values ``(n,)`` above a limit.

    Raises:
        InputError: no weight at all.
    """
    if not np.sum(weights) > 0:
        raise InputError("A share of nothing was asked for; expected a weight above 0.")
    heavy = weights > 0
    share = np.sum(weights[heavy & (values > above)]) / np.sum(weights)
    return float(min(share, 1.0))  # the two sums may differ in their last digit


def share_error(share: float, weights: Array) -> float:
    """Monte-Carlo standard error of a weighted share: binomial with Kish's number."""
    return float(np.sqrt(share * (1 - share) / kish(weights)))


@dataclass(frozen=True)
class OverDraws:
    """A number of the population, over draws of the posterior, each of which counts the same.

    Attributes:
        low, median, high: 5th, 50th and 95th percentile over draws.
        monte_carlo: standard error of one draw's number from its finite patients (root mean
            square); the band holds it too.
        n_draws: draws that have one.
    """

    low: float
    median: float
    high: float
    monte_carlo: float
    n_draws: int

    @classmethod
    def of(cls, numbers: Array, errors: Array) -> OverDraws:
        """From one number and its error a draw ``(D,)``.

        Raises:
            InputError: no draw at all.
        """
        if not len(numbers):
            raise InputError(
                "No draw of the posterior has patients that meet the data; expected one or more. "
                "Ask for more patients, or look at the counts of what fails."
            )
        root = float(np.sqrt(np.mean(errors**2)))
        low, median, high = map(float, np.percentile(numbers, BAND))
        return cls(low, median, high, root, len(numbers))

    def as_dict(self) -> dict[str, float]:
        """The numbers by name."""
        return dict(vars(self))


def over_draws(
    values: Array,
    weights: Array,
    number: Callable[[int, Array, Array], tuple[float, float]],
) -> OverDraws:
    """A number with its error, draw by draw.

    Args:
        values: ``(D, n)`` of patients in draws.
        weights: ``(D, n)``; a draw of zeros is left out.
        number: of a draw's index, its values and their weights: the number and its error.
    """
    good = np.flatnonzero(weights.sum(axis=1) > 0)
    found = np.array([number(int(d), values[d], weights[d]) for d in good]).reshape(-1, 2)
    return OverDraws.of(found[:, 0], found[:, 1])


def quantile_over_draws(values: Array, weights: Array, p: float) -> OverDraws:
    """A quantile over patients, in each draw; arguments as of :func:`over_draws`."""
    return over_draws(
        values,
        weights,
        lambda _, v, w: (weighted_quantile(v, w, p), quantile_error(v, w, p)),
    )


def share_over_draws(values: Array, weights: Array, above: Array | float) -> OverDraws:
    """A share over patients above a limit, one for all draws or one a draw ``(D,)``."""
    limits = np.broadcast_to(above, len(values))

    def number(draw: int, v: Array, w: Array) -> tuple[float, float]:
        share = weighted_share(v, w, float(limits[draw]))
        return share, share_error(share, w)

    return over_draws(values, weights, number)
