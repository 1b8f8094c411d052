"""What every engine takes and gives."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

import numpy as np
from numpy.typing import NDArray

from ..equations import PRE_DOSE
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
        schedule: report times ``(T,)`` and stretches of constant dosing.
        rtol, atol: relative tolerance, and absolute tolerance in each state's unit.
    """

    mechanism: str
    feedback: str
    parameters: NDArray[np.float64]
    dose_factor: NDArray[np.float64]
    schedule: Schedule
    rtol: float
    atol: float


INITIAL = np.array(PRE_DOSE)
"""State before the first dose, ``(n_states,)``."""


def classify(states: NDArray[np.float64], rtol: float, atol: float) -> Outcome:
    """Outcome of one finished integration, ``states`` of shape ``(n_states, T)``."""
    if not np.all(np.isfinite(states)):
        return Outcome.NOT_FINITE
    scale = np.abs(states).max(axis=1)
    if np.any(states.min(axis=1) < -(1e3 * atol + 1e2 * rtol * scale)):
        return Outcome.NEGATIVE
    return Outcome.COMPLETED
