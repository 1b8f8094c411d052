"""The typeset equations are the right-hand side and nothing else."""

from __future__ import annotations

import pytest
import sympy

from qsp_lib.equations import FEEDBACKS, MECHANISMS, STATES
from qsp_lib.publishing.typeset import definitions, latex, put_back, regrouped
from qsp_lib.structure import traced


@pytest.mark.parametrize("mechanism", MECHANISMS)
@pytest.mark.parametrize("feedback", FEEDBACKS)
def test_putting_the_definitions_back_gives_the_traced_right_hand_side(
    mechanism: str, feedback: str
) -> None:
    original = traced(mechanism, feedback)
    for state, expression in regrouped(mechanism, feedback).items():
        assert sympy.simplify(put_back(expression, mechanism) - original[state]) == 0


def test_every_intermediate_quantity_is_used_where_the_model_says_it_is() -> None:
    used = {state: {str(s) for s in e.free_symbols} for state, e in regrouped("bispecific").items()}
    for state, names in {
        "A_c": {"C", "C_p"}, "A": {"E"}, "M": {"H_M"}, "IL6": {"H_S", "rho"}, "S": {"rho"},
        "T_c": {"C_tcz"}, "CRP": {"H_CRP"},
    }.items():  # fmt: skip
        assert names <= used[state]
    assert set(used) == set(STATES)


def test_latex_has_the_books_symbols() -> None:
    text = latex(regrouped("monoclonal")["IL6"])
    assert r"k_\mathrm{fb}" in text
    assert r"f_R \, \rho" in text
    sigma = next(value for name, value in definitions("monoclonal").items() if str(name) == "sigma")
    assert latex(sigma) == r"\mathrm{IFN} + w_\mathrm{TNF} \, \mathrm{TNF}"


@pytest.mark.parametrize(
    ("state", "text"),
    [
        ("A", r"k_\mathrm{act} \, E \, R - k_\mathrm{exh} \, A"),
        ("X", r"k_\mathrm{exh} \, A - k_\mathrm{rec} \, X"),
        ("M", r"k_M \, H_M \, \left(1 - M\right) - d_M \, M"),
        (
            "TNF",
            r"k_{\mathrm{TNF},T} \, A + k_{\mathrm{TNF},M} \, M - d_\mathrm{TNF} \, \mathrm{TNF}",
        ),
        ("A_p", r"Q \, \left(C - C_p\right)"),
    ],
)
def test_a_rate_stands_before_what_it_acts_on_and_gains_before_losses(
    state: str, text: str
) -> None:
    assert latex(regrouped("bispecific")[state]) == text
