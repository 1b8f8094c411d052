"""An engine by its name."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .. import engines
from .base import Outcome, Task

ENGINES = ("diffsol", "scipy")
"""Names of the engines, the default first."""


def solve(engine: str, task: Task) -> tuple[NDArray[np.float64], list[Outcome]]:
    """Integrate a batch with one of :data:`ENGINES`.

    Returns:
        States ``(n_states, N, T)``, NaN where an integration failed, and one outcome a set.
    """
    chosen = {"diffsol": "solve_diffsol", "scipy": "solve_scipy"}[engine]
    found: tuple[NDArray[np.float64], list[Outcome]] = getattr(engines, chosen)(task)
    return found
