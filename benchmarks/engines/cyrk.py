"""CyRK, in the two ways it documents for a right-hand side compiled by numba."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from qsp_lib.model import Segment, Task

from ..problem import Array
from .contract import Peer, function
from .one_by_one import OneByOne

_FROM_A_LOOP, _FROM_PYTHON = "TSIT5", "LSODA"
"""The fastest method of each way on this problem: calls from Python cost most, so few are best."""


class InALoop(Peer):
    """``nbsolve2_ivp`` in a compiled loop: no Python between one set and the next."""

    label = "CyRK (compiled loop)"
    how = f"nbsolve2_ivp ({_FROM_A_LOOP}) in a loop compiled by numba, right-hand side too"
    packages = ("CyRK", "numba", "numpy")

    def build(self) -> None:
        import numba
        from CyRK import nbsolve2_ivp
        from CyRK.nb.numba_solver import cyjit_sig

        @numba.njit
        def loop(  # type: ignore[no-untyped-def]
            address,
            sets,
            starts,
            ends,
            firsts,
            lasts,
            boluses,
            rates,
            times,
            initial,
            rtol,
            atol,
            found,
        ):
            values = np.empty(sets.shape[1] + 1)
            for i in range(len(sets)):
                values[:-1] = sets[i]
                y = initial.copy()
                for k in range(len(starts)):
                    y[0] += boluses[k]
                    values[-1] = rates[k]
                    solution = nbsolve2_ivp(
                        address,
                        (starts[k], ends[k]),
                        y,
                        _FROM_A_LOOP,
                        times[firsts[k] : lasts[k] + 1],
                        False,
                        values,
                        rtol,
                        atol,
                        None,
                        None,
                        0,
                        0,
                        np.inf,
                        0.0,
                        0,
                        2000,
                        False,
                    )
                    if not solution.success:
                        solution.free()
                        found[:, i] = np.nan
                        break
                    found[:, i, firsts[k] : lasts[k] + 1] = solution.y
                    solution.free()
                    y = found[:, i, lasts[k]].copy()

        self.loop = loop
        # what CyRK's own decorator does, without Python's check for a division by zero
        compiled = numba.cfunc(cyjit_sig, error_model="numpy")
        self.functions = {
            mechanism: compiled(function(source))
            for mechanism, source in self.problem.python.items()
        }

    def states(self, task: Task) -> Array:
        times, parts = task.schedule.times, task.schedule.segments
        found = np.full((len(task.structure.states), len(task.parameters), times.size), np.nan)
        kinds: dict[str, type] = {"start_h": float, "end_h": float, "first": int, "last": int}
        kinds |= {"bolus": float, "rate": float}
        columns: list[NDArray[Any]] = [
            np.array([getattr(part, name) for part in parts], dtype=kind)
            for name, kind in kinds.items()
        ]
        self.loop(
            self.functions[task.mechanism].address,
            task.parameters,
            *columns,
            times,
            np.array(task.structure.before),
            task.rtol,
            task.atol,
            found,
        )
        return found


class FromPython(OneByOne):
    """``pysolve_ivp``, a call a set: nothing but the right-hand side has to be compiled."""

    label = "CyRK (Python calls)"
    how = f"pysolve_ivp ({_FROM_PYTHON}), one set at a time, right-hand side compiled by numba"
    packages = ("CyRK", "numba", "numpy")

    def build(self) -> None:
        from CyRK import pysolve_ivp

        super().build()
        self.solve = pysolve_ivp

    def segment(
        self, task: Task, part: Segment, y: Array, times: Array, values: Array
    ) -> Array | None:
        solution = self.solve(
            self.rhs[task.mechanism],
            (part.start_h, part.end_h),
            y,
            method=_FROM_PYTHON,
            t_eval=times,
            args=(values,),
            rtol=task.rtol,
            atol=task.atol,
            pass_dy_as_arg=True,
        )
        return solution.y if solution.success else None
