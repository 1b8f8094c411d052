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
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..inference import (
    Band,
    LogUniform,
    Sample,
    part_of,
    rejection,
)
from ..model import TIE, network_table
from ..protocol import Record
from .ordering import BANDED, at_lock, derived, order_criteria, simulator

Array = NDArray[np.float64]

WIDTH = 2.0
"""Draws are log-uniform from the locked value over this factor to the value times it."""
HILL_RANGE = (1.0, 4.0)
"""Range of the Hill exponents n_M and n_S at any width; they are fixed at 2 in the fit."""
BAND = 3.0
"""A peak may differ from its locked level by this factor."""
N_DRAWS = 5000
PUBLISHED = 692, 5000
"""The published accepted draws, of all (doi:10.64898/2026.05.05.722920)."""


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


def space(
    record: Record, width: float = WIDTH, hill: tuple[float, float] = HILL_RANGE
) -> LogUniform:
    """The 17 parameters, log-uniform within a factor of the lock and within their bounds.

    Args:
        record: the lock record.
        width: a factor above 1.
        hill: lowest and highest Hill exponent, at any width.

    Raises:
        InputError: a width that is not a factor above 1.
    """
    bounds = {name: (row.lower, row.upper) for name, row in network_table().items()}
    bounds |= {"n_M": hill, "n_S": hill}
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
