"""The engine asked for by name: it agrees with the record's, and depends on no neighbour."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from helpers import REGIMENS, made_up, made_up_bispecific
from treatments import treatments

from benchmarks import problem as asked
from benchmarks.engines import contract, engine
from qsp_lib.__main__ import main
from qsp_lib.analyses import robustness
from qsp_lib.common import InputError
from qsp_lib.export.dosed import DosedModel
from qsp_lib.inference import sweep
from qsp_lib.model import Bolus, Draws, Regimen, Task, Trajectory, simulate, simulate_treatment
from qsp_lib.model.engines import Outcome, diffsol, fast, solve_diffsol, solve_fast
from qsp_lib.model.parameters import NetworkParameters
from qsp_lib.model.structure import RECOVERY_AT_REST, T_CELLS
from qsp_lib.prediction import PopulationQuestion, populate, predict, prepare
from qsp_lib.prediction.population import population_dict, population_text
from qsp_lib.prediction.report import as_dict
from qsp_lib.protocol import current_record

pytestmark = pytest.mark.fast

CLOSE, SILENT = 1e-5, 1e-7
"""Of each state's largest value, and in its own unit: what the engine promises."""
ALL_TREATMENTS = {(t, name): each for t in T_CELLS for name, each in treatments(t).items()}
FAST: dict[str, Any] = {"engine": "fast"}


def off(found: np.ndarray, expected: np.ndarray) -> float:
    """Largest difference of any state over what is promised for it in that simulation."""
    assert np.isfinite(found).all() and found.shape == expected.shape
    allowed = CLOSE * np.abs(expected).max(axis=2) + SILENT
    return float((np.abs(found - expected).max(axis=2) / allowed).max())


@cache
def cohort(n: int = 37) -> Task:
    """Virtual sets around the record's blinatumomab, as an ensemble of the book draws them."""
    return some(blinatumomab_draws(n)).task


def blinatumomab_draws(n: int) -> Draws:
    return current_record().draws(n, 7)["blinatumomab"]


def some(draws: Draws, **options: Any) -> Trajectory:
    return current_record().run("blinatumomab", draws=draws, **options)


def simulated(model: DosedModel, **options: Any) -> Trajectory:
    return simulate_treatment(model.treatment, horizon_h=model.horizon_h, **options)


def tight(task: Task) -> np.ndarray:
    return solve_diffsol(replace(task, rtol=1e-10, atol=1e-12))[0]


@pytest.mark.parametrize("key", ALL_TREATMENTS, ids=" ".join)
def test_every_part_of_the_model_is_within_the_promise_of_the_records_engine(
    key: tuple[str, str],
) -> None:
    default = simulated(ALL_TREATMENTS[key])
    found = simulated(ALL_TREATMENTS[key], **FAST)
    assert found.stood_in_for == 0
    assert off(found.states, default.states) < 1
    assert off(found.states, tight(found.task)) < 0.05


@pytest.mark.parametrize("drug", current_record().drug_names)
def test_every_drug_of_the_record_is_within_the_promise_in_every_draw(drug: str) -> None:
    record = current_record()
    draws = record.draws(24, 3).get(drug)
    default = record.run(drug, draws=draws)
    found = record.run(drug, draws=draws, solver=replace(record.solver, engine="fast"))
    beyond = (fast._steepest(found.task) > 16.0) | (diffsol.fastest_rate(found.task) > 200.0)
    assert found.stood_in is not None and found.completed.all()
    assert found.stood_in.tolist() == beyond.tolist() and beyond.sum() < 8
    assert off(found.states, default.states) < 1
    assert float(np.max(np.abs(found.peak("S").value / default.peak("S").value - 1))) < CLOSE


def test_a_simulation_is_the_same_to_the_bit_whatever_shares_its_batch() -> None:
    task = cohort()
    whole, _, stood_in = solve_fast(task, threads=1)
    assert not stood_in.any()
    order = np.random.default_rng(1).permutation(len(task.parameters))
    assert np.array_equal(solve_fast(task.select(list(order)), 1)[0], whole[:, order])
    for i in (0, 5, 36):
        assert np.array_equal(solve_fast(task.select([i]), 1)[0][:, 0], whole[:, i])
    assert np.array_equal(solve_fast(task.select(list(range(3, 20))), 1)[0], whole[:, 3:20])


@pytest.mark.parametrize("threads", [2, 3, 16])
def test_on_any_number_of_threads_the_result_is_the_same_to_the_bit(threads: int) -> None:
    alone, by_threads = solve_fast(cohort(), 1), solve_fast(cohort(), threads)
    assert np.array_equal(alone[0], by_threads[0])


