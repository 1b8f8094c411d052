"""The canonical text of the equations, and the digest that a lock record holds of it."""

from __future__ import annotations

import hashlib
from functools import cache
from types import SimpleNamespace

import sympy

from .equations import ENGAGEMENT, INPUTS, PARAMETERS, STATES, hill, occupancy, rhs

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


S = sympy.Symbol
Definitions = dict[sympy.Symbol, sympy.Expr]


def definitions(mechanism: str) -> Definitions:
    """Intermediate quantities, in the order in which they build on each other."""
    p = SimpleNamespace(**{name: S(name) for name in PARAMETERS})
    C, B = S("C"), S("B")
    return {
        C: S("A_c") / p.V1,
        S("C_p"): S("A_p") / p.V2,
        S("C_tcz"): S("T_c") / p.V1_tcz,
        S("C_tcz_p"): S("T_p") / p.V2_tcz,
        S("E"): ENGAGEMENT[mechanism](C, B, p),
        S("sigma"): S("IFN") + p.w_TNF * S("TNF"),
        S("rho"): occupancy(S("C_tcz") * p.V1_tcz, p),
        S("H_M"): hill(S("sigma"), p.K_M, p.n_M),
        S("H_S"): hill(S("S"), p.K_S, p.n_S),
        S("H_CRP"): hill(S("S"), p.K_CRP, 1),
    }


def regrouped(mechanism: str, feedback: str = "gated") -> dict[str, sympy.Expr]:
    """The derivatives by state, written with the intermediate quantities."""
    result = {}
    for name, derivative in traced(mechanism, feedback).items():
        for symbol, value in definitions(mechanism).items():
            derivative = derivative.subs(value, symbol)
        result[name] = derivative
    return result


def put_back(expression: sympy.Expr, mechanism: str) -> sympy.Expr:
    """An expression with every intermediate quantity replaced by its definition."""
    for symbol, value in reversed(definitions(mechanism).items()):
        expression = expression.subs(symbol, value)
    return expression
