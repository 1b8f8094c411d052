"""Patients drawn again by their weights: who they are, and that they are who they were."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from qsp_lib.analyses.population.arms import record_arm, simulator_of
from qsp_lib.analyses.population.choosing import Chosen, choose, simulate_chosen
from qsp_lib.analyses.population.factors import declared_factors
from qsp_lib.analyses.population.patients import Patients
from qsp_lib.analyses.population.population import Population, Weights, simulate_population
from qsp_lib.analyses.population.simulating import PatientSimulator
from qsp_lib.analyses.population.spread import Rule
from qsp_lib.analyses.population.weights import Weighed
from qsp_lib.common import InputError
from qsp_lib.inference import kish
from qsp_lib.protocol import current_record

EACH = 12


def weights_of(*rows: list[float] | None) -> Weights:
    """Weights of draws; None for one whose patients do not meet the data."""
    size = next(len(row) for row in rows if row is not None)
    outcomes = tuple(Weighed.MET if row is not None else Weighed.NO_SOLUTION for row in rows)
    made = np.array([row if row is not None else [0.0] * size for row in rows])
    return Weights(Rule.ALL, made, outcomes, ("",) * len(rows))


def how_often(chosen: Chosen, draw: int, n: int) -> np.ndarray:
    found = np.zeros(n)
    np.add.at(found, chosen.numbers[draw], chosen.weights.weights[draw])
    return found


def test_nobody_is_drawn_a_whole_time_more_or_less_than_their_weight_says() -> None:
    weights = np.random.default_rng(1).dirichlet(np.full(300, 0.2), 3)
    for m in (1, 7, 200):
        chosen = choose(weights_of(*weights.tolist()), m)
        for draw in range(3):
            often = how_often(chosen, draw, 300)
            assert often.sum() == pytest.approx(1.0)
            assert np.all(np.abs(often - weights[draw]) < 1.0 / m)
            assert kish(chosen.weights.weights[draw]) <= m + 1e-9


def test_even_weights_are_everybody_once() -> None:
    chosen = choose(weights_of([0.1] * 10), 10)
    assert chosen.numbers[0].tolist() == list(range(10))
    assert chosen.weights.weights[0] == pytest.approx([0.1] * 10)


def test_a_draw_that_does_not_meet_the_data_has_nobody() -> None:
    chosen = choose(weights_of(None, [0.75, 0.25]), 4)
    assert not chosen.weights.weights[0].any()
    assert how_often(chosen, 1, 2) == pytest.approx([0.75, 0.25])
    assert chosen.of(Patients(2, 2, 1)).tolist() == [2, 3]
    with pytest.raises(InputError, match="0 patients of each draw"):
        choose(weights_of([1.0]), 0)


@pytest.fixture(scope="module")
def simulator() -> PatientSimulator:
    record = current_record()
    flat = record_arm(record, "flat", "flat_5", draws=record.draws(2), horizon_h=48.0)
    return simulator_of(
        record, (replace(flat, intervals_h=((0.0, 12.0), (12.0, 48.0))),), declared_factors()
    )


@pytest.fixture(scope="module")
def everybody(simulator: PatientSimulator) -> Population:
    return simulate_population(simulator, Patients(2, EACH, 3), workers=1)


@pytest.mark.thorough
def test_who_is_drawn_is_the_same_patient_for_any_chunks_and_workers(
    simulator: PatientSimulator, everybody: Population
) -> None:
    patients = Patients(2, EACH, 3)
    lists = np.random.default_rng(2).dirichlet(np.full(EACH, 0.5), 2).tolist()
    sets = {"one": choose(weights_of(*lists), 6), "other": choose(weights_of(None, lists[1]), 9)}
    found = simulate_chosen(simulator, patients, sets, workers=1, chunk=5)
    again = simulate_chosen(simulator, patients, sets, workers=2, chunk=2)
    assert found.failed == 0 and found.simulated == again.simulated <= 2 * EACH
    for name, chosen in sets.items():
        population, weights = found.of(name)
        heavy = weights.weights > 0
        for quantity, values in everybody.values.items():
            same = np.take_along_axis(values, chosen.numbers, axis=1)
            read = population.values[quantity]
            assert np.array_equal(read[heavy], same[heavy])
            assert np.array_equal(read, again.populations[name].values[quantity], equal_nan=True)
            assert np.isnan(read[~heavy]).all()


def test_each_stretch_has_an_index_and_the_whole_has_the_highest(everybody: Population) -> None:
    first, second = (everybody.of("flat", f"index_{i}") for i in (1, 2))
    assert np.maximum(first, second) == pytest.approx(everybody.of("flat", "index"), abs=1e-6)
    assert np.any(first != second)


def test_a_stretch_outside_the_simulation_is_refused(simulator: PatientSimulator) -> None:
    for stretch in ((0.0, 49.0), (12.0, 12.0), (-1.0, 2.0)):
        with pytest.raises(InputError, match="expected a stretch within 0 to 48 h"):
            replace(simulator.arms[0], intervals_h=(stretch,))


def test_nobody_at_all_is_said(simulator: PatientSimulator) -> None:
    with pytest.raises(InputError, match="No draw of the posterior has patients that meet"):
        nobody = choose(replace(weights_of(None, [0.0] * EACH), outcomes=(Weighed.TOO_FEW,) * 2), 3)
        simulate_chosen(simulator, Patients(2, EACH, 3), {"one": nobody}, workers=1)
