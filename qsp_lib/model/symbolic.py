"""The equations as SymPy expressions, and their canonical text."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from types import SimpleNamespace

import sympy

from .parts.exposure import TABLE
from .parts.part import Part
from .structure import CONSTANT_RECOVERY, MECHANISMS, Structure, whole
from .vocabulary import QUANTITIES

S = sympy.Symbol
Derivatives = dict[str, sympy.Expr]
Definitions = dict[sympy.Symbol, sympy.Expr]


def traced(structure: Structure) -> Derivatives:
    """The right-hand side as SymPy expressions, by state."""
    y, p, u = _symbols(structure)
    values = structure.rhs(y, p, u)
    return {name: sympy.sympify(d) for name, d in zip(structure.states, values, strict=True)}


def names_read_by(structure: Structure) -> frozenset[str]:
    """Names of the parameters that the equations, or the state before the first dose, read."""
    symbols = {str(s) for value in traced(structure).values() for s in value.free_symbols}
    return frozenset(symbols.intersection(structure.parameters)) | {*structure.starts.values()}


@cache
def canonical_equations(feedback: str, t_cells: str = CONSTANT_RECOVERY) -> tuple[str, ...]:
    """One line a state and mechanism, terms in a fixed order.

    With the T-cell part of lock v1 these are lock v1's equations; with another, those of every
    part there is, and beside them those of a tabulated exposure.
    """
    structures = [whole(mechanism, feedback, t_cells) for mechanism in MECHANISMS]
    lines = [
        f"{structure.mechanism}: d{name}/dt = {sympy.sstr(value, order='lex')}"
        for structure in structures
        for name, value in traced(structure).items()
    ]
    if t_cells != CONSTANT_RECOVERY:
        table = traced(Structure("monoclonal", t_cells="", exposure=(TABLE,)))
        starts = sorted({pair for structure in structures for pair in structure.starts.items()})
        lines += [f"tabulated: d{name}/dt = {value}" for name, value in table.items()]
        lines += [f"before the first dose: {state} = {name}" for state, name in starts]
    return tuple(lines)


def definitions(structure: Structure, parts: Sequence[Part] | None = None) -> Definitions:
    """Intermediate quantities, in the order in which they build on each other.

    Args:
        parts: those of the structure to name quantities of; all if None.
    """
    y, p, _ = _symbols(structure)
    states, q = SimpleNamespace(**dict(zip(structure.states, y, strict=True))), SimpleNamespace()
    q.C = S("C")  # of a table it is a state; else it is named before it is read
    found = {}
    for part in structure.parts:
        for name, value in part.named(states, p, q):
            setattr(q, name, S(name))
            if parts is None or part in parts:
                found[name] = sympy.sympify(value)
    order = list(QUANTITIES)
    return {S(name): found[name] for name in sorted(found, key=order.index)}


def regrouped(structure: Structure) -> Derivatives:
    """The derivatives by state, written with the intermediate quantities."""
    y, p, _ = _symbols(structure)
    names = (*structure.inputs, *map(str, definitions(structure)))
    values = structure.rates(y, p, SimpleNamespace(**{name: S(name) for name in names}))
    return {name: sympy.sympify(d) for name, d in zip(structure.states, values, strict=True)}


def put_back(expression: sympy.Expr, structure: Structure) -> sympy.Expr:
    """An expression with every intermediate quantity replaced by its definition."""
    for symbol, value in reversed(definitions(structure).items()):
        expression = expression.subs(symbol, value)
    return expression


def _symbols(
    structure: Structure,
) -> tuple[list[sympy.Symbol], SimpleNamespace, list[sympy.Symbol]]:
    p = SimpleNamespace(**{name: S(name) for name in structure.parameters})
    return [S(name) for name in structure.states], p, [S(name) for name in structure.inputs]
