"""The joint posterior: Laplace's approximation, and a sampler to check it.

Draw i has its own seed, spawned from the one given, so a draw does not depend on
how many others are made or on how many workers make them.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ..common import InputError, late
from .fitting import Fit, Problem

if TYPE_CHECKING:
    import pandas as pd

Array = NDArray[np.float64]


def standard_normals(n_draws: int, width: int, seed: int) -> Array:
    """``(n_draws, width)`` standard normals, each row from its own spawned seed.

    Raises:
        InputError: fewer than one draw.
    """
    if n_draws < 1:
        raise InputError(f"{n_draws} draws; expected 1 or more.")
    children = np.random.SeedSequence(seed).spawn(n_draws)
    return np.stack([np.random.default_rng(child).standard_normal(width) for child in children])


def cholesky_factor(covariance: Array) -> Array:
    """Lower triangular factor ``(d, d)`` of a covariance ``(d, d)``, the same bits everywhere.

    LAPACK's factor depends in its last bits on the kernel that BLAS chooses for the processor.
    Here every element is made by single operations in the order of the columns (Cholesky and
    Banachiewicz), and IEEE 754 rounds each of them in one way.

    Raises:
        InputError: a matrix that is not square, or not positive definite.
    """
    given = np.asarray(covariance, dtype=float)
    if given.ndim != 2 or given.shape[0] != given.shape[1]:
        raise InputError(f"a covariance of shape {given.shape}; expected a square one.")
    rows, d = given.tolist(), len(given)
    factor = [[0.0] * d for _ in range(d)]
    for i in range(d):
        for j in range(i + 1):
            rest = rows[i][j]
            for k in range(j):
                rest -= factor[i][k] * factor[j][k]
            if i > j:
                factor[i][j] = rest / factor[j][j]
            elif rest > 0:
                factor[i][i] = math.sqrt(rest)
            else:
                raise InputError(
                    f"the covariance is not positive definite: {rest:g} is left of the variance "
                    f"of quantity {i} given those before it; expected more than 0."
                )
    return np.array(factor)


def plus_product(start: Array, left: Array, right: Array) -> Array:
    """``start + left @ right.T`` ``(n, m)``, the same bits everywhere.

    The sum of each element is made by single operations in the order of the columns of ``left``
    ``(n, k)`` and ``right`` ``(m, k)``, whatever n and m are.
    """
    total = np.array(start, dtype=float)
    for of_left, of_right in zip(left.T, right.T, strict=True):
        total += of_left[:, None] * of_right
    return total


def laplace_draws(mean: Array, covariance: Array, n_draws: int, seed: int) -> Array:
    """Draws ``(n_draws, d)`` of the Gaussian with this mean ``(d,)`` and covariance ``(d, d)``.

    Draw i has the same bits on every processor and however many are made: a product of matrices
    would leave them to the kernel of BLAS, which goes by the number of rows.

    Raises:
        InputError: a covariance that is not positive definite, or not finite.
    """
    if not np.all(np.isfinite(covariance)):
        raise InputError("the covariance is not finite: the posterior is flat along a direction.")
    factor = cholesky_factor(covariance)
    normals = standard_normals(n_draws, mean.size, seed)
    return plus_product(np.tile(mean, (n_draws, 1)), normals, factor)


def eigen_directions(result: Fit) -> tuple[Array, Array]:
    """Eigenvalues ``(d,)`` of the Hessian, stiffest first, and directions ``(d, d)`` as columns."""
    values, vectors = np.linalg.eigh(result.hessian)
    # the sign of an eigenvector is arbitrary: make its largest element positive
    signs = np.sign(vectors[np.argmax(np.abs(vectors), axis=0), np.arange(len(values))])
    return values[::-1], (vectors * signs)[:, ::-1]


def information(problem: Problem, result: Fit) -> pd.DataFrame:
    """Prior beside Laplace's posterior for each parameter: which ones did the data move?

    Columns: ``parameter``, medians, ``shift`` (log10 from the prior median), standard
    deviations in log10, ``sd_ratio`` (posterior over prior) and ``moved``: the
    posterior is narrower than 0.7 of the prior, or shifted by more than one prior sd.
    """
    return _beside_prior(problem, result.theta, np.sqrt(np.diag(result.covariance)))


def sampled_information(problem: Problem, points: Array) -> pd.DataFrame:
    """The same as :func:`information` by a sample of the posterior, ``(N, d)`` in log10."""
    return _beside_prior(problem, np.median(points, axis=0), points.std(axis=0))


def _beside_prior(problem: Problem, median: Array, sd: Array) -> pd.DataFrame:
    shift = median - problem.prior_mean
    frame = late.pandas.DataFrame(
        {
            "parameter": problem.names,
            "prior_median": 10.0**problem.prior_mean,
            "posterior_median": 10.0**median,
            "shift": shift,
            "prior_sd": problem.prior_sd,
            "posterior_sd": sd,
            "sd_ratio": sd / problem.prior_sd,
        }
    )
    moved = (frame["sd_ratio"] < 0.7) | (np.abs(frame["shift"]) > frame["prior_sd"])
    return frame.assign(moved=moved)


def data_spectrum(problem: Problem, result: Fit) -> Array:
    """Eigenvalues ``(d,)``, largest first, of the data's Hessian in units of the prior sd.

    Above 1 the data say more than the prior along that direction; the spread over
    decades is the model's sloppiness.
    """
    data = result.jacobian[: -problem.dimension] * problem.prior_sd
    singular = np.linalg.svd(data, compute_uv=False)
    values = np.zeros(problem.dimension)
    values[: singular.size] = singular**2
    return values
