"""The default engine: the right-hand side, traced to DiffSL and compiled by pydiffsol.

One compiled model serves every drug of a mechanism, every parameter set and every
regimen: parameters, initial state and dosing rates are its inputs, and each
segment of constant dosing is integrated on its own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache

import numpy as np
import pydiffsol
import sympy
from numpy.typing import NDArray
from sympy.printing.str import StrPrinter

from ..equations import INPUTS, PARAMETERS, STATES
from ..symbolic import traced
from .base import CENTRAL, CENTRAL_TCZ, INITIAL, Outcome, Task, classify_all

_FIRST_STEP_H = 1e-3
_STIFF_RATE = 200.0
"""Above this rate (1/h) the implicit method needs less work than the explicit one."""
_LARGEST_POWER = 290.0
"""In decades; a float holds 308."""
_LARGEST_AMOUNT = 1e100
"""In ug: the error of a step is squared, and has to fit into a float."""
_COLUMN = {name: i for i, name in enumerate(PARAMETERS)}
_RATES = [
    _COLUMN[name]
    for name in (
        "d_IFN",
        "d_TNF",
        "k_M",
        "d_M",
        "d_IL6",
        "k_S",
        "k_act",
        "k_exh",
        "k_rec",
        "k_kill",
        "d_CRP",
    )
]
_FLOWS = [
    (_COLUMN[flow], _COLUMN[volume])
    for flow, volume in (
        ("CL", "V1"),
        ("Q", "V1"),
        ("Q", "V2"),
        ("CL_tcz", "V1_tcz"),
        ("Q_tcz", "V1_tcz"),
        ("Q_tcz", "V2_tcz"),
    )
]


def fastest_rate(parameters: NDArray[np.float64]) -> NDArray[np.float64]:
    """The fastest first-order rate (1/h) of each parameter set ``(N, n_parameters)``.

    Saturable elimination counts with its rate where it is fastest, far below its Km.
    """
    rates = [parameters[:, _RATES]]
    rates += [parameters[:, [flow]] / parameters[:, [volume]] for flow, volume in _FLOWS]
    vmax, km, volume = (parameters[:, [_COLUMN[name]]] for name in ("Vmax_tcz", "Km_tcz", "V1_tcz"))
    rates += [vmax / km / volume]
    return np.asarray(np.hstack(rates).max(axis=1))


def may_overflow(task: Task) -> NDArray[np.bool_]:
    """Sets ``(N,)`` in which a Hill term, or an amount squared, could exceed what a float holds.

    The explicit method goes on for ever where a derivative is not a number; the implicit one
    gives up.
    """
    p = dict(zip(PARAMETERS, task.parameters.T, strict=True))
    segments = task.schedule.segments
    given = sum(s.bolus + s.rate * (s.end_h - s.start_h) for s in segments) * task.dose_factor
    tocilizumab = sum(s.bolus_tcz + s.rate_tcz * (s.end_h - s.start_h) for s in segments)
    with np.errstate(all="ignore"):
        made = p["k_IFN"] / p["d_IFN"] + p["w_TNF"] * (p["k_TNF_T"] + p["k_TNF_M"]) / p["d_TNF"]
        il6 = (p["k_IL6_T"] + p["k_IL6_M"] + p["k_fb"]) / (p["d_IL6"] * (1 - p["f_R"]))
        largest = np.stack(
            [
                p["h"] * np.log10(given / p["V1"] / p["EC50"]),
                p["n_M"] * np.log10(made / p["K_M"]),
                p["n_S"] * np.log10(il6 / p["K_S"]),
                np.log10(il6 / p["K_CRP"]),
            ]
        )
    # a term that is not a number is one of nothing given or nothing made: it cannot grow
    return np.any(largest > _LARGEST_POWER, axis=0) | ~(
        np.maximum(given, tocilizumab) < _LARGEST_AMOUNT
    )


class _DiffSL(StrPrinter):
    """SymPy's own printer, with DiffSL's spelling of powers, maxima and numbers."""

    def _print_Max(self, expr: sympy.Expr) -> str:
        return f"max({', '.join(self._print(arg) for arg in expr.args)})"

    def _print_Pow(self, expr: sympy.Expr, rational: bool = False) -> str:
        base, exponent = (self._print(arg) for arg in expr.args)
        return f"pow({base}, {exponent})"

    def _print_Integer(self, expr: sympy.Expr) -> str:
        return f"{int(expr)}.0"


@cache
def diffsl(mechanism: str, feedback: str) -> str:
    """The model in DiffSL, generated from :func:`qsp_lib.model.equations.rhs`."""
    return as_diffsl(traced(mechanism, feedback), PARAMETERS, INPUTS)


def as_diffsl(
    derivatives: Mapping[str, sympy.Expr],
    parameters: Sequence[str] = (),
    inputs: Sequence[str] = (),
) -> str:
    """A first-order system in DiffSL; its initial state, parameters and inputs come in as numbers.

    DiffSL names are letters and digits; a prefix keeps clear of its own F, N and u.

    Args:
        derivatives: time derivative of each state, in the symbols of all three.
        parameters, inputs: names of the other symbols.
    """
    plain = {
        sympy.Symbol(name): sympy.Symbol(prefix + name.replace("_", ""))
        for prefix, names in (("s", derivatives), ("p", parameters), ("i", inputs))
        for name in names
    }
    renamed = [d.xreplace(plain) for d in derivatives.values()]
    shared, values = sympy.cse(renamed, symbols=sympy.numbered_symbols("c"))
    show = _DiffSL().doprint
    states = [plain[sympy.Symbol(name)] for name in derivatives]
    arguments = [f"y{i}y" for i in range(len(states))]
    arguments += [str(plain[sympy.Symbol(name)]) for name in (*parameters, *inputs)]
    return "\n".join(
        [
            f"in_i {{ {', '.join(f'{name} = 1.0' for name in arguments)} }}",
            f"u_i {{ {', '.join(f'{s} = y{i}y' for i, s in enumerate(states))} }}",
            *(f"{symbol} {{ {show(value)} }}" for symbol, value in shared),
            f"F_i {{ {', '.join(show(value) for value in values)} }}",
        ]
    )


@cache
def _compiled(mechanism: str, feedback: str) -> pydiffsol.Ode:
    return compile_text(diffsl(mechanism, feedback))


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
    ode = _compiled(task.mechanism, task.feedback)
    ode.rtol, ode.atol = task.rtol, task.atol
    times, n_states = task.schedule.times, len(STATES)
    states = np.full((n_states, len(task.parameters), times.size), np.nan)
    failed = []
    arguments = np.empty(n_states + len(PARAMETERS) + len(INPUTS))
    implicit = (fastest_rate(task.parameters) > _STIFF_RATE) | may_overflow(task)
    for i, (values, factor) in enumerate(zip(task.parameters, task.dose_factor, strict=True)):
        ode.ode_solver = pydiffsol.bdf if implicit[i] else pydiffsol.tsit45
        arguments[n_states:-2] = values
        y = INITIAL.copy()
        try:
            for segment in task.schedule.segments:
                y[CENTRAL] += factor * segment.bolus
                y[CENTRAL_TCZ] += segment.bolus_tcz
                arguments[:n_states] = y
                arguments[-2:] = factor * segment.rate, segment.rate_tcz
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
