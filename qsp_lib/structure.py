"""The canonical text of the equations, and the digest that a lock record holds of it."""

from __future__ import annotations

import hashlib
from functools import cache
from types import SimpleNamespace

import sympy

from .equations import INPUTS, PARAMETERS, STATES, rhs

Derivatives = dict[str, sympy.Expr]


def traced(mechanism: str, feedback: str) -> Derivatives:
    """The right-hand side as SymPy expressions, by state."""
    symbols = {name: sympy.Symbol(name) for name in (*STATES, *PARAMETERS, *INPUTS)}
    states = [symbols[name] for name in STATES]
    p = SimpleNamespace(**{name: symbols[name] for name in PARAMETERS})
    u, u_tcz = (symbols[name] for name in INPUTS)
    values = rhs(states, p, u, u_tcz, mechanism, feedback)
    return {name: sympy.sympify(value) for name, value in zip(STATES, values, strict=True)}


@cache
def canonical_equations(feedback: str) -> tuple[str, ...]:
    """One line a state and mechanism, terms in a fixed order."""
    return tuple(
        f"{mechanism}: d{name}/dt = {sympy.sstr(value, order='lex')}"
        for mechanism in ("monoclonal", "bispecific")
        for name, value in traced(mechanism, feedback).items()
    )


def equations_digest(feedback: str) -> str:
    """SHA-256 of the canonical text."""
    return hashlib.sha256("\n".join(canonical_equations(feedback)).encode()).hexdigest()
