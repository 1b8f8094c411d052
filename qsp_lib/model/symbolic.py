"""The equations as SymPy expressions, their canonical text, and the digest a lock record holds."""

from __future__ import annotations

import hashlib
from functools import cache
from types import SimpleNamespace

import sympy

from .structure import MECHANISMS, Structure, of_lock_v1
from .vocabulary import QUANTITIES

S = sympy.Symbol
Derivatives = dict[str, sympy.Expr]
Definitions = dict[sympy.Symbol, sympy.Expr]


def traced(structure: Structure) -> Derivatives:
    """The right-hand side as SymPy expressions, by state."""
    y, p, u = _symbols(structure)
    values = structure.rhs(y, p, u)
    return {name: sympy.sympify(d) for name, d in zip(structure.states, values, strict=True)}


@cache
def canonical_equations(feedback: str) -> tuple[str, ...]:
    """One line a state and mechanism of lock v1's equations, terms in a fixed order."""
    return tuple(
        f"{mechanism}: d{name}/dt = {sympy.sstr(value, order='lex')}"
        for mechanism in MECHANISMS
        for name, value in traced(of_lock_v1(mechanism, feedback)).items()
    )


def equations_digest(feedback: str) -> str:
    """SHA-256 of the canonical text."""
    return hashlib.sha256("\n".join(canonical_equations(feedback)).encode()).hexdigest()


def definitions(structure: Structure) -> Definitions:
    """Intermediate quantities, in the order in which they build on each other."""
    y, p, _ = _symbols(structure)
    states, q = SimpleNamespace(**dict(zip(structure.states, y, strict=True))), SimpleNamespace()
    q.C = S("C")  # of a table it is a state; else it is named before it is read
    found = {}
    for part in structure.parts:
        for name, value in part.named(states, p, q):
            found[name] = sympy.sympify(value)
            setattr(q, name, S(name))
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
