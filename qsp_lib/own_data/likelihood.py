"""How likely levels are, given what the model says of them.

In log10, a level is the model's, plus an offset that all points of one individual (or of one
cohort, if means are given) have in common, plus a residual of its own::

    log10 level = log10 model + offset + residual
    offset ~ N(0, omega^2),  residual ~ N(0, sigma^2)

So the points of one individual are not independent: however many there are, they say no more of
how high levels are than one individual can. Offsets are integrated out, in closed form for what
was measured, and by Gauss-Hermite quadrature for what lies beyond a limit of quantification.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy  # its parts are loaded when they are used
from numpy.typing import NDArray

from .points import Data

Array = NDArray[np.float64]
_NODES = 24


@dataclass(frozen=True)
class Residuals:
    """The points of a data set, arranged for their likelihood.

    Attributes:
        levels: log10 of levels and limits ``(P,)``.
        measured: which were measured ``(P,)``.
        sides: 1 for what lies below its limit, -1 for what lies above it ``(P,)``.
        sharers: who shares an offset, as 0 and 1 ``(P, G)``.
    """

    levels: Array
    measured: NDArray[np.bool_]
    sides: Array
    sharers: Array

    @classmethod
    def of(cls, data: Data) -> Residuals:
        """Those of a data set."""
        sharers = np.eye(len(data.sharers))[data.shared]
        return cls(data.levels, data.measured, np.where(data.above, -1.0, 1.0), sharers)

    def log_likelihood(self, predicted: Array, sigma: Array, omega: Array) -> Array:
        """Of N draws.

        Args:
            predicted: log10 levels ``(N, P)``; a draw with a NaN has no likelihood.
            sigma: standard deviation of the residuals, log10 ``(N,)``.
            omega: of the offsets, log10 ``(N,)``.

        Returns:
            ``(N,)``; -inf for a draw with a NaN.
        """
        known = np.isfinite(predicted).all(axis=1)
        found = np.full(len(predicted), -np.inf)
        if known.any():
            found[known] = self._of_known(predicted[known], sigma[known], omega[known])
        return found

    def _of_known(self, predicted: Array, sigma: Array, omega: Array) -> Array:
        off = self.levels - predicted
        measured, shares = off[:, self.measured], self.sharers[self.measured]
        n = shares.sum(axis=0)
        total, squares = measured @ shares, measured**2 @ shares
        s2, w2 = sigma[:, None] ** 2, omega[:, None] ** 2
        together = s2 + n * w2
        fit = (squares - w2 * total**2 / together) / s2
        scale = n * np.log(2 * np.pi) + (n - 1) * np.log(s2) + np.log(together)
        found: Array = -0.5 * (fit + scale).sum(axis=1)
        if not self.measured.all():
            found += self._beyond(off, sigma, w2 * total / together, np.sqrt(s2 * w2 / together))
        return found

    def _beyond(self, off: Array, sigma: Array, mean: Array, sd: Array) -> Array:
        """Log chance that what is beyond its limit is, given what was measured.

        Args:
            off: limits less log10 levels ``(N, P)``, with what was measured among them.
            sigma: ``(N,)``.
            mean, sd: of each offset, given what was measured ``(N, G)``.
        """
        nodes, weights = np.polynomial.hermite_e.hermegauss(_NODES)
        beyond = ~self.measured
        sides, shares = self.sides[beyond], self.sharers[beyond]
        offsets = mean[..., None] + sd[..., None] * nodes  # (N, G, K)
        whose = shares.argmax(axis=1)
        z = sides[:, None] * (off[:, beyond, None] - offsets[:, whose]) / sigma[:, None, None]
        logs = scipy.special.log_ndtr(z)  # (N, C, K)
        by_sharer = np.einsum("pg,npk->ngk", shares, logs)
        chances = np.log(weights / weights.sum()) + by_sharer
        found: Array = scipy.special.logsumexp(chances, axis=2).sum(axis=1)
        return found
