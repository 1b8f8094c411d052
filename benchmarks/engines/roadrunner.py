"""libroadrunner: SBML compiled by LLVM, integrated by CVODE."""

from __future__ import annotations

import numpy as np

from qsp_lib.model import CENTRAL, Task

from ..problem import PREFIX, Array
from .contract import Peer


class RoadRunner(Peer):
    """One loaded model a mechanism, used again for every set; values are set by index."""

    label = "libroadrunner"
    how = "SBML with rate rules, loaded once, values set by index, CVODE (BDF), states only"
    packages = ("libroadrunner", "numpy")

    def build(self) -> None:
        import roadrunner

        if not self.problem.sbml:
            raise RuntimeError("there is no SBML to read: Antimony, which writes it, is missing")
        self.models, self.index = {}, {}
        for mechanism, text in self.problem.sbml.items():
            model = self.models[mechanism] = roadrunner.RoadRunner(text)
            structure = self.problem.structures[mechanism]
            model.timeCourseSelections = [PREFIX + name for name in structure.states]
            places = {name: i for i, name in enumerate(model.model.getGlobalParameterIds())}
            self.index[mechanism] = [
                [places[PREFIX + name] for name in group]
                for group in (structure.parameters, (*structure.inputs, *structure.states))
            ]

    def states(self, task: Task) -> Array:
        runner = self.models[task.mechanism]
        of_parameters, of_rest = self.index[task.mechanism]
        integrator, model = runner.getIntegrator(), runner.model
        integrator.setValue("relative_tolerance", task.rtol)
        integrator.setValue("absolute_tolerance", task.atol)
        times = task.schedule.times
        grids = [times[part.first : part.last + 1].tolist() for part in task.schedule.segments]
        found = np.full((len(task.structure.states), len(task.parameters), times.size), np.nan)
        for i, parameters in enumerate(task.parameters):
            y = np.array(task.structure.before)
            model.setGlobalParameterValues(of_parameters, parameters)
            try:
                for part, grid in zip(task.schedule.segments, grids, strict=True):
                    y[CENTRAL] += part.bolus
                    model.setGlobalParameterValues(of_rest, [*part.rates, *y])
                    model.setTime(grid[0])
                    integrator.restart(grid[0])
                    found[:, i, part.first : part.last + 1] = runner.simulate(times=grid).T
                    y = found[:, i, part.last].copy()
            except RuntimeError:
                found[:, i] = np.nan
        return found
