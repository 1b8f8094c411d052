"""The swap test: exchange upstream parameters between two drugs and see who is worse.

The claim is that exchanging the rate of exhaustion between OKT3 and TGN1412 reverses
their order. Everything else here is a control: other parameters exchanged one at a
time, the feedback switched off, exchanges in part, and OKT3's activation rate varied
on its own. All of it runs on explicitly unlocked copies, and says so.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import brentq

from ..common import InputError
from ..model import Draws, DrugInputs, NetworkParameters, Trajectory, severity
from ..protocol import Record

Array = NDArray[np.float64]

MILDER, WORSE = "okt3", "tgn1412"
SWAPS: Mapping[str, tuple[str, ...]] = {
    "k_exh": ("k_exh",),
    "k_act": ("k_act",),
    "k_rec": ("k_rec",),
    "EC50": ("EC50",),
    "clearance and volumes": ("V1", "CL", "V2", "Q"),
    "regimen": (),
    "exposure (clearance, volumes, regimen)": ("V1", "CL", "V2", "Q"),
    "all but k_exh": ("k_act", "k_rec", "EC50", "V1", "CL", "V2", "Q"),
}
"""What is exchanged, and the inputs that go with it."""
WITH_REGIMEN = (
    "regimen",
    "exposure (clearance, volumes, regimen)",
    "all but k_exh",
)


@dataclass(frozen=True)
class Pair:
    """Severity indices of the two drugs on the same network, scalars or ``(N,)``."""

    milder: Array
    worse: Array

    @property
    def gap(self) -> Array:
        """How far the drug that should be worse lies above the other."""
        return self.worse - self.milder

    def verdict(self) -> str:
        """The order in words, for one set."""
        return severity.order({MILDER: float(self.milder), WORSE: float(self.worse)})

    @property
    def reversed(self) -> NDArray[np.bool_]:
        """Whether the drug that should be milder is worse, by more than a tie."""
        return self.gap < -severity.TIE

    @property
    def kept(self) -> NDArray[np.bool_]:
        """Whether the order is the expected one, by more than a tie."""
        return self.gap > severity.TIE


def inputs_of(record: Record) -> tuple[DrugInputs, DrugInputs]:
    """Unlocked copies of the two drugs, the milder first."""
    return record.drug(MILDER).unlocked(), record.drug(WORSE).unlocked()


def exchanged(record: Record, swap: str) -> tuple[DrugInputs, DrugInputs]:
    """Both drugs with the inputs of a swap exchanged.

    Raises:
        InputError: an unknown swap.
    """
    if swap not in SWAPS:
        raise InputError(f"no swap {swap!r}; expected one of {list(SWAPS)}.")
    milder, worse = inputs_of(record)
    names = SWAPS[swap]
    return (
        milder.replace(**{name: getattr(worse, name) for name in names}),
        worse.replace(**{name: getattr(milder, name) for name in names}),
    )


def run_pair(
    record: Record,
    drugs: tuple[DrugInputs, DrugInputs],
    network: NetworkParameters,
    *,
    swap_regimens: bool = False,
    draws: tuple[Draws, Draws] | None = None,
) -> Pair:
    """Severity indices of the two drugs on a network.

    Args:
        record: whose solver and regimens are taken.
        drugs: unlocked copies, the milder first.
        network: an unlocked copy of the locked network.
        swap_regimens: give each drug's inputs the other's doses.
        draws: parameter sets of the two drugs, of the same length.
    """
    regimens = [record.regimen(name) for name in (MILDER, WORSE)]
    if swap_regimens:
        regimens.reverse()
    runs: list[Trajectory] = [
        record.run(drug, regimen, network=network, draws=None if draws is None else draws[i])
        for i, (drug, regimen) in enumerate(zip(drugs, regimens, strict=True))
    ]
    return Pair(*(np.asarray(severity.index(run)) for run in runs))


def one_at_a_time(record: Record, feedback: str = "gated") -> pd.DataFrame:
    """Every swap, and none: indices, order, and whether it reverses.

    Args:
        feedback: structure of the network; other than the locked one for a control.
    """
    network = record.network.unlocked().replace(feedback=feedback)
    base = run_pair(record, inputs_of(record), network)
    rows = [_row("nothing", base, base)]
    for swap in SWAPS:
        pair = run_pair(
            record, exchanged(record, swap), network, swap_regimens=swap in WITH_REGIMEN
        )
        rows.append(_row(swap, pair, base))
    return pd.DataFrame(rows)


def _row(swap: str, pair: Pair, base: Pair) -> dict[str, object]:
    return {
        "swap": swap,
        "okt3_index": float(pair.milder),
        "tgn1412_index": float(pair.worse),
        "gap": float(pair.gap),
        "order": pair.verdict(),
        "reversed": bool(base.kept & pair.reversed),
    }


def partial_swaps(record: Record, fractions: ArrayLike, feedback: str = "gated") -> Pair:
    """k_exh exchanged in part: at fraction f each rate is f of the way, in log, to the other's.

    Args:
        fractions: ``(N,)``, from 0 (as locked) to 1 (exchanged).

    Raises:
        InputError: a fraction outside 0 to 1.
    """
    f = np.atleast_1d(np.asarray(fractions, dtype=float))
    if not np.all((f >= 0) & (f <= 1)):
        raise InputError("fractions of a swap must lie from 0 to 1.")
    milder, worse = inputs_of(record)
    network = record.network.unlocked().replace(feedback=feedback)
    low, high = np.log(worse.k_exh), np.log(milder.k_exh)
    draws = (
        Draws({"k_exh": np.exp(high + f * (low - high))}),
        Draws({"k_exh": np.exp(low + f * (high - low))}),
    )
    return run_pair(record, (milder, worse), network, draws=draws)


def flip_fraction(record: Record, feedback: str = "gated") -> float:
    """Fraction of the exchange at which the two indices are equal; NaN if they never are."""

    def gap(fraction: float) -> float:
        return float(partial_swaps(record, [fraction], feedback).gap[0])

    return float(brentq(gap, 0.0, 1.0, xtol=1e-6)) if gap(0.0) * gap(1.0) < 0 else float("nan")


def vary_activation(record: Record, factors: ArrayLike, swapped: bool) -> Pair:
    """OKT3's k_act multiplied by factors ``(N,)``, k_exh as locked or exchanged.

    Raises:
        InputError: a factor of 0 or less.
    """
    factors = np.atleast_1d(np.asarray(factors, dtype=float))
    if not np.all(factors > 0):
        raise InputError("factors of k_act must be above 0.")
    milder, worse = exchanged(record, "k_exh") if swapped else inputs_of(record)
    draws = (
        Draws({"k_act": milder.k_act * factors}),
        Draws({"k_act": np.full(factors.size, worse.k_act)}),
    )
    return run_pair(record, (milder, worse), record.network.unlocked(), draws=draws)


def over_draws(record: Record, n_draws: int) -> dict[str, float]:
    """Shares of the record's own draws in which the order is as claimed, and reverses.

    Keys: ``kept`` (expected order as drawn), ``reversed`` (reversed after the exchange),
    ``both``, and ``reversed_given_kept``.
    """
    drawn = record.draws(n_draws)
    network = record.network.unlocked()
    base = run_pair(record, inputs_of(record), network, draws=(drawn[MILDER], drawn[WORSE]))
    rates = {name: drawn[name].values["k_exh"] for name in (MILDER, WORSE)}
    other = {MILDER: rates[WORSE], WORSE: rates[MILDER]}
    exchanged_draws = tuple(
        Draws(dict(drawn[name].values) | {"k_exh": other[name]}) for name in (MILDER, WORSE)
    )
    after = run_pair(record, inputs_of(record), network, draws=exchanged_draws)  # type: ignore[arg-type]
    both = base.kept & after.reversed
    return {
        "kept": float(base.kept.mean()),
        "reversed": float(after.reversed.mean()),
        "both": float(both.mean()),
        "reversed_given_kept": float(both.sum() / max(base.kept.sum(), 1)),
    }


def engagement(record: Record) -> dict[str, float]:
    """Mean receptor engagement of each drug over the first day (0 to 1)."""
    return {
        name: float(record.run(name, horizon_h=24.0).mean_engagement()) for name in (MILDER, WORSE)
    }
