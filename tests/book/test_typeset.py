"""The equations in LaTeX."""

from __future__ import annotations

import pytest

from book.pages.typeset import latex
from qsp_lib.model.symbolic import definitions, regrouped


def test_latex_has_the_books_symbols() -> None:
    text = latex(regrouped("monoclonal")["IL6"])
    assert r"k_{\mathrm{fb}}" in text
    assert r"f_R \, \rho" in text
    sigma = next(value for name, value in definitions("monoclonal").items() if str(name) == "sigma")
    assert latex(sigma) == r"\mathrm{IFN} + w_{\mathrm{TNF}} \, \mathrm{TNF}"


@pytest.mark.parametrize(
    ("state", "text"),
    [
        ("A", r"k_\mathrm{act} \, E \, R - k_\mathrm{exh} \, A"),
        ("X", r"k_\mathrm{exh} \, A - k_\mathrm{rec} \, X"),
        ("M", r"k_M \, H_M \, \left(1 - M\right) - d_M \, M"),
        (
            "TNF",
            r"k_{\mathrm{TNF},T} \, A + k_{\mathrm{TNF},M} \, M - d_{\mathrm{TNF}} \, \mathrm{TNF}",
        ),
        ("A_p", r"Q \, \left(C - C_p\right)"),
    ],
)
def test_a_rate_stands_before_what_it_acts_on_and_gains_before_losses(
    state: str, text: str
) -> None:
    assert latex(regrouped("bispecific")[state]) == text
