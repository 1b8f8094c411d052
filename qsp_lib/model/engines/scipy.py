"""The reference engine: SciPy integrates the NumPy right-hand side, a batch as one system."""

from __future__ import annotations

import numpy as np
import scipy  # its parts are loaded when they are used: the default engine waits for none of them
from numpy.typing import NDArray

from .base import Outcome, Task, classify_all


def solve_scipy(task: Task, method: str = "RK45") -> tuple[NDArray[np.float64], list[Outcome]]:
    """Integrate a batch as one system of ``n_states * N`` equations.

    All sets take the steps of the most demanding one; where the whole does not get through, each is
    tried by itself. The method is explicit, so very fast rates (above some 1e4 per hour) take long.

    Returns:
        States ``(n_states, N, T)`` (NaN where an integration failed) and one outcome a set.
    """
    states = _as_one_system(task, method)
    if np.isnan(states).any() and len(task.parameters) > 1:
        alone = [_as_one_system(task.select([i]), method) for i in range(len(task.parameters))]
        states = np.concatenate(alone, axis=1)
    outcomes = classify_all(states, task.rtol, task.atol)
    gave_up = np.asarray(np.isnan(states).all(axis=(0, 2)))
    return states, [
        Outcome.SOLVER_FAILED if failed else outcome
        for failed, outcome in zip(gave_up, outcomes, strict=True)
    ]


def _as_one_system(task: Task, method: str) -> NDArray[np.float64]:
    """States ``(n_states, N, T)`` of a batch as one system, NaN if it does not get through."""
    structure, times, p = task.structure, task.schedule.times, task.p
    n_sets, n_states = len(task.parameters), len(structure.states)
    states = np.full((n_states, n_sets, times.size), np.nan)
    y = task.before
    for segment, boluses, u in task.given:
        y += boluses

        def derivative(
            _t: float, flat: NDArray[np.float64], u: NDArray[np.float64] = u
        ) -> NDArray[np.float64]:
            slopes = np.empty((n_states, n_sets))
            for i, rate in enumerate(structure.rhs(flat.reshape(n_states, n_sets), p, u)):
                slopes[i] = rate  # one for all sets, or one each
            return slopes.ravel()

        part = slice(segment.first, segment.last + 1)
        with np.errstate(over="ignore", invalid="ignore"):  # the outcome tells
            solution = scipy.integrate.solve_ivp(
                derivative,
                (segment.start_h, segment.end_h),
                y.ravel(),
                method=method,
                t_eval=times[part],
                rtol=task.rtol * task.norm,
                atol=task.atol * task.norm,
            )
        if not solution.success:
            return np.full_like(states, np.nan)
        states[:, :, part] = solution.y.reshape(n_states, n_sets, -1)
        y = states[:, :, segment.last].copy()
    return states
