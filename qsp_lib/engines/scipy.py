"""The reference engine: SciPy integrates the NumPy right-hand side, a batch as one system."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import scipy  # its parts are loaded when they are used: the default engine waits for none of them
from numpy.typing import NDArray

from ..equations import PARAMETERS, STATES, rhs
from .base import INITIAL, Outcome, Task, classify_all


def solve_scipy(task: Task, method: str = "RK45") -> tuple[NDArray[np.float64], list[Outcome]]:
    """Integrate a batch as one system of ``n_states * N`` equations.

    Returns:
        States ``(n_states, N, T)`` (NaN where the integration failed) and one outcome a set.
    """
    n_sets, n_states, times = len(task.parameters), len(STATES), task.schedule.times
    p = SimpleNamespace(**dict(zip(PARAMETERS, task.parameters.T, strict=True)))
    states = np.full((n_states, n_sets, times.size), np.nan)
    y = np.repeat(INITIAL[:, None], n_sets, axis=1)
    for stretch in task.schedule.stretches:
        y[0] += task.dose_factor * stretch.bolus
        y[11] += stretch.bolus_tcz
        u = task.dose_factor * stretch.rate

        def derivative(
            _t: float, flat: NDArray[np.float64], u: Any = u, u_tcz: float = stretch.rate_tcz
        ) -> NDArray[np.float64]:
            parts = rhs(flat.reshape(n_states, n_sets), p, u, u_tcz, task.mechanism, task.feedback)
            return np.concatenate([np.broadcast_to(part, n_sets) for part in parts])

        part = slice(stretch.first, stretch.last + 1)
        solution = scipy.integrate.solve_ivp(
            derivative, (stretch.start_h, stretch.end_h), y.ravel(), method=method,
            t_eval=times[part], rtol=task.rtol, atol=task.atol,
        )  # fmt: skip
        if not solution.success:
            states[:] = np.nan
            return states, [Outcome.SOLVER_FAILED] * n_sets
        states[:, :, part] = solution.y.reshape(n_states, n_sets, -1)
        y = states[:, :, stretch.last].copy()
    return states, classify_all(states, task.rtol, task.atol)
