"""The regrouped equations are the right-hand side and nothing else."""

from __future__ import annotations

import pytest
import sympy

from qsp_lib.model.equations import FEEDBACKS, MECHANISMS, STATES
from qsp_lib.model.structure import of_lock_v1
from qsp_lib.model.symbolic import put_back, regrouped, traced


@pytest.mark.parametrize("mechanism", MECHANISMS)
@pytest.mark.parametrize("feedback", FEEDBACKS)
def test_putting_the_definitions_back_gives_the_traced_right_hand_side(
    mechanism: str, feedback: str
) -> None:
    structure = of_lock_v1(mechanism, feedback)
    original = traced(structure)
    for state, expression in regrouped(structure).items():
        assert sympy.simplify(put_back(expression, structure) - original[state]) == 0


def test_every_intermediate_quantity_is_used_where_the_model_says_it_is() -> None:
    whole = regrouped(of_lock_v1("bispecific"))
    used = {state: {str(s) for s in e.free_symbols} for state, e in whole.items()}
    for state, names in {
        "A_c": {"C", "C_p"},
        "A": {"E"},
        "M": {"H_M"},
        "IL6": {"H_S", "rho"},
        "S": {"rho"},
        "T_c": {"C_tcz"},
        "CRP": {"H_CRP"},
    }.items():
        assert names <= used[state]
    assert set(used) == set(STATES)
