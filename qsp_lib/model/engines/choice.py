"""An engine by its name."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...common import InputError
from .. import engines
from .base import Outcome, Task

ENGINES = ("diffsol", "scipy")
"""Names of the engines that are always there, the default first."""
FAST = "fast"
"""Name of the engine that has to be installed, and to be asked for."""


class Solved(NamedTuple):
    """What an engine gives of a batch.

    States ``(n_states, N, T)``, NaN where an integration failed; one outcome a set; and for which
    sets ``(N,)`` the default engine stood in for the one that was asked.
    """

    states: NDArray[np.float64]
    outcomes: list[Outcome]
    stood_in: NDArray[np.bool_]


def require_engine(engine: str) -> None:
    """Raise unless there is such an engine here.

    Raises:
        InputError: no such name, or what the engine needs is not installed.
    """
    if engine not in (*ENGINES, FAST):
        raise InputError(f"no engine {engine!r}; expected one of {[*ENGINES, FAST]}.")
    if engine == FAST:
        engines.heyoka()


def engine_words(engine: str, stood_in: int, simulations: int) -> str:
    """What has to be said of a result that :data:`FAST` was asked for; empty for other engines.

    Args:
        engine: that was asked for.
        stood_in: simulations that the default engine made instead.
        simulations: all of them.
    """
    if engine != FAST:
        return ""
    version = engines.heyoka().__version__
    others = f"{stood_in:,} of {simulations:,}" if stood_in else f"none of {simulations:,}"
    return (
        f"Integrated by the engine {FAST} (heyoka {version}), which was asked for by name; the "
        f"default engine, {ENGINES[0]}, stood in for {others} simulations."
    )


def solve(engine: str, task: Task) -> Solved:
    """Integrate a batch with one of :data:`ENGINES`, or with :data:`FAST`.

    Raises:
        InputError: as of :func:`require_engine`.
    """
    require_engine(engine)
    if engine == FAST:
        return Solved(*engines.solve_fast(task))
    chosen = {"diffsol": "solve_diffsol", "scipy": "solve_scipy"}[engine]
    states, outcomes = getattr(engines, chosen)(task)
    return Solved(states, outcomes, np.zeros(len(outcomes), bool))
