"""CasADi: its own symbolic graph, integrated by SUNDIALS' CVODES."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np

from qsp_lib.model import CENTRAL, Segment, Task

from ..problem import Array
from .contract import Peer, function


class CasADi(Peer):
    """An integrator a segment of dosing, all its report times in one call."""

    label = "CasADi CVODES"
    how = "CVODES on CasADi's graph with its exact Jacobian, one integrator a segment of dosing"
    packages = ("casadi", "numpy")

    def build(self) -> None:
        import casadi

        self.systems: dict[str, dict[str, Any]] = {}
        for mechanism, source in self.problem.python.items():
            structure = self.problem.structures[mechanism]
            y = casadi.SX.sym("y", len(structure.states))
            p = casadi.SX.sym("p", len(structure.parameters) + len(structure.inputs))
            dy: list[Any] = [0.0] * len(structure.states)
            function(source, max=casadi.fmax)(dy, 0.0, y, p)
            self.systems[mechanism] = {"x": y, "p": p, "ode": casadi.vertcat(*dy)}
        self.integrator = cache(self._integrator)

    def _integrator(
        self, mechanism: str, part: Segment, times: tuple[float, ...], rtol: float, atol: float
    ) -> Any:
        import casadi

        options = {
            "reltol": rtol,
            "abstol": atol,
            "max_num_steps": 100_000,
            "newton_scheme": "direct",
        }
        return casadi.integrator(
            "flow", "cvodes", self.systems[mechanism], times[0], list(times[1:]), options
        )

    def states(self, task: Task) -> Array:
        times = task.schedule.times
        found = np.full((len(task.structure.states), len(task.parameters), times.size), np.nan)
        values = np.empty(task.parameters.shape[1] + len(task.structure.inputs))
        flows = [
            self.integrator(
                task.mechanism,
                part,
                tuple(times[part.first : part.last + 1]),
                task.rtol,
                task.atol,
            )
            for part in task.schedule.segments
        ]
        for i, parameters in enumerate(task.parameters):
            values[: parameters.size] = parameters
            y = np.array(task.structure.before)
            try:
                for part, flow in zip(task.schedule.segments, flows, strict=True):
                    y[CENTRAL] += part.bolus
                    values[parameters.size :] = part.rates
                    found[:, i, part.first] = y
                    found[:, i, part.first + 1 : part.last + 1] = flow(x0=y, p=values)["xf"]
                    y = found[:, i, part.last].copy()
            except RuntimeError:
                found[:, i] = np.nan
        return found
