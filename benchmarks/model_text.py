"""The right-hand side for tools that read another language, written from the traced equations."""

from __future__ import annotations

import sympy
from sympy.printing.pycode import PythonCodePrinter
from sympy.printing.str import StrPrinter

from qsp_lib.model import Structure, traced

from .problem import PREFIX


class _Python(PythonCodePrinter):
    def _print_Max(self, expr: sympy.Expr) -> str:
        return f"max({', '.join(self._print(arg) for arg in expr.args)})"

    def _print_Integer(self, expr: sympy.Expr) -> str:
        return f"{int(expr)}.0"


class _Antimony(StrPrinter):
    def _print_Max(self, expr: sympy.Expr) -> str:
        return f"max({', '.join(self._print(arg) for arg in expr.args)})"

    def _print_Pow(self, expr: sympy.Expr, rational: bool = False) -> str:
        return f"({self._print(expr.args[0])})^({self._print(expr.args[1])})"


def python(structure: Structure) -> str:
    """A function ``rhs(dy, t, y, p)`` that fills ``dy``; shared terms are computed once.

    ``p`` holds the parameters, then the dosing rates. It is plain Python, for a compiler or a
    symbolic library to take up: the only names it needs are ``max`` and ``**``.
    """
    shared, values = sympy.cse(
        list(traced(structure).values()), symbols=sympy.numbered_symbols("c_")
    )
    show = _Python({"fully_qualified_modules": False}).doprint
    names = (*structure.parameters, *structure.inputs)
    used = set().union(*(v.free_symbols for v in (*values, *(value for _, value in shared))))
    lines = ["def rhs(dy, t, y, p):"]
    for letter, group in (("y", structure.states), ("p", names)):
        lines += [
            f"{name} = {letter}[{i}]" for i, name in enumerate(group) if sympy.Symbol(name) in used
        ]
    lines += [f"{symbol} = {show(value)}" for symbol, value in shared]
    lines += [f"dy[{i}] = {show(value)}" for i, value in enumerate(values)]
    return "\n    ".join(lines) + "\n"


def sbml(structure: Structure) -> str:
    """An SBML file in which every state is a parameter with a rate rule.

    Raises:
        RuntimeError: Antimony cannot read what was written; its message is given.
    """
    import antimony

    values = (*structure.parameters, *structure.inputs)
    names = (*structure.states, *values)
    renamed = {sympy.Symbol(name): sympy.Symbol(PREFIX + name) for name in names}
    show = _Antimony().doprint
    lines = ["model network()"]
    rates = traced(structure)
    for (name, rate), start in zip(rates.items(), structure.before, strict=True):
        lines.append(f"  {PREFIX}{name}' = {show(rate.xreplace(renamed))}")
        lines.append(f"  {PREFIX}{name} = {start!r}")
    lines += [f"  {PREFIX}{name} = 1" for name in values]
    antimony.clearPreviousLoads()
    if antimony.loadAntimonyString("\n".join([*lines, "end"])) < 0:
        raise RuntimeError(f"Antimony refused the model: {antimony.getLastError()}")
    return str(antimony.getSBMLString("network"))
