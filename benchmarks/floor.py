"""The least that our method could take: its evaluations of the right-hand side, and nothing else.

The default engine's method takes six evaluations a step. Its accepted steps are counted, its
rejected ones are not, so the floor is on the low side. The cost of an evaluation is that of the
same traced equations compiled by numba and called in a loop, on states along the trajectories.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np

from qsp_lib.model import CENTRAL, Task, compile_text, diffsl, solve_diffsol

from .engines.contract import function
from .problem import Array, TimedProblem

EVALUATIONS_A_STEP = 6
"""Tsitouras' 5(4) pair has seven stages, of which the last is the next step's first."""
LEAST_S = 0.05
"""Shortest time (s) that evaluations are timed for."""


def evaluations(task: Task) -> float:
    """Evaluations of the right-hand side a simulation, the mean over a task's sets."""
    import pydiffsol

    ode = compile_text(diffsl(task.structure))
    ode.rtol, ode.atol, ode.ode_solver = task.rtol, task.atol, pydiffsol.tsit45
    steps = 0
    for parameters in task.parameters:
        y = np.array(task.structure.before)
        for part in task.schedule.segments:
            y[CENTRAL] += part.bolus
            ode.t0 = part.start_h
            # `solve` reports its own steps, the start among them
            solution = ode.solve(np.concatenate([y, parameters, part.rates]), part.end_h)
            steps += solution.ts.size - 1
            y = solution.ys[:, -1].copy()
    return EVALUATIONS_A_STEP * steps / len(task.parameters)


class FloorMeasurement:
    """Times evaluations of the compiled right-hand side, a little at every turn of the engines.

    Args:
        problem: what is simulated.
        points: sets on whose trajectories it is evaluated.
    """

    def __init__(self, problem: TimedProblem, points: Array) -> None:
        self.problem, self.points = problem, points
        tasks = list(problem.tasks(points, problem.rtol))
        self.loops = [_loop(task, problem.python[task.mechanism]) for task in tasks]
        self.samples: list[list[float]] = []

    def sample(self) -> None:
        """Time every drug's evaluations once more."""
        self.samples.append([_timed(loop) for loop in self.loops])

    def at(self, rtol: float) -> dict[str, float]:
        """Evaluations a simulation, time of one (s), and the floor (s a simulation)."""
        counts = [evaluations(task) for task in self.problem.tasks(self.points, rtol)]
        costs = np.median(self.samples, axis=0)
        least = float(np.mean(counts * costs))
        return {
            "rtol": rtol,
            "evaluations": float(np.mean(counts)),
            "evaluation_s": least / float(np.mean(counts)),
            "floor_s_a_simulation": least,
        }


def _loop(task: Task, source: str) -> Callable[[], int]:
    """What evaluates the compiled right-hand side on every reported state, and says how often."""
    import numba

    row = numba.float64[::1]
    rhs = numba.njit(numba.void(row, numba.float64, row, row), error_model="numpy")(
        function(source)
    )

    @numba.njit
    def every(states: Any, values: Any) -> float:
        dy, total = np.empty(states.shape[2]), 0.0
        for i in range(states.shape[0]):
            for k in range(states.shape[1]):
                rhs(dy, 0.0, states[i, k], values[i])
                total += dy[0]  # so that no evaluation can be left out
        return total

    states: Array = np.ascontiguousarray(solve_diffsol(task)[0].transpose(1, 2, 0))
    values = np.hstack(
        [task.parameters, np.zeros((len(task.parameters), len(task.structure.inputs)))]
    )
    every(states, values)

    def run() -> int:
        every(states, values)
        return states.shape[0] * states.shape[1]

    return run


def _timed(loop: Callable[[], int]) -> float:
    count, began = 0, time.perf_counter()
    while (took := time.perf_counter() - began) < LEAST_S:
        count += loop()
    return took / count
