"""The engine to be asked for by name: Taylor's method by heyoka, several sets in each instruction.

The traced right-hand side is heyoka's graph; it compiles the Taylor coefficients of every state
for as many parameter sets side by side as the processor's vectors hold. Each set takes steps of
its own, so what shares its batch changes no bit of it, and neither does the number of threads.

What it cannot do, the default engine does: rates so fast that an explicit method crawls, powers
steeper than the series is long, terms that could overflow, sets that are given nothing of the
drug, and whatever it does not finish.

Method: F. Biscani and D. Izzo, Revisiting high-order Taylor methods for astrodynamics and celestial
mechanics, MNRAS 504 (2021) 2614, doi:10.1093/mnras/stab1032.
"""

from __future__ import annotations

import copy
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import sympy
from numpy.typing import NDArray

from ...common import InputError, cores, is_worker, late
from ..structure import Structure
from ..symbolic import traced
from ..vocabulary import QUANTITIES
from .base import Given, Outcome, Task, classify_all
from .diffsol import STIFF_RATE, fastest_rate, may_overflow, solve_diffsol

_ROUNDED_BY = 1e-13
"""Over this share of the half-effect the corner of ``max(x, 0)`` is rounded off.

At a level of exactly zero a power with a fitted exponent has no Taylor series.
"""
_TOLERANCE = 1e-8
"""heyoka's tolerance over ours: it is of a step's error over the largest of all states, and a
cytokine in pg/mL may be a million times a share of T cells."""
_LOOSEST, _TIGHTEST = 1e-14, 1e-15
"""The order of the series follows, 18 and 19: a hundred times tighter costs some tenth more."""
_LARGEST_EXPONENT = 16.0
"""A series of order 18 sees nothing of a steeper power near zero, and would step over its rise."""
_MOST_STEPS = 100_000
"""In one segment; a course of a week takes some hundred and fifty."""


def heyoka() -> Any:
    """The library.

    Raises:
        InputError: it is not installed; the message says how to install it.
    """
    try:
        return late.heyoka
    except ImportError as problem:
        raise InputError(
            f"The engine 'fast' was asked for; it needs heyoka, which cannot be loaded here "
            f"({problem}). Install it with pip install 'qsp-crs[fast]' (Linux), or, in a checkout, "
            "with pip install -r requirements-fast.txt -c constraints.txt; or ask for no engine."
        ) from None


def solve_fast(
    task: Task, threads: int | None = None
) -> tuple[NDArray[np.float64], list[Outcome], NDArray[np.bool_]]:
    """Integrate a batch, as many sets at once as the processor's vectors hold.

    Args:
        task: the batch.
        threads: how many; by default one a core that this process may use, and one alone in
            a worker process.

    Returns:
        States ``(n_states, N, T)`` (NaN where an integration failed), one outcome a set, and
        for which sets ``(N,)`` the default engine stood in.

    Raises:
        InputError: heyoka is not installed.
    """
    library = heyoka()
    lanes = library.recommended_simd_size()
    able = (fastest_rate(task) <= STIFF_RATE) & ~may_overflow(task) & (task.dose_factor > 0)
    able &= _steepest(task) <= _LARGEST_EXPONENT
    which = np.flatnonzero(able)
    states = np.full((len(task.structure.states), able.size, task.schedule.times.size), np.nan)
    if which.size:
        _integrate(task, which, lanes, _threads(threads), states)
    outcomes = classify_all(states, task.rtol, task.atol)
    stood_in = np.array([not outcome.completed for outcome in outcomes])
    if stood_in.any():
        states[:, stood_in], instead = solve_diffsol(task.select(stood_in))
        for i, outcome in zip(np.flatnonzero(stood_in), instead, strict=True):
            outcomes[i] = outcome
    return states, outcomes, stood_in


def _steepest(task: Task) -> NDArray[np.float64]:
    """The largest fitted exponent of each set, ``(N,)``."""
    columns = [task.structure.parameters.index(name) for name in exponents(task.structure)]
    return task.parameters[:, columns].max(axis=1, initial=0.0)


@cache
def exponents(structure: Structure) -> tuple[str, ...]:
    """Names of the parameters that are exponents in the equations."""
    powers = {p.exp for rate in traced(structure).values() for p in rate.atoms(sympy.Pow)}
    return tuple(sorted(str(exponent) for exponent in powers if exponent.is_Symbol))


@cache
def _amounts(structure: Structure) -> list[int]:
    """Indices of the states that are amounts (ug)."""
    return [i for i, name in enumerate(structure.states) if QUANTITIES[name].unit == "ug"]


def _scales(task: Task) -> NDArray[np.float64]:
    """What each state is integrated in units of, ``(n_states, N)``.

    An amount is in units of all that is given of its substance, so that a large dose hides no
    small state from the step control; of one substance, names begin alike. All else is as it is.
    """
    structure, segments = task.structure, task.schedule.segments
    scales = np.ones((len(structure.states), task.dose_factor.size))
    for i in _amounts(structure):
        substance, total = structure.states[i][0], np.zeros(task.dose_factor.size)
        for k, door in enumerate(structure.doors):
            if door.state[0] == substance:
                given = sum(s.boluses[k] + s.rates[k] * (s.end_h - s.start_h) for s in segments)
                total += given * (task.dose_factor if door.of_drug else 1.0)
        scales[i] = np.where(total > 0, total, 1.0)
    return scales


