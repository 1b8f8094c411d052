"""The equations as a reader wants them: the regrouped right-hand side in LaTeX."""

from __future__ import annotations

import sympy
from sympy.printing.latex import LatexPrinter

from ..equations import INPUTS, PARAMETERS, STATES
from ..intermediates import definitions

S = sympy.Symbol

LATEX = {
    "A_c": "A_c", "A_p": "A_p", "R": "R", "A": "A", "X": "X", "B": "B",
    "IFN": r"\mathrm{IFN}", "TNF": r"\mathrm{TNF}", "M": "M", "IL6": r"\mathrm{IL6}", "S": "S",
    "T_c": "T_c", "T_p": "T_p", "CRP": r"\mathrm{CRP}",
    "u": "u(t)", "u_tcz": r"u_\mathrm{tcz}(t)",
    "V1": "V_1", "CL": r"\mathrm{CL}", "V2": "V_2", "Q": "Q", "EC50": r"\mathrm{EC}_{50}",
    "K_hook": r"K_\mathrm{hook}", "k_act": r"k_\mathrm{act}", "k_exh": r"k_\mathrm{exh}",
    "k_rec": r"k_\mathrm{rec}", "k_kill": r"k_\mathrm{kill}",
    "V1_tcz": "V_1'", "CL_tcz": r"\mathrm{CL}'", "V2_tcz": "V_2'", "Q_tcz": "Q'",
    "Vmax_tcz": r"V_\mathrm{max}", "Km_tcz": r"K_m", "K_D_tcz": "K_D", "f_R": "f_R",
    "k_CRP": r"k_\mathrm{CRP}", "K_CRP": r"K_\mathrm{CRP}", "d_CRP": r"d_\mathrm{CRP}",
    "k_IFN": r"k_\mathrm{IFN}", "d_IFN": r"d_\mathrm{IFN}",
    "k_TNF_T": r"k_{\mathrm{TNF},T}", "k_TNF_M": r"k_{\mathrm{TNF},M}",
    "d_TNF": r"d_\mathrm{TNF}", "w_TNF": r"w_\mathrm{TNF}", "k_IL6_T": r"k_{\mathrm{IL6},T}",
    "k_IL6_M": r"k_{\mathrm{IL6},M}", "d_IL6": r"d_\mathrm{IL6}", "k_fb": r"k_\mathrm{fb}",
    "C": "C", "C_p": "C_p", "C_tcz": r"C'", "C_tcz_p": r"C'_p", "E": "E", "sigma": r"\sigma",
    "rho": r"\rho", "H_M": "H_M", "H_S": "H_S", "H_CRP": r"H_\mathrm{CRP}",
}  # fmt: skip
"""How a name is typeset; other names stand as they are."""


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
    texts = {place: LATEX.get(str(symbol), str(symbol)) for symbol, place in places.items()}
    placed = expression.subs(places, simultaneous=True)
    return _Printer({"symbol_names": texts, "order": "none", "mul_symbol": r" \, "}).doprint(placed)
