"""The right-hand side of the model, written once.

Called with numbers (floats, or arrays that broadcast over parameter sets) it is
what SciPy integrates. Called with SymPy symbols it gives the typeset equations
of the book, the compiled default engine, and every export. Time is in hours,
drug in ng/mL (= ug/L), drug amounts in ug, cytokines in pg/mL above the healthy
baseline, cell pools as fractions; the state before dosing is therefore an exact
steady state.

The upstream part (exposure, receptor engagement, T cells) belongs to a drug; the
downstream part, with exactly 17 parameters, is shared by all drugs.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..common import late

STATES = (
    "A_c",
    "A_p",
    "R",
    "A",
    "X",
    "B",
    "IFN",
    "TNF",
    "M",
    "IL6",
    "S",
    "T_c",
    "T_p",
    "CRP",
)
"""The states, in the order in which they are integrated."""
NETWORK = (
    "k_IFN",
    "d_IFN",
    "k_TNF_T",
    "k_TNF_M",
    "d_TNF",
    "w_TNF",
    "k_M",
    "K_M",
    "n_M",
    "d_M",
    "k_IL6_T",
    "k_IL6_M",
    "k_fb",
    "K_S",
    "n_S",
    "d_IL6",
    "k_S",
)
DRUG = ("V1", "CL", "V2", "Q", "EC50", "h", "K_hook", "k_act", "k_exh", "k_rec", "k_kill")
TOCILIZUMAB = ("V1_tcz", "CL_tcz", "V2_tcz", "Q_tcz", "Vmax_tcz", "Km_tcz", "K_D_tcz", "f_R")
CRP = ("k_CRP", "K_CRP", "d_CRP")
PARAMETERS = NETWORK + DRUG + TOCILIZUMAB + CRP
"""Every parameter by its name: of the network, the drug, tocilizumab and C-reactive protein."""

INPUTS = ("u", "u_tcz")
"""Dosing rates of the drug and of tocilizumab (ug/h), constant within a segment."""

PRE_DOSE = tuple(1.0 if name in ("R", "B") else 0.0 for name in STATES)

MECHANISMS = ("monoclonal", "bispecific")
FEEDBACKS = ("gated", "ungated", "none")


def positive_part(x: Any) -> Any:
    """``max(x, 0)``, for numbers and for SymPy expressions alike."""
    if hasattr(x, "free_symbols"):
        return late.sympy.Max(x, 0)
    return np.maximum(x, 0.0)


def hill(x: Any, half: Any, n: Any) -> Any:
    """Hill term ``(x/K)^n / (1 + (x/K)^n)``.

    Written in ``x/K`` so that units cancel before the power is taken, and with
    ``max(x, 0)`` because a state a rounding error below zero has no real power
    for a non-integer ``n``.
    """
    power = (positive_part(x) / half) ** n
    return power / (1 + power)


def engage_monoclonal(C: Any, B: Any, p: Any) -> Any:
    """Receptor engagement by a monoclonal antibody: saturating in exposure."""
    return hill(C, p.EC50, p.h)


def engage_bispecific(C: Any, B: Any, p: Any) -> Any:
    """Engagement of T cell and target together: bell-shaped in exposure, limited by targets B."""
    return C / (C + p.EC50) * p.K_hook / (p.K_hook + C) * B


ENGAGEMENT: dict[str, Callable[[Any, Any, Any], Any]] = {
    "monoclonal": engage_monoclonal,
    "bispecific": engage_bispecific,
}
MACROPHAGE_GATE: dict[str, Callable[[Any], Any]] = {
    "gated": lambda M: M,
    "ungated": lambda M: 1.0,
    "none": lambda M: 0.0,
}


def constant_recovery(R: Any, A: Any, X: Any, E: Any, p: Any) -> tuple[Any, Any, Any]:
    """Activation, exhaustion and recovery (1/h) of lock v1: T cells recover whatever is bound."""
    return p.k_act * E * R, p.k_exh * A, p.k_rec * X


T_CELLS: dict[str, Callable[[Any, Any, Any, Any, Any], tuple[Any, Any, Any]]] = {
    "constant recovery": constant_recovery,
}
"""The T-cell parts by name; lock v1 was made with the first."""


def occupancy(T_c: Any, p: Any) -> Any:
    """Share of IL-6 receptors held by tocilizumab, at quasi-equilibrium."""
    C_tcz = T_c / p.V1_tcz
    return C_tcz / (p.K_D_tcz + C_tcz)


def il6_production(A: Any, M: Any, S: Any, p: Any, feedback: str) -> tuple[Any, Any, Any]:
    """The three sources of IL-6 (pg/mL/h): T cells, macrophages, STAT3 feedback."""
    gate = MACROPHAGE_GATE[feedback](M)
    return p.k_IL6_T * A, p.k_IL6_M * M, p.k_fb * gate * hill(S, p.K_S, p.n_S)


def rhs(y: Any, p: Any, u: Any, u_tcz: Any, mechanism: str, feedback: str) -> tuple[Any, ...]:
    """Time derivative of every state, in the order of :data:`STATES`.

    Args:
        y: the 14 states; each a number, an array, or a symbol.
        p: anything with one attribute a name in :data:`PARAMETERS`.
        u, u_tcz: dosing rates of the drug and of tocilizumab (ug/h).
        mechanism: ``"monoclonal"`` or ``"bispecific"``.
        feedback: ``"gated"`` (the published structure), ``"ungated"`` or ``"none"``.

    Returns:
        14 derivatives, per hour.
    """
    A_c, A_p, R, A, X, B, IFN, TNF, M, IL6, S, T_c, T_p, CRP_level = y

    # Upstream: exposure, receptor engagement, T cells
    C, C_p = A_c / p.V1, A_p / p.V2
    E = ENGAGEMENT[mechanism](C, B, p)
    activation, exhaustion, recovery = T_CELLS["constant recovery"](R, A, X, E, p)
    killing = p.k_kill * A * B if mechanism == "bispecific" else 0 * B

    # Rescue: tocilizumab, with parallel linear and Michaelis-Menten elimination
    C_tcz, C_tcz_p = T_c / p.V1_tcz, T_p / p.V2_tcz
    elimination_tcz = (p.CL_tcz + p.Vmax_tcz / (p.Km_tcz + C_tcz)) * C_tcz
    rho = occupancy(T_c, p)

    # Downstream: the shared network
    sigma = IFN + p.w_TNF * TNF
    from_T, from_M, from_feedback = il6_production(A, M, S, p, feedback)

    return (
        u - p.CL * C - p.Q * (C - C_p),
        p.Q * (C - C_p),
        recovery - activation,
        activation - exhaustion,
        exhaustion - recovery,
        -killing,
        p.k_IFN * A - p.d_IFN * IFN,
        p.k_TNF_T * A + p.k_TNF_M * M - p.d_TNF * TNF,
        p.k_M * hill(sigma, p.K_M, p.n_M) * (1 - M) - p.d_M * M,
        from_T + from_M + from_feedback - p.d_IL6 * (1 - p.f_R * rho) * IL6,
        p.k_S * ((1 - rho) * IL6 - S),
        u_tcz - elimination_tcz - p.Q_tcz * (C_tcz - C_tcz_p),
        p.Q_tcz * (C_tcz - C_tcz_p),
        p.k_CRP * hill(S, p.K_CRP, 1) - p.d_CRP * CRP_level,
    )
