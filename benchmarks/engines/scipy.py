"""SciPy's integrators: one set at a time with a compiled right-hand side, and a batch as one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from qsp_lib.engines import Task
from qsp_lib.engines.base import INITIAL

from ..problem import Array
from .contract import Peer, function

_N = len(INITIAL)


class _OneByOne(Peer):
    """A loop over sets and stretches around a right-hand side compiled by numba."""

    packages = ("scipy", "numba", "numpy")

    def build(self) -> None:
        import numba

        row, number = numba.float64[::1], numba.float64
        self.rhs: dict[str, Callable[..., Array]] = {}
        for mechanism, source in self.problem.python.items():
            fill = numba.njit(numba.void(row, number, row, row), error_model="numpy")(
                function(source)
            )
            self.rhs[mechanism] = self.callback(fill, numba)

    def callback(self, fill: Any, numba: Any) -> Callable[..., Array]:
        """What SciPy calls, given the compiled function that fills an array."""
        raise NotImplementedError

    def stretch(self, task: Task, y: Array, times: Array, values: Array) -> Array:
        """States ``(n_states, T)`` at the times of one stretch; the first is ``y``."""
        raise NotImplementedError

    def states(self, task: Task) -> Array:
        times = task.schedule.times
        found = np.full((_N, len(task.parameters), times.size), np.nan)
        values = np.empty(task.parameters.shape[1] + 2)
        for i, parameters in enumerate(task.parameters):
            values[:-2] = parameters
            y = INITIAL.copy()
            for part in task.schedule.stretches:
                y[0] += part.bolus
                values[-2:] = part.rate, part.rate_tcz
                inside = slice(part.first, part.last + 1)
                found[:, i, inside] = self.stretch(task, y, times[inside], values)
                y = found[:, i, part.last].copy()
        return found


class Odeint(_OneByOne):
    """``scipy.integrate.odeint``: LSODA in Fortran or C, a call a set."""

    label = "SciPy odeint"
    how = "odeint (LSODA), one set at a time, right-hand side compiled by numba"

    def callback(self, fill: Any, numba: Any) -> Callable[..., Array]:
        row, number = numba.float64[::1], numba.float64

        @numba.njit(row(row, number, row))
        def derivative(y: Array, t: float, values: Array) -> Array:
            dy = np.empty(_N)
            fill(dy, t, y, values)
            return dy

        return derivative

    def stretch(self, task: Task, y: Array, times: Array, values: Array) -> Array:
        from scipy.integrate import odeint

        return odeint(
            self.rhs[task.mechanism], y, times, args=(values,), rtol=task.rtol, atol=task.atol,
            mxstep=100_000,
        ).T  # fmt: skip


class SolveIvp(_OneByOne):
    """``scipy.integrate.solve_ivp`` with LSODA: SciPy's documented way, a call a set."""

    label = "SciPy solve_ivp"
    how = "solve_ivp (LSODA), one set at a time, right-hand side compiled by numba"

    def callback(self, fill: Any, numba: Any) -> Callable[..., Array]:
        row, number = numba.float64[::1], numba.float64

        @numba.njit(row(number, row, row))
        def derivative(t: float, y: Array, values: Array) -> Array:
            dy = np.empty(_N)
            fill(dy, t, y, values)
            return dy

        return derivative

    def stretch(self, task: Task, y: Array, times: Array, values: Array) -> Array:
        from scipy.integrate import solve_ivp

        return solve_ivp(
            self.rhs[task.mechanism], (times[0], times[-1]), y, method="LSODA", t_eval=times,
            args=(values,), rtol=task.rtol, atol=task.atol,
        ).y  # fmt: skip


class Batch(Peer):
    """All sets of a task as one system, as this package's reference engine does it."""

    label = "SciPy RK45 batch"
    sets_a_task = 500  # smaller batches wait for Python, larger ones for memory
    how = (
        f"solve_ivp (RK45), {sets_a_task} sets as one system, the NumPy right-hand side as written"
    )
    packages = ("scipy", "numpy")

    def build(self) -> None:
        from qsp_lib.engines import solve_scipy

        self.solve = solve_scipy

    def states(self, task: Task) -> Array:
        return self.solve(task)[0]
