"""SymPy expressions as SBML formulas, with a unit on every number, and units as SBML has them."""

from __future__ import annotations

import sympy
from sympy.printing.str import StrPrinter

from ..common import InputError
from ..model import QUANTITIES

BUILT_IN_UNITS = {"1": "dimensionless", "L": "litre"}
BASE_UNITS: dict[str, tuple[str, int, float]] = {
    "pg": ("gram", -12, 1.0),
    "ng": ("gram", -9, 1.0),
    "ug": ("gram", -6, 1.0),
    "mg": ("gram", -3, 1.0),
    "mL": ("litre", -3, 1.0),
    "L": ("litre", 0, 1.0),
    "h": ("second", 0, 3600.0),
}
"""Each word of a unit: kind, power of ten, multiplier."""


def unit_words(unit: str) -> list[tuple[str, int]]:
    """The words of a unit with their exponents: ``"pg/mL"`` is pg to 1 and mL to -1."""
    top, *below = unit.split("/")
    return [(top, 1)] * (top != "1") + [(word, -1) for word in below]


def unit_id(unit: str) -> str:
    """The SBML identifier of a unit: ``"pg/mL/h"`` is ``pg_per_mL_per_h``."""
    if unit in BUILT_IN_UNITS:
        return BUILT_IN_UNITS[unit]
    if unit == "h":  # which is also a parameter: not every tool keeps the two apart
        return "hour"
    return "".join(f"_per_{word}" if power < 0 else word for word, power in unit_words(unit)).strip(
        "_"
    )


def fits(value: float) -> bool:
    """Whether a number has no more than the 15 digits that python-libsbml writes in a formula."""
    return float(f"{value:.15g}") == value


def number(value: float, unit: str) -> str:
    """A number in a formula.

    Raises:
        InputError: more digits than are written.
    """
    if not fits(value):
        raise InputError(
            f"{value!r} {unit} has more digits than are written in a formula; make it a parameter."
        )
    return f"{value:.15g} {unit_id(unit)}"


def identifier(name: str) -> str:
    """The SBML identifier of a name of the equations: its own, but ``hill`` for ``h``.

    AMICI keeps ``h`` for itself, and it is the hour to some readers.
    """
    return "hill" if name == "h" else name


def formula(expression: sympy.Expr, unit: str) -> str:
    """An expression in SBML's infix notation; ``unit`` is that of a 0 that stands alone."""
    return number(0.0, unit) if expression == 0 else _Printer({"order": "lex"}).doprint(expression)


class _Printer(StrPrinter):
    """SymPy's own printer, with SBML's powers and maxima, and a unit on every number."""

    def _print_Symbol(self, expr: sympy.Symbol) -> str:
        return identifier(expr.name)

    def _print_Integer(self, expr: sympy.Expr) -> str:
        return number(float(expr), "1")

    def _print_Pow(self, expr: sympy.Expr, rational: bool = False) -> str:
        base, exponent = (f"({self._print(arg)})" for arg in expr.args)
        return f"({number(1.0, '1')} / {base})" if expr.exp == -1 else f"({base}^{exponent})"

    def _print_Max(self, expr: sympy.Expr) -> str:
        """``max(x, 0)`` as a piecewise, which every tool reads; its 0 has the unit of x."""
        names = [str(arg) for arg in expr.args if arg.is_Symbol]
        if len(names) != 1 or len(expr.args) != 2 or 0 not in expr.args:
            raise InputError(f"{expr} is not max(name, 0), which is all that is exported.")
        zero, name = number(0.0, QUANTITIES[names[0]].unit), identifier(names[0])
        return f"piecewise({name}, {name} > {zero}, {zero})"
