"""This package as it is used: the sweep of the robustness chapter."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from qsp_lib.common import Crew

from .. import problem as asked
from ..problem import Array
from .contract import POINTS

if TYPE_CHECKING:
    from qsp_lib.analyses import PeakSimulator


class Ours:
    """``qsp_lib.inference.sweeping`` over the chapter's simulator, from the lock record up."""

    label = "this package"
    how = (
        "the robustness chapter's own sweep: the lock record is read and checked, the equations "
        "are traced and compiled by pydiffsol, TSIT45"
    )
    packages = ("qsp-crs", "pydiffsol", "numpy")
    chunk = asked.CHUNK
    """Parameter sets a task."""

    def load(self, folder: Path, crew: Crew | None) -> None:
        from qsp_lib.protocol import current_record

        self.simulator = self.with_engine(asked.simulator(current_record()))
        first = np.load(folder / POINTS)[:1]
        if crew is None:
            self.simulator(first)
        else:
            crew.each(self.simulator, first)

    def with_engine(self, simulator: PeakSimulator) -> PeakSimulator:
        """The simulator with the engine that is measured: the record's own."""
        return simulator

    def run(self, points: Array, rtol: float, crew: Crew | None) -> Array:
        from qsp_lib.inference import sweep

        atol = rtol * self.simulator.solver.atol / self.simulator.solver.rtol
        run = replace(self.simulator, solver=replace(self.simulator.solver, rtol=rtol, atol=atol))
        # a crew has its own number of workers
        workers = 1 if crew is None else None
        return sweep(run, points, executor=crew, workers=workers, chunk=self.chunk, progress=False)


class Fast(Ours):
    """The same with the engine that is asked for by name: threads of one process."""

    label = "this package (engine fast)"
    how = "as this package, with the engine that has to be asked for by name, on threads"
    packages = ("qsp-crs", "heyoka", "numpy")
    chunk = 500
    """Threads share out a task, so that a larger one keeps them longer at work."""

    def load(self, folder: Path, crew: Crew | None) -> None:
        if crew is None:  # it takes a thread for each core that it may use
            os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
        super().load(folder, None)

    def with_engine(self, simulator: PeakSimulator) -> PeakSimulator:
        return replace(simulator, solver=replace(simulator.solver, engine="fast"))

    def run(self, points: Array, rtol: float, crew: Crew | None) -> Array:
        return super().run(points, rtol, None)
