"""Simulating, over draws, doses that step up: each dose interval of a regimen, or a grid of doses.

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
from numpy.typing import ArrayLike, NDArray

from ..common import InputError
from ..drugs import DrugFile
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
from .class_draws import Scatter, class_draws
from .dose_plans import (
    FIRST_DOSES_MG,
    VARIANTS,
    WITH,
    WITHOUT,
    Plan,
    Premedication,
    course_times,
    dose_times,
    horizon_h,
    intervals_h,
)
from .predicted_doses import CYTOKINES, FirstDoses, Prediction

Array = NDArray[np.float64]

CHUNK, CHUNK_OF_GRID = 100, 20
"""Draws simulated together: constants, so that nothing hangs on how many workers there are."""
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
    course_h: tuple[float, ...] = ()
    dose_factors: tuple[float, ...] = (1.0,)

    @property
    def shift_h(self) -> float:
        """Time of the drug's first dose in the simulation (h) less that in the regimen."""
        given = self.premedication
        if self.steroid is None or given is None:
            return 0.0
        return max(0.0, given.lead_h - self.regimen.first_dose_h)

    def run(self, numbers: Array) -> Trajectory:
        """The trajectories of these draws, each at every dose factor in turn."""
        first, last = int(numbers[0, 0]), int(numbers[-1, 0])  # a chunk has no gaps
        draws = self.draws[first : last + 1]
        factors = np.tile(self.dose_factors, len(draws))
        shifted = self.regimen.shifted(self.shift_h)
        steroid = None
        if self.steroid is not None and self.premedication is not None:
            steroid = Steroid(self.steroid, self.premedication.beside(shifted))
        end = horizon_h(shifted, self.listed)
        return simulate(
            self.drug,
            self.network,
            shifted,
            draws=draws.repeat(len(self.dose_factors)),
            dose_factor=1.0 if self.dose_factors == (1.0,) else factors,
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
    """What :meth:`_Job.read` gives of each draw, ``(m, factors * columns)``; NaN if it failed."""
    run = job.run(numbers)
    columns = _READ * len(intervals_h(job.regimen, job.listed)) + len(CYTOKINES) * len(job.course_h)
    found = np.full((len(run), columns), np.nan)
    kept = run.completed
    if kept.any():
        found[kept] = np.stack(list(job.read(run.select(kept))), axis=1)
    return found.reshape(len(numbers), -1)


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


def _swept(job: _Job, chunk: int, options: Mapping[str, Any]) -> Array:
    numbers = np.arange(len(job.draws), dtype=float)[:, None]
    lock = job.draws.lock
    given: dict[str, Any] = {"chunk": chunk, "lock": lock.digest if lock is not None else ""}
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
) -> Prediction:
    """Levels and severity of every dose interval of a regimen, over draws.

    Args:
        drug, network, regimen, draws: as of :func:`qsp_lib.model.simulate`.
        listed: how many of the doses are listed; see :class:`Plan`.
        steroid, premedication: dexamethasone, and when it is given; without either there is none.
        solver: engine and tolerances; its horizon is not read.
        variant: words for what is other than in the primary prediction.
        options: of :func:`qsp_lib.inference.sweep`, such as ``workers`` and ``checkpoint``.

    Raises:
        LockError, InputError: as :func:`qsp_lib.model.simulate`; see :func:`horizon_h`.
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
    found = _swept(job, CHUNK, options)
    intervals = intervals_h(regimen, listed)
    of_intervals = found[:, : _READ * len(intervals)].reshape(len(found), len(intervals), _READ)
    of_course = found[:, _READ * len(intervals) :].reshape(len(found), len(CYTOKINES), len(course))
    return Prediction(
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


def predict_first_doses(
    drug: DrugInputs,
    network: NetworkParameters,
    regimen: Regimen,
    draws: Draws,
    *,
    doses_mg: ArrayLike = FIRST_DOSES_MG,
    steroid: SteroidInputs | None = None,
    premedication: Premedication | None = None,
    solver: Solver | None = None,
    variant: str = "",
    **options: Any,
) -> FirstDoses:
    """Highest levels and severity after one dose, for a grid of doses, over draws.

    Args:
        regimen: one dose, which stands for every dose of the grid.
        doses_mg: the grid, increasing.

    Other arguments are as of :func:`predict`.

    Raises:
        LockError: as :func:`qsp_lib.model.simulate`.
        InputError: a regimen of more than one dose, doses that do not increase from above 0.
    """
    grid = np.asarray(doses_mg, dtype=float)
    if len(regimen.doses) != 1 or not regimen.total_ug > 0:
        raise InputError(f"the regimen has {len(regimen.doses)} doses; expected one, above 0.")
    if grid.ndim != 1 or grid.size < 2 or not grid[0] > 0 or not np.all(np.diff(grid) > 0):
        raise InputError("doses of a grid must be two or more that increase from above 0 mg.")
    job = _Job(
        drug,
        network,
        regimen,
        draws,
        1,
        steroid,
        premedication,
        solver or Solver(),
        dose_factors=tuple((1000.0 * grid / regimen.total_ug).tolist()),
    )
    _try_one(job)
    found = _swept(job, CHUNK_OF_GRID, options).reshape(len(draws), grid.size, _READ)
    return FirstDoses(
        drug.name,
        _arm(job),
        variant,
        tuple(grid.tolist()),
        found[:, :, 0],
        {name: found[:, :, 1 + 2 * i] for i, name in enumerate(CYTOKINES)},
        {name: found[:, :, 2 + 2 * i] for i, name in enumerate(CYTOKINES)},
        _mark(job),
    )


def _try_one(job: _Job) -> None:
    """Simulate one draw here, so that what is refused is refused in its own words."""
    job.run(np.zeros((1, 1)))


# ---------------------------------------------------------------- a drug of the class


def predict_class(
    plan: Plan,
    file: DrugFile,
    drug: DrugInputs,
    network: NetworkParameters,
    base: Draws,
    *,
    steroid: SteroidInputs,
    seed: int,
    variants: Mapping[str, Mapping[str, Any]] = VARIANTS,
    solver: Solver | None = None,
    **options: Any,
) -> tuple[Prediction, ...]:
    """A drug of the class in both arms, the primary one first, each variant after the other.

    Args:
        plan: what is predicted.
        file: the drug's file: its regimens, and how far drugs of the class lie apart.
        drug, network: as a lock record holds them.
        base: draws of blinatumomab.
        steroid: dexamethasone's inputs; draws of them in ``base`` come first.
        seed, variants: see :func:`.class_draws.class_draws`.

    Other arguments and errors are as of :func:`predict`.
    """
    return tuple(
        predict(
            drug,
            network,
            _regimen(plan, file),
            class_draws(base, drug, Scatter.of(file), seed=seed, **changes),
            listed=plan.listed,
            steroid=given,
            premedication=plan.premedication,
            solver=solver,
            variant=variant,
            **options,
        )
        for variant, changes in variants.items()
        for given in ([steroid, None] if plan.premedication is not None else [None])
    )


def predict_class_first_doses(
    plan: Plan,
    file: DrugFile,
    drug: DrugInputs,
    network: NetworkParameters,
    base: Draws,
    *,
    steroid: SteroidInputs,
    seed: int,
    variants: Mapping[str, Mapping[str, Any]] = VARIANTS,
    doses_mg: ArrayLike = FIRST_DOSES_MG,
    solver: Solver | None = None,
    **options: Any,
) -> tuple[FirstDoses, ...]:
    """Single first doses of a drug of the class; arguments as of :func:`predict_class`."""
    return tuple(
        predict_first_doses(
            drug,
            network,
            _regimen(plan, file),
            class_draws(base, drug, Scatter.of(file), seed=seed, **changes),
            doses_mg=doses_mg,
            steroid=given,
            premedication=plan.premedication,
            solver=solver,
            variant=variant,
            **options,
        )
        for variant, changes in variants.items()
        for given in ([steroid, None] if plan.premedication is not None else [None])
    )


def _regimen(plan: Plan, file: DrugFile) -> Regimen:
    if plan.regimen not in file.regimens:
        raise InputError(
            f"{file.inputs.label} has no regimen {plan.regimen!r}; its file gives "
            f"{list(file.regimens)}."
        )
    return file.regimens[plan.regimen]
