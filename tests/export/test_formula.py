"""SymPy expressions in SBML's notation."""

from __future__ import annotations

import pytest
import sympy

from qsp_lib.common.errors import InputError
from qsp_lib.evidence.units import convert
from qsp_lib.export.formula import BASE_UNITS, formula, number, unit_id, unit_words
from qsp_lib.model.vocabulary import QUANTITIES

S, K, n = sympy.symbols("S K_S n_S")


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        (S + 1, "S + 1 dimensionless"),
        (sympy.Integer(0), "0 pg_per_mL"),
        (1 / K, "(1 dimensionless / (K_S))"),
        ((S / K) ** n, "((S/K_S)^(n_S))"),
        (sympy.Max(S, 0), "piecewise(S, S > 0 pg_per_mL, 0 pg_per_mL)"),
        ((S / K) ** sympy.Symbol("h"), "((S/K_S)^(hill))"),
    ],
)
def test_every_number_has_a_unit(expression: sympy.Expr, expected: str) -> None:
    assert formula(expression, "pg/mL") == expected


def test_a_maximum_of_anything_else_is_refused() -> None:
    with pytest.raises(InputError, match="not max"):
        formula(sympy.Max(S, K), "pg/mL")


def test_a_number_that_would_lose_digits_is_refused() -> None:
    assert number(0.075, "h") == "0.075 hour"
    with pytest.raises(InputError, match="make it a parameter"):
        number(28.0 / 24.0, "ug/h")


@pytest.mark.parametrize("unit", sorted({q.unit for q in QUANTITIES.values()}))
def test_a_unit_has_the_size_that_pint_gives_it(unit: str) -> None:
    grams, litres, seconds, size = 0, 0, 0, 1.0
    for word, power in unit_words(unit):
        kind, scale, multiplier = BASE_UNITS[word]
        size *= (multiplier * 10.0**scale) ** power
        grams += power * (kind == "gram")
        litres += power * (kind == "litre")
        seconds += power * (kind == "second")
    base = f"g^{grams} * L^{litres} * s^{seconds}"
    assert size == pytest.approx(convert(1.0, unit, base), rel=1e-12)
    assert unit_id(unit).isidentifier()
