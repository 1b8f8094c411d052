"""Simulating, over draws, doses that step up: each dose interval of a regimen.

Written for the T-cell engagers whose outcomes are held back; what is simulated comes in as
arguments, and whether it may be is for :func:`qsp_lib.model.simulate` to say. A steroid may come
before the first dose: the simulation then begins with it, while times still count from the dose.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..inference import sweep
from ..model import (
    Draws,
    DrugInputs,
    NetworkParameters,
    Regimen,
    Solver,
    Steroid,
    SteroidInputs,
    Trajectory,
    severity,
    simulate,
)
from .dose_plans import (
    WITH,
    WITHOUT,
    Premedication,
    course_times,
    dose_times,
    horizon_h,
    intervals_h,
)
from .predicted_doses import CYTOKINES, DosePrediction

Array = NDArray[np.float64]

CHUNK = 100
"""Draws simulated together: a constant, so that nothing hangs on how many workers there are."""
_READ = 1 + 2 * len(CYTOKINES)
"""Columns of an interval: the index, then a peak and its time for each cytokine."""


@dataclass(frozen=True)
class _Job:
    """What one sweep simulates, and how it is read: called with a chunk of numbers of draws."""

    drug: DrugInputs
    network: NetworkParameters
    regimen: Regimen
    draws: Draws
    listed: int
    steroid: SteroidInputs | None
    premedication: Premedication | None
    solver: Solver
    course_h: tuple[float, ...]

    @property
    def shift_h(self) -> float:
        """Time of the drug's first dose in the simulation (h) less that in the regimen."""
        given = self.premedication
        if self.steroid is None or given is None:
            return 0.0
        return max(0.0, given.lead_h - self.regimen.first_dose_h)

    def run(self, numbers: Array) -> Trajectory:
        """The trajectories of these draws."""
        first, last = int(numbers[0, 0]), int(numbers[-1, 0])  # a chunk has no gaps
        shifted = self.regimen.shifted(self.shift_h)
        steroid = None
        if self.steroid is not None and self.premedication is not None:
            steroid = Steroid(self.steroid, self.premedication.beside(shifted))
        end = horizon_h(shifted, self.listed)
        return simulate(
            self.drug,
            self.network,
            shifted,
            draws=self.draws[first : last + 1],
            steroid=steroid,
            times=_report_times(dose_times(shifted), end),
            **self.solver.options(end),
        )

    def read(self, run: Trajectory) -> Iterator[Array]:
        """One column after another: of each interval, then of each time of the course."""
        shift = self.shift_h
        for start, end in intervals_h(self.regimen, self.listed):
            window = start + shift, end + shift
            signal = run.peak("S", *window).value
            yield np.log10(severity.fold_rise(signal, "IL6"))
            for name in CYTOKINES:
                peak = run.peak(name, *window)
                yield _total(peak.value, name)
                yield peak.time_h - shift
        for name in CYTOKINES:
            for time in self.course_h:
                yield _total(run.at(name, time + shift), name)


def _total(above: Array, cytokine: str) -> Array:
    """A level with the healthy one included (pg/mL); one a rounding error below that is that."""
    return severity.baselines()[cytokine] + np.maximum(above, 0.0)


def _rows(numbers: Array, job: _Job) -> Array:
    """What :meth:`_Job.read` gives of each draw, ``(m, columns)``; NaN if it failed."""
    run = job.run(numbers)
    columns = _READ * len(intervals_h(job.regimen, job.listed)) + len(CYTOKINES) * len(job.course_h)
    found = np.full((len(run), columns), np.nan)
    kept = run.completed
    if kept.any():
        found[kept] = np.stack(list(job.read(run.select(kept))), axis=1)
    return found


def _report_times(doses_h: Sequence[float], end_h: float) -> Array:
    """Times to simulate (h): every half hour for two days after a dose, then every 2 h.

    Peaks and levels are read off cubics between them.
    """
    pieces = [np.array([0.0])]
    for start, end in pairwise([*(time for time in doses_h if time < end_h), end_h]):
        early = np.arange(start, min(start + 48.0, end), 0.5)
        pieces += [early, np.arange(start + 48.0, end, 2.0)]
    times = np.unique(np.concatenate(pieces))
    return np.append(times[times < end_h], end_h)


def _swept(job: _Job, options: Mapping[str, Any]) -> Array:
    numbers = np.arange(len(job.draws), dtype=float)[:, None]
    lock = job.draws.lock
    given: dict[str, Any] = {"chunk": CHUNK, "lock": lock.digest if lock is not None else ""}
    return sweep(partial(_rows, job=job), numbers, **(given | dict(options)))


def _mark(job: _Job) -> str:
    marks = {job.drug.mark, job.network.mark, job.draws.mark}
    return "; ".join(sorted(marks - {""}))


def _arm(job: _Job) -> str:
    return WITHOUT if job.steroid is None or job.premedication is None else WITH


def predict(
    drug: DrugInputs,
    network: NetworkParameters,
    regimen: Regimen,
    draws: Draws,
    *,
    listed: int,
    steroid: SteroidInputs | None = None,
    premedication: Premedication | None = None,
    solver: Solver | None = None,
    variant: str = "",
    **options: Any,
) -> DosePrediction:
    """Levels and severity of every dose interval of a regimen, over draws.

    Args:
        drug, network, regimen, draws: as of :func:`qsp_lib.model.simulate`.
        listed: how many of the doses are listed; see :class:`.dose_plans.DosePlan`.
        steroid, premedication: dexamethasone, and when it is given; without either there is none.
        solver: engine and tolerances; its horizon is not read.
        variant: words for what is other than in the primary prediction.
        options: of :func:`qsp_lib.inference.sweep`, such as ``workers`` and ``checkpoint``.

    Raises:
        LockError, InputError: as :func:`qsp_lib.model.simulate`; see :func:`.dose_plans.horizon_h`.
    """
    course = course_times(regimen, listed)
    job = _Job(
        drug,
        network,
        regimen,
        draws,
        listed,
        steroid,
        premedication,
        solver or Solver(),
        course,
    )
    _try_one(job)
    found = _swept(job, options)
    intervals = intervals_h(regimen, listed)
    of_intervals = found[:, : _READ * len(intervals)].reshape(len(found), len(intervals), _READ)
    of_course = found[:, _READ * len(intervals) :].reshape(len(found), len(CYTOKINES), len(course))
    return DosePrediction(
        drug.name,
        regimen.label,
        _arm(job),
        variant,
        intervals,
        of_intervals[:, :, 0],
        {name: of_intervals[:, :, 1 + 2 * i] for i, name in enumerate(CYTOKINES)},
        {name: of_intervals[:, :, 2 + 2 * i] for i, name in enumerate(CYTOKINES)},
        course,
        {name: of_course[:, i] for i, name in enumerate(CYTOKINES)},
        _mark(job),
    )


def _try_one(job: _Job) -> None:
    """Simulate one draw here, so that what is refused is refused in its own words."""
    job.run(np.zeros((1, 1)))
