"""Answers by hand: exposures, the interval of a share, a linear Gaussian posterior, and a stiff
problem's solution."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import wrightomega
from scipy.stats import multivariate_normal

from qsp_lib.inference import Problem
from qsp_lib.model import Bolus, DrugInputs, Regimen, TocilizumabInputs

Array = NDArray[np.float64]


def dispositions(drug: DrugInputs) -> list[tuple[float, float]]:
    """(weight, rate in 1/h) of the exponentials by which a unit bolus leaves the centre.

    Source: Gibaldi and Perrier 1982, Pharmacokinetics, 2nd edition, chapters 1 and 2.
    """
    out, across, back = drug.CL / drug.V1, drug.Q / drug.V1, drug.Q / drug.V2
    if drug.Q == 0:
        return [(1.0, out)]
    total = out + across + back
    root = np.sqrt(total**2 - 4 * out * back)
    fast, slow = (total + root) / 2, (total - root) / 2
    return [((fast - back) / (fast - slow), fast), ((back - slow) / (fast - slow), slow)]


def central_amount(drug: DrugInputs, regimen: Regimen, times: ArrayLike) -> Array:
    """Amount in the central compartment (ug) at ``times`` (h), just after a dose at its time.

    The sum of :func:`dispositions` over all doses, superposed.
    """
    t = np.asarray(times, dtype=float)
    amount = np.zeros_like(t)
    for dose in regimen.doses:
        for weight, rate in dispositions(drug):
            since = t - dose.time_h
            if isinstance(dose, Bolus):
                part = dose.amount_ug * np.exp(-rate * np.maximum(since, 0.0))
                amount += weight * np.where(since >= 0, part, 0.0)
            else:
                after = np.maximum(since - dose.duration_h, 0.0)
                part = np.exp(-rate * after) - np.exp(-rate * np.maximum(since, 0.0))
                amount += weight * dose.rate_ug_per_h / rate * part
    return amount


def absorbed(drug: DrugInputs, dose_ug: float, times: ArrayLike) -> Array:
    """Concentration (ng/mL) after a dose under the skin at time 0, one compartment.

    Source: Bateman 1910, Proc Camb Philos Soc 15:423.
    """
    assert drug.k_a is not None
    out, since = drug.CL / drug.V1, np.asarray(times, dtype=float) - (drug.lag_h or 0.0)
    taken = dose_ug * (1.0 if drug.F is None else drug.F)
    after = np.maximum(since, 0.0)
    level = np.exp(-out * after) - np.exp(-drug.k_a * after)
    return np.asarray(taken / drug.V1 * drug.k_a / (drug.k_a - out) * level)


def falling(drug: DrugInputs, dose_ug: float, since: ArrayLike) -> Array:
    """Concentration (ng/mL) after a bolus, its clearance falling from then on, one compartment.

    Args:
        since: hours since the bolus; before it there is nothing.
    """
    assert drug.CL_0 is not None and drug.k_CL is not None
    hours = np.maximum(np.asarray(since, dtype=float), 0.0)
    fallen = (drug.CL_0 - drug.CL) * (1 - np.exp(-drug.k_CL * hours)) / drug.k_CL
    level = dose_ug / drug.V1 * np.exp(-(drug.CL * hours + fallen) / drug.V1)
    return np.where(np.asarray(since) >= 0, level, 0.0)


def saturable_concentration(inputs: TocilizumabInputs, bolus_ug: float, times: ArrayLike) -> Array:
    """Tocilizumab's concentration (ng/mL) after a bolus; as :func:`saturable`."""
    return saturable(inputs.V1, inputs.Vmax, inputs.Km, bolus_ug, times)


def saturable(V1: float, Vmax: float, Km: float, bolus_ug: float, times: ArrayLike) -> Array:
    """Concentration (ng/mL) after a bolus that leaves by Michaelis-Menten elimination alone.

    One compartment, no linear clearance: ``C = Km W(C0/Km exp((C0 - Vmax t/V1)/Km))`` with
    Lambert's W, here by Wright's omega function, which does not overflow.

    Source: Schnell and Mendoza 1997, doi 10.1006/jtbi.1997.0425; Corless et al. 1996, doi
    10.1007/BF02124750.
    """
    t = np.asarray(times, dtype=float)
    start = bolus_ug / V1
    exponent = np.log(start / Km) + (start - Vmax / V1 * t) / Km
    return np.asarray(Km * wrightomega(exponent))


