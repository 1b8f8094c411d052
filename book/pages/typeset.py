"""The equations as a reader wants them: the regrouped right-hand side in LaTeX."""

from __future__ import annotations

from functools import cache

import sympy
from sympy.printing.latex import LatexPrinter

from qsp_lib.model import (
    MECHANISMS,
    QUANTITIES,
    T_CELLS,
    TABLE,
    Structure,
    definitions,
    everything,
    of_lock_v1,
)

S = sympy.Symbol


class _Printer(LatexPrinter):
    """Gains before losses."""

    def _as_ordered_terms(self, expr: sympy.Expr, order: str | None = None) -> list[sympy.Expr]:
        return sorted(expr.args, key=lambda term: term.could_extract_minus_sign())


@cache
def names() -> tuple[str, ...]:
    """Every name of every part, as factors are ordered: parameters, rates, quantities, states."""
    structures = [of_lock_v1("bispecific")]
    structures += [everything(m, "gated", t_cells) for t_cells in T_CELLS for m in MECHANISMS]
    structures.append(Structure("monoclonal", t_cells="", exposure=(TABLE,)))
    groups = (
        [name for structure in structures for name in structure.parameters],
        [name for structure in structures for name in structure.inputs],
        [str(symbol) for structure in structures for symbol in definitions(structure)],
        [name for structure in structures for name in structure.states],
    )
    return tuple(dict.fromkeys(name for group in groups for name in group))


def latex(expression: sympy.Expr) -> str:
    """LaTeX with the book's symbols, a rate before what it acts on, gains before losses."""
    # factors come in the order of their names, so each takes one that sorts as it is to stand
    places = {S(name): S(f"place{i:03d}") for i, name in enumerate(names())}
    texts = {place: QUANTITIES[str(symbol)].latex for symbol, place in places.items()}
    placed = expression.xreplace(places)
    return _Printer({"symbol_names": texts, "order": "none", "mul_symbol": r" \, "}).doprint(placed)
