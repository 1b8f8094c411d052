"""Averages over clusters of rows that belong together, and how far such an average reaches.

Rows of one drug, dose and study are one outcome told several times. They are averaged first, and
only these averages are averaged, resampled and counted.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def cluster_means(clusters: Sequence[Hashable], values: Sequence[float]) -> Array:
    """Mean of the values of each cluster ``(K,)``, in the order in which clusters first appear."""
    found: dict[Hashable, list[float]] = {}
    for cluster, value in zip(clusters, values, strict=True):
        found.setdefault(cluster, []).append(value)
    return np.array([float(np.mean(members)) for members in found.values()])


def resamples(n_clusters: int, n_resamples: int, seed: int) -> NDArray[np.int_]:
    """Clusters drawn with replacement, ``(n_resamples, n_clusters)``."""
    draw = np.random.default_rng(seed)
    return draw.integers(0, n_clusters, size=(n_resamples, n_clusters))


def skill(scores: Array, reference: Array) -> float:
    """1 - mean score / mean score of the reference; 1 is perfect, 0 no better than it."""
    return float(1 - scores.mean() / reference.mean())


def skill_interval(
    scores: Array, reference: Array, n_resamples: int, seed: int, share: float
) -> tuple[float, float]:
    """Central interval of :func:`skill` over resampled clusters ``(K,)``."""
    chosen = resamples(scores.size, n_resamples, seed)
    drawn = 1 - scores[chosen].mean(axis=1) / reference[chosen].mean(axis=1)
    return _central(drawn, share)


def difference_interval(
    differences: Array, n_resamples: int, seed: int, share: float
) -> tuple[float, float]:
    """Central interval of the mean of differences ``(K,)`` over resampled clusters."""
    chosen = resamples(differences.size, n_resamples, seed)
    return _central(differences[chosen].mean(axis=1), share)


def claim(
    n_clusters: int, least: int, value: float, ends: tuple[float, float]
) -> Mapping[str, float | str | None]:
    """A skill with its interval, or, of too few clusters, the words that none is claimed."""
    if n_clusters < least:
        words = f"none claimed: {n_clusters} clusters, and {least} are needed"
        return {"value": None, "low": None, "high": None, "claim": words}
    return {"value": value, "low": ends[0], "high": ends[1], "claim": "over clusters"}


def _central(drawn: Array, share: float) -> tuple[float, float]:
    low, high = np.quantile(drawn, [(1 - share) / 2, (1 + share) / 2])
    return float(low), float(high)
