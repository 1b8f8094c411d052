"""The table of joint draws beside a fitted drug: read as it was written, or refused."""

from __future__ import annotations

import pytest

from qsp_lib.common.errors import InputError
from qsp_lib.drugs.fitted import fitted_csv, read_fitted

MEMBERS, VALUES = [3, 0, 3], {"k_act": [0.1, 1 / 3, 2e-7], "EC50": [20.0, 30.0, 40.0]}


def test_numbers_come_back_to_the_last_bit() -> None:
    members, values = read_fitted("here", fitted_csv(MEMBERS, VALUES), 4)
    assert members == tuple(MEMBERS)
    assert {name: list(column) for name, column in values.items()} == VALUES


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "the header '' was given"),
        ("member\n1\n", "the header 'member' was given"),
        ("draw,k_act (1/h)\n1,2\n", "the header 'draw,k_act"),
        ("member,CL (L/h)\n1,2\n", "the header 'member,CL"),
        ("member,k_act (1/h),k_act (1/h)\n1,2,2\n", "each of k_act (1/h), k_exh (1/h)"),
        ("member,k_act (1/h)\n", "no draw was given"),
        ("member,k_act (1/h)\n4,2\n", "line 2: '4,2' was given; expected a member below 4"),
        ("member,k_act (1/h)\n1,2\n-1,2\n", "line 3: '-1,2' was given"),
        ("member,k_act (1/h)\n1,0\n", "numbers above 0"),
        ("member,k_act (1/h)\n1,nan\n", "numbers above 0"),
        ("member,k_act (1/h)\n1,2,3\n", "and 1 numbers above 0"),
        ("member,k_act (1/h)\n1.5,2\n", "expected a member below 4"),
        ("member,k_act (1/h)\n\n", "expected a member below 4"),
    ],
)
def test_a_table_that_no_fit_wrote_is_refused(text: str, why: str) -> None:
    with pytest.raises(InputError) as refused:
        read_fitted("here", text, 4)
    assert why in str(refused.value) and str(refused.value).startswith("here")
