"""The same patients through several treatments: what worker processes run.

A treatment is one drug, its doses and what is given beside it. Every value of a draw of the
posterior, network and drug, is multiplied by what the patient's factors say of it; then each
patient is simulated as any other parameter set. Values of a lock record are changed by that, so
everything is computed on explicitly unlocked copies and carries their mark.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from functools import cached_property
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...common import InputError
from ...model import (
    FAST,
    LEAST_TARGETS,
    MOST_TARGETS,
    Draws,
    DrugInputs,
    NetworkParameters,
    Regimen,
    Rescue,
    Solver,
    Steroid,
    Trajectory,
    Treatment,
    baselines,
    read_by,
    severity,
    simulate_treatment,
)
from .factors import OBSERVED, Factors
from .patients import Patients

Array = NDArray[np.float64]

INDEX, IL6_PEAK = "index", "il6_peak"
STOOD_IN = "stood in"
"""Name of the column with the number of treatments in which the default engine stood in."""
DRAW = "posterior draw"
"""Name of the coordinate that says which draw of the posterior a place is in."""
TARGETS = "B_0"
_DENSE_H, _SPARSE_H, _DENSE_FOR_H = 0.5, 2.0, 48.0


@dataclass(frozen=True)
class PatientArm:
    """One treatment that every patient gets.

    Attributes:
        name: key of what is read off it.
        drug: an unlocked copy of a record's drug, or one that no record holds.
        regimen: its doses.
        values: of each draw of the posterior ``(D,)`` by parameter: what is not there is as in
            ``drug`` and in the network.
        horizon_h: end (h).
        times_h: when the observed IL-6 is read (h).
        rescue, steroid: what is given beside it.
        burden: multiplies every patient's targets, within what the model takes.
        intervals_h: stretches (h) that have an index of their own, such as from dose to dose.

    Raises:
        InputError: a time or a stretch outside the simulation, draws of different lengths, a
            burden out of range.
    """

    name: str
    drug: DrugInputs
    regimen: Regimen
    values: Mapping[str, Array] = field(repr=False)
    horizon_h: float
    times_h: tuple[float, ...] = ()
    rescue: Rescue | None = None
    steroid: Steroid | None = None
    burden: float = 1.0
    intervals_h: tuple[tuple[float, float], ...] = ()

    def __post_init__(self) -> None:
        for start, end in self.intervals_h:
            if not 0 <= start < end <= self.horizon_h:
                raise InputError(
                    f"{self.name}: an index from {start:g} to {end:g} h was asked for; expected a "
                    f"stretch within 0 to {self.horizon_h:g} h."
                )
        if late := [time for time in self.times_h if not 0 <= time <= self.horizon_h]:
            raise InputError(
                f"{self.name}: IL-6 at {late[0]:g} h was asked for; expected times from 0 to "
                f"{self.horizon_h:g} h."
            )
        if len({len(array) for array in self.values.values()}) != 1:
            raise InputError(f"{self.name}: expected values of every draw, of one length.")
        if not LEAST_TARGETS <= self.burden <= MOST_TARGETS:
            raise InputError(
                f"{self.name}: a burden of {self.burden:g} was asked for; expected "
                f"{LEAST_TARGETS:g} to {MOST_TARGETS:g} times the average patient's."
            )
        arrays = {name: np.array(array, dtype=float) for name, array in self.values.items()}
        for array in arrays.values():
            array.setflags(write=False)
        object.__setattr__(self, "values", MappingProxyType(arrays))

    def __reduce__(self) -> tuple[Any, ...]:
        # a read-only mapping does not travel to another process
        given = {of.name: getattr(self, of.name) for of in fields(self)}
        return _made_again, (given | {"values": dict(self.values)},)

    @property
    def n_draws(self) -> int:
        """Draws of the posterior."""
        return len(next(iter(self.values.values())))

    @property
    def quantities(self) -> tuple[str, ...]:
        """What is read off it, without its name."""
        of_intervals = (index_of(number) for number in range(1, len(self.intervals_h) + 1))
        return INDEX, IL6_PEAK, *(il6_at(time) for time in self.times_h), *of_intervals

    def with_burden(self, burden: float, name: str) -> PatientArm:
        """The same treatment of patients with so many times the targets."""
        return replace(self, burden=burden, name=name)

    def with_doses(self, factor: float, name: str) -> PatientArm:
        """The same treatment with every dose of the drug times a factor."""
        return replace(self, regimen=self.regimen.scaled(factor), name=name)


def _made_again(given: dict[str, Any]) -> PatientArm:
    return PatientArm(**given)


def il6_at(time_h: float) -> str:
    """Name of the observed IL-6 at a time (h)."""
    return f"il6_{time_h:g}h"


def index_of(number: int) -> str:
    """Name of the index of one of the stretches, from 1."""
    return f"{INDEX}_{number}"


@dataclass(frozen=True)
class PatientSimulator:
    """All treatments of some patients; see :class:`OfPatients` and :class:`OfPlaces`.

    Attributes:
        network: the unlocked network.
        arms: the treatments, of the same draws.
        factors: what varies between patients.
        solver: engine and tolerances.

    Raises:
        InputError: no treatments, two of one name, of different numbers of draws, or with a burden
            that no factor takes.
    """

    network: NetworkParameters
    arms: tuple[PatientArm, ...]
    factors: Factors
    solver: Solver

    def __post_init__(self) -> None:
        names = [arm.name for arm in self.arms]
        if not names or len(set(names)) < len(names):
            raise InputError(f"treatments {names} were given; expected one or more, each once.")
        if len({arm.n_draws for arm in self.arms}) > 1:
            raise InputError("treatments of different numbers of draws; expected the same draws.")
        of_targets = any(TARGETS in factor.scales for factor in self.factors)
        if not of_targets and (burdened := [arm.name for arm in self.arms if arm.burden != 1]):
            raise InputError(
                f"{burdened[0]} has a burden of its own, and no factor is of targets; expected one."
            )

    @property
    def n_draws(self) -> int:
        """Draws of the posterior."""
        return self.arms[0].n_draws

    @property
    def quantities(self) -> tuple[str, ...]:
        """``arm.quantity`` of each column; last, with an engine asked for by name, what it left."""
        of_arms = (f"{arm.name}.{name}" for arm in self.arms for name in arm.quantities)
        return (*of_arms, *((STOOD_IN,) if self.counts_stand_ins else ()))

    @property
    def counts_stand_ins(self) -> bool:
        """Whether a column says in how many treatments the default engine stood in."""
        return self.solver.engine == FAST

    @property
    def mark(self) -> str:
        """Words that go with everything made from it."""
        marks = {self.network.mark, *(arm.drug.mark for arm in self.arms)}
        return "; ".join(sorted(marks - {""}))

    @cached_property
    def idle(self) -> dict[str, tuple[str, ...]]:
        """Factors that change nothing in a treatment, by its name: its model does not read them."""
        found = {}
        for arm in self.arms:
            read = read_by(self._treatment(arm).structure)
            found[arm.name] = tuple(
                factor.name
                for factor in self.factors
                if factor.scales != (OBSERVED,)
                and not read.intersection(self._scaled(arm, factor.scales))
            )
        return found

    def run(self, draws: NDArray[np.int_], factors: Array) -> Array:
        """What is read off every treatment of patients ``(m, d)`` who live in these draws ``(m,)``.

        Returns:
            ``(m, k)``, a column a quantity; a row of NaN where a treatment did not complete, but
            for the column :data:`STOOD_IN`.
        """
        blocks, stood_in = [], np.zeros((len(draws), 1))
        for arm in self.arms:
            run = self._simulated(arm, draws, factors)
            blocks.append(self._read(arm, run, factors))
            if run.stood_in is not None:
                stood_in[run.stood_in] += 1
        found = np.concatenate(blocks, axis=1)
        found[~np.isfinite(found).all(axis=1)] = np.nan
        return np.hstack([found, stood_in]) if self.counts_stand_ins else found

    def _read(self, arm: PatientArm, run: Trajectory, factors: Array) -> Array:
        found = np.full((len(run), len(arm.quantities)), np.nan)
        good = run.completed
        if not good.any():
            return found
        kept, healthy = run.select(good), baselines()["IL6"] * np.ones(int(good.sum()))
        for i, factor in enumerate(self.factors):
            if factor.scales == (OBSERVED,):
                healthy = healthy * factors[good, i]
        found[good, 0] = severity.index(kept)
        found[good, 1] = healthy + kept.peak("IL6").value
        for i, time in enumerate(arm.times_h):
            found[good, 2 + i] = healthy + np.maximum(kept.at("IL6", time), 0.0)
        first = 2 + len(arm.times_h)
        for i, (start, end) in enumerate(arm.intervals_h):
            signal = kept.peak("S", start, end).value
            found[good, first + i] = np.log10(severity.fold_rise(signal, "IL6"))
        return found

    def _simulated(self, arm: PatientArm, draws: NDArray[np.int_], factors: Array) -> Trajectory:
        own = arm.drug.values() | self.network.values()
        values = {name: array[draws] for name, array in arm.values.items()}
        for i, factor in enumerate(self.factors):
            if factor.scales == (OBSERVED,):
                continue
            by = factors[:, i]
            if TARGETS in factor.scales:
                by = np.clip(by * arm.burden, LEAST_TARGETS, MOST_TARGETS)
            for name in self._scaled(arm, factor.scales):
                if name in own or name in values:
                    values[name] = values.get(name, own.get(name, np.nan)) * by
        return simulate_treatment(
            self._treatment(arm),
            draws=Draws(values),
            times=times_for(arm.regimen, arm.horizon_h),
            **self.solver.options(arm.horizon_h),
        )

    def _treatment(self, arm: PatientArm) -> Treatment:
        return Treatment(arm.drug, arm.regimen, self.network, arm.rescue, arm.steroid, None)

    def _scaled(self, arm: PatientArm, scales: tuple[str, ...]) -> tuple[str, ...]:
        """The parameters that a factor multiplies in this treatment's model.

        In a T-cell part whose engagement is in proportion to the targets, which start at 1, so
        many times the targets are so many times the activation, exactly.
        """
        bispecific = arm.drug.mechanism == "bispecific"
        if TARGETS in scales and TARGETS not in self._treatment(arm).structure.parameters:
            return ("k_act",) if bispecific else ()
        return scales


@dataclass(frozen=True)
class OfPatients:
    """A chunk of patients by their numbers ``(m, 1)``, one after the other."""

    simulator: PatientSimulator
    patients: Patients

    def __call__(self, numbers: Array) -> Array:
        """``(m, k)`` as :meth:`PatientSimulator.run` gives them."""
        first, count = int(numbers[0, 0]), len(numbers)
        draws = self.patients.first_draw + (first + np.arange(count)) // self.patients.each
        return self.simulator.run(draws, self.patients.values(first, count))


@dataclass(frozen=True)
class OfPlaces:
    """A chunk of places ``(m, 1 + d)`` in the unit cube: which draw, and each factor."""

    simulator: PatientSimulator

    @property
    def names(self) -> tuple[str, ...]:
        """What each coordinate is."""
        return DRAW, *self.simulator.factors.names

    def __call__(self, places: Array) -> Array:
        """``(m, k)`` as :meth:`PatientSimulator.run` gives them."""
        n = self.simulator.n_draws
        draws = np.minimum((places[:, 0] * n).astype(int), n - 1)
        return self.simulator.run(draws, self.simulator.factors.quantile(places[:, 1:]))


def times_for(regimen: Regimen, horizon_h: float) -> Array:
    """Report times (h): every half hour for two days after each change of dosing, else every two.

    Peaks between them are read off the interpolant.
    """
    changes = [time for time in regimen.change_times(horizon_h) if time < horizon_h]
    dense = [
        np.arange(time, min(time + _DENSE_FOR_H, horizon_h), _DENSE_H) for time in (0.0, *changes)
    ]
    whole = np.concatenate([*dense, np.arange(0.0, horizon_h, _SPARSE_H), [horizon_h]])
    return np.unique(whole)