Z_95 = 1.959963984540054
"""The 97.5 % point of the standard normal distribution."""


def wilson_ends(held: int, total: int, z: float = Z_95) -> tuple[float, float]:
    """Ends of Wilson's score interval of a share.

    Source: Newcombe 1998, doi 10.1002/(SICI)1097-0258(19980430)17:8<857::AID-SIM777>3.0.CO;2-E,
    method 3: (2 n p + z² ± z √(z² + 4 n p (1 - p))) / (2 (n + z²)).
    """
    middle = 2 * held + z**2
    half = z * math.sqrt(z**2 + 4 * held * (1 - held / total))
    return (middle - half) / (2 * (total + z**2)), (middle + half) / (2 * (total + z**2))


@dataclass(frozen=True, eq=False)
class LinearGaussian:
    """``data = design @ theta + noise`` with a Gaussian prior: everything follows by hand.

    Attributes:
        design: ``(m, d)``.
        data: ``(m,)``.
        sigma: standard deviation of the noise.
        prior_mean, prior_sd: ``(d,)``; sd ``inf`` for no prior.
    """

    design: Array
    data: Array
    sigma: float
    prior_mean: Array
    prior_sd: Array

    def residuals(self, theta: Array) -> Array:
        """Residuals ``(N, m)`` of parameter sets ``(N, d)``."""
        return np.asarray((theta @ self.design.T - self.data) / self.sigma)

    def problem(self, names: Sequence[str], bound: float) -> Problem:
        """The same as a fit, with every parameter between ``-bound`` and ``bound``."""
        ends = np.full(len(names), bound)
        return Problem(tuple(names), self.residuals, -ends, ends, self.prior_mean, self.prior_sd)

    @property
    def covariance(self) -> Array:
        """Covariance of the posterior, ``(d, d)``."""
        precision = self.design.T @ self.design / self.sigma**2 + np.diag(self.prior_sd**-2)
        return np.asarray(np.linalg.inv(precision))

    @property
    def mean(self) -> Array:
        """Mean of the posterior, ``(d,)``."""
        pull = self.design.T @ self.data / self.sigma**2 + self.prior_mean / self.prior_sd**2
        return np.asarray(self.covariance @ pull)

    @property
    def log_evidence(self) -> float:
        """Log density of the data with the parameters integrated out; needs finite priors."""
        spread = self.design @ np.diag(self.prior_sd**2) @ self.design.T
        noise = self.sigma**2 * np.eye(len(self.data))
        marginal = multivariate_normal(self.design @ self.prior_mean, noise + spread)
        return float(marginal.logpdf(self.data))

    def interval(self, weights: ArrayLike, threshold: float) -> tuple[float, float]:
        """Where twice the rise of the cost reaches ``threshold`` along ``weights @ theta``."""
        row = np.asarray(weights, dtype=float)
        middle, half = row @ self.mean, np.sqrt(threshold * (row @ self.covariance @ row))
        return float(middle - half), float(middle + half)


def hires(y: Sequence[Any]) -> tuple[Any, ...]:
    """Right-hand side of HIRES, eight stiff equations, for numbers and for symbols.

    Source: Schaefer 1975; Hairer and Wanner 1996, Solving Ordinary Differential Equations II,
    section IV.10; test set of Mazzia and Magherini 2008, problem HIRES.
    """
    y1, y2, y3, y4, y5, y6, y7, y8 = y
    binding = 280 * y6 * y8
    return (
        -1.71 * y1 + 0.43 * y2 + 8.32 * y3 + 0.0007,
        1.71 * y1 - 8.75 * y2,
        -10.03 * y3 + 0.43 * y4 + 0.035 * y5,
        8.32 * y2 + 1.71 * y3 - 1.12 * y4,
        -1.745 * y5 + 0.43 * y6 + 0.43 * y7,
        -binding + 0.69 * y4 + 1.71 * y5 - 0.43 * y6 + 0.69 * y7,
        binding - 1.81 * y7,
        -binding + 1.81 * y7,
    )


HIRES_START = np.array([1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0057])
HIRES_END = 321.8122
HIRES_SOLUTION = np.array(
    [
        0.7371312573325668e-3,
        0.1442485726316185e-3,
        0.5888729740967575e-4,
        0.1175651343283149e-2,
        0.2386356198831331e-2,
        0.6238968252742796e-2,
        0.2849998395185769e-2,
        0.2850001604814231e-2,
    ]
)
"""The published solution at :data:`HIRES_END`, from the same test set."""