def test_a_sweep_is_the_same_to_the_bit_in_one_process_and_in_two() -> None:
    run = asked.simulator(current_record())
    run = replace(run, solver=replace(run.solver, engine="fast"))
    points = asked.draws(current_record(), 24)
    one, two = (sweep(run, points, workers=n, chunk=9, progress=False) for n in (1, 2))
    assert np.array_equal(one, two)
    chapter = robustness.simulator(current_record())(points)
    own = [run.quantities.index(name) for name in robustness.simulator(current_record()).quantities]
    assert np.max(np.abs(one[:, own] / chapter - 1)) < CLOSE


def test_rates_too_fast_for_an_explicit_method_are_the_default_engines_to_the_bit() -> None:
    draws = Draws({"d_TNF": np.array([0.5, 400.0, 0.6])})
    network = NetworkParameters.prior_medians()
    given: dict[str, Any] = dict(draws=draws, horizon_h=24.0)
    default = simulate(made_up(), network, REGIMENS["infusion"], **given)
    found = simulate(made_up(), network, REGIMENS["infusion"], **given, **FAST)
    assert found.stood_in is not None and found.stood_in.tolist() == [False, True, False]
    assert np.array_equal(found.states[:, 1], default.states[:, 1])
    assert not np.array_equal(found.states[:, 0], default.states[:, 0])
    assert "the default engine, diffsol, stood in for 1 of 3 simulations" in found.engine_words
    assert found.select(np.array([True, False, True])).stood_in_for == 0


