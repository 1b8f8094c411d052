"""The reference engine: SciPy integrates the NumPy right-hand side, a batch as one system."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import scipy  # its parts are loaded when they are used: the default engine waits for none of them
from numpy.typing import NDArray

from ..equations import PARAMETERS, STATES, rhs
from .base import CENTRAL, CENTRAL_TCZ, INITIAL, Outcome, Task, classify_all


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
    n_sets, n_states, times = len(task.parameters), len(STATES), task.schedule.times
    p = SimpleNamespace(**dict(zip(PARAMETERS, task.parameters.T, strict=True)))
    states = np.full((n_states, n_sets, times.size), np.nan)
    y = np.repeat(INITIAL[:, None], n_sets, axis=1)
    for segment in task.schedule.segments:
        y[CENTRAL] += task.dose_factor * segment.bolus
        y[CENTRAL_TCZ] += segment.bolus_tcz
        u = task.dose_factor * segment.rate

        def derivative(
            _t: float, flat: NDArray[np.float64], u: Any = u, u_tcz: float = segment.rate_tcz
        ) -> NDArray[np.float64]:
            parts = rhs(flat.reshape(n_states, n_sets), p, u, u_tcz, task.mechanism, task.feedback)
            return np.concatenate([np.broadcast_to(part, n_sets) for part in parts])

        part = slice(segment.first, segment.last + 1)
        with np.errstate(over="ignore", invalid="ignore"):  # the outcome tells
            solution = scipy.integrate.solve_ivp(
                derivative,
                (segment.start_h, segment.end_h),
                y.ravel(),
                method=method,
                t_eval=times[part],
                rtol=task.rtol,
                atol=task.atol,
            )
        if not solution.success:
            return np.full_like(states, np.nan)
        states[:, :, part] = solution.y.reshape(n_states, n_sets, -1)
        y = states[:, :, segment.last].copy()
    return states
