"""The benchmark asks every engine for what the robustness chapter computes, nothing else."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from benchmarks import problem as asked
from benchmarks.engines import MODULES, engine
from benchmarks.engines.contract import POINTS
from benchmarks.floor import evaluations
from benchmarks.model_text import python
from benchmarks.problem import READ, TimedProblem
from benchmarks.record import AS_IN_CHAPTER, load
from qsp_lib.analyses import robustness
from qsp_lib.common import fresh_pool
from qsp_lib.inference import sweeping as sweep
from qsp_lib.model.engines import solve_diffsol, solve_scipy
from qsp_lib.model.equations import FEEDBACKS, INPUTS, MECHANISMS, NETWORK, PARAMETERS, STATES, rhs
from qsp_lib.model.structure import of_lock_v1
from qsp_lib.protocol.lock import current_record


@pytest.fixture(scope="module")
def problem() -> TimedProblem:
    return asked.make(current_record())


@pytest.fixture(scope="module")
def points() -> np.ndarray:
    return asked.draws(current_record(), 4)


def test_the_draws_and_the_pieces_are_the_chapters(points: np.ndarray) -> None:
    record = current_record()
    assert asked.CHUNK == sweep.CHUNK
    sample = robustness.ensemble(record, 4, workers=1, progress=False)
    assert np.array_equal(points, sample.points)


def test_another_engine_would_solve_the_chapters_own_problem(
    problem: TimedProblem, points: np.ndarray
) -> None:
    """Handed to our solver, the problem gives the chapter's peaks to the last bit."""
    record = current_record()
    chapter = robustness.simulator(record)
    assert problem.names == chapter.names == NETWORK
    assert (problem.rtol, problem.rtol * problem.atol_per_rtol) == (
        chapter.solver.rtol,
        chapter.solver.atol,
    )
    parts = [asked.peaks(t, solve_diffsol(t)[0]) for t in problem.tasks(points, problem.rtol)]
    handed_over = dict(zip(problem.quantities, np.hstack(parts).T, strict=True))
    own = dict(zip(chapter.quantities, chapter(points).T, strict=True))
    assert set(own) <= set(handed_over) and len(own) > 3
    for name, peaks in own.items():
        assert np.array_equal(handed_over[name], peaks), name


@pytest.mark.thorough
def test_this_package_gives_the_same_on_one_core_and_on_two(
    points: np.ndarray, tmp_path: Path
) -> None:
    np.save(tmp_path / POINTS, points)
    ours = engine("qsp_lib")
    ours.load(tmp_path, None)
    alone = ours.run(points, 1e-6, None)
    with fresh_pool(2) as crew:
        ours.load(tmp_path, crew)
        assert np.array_equal(ours.run(points, 1e-6, crew), alone)


@pytest.mark.parametrize("mechanism", MECHANISMS)
@pytest.mark.parametrize("feedback", FEEDBACKS)
def test_the_generated_source_is_the_right_hand_side(mechanism: str, feedback: str) -> None:
    rng = np.random.default_rng(5)
    y, p, u = rng.uniform(0.1, 3, len(STATES)), rng.uniform(0.1, 3, len(PARAMETERS)), (0.7, 0.2)
    space: dict = {}
    exec(python(of_lock_v1(mechanism, feedback)), space)
    found = np.empty(len(STATES))
    space["rhs"](found, 0.0, y, [*p, *u])
    assert len(u) == len(INPUTS)
    values = SimpleNamespace(**dict(zip(PARAMETERS, p, strict=True)))
    assert found == pytest.approx(rhs(y, values, *u, mechanism, feedback), rel=1e-13)


def test_a_failed_simulation_is_an_infinite_error_and_not_a_small_one() -> None:
    reference = np.full((100, 2), 2.0)
    found = reference * (1 + 1e-5)
    assert asked.error(found, reference) == pytest.approx(1e-5)
    found[0, 1] = 4.0  # one in a hundred may be further off
    assert asked.error(found, reference) == pytest.approx(1e-5)
    found[1, 0] = np.nan
    assert asked.error(found, reference) == pytest.approx(1.0)
    found[2, 0] = np.nan
    assert asked.error(found, reference) == np.inf


def test_a_set_that_failed_has_no_peak_and_leaves_the_others_theirs(
    problem: TimedProblem, points: np.ndarray
) -> None:
    task = next(problem.tasks(points, 1e-4))
    states = solve_scipy(task)[0]
    whole = asked.peaks(task, states)
    states[3, 1, 5] = np.nan
    found = asked.peaks(task, states)
    assert np.isnan(found[1]).all() and found.shape == (4, len(READ))
    assert np.array_equal(found[[0, 2, 3]], whole[[0, 2, 3]])


def test_a_tighter_tolerance_takes_more_evaluations(
    problem: TimedProblem, points: np.ndarray
) -> None:
    loose, tight = (evaluations(next(problem.tasks(points, rtol))) for rtol in (1e-4, 1e-8))
    assert 200 < loose < tight / 1.5


def test_the_record_has_every_engine_or_says_why_not() -> None:
    record = load()
    assert set(record.engines) | set(record.missing) == {*MODULES, AS_IN_CHAPTER}
    assert tuple(record.problem["states"]) == READ
    assert record.problem["chapter_rtol"] == asked.make(current_record()).rtol
    assert [cell.sets for cell in record.engines["qsp_lib"].cells[:4]] == list(asked.SIZES)
