"""Fits, profiles, Laplace's approximation and rejection sampling where the answer is exact."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm

from qsp_lib.inference import (
    Band,
    Problem,
    Profile,
    ProfiledQuantity,
    Request,
    Sample,
    Uniform,
    fit_from,
    information,
    laplace_draws,
    log_evidence,
    profile,
    rejection,
    wilson,
)

from .answer import KnownAnswer, Scale
from .closed_forms import LinearGaussian, wilson_ends

Array = NDArray[np.float64]
NAMES = ("a", "b", "c")
_SEED = 11
_N_DRAWS = 4000

PRIOR = (-4.0, 6.0)
"""Ends of the uniform prior on a mean; far enough away to play no part below 1e-18."""
OBSERVED, WITHIN, SIGMA = 0.7, 0.6, 0.5
"""The observed mean, how near a simulated one has to come, and the standard error."""


@dataclass(frozen=True)
class ExactMean:
    """A simulator whose data mean is the mean itself: no noise."""

    quantities: tuple[str, ...] = ("mean",)

    def __call__(self, points: Array) -> Array:
        return points[:, :1]


@dataclass(frozen=True)
class NoisyMean:
    """A simulator whose data mean is the mean plus a normal error, whose quantile is drawn too."""

    sigma: float
    quantities: tuple[str, ...] = ("mean",)

    def __call__(self, points: Array) -> Array:
        return np.asarray(points[:, 0] + self.sigma * norm.ppf(points[:, 1]))


@cache
def linear_gaussian(seed: int = _SEED) -> LinearGaussian:
    """Twelve readings of three parameters, with a prior on each."""
    rng = np.random.default_rng(seed)
    return LinearGaussian(
        rng.normal(size=(12, 3)),
        rng.normal(size=12),
        0.3,
        np.array([0.5, -1.0, 0.2]),
        np.array([1.0, 0.8, 0.4]),
    )


def inference() -> Iterator[KnownAnswer]:
    """A linear Gaussian problem, a normal mean and a share, whose answers are exact."""
    yield from _linear()
    yield from _profiles()
    yield from _rejection()
    yield from _shares()


def _problem() -> Problem:
    return linear_gaussian().problem(NAMES, 20.0)


def _linear() -> Iterator[KnownAnswer]:
    exact, problem = linear_gaussian(), _problem()
    best = fit_from(problem, np.zeros(3))
    source = "normal equations of Bayesian linear regression"
    yield KnownAnswer.of(
        "fit",
        "optimum of a fit of three parameters to twelve readings",
        exact.mean,
        best.theta,
        1e-6,
        source,
        unit="1",
        scale=Scale.ABSOLUTE,
    )
    yield KnownAnswer.of(
        "laplace_covariance",
        "its Laplace covariance, all nine entries",
        exact.covariance,
        best.covariance,
        1e-6,
        source,
        unit="1",
        scale=Scale.LARGEST,
    )
    yield KnownAnswer.of(
        "laplace_sd",
        "posterior standard deviations as the chapters table them",
        np.sqrt(np.diag(exact.covariance)),
        information(problem, best)["posterior_sd"],
        1e-6,
        source,
        unit="1",
    )
    constant = -len(exact.data) * np.log(exact.sigma * np.sqrt(2 * np.pi))
    yield KnownAnswer.of(
        "laplace_evidence",
        "Laplace's log evidence, by which structures are compared",
        exact.log_evidence,
        log_evidence(best, exact.prior_sd, constant),
        1e-6,
        "density of the data with the parameters integrated out",
        unit="1",
        scale=Scale.ABSOLUTE,
    )
    draws = laplace_draws(exact.mean, exact.covariance, _N_DRAWS, seed=4)
    yield KnownAnswer.of(
        "laplace_draws",
        f"standard deviations of {_N_DRAWS} Laplace draws",
        np.sqrt(np.diag(exact.covariance)),
        draws.std(axis=0),
        4 / np.sqrt(2 * _N_DRAWS),
        "the covariance asked for; the tolerance is four standard errors",
        unit="1",
    )


def _profiled(quantity: ProfiledQuantity) -> Profile:
    problem = _problem()
    best = fit_from(problem, np.zeros(3)).theta
    at = float(quantity.row(NAMES) @ best)
    return profile(Request(problem, quantity, best, at - 3, at + 3))


def _profiles() -> Iterator[KnownAnswer]:
    quantities = {name: ProfiledQuantity.of(name) for name in NAMES}
    quantities["difference"] = ProfiledQuantity.log_ratio("difference", "a", "b")
    for name, quantity in quantities.items():
        found = _profiled(quantity)
        what = "a − b, a ratio in log10" if name == "difference" else f"parameter {name}"
        yield KnownAnswer.of(
            f"profile_{name}",
            f"95 % profile-likelihood interval of {what}; shown: its upper end",
            linear_gaussian().interval(quantity.row(NAMES), norm.ppf(0.975) ** 2),
            (found.low, found.high),
            1e-6,
            "Gaussian posterior: mean ± 1.96 standard deviations",
            unit="1",
            scale=Scale.ABSOLUTE,
        )


def _near(within: float) -> tuple[Band, ...]:
    return (Band("near the observed mean", "mean", OBSERVED - within, OBSERVED + within),)


def _noisy(within: float, seed: int) -> Sample:
    space = Uniform(("mean", "noise"), (PRIOR[0], 0.0), (PRIOR[1], 1.0))
    return rejection(space, NoisyMean(SIGMA), _near(within), 2**15, seed, workers=1, chunk=2**13)


def _rejection() -> Iterator[KnownAnswer]:
    share = 2 * WITHIN / (PRIOR[1] - PRIOR[0])
    plain = rejection(
        Uniform(("mean",), PRIOR[:1], PRIOR[1:]), ExactMean(), _near(WITHIN), 4096, 1, workers=1
    )
    yield KnownAnswer.of(
        "abc_share",
        "accepted share of a uniform prior, a normal mean seen without noise",
        share,
        plain.share.value,
        5e-4,
        "width of the band over that of the prior",
        unit="1",
        scale=Scale.ABSOLUTE,
    )
    noisy = _noisy(WITHIN, 2)
    accepted = noisy.accepted_points[:, 0]
    source = "normal posterior, widened by a uniform of the band's width"
    yield KnownAnswer.of(
        "abc_mean",
        "mean of the accepted draws, a normal mean seen with noise",
        OBSERVED,
        accepted.mean(),
        0.01,
        source,
        unit="1",
        scale=Scale.ABSOLUTE,
    )
    yield KnownAnswer.of(
        "abc_variance",
        "variance of the same draws: the noise's, and what a wide band adds",
        SIGMA**2 + WITHIN**2 / 3,
        accepted.var(),
        0.02,
        source,
        unit="1",
    )
    narrow = _noisy(0.05, 3)
    z = np.sort((narrow.accepted_points[:, 0] - OBSERVED) / np.hypot(SIGMA, 0.05 / np.sqrt(3)))
    distance = np.abs(norm.cdf(z) - (np.arange(len(z)) + 0.5) / len(z)).max()
    yield KnownAnswer.of(
        "abc_shape",
        "largest distance between the distribution of draws accepted in a narrow band "
        "and the exact posterior",
        0.0,
        distance,
        1.63 / np.sqrt(len(z)),
        "normal posterior; the tolerance is the 1 % point of Kolmogorov and Smirnov's test",
        unit="1",
        scale=Scale.ABSOLUTE,
    )


NEWCOMBE = (
    (81, 263, 0.2553, 0.3662),
    (15, 148, 0.0624, 0.1605),
    (0, 20, 0.0, 0.1611),
    (1, 29, 0.0061, 0.1718),
)
"""Held, total, and the ends of the interval as printed.

Source: Newcombe 1998, doi 10.1002/(SICI)1097-0258(19980430)17:8<857::AID-SIM777>3.0.CO;2-E,
table I, method 3.
"""


def _shares() -> Iterator[KnownAnswer]:
    found = [wilson(held, total) for held, total, *_ in NEWCOMBE]
    yield KnownAnswer.of(
        "wilson_published",
        "95 % interval of four shares, with which acceptance is reported; "
        "shown: the upper end for 1 of 29",
        [ends for *_, low, high in NEWCOMBE for ends in (low, high)],
        [end for share in found for end in (share.low, share.high)],
        5.1e-5,
        "as printed to four decimals (Newcombe 1998)",
        unit="1",
        scale=Scale.ABSOLUTE,
    )
    held, total = 692, 5000
    ours = wilson(held, total)
    yield KnownAnswer.of(
        "wilson_scipy",
        f"the same interval of {held} of {total}; shown: its upper end",
        wilson_ends(held, total),
        [ours.low, ours.high],
        1e-12,
        "Wilson's formula by hand; ours is SciPy's",
        unit="1",
    )
