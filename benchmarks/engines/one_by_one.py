"""A loop in Python over sets and segments, around a right-hand side compiled by numba."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from typing import Any

import numpy as np

from qsp_lib.model import CENTRAL, Segment, Task

from ..problem import Array
from .contract import Peer, function


class OneByOne(Peer):
    """What calls a solver once for every set and segment."""

    def build(self) -> None:
        import numba

        row, number = numba.float64[::1], numba.float64
        compiled = numba.njit(numba.void(row, number, row, row), error_model="numpy")
        self.rhs = {
            mechanism: self.callback(compiled(function(source)))
            for mechanism, source in self.problem.python.items()
        }

    def callback(self, fill: Callable[..., Any]) -> Callable[..., Any]:
        """What the solver calls, given the compiled ``fill(dy, t, y, values)``."""
        return fill

    @abstractmethod
    def segment(
        self, task: Task, part: Segment, y: Array, times: Array, values: Array
    ) -> Array | None:
        """States ``(n_states, T)`` at the times of one segment from ``y`` on; None if it failed."""

    def states(self, task: Task) -> Array:
        times = task.schedule.times
        found = np.full((len(task.structure.states), len(task.parameters), times.size), np.nan)
        values = np.empty(task.parameters.shape[1] + len(task.structure.inputs))
        for i, parameters in enumerate(task.parameters):
            values[: parameters.size] = parameters
            y = np.array(task.structure.before)
            for part in task.schedule.segments:
                y[CENTRAL] += part.bolus
                values[parameters.size :] = part.rates
                inside = slice(part.first, part.last + 1)
                solved = self.segment(task, part, y, times[inside], values)
                if solved is None:
                    found[:, i] = np.nan
                    break
                found[:, i, inside] = solved
                y = found[:, i, part.last].copy()
        return found
