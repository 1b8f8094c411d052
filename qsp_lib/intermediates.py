"""Named intermediate quantities: what a reader of the equations calls by a name of its own.

The traced derivatives are regrouped around exposure, engagement, the priming signal, occupancy and
the Hill terms. Putting the definitions back gives the traced expressions exactly; a test holds
the typeset equations and the exports to that.
"""

from __future__ import annotations

from types import SimpleNamespace

import sympy

from .equations import ENGAGEMENT, PARAMETERS, hill, occupancy
from .structure import traced

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
