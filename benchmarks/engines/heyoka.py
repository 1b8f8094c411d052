"""heyoka: Taylor's method compiled by LLVM, several parameter sets in each instruction."""

from __future__ import annotations

from typing import Any

import numpy as np

from qsp_lib.model import CENTRAL, Task

from ..problem import Array
from .contract import Peer, function

_ROUNDED_BY = 1e-6
"""In ng/mL or pg/mL: over this the corner of ``max(x, 0)`` is rounded off.

At a level of exactly zero a power with a fitted exponent has no Taylor series.
"""


def positive_part(zero: float, x: Any) -> Any:
    """``max(0, x)`` with its corner rounded off, on heyoka's graph."""
    import heyoka

    return 0.5 * (x + heyoka.sqrt(x * x + (zero + _ROUNDED_BY) ** 2))


class Heyoka(Peer):
    """An integrator a mechanism, as many sets side by side as the processor has lanes."""

    label = "heyoka"
    how = (
        "Taylor's method in batches as wide as the processor's vectors, its own tolerance (of a "
        "step's error over the largest state), dense output at the report times, corners of the "
        "positive parts rounded off"
    )
    packages = ("heyoka", "numpy")

    def build(self) -> None:
        import heyoka

        self.lanes: int = heyoka.recommended_simd_size()
        self.integrators: dict[tuple[str, float], Any] = {}

    def integrator(self, mechanism: str, rtol: float) -> Any:
        """The compiled integrator of a mechanism: its order is of the tolerance, so one each."""
        import heyoka

        if (mechanism, rtol) not in self.integrators:
            structure = self.problem.structures[mechanism]
            states = heyoka.make_vars(*structure.states)
            values = [heyoka.par[i] for i in range(_n_values(structure))]
            rates: list[Any] = [None] * len(states)
            function(self.problem.python[mechanism], max=positive_part)(rates, 0.0, states, values)
            self.integrators[mechanism, rtol] = heyoka.taylor_adaptive_batch(
                list(zip(states, rates, strict=True)),
                np.zeros((len(states), self.lanes)),
                pars=np.zeros((len(values), self.lanes)),
                tol=rtol,
            )
        return self.integrators[mechanism, rtol]

    def states(self, task: Task) -> Array:
        flow = self.integrator(task.mechanism, task.rtol)
        times, n_sets = task.schedule.times, len(task.parameters)
        n_parameters = task.parameters.shape[1]
        grid = np.repeat(times[:, None], self.lanes, axis=1)
        found = np.full((len(task.structure.states), n_sets, times.size), np.nan)
        for first in range(0, n_sets, self.lanes):
            lanes = np.arange(first, first + self.lanes)
            # lanes that are left over repeat the last set
            flow.pars[:n_parameters] = task.parameters[np.minimum(lanes, n_sets - 1)].T
            y = np.repeat(np.array(task.structure.before)[:, None], self.lanes, axis=1)
            some = found[:, first : first + self.lanes]
            for part in task.schedule.segments:
                y[CENTRAL] += part.bolus
                flow.pars[n_parameters:] = np.array(part.rates)[:, None]
                flow.state[:] = y
                flow.set_time(part.start_h)
                inside = slice(part.first, part.last + 1)
                reported = flow.propagate_grid(grid[inside])[1]
                some[:, :, inside] = reported[:, :, : some.shape[1]].transpose(1, 2, 0)
                y = reported[-1].copy()
        return found


def _n_values(structure: Any) -> int:
    return len(structure.parameters) + len(structure.inputs)
