"""The default engine: the right-hand side, traced to DiffSL and compiled by pydiffsol.

One compiled model serves every drug of a mechanism, every parameter set and every
regimen: parameters, initial state and dosing rates are its inputs, and each
segment of constant dosing is integrated on its own.
"""

from __future__ import annotations

from functools import cache
from threading import Lock

import numpy as np
import pydiffsol
from numpy.typing import NDArray

from ..kept_equations import diffsl
from ..parts.exposure import TABLE
from ..structure import Structure
from .base import Outcome, Task, classify_all

_FIRST_STEP_H = 1e-3
STIFF_RATE = 200.0
"""Above this rate (1/h) the implicit method needs less work than the explicit one."""
_LARGEST_POWER = 290.0
"""In decades; a float holds 308."""
_HIGHEST_LEVEL = 1e12
"""In ng/mL, of a table; none is anywhere near."""
_LARGEST_AMOUNT = 1e100
"""In ug: the error of a step is squared, and has to fit into a float."""


def fastest_rate(task: Task) -> NDArray[np.float64]:
    """The fastest first-order rate (1/h) of each parameter set, ``(N,)``."""
    # a table of concentrations alone has none
    rates = [np.zeros(len(task.parameters)), *task.structure.following(task.p)]
    return np.asarray(np.max(np.broadcast_arrays(*rates), axis=0))


def may_overflow(task: Task) -> NDArray[np.bool_]:
    """Sets ``(N,)`` in which a Hill term, or an amount squared, could exceed what a float holds.

    The explicit method goes on for ever where a derivative is not a number; the implicit one
    gives up.
    """
    p = vars(task.p)
    amounts = [
        sum(s.boluses[i] + s.rates[i] * (s.end_h - s.start_h) for s in task.schedule.segments)
        * (task.dose_factor if door.of_drug else np.ones_like(task.dose_factor))
        for i, door in enumerate(task.structure.doors)
    ]
    if not task.structure.t_cells:
        return ~(np.max(amounts, axis=0) < _LARGEST_AMOUNT)
    into = zip(amounts, task.structure.doors, strict=True)
    given = np.sum([amount / p.get("V1", 1.0) for amount, door in into if door.of_drug], axis=0)
    if task.structure.exposure == (TABLE,):
        given = np.full(len(task.parameters), _HIGHEST_LEVEL)
    with np.errstate(all="ignore"):
        made = p["k_IFN"] / p["d_IFN"] + p["w_TNF"] * (p["k_TNF_T"] + p["k_TNF_M"]) / p["d_TNF"]
        kept = 1 - p.get("f_R", 0.0)
        il6 = (p["k_IL6_T"] + p["k_IL6_M"] + p["k_fb"]) / (p["d_IL6"] * kept)
        largest = np.stack(
            [
                p["h"] * np.log10(given / p["EC50"]),
                p["n_M"] * np.log10(made / p["K_M"]),
                p["n_S"] * np.log10(il6 / p["K_S"]),
                np.log10(il6 / p.get("K_CRP", np.inf)),
            ]
        )
    # a term that is not a number is one of nothing given or nothing made: it cannot grow
    return np.any(largest > _LARGEST_POWER, axis=0) | ~(np.max(amounts, axis=0) < _LARGEST_AMOUNT)


@cache
def _compiled(structure: Structure) -> pydiffsol.Ode:
    return compile_text(diffsl(structure))


_ONE_BATCH = Lock()
"""A compiled system holds tolerances and method of the batch it solves: threads take turns."""


def compile_text(text: str) -> pydiffsol.Ode:
    """A system in DiffSL, compiled with the settings that every simulation uses."""
    ode = pydiffsol.Ode(
        text,
        matrix_type=pydiffsol.nalgebra_dense,
        scalar_type=pydiffsol.f64,
        jit_backend=pydiffsol.llvm,
    )
    ode.h0 = _FIRST_STEP_H
    return ode


def solve_diffsol(task: Task) -> tuple[NDArray[np.float64], list[Outcome]]:
    """Integrate a batch one set after another.

    Returns:
        States ``(n_states, N, T)`` (NaN where an integration failed) and one outcome a set.
    """
    with _ONE_BATCH:
        return _solve(task)


def _solve(task: Task) -> tuple[NDArray[np.float64], list[Outcome]]:
    structure, times = task.structure, task.schedule.times
    ode = _compiled(structure)
    ode.rtol, ode.atol = task.rtol * task.norm, task.atol * task.norm
    n_states, n_inputs = len(structure.states), len(structure.inputs)
    states = np.full((n_states, len(task.parameters), times.size), np.nan)
    failed = []
    arguments = np.empty(n_states + len(structure.parameters) + n_inputs)
    implicit = (fastest_rate(task) > STIFF_RATE) | may_overflow(task)
    before, given = task.before, task.given
    for i, values in enumerate(task.parameters):
        ode.ode_solver = pydiffsol.bdf if implicit[i] else pydiffsol.tsit45
        arguments[n_states : arguments.size - n_inputs] = values
        y = before[:, i].copy()
        try:
            for segment, boluses, rates in given:
                y += boluses[:, i]
                arguments[:n_states] = y
                arguments[arguments.size - n_inputs :] = rates[:, i]
                ode.t0 = segment.start_h
                part = slice(segment.first, segment.last + 1)
                states[:, i, part] = ode.solve_dense(arguments, times[part]).ys
                y = states[:, i, segment.last].copy()
        except RuntimeError:
            states[:, i] = np.nan
            failed.append(i)
    outcomes = classify_all(states, task.rtol, task.atol)
    for i in failed:
        outcomes[i] = Outcome.SOLVER_FAILED
    return states, outcomes
