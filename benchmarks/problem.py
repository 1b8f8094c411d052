"""What every engine is asked: the same drugs, doses, draws, report times, tolerance and peaks.

It is the robustness chapter's ensemble: all its arms, draws, grid and tolerance come from the
chapter's own code. The chapter reads the peaks it has criteria for; here every arm gives all of
:data:`READ`, so that an accuracy can be stated for each.

A :class:`Problem` is plain data. It is made once by :func:`make` and handed to the other engines
as a file, so that none of them waits for this package, and reading it needs NumPy alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from qsp_lib.model import PARAMETERS, Outcome, Schedule, Task, Trajectory

if TYPE_CHECKING:
    from qsp_lib.analyses import PeakSimulator
    from qsp_lib.protocol import Record

Array = NDArray[np.float64]

READ = ("TNF", "IFN", "IL6", "S")
"""States whose peaks every engine gives, for every drug."""
TARGET = 1e-4
"""Relative error at which engines are compared: that of a set's worst peak, in :data:`WITHIN`."""
WITHIN = 0.99
"""Share of the parameter sets whose every peak has to be as near to the reference as that."""
SIZES = (100, 1000, 5000, 10_000)
"""Parameter sets of an ensemble; each is simulated once a drug."""
PREFIX = "x_"
"""Before every name in SBML, where some of ours mean something else."""
CHUNK = 100
"""Parameter sets a task, as in :mod:`qsp_lib.inference.sweeping`."""


@dataclass(frozen=True)
class TimedArm:
    """One drug at its doses.

    Attributes:
        drug: its name.
        mechanism: of its right-hand side.
        values: ``(n_parameters,)``, in the order of ``equations.PARAMETERS``.
        schedule: report times (h), and segments of constant dosing.
    """

    drug: str
    mechanism: str
    values: Array
    schedule: Schedule


@dataclass(frozen=True)
class TimedProblem:
    """An ensemble to simulate.

    Attributes:
        feedback: structure of the right-hand side.
        arms: the drugs.
        names: parameters that vary, columns of the points.
        rtol: relative tolerance of the chapter.
        atol_per_rtol: absolute tolerance over relative, in each state's unit.
        python: right-hand side as Python source, by mechanism.
        sbml: the same as an SBML file; empty until it is written, which takes Antimony.
    """

    feedback: str
    arms: tuple[TimedArm, ...]
    names: tuple[str, ...]
    rtol: float
    atol_per_rtol: float
    python: dict[str, str]
    sbml: dict[str, str] = field(default_factory=dict)

    @property
    def quantities(self) -> tuple[str, ...]:
        """``drug.state`` of each column that an engine gives."""
        return tuple(f"{arm.drug}.{state}" for arm in self.arms for state in READ)

    def tasks(self, points: Array, rtol: float) -> Iterator[Task]:
        """The integrations of points ``(m, d)``, a task a drug."""
        columns = [PARAMETERS.index(name) for name in self.names]
        for arm in self.arms:
            table = np.tile(arm.values, (len(points), 1))
            table[:, columns] = points
            yield Task(
                arm.mechanism,
                self.feedback,
                table,
                np.ones(len(points)),
                arm.schedule,
                rtol,
                rtol * self.atol_per_rtol,
            )


def peaks(task: Task, states: Array) -> Array:
    """Peaks ``(m, len(READ))`` of states ``(n_states, m, T)``, NaN where a set has a NaN."""
    finite: NDArray[np.bool_] = np.asarray(np.isfinite(states).all(axis=(0, 2)))
    read = Trajectory("", task, states, (Outcome.COMPLETED,) * len(finite), True).select(finite)
    found = np.full((len(finite), len(READ)), np.nan)
    found[finite] = np.stack([read.peak(state).value for state in READ], axis=1)
    return found


def worst(found: Array, reference: Array) -> Array:
    """Relative error ``(m,)`` of each set's worst peak; infinite where a simulation failed."""
    off = np.abs(found / reference - 1).max(axis=1)
    return np.where(np.isfinite(off), off, np.inf)


def error(found: Array, reference: Array) -> float:
    """The error that :data:`WITHIN` of the sets stay within."""
    return float(np.quantile(worst(found, reference), WITHIN, method="inverted_cdf"))


def simulator(record: Record) -> PeakSimulator:
    """The robustness chapter's simulator, asked for every peak of :data:`READ`."""
    from dataclasses import replace

    from qsp_lib.analyses import robustness

    run = robustness.simulator(record)
    return replace(run, arms=tuple(replace(arm, states=READ) for arm in run.arms))


def draws(record: Record, n_sets: int) -> Array:
    """The chapter's draws, ``(n_sets, 17)``."""
    from qsp_lib.analyses import space
    from qsp_lib.inference import sobol

    ranges = space(record)
    return ranges.quantile(sobol(n_sets, len(ranges.names), record.seed))


def make(record: Record) -> TimedProblem:
    """The ensemble around a lock record, with its right-hand side written out in Python."""
    from qsp_lib.model import simulate

    from . import model_text

    run = simulator(record)
    arms = []
    for arm in run.arms:
        # one run at the lock gives what the package itself hands to its engine
        task = simulate(
            arm.drug,
            run.network,
            arm.regimen,
            times=_report_times(run.solver.horizon_h),
            horizon_h=run.solver.horizon_h,
            rtol=run.solver.rtol,
            atol=run.solver.atol,
        ).task
        arms.append(TimedArm(arm.drug.name, task.mechanism, task.parameters[0], task.schedule))
    feedback = run.network.feedback
    python = {arm.mechanism: model_text.python(arm.mechanism, feedback) for arm in arms}
    return TimedProblem(
        feedback, tuple(arms), run.names, run.solver.rtol, run.solver.atol / run.solver.rtol, python
    )


def _report_times(horizon_h: float) -> Array:
    from qsp_lib.analyses import report_times

    return report_times(horizon_h)
