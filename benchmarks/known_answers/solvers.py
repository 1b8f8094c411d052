"""The solvers: a stiff problem with a published solution, the whole model, and tolerances."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import cache

import numpy as np
import pydiffsol
import sympy
from numpy.typing import NDArray
from scipy.integrate import solve_ivp

from qsp_lib.drugs import load_drug, load_tocilizumab
from qsp_lib.model import (
    ATOL,
    RTOL,
    STATES,
    Draws,
    Rescue,
    Trajectory,
    as_diffsl,
    compile_text,
    simulate,
    solve_scipy,
)
from qsp_lib.protocol import current_record

from .answer import KnownAnswer, Scale
from .closed_forms import HIRES_END, HIRES_SOLUTION, HIRES_START, hires
from .exposure import saturable_run

Array = NDArray[np.float64]
RTOLS = tuple(10.0**-k for k in range(3, 10))
"""Relative tolerances at which errors are followed."""
_NAMES = tuple(f"y{i}" for i in range(1, 9))
_TEST_SET = "published solution (Mazzia and Magherini 2008)"
_REFERENCE = "SciPy's DOP853 at a relative tolerance of 10⁻¹⁰"
_METHODS = {"explicit": pydiffsol.tsit45, "implicit": pydiffsol.bdf}


@cache
def _compiled_hires() -> pydiffsol.Ode:
    symbols = sympy.symbols(_NAMES)
    return compile_text(as_diffsl(dict(zip(_NAMES, hires(symbols), strict=True))))


def solve_hires(method: str, rtol: float, atol: float) -> Array:
    """HIRES at its end time by the default engine: traced, compiled, solved as every model is.

    Args:
        method: ``"explicit"``, the default, or ``"implicit"``, taken where rates are fast.
        rtol, atol: tolerances.

    Returns:
        The eight states, ``(8,)``.
    """
    ode = _compiled_hires()
    ode.rtol, ode.atol, ode.ode_solver, ode.t0 = rtol, atol, _METHODS[method], 0.0
    return np.asarray(ode.solve_dense(HIRES_START, np.array([0.0, HIRES_END])).ys[:, -1])


def solve_hires_by_scipy(rtol: float = 1e-12, atol: float = 1e-16) -> Array:
    """HIRES at its end time by SciPy's Radau method, from the same right-hand side, ``(8,)``."""
    symbols = sympy.symbols(_NAMES)
    slope = sympy.lambdify([symbols], sympy.Matrix(hires(symbols)).jacobian(symbols))
    solution = solve_ivp(
        lambda _t, y: np.array(hires(y)),
        (0.0, HIRES_END),
        HIRES_START,
        method="Radau",
        rtol=rtol,
        atol=atol,
        jac=lambda _t, y: slope(y),
    )
    return np.asarray(solution.y[:, -1])


def solvers(rtol: float = RTOL, atol: float = ATOL) -> Iterator[KnownAnswer]:
    """HIRES, the whole model beside its reference, and how errors follow the tolerance."""
    yield from _hires(rtol, atol)
    yield from _whole_model(rtol, atol)
    yield from _proportional()


def _hires(rtol: float, atol: float) -> Iterator[KnownAnswer]:
    asked: tuple[tuple[str, str, Callable[[], Array], float], ...] = (
        (
            "hires_explicit",
            "the default engine's explicit method, at the default tolerances",
            lambda: solve_hires("explicit", rtol, atol),
            5e-4,
        ),
        (
            "hires_implicit",
            "the default engine's implicit method, at the default tolerances",
            lambda: solve_hires("implicit", rtol, atol),
            5e-4,
        ),
        (
            "hires_tight",
            "the default engine's explicit method, at a relative tolerance of 10⁻¹⁰",
            lambda: solve_hires("explicit", 1e-10, 1e-16),
            1e-9,
        ),
        (
            "hires_scipy",
            "SciPy's Radau method, at a relative tolerance of 10⁻¹²",
            solve_hires_by_scipy,
            1e-12,
        ),
    )
    for name, what, solve, tolerance in asked:
        yield KnownAnswer.of(
            name,
            f"HIRES, eight stiff equations, at t = {HIRES_END}: {what}; shown: the first",
            HIRES_SOLUTION,
            solve(),
            tolerance,
            _TEST_SET,
            unit="1",
            shown=0,
        )


def _reference(run: Trajectory) -> Array:
    """The states of a run by another method at a tight tolerance, ``(n_states, N, T)``."""
    states, _ = solve_scipy(replace(run.task, rtol=1e-10, atol=1e-10), method="DOP853")
    return states


