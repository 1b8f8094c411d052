"""The equations as a reader wants them: the regrouped right-hand side in LaTeX."""

from __future__ import annotations

import sympy
from sympy.printing.latex import LatexPrinter

from qsp_lib.model import INPUTS, PARAMETERS, QUANTITIES, STATES, definitions

S = sympy.Symbol


class _Printer(LatexPrinter):
    """Gains before losses."""

    def _as_ordered_terms(self, expr: sympy.Expr, order: str | None = None) -> list[sympy.Expr]:
        return sorted(expr.args, key=lambda term: term.could_extract_minus_sign())


def latex(expression: sympy.Expr) -> str:
    """LaTeX with the book's symbols, a rate before what it acts on, gains before losses."""
    intermediate = [str(symbol) for symbol in definitions("monoclonal")]
    names = (*PARAMETERS, *INPUTS, *intermediate, *STATES)
    # factors come in the order of their names, so each takes one that sorts as it is to stand
    places = {S(name): S(f"place{i:03d}") for i, name in enumerate(names)}
    texts = {place: QUANTITIES[str(symbol)].latex for symbol, place in places.items()}
    placed = expression.subs(places, simultaneous=True)
    return _Printer({"symbol_names": texts, "order": "none", "mul_symbol": r" \, "}).doprint(placed)
