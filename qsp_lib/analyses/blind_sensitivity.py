"""What a blind prediction rests on: the fit or what was declared, and what no draw could change.

Everything here is asked after the lock, on its own draws or on explicitly unlocked copies; nothing
of it is part of the prediction.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..calibration import FITTED, declared_draws, estimated
from ..common import InputError
from ..model import CONSTANT_RECOVERY, Draws, NetworkParameters, severity
from ..protocol import ARMS, CHECKS, HOLDS, BlindRun, Record, check_all

Array = NDArray[np.float64]
BLIND = "okt3"
BY_CONSTRUCTION_FROM = 0.95
"""A check that holds in more of the draws of the drug's prior inputs could hardly fail."""
FAST_RETURN_PER_H = 0.14
"""Recovery at the pace of receptor return after OKT3 (ST026, ST027), 1/h."""


@dataclass(frozen=True)
class VarianceShares:
    """How much of a quantity's variance over draws comes from where.

    Attributes:
        fit, declared: first-order shares of what was fitted and of what was declared.
        error: Monte-Carlo standard error of either, about.
    """

    fit: float
    declared: float
    error: float

    @property
    def both(self) -> float:
        """What neither gives alone."""
        return 1.0 - self.fit - self.declared


def variance_shares(values: Array, crossed: Array) -> VarianceShares:
    """First-order shares of variance by exchange of inputs.

    Sobol' 2001 (doi:10.1016/S0378-4754(00)00270-6): the share of one group of inputs is the
    correlation of two evaluations that have that group in common and nothing else. Draw ``i`` of
    the crossed values has the fit of draw ``i`` and the declared inputs of draw ``i + 1``.

    Args:
        values: of draws, ``(n,)``.
        crossed: of the same draws crossed (:meth:`.Record.crossed_draws`), ``(n,)``.

    Raises:
        InputError: fewer than 3 draws, different numbers of them, or values that do not vary.
    """
    if values.shape != crossed.shape or values.ndim != 1 or values.size < 3:
        raise InputError(
            f"{values.shape} values and {crossed.shape} crossed ones; expected as many of both, 3 "
            "or more."
        )
    pairs = {"fit": (values, crossed), "declared": (np.roll(values, -1), crossed)}
    kept = {name: np.isfinite(a) & np.isfinite(b) for name, (a, b) in pairs.items()}
    if not all(np.std(a[kept[name]]) > 0 for name, (a, _) in pairs.items()):
        raise InputError("the values do not vary, so that there is nothing to share out.")
    found = {
        name: float(np.corrcoef(a[kept[name]], b[kept[name]])[0, 1])
        for name, (a, b) in pairs.items()
    }
    return VarianceShares(error=float(1.0 / np.sqrt(values.size)), **found)


def sources_of_variance(record: Record, n_draws: int) -> dict[str, VarianceShares]:
    """Whence the variance of the blind drug's severity and of its log10 peaks comes.

    Returns:
        By ``index`` and by cytokine.
    """
    runs = [
        record.run(BLIND, draws=draws[BLIND])
        for draws in (record.draws(n_draws), record.crossed_draws(n_draws))
    ]
    found = {"index": [_over_all(run, severity.index(run.select(run.completed))) for run in runs]}
    for name in ("TNF", "IFN", "IL6"):
        found[name] = [
            _over_all(
                run,
                np.log10(run.select(run.completed).peak(name).value + record.baselines[name]),
            )
            for run in runs
        ]
    return {name: variance_shares(*both) for name, both in found.items()}


def _over_all(run: Any, values: Array) -> Array:
    """Values of the draws that completed, NaN for the others."""
    whole = np.full(run.completed.shape, np.nan)
    whole[run.completed] = values
    return whole


def prior_inputs(record: Record, n_draws: int) -> Draws:
    """The blind drug's inputs drawn from their priors, as they were before any fit.

    The rate that it takes over from another drug comes from that rate's own prior.
    """
    own = {name: prior for name, prior in record.assumed.items() if name.startswith(f"{BLIND}.")}
    fitted = estimated(FITTED, inputs=record.inputs)
    lent = {f"{owner}.{rate}" for rate, owner in record.same_as[BLIND].items()}
    priors = own | {name: fitted[name] for name in (*lent, "k_rec") if name in fitted}
    drawn = declared_draws(priors, n_draws, record.seed + 2)
    values = {
        name.rpartition(".")[2]: value
        for name, value in drawn.items()
        if "/" not in name and name not in lent
    }
    for rate, owner in record.same_as[BLIND].items():
        factor = drawn.get(f"{BLIND}.{rate}/{owner}.{rate}", 1.0)
        values[rate] = drawn[f"{owner}.{rate}"] * factor
    if "half_life" in values:
        values["CL"] = np.log(2.0) * values["V1"] / values.pop("half_life")
    return Draws(values)


def checks_over_prior_inputs(record: Record, n_draws: int) -> dict[str, float]:
    """Share of draws of the blind drug's prior inputs in which each check holds.

    The network and both other drugs stay at the locked point.
    """
    drawn, network = prior_inputs(record, n_draws), record.network.unlocked()
    arms = {}
    for name, (drug, regimen) in ARMS.items():
        if drug == BLIND:
            own = drawn
        else:  # the same n times, so that one can be set beside the other
            own = Draws({"k_exh": np.full(n_draws, record.drug(drug).k_exh)})
        unlocked = record.drug(drug).unlocked()
        arms[name] = record.run(unlocked, regimen, network=network, draws=own)
    return _shares(BlindRun(arms))


def with_other_recovery(record: Record, n_draws: int) -> dict[str, dict[str, float]]:
    """Share of draws in which each check holds if T cells recover otherwise.

    Returns:
        By ``fast`` (at :data:`FAST_RETURN_PER_H`) and ``without rest`` (at all times, as in
        version 1): by check.
    """
    draws = record.draws(n_draws)
    faster = {
        drug: Draws(dict(own.values) | {"k_rec": np.full(n_draws, FAST_RETURN_PER_H)})
        for drug, own in draws.items()
    }
    network = record.network.unlocked()
    at_all_times = network.replace(t_cells=CONSTANT_RECOVERY)
    return {
        "fast": _shares(_on_copies(record, network, faster)),
        "without rest": _shares(_on_copies(record, at_all_times, draws)),
    }


def _on_copies(record: Record, network: NetworkParameters, draws: Mapping[str, Draws]) -> BlindRun:
    """Every arm of the protocol on explicitly unlocked copies."""
    return BlindRun(
        {
            name: record.run(
                record.drug(drug).unlocked(), regimen, network=network, draws=draws[drug]
            )
            for name, (drug, regimen) in ARMS.items()
        }
    )


def _shares(run: BlindRun) -> dict[str, float]:
    verdicts: Mapping[str, NDArray[np.int_]] = check_all(run)
    return {name: float(np.mean(verdicts[name] == HOLDS)) for name in CHECKS}
