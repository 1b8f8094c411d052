"""This package as it is used: the sweep of the robustness chapter."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from qsp_lib.common import Crew

from .. import problem as asked
from ..problem import Array
from .contract import POINTS


class Ours:
    """``qsp_lib.inference.sweeping`` over the chapter's simulator, from the lock record up."""

    label = "this package"
    how = (
        "the robustness chapter's own sweep: the lock record is read and checked, the equations "
        "are traced and compiled by pydiffsol, TSIT45"
    )
    packages = ("qsp-crs", "pydiffsol", "numpy")

    def load(self, folder: Path, crew: Crew | None) -> None:
        from qsp_lib.protocol import current_record

        self.simulator = asked.simulator(current_record())
        first = np.load(folder / POINTS)[:1]
        if crew is None:
            self.simulator(first)
        else:
            crew.each(self.simulator, first)

    def run(self, points: Array, rtol: float, crew: Crew | None) -> Array:
        from qsp_lib.inference import sweep

        atol = rtol * self.simulator.solver.atol / self.simulator.solver.rtol
        run = replace(self.simulator, solver=replace(self.simulator.solver, rtol=rtol, atol=atol))
        # a crew has its own number of workers
        workers = 1 if crew is None else None
        return sweep(run, points, executor=crew, workers=workers, progress=False)
