"""A system of equations in DiffSL, the language that the default engine compiles."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import sympy
from sympy.printing.str import StrPrinter

from .structure import Structure
from .symbolic import traced


class _DiffSL(StrPrinter):
    """SymPy's own printer, with DiffSL's spelling of powers, maxima and numbers."""

    def _print_Max(self, expr: sympy.Expr) -> str:
        return f"max({', '.join(self._print(arg) for arg in expr.args)})"

    def _print_Pow(self, expr: sympy.Expr, rational: bool = False) -> str:
        base, exponent = (self._print(arg) for arg in expr.args)
        return f"pow({base}, {exponent})"

    def _print_Integer(self, expr: sympy.Expr) -> str:
        return f"{int(expr)}.0"


def traced_diffsl(structure: Structure) -> str:
    """The model in DiffSL, generated from :meth:`qsp_lib.model.structure.Structure.rhs`."""
    return as_diffsl(traced(structure), structure.parameters, structure.inputs)


def as_diffsl(
    derivatives: Mapping[str, sympy.Expr],
    parameters: Sequence[str] = (),
    inputs: Sequence[str] = (),
) -> str:
    """A first-order system in DiffSL; its initial state, parameters and inputs come in as numbers.

    DiffSL names are letters and digits; a prefix keeps clear of its own F, N and u.

    Args:
        derivatives: time derivative of each state, in the symbols of all three.
        parameters, inputs: names of the other symbols.
    """
    plain = {
        sympy.Symbol(name): sympy.Symbol(prefix + name.replace("_", ""))
        for prefix, names in (("s", derivatives), ("p", parameters), ("i", inputs))
        for name in names
    }
    renamed = [d.xreplace(plain) for d in derivatives.values()]
    shared, values = sympy.cse(renamed, symbols=sympy.numbered_symbols("c"))
    show = _DiffSL().doprint
    states = [plain[sympy.Symbol(name)] for name in derivatives]
    arguments = [f"y{i}y" for i in range(len(states))]
    arguments += [str(plain[sympy.Symbol(name)]) for name in (*parameters, *inputs)]
    return "\n".join(
        [
            f"in_i {{ {', '.join(f'{name} = 1.0' for name in arguments)} }}",
            f"u_i {{ {', '.join(f'{s} = y{i}y' for i, s in enumerate(states))} }}",
            *(f"{symbol} {{ {show(value)} }}" for symbol, value in shared),
            f"F_i {{ {', '.join(show(value) for value in values)} }}",
        ]
    )
