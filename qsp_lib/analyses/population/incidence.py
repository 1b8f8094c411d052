"""Incidence: the share of patients whose severity index passes a limit that one open number sets.

No published level of IL-6 separates patients with the syndrome from those without (BO026 found
peaks not associated with it), so nothing here says who falls ill. The limit x is the index that
as many patients pass as had the syndrome under one published regimen (EA038, 15 %), draw by draw;
others are then asked for. It is a leukaemia number: carrying it to other diseases is an assumption.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from ...evidence import LIMITING_INCIDENCE, OTHER_INCIDENCES, load_tables
from .population import Population, Weights
from .quantiles import (
    OverDraws,
    over_draws,
    quantile_error,
    share_error,
    weighted_quantile,
    weighted_share,
)
from .simulating import INDEX

Array = NDArray[np.float64]

SETS, (ASKED, NARROW) = LIMITING_INCIDENCE, OTHER_INCIDENCES
"""Rows: what sets the limit; little disease; the same trial under a narrower term."""
CAVEAT = (
    "Illustrative: the limit is set by one published incidence (EA038) and peaks of IL-6 were not "
    "associated with the syndrome (BO026), so this is a share of patients above an index and not "
    "a forecast of who falls ill."
)


@dataclass(frozen=True)
class Published:
    """A published share of patients with the syndrome."""

    id: str
    share: float
    population: str

    @classmethod
    def of_row(cls, name: str) -> Published:
        """From an evidence row in percent."""
        row = load_tables().row(name)
        return cls(name, row.number() / 100.0, row.population)


@lru_cache(maxsize=1)
def published() -> dict[str, Published]:
    """The three, by row."""
    return {name: Published.of_row(name) for name in (SETS, ASKED, NARROW)}


@dataclass(frozen=True)
class Limit:
    """The index that a published share of patients passes, one a draw.

    Attributes:
        arm: the treatment it is set by.
        share: that passes it there.
        index: ``(D,)``; NaN in draws without weights.
        errors: its Monte-Carlo standard error ``(D,)``.
    """

    arm: str
    share: float
    index: Array
    errors: Array

    def over_draws(self) -> OverDraws:
        """The limit itself, over the draws that have one."""
        good = np.isfinite(self.index)
        return OverDraws.of(self.index[good], self.errors[good])


def limit_from(population: Population, weights: Weights, arm: str, share: float) -> Limit:
    """The limit that a share of the patients of one treatment passes, draw by draw."""
    values = population.of(arm, "index")
    index, errors = np.full(len(values), np.nan), np.full(len(values), np.nan)
    for draw in np.flatnonzero(weights.met):
        w = weights.weights[draw]
        index[draw] = weighted_quantile(values[draw], w, 1.0 - share)
        errors[draw] = quantile_error(values[draw], w, 1.0 - share)
    return Limit(arm, share, index, errors)


@dataclass(frozen=True)
class Shares:
    """The share of the patients of a treatment above a limit, one a draw.

    Attributes:
        share: ``(D,)``; NaN in draws without weights.
        errors: its Monte-Carlo standard error ``(D,)``, from the patients' finite number: of the
            share at the limit, and of the limit itself as if other patients had set it. They are
            the same, and what moves the limit up moves the share up, so it is no less than this.
    """

    share: Array
    errors: Array

    def over_draws(self) -> OverDraws:
        """Over the draws that have one."""
        good = np.isfinite(self.share)
        return OverDraws.of(self.share[good], self.errors[good])

    @property
    def median_error(self) -> float:
        """Monte-Carlo standard error of the median over draws: of finite draws and patients."""
        good = self.share[np.isfinite(self.share)]
        return quantile_error(good, np.ones(len(good)), 0.5)


def shares(
    population: Population, weights: Weights, arm: str, limit: Limit, quantity: str = INDEX
) -> Shares:
    """The share of the patients of a treatment above the limit, draw by draw.

    Args:
        quantity: an index: the treatment's whole, or that of one of its stretches.
    """
    values = population.of(arm, quantity)
    share, errors = np.full(len(values), np.nan), np.full(len(values), np.nan)
    for draw in np.flatnonzero(weights.met):
        v, w = values[draw], weights.weights[draw]
        at, by = float(limit.index[draw]), float(limit.errors[draw])
        share[draw] = weighted_share(v, w, at)
        moved = (weighted_share(v, w, at - by) - weighted_share(v, w, at + by)) / 2
        errors[draw] = np.hypot(share_error(share[draw], w), moved)
    return Shares(share, errors)


def all_pass(population: Population, weights: Weights, arm: str, limit: Limit, n: int) -> OverDraws:
    """Probability that all of ``n`` patients of a treatment pass the limit, over draws."""

    def number(draw: int, v: Array, w: Array) -> tuple[float, float]:
        share = weighted_share(v, w, float(limit.index[draw]))
        return share**n, n * share ** (n - 1) * share_error(share, w)

    return over_draws(population.of(arm, "index"), weights.weights, number)
