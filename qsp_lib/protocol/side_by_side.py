"""Developed structures side by side: what speaks for each, and how far samplers agree."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ..common import late
from .developing import Development
from .ensembles import ensemble_of

if TYPE_CHECKING:
    import pandas as pd

Array = NDArray[np.float64]


def side_by_side(developed: Mapping[str, Development], names: Sequence[str]) -> pd.DataFrame:
    """What speaks for each structure, one row each, by name.

    Columns: ``cost`` of the optimum and ``starts_at_best``, the share of starts that end there;
    ``blinatumomab_rms_log10`` and ``tgn1412_rms_log10``, how far it misses the published points;
    ``log_evidence`` with its ``log_evidence_error``, and both again without the rows that are
    declared assumptions (``published_log_evidence``, ``published_log_evidence_error``);
    ``left_out_rms_sigma``, the error on courses left out; and ``facts_met``.
    """
    rows = {}
    for name in names:
        content = developed[name].content
        optimum = content["optimum"]
        left_out = np.array([course["rms_sigma"] for course in content["left_out"]])
        rows[name] = {
            "cost": optimum["cost"],
            "starts_at_best": optimum["share_of_starts"],
            **{f"{drug}_rms_log10": rms for drug, rms in optimum["rms_log10"].items()},
            "log_evidence": content["evidence"]["log_evidence"],
            "log_evidence_error": content["evidence"]["error"],
            "published_log_evidence": content["evidence_published_rows"]["log_evidence"],
            "published_log_evidence_error": content["evidence_published_rows"]["error"],
            "left_out_rms_sigma": float(np.sqrt(np.mean(left_out**2))),
            "facts_met": developed[name].facts_met,
        }
    return late.pandas.DataFrame.from_dict(rows, orient="index")


def fact_shares(developed: Mapping[str, Development], names: Sequence[str]) -> pd.DataFrame:
    """In what share of each structure's sample each open fact holds: a row a fact."""
    return late.pandas.DataFrame(
        {
            name: {fact: held["share"] for fact, held in developed[name].content["facts"].items()}
            for name in names
        }
    )


@dataclass(frozen=True)
class Odds:
    """Odds of one structure against another, by their evidence.

    Attributes:
        log: natural logarithm of the odds.
        error: its standard error.
    """

    log: float
    error: float

    @classmethod
    def of(cls, one: Development, other: Development, evidence: str = "evidence") -> Odds:
        """Of one structure against another; ``evidence`` is the key of what is kept of it."""
        first, second = one.content[evidence], other.content[evidence]
        return cls(
            first["log_evidence"] - second["log_evidence"],
            float(np.hypot(first["error"], second["error"])),
        )

    @property
    def value(self) -> float:
        """So many to one."""
        return float(np.exp(self.log))

    @property
    def interval(self) -> tuple[float, float]:
        """Two standard errors to either side."""
        low, high = np.exp([self.log - 2 * self.error, self.log + 2 * self.error])
        return float(low), float(high)


def by_ensemble(development: Development, n_draws: int) -> list[Array]:
    """The first draws of each ensemble that are in a kept sample, ``(n_draws, d)`` each, in log10.

    Fewer, if the sample has not as many of an ensemble.
    """
    sampler = development.content["sample"]["sampler"]
    which = ensemble_of(sampler)
    return [development.points[which == i][:n_draws] for i in range(int(sampler["ensembles"]))]


def ranks_apart(
    draws: Mapping[str, Array],
    runs: Sequence[Mapping[str, Sequence[float]]],
    levels: Sequence[float],
    size: float,
) -> tuple[float, float]:
    """How far the quantiles of another sampler are from those of some draws, as probabilities.

    A share of draws has the same meaning in every unit, and its error by chance is known.

    Args:
        draws: of each quantity, ``(n,)``.
        runs: of each run of the other sampler, its quantiles at ``levels`` by quantity.
        levels: probabilities.
        size: effective size of a run.

    Returns:
        The largest difference between a level and the share of the draws below the quantile at
        it, and the largest such difference in its standard errors, by both samples' sizes.
    """
    p = np.asarray(levels, dtype=float)
    apart, in_errors = [], []
    for name, values in draws.items():
        error = np.sqrt(p * (1 - p) * (1 / len(values) + 1 / size))
        for run in runs:
            below = np.mean(values[:, None] < np.asarray(run[name]), axis=0)
            apart.append(np.abs(below - p).max())
            in_errors.append((np.abs(below - p) / error).max())
    return float(max(apart)), float(max(in_errors))
