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
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..common import InputError, late
from ..inference import (
    Band,
    LogUniform,
    Sample,
    Share,
    part_of,
    rejection,
    sample_of,
    share,
    sobol,
    sweep,
    wilson,
)
from ..model import NETWORK, TIE, network_table
from ..protocol import ARMS, ORDERED, Record
from .ordering import BANDED, at_lock, derived, order_criteria, simulator

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


def criteria(locked: Mapping[str, float], band: float = BAND, tie: float = TIE) -> tuple[Band, ...]:
    """The order, and the bands on the fitted drugs' peaks around their locked levels.

    Args:
        locked: quantities at the lock, from :func:`.at_lock`.
        band: a factor above 1.
        tie: two indices this close are tied.

    Raises:
        InputError: a band or a tie that is empty or negative.
    """
    labels = {"TNF": "TNF", "IFN": "IFN-γ", "IL6": "IL-6"}
    titles = {"blinatumomab": "blinatumomab", "tgn1412": "TGN1412"}
    bands = tuple(
        Band.within_factor(
            f"{titles[drug]} {labels[state]} peak",
            f"level.{drug}.{state}",
            locked[f"level.{drug}.{state}"],
            band,
        )
        for drug, states in BANDED.items()
        for state in states
    )
    return order_criteria(tie) + bands


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
        options: of :func:`qsp_lib.inference.sweeping.sweep`.

    Raises:
        InputError: zero draws, a width or band that is not a factor above 1.
    """
    held_to = criteria(at_lock(record), band)
    return rejection(
        space(record, width),
        simulator(record, feedback=feedback),
        held_to,
        n_draws,
        record.seed if seed is None else seed,
        derived,
        **({"lock": record.digest, "label": "ensemble"} | options),
    )


def _shares(sample: Sample) -> dict[str, float]:
    """Accepted share with its interval, and the shares that meet the order and the bands."""
    ordered = np.asarray(sample.passes[:2].all(axis=0))
    in_bands = np.asarray(sample.passes[2:].all(axis=0))
    return {
        "accepted": sample.share.value,
        "low": sample.share.low,
        "high": sample.share.high,
        "ordered": share(ordered).value,
        "in_bands": share(in_bands).value,
    }


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
    return late.pandas.DataFrame(rows)


def acceptance_by_band(
    sample: Sample, locked: Mapping[str, float], bands: Sequence[float]
) -> pd.DataFrame:
    """The same draws held to other bands: columns as above, with ``band`` first."""

    found = ((band, sample.with_criteria(criteria(locked, band))) for band in bands)
    return late.pandas.DataFrame([{"band": band} | _shares(again) for band, again in found])


def acceptance_by_tie(
    sample: Sample, locked: Mapping[str, float], ties: Sequence[float], band: float = BAND
) -> pd.DataFrame:
    """The same draws with other widths of a tie: columns as above, with ``tie`` first."""

    found = ((tie, sample.with_criteria(criteria(locked, band, tie))) for tie in ties)
    return late.pandas.DataFrame([{"tie": tie} | _shares(again) for tie, again in found])


def upstream_drive(record: Record) -> pd.DataFrame:
    """What reaches the network, at the lock: activated T cells of each drug.

    No network parameter has any part in it, so it is the same in every draw. Columns:
    ``drug``, ``peak`` (fraction), ``time_h`` of it, ``area`` (h) over the horizon.
    """

    rows = []
    for drug, regimen in (ARMS[name] for name in ORDERED):
        run = record.run(drug, regimen)
        peak = run.peak("A")
        rows.append(
            {
                "drug": drug,
                "peak": float(peak.value),
                "time_h": float(peak.time_h),
                "area": float(run.area("A")),
            }
        )
    return late.pandas.DataFrame(rows)


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
        sample,
        unit=sample.unit[part],
        points=sample.points[part],
        quantities={name: values[part] for name, values in sample.quantities.items()},
        completed=sample.completed[part],
    )
