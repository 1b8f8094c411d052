"""The problem of ``boehm/README.md`` as a least-squares fit of nine parameters in log10."""

from __future__ import annotations

import csv
import math
from functools import cache
from pathlib import Path

import numpy as np
import pydiffsol
import sympy
from numpy.typing import NDArray

from qsp_lib.inference.fitting import FAILED, Problem
from qsp_lib.model import as_diffsl, compile_text

Array = NDArray[np.float64]
TABLE = Path(__file__).parent / "boehm" / "measurements.csv"
RATES = ("k_deg", "k_exp_hetero", "k_exp_homo", "k_imp_hetero", "k_imp_homo", "k_phos")
SDS = ("sd_pSTAT5A", "sd_pSTAT5B", "sd_rSTAT5A")
NAMES = RATES + SDS
OBSERVABLES = ("pSTAT5A_rel", "pSTAT5B_rel", "rSTAT5A_rel")
STATES = ("A", "B", "AA", "AB", "BB", "nAA", "nAB", "nBB", "E")
BOUND = 5.0
"""Every parameter lies between -5 and 5 in log10."""
COST = 138.2220
"""Best negative log likelihood of the reference."""
OPTIMUM = np.array([-1.569, -5.0, -2.210, -1.786, 4.99, 4.198, *np.log10([3.852, 6.589, 3.152])])
"""Its point; k_imp_homo is flat above."""
ENDS = {
    "k_deg": (-1.7273, -1.4030),
    "k_exp_hetero": (None, -3.0428),
    "k_exp_homo": (-2.5289, -1.9229),
    "k_imp_hetero": (-1.9028, -1.6669),
    "k_imp_homo": (0.1608, None),
    "k_phos": (4.1124, 4.2894),
}
"""Reference ends of the 95 % intervals; None where the bound stops the profile."""
_RATIO, _SPECIFICITY, _TOTAL, _DOSE = 0.693, 0.107, 207.6, 1.25e-7
_CYTOPLASM, _NUCLEUS = 1.4, 0.45
_RTOL, _ATOL = 1e-8, 1e-8


def slopes() -> dict[str, sympy.Expr]:
    """Time derivative (1/min) of each state, in symbols; E is in units of its first value."""
    A, B, AA, AB, BB, nAA, nAB, nBB, E = sympy.symbols(STATES)
    k_deg, k_exp_hetero, k_exp_homo, k_imp_hetero, k_imp_homo, k_phos = sympy.symbols(RATES)
    joining = _DOSE * E * k_phos
    to_AA, to_AB, to_BB = joining * A**2, joining * A * B, joining * B**2
    into_AA, into_AB, into_BB = k_imp_homo * AA, k_imp_hetero * AB, k_imp_homo * BB
    out_AA, out_AB, out_BB = k_exp_homo * nAA, k_exp_hetero * nAB, k_exp_homo * nBB
    back, forth = _NUCLEUS / _CYTOPLASM, _CYTOPLASM / _NUCLEUS
    return {
        "A": -2 * to_AA - to_AB + back * (2 * out_AA + out_AB),
        "B": -2 * to_BB - to_AB + back * (2 * out_BB + out_AB),
        "AA": to_AA - into_AA,
        "AB": to_AB - into_AB,
        "BB": to_BB - into_BB,
        "nAA": forth * into_AA - out_AA,
        "nAB": forth * into_AB - out_AB,
        "nBB": forth * into_BB - out_BB,
        "E": -k_deg * E,
    }


@cache
def _compiled() -> pydiffsol.Ode:
    ode = compile_text(as_diffsl(slopes(), RATES))
    ode.ode_solver, ode.rtol, ode.atol, ode.t0 = pydiffsol.bdf, _RTOL, _ATOL, 0.0
    return ode


@cache
def measurements() -> tuple[Array, Array]:
    """Times ``(16,)`` in minutes, and values ``(3, 16)`` in percent, a row an observable."""
    with TABLE.open(encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines))
    times = np.unique([float(row["time_min"]) for row in rows])
    values = np.full((len(OBSERVABLES), times.size), np.nan)
    for row in rows:
        at = int(np.searchsorted(times, float(row["time_min"])))
        values[OBSERVABLES.index(row["observable"]), at] = float(row["value_percent"])
    return times, values


def observe(states: Array) -> Array:
    """Observables ``(3, T)`` in percent of states ``(9, T)``."""
    A, B, AA, AB, BB = states[:5]
    s, t = _SPECIFICITY, 1 - _SPECIFICITY
    return np.stack(
        [
            (100 * AB + 200 * AA * s) / (AB + A * s + 2 * AA * s),
            (100 * AB + 200 * BB * t) / (AB + B * t + 2 * BB * t),
            (100 * AB + 100 * A * s + 200 * AA * s)
            / (2 * AB + A * s + 2 * AA * s + B * t + 2 * BB * t),
        ]
    )


def courses(rates: Array) -> Array:
    """Observables ``(3, 16)`` in percent at rates ``(6,)`` in log10."""
    start = np.zeros(len(STATES))
    start[:2] = _TOTAL * _RATIO, _TOTAL * (1 - _RATIO)
    start[-1] = 1.0
    arguments = np.concatenate([start, 10.0**rates])
    return observe(np.asarray(_compiled().solve_dense(arguments, measurements()[0]).ys))


@cache
def _course(rates: bytes) -> Array:
    """Observables at the rates that these bytes are: fits of several profiles begin alike."""
    return courses(np.frombuffer(rates))


def residuals(theta: Array) -> Array:
    """Residuals ``(N, 51)``: half their sum of squares is the likelihood, up to a constant.

    An observable of n points adds n log(sd) to it beside its squares, which is half the square
    of a residual of its own; a constant keeps that above 0 throughout the range of the sds.
    """
    _, seen = measurements()
    n = seen.shape[1]
    rows = np.full((len(theta), seen.size + len(SDS)), FAILED)
    for i, point in enumerate(theta):
        rates, log_sd = point[: len(RATES)], point[len(RATES) :]
        try:
            course = _course(rates.tobytes())  # steps along an sd share theirs
        except RuntimeError:
            continue
        off = (course - seen) / 10.0 ** log_sd[:, None]
        if np.all(np.isfinite(off)):
            widths = np.sqrt(np.maximum(2 * n * math.log(10.0) * (log_sd + BOUND) + 1.0, 0.0))
            rows[i] = np.concatenate([off.ravel(), widths])
    return rows


def likelihood(cost: float) -> float:
    """Negative log likelihood from the cost of :func:`boehm`: without the constants."""
    _, seen = measurements()
    given = seen.shape[1] * math.log(10.0) * BOUND + 0.5
    return cost - len(SDS) * given + seen.size / 2 * math.log(2 * math.pi)


def boehm() -> Problem:
    """The fit, without priors."""
    d = len(NAMES)
    return Problem(
        NAMES, residuals, np.full(d, -BOUND), np.full(d, BOUND), np.zeros(d), np.full(d, np.inf)
    )