def _beside_reference(name: str, what: str, run: Trajectory, tolerance: float) -> KnownAnswer:
    """Every state in units of its own maximum; shown is the peak of IL-6 among report times."""
    run.require_completed()
    expected = _reference(run)
    top = np.abs(expected).max(axis=(1, 2), keepdims=True)
    top[top == 0] = 1.0
    error = float((np.abs(run.states - expected) / top).max())
    il6 = STATES.index("IL6")
    return KnownAnswer(
        name,
        what,
        float(expected[il6].max()),
        float(run.states[il6].max()),
        "pg/mL",
        error,
        tolerance,
        Scale.LARGEST,
        _REFERENCE,
    )


def _whole_model(rtol: float, atol: float) -> Iterator[KnownAnswer]:
    record = current_record()
    times = np.linspace(0.0, 96.0, 97)
    file = load_tocilizumab()
    rescue = Rescue(file.inputs, file.regimens["clinical"].shifted(12.0))
    tgn1412, infusion = record.drug("tgn1412"), load_drug("tgn1412").regimens["clinical"]
    yield _beside_reference(
        "model_monoclonal",
        "all 14 states over 96 h: TGN1412, tocilizumab at 12 h, CRP; shown: "
        "the highest IL-6 at full hours",
        simulate(
            tgn1412,
            record.network,
            infusion,
            rescue=rescue,
            crp=record.crp,
            horizon_h=96.0,
            times=times,
            rtol=rtol,
            atol=atol,
        ),
        1e-5,
    )
    yield _beside_reference(
        "model_bispecific",
        "all 14 states over 96 h: blinatumomab, 60 µg/m²/d; shown: the highest IL-6 at full hours",
        simulate(
            record.drug("blinatumomab"),
            record.network,
            load_drug("blinatumomab").regimens["clinical"],
            horizon_h=96.0,
            times=times,
            rtol=rtol,
            atol=atol,
        ),
        1e-5,
    )
    # TNF removed in seconds: the engine takes its implicit method
    fast = Draws({"d_TNF": np.array([400.0])})
    yield _beside_reference(
        "model_fast",
        "all 14 states over 6 h with TNF removed at 400 /h, which the default engine "
        "solves by its implicit method (TGN1412); shown: the highest IL-6 at full "
        "hours",
        simulate(
            tgn1412.unlocked(),
            record.network.unlocked(),
            infusion,
            draws=fast,
            horizon_h=6.0,
            times=times[:7],
            rtol=rtol,
            atol=atol,
        ),
        1e-4,
    )


def convergence() -> Mapping[str, tuple[float, ...]]:
    """Largest relative error at each of :data:`RTOLS`, for each solver on its problem."""
    return {
        "hires_explicit": tuple(_hires_error("explicit", rtol) for rtol in RTOLS),
        "hires_implicit": tuple(_hires_error("implicit", rtol) for rtol in RTOLS),
        "saturable_diffsol": tuple(_saturable_error("diffsol", rtol) for rtol in RTOLS),
        "saturable_scipy": tuple(_saturable_error("scipy", rtol) for rtol in RTOLS),
    }


CURVES = {
    "hires_explicit": "HIRES, default engine, explicit method",
    "hires_implicit": "HIRES, default engine, implicit method",
    "saturable_diffsol": "saturable elimination, default engine",
    "saturable_scipy": "saturable elimination, SciPy engine",
}
"""What each curve of :func:`convergence` is."""


def _hires_error(method: str, rtol: float) -> float:
    found = solve_hires(method, rtol, rtol * 1e-6)
    return float(np.abs(found / HIRES_SOLUTION - 1).max())


def _saturable_error(engine: str, rtol: float) -> float:
    run, exact = saturable_run(engine, rtol, ATOL)
    return float(np.abs(run["C_tcz"] - exact).max() / exact.max())


def slope(errors: tuple[float, ...]) -> float:
    """Slope of log10 error over log10 tolerance, by least squares."""
    return float(np.polyfit(np.log10(RTOLS), np.log10(errors), 1)[0])


def _proportional() -> Iterator[KnownAnswer]:
    for name, errors in convergence().items():
        yield KnownAnswer.of(
            f"order_{name}",
            f"power of the tolerance by which the error falls from 10⁻³ to 10⁻⁹: {CURVES[name]}",
            1.0,
            slope(errors),
            0.3,
            "error in proportion to the tolerance (Hairer, Nørsett and Wanner 1993, II.4)",
            unit="1",
        )