@dataclass(frozen=True)
class _Work:
    """A task, and what its blocks take their sets from: worked out once for all of them.

    Attributes:
        task: the batch of N sets.
        before: states before the first dose, ``(n_states, N)``.
        scales: what states are integrated in units of, ``(n_states, N)``.
        given: what they are given, segment by segment.
    """

    task: Task
    before: NDArray[np.float64]
    scales: NDArray[np.float64]
    given: tuple[Given, ...]

    @classmethod
    def of(cls, task: Task) -> _Work:
        return cls(task, task.before, _scales(task), task.given)


def _threads(asked: int | None) -> int:
    if asked is not None:
        return asked
    # the processes of a sweep already take every core
    return 1 if is_worker() else cores()


def _integrate(
    task: Task,
    which: NDArray[np.int_],
    lanes: int,
    threads: int,
    states: NDArray[np.float64],
) -> None:
    """Fill in the states of some sets; they stay NaN where heyoka does not get through."""
    tolerance = float(np.clip(_TOLERANCE * task.rtol, _TIGHTEST, _LOOSEST))
    flow = _compiled(task.structure, tolerance, lanes)
    work = _Work.of(task)
    # the last block is made up with its last set again
    blocks = np.pad(which, (0, -which.size % lanes), mode="edge").reshape(-1, lanes)

    def some(mine: NDArray[np.int_]) -> None:
        own = copy.deepcopy(flow)
        for block in mine:
            found = _block(own, work, block)
            if not np.isfinite(found).all():
                # one that fails ends the steps of all: each by itself, as it would be beside any
                alone = [_block(own, work, np.repeat(row, lanes))[:, :1] for row in block]
                found = np.concatenate(alone, axis=1)
            states[:, block] = found

    shares = [blocks[i::threads] for i in range(min(threads, len(blocks)))]
    if len(shares) == 1:
        some(shares[0])
        return
    with ThreadPoolExecutor(len(shares)) as pool:
        for done in [pool.submit(some, share) for share in shares]:
            done.result()


def _block(flow: Any, work: _Work, rows: NDArray[np.int_]) -> NDArray[np.float64]:
    """States ``(n_states, lanes, T)`` of one block; NaN from where heyoka did not get through."""
    task, before, scales = work.task, work.before[:, rows], work.scales[:, rows]
    times, n_parameters = task.schedule.times, task.parameters.shape[1]
    states = np.full((*before.shape, times.size), np.nan)
    flow.pars[:n_parameters] = task.parameters[rows].T
    n_values = n_parameters + len(task.structure.inputs)
    flow.pars[n_values:] = scales[_amounts(task.structure)]
    y, begun = before.copy(), False
    for segment, boluses, rates in work.given:
        inside = slice(segment.first, segment.last + 1)
        begun = begun or any(segment.boluses) or any(segment.rates)
        if not begun:  # the healthy state is a steady one, exactly
            states[:, :, inside] = before[:, :, None]
            continue
        flow.state[:] = (y + boluses[:, rows]) / scales
        flow.pars[n_parameters:n_values] = rates[:, rows]
        flow.set_time(segment.start_h)
        grid = np.repeat(times[inside, None], rows.size, axis=1)
        _, found = flow.propagate_grid(grid, max_steps=_MOST_STEPS)
        states[:, :, inside] = found.transpose(1, 2, 0) * scales[:, :, None]
        y = found[-1] * scales
        if not np.isfinite(y).all():
            break
    return states


@cache
def _compiled(structure: Structure, tolerance: float, lanes: int) -> Any:
    """The integrator of a structure, to be copied: a copy takes a millisecond and no compiling."""
    library = heyoka()
    values = (*structure.parameters, *structure.inputs)
    variables = library.make_vars(*structure.states)
    amounts = _amounts(structure)
    scales = {structure.states[i]: library.par[len(values) + k] for k, i in enumerate(amounts)}
    symbols = {sympy.Symbol(name): library.par[i] for i, name in enumerate(values)}
    rates = []
    for name, variable in zip(structure.states, variables, strict=True):
        symbols[sympy.Symbol(name)] = variable * scales[name] if name in scales else variable
    for name, rate in traced(structure).items():
        written = library.from_sympy(smooth(rate), symbols)
        rates.append(written / scales[name] if name in scales else written)
    return library.taylor_adaptive_batch(
        list(zip(variables, rates, strict=True)),
        np.zeros((len(variables), lanes)),
        pars=np.zeros((len(values) + len(amounts), lanes)),
        tol=tolerance,
    )


def smooth(rate: sympy.Expr) -> sympy.Expr:
    """A derivative in which the corner of every ``max(x, 0)`` is rounded off.

    Of ``max(x, 0)/K`` it is that of ``x/K``, whatever the unit of both.
    """
    scaled = rate.replace(
        lambda term: term.is_Mul and any(isinstance(f, sympy.Max) for f in term.args), _scaled
    )
    return scaled.replace(sympy.Max, lambda *of: _positive_part(sympy.Add(*of)))


def _scaled(term: sympy.Expr) -> sympy.Expr:
    corner = next(factor for factor in term.args if isinstance(factor, sympy.Max))
    by = [f for f in term.args if f.is_Pow and f.base.is_Symbol and f.exp == -1]
    others = [factor for factor in term.args if factor is not corner and factor not in by]
    return sympy.Mul(_positive_part(sympy.Mul(sympy.Add(*corner.args), *by)), *others)


def _positive_part(x: sympy.Expr) -> sympy.Expr:
    return (x + sympy.sqrt(x**2 + sympy.Float(_ROUNDED_BY) ** 2)) / 2
