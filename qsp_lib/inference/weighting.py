"""Weighted draws: how many they are worth, their quantiles, and draws made of them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ..common import InputError

Array = NDArray[np.float64]


def kish(weights: Array) -> float:
    """Kish's effective number: how many equal weights give as precise a mean; 0 without weights.

    >>> kish(np.ones(10)), kish(np.array([1.0, 0.0]))
    (10.0, 1.0)
    """
    squares = float(np.sum(weights**2))
    return float(np.sum(weights)) ** 2 / squares if squares > 0 else 0.0


def kish_size(log_weights: Array) -> float:
    """:func:`kish` of draws with these log weights ``(n,)``."""
    return kish(np.exp(log_weights - np.max(log_weights)))


def weighted_quantiles(values: Array, log_weights: Array, levels: Sequence[float]) -> Array:
    """Quantiles of ``values`` ``(n,)`` with log weights ``(n,)``."""
    order = np.argsort(values, kind="stable")
    cumulative = np.cumsum(np.exp(log_weights)[order])
    at = np.searchsorted(cumulative, np.asarray(levels) * cumulative[-1])
    return np.asarray(values[order[at.clip(max=len(values) - 1)]], dtype=float)


def resampled(weights: Array, n_draws: int, generator: np.random.Generator) -> NDArray[np.int_]:
    """Which of some weighted points to take, in the order of the points.

    Systematic resampling (Kitagawa 1996, doi:10.2307/1390750): a point of weight ``w`` is taken
    ``w n_draws`` times, rounded down or up.

    Args:
        weights: of the points, ``(n,)``, finite, not negative, not all zero.
        n_draws: how many to take, 1 or more.
        generator: says where the comb begins.

    Raises:
        InputError: other weights, or no draws.
    """
    given = np.asarray(weights, dtype=float)
    whole = given.ndim == 1 and np.all(np.isfinite(given)) and np.all(given >= 0)
    if not whole or not given.sum() > 0 or n_draws < 1:
        raise InputError(
            f"{n_draws} draws of {given.shape} weights; expected 1 or more of finite weights that "
            "are not negative and not all zero."
        )
    edges = np.cumsum(given) / given.sum()
    comb = (np.arange(n_draws) + generator.random()) / n_draws
    return np.searchsorted(edges, comb, side="right").clip(max=int(np.flatnonzero(given)[-1]))


def systematic(weights: Array, n_draws: int, seed: int) -> NDArray[np.int_]:
    """:func:`resampled` in random order, all of it of one seed."""
    random = np.random.default_rng(seed)
    return random.permutation(resampled(weights, n_draws, random))
