"""A simulated population, and the weights that hold it to the open data."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...common import InputError
from ...inference import kish, part_of, sweep
from .patients import Patients
from .simulating import STOOD_IN, OfPatients, PatientSimulator, il6_at
from .spread import LEAST_EFFECTIVE, Rule, SpreadDatum, spread_above_floor, spread_data, weigh_draw
from .weights import Weighed

Array = NDArray[np.float64]

ANCHOR = "anchor"
"""The treatment whose IL-6 the weights are of: blinatumomab, flat 60 ug/m2/d."""


@dataclass(frozen=True)
class Population:
    """What was read off every patient.

    Attributes:
        patients: who they are.
        values: ``(D, n)`` by ``arm.quantity``; NaN for a patient of whom a treatment failed.
        idle: factors that change nothing, by treatment.
        mark: words that go with everything made from it.
    """

    patients: Patients
    values: Mapping[str, Array]
    idle: Mapping[str, tuple[str, ...]]
    mark: str

    def of(self, arm: str, quantity: str) -> Array:
        """One quantity of one treatment ``(D, n)``.

        Raises:
            InputError: there is no such quantity.
        """
        name = f"{arm}.{quantity}"
        if name not in self.values:
            raise InputError(f"no quantity {name!r}; expected one of {sorted(self.values)}.")
        return self.values[name]

    @property
    def failed(self) -> int:
        """Patients of whom a treatment did not complete."""
        return int(np.isnan(next(iter(self.values.values()))).sum())

    @property
    def stood_in(self) -> int:
        """Treatments in which the default engine stood in for one asked for by name."""
        return int(self.values[STOOD_IN].sum()) if STOOD_IN in self.values else 0

    @property
    def even(self) -> Weights:
        """Equal weights of all that completed."""
        good = np.isfinite(next(iter(self.values.values()))).astype(float)
        met = good.sum(axis=1) > 0
        weights = np.divide(
            good, good.sum(axis=1, keepdims=True), out=np.zeros_like(good), where=met[:, None]
        )
        outcomes = tuple(Weighed.MET if one else Weighed.TOO_FEW for one in met)
        return Weights(None, weights, outcomes, ("",) * len(met))


@dataclass(frozen=True)
class Weights:
    """Weights of the patients, draw by draw.

    Attributes:
        rule: who may have one; None for equal weights, which are held to nothing.
        weights: ``(D, n)``, each draw's summing to 1, or to 0 where it does not meet the data.
        outcomes: one a draw.
        fails: the datum that fails, one a draw; empty where none does.
    """

    rule: Rule | None
    weights: Array
    outcomes: tuple[Weighed, ...]
    fails: tuple[str, ...]

    @property
    def met(self) -> NDArray[np.bool_]:
        """Draws that meet the data ``(D,)``."""
        return np.array([outcome is Weighed.MET for outcome in self.outcomes])

    @property
    def effective(self) -> Array:
        """Kish's number of each draw ``(D,)``; 0 where it does not meet the data."""
        return np.array([kish(weights) for weights in self.weights])

    @property
    def counts(self) -> dict[str, int]:
        """Draws by outcome."""
        found = Counter(outcome for outcome in self.outcomes)
        return {outcome.name.lower(): found[outcome] for outcome in Weighed}

    @property
    def failing(self) -> dict[str, int]:
        """Draws that no weights help, by the datum that fails, most first."""
        return dict(Counter(name for name in self.fails if name).most_common())


def simulate_population(
    simulator: PatientSimulator, patients: Patients, **options: Any
) -> Population:
    """Every patient through every treatment.

    Args:
        simulator: the treatments.
        patients: of draws that the treatments have.
        options: of :func:`qsp_lib.inference.sweep`: workers, chunk, executor, checkpoint, ...

    Raises:
        InputError: draws that the treatments do not have, or other factors.
    """
    require_draws(simulator, patients)
    numbers = np.arange(len(patients), dtype=float)[:, None]
    found = sweep(OfPatients(simulator, patients), numbers, **options)
    values = {name: patients.nested(found[:, i]) for i, name in enumerate(simulator.quantities)}
    return Population(patients, values, simulator.idle, simulator.mark)


def by_blocks(
    simulator: PatientSimulator,
    patients: Patients,
    summary: Callable[[Population], Array],
    draws: int = 20,
    **options: Any,
) -> Array:
    """What is said of each draw, with no more than a block of draws in memory.

    Weights are within a draw, so whatever is made of them can be made block by block: a
    population of any size takes the memory of one block and of the summary.

    Args:
        simulator, patients: as for :func:`simulate_population`.
        summary: of a block's population: ``(D, k)`` or ``(D,)`` numbers, a row a draw.
        draws: in a block.
        options: of :func:`qsp_lib.inference.sweep`; a checkpoint has a folder a block.

    Returns:
        ``(n_draws, k)`` or ``(n_draws,)``, the same whatever the blocks.
    """
    parts = []
    for block in patients.blocks(draws):
        own = part_of(options, f"draws-{block.first_draw}")
        parts.append(summary(simulate_population(simulator, block, **own)))
    return np.concatenate(parts)


def require_draws(simulator: PatientSimulator, patients: Patients) -> None:
    """Raise unless the treatments have these patients' draws and what varies between them.

    Raises:
        InputError: draws that the treatments do not have, or other factors.
    """
    last = patients.first_draw + patients.n_draws
    if last > simulator.n_draws or patients.factors != simulator.factors:
        raise InputError(
            f"patients of draws {patients.first_draw} to {last - 1} for treatments of "
            f"{simulator.n_draws}; expected draws that those have, and the same factors."
        )


def require_effective(least_effective: float, each: int) -> None:
    """Raise unless so many effective patients can be had of ``each`` in a draw.

    Raises:
        InputError: fewer than one, or more than there are.
    """
    if not 1 <= least_effective <= each:
        raise InputError(
            f"{least_effective:g} effective patients were asked for; there are {each} in a draw. "
            "Expected 1 to that many: ask for fewer, or simulate more."
        )


def weigh(
    population: Population, rule: Rule = Rule.ALL, least_effective: float = LEAST_EFFECTIVE
) -> Weights:
    """Weights that give the open spread of IL-6 under :data:`ANCHOR`, within each draw.

    Args:
        population: with the treatment ``anchor``, its IL-6 read at every time of the data.
        rule: who may have a weight.
        least_effective: Kish's number below which a draw has too few patients.

    Raises:
        InputError: more effective patients asked for than there are.
    """
    require_effective(least_effective, population.patients.each)
    il6 = {d.time_h: population.of(ANCHOR, il6_at(d.time_h)) for d in spread_data()}
    found = [
        weigh_draw({time: values[draw] for time, values in il6.items()}, rule, least_effective)
        for draw in range(population.patients.n_draws)
    ]
    return Weights(
        rule,
        np.stack([one.weights for one in found]),
        tuple(one.outcome for one in found),
        tuple(one.fails for one in found),
    )


def spreads(population: Population, weights: Weights) -> dict[SpreadDatum, Array]:
    """Log10 SD of IL-6 above the floor by datum, one a draw that meets the data."""
    return {
        datum: np.array(
            [
                spread_above_floor(
                    population.of(ANCHOR, il6_at(datum.time_h))[draw], weights.weights[draw]
                )
                for draw in np.flatnonzero(weights.met)
            ]
        )
        for datum in spread_data()
    }
