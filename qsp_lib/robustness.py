"""How far the order of the three drugs survives when the network's parameters move.

Exploratory: draws around the lock, kept if the order holds and the two fitted drugs'
peaks stay in declared bands. No OKT3 level is in any criterion, and nothing here feeds
a blind interval or replaces a locked value: every draw is simulated on explicitly
unlocked copies, whose mark goes with the results.

Declared before anything was computed: draws within a factor :data:`WIDTH` of the lock,
Hill exponents within :data:`HILL_RANGE`, peaks within a factor :data:`BAND`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import IntEnum
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from . import severity
from .blind_test import ARMS, ORDERED
from .dosing import Regimen
from .drugs import load_drug
from .equations import FEEDBACKS, NETWORK
from .errors import InputError
from .lock import Record
from .parameters import Draws, DrugInputs, NetworkParameters, network_table
from .rejection import Band, LogUniform, Sample, Share, rejection, sample_of, share, sobol, wilson
from .severity import TIE
from .simulate import simulate
from .sweep import part_of, sweep

if TYPE_CHECKING:
    import pandas as pd

Array = NDArray[np.float64]

WIDTH = 2.0
"""Draws are log-uniform from the locked value over this factor to the value times it."""
HILL_RANGE = (1.0, 4.0)
"""Range of the Hill exponents n_M and n_S at any width; they are fixed at 2 in the fit."""
BAND = 3.0
"""A peak may differ from its locked level by this factor."""
N_DRAWS = 5000
PUBLISHED: Share = wilson(692, 5000)
"""The published accepted share: 692 of 5,000 (doi:10.64898/2026.05.05.722920)."""
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
class Arm:
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
        horizon_h, rtol, atol, engine: as for :func:`qsp_lib.simulate.simulate`.
    """

    names: tuple[str, ...]
    network: NetworkParameters
    arms: tuple[Arm, ...]
    horizon_h: float
    rtol: float
    atol: float
    engine: str

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
        column, times = 0, report_times(self.horizon_h)
        for arm in self.arms:
            trajectory = simulate(
                arm.drug, self.network, arm.regimen, draws=draws, times=times,
                horizon_h=self.horizon_h, rtol=self.rtol, atol=self.atol, engine=self.engine,
            )  # fmt: skip
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
        Arm(
            record.drug(drug).unlocked(),
            load_drug(drug).regimens[regimen],
            ("S", *BANDED.get(drug, ())),
        )
        for drug, regimen in (ARMS[name] for name in ORDERED)
    )
    solver = record.content["solver"]
    return PeakSimulator(
        tuple(names), network, arms, solver["horizon_h"], solver["rtol"], solver["atol"],
        solver["engine"],
    )  # fmt: skip


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


def criteria(locked: Mapping[str, float], band: float = BAND, tie: float = TIE) -> tuple[Band, ...]:
    """The order, and the bands on the fitted drugs' peaks around their locked levels.

    Args:
        locked: quantities at the lock, from :func:`at_lock`.
        band: a factor above 1.
        tie: two indices this close are tied.

    Raises:
        InputError: a band or a tie that is empty or negative.
    """
    labels = {"TNF": "TNF", "IFN": "IFN-γ", "IL6": "IL-6"}
    titles = {"blinatumomab": "blinatumomab", "tgn1412": "TGN1412"}
    bands = tuple(
        Band.within_factor(
            f"{titles[drug]} {labels[state]} peak", f"level.{drug}.{state}",
            locked[f"level.{drug}.{state}"], band,
        )
        for drug, states in BANDED.items()
        for state in states
    )  # fmt: skip
    return order_criteria(tie) + bands


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


def space(record: Record, width: float = WIDTH) -> LogUniform:
    """The 17 parameters, log-uniform within a factor of the lock and within their bounds.

    Raises:
        InputError: a width that is not a factor above 1.
    """
    bounds = {name: (row.lower, row.upper) for name, row in network_table().items()}
    bounds |= {"n_M": HILL_RANGE, "n_S": HILL_RANGE}
    return LogUniform.around(record.network.values(), width, within=bounds)


def ensemble(
    record: Record,
    n_draws: int = N_DRAWS,
    seed: int | None = None,
    width: float = WIDTH,
    band: float = BAND,
    feedback: str | None = None,
    **options: Any,
) -> Sample:
    """Draws of the 17 parameters around the lock, held to the order and to the bands.

    Args:
        record: the lock record.
        n_draws: how many.
        seed: of the Sobol points; the record's own by default.
        width: factor around the locked values.
        band: factor around the fitted drugs' locked peaks.
        feedback: another structure on the same draws.
        options: of :func:`qsp_lib.sweep.sweep`.

    Raises:
        InputError: zero draws, a width or band that is not a factor above 1.
    """
    held_to = criteria(at_lock(record), band)
    return rejection(
        space(record, width), simulator(record, feedback=feedback), held_to, n_draws,
        record.seed if seed is None else seed, derived,
        **({"lock": record.digest, "label": "ensemble"} | options),
    )  # fmt: skip