def test_what_is_not_finished_is_the_default_engines_and_the_others_stay_as_they_were(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Sets in one batch need different numbers of steps; the limit lies between them."""
    task = cohort().select(list(range(16)))
    before, _, _ = solve_fast(task, 1)
    steps = []
    flow = fast._compiled(task.structure, fast._LOOSEST, fast.heyoka().recommended_simd_size())
    work = fast._Work.of(task)
    for i in range(16):
        fast._block(flow, work, np.repeat(i, flow.batch_size))
        steps.append(flow.propagate_res[0][3])
    limit = int(np.median(steps))
    expected = np.array(steps) > limit
    assert 0 < expected.sum() < 16
    monkeypatch.setattr(fast, "_MOST_STEPS", limit)
    states, outcomes, stood_in = solve_fast(task, 1)
    assert stood_in.tolist() == expected.tolist()
    assert all(outcome.completed for outcome in outcomes)
    assert np.array_equal(states[:, ~stood_in], before[:, ~stood_in])
    assert np.array_equal(states[:, stood_in], solve_diffsol(task.select(stood_in))[0])


def test_a_set_that_becomes_undefined_takes_no_neighbour_along(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    task = cohort().select(list(range(8)))
    before, _, _ = solve_fast(task, 1)
    given_up = np.full((len(task.structure.states), 1, task.schedule.times.size), np.nan)
    # the default engine, which looks for what may overflow and not for this, would go on for ever
    monkeypatch.setattr(fast, "solve_diffsol", lambda task: (given_up, [Outcome.SOLVER_FAILED]))
    broken = task.parameters.copy()
    broken[3, task.structure.parameters.index("K_M")] = np.nan
    states, outcomes, stood_in = solve_fast(replace(task, parameters=broken), 1)
    assert stood_in.tolist() == [i == 3 for i in range(8)]
    assert [o.completed for o in outcomes] == [i != 3 for i in range(8)]
    others = [i for i in range(8) if i != 3]
    assert np.array_equal(states[:, others], before[:, others])


def steep_draws(n: int) -> Draws:
    rng = np.random.default_rng(5)
    ranges = {"h": (1.0, 20.0), "EC50": (10.0, 1600.0), "n_M": (1.0, 4.0), "n_S": (1.0, 4.0)}
    return Draws({name: rng.uniform(*ends, n) for name, ends in ranges.items()})


@pytest.mark.parametrize("regimen", REGIMENS)
def test_a_steep_drug_is_not_stepped_over(regimen: str) -> None:
    """A series shorter than a power sees nothing of it near zero, and would miss its rise."""
    network = NetworkParameters.prior_medians().replace(t_cells=RECOVERY_AT_REST)
    draws = steep_draws(60)
    run = simulate(made_up(), network, REGIMENS[regimen], draws=draws, horizon_h=96.0, **FAST)
    assert run.stood_in is not None
    assert run.stood_in.tolist() == (draws.values["h"] > 16.0).tolist()
    assert 3 < run.stood_in_for < 20
    series = ~run.stood_in
    assert off(run.states[:, series], tight(run.task.select(series))) < 0.3


def test_without_the_limit_on_exponents_it_would_be(monkeypatch: pytest.MonkeyPatch) -> None:
    network = NetworkParameters.prior_medians().replace(t_cells=RECOVERY_AT_REST)
    steep = Draws({"h": np.array([19.5]), "EC50": np.array([1300.0])})
    given: dict[str, Any] = dict(draws=steep, horizon_h=96.0, **FAST)
    assert simulate(made_up(), network, REGIMENS["infusion"], **given).stood_in_for == 1
    monkeypatch.setattr(fast, "_LARGEST_EXPONENT", np.inf)
    run = simulate(made_up(), network, REGIMENS["infusion"], **given)
    assert off(run.states, tight(run.task)) > 1


def test_without_a_dose_the_healthy_state_stays_exactly_as_it_is() -> None:
    late = Regimen.of(Bolus(10.0, 500.0))
    network = NetworkParameters.prior_medians().replace(t_cells=RECOVERY_AT_REST)
    drug = made_up_bispecific(K_B=0.72, h=2.5)
    run = simulate(drug, network, late, dose_factor=[0.0, 1.0], horizon_h=30.0, **FAST)
    healthy = np.array(run.task.structure.before)[:, None]
    assert np.all(run.states[:, 0] == healthy)
    assert np.all(run.states[:, 1, run.times < 10.0] == healthy)
    assert run["IL6"][1, -1] > 1.0


def test_a_tighter_tolerance_is_no_further_from_the_truth() -> None:
    task = cohort(4)
    truth = solve_diffsol(replace(task, rtol=1e-12, atol=1e-14))[0]
    loose, strict = (off(solve_fast(replace(task, rtol=r), 1)[0], truth) for r in (1e-3, 1e-9))
    assert strict < 1e-3 and strict <= loose < 0.01


def test_a_prediction_names_the_engine_and_gives_the_default_ones_numbers() -> None:
    record = current_record()
    given: dict[str, Any] = dict(n_draws=20, horizon_h=120.0)
    default, found = (predict("tgn1412", record, **given, **options) for options in ({}, FAST))
    assert "engine" not in as_dict(default) and default.engine_words == ""
    told = as_dict(found)
    assert told["engine"] == "fast"
    assert re.search(r"heyoka [\d.]+\), .* stood in for none of 21 sim", told["engine_words"])
    one, other = (p.untreated.severity.median for p in (default, found))
    assert other == pytest.approx(one, rel=CLOSE) and other != one


def test_a_population_is_the_same_on_two_workers_and_close_to_the_default_ones() -> None:
    few: dict[str, Any] = dict(n_draws=2, n_patients=24, least_effective=1.5, limit=2.0)
    options: tuple[dict[str, Any], ...] = ({}, FAST)
    settings = [
        prepare("blinatumomab", current_record(), horizon_h=72.0, **each) for each in options
    ]
    default, one = (populate(PopulationQuestion(s, **few), workers=1) for s in settings)
    two = populate(PopulationQuestion(settings[1], **few), workers=2)
    assert population_dict(one) == population_dict(two)
    assert population_dict(one)["engine"] == "fast"
    assert one.engine_words in population_text(one)
    simulations = 48 + one.treated
    assert f"stood in for none of {simulations} simulations" in one.engine_words
    assert default.engine_words == "" and "engine_words" not in population_dict(default)
    for row, other in zip(one.rows, default.rows, strict=True):
        assert row.value.median == pytest.approx(other.value.median, rel=1e-4)


def test_the_command_takes_the_engine_by_name(capsys: pytest.CaptureFixture[str]) -> None:
    given = ["predict", "tgn1412", "--draws", "5", "--horizon", "48h"]
    assert main([*given, "--engine", "fast", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["engine"] == "fast"
    assert main([*given, "--engine", "fast"]) == 0
    assert "Integrated by the engine fast (heyoka" in capsys.readouterr().out
    assert main(given) == 0
    assert "heyoka" not in capsys.readouterr().out


def test_rows_of_another_engine_are_not_taken_for_its_own(tmp_path: Path) -> None:
    points = asked.draws(current_record(), 4)
    default = asked.simulator(current_record())
    sweep(default, points, workers=1, progress=False, checkpoint=tmp_path)
    other = replace(default, solver=replace(default.solver, engine="fast"))
    with pytest.raises(InputError, match="another sweep"):
        sweep(other, points, workers=1, progress=False, checkpoint=tmp_path)


def test_what_is_installed_changes_nothing_that_was_not_asked_for() -> None:
    assert fast.heyoka() is not None
    run = some(blinatumomab_draws(3))
    assert run.engine == current_record().solver.engine == "diffsol"
    assert np.array_equal(run.states, solve_diffsol(run.task)[0])
    assert run.engine_words == ""


def test_the_peer_of_the_benchmark_reaches_the_common_accuracy(tmp_path: Path) -> None:
    problem, points = asked.make(current_record()), asked.draws(current_record(), 20)
    contract.write(problem, points, tmp_path)
    peer = engine("heyoka")
    peer.load(tmp_path, None)
    reference = [asked.peaks(task, tight(task)) for task in problem.tasks(points, problem.rtol)]
    assert asked.error(peer.run(points, 1e-8, None), np.hstack(reference)) < asked.TARGET
