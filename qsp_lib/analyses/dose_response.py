"""Dose-response: the clinical regimen scaled over ten decades, and the shape of the signal.

The shape is read off the peak effective signal by one rule, fixed before any curve was
computed (:func:`shape_of`). A rule on slopes and ends sees only the doses it is given, so
a curve also says whether its range was wide enough for the rule.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from enum import Enum

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.interpolate import PchipInterpolator

from ..common import InputError
from ..model import (
    Draws,
    DrugInputs,
    NetworkParameters,
    Regimen,
    Solver,
    Trajectory,
    severity,
    simulate,
)
from ..protocol import Record

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]
DRUGS = ("blinatumomab", "okt3", "tgn1412")
LOWEST, HIGHEST = 1e-6, 1e4
"""Doses as multiples of the clinical one: low enough that every drug is below 5 % of its
maximum, high enough that the slowest assumed hook effect shows."""
N_DOSES = 81
FALL = 0.20
LOW_SHARE = 0.05
STEEP = 1.5
PLATEAU = 0.05
_CHUNK = 600
"""Parameter sets simulated together: enough to be quick, few enough for memory."""


class Shape(Enum):
    """Shape of a dose-response curve."""

    BELL = "bell-shaped"
    SWITCH = "switch-like"
    SATURATING = "saturating"
    GRADED = "graded"


def doses(n_doses: int = N_DOSES, lowest: float = LOWEST, highest: float = HIGHEST) -> Array:
    """Multiples of the clinical dose, evenly spaced in log, ``(n_doses,)``.

    Raises:
        InputError: fewer than 2, or a range that is empty or not above 0.
    """
    if n_doses < 2:
        raise InputError(f"{n_doses} doses; expected 2 or more.")
    if not (np.isfinite([lowest, highest]).all() and 0 < lowest < highest):
        raise InputError(
            f"doses from {lowest:g} to {highest:g} times the clinical one; expected increasing "
            "numbers above 0."
        )
    return 10.0 ** np.linspace(np.log10(lowest), np.log10(highest), n_doses)


def check_doses(factors: ArrayLike) -> Array:
    """Dose multiples as an increasing array.

    Raises:
        InputError: fewer than 2, one that is negative, 0 or not finite, or a repeat.
    """
    values = np.asarray(factors, dtype=float)
    if values.ndim != 1 or values.size < 2:
        raise InputError(f"{values.size} doses were given; expected a list of 2 or more.")
    bad = values[~(np.isfinite(values) & (values > 0))]
    if bad.size:
        raise InputError(f"a dose of {bad[0]:g} times the clinical one; expected finite, above 0.")
    values = np.sort(values)
    repeated = values[1:][np.diff(values) == 0]
    if repeated.size:
        raise InputError(f"the dose {repeated[0]:g} is given twice; expected each dose once.")
    return values


@dataclass(frozen=True)
class Curve:
    """What a drug does at each dose.

    Attributes:
        label: the drug.
        factor: ``(n,)``, multiples of the clinical dose, increasing (over draws: all the same).
        exposure: ``(n,)``, highest serum concentration, ng/mL.
        signal: ``(n,)``, peak of the effective IL-6 signal above baseline, pg/mL.
        il6, tnf, ifn: ``(n,)``, peak cytokine above baseline, pg/mL.
        index: ``(n,)``, severity index.
        completed: ``(n,)``; where an integration failed the values are NaN.
        mark: empty, or words to show wherever unlocked values went in.
    """

    label: str
    factor: Array
    exposure: Array
    signal: Array
    il6: Array
    tnf: Array
    ifn: Array
    index: Array
    completed: Mask
    mark: str = ""

    @property
    def failures(self) -> int:
        """How many doses could not be simulated."""
        return int((~self.completed).sum())

    def within(self, lowest: float, highest: float) -> tuple[Array, Array]:
        """Doses and signals of this range, those that failed left out."""
        share = 1e-9  # a dose on the edge belongs to the range
        keep = self.completed & (self.factor >= lowest * (1 - share))
        keep &= self.factor <= highest * (1 + share)
        return self.factor[keep], self.signal[keep]


DEFAULT_SOLVER = Solver()


def dose_response(
    drug: DrugInputs,
    network: NetworkParameters,
    regimen: Regimen,
    factors: ArrayLike,
    solver: Solver = DEFAULT_SOLVER,
) -> Curve:
    """Simulate a regimen at many doses.

    Args:
        drug, network: inputs of the drug, and the shared network.
        regimen: the clinical regimen, every dose of which is multiplied.
        factors: multiples ``(n,)`` of it, each once, in any order.
        solver: a lock record's own, if the inputs are from one.

    Raises:
        InputError: see :func:`check_doses`.
        LockError: a blind drug before a lock record exists.
    """
    factor = check_doses(factors)
    return read_off(drug, simulate(drug, network, regimen, dose_factor=factor, **solver.options()))


def read_off(drug: DrugInputs, run: Trajectory) -> Curve:
    """Peaks and severity of every set of a run; those that failed are NaN."""
    kept = run.completed
    values = {name: np.full(kept.size, np.nan) for name in ("C", "S", "IL6", "TNF", "IFN", "z")}
    if kept.any():
        good = run.select(kept)
        for name in ("C", "S", "IL6", "TNF", "IFN"):
            values[name][kept] = good.peak(name).value
        values["z"][kept] = severity.index(good)
    return Curve(
        drug.label,
        run.task.dose_factor,
        values["C"],
        values["S"],
        values["IL6"],
        values["TNF"],
        values["IFN"],
        values["z"],
        kept,
        run.mark,
    )


# ---------------------------------------------------------------- the rule


@dataclass(frozen=True)
class Reading:
    """A shape, and the numbers the rule read it from.

    Attributes:
        shape: by the rule of :func:`shape_of`.
        fall: share of the maximum that is lost at the highest dose.
        steepest: steepest local log-log slope where the signal is above 5 % of its maximum.
        plateau: difference between the clinical dose and ten times it, as a share of the larger.
        wide_enough: whether the lowest dose gives less than 5 % of the maximum, so that the
            steepest part cannot lie below the range.
    """

    shape: Shape
    fall: float
    steepest: float
    plateau: float
    wide_enough: bool


def shape_of(factors: ArrayLike, signal: ArrayLike) -> Reading:
    """The shape of a curve, by the rule.

    Bell-shaped if the signal falls 20 % or more from its maximum at the high end; else
    switch-like if its steepest local log-log slope above 5 % of the maximum exceeds 1.5;
    else saturating if the clinical dose and ten times it differ by under 5 %; else graded.
    Slopes and values between doses are those of a monotone cubic through the logarithms,
    so that they hardly depend on where the doses fall.

    Args:
        factors: multiples of the clinical dose ``(n,)``, each once; 1 and 10 lie within.
        signal: peak signal ``(n,)`` at those doses, above 0.

    Raises:
        InputError: fewer than 4 doses, a range without 1 and 10, or a signal that is not above 0.
    """
    factor, peak = check_doses(factors), np.asarray(signal, dtype=float)
    if peak.shape != factor.shape or factor.size < 4:
        raise InputError(
            f"{factor.size} doses and {peak.size} signals; expected as many of each, 4 or more."
        )
    if not np.all(np.isfinite(peak) & (peak > 0)):
        raise InputError("a signal that is not above 0 has no log-log slope; leave that dose out.")
    if factor[0] > 1 or factor[-1] < 10:
        raise InputError(
            f"doses from {factor[0]:g} to {factor[-1]:g} times the clinical one; the rule compares "
            "1 with 10, so expected both within."
        )
    peak = peak[np.argsort(np.asarray(factors, dtype=float))]
    x, y = np.log10(factor), np.log10(peak)
    line = PchipInterpolator(x, y)
    fine = np.linspace(x[0], x[-1], 20 * (len(x) - 1) + 1)
    highest = float(peak.max())
    above = line(fine) >= np.log10(LOW_SHARE * highest)
    steepest = float(line.derivative()(fine[above]).max())
    fall = 1 - float(peak[-1]) / highest
    at_1, at_10 = 10.0 ** line([0.0, 1.0])
    plateau = float(abs(at_10 - at_1) / max(at_1, at_10))
    if fall >= FALL:
        shape = Shape.BELL
    elif steepest > STEEP:
        shape = Shape.SWITCH
    elif plateau < PLATEAU:
        shape = Shape.SATURATING
    else:
        shape = Shape.GRADED
    return Reading(shape, fall, steepest, plateau, bool(peak[0] < LOW_SHARE * highest))


def reading(curve: Curve, lowest: float = LOWEST, highest: float = HIGHEST) -> Reading:
    """The shape of a curve within a range of doses, those that failed left out."""
    return shape_of(*curve.within(lowest, highest))


# ---------------------------------------------------------------- uncertainty


def hook_curves(record: Record, hooks: Sequence[float], factors: ArrayLike) -> dict[float, Curve]:
    """Blinatumomab with other strengths of the hook effect, from a marked, unlocked copy.

    Args:
        hooks: values of ``K_hook`` (ng/mL).
        factors: multiples of the clinical dose.
    """
    drug = record.drug("blinatumomab").unlocked()
    regimen = record.regimen("blinatumomab")
    return {
        hook: dose_response(
            drug.replace(K_hook=hook), record.network, regimen, factors, record.solver
        )
        for hook in hooks
    }


@dataclass(frozen=True)
class Ensemble:
    """Curves of one drug over draws.

    Attributes:
        factor: ``(n,)``.
        signal: ``(N, n)``, peak effective signal, pg/mL; NaN where an integration failed.
        index: ``(N, n)``, severity index.
        readings: one a draw; None for a draw with a failed dose.
    """

    factor: Array
    signal: Array
    index: Array
    readings: tuple[Reading | None, ...]

    @property
    def failures(self) -> int:
        """How many draws have a dose that could not be simulated."""
        return sum(reading is None for reading in self.readings)

    def shares(self) -> dict[str, float]:
        """Share of all draws with each shape; a failed draw has none."""
        found = [reading.shape for reading in self.readings if reading is not None]
        return {shape.value: found.count(shape) / len(self.readings) for shape in Shape}

    def share_wide_enough(self) -> float:
        """Share of draws for which the range of doses reaches below 5 % of the maximum."""
        return float(np.mean([r is not None and r.wide_enough for r in self.readings]))


@dataclass(frozen=True)
class _Job:
    drug: DrugInputs
    network: NetworkParameters
    regimen: Regimen
    draws: Draws
    factors: Array
    solver: Solver


def _signals(job: _Job) -> tuple[Array, Array]:
    """Peak signal and severity index of every draw at every dose, ``(N, n)`` each."""
    n_draws, n = len(job.draws), job.factors.size
    run = simulate(
        job.drug,
        job.network,
        job.regimen,
        draws=job.draws.repeat(n),
        dose_factor=np.tile(job.factors, n_draws),
        **job.solver.options(),
    )
    signal, index = np.full(n_draws * n, np.nan), np.full(n_draws * n, np.nan)
    kept = run.completed
    if kept.any():
        good = run.select(kept)
        signal[kept], index[kept] = good.peak("S").value, severity.index(good)
    return signal.reshape(n_draws, n), index.reshape(n_draws, n)


def ensembles(
    record: Record,
    draws: Mapping[str, Draws],
    factors: ArrayLike,
    executor: Executor | None = None,
) -> dict[str, Ensemble]:
    """Every drug's curve for every draw.

    Args:
        draws: by drug, as :meth:`qsp_lib.protocol.lock.Record.draws` makes them.
        factors: multiples of the clinical dose; 1 and 10 lie within.

    The draws go out in pieces of fixed size, so the result is the same on any number of workers.
    """
    factor = check_doses(factors)
    size = max(_CHUNK // factor.size, 1)
    jobs, owners = [], []
    for name in DRUGS:
        regimen = record.regimen(name)
        for first in range(0, len(draws[name]), size):
            piece = draws[name][first : first + size]
            jobs.append(
                _Job(record.drug(name), record.network, regimen, piece, factor, record.solver)
            )
            owners.append(name)
    run = executor.map if executor is not None else map
    results = list(run(_signals, jobs))
    made = {}
    for name in DRUGS:
        mine = [result for owner, result in zip(owners, results, strict=True) if owner == name]
        signal, index = (np.vstack(parts) for parts in zip(*mine, strict=True))
        readings = tuple(
            shape_of(factor, row) if np.all(np.isfinite(row)) else None for row in signal
        )
        made[name] = Ensemble(factor, signal, index, readings)
    return made


JUMP = 10.0
"""A slope above this is a jump from one state to another, not a steep curve."""


def jumps(record: Record, name: str, draws: Draws, ensemble: Ensemble) -> dict[str, int]:
    """How many of a drug's draws jump, and how many of those still do with a loop cut.

    Keys: ``jump``; ``without_feedback``, the IL-6 feedback off; ``without_macrophage_tnf``,
    macrophages activated but making no TNF. The cuts are made on unlocked copies.
    """
    which = [r is not None and r.steepest > JUMP for r in ensemble.readings]
    counts = {"jump": sum(which), "without_feedback": 0, "without_macrophage_tnf": 0}
    if not any(which):
        return counts
    drug, network = record.drug(name).unlocked(), record.network.unlocked()
    mine = {key: values[which] for key, values in draws.values.items()}
    uncoupled = Draws(mine | {"k_TNF_M": np.zeros(sum(which))})
    regimen = record.regimen(name)
    for label, job in (
        (
            "without_feedback",
            _Job(
                drug,
                network.replace(feedback="none"),
                regimen,
                Draws(mine),
                ensemble.factor,
                record.solver,
            ),
        ),
        (
            "without_macrophage_tnf",
            _Job(drug, network, regimen, uncoupled, ensemble.factor, record.solver),
        ),
    ):
        signal, _ = _signals(job)
        good = [row for row in signal if np.all(np.isfinite(row))]
        counts[label] = sum(shape_of(ensemble.factor, row).steepest > JUMP for row in good)
    return counts


# ---------------------------------------------------------------- the low-dose trial
