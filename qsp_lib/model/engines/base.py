"""What every engine takes and gives."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum

import numpy as np
from numpy.typing import NDArray

from ..equations import PRE_DOSE, STATES
from ..schedule import Schedule


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


@dataclass(frozen=True)
class Task:
    """A batch of integrations that share equations and schedule.

    Attributes:
        parameters: ``(N, n_parameters)`` in the order of ``equations.PARAMETERS``.
        dose_factor: ``(N,)``, multiplies every dose of the drug.
        schedule: report times ``(T,)`` and segments of constant dosing.
        rtol, atol: relative tolerance, and absolute tolerance in each state's unit.
    """

    mechanism: str
    feedback: str
    parameters: NDArray[np.float64]
    dose_factor: NDArray[np.float64]
    schedule: Schedule
    rtol: float
    atol: float

    def select(self, which: NDArray[np.bool_] | list[int]) -> Task:
        """The same task for some of its sets: those that are true, or these indices."""
        return replace(self, parameters=self.parameters[which], dose_factor=self.dose_factor[which])


CENTRAL, CENTRAL_TCZ = STATES.index("A_c"), STATES.index("T_c")
"""Where a bolus of the drug, and of tocilizumab, goes."""
INITIAL = np.array(PRE_DOSE)
"""State before the first dose, ``(n_states,)``."""


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
