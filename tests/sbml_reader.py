"""An SBML model by its meaning: written from the SBML specification, not from the exporter."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from qsp_lib.export.optional import library


def value_of(node: Any, known: dict[str, float]) -> float:
    """A MathML tree by its meaning: written from the SBML specification, not from the exporter."""
    libsbml = library("libsbml")
    kind, parts = node.getType(), [node.getChild(i) for i in range(node.getNumChildren())]
    if node.isNumber():
        return float(node.getValue())
    if kind == libsbml.AST_NAME:
        return known["h" if node.getName() == "hill" else node.getName()]
    if kind == libsbml.AST_FUNCTION_PIECEWISE:
        pieces = list(zip(parts[0::2], parts[1::2], strict=False))
        for piece, condition in pieces:
            left, right = (value_of(condition.getChild(i), known) for i in (0, 1))
            assert condition.getType() == libsbml.AST_RELATIONAL_GT
            if left > right:
                return value_of(piece, known)
        return value_of(parts[-1], known)
    found = [value_of(part, known) for part in parts]
    if kind == libsbml.AST_PLUS:
        return sum(found)
    if kind == libsbml.AST_TIMES:
        return math.prod(found)
    if kind == libsbml.AST_MINUS:
        return -found[0] if len(found) == 1 else found[0] - found[1]
    if kind == libsbml.AST_DIVIDE:
        return found[0] / found[1]
    if kind in (libsbml.AST_POWER, libsbml.AST_FUNCTION_POWER):
        return found[0] ** found[1]
    raise AssertionError(f"a {node.getName()} of kind {kind} was not expected")


def rates(model: Any, known: dict[str, float], states: Sequence[str]) -> list[float]:
    """The right sides of the rate rules, in the order of the states."""
    known = dict(known)
    rules = [model.getRule(i) for i in range(model.getNumRules())]
    waiting = [rule for rule in rules if rule.isAssignment()]
    for _ in range(len(waiting)):  # SBML does not order assignment rules
        for rule in list(waiting):
            try:
                known[rule.getVariable()] = value_of(rule.getMath(), known)
            except KeyError:
                continue
            waiting.remove(rule)
    assert not waiting
    found = {r.getVariable(): value_of(r.getMath(), known) for r in rules if r.isRate()}
    assert set(found) == set(states)
    return [found[name] for name in states]


def resources(element: Any) -> set[str]:
    terms = [element.getCVTerm(i) for i in range(element.getNumCVTerms())]
    found = {t.getResourceURI(j) for t in terms for j in range(t.getNumResources())}
    assert all(uri.startswith("https://identifiers.org/") for uri in found)
    return {uri.removeprefix("https://identifiers.org/") for uri in found}
