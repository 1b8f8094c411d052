"""The predictive distribution of one published number, in closed form.

A published median of n people is taken to scatter around what the model predicts,

    log10 of the median = prediction + N(0, s_pop^2 pi/(2 n) + s_study^2),

with the spread between people s_pop (the standard error of a median of n normal values is
s_pop sqrt(pi/(2 n)) for large n) and the one between studies, s_study. Over draws of the
prediction that is a mixture of normals of one width and equal weights; its distribution, density
and continuous ranked probability score are sums over the draws.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.special import erf, log_ndtr, logsumexp, ndtr, ndtri

from ..common import InputError

Array = NDArray[np.float64]
_ROWS = 256
"""Draws that are paired with all others at a time: a constant, so that sums do not depend on it."""
_HALF_LOG_2PI = 0.5 * math.log(2.0 * math.pi)


def observation_sd(n: int, s_pop: float, s_study: float) -> float:
    """Standard deviation (log10) of a published median of n people around the prediction.

    >>> round(observation_sd(10, 0.85, 0.3), 4)
    0.4511

    Raises:
        InputError: no people, or a negative spread.
    """
    if n < 1 or min(s_pop, s_study) < 0:
        raise InputError(
            f"n = {n}, s_pop = {s_pop}, s_study = {s_study}; expected n of 1 or more and spreads "
            "of 0 or more."
        )
    return math.sqrt(s_pop**2 * math.pi / (2 * n) + s_study**2)


@dataclass(frozen=True)
class Mixture:
    """Normals of one width around each draw, with equal weights.

    Attributes:
        means: log10 level of each draw, ``(N,)``, read-only.
        sd: the width (log10).

    Raises:
        InputError: no draw, one that is not finite, or a width that is not above 0.
    """

    means: Array
    sd: float

    def __post_init__(self) -> None:
        means = np.array(self.means, dtype=float)
        if means.ndim != 1 or not means.size or not np.isfinite(means).all():
            raise InputError(f"draws of shape {means.shape}; expected (N,) finite numbers.")
        if not (math.isfinite(self.sd) and self.sd > 0):
            raise InputError(f"a width of {self.sd} was given; expected more than 0.")
        means.flags.writeable = False
        object.__setattr__(self, "means", means)

    def cdf(self, y: float) -> float:
        """Probability of a value of y (log10) or less; at what was observed, the PIT."""
        return float(ndtr((y - self.means) / self.sd).mean())

    def log_cdf(self, y: float) -> float:
        """Natural logarithm of :meth:`cdf`, finite however small that is."""
        return float(logsumexp(log_ndtr((y - self.means) / self.sd)) - math.log(self.means.size))

    def log_density(self, y: float) -> float:
        """Natural logarithm of the density per decade at y (log10)."""
        terms = -0.5 * ((y - self.means) / self.sd) ** 2
        scale = math.log(self.means.size) + math.log(self.sd) + _HALF_LOG_2PI
        return float(logsumexp(terms) - scale)

    def quantile(self, share: float) -> float:
        """Where :meth:`cdf` is `share`, strictly between 0 and 1 (log10)."""
        if not 0 < share < 1:
            raise InputError(f"a quantile at {share} was asked for; expected between 0 and 1.")
        # every component reaches the share between these two
        reach = float(ndtri(share)) * self.sd
        low, high = float(self.means.min()) + reach, float(self.means.max()) + reach
        if not low < high:
            return low
        margin = 1e-9 * (1 + abs(low) + abs(high))
        return float(
            brentq(
                lambda y: self.cdf(y) - share, low - margin, high + margin, xtol=1e-12, rtol=1e-14
            )
        )

    def crps(self, y: float) -> float:
        """Continuous ranked probability score at y, in decades; 0 is best.

        ``E|X - y| - E|X - X'|/2`` with X, X' independent and of this distribution: both are means
        of ``|N(d, s^2)|``, as of Grimit et al., Q. J. R. Meteorol. Soc. 132 (2006) 2925.
        """
        apart = float(_mean_size(y - self.means, self.sd).mean())
        return apart - 0.5 * self._spread()

    def _spread(self) -> float:
        """Mean distance of two values of this distribution."""
        means, wide = np.sort(self.means), math.sqrt(2.0) * self.sd
        size, sums = means.size, []
        for start in range(0, size, _ROWS):
            block = means[start : start + _ROWS, None]
            own = block.size
            # every pair of two draws once, but within the block twice
            sums.append(float(_mean_size(block - means[None, start : start + own], wide).sum()))
            sums.append(2.0 * float(_mean_size(means[None, start + own :] - block, wide).sum()))
        return math.fsum(sums) / size**2


def _mean_size(distance: Array, sd: float) -> Array:
    """Mean size of a normal of mean `distance` and this width, elementwise."""
    z = distance / (math.sqrt(2.0) * sd)
    result = np.exp(-(z**2))
    result *= math.sqrt(2.0 / math.pi) * sd
    result += distance * erf(z)
    return result