def _shares(sample: Sample) -> dict[str, float]:
    """Accepted share with its interval, and the shares that meet the order and the bands."""
    ordered = np.asarray(sample.passes[:2].all(axis=0))
    in_bands = np.asarray(sample.passes[2:].all(axis=0))
    return {
        "accepted": sample.share.value, "low": sample.share.low, "high": sample.share.high,
        "ordered": share(ordered).value, "in_bands": share(in_bands).value,
    }  # fmt: skip


def acceptance_by_width(
    record: Record,
    widths: Sequence[float] | Array,
    n_draws: int,
    seed: int | None = None,
    band: float = BAND,
    **options: Any,
) -> pd.DataFrame:
    """Acceptance as a function of the width of the draws; ``n_draws`` at each, one sweep.

    Columns: ``width``, ``accepted``, ``low``, ``high``, ``ordered``, ``in_bands``, ``failed``.

    Raises:
        InputError: no widths, or one that is not a factor above 1.
    """
    import pandas as pd

    widths = list(widths)
    if not widths:
        raise InputError("no widths were given; expected at least one factor above 1.")
    run, held_to = simulator(record), criteria(at_lock(record), band)
    unit = sobol(n_draws, len(NETWORK), record.seed if seed is None else seed)
    points = np.concatenate([space(record, width).quantile(unit) for width in widths])
    values = sweep(run, points, **({"lock": record.digest, "label": "widths"} | options))
    rows = []
    for width, chunk, part in zip(
        widths, np.split(points, len(widths)), np.split(values, len(widths)), strict=True
    ):
        sample = sample_of(run.names, unit, chunk, run.quantities, part, held_to, derived)
        rows.append({"width": width} | _shares(sample) | {"failed": sample.failed})
    return pd.DataFrame(rows)


def acceptance_by_band(
    sample: Sample, locked: Mapping[str, float], bands: Sequence[float]
) -> pd.DataFrame:
    """The same draws held to other bands: columns as above, with ``band`` first."""
    import pandas as pd

    found = ((band, sample.with_criteria(criteria(locked, band))) for band in bands)
    return pd.DataFrame([{"band": band} | _shares(again) for band, again in found])


def acceptance_by_tie(
    sample: Sample, locked: Mapping[str, float], ties: Sequence[float], band: float = BAND
) -> pd.DataFrame:
    """The same draws with other widths of a tie: columns as above, with ``tie`` first."""
    import pandas as pd

    found = ((tie, sample.with_criteria(criteria(locked, band, tie))) for tie in ties)
    return pd.DataFrame([{"tie": tie} | _shares(again) for tie, again in found])


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


def upstream_drive(record: Record) -> pd.DataFrame:
    """What reaches the network, at the lock: activated T cells of each drug.

    No network parameter has any part in it, so it is the same in every draw. Columns:
    ``drug``, ``peak`` (fraction), ``time_h`` of it, ``area`` (h) over the horizon.
    """
    import pandas as pd

    rows = []
    for drug, regimen in (ARMS[name] for name in ORDERED):
        run = simulate(
            record.drug(drug), record.network, load_drug(drug).regimens[regimen],
            horizon_h=record.content["solver"]["horizon_h"],
        )  # fmt: skip
        peak = run.peak("A")
        rows.append(
            {
                "drug": drug, "peak": float(peak.value), "time_h": float(peak.time_h),
                "area": float(run.area("A")),
            }
        )  # fmt: skip
    return pd.DataFrame(rows)


def structures_at_lock(record: Record) -> pd.DataFrame:
    """The order at the locked values under each structure, none of them fitted again.

    Columns: ``structure``, ``blinatumomab``, ``okt3``, ``tgn1412`` (indices), ``order``.
    """
    import pandas as pd

    rows = []
    for feedback in reversed(FEEDBACKS):
        found = at_lock(record, feedback)
        z = {drug: found[f"z.{drug}"] for drug in ORDERED}
        rows.append({"structure": feedback} | z | {"order": severity.order(z)})
    return pd.DataFrame(rows)


def controls(
    record: Record,
    n_draws: int,
    seed: int | None = None,
    width: float = WIDTH,
    band: float = BAND,
    feedbacks: Sequence[str] = ("none", "ungated"),
    **options: Any,
) -> dict[str, Sample]:
    """The same draws under other structures, held to the same criteria: feedback off, gate off.

    A checkpoint among the options keeps each structure in a folder of its own, named after it.
    """
    return {
        feedback: ensemble(
            record, n_draws, seed, width, band, feedback, **part_of(options, feedback)
        )
        for feedback in feedbacks
    }


def first_draws(sample: Sample, n_draws: int) -> Sample:
    """The first draws of a sample; the same as a sample of that many.

    Raises:
        InputError: fewer than one, or more than there are.
    """
    if not 1 <= n_draws <= len(sample):
        raise InputError(f"the first {n_draws} draws; expected 1 to {len(sample)}.")
    part = slice(n_draws)
    return replace(
        sample, unit=sample.unit[part], points=sample.points[part],
        quantities={name: values[part] for name, values in sample.quantities.items()},
        completed=sample.completed[part],
    )  # fmt: skip
