"""Patients drawn again by their weights, so that a long treatment is simulated for those who count.

Where the data are far from what the declared spreads give, most patients of a draw weigh next to
nothing. Many are simulated under the one short treatment that the weights are of; of these, a few
are then drawn by their weights for every other treatment. They are drawn at even steps of the
summed weights, so that nobody is drawn less often than their weight says by one or more, and no
further seed is needed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...common import InputError
from ...inference import sweep
from .patients import Patients
from .population import Population, Weights, require_draws
from .simulating import PatientSimulator
from .weights import Weighed

Array = NDArray[np.float64]
Numbers = NDArray[np.int_]


@dataclass(frozen=True)
class Chosen:
    """Patients of each draw that were drawn by their weights.

    Attributes:
        numbers: of each in its draw ``(D, m)``; one who was drawn more than once stands in a row.
        weights: how often each was drawn, over m, at the first place that it stands at; 0 at the
            others, and everywhere in a draw whose patients do not meet the data.
    """

    numbers: Numbers
    weights: Weights

    def of(self, patients: Patients) -> Numbers:
        """Numbers ``(k,)`` of everyone that has a weight, among all patients, from 0."""
        whole = np.arange(len(self.numbers))[:, None] * patients.each + self.numbers
        return whole[self.weights.weights > 0]


def choose(weights: Weights, m: int) -> Chosen:
    """Of each draw, so many patients by their weights.

    Raises:
        InputError: fewer than one.
    """
    if m < 1:
        raise InputError(f"{m} patients of each draw were asked for; expected 1 or more.")
    steps = (np.arange(m) + 0.5) / m
    numbers, often = np.zeros((len(weights.weights), m), int), np.zeros((len(weights.weights), m))
    for draw in np.flatnonzero(weights.met):
        heaped = np.cumsum(weights.weights[draw])
        drawn = np.searchsorted(heaped, steps * heaped[-1])
        _, first, counts = np.unique(drawn, return_index=True, return_counts=True)
        numbers[draw] = drawn
        often[draw, first] = counts / m
    return Chosen(numbers, replace(weights, weights=often))


@dataclass(frozen=True)
class OfNumbers:
    """A chunk of patients by their numbers ``(m, 1)``, in any order."""

    simulator: PatientSimulator
    patients: Patients

    def __call__(self, numbers: Array) -> Array:
        """``(m, k)`` as :meth:`PatientSimulator.run` gives them."""
        whole = numbers[:, 0].astype(int)
        draws = self.patients.first_draw + whole // self.patients.each
        factors = np.concatenate([self.patients.values(int(number), 1) for number in whole])
        return self.simulator.run(draws, factors)


@dataclass(frozen=True)
class Treated:
    """What was read off the patients that were drawn.

    Attributes:
        populations: of each set of patients, ``(D, m)``; NaN for one without a weight.
        weights: of each; who failed a treatment has none.
        simulated: patients that were, each once.
        failed: of whom a treatment did not complete.
        stood_in: treatments in which the default engine stood in for one asked for by name.
    """

    populations: Mapping[str, Population]
    weights: Mapping[str, Weights]
    simulated: int
    failed: int
    stood_in: int

    def of(self, name: str) -> tuple[Population, Weights]:
        """A set of patients with their weights."""
        return self.populations[name], self.weights[name]


def simulate_chosen(
    simulator: PatientSimulator, patients: Patients, chosen: Mapping[str, Chosen], **options: Any
) -> Treated:
    """Every patient that was drawn, through every treatment, each once.

    Args:
        simulator: the treatments.
        patients: those that were drawn from, of draws that the treatments have.
        chosen: sets of patients by name.
        options: of :func:`qsp_lib.inference.sweep`.

    Raises:
        InputError: nobody has a weight; draws that the treatments do not have, other factors.
    """
    require_draws(simulator, patients)
    who = np.unique(np.concatenate([some.of(patients) for some in chosen.values()]))
    if not len(who):
        raise InputError(
            "No draw of the posterior has patients that meet the data; expected one or more. Ask "
            "for more patients, or look at the counts of what fails."
        )
    found = sweep(OfNumbers(simulator, patients), who.astype(float)[:, None], **options)
    populations, weights = {}, {}
    for name, some in chosen.items():
        heavy = some.weights.weights > 0
        read = np.full((*heavy.shape, found.shape[1]), np.nan)
        read[heavy] = found[np.searchsorted(who, some.of(patients))]
        values = {quantity: read[..., i] for i, quantity in enumerate(simulator.quantities)}
        populations[name] = Population(patients, values, simulator.idle, simulator.mark)
        weights[name] = _of_those_that_completed(some.weights, np.isfinite(read[..., 0]))
    stood_in = int(found[:, -1].sum()) if simulator.counts_stand_ins else 0
    return Treated(populations, weights, len(who), int(np.isnan(found[:, 0]).sum()), stood_in)


def _of_those_that_completed(weights: Weights, completed: NDArray[np.bool_]) -> Weights:
    kept = np.where(completed, weights.weights, 0.0)
    whole = kept.sum(axis=1, keepdims=True)
    shares = np.divide(kept, whole, out=np.zeros_like(kept), where=whole > 0)
    outcomes = tuple(
        Weighed.TOO_FEW if outcome is Weighed.MET and not some else outcome
        for outcome, some in zip(weights.outcomes, whole[:, 0] > 0, strict=True)
    )
    return replace(weights, weights=shares, outcomes=outcomes)
