"""SciPy's integrators: one set at a time with a compiled right-hand side, and a batch as one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from qsp_lib.model import Segment, Task

from ..problem import Array
from .contract import Peer
from .one_by_one import OneByOne


class _SciPy(OneByOne):
    """SciPy wants a new array of derivatives at every call."""

    packages = ("scipy", "numba", "numpy")

    def callback(self, fill: Callable[..., Any]) -> Callable[..., Array]:
        import numba

        row, number = numba.float64[::1], numba.float64

        @numba.njit(row(number, row, row))
        def derivative(t: float, y: Array, values: Array) -> Array:
            dy = np.empty(y.size)
            fill(dy, t, y, values)
            return dy

        return derivative


class Odeint(_SciPy):
    """``scipy.integrate.odeint``: LSODA in Fortran or C, a call a set."""

    label = "SciPy odeint"
    how = "odeint (LSODA), one set at a time, right-hand side compiled by numba"

    def segment(self, task: Task, part: Segment, y: Array, times: Array, values: Array) -> Array:
        from scipy.integrate import odeint

        return odeint(
            self.rhs[task.mechanism],
            y,
            times,
            args=(values,),
            rtol=task.rtol,
            atol=task.atol,
            mxstep=100_000,
            tfirst=True,
        ).T


class SolveIvp(_SciPy):
    """``scipy.integrate.solve_ivp`` with LSODA: SciPy's documented way, a call a set."""

    label = "SciPy solve_ivp"
    how = "solve_ivp (LSODA), one set at a time, right-hand side compiled by numba"

    def segment(self, task: Task, part: Segment, y: Array, times: Array, values: Array) -> Array:
        from scipy.integrate import solve_ivp

        return solve_ivp(
            self.rhs[task.mechanism],
            (part.start_h, part.end_h),
            y,
            method="LSODA",
            t_eval=times,
            args=(values,),
            rtol=task.rtol,
            atol=task.atol,
        ).y


class Batch(Peer):
    """All sets of a task as one system, as this package's reference engine does it."""

    label = "SciPy RK45 batch"
    sets_a_task = 500  # smaller batches wait for Python, larger ones for memory
    how = (
        f"solve_ivp (RK45), {sets_a_task} sets as one system, the NumPy right-hand side as written"
    )
    packages = ("scipy", "numpy")

    def build(self) -> None:
        from qsp_lib.model import solve_scipy

        self.solve = solve_scipy

    def states(self, task: Task) -> Array:
        return self.solve(task)[0]
