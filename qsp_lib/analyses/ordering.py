"""The order of the three drugs and the peaks of the fitted two, as criteria for draws."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ..common import InputError, late
from ..inference import Band
from ..model import (
    FEEDBACKS,
    NETWORK,
    TIE,
    Draws,
    DrugInputs,
    NetworkParameters,
    Regimen,
    Solver,
    severity,
    simulate,
)
from ..protocol import ARMS, ORDERED, Record

Array = NDArray[np.float64]
if TYPE_CHECKING:
    import pandas as pd


BANDED = {"blinatumomab": ("IL6",), "tgn1412": ("TNF", "IFN", "IL6")}
"""Peaks that are held to a band: those that the lock was fitted to. OKT3 has none."""


def report_times(horizon_h: float) -> Array:
    """Report times (h) for peaks only: every 0.5 h to 48 h, then every 2 h.

    With Hermite interpolation the peaks are within 1e-4 of those of the dense report at
    a tolerance of 1e-10, over draws within a factor 4 (a test holds it to that).
    """
    early = np.arange(0.5, min(48.0, horizon_h), 0.5)
    return np.append(np.concatenate([early, np.arange(48.0, horizon_h, 2.0)]), horizon_h)


@dataclass(frozen=True)
class OrderedArm:
    """A drug, its doses, and the states whose peaks are asked for."""

    drug: DrugInputs
    regimen: Regimen
    states: tuple[str, ...]


@dataclass(frozen=True)
class PeakSimulator:
    """Peaks of every arm for a chunk of parameter sets; what worker processes run.

    Attributes:
        names: network parameters that vary, columns of what it is called with.
        network: the unlocked network; its other values stay as they are.
        arms: what is simulated.
        solver: engine, tolerances and horizon.
    """

    names: tuple[str, ...]
    network: NetworkParameters
    arms: tuple[OrderedArm, ...]
    solver: Solver

    @property
    def quantities(self) -> tuple[str, ...]:
        """``drug.state`` of each column: its peak above baseline (pg/mL)."""
        return tuple(f"{arm.drug.name}.{state}" for arm in self.arms for state in arm.states)

    @property
    def mark(self) -> str:
        """Words that go with everything made from it."""
        return self.network.lock.mark if self.network.lock is not None else ""

    def __call__(self, points: Array) -> Array:
        """Peaks ``(m, k)`` (pg/mL above baseline) for sets ``(m, d)``; failed sets are NaN."""
        draws = Draws({name: points[:, i] for i, name in enumerate(self.names)})
        peaks = np.full((len(points), len(self.quantities)), np.nan)
        completed = np.full(len(points), True)
        column, times = 0, report_times(self.solver.horizon_h)
        for arm in self.arms:
            trajectory = simulate(
                arm.drug,
                self.network,
                arm.regimen,
                draws=draws,
                times=times,
                **self.solver.options(),
            )
            good = trajectory.completed
            completed &= good
            kept = trajectory.select(good)
            for state in arm.states:
                if good.any():
                    peaks[good, column] = kept.peak(state).value
                column += 1
        peaks[~completed] = np.nan
        return peaks


def simulator(
    record: Record, names: Sequence[str] = NETWORK, feedback: str | None = None
) -> PeakSimulator:
    """The three drugs on unlocked copies of a record's values.

    Args:
        record: the lock record.
        names: network parameters that will vary.
        feedback: another structure, on the same values, not fitted again; default the locked.

    Raises:
        InputError: a name that is no network parameter, or no such structure.
    """
    if unknown := [name for name in names if name not in NETWORK]:
        raise InputError(f"no network parameter {unknown[0]!r}; expected some of {NETWORK}.")
    network = record.network.unlocked()
    if feedback is not None:
        network = network.replace(feedback=feedback)
    arms = tuple(
        OrderedArm(
            record.drug(drug).unlocked(),
            record.regimen(drug, regimen),
            ("S", *BANDED.get(drug, ())),
        )
        for drug, regimen in (ARMS[name] for name in ORDERED)
    )
    return PeakSimulator(
        tuple(names),
        network,
        arms,
        record.solver,
    )


def derived(peaks: Mapping[str, Array]) -> dict[str, Array]:
    """Severity indices, the two gaps between them, and levels, ``(N,)`` each.

    Keys: ``z.drug``; ``gap.low`` = z OKT3 - z blinatumomab; ``gap.high`` = z TGN1412 - z
    OKT3; ``level.drug.state``, the observed peak (pg/mL, baseline included).
    """
    z = {drug: np.log10(severity.fold_rise(peaks[f"{drug}.S"], "IL6")) for drug in ORDERED}
    mild, middle, severe = (z[drug] for drug in ORDERED)
    base = severity.baselines()
    levels = {
        f"level.{drug}.{state}": base[state] * severity.fold_rise(peaks[f"{drug}.{state}"], state)
        for drug, states in BANDED.items()
        for state in states
    }
    indices = {f"z.{drug}": value for drug, value in z.items()}
    return indices | {"gap.low": middle - mild, "gap.high": severe - middle} | levels


def order_criteria(tie: float = TIE) -> tuple[Band, Band]:
    """Both steps of the order, by more than ``tie``: a tie is not an order.

    Raises:
        InputError: a tie below 0.
    """
    if not tie >= 0:
        raise InputError(f"the tie is {tie!r}; expected 0 or more.")
    return (
        Band("blinatumomab < OKT3", "gap.low", low=tie),
        Band("OKT3 < TGN1412", "gap.high", low=tie),
    )


def at_lock(record: Record, feedback: str | None = None) -> dict[str, float]:
    """All quantities of :func:`derived` at the locked values.

    Raises:
        InputError: a simulation at the locked values that does not complete.
    """
    run = simulator(record, feedback=feedback)
    values = np.array([[getattr(run.network, name) for name in run.names]])
    peaks = dict(zip(run.quantities, run(values).T, strict=True))
    found = {name: float(value[0]) for name, value in derived(peaks).items()}
    if not all(np.isfinite(value) for value in found.values()):
        raise InputError(f"the lock does not integrate with feedback {run.network.feedback!r}.")
    return found


class Order(IntEnum):
    """What has become of the order blinatumomab < OKT3 < TGN1412."""

    EXPECTED = 0
    TIED = 1
    REVERSED = 2
    FAILED = 3


def orders(quantities: Mapping[str, Array], tie: float = TIE) -> NDArray[np.int_]:
    """An :class:`Order` for each set, ``(N,)``; a failed integration is no order."""
    gaps = np.stack([quantities["gap.low"], quantities["gap.high"]])
    codes = np.where((gaps < -tie).any(axis=0), Order.REVERSED, Order.TIED)
    codes = np.where((gaps > tie).all(axis=0), Order.EXPECTED, codes)
    return np.where(np.isfinite(gaps).all(axis=0), codes, Order.FAILED)


def in_sequence(quantities: Mapping[str, Array]) -> NDArray[np.bool_]:
    """Whether the indices are in the expected sequence at all, however close, ``(N,)``."""
    return (quantities["gap.low"] > 0) & (quantities["gap.high"] > 0)


def structures_at_lock(record: Record) -> pd.DataFrame:
    """The order at the locked values under each structure, none of them fitted again.

    Columns: ``structure``, ``blinatumomab``, ``okt3``, ``tgn1412`` (indices), ``order``.
    """

    rows = []
    for feedback in reversed(FEEDBACKS):
        found = at_lock(record, feedback)
        z = {drug: found[f"z.{drug}"] for drug in ORDERED}
        rows.append({"structure": feedback} | z | {"order": severity.order(z)})
    return late.pandas.DataFrame(rows)
