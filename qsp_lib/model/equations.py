"""The equations of lock v1 as a whole: every part it knows, in one right-hand side.

Exports, the explorer and the equations page show this whole. A simulation takes the parts that
it needs (:mod:`.structure`); what it leaves out is zero throughout here.

The upstream part (exposure, receptor engagement, T cells) belongs to a drug; the downstream
part, with exactly 17 parameters, is shared by all drugs.
"""

from __future__ import annotations

from typing import Any

from .parts.crp import Crp
from .parts.exposure import Compartments
from .parts.network import Network
from .parts.t_cells import ConstantRecovery
from .parts.tocilizumab import Tocilizumab
from .structure import FEEDBACKS, MECHANISMS, of_lock_v1

__all__ = [
    "CRP",
    "DRUG",
    "FEEDBACKS",
    "INPUTS",
    "MECHANISMS",
    "NETWORK",
    "PARAMETERS",
    "PRE_DOSE",
    "STATES",
    "TOCILIZUMAB",
    "rhs",
]

_WHOLE = of_lock_v1("bispecific")

STATES = _WHOLE.states
"""The states, in the order in which they are integrated."""
NETWORK = Network.parameters
DRUG = (*Compartments.parameters, *ConstantRecovery.parameters)
TOCILIZUMAB = Tocilizumab.parameters
CRP = Crp.parameters
PARAMETERS = _WHOLE.parameters
"""Every parameter by its name: of the network, the drug, tocilizumab and C-reactive protein."""

INPUTS = _WHOLE.inputs
"""Dosing rates of the drug and of tocilizumab (ug/h), constant within a segment."""

PRE_DOSE = _WHOLE.before


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
    return of_lock_v1(mechanism, feedback).rhs(y, p, (u, u_tcz))
