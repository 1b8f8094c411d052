"""Whether a sampler's intervals are what they say: ranks of the truth among draws, many times over.

Parameters are drawn from a prior, data are made at them, and the posterior of the data under that
very prior is sampled. The rank of each true value among the draws is then uniform, whatever the
model, if data, likelihood and sampler are right; a likelihood that is too sure puts true values at
the ends, one that is not sure enough in the middle. Nothing here knows the model.

Source: Talts et al. 2018, arXiv 1804.06788. With the posterior density as a further quantity,
without which a sampler that ignores the data would pass: Modrák et al. 2023, doi
10.1214/23-BA1404.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import scipy  # its parts are loaded when they are used
from numpy.typing import NDArray

from ..common import InputError, late
from .fitting import Problem
from .posterior import cholesky_factor, laplace_draws

if TYPE_CHECKING:
    import pandas as pd

Array = NDArray[np.float64]

LEVEL = 0.05
"""Chance that any quantity is said to miss where none does."""
N_NULL = 9_999
"""Uniform samples that a test statistic is compared with."""


@dataclass(frozen=True)
class Gaussian:
    """A Gaussian of d quantities, at once what parameters are drawn from and a prior.

    Attributes:
        mean, covariance: ``(d,)`` and ``(d, d)``.

    Raises:
        InputError: shapes that do not fit, or a covariance that is not positive definite.
    """

    mean: Array
    covariance: Array

    def __post_init__(self) -> None:
        if np.shape(self.covariance) != (np.size(self.mean),) * 2:
            raise InputError(
                f"a mean of shape {np.shape(self.mean)} and a covariance of shape "
                f"{np.shape(self.covariance)}; expected (d,) and (d, d)."
            )
        _ = self.factor

    @cached_property
    def factor(self) -> Array:
        """Lower triangular factor of the covariance."""
        return cholesky_factor(self.covariance)

    @classmethod
    def of_sample(cls, points: Array, widened: float = 1.0, decimals: int = 8) -> Gaussian:
        """That of a sample ``(n, d)``, with standard deviations so many times as large.

        It is rounded, so that it is the same numbers wherever it is worked out.
        """
        covariance = widened**2 * np.cov(points, rowvar=False)
        return cls(points.mean(axis=0).round(decimals), np.atleast_2d(covariance).round(decimals))

    def draws(self, n: int, seed: int) -> Array:
        """Draws ``(n, d)``; draw i hangs on no other."""
        return laplace_draws(self.mean, self.covariance, n, seed)

    def residuals(self, theta: Array) -> Array:
        """Standard normal where ``theta`` ``(N, d)`` is of this Gaussian, ``(N, d)``."""
        apart = (np.atleast_2d(theta) - self.mean).T
        return np.asarray(scipy.linalg.solve_triangular(self.factor, apart, lower=True).T)


@dataclass(frozen=True)
class WithGaussian:
    """Residuals of data, then those of a prior whose quantities go together.

    Attributes:
        data: maps ``(N, d)`` to ``(N, m)``.
        prior: of the d quantities.
    """

    data: Callable[[Array], Array]
    prior: Gaussian

    def __call__(self, theta: Array) -> Array:
        theta = np.atleast_2d(theta)
        return np.hstack([self.data(theta), self.prior.residuals(theta)])


def under(problem: Problem, prior: Gaussian, data: Callable[[Array], Array]) -> Problem:
    """A problem with other data and this prior in place of its own, cut off at its bounds."""
    return Problem(
        problem.names,
        WithGaussian(data, prior),
        problem.lower,
        problem.upper,
        prior.mean,
        np.full(problem.dimension, np.inf),
    )


def rank_of(truth: Array, draws: Array) -> NDArray[np.int_]:
    """How many of L draws ``(L, q)`` lie below each of q true values ``(q,)``."""
    return np.asarray((draws < truth).sum(axis=0))


def between(ranks: NDArray[np.int_], n_draws: int, seed: Sequence[int]) -> Array:
    """Ranks ``(q,)`` among L draws as numbers from 0 to 1, uniform if the ranks are.

    A rank is one of L + 1 and stands for an interval of that length; where within it is drawn.
    """
    within = np.random.default_rng(np.random.SeedSequence(tuple(seed))).random(len(ranks))
    return (ranks + within) / (n_draws + 1)


def uniformity(scores: Array, names: Sequence[str], seed: int = 0) -> pd.DataFrame:
    """Test whether each of q quantities has uniform scores over n data sets.

    Args:
        scores: ``(n, q)`` from 0 to 1, see :func:`between`.
        names: of the q quantities.
        seed: of the uniform samples that the statistics are compared with.

    Returns:
        One row a quantity: ``quantity``; ``mean`` (0.5 if uniform; more where true values lie above
        the draws); ``spread``, the standard deviation over that of a uniform one (above 1 where the
        draws are too narrow); ``statistic`` of Anderson and Darling, its ``p_value``, and that of
        Holm over all quantities, ``holm``.

    Raises:
        InputError: scores of another number of quantities, outside 0 to 1, or of one data set.
    """
    scores = np.asarray(scores, dtype=float)
    if scores.ndim != 2 or scores.shape[1] != len(names) or len(scores) < 2:
        raise InputError(
            f"scores of shape {scores.shape} for {len(names)} quantities; expected two data sets "
            "or more, and one score a quantity."
        )
    if not np.all((scores > 0) & (scores < 1)):
        raise InputError("a score is not between 0 and 1; expected ranks from between().")
    statistics = anderson_darling(scores)
    null = anderson_darling(np.random.default_rng(seed).random((len(scores), N_NULL)))
    larger = (null >= statistics[:, None]).sum(axis=1)
    p_values = (larger + 1) / (N_NULL + 1)
    return late.pandas.DataFrame(
        {
            "quantity": list(names),
            "mean": scores.mean(axis=0),
            "spread": scores.std(axis=0, ddof=1) * np.sqrt(12.0),
            "statistic": statistics,
            "p_value": p_values,
            "holm": holm(p_values),
        }
    )


def anderson_darling(scores: Array) -> Array:
    """Anderson and Darling's statistic of each column of ``(n, q)``, against uniform, ``(q,)``.

    Source: Anderson and Darling 1954, doi 10.1080/01621459.1954.10501232.
    """
    ordered = np.sort(scores, axis=0)
    n = len(ordered)
    odd = (2 * np.arange(n) + 1)[:, None]
    ends = np.log(ordered) + np.log1p(-ordered[::-1])
    return np.asarray(-n - (odd * ends).sum(axis=0) / n)


def holm(p_values: Array) -> Array:
    """P values ``(q,)`` adjusted so that the chance of any false alarm is the level.

    Source: Holm 1979, Scand J Statist 6, 65-70.
    """
    order = np.argsort(p_values, kind="stable")
    factors = np.arange(len(p_values), 0, -1)
    adjusted = np.empty(len(p_values))
    adjusted[order] = np.minimum(1.0, np.maximum.accumulate(factors * p_values[order]))
    return adjusted
