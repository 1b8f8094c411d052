"""Where the order of the three drugs breaks as the two thresholds move away from the lock.

A grid of K_M and K_S around the lock, and a search along directions out to where the order goes.
Exploratory, like :mod:`qsp_lib.analyses.robustness`, whose simulator and order it uses.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..common import InputError
from ..inference import part_of, sweep
from ..model import TIE
from ..protocol import Record
from .ordering import Order, PeakSimulator, derived, orders, simulator
from .robustness import WIDTH

Array = NDArray[np.float64]

THRESHOLDS = ("K_M", "K_S")
"""The two parameters of the stability map, both in pg/mL."""


@dataclass(frozen=True)
class StabilityMap:
    """The order over a grid of the two thresholds.

    Attributes:
        factors: of the locked value, ``(n,)``, the same for both.
        K_M, K_S: values (pg/mL), ``(n,)``.
        orders: ``(n, n)``, rows K_S, columns K_M.
        smallest_gap: the smaller of the two gaps between indices, ``(n, n)``.
        mark: words to show with it.
    """

    factors: Array
    K_M: Array
    K_S: Array
    orders: NDArray[np.int_]
    smallest_gap: Array
    mark: str

    @property
    def counts(self) -> dict[str, int]:
        """How many grid points have each :class:`.Order`, by its name in lower case."""
        return {order.name.lower(): int(np.sum(self.orders == order)) for order in Order}

    @property
    def wrong(self) -> int:
        """How many grid points do not have the expected order; a tie is wrong."""
        return int(np.sum(self.orders != Order.EXPECTED))

    @property
    def out_of_sequence(self) -> int:
        """How many grid points have not even the sequence, however close the indices may be."""
        return int(np.sum(~(self.smallest_gap > 0)))

    @property
    def spans(self) -> dict[str, float]:
        """By how much the smaller gap changes along each threshold, the other held; at most."""
        return {
            name: float(np.nanmax(np.ptp(self.smallest_gap, axis=axis)))
            for name, axis in (("K_M", 1), ("K_S", 0))
        }


def stability_map(
    record: Record, factor: float = WIDTH, points: int = 30, tie: float = TIE, **options: Any
) -> StabilityMap:
    """Order over a log-spaced grid of K_M and K_S around the lock.

    Args:
        record: the lock record.
        factor: from the locked value over it to the value times it, above 1.
        points: along each side, 2 or more.
        tie: two indices this close are tied.
        options: of :func:`qsp_lib.inference.sweeping.sweep`.

    Raises:
        InputError: a factor of 1 or below, a grid of one point.
    """
    if not (np.isfinite(factor) and factor > 1):
        raise InputError(f"the map's factor is {factor!r}; expected a finite number above 1.")
    if points < 2:
        raise InputError(f"a grid of {points} point a side is no map; expected 2 or more.")
    factors = np.geomspace(1 / factor, factor, points)
    at = np.stack([side.ravel() for side in np.meshgrid(factors, factors)], axis=1)
    run = simulator(record, THRESHOLDS)
    quantities = _at_factors(run, record, at, {"label": "map"} | options)
    smallest = np.minimum(quantities["gap.low"], quantities["gap.high"])
    K_M, K_S = (getattr(run.network, name) * factors for name in THRESHOLDS)
    shape = (points, points)
    return StabilityMap(
        factors, K_M, K_S, orders(quantities, tie).reshape(shape), smallest.reshape(shape), run.mark
    )


def _at_factors(
    run: PeakSimulator, record: Record, factors: Array, options: Mapping[str, Any]
) -> dict[str, Array]:
    """Quantities with the simulator's parameters multiplied by ``(N, d)`` factors."""
    centre = np.array([getattr(run.network, name) for name in run.names])
    values = sweep(run, centre * factors, **({"lock": record.digest} | dict(options)))
    return derived(dict(zip(run.quantities, values.T, strict=True)))


def breaking_points(
    record: Record,
    up_to: float = 100.0,
    directions: int = 16,
    steps: int = 24,
    names: Sequence[str] = THRESHOLDS,
    tie: float = TIE,
    **options: Any,
) -> pd.DataFrame:
    """How far one can go from the lock, in each direction of two thresholds, with the order kept.

    Along each direction the larger of the two changes is ``factor``. It grows in ``steps``
    equal log steps up to ``up_to``; the step in which the order breaks is then divided again.

    Args:
        record: the lock record.
        up_to: largest factor, above 1.
        directions: equally spaced around the lock, from K_M alone upwards; 1 or more.
        steps: 2 or more.
        names: the two parameters.
        tie: two indices this close are tied.
        options: of :func:`qsp_lib.inference.sweeping.sweep`. It is called twice; a checkpoint keeps
            either pass in a folder of its own, ``pass-1`` and ``pass-2``.

    Returns:
        One row a direction: ``angle`` (degrees), the two parameters' changes at the break
        (``K_M``, ``K_S``, factors), ``factor`` (infinite if the order holds up to ``up_to``)
        and ``order``, what it breaks into.

    Raises:
        InputError: a range, a number of directions or of steps that leaves nothing to do, or
            names that are not two different parameters.
    """
    if not (np.isfinite(up_to) and up_to > 1) or directions < 1 or steps < 2:
        raise InputError(
            f"up to {up_to!r} in {directions} directions and {steps} steps; expected a factor "
            "above 1, a direction or more and 2 steps or more."
        )
    if len(names) != 2 or names[0] == names[1]:
        raise InputError(
            f"breaking points along {', '.join(names) or 'no parameter'}; expected the names of "
            "two different network parameters."
        )
    run = simulator(record, names)
    angles = 2 * np.pi * np.arange(directions) / directions
    ways = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    ways /= np.abs(ways).max(axis=1, keepdims=True)
    low, high = np.zeros(directions), np.full(directions, np.log(up_to))
    broken = np.full(directions, int(Order.EXPECTED))
    for number in (1, 2):
        # (directions, steps): the end of each step, the last of them the end of the range
        ends = low[:, None] + (high - low)[:, None] * np.arange(1, steps + 1) / steps
        factors = np.exp(ends[:, :, None] * ways[:, None, :])
        kept_apart = {"label": "breaks"} | part_of(options, f"pass-{number}")
        found = _at_factors(run, record, factors.reshape(-1, 2), kept_apart)
        codes = orders(found, tie).reshape(directions, steps)
        wrong = codes != Order.EXPECTED
        first = np.where(wrong.any(axis=1), wrong.argmax(axis=1), steps - 1)
        rows = np.arange(directions)
        broken = codes[rows, first]
        low, high = np.where(first > 0, ends[rows, first - 1], low), ends[rows, first]
    kept = broken == Order.EXPECTED
    changes = np.exp(high[:, None] * ways)
    return pd.DataFrame(
        {
            "angle": np.degrees(angles),
            names[0]: changes[:, 0],
            names[1]: changes[:, 1],
            "factor": np.where(kept, np.inf, np.exp(high)),
            "order": [Order(code).name.lower() for code in broken],
        }
    )
