"""What every engine takes and gives."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum
from types import SimpleNamespace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..equations import STATES
from ..schedule import Schedule, Segment
from ..structure import Structure


class Outcome(Enum):
    """How one integration ended, with what to do about it."""

    COMPLETED = "completed"
    SOLVER_FAILED = "the solver gave up; loosen rtol, or check for extreme rates"
    NOT_FINITE = "a state became infinite or undefined; check the parameters"
    NEGATIVE = "a concentration fell below zero by more than the tolerance; tighten rtol"

    @property
    def completed(self) -> bool:
        """Whether the integration ran to the end."""
        return self is Outcome.COMPLETED


class Given(NamedTuple):
    """What N sets are given in a segment of constant dosing.

    ``boluses`` ``(n_states, N)`` are added to the states at its start; ``rates``
    ``(n_inputs, N)`` run within it.
    """

    segment: Segment
    boluses: NDArray[np.float64]
    rates: NDArray[np.float64]


@dataclass(frozen=True)
class Task:
    """A batch of integrations that share equations and schedule.

    Attributes:
        structure: the parts of the model; it says the order of states, parameters and doors.
        parameters: ``(N, n_parameters)`` in the order of ``structure.parameters``.
        dose_factor: ``(N,)``, multiplies every dose of the drug.
        schedule: report times ``(T,)`` and segments of constant dosing, one regimen a door.
        rtol, atol: relative tolerance, and absolute tolerance in each state's unit.
    """

    structure: Structure
    parameters: NDArray[np.float64]
    dose_factor: NDArray[np.float64]
    schedule: Schedule
    rtol: float
    atol: float

    def select(self, which: NDArray[np.bool_] | list[int]) -> Task:
        """The same task for some of its sets: those that are true, or these indices."""
        return replace(self, parameters=self.parameters[which], dose_factor=self.dose_factor[which])

    @property
    def mechanism(self) -> str:
        """Of the drug."""
        return self.structure.mechanism

    @property
    def p(self) -> SimpleNamespace:
        """Every parameter by its name, ``(N,)``."""
        return SimpleNamespace(
            **dict(zip(self.structure.parameters, self.parameters.T, strict=True))
        )

    @property
    def before(self) -> NDArray[np.float64]:
        """State before the first dose, ``(n_states, N)``."""
        start = np.array(self.structure.before)[:, None]
        states = np.repeat(start, len(self.parameters), axis=1)
        for state, name in self.structure.starts.items():
            states[self.structure.states.index(state)] = getattr(self.p, name)
        return states

    @property
    def norm(self) -> float:
        """What tolerances are multiplied by, so that an error counts the same in any structure.

        An engine takes the mean square of the states' errors. Lock v1 was made with the mean over
        its 14 states, of which those of an absent part had none: with this factor a part that is
        absent, or there and silent, changes no step.
        """
        return float(np.sqrt(len(STATES) / len(self.structure.states)))

    @property
    def given(self) -> tuple[Given, ...]:
        """What is given to every set, segment by segment."""
        return tuple(Given(s, self._boluses(s), self._rates(s)) for s in self.schedule.segments)

    def _boluses(self, segment: Segment) -> NDArray[np.float64]:
        added = np.zeros((len(self.structure.states), *self.dose_factor.shape))
        for door, amount in zip(self.structure.doors, segment.boluses, strict=True):
            added[self.structure.states.index(door.state)] += (
                self.dose_factor * amount if door.of_drug else amount
            )
        return added

    def _rates(self, segment: Segment) -> NDArray[np.float64]:
        rates = [
            self.dose_factor * rate if door.of_drug else np.full(self.dose_factor.shape, rate)
            for door, rate in zip(self.structure.doors, segment.rates, strict=True)
            if door.input
        ]
        return np.stack(rates)


CENTRAL = STATES.index("A_c")
"""Where a bolus of the drug goes."""


def classify(states: NDArray[np.float64], rtol: float, atol: float) -> Outcome:
    """Outcome of one finished integration, ``states`` of shape ``(n_states, T)``."""
    return classify_all(states[:, None], rtol, atol)[0]


def classify_all(states: NDArray[np.float64], rtol: float, atol: float) -> list[Outcome]:
    """Outcomes of finished integrations, ``states`` of shape ``(n_states, N, T)``."""
    # highest and lowest, and not the absolute values: no copy of the states is made
    highest, lowest = states.max(axis=2), states.min(axis=2)
    finite = np.all(np.isfinite(highest) & np.isfinite(lowest), axis=0)
    scale = np.maximum(highest, -lowest)
    negative = np.any(lowest < -(1e3 * atol + 1e2 * rtol * scale), axis=0)
    return [
        Outcome.NOT_FINITE
        if not finite[i]
        else Outcome.NEGATIVE
        if negative[i]
        else Outcome.COMPLETED
        for i in range(states.shape[1])
    ]
