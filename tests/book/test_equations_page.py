"""The equations as a reader sees them: read back from their LaTeX they are the right-hand side."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from types import SimpleNamespace

import numpy as np
import pytest

from book.pages import science
from qsp_lib.model.equations import FEEDBACKS, MECHANISMS
from qsp_lib.model.structure import CONSTANT_RECOVERY, RECOVERY_AT_REST, T_CELLS, Structure, whole
from qsp_lib.model.vocabulary import QUANTITIES

_MARKS = (r"\frac{", r"\max\left(", r"\left(", r"\right)", "}", "^{", "{", "+", "-", ",")


class Reader:
    """Reads what the page typesets: sums, products, fractions, powers and maxima of symbols.

    It knows LaTeX's meaning and the symbols of the vocabulary, and nothing of SymPy.
    """

    def __init__(self, text: str, values: dict[str, float]) -> None:
        self.values = values
        self.tokens = [*self._split(text), ""]
        self.at = 0

    def _split(self, text: str) -> Iterator[str]:
        symbols = sorted(self.values, key=len, reverse=True)
        text = text.strip()
        while text:
            # a symbol ends where it does not go on: C is not the beginning of C_p
            known = [s for s in symbols if text.startswith(s)]
            digits = re.match(r"\d+(\.\d+)?", text)
            if known:
                found = known[0]
            elif digits:
                found = digits[0]
            else:
                found = next((mark for mark in _MARKS if text.startswith(mark)), "")
                assert found, f"cannot read {text[:40]!r}"
            yield found
            text = text[len(found) :].removeprefix(" ")
            while text.startswith(r"\, "):
                text = text[3:]

    def take(self, *expected: str) -> str:
        token = self.tokens[self.at]
        assert not expected or token in expected, (token, expected, self.tokens[self.at :])
        self.at += 1
        return token

    @property
    def next(self) -> str:
        return self.tokens[self.at]

    def sum(self) -> float:
        total = -self.product() if self.next == "-" and self.take() else self.product()
        while self.next in ("+", "-") and self.next:
            sign = 1.0 if self.take() == "+" else -1.0
            total += sign * self.product()
        return total

    def product(self) -> float:
        value = self.power()
        while self.next not in ("+", "-", ",", "}", r"\right)", ""):
            value *= self.power()
        return value

    def power(self) -> float:
        base = self.atom()
        if self.next == "^{":
            self.take()
            base **= self.sum()
            self.take("}")
        return base

    def atom(self) -> float:
        token = self.take()
        if token in self.values:
            return self.values[token]
        if token[:1].isdigit():
            return float(token)
        if token == r"\left(":
            value = self.sum()
            self.take(r"\right)")
            return value
        if token == r"\max\left(":
            one = self.sum()
            self.take(",")
            other = self.sum()
            self.take(r"\right)")
            return max(one, other)
        assert token == r"\frac{", token
        top = self.sum()
        self.take("}"), self.take("{")
        below = self.sum()
        self.take("}")
        return top / below


def lines(page: str) -> list[tuple[str, str]]:
    """Left and right sides of the page's equations, in order."""
    body = "\n".join(re.findall(r"\\begin{aligned}\n(.*?)\n\\end{aligned}", page, re.DOTALL))
    sides = [line.split(" &= ") for line in re.split(r" \\\\\[0\.5em\]\n|\n", body)]
    return [(left, right) for left, right in sides]


def symbol(name: str) -> str:
    return QUANTITIES[name].latex


@cache
def pages(t_cells: str, feedback: str = "gated") -> tuple[str, str, str]:
    wholes = {m: whole(m, feedback, t_cells) for m in MECHANISMS}
    return science.upstream(wholes), science.shared_network(wholes), science.beside(wholes)


def at_random(structure: Structure, seed: int) -> dict[str, float]:
    names = (*structure.states, *structure.parameters, *structure.inputs)
    values = np.random.default_rng(seed).uniform(0.2, 2.0, len(names)).tolist()
    return dict(zip(names, values, strict=True))


@pytest.mark.parametrize("t_cells", T_CELLS)
@pytest.mark.parametrize("mechanism", MECHANISMS)
@pytest.mark.parametrize("feedback", FEEDBACKS)
def test_the_typeset_equations_put_together_are_the_right_hand_side(
    t_cells: str, mechanism: str, feedback: str
) -> None:
    structure = whole(mechanism, feedback, t_cells)
    known = at_random(structure, 3)
    named: dict[str, float] = {symbol(name): value for name, value in known.items()}
    typeset = [line for page in pages(t_cells, feedback) for line in lines(page)]
    # a monoclonal antibody's engagement is the first on the page, a bispecific's the second
    engagement = [right for left, right in typeset if left == symbol("E")]
    assert len(engagement) == 2
    equations = dict(typeset) | {symbol("E"): engagement[mechanism == "bispecific"]}
    waiting = {left: right for left, right in equations.items() if not left.startswith(r"\frac{d")}
    every = {symbol(name) for name in structure.quantity_names} | named.keys()
    for _ in range(len(waiting)):  # a quantity may be named before those it builds on
        for left, right in list(waiting.items()):
            reader = Reader(right, named | dict.fromkeys(every - named.keys(), float("nan")))
            value = reader.sum()
            assert reader.next == ""
            if value == value:
                named[left] = value
                del waiting[left]
    assert not waiting and every == named.keys()
    p = SimpleNamespace(**{name: known[name] for name in structure.parameters})
    y, u = ([known[n] for n in names] for names in (structure.states, structure.inputs))
    for name, rate in zip(structure.states, structure.rhs(y, p, u), strict=True):
        if name == "B" and mechanism == "monoclonal":
            continue  # "whose target pool plays no part": the page has the bispecific's
        reader = Reader(equations[rf"\frac{{d {symbol(name)}}}{{dt}}"], named)
        assert reader.sum() == pytest.approx(float(rate), rel=1e-12), name
        assert reader.next == ""


def test_a_table_is_typeset_where_the_forms_of_exposure_are() -> None:
    table = Structure("monoclonal", t_cells="", exposure=("table",))
    known = at_random(table, 4)
    upstream = pages(RECOVERY_AT_REST)[0]
    (right,) = (r for left, r in lines(upstream) if left == r"\frac{d C}{dt}")
    rate = Reader(right, {symbol(name): value for name, value in known.items()}).sum()
    expected = table.rhs([known["C"]], SimpleNamespace(), [known[n] for n in table.inputs])[0]
    assert rate == pytest.approx(float(expected), rel=1e-12)
    assert "file gives them" in upstream and "file gives them" not in pages(CONSTANT_RECOVERY)[0]


@pytest.mark.parametrize("t_cells", T_CELLS)
@pytest.mark.parametrize("mechanism", MECHANISMS)
def test_no_two_symbols_of_a_model_are_typeset_alike(t_cells: str, mechanism: str) -> None:
    structure = whole(mechanism, "gated", t_cells)
    groups = (structure.states, structure.parameters, structure.inputs, structure.quantity_names)
    names = [name for group in groups for name in group]
    assert len({symbol(name) for name in names}) == len(names)


def test_the_page_has_an_equation_for_every_state_and_every_quantity() -> None:
    for t_cells in T_CELLS:
        left = [side for page in pages(t_cells) for side, _ in lines(page)]
        structure = whole("bispecific", "gated", t_cells)
        for name in structure.states:
            assert left.count(rf"\frac{{d {symbol(name)}}}{{dt}}") == 1, name
        for name in structure.quantity_names:
            assert left.count(symbol(name)) == (2 if name == "E" else 1), name
