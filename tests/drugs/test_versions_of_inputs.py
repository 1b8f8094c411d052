"""Inputs of two versions side by side: a name is looked up among those that are asked for."""

from __future__ import annotations

import pytest

from qsp_lib.common.errors import InputError
from qsp_lib.common.inputs import CURRENT
from qsp_lib.drugs import load_dexamethasone, load_drug, load_tocilizumab, shipped_drugs


def test_the_second_version_holds_the_drugs_of_the_first_and_more() -> None:
    assert shipped_drugs("v2")[:3] == shipped_drugs("v1")
    assert set(shipped_drugs("v1")) < set(shipped_drugs("v2"))


def test_who_names_no_version_gets_the_current_one() -> None:
    assert shipped_drugs() == shipped_drugs(CURRENT)
    assert load_drug("tgn1412") is load_drug("tgn1412", inputs=CURRENT)
    assert load_tocilizumab() is load_tocilizumab(inputs=CURRENT)
    assert load_dexamethasone() is load_dexamethasone(inputs=CURRENT)


def test_co_medications_are_shared_where_a_version_has_no_file_of_its_own() -> None:
    assert load_dexamethasone(inputs="v2") == load_dexamethasone(inputs="v1")


def test_the_rescue_of_version_2_is_the_same_but_for_what_is_drawn() -> None:
    old, new = load_tocilizumab(inputs="v1"), load_tocilizumab(inputs="v2")
    assert new.inputs == old.inputs and not old.priors
    assert set(new.priors) == {"f_R"} and new.priors["f_R"].median == old.inputs.f_R


@pytest.mark.parametrize("given", ["v3", "", "v2/../drugs"])
def test_an_unknown_version_is_refused(given: str) -> None:
    for ask in (load_tocilizumab, load_dexamethasone):
        with pytest.raises(InputError, match="expected one of"):
            ask(inputs=given)
    with pytest.raises(InputError, match="expected one of"):
        load_drug("okt3", inputs=given)
    with pytest.raises(InputError, match="expected one of"):
        shipped_drugs(given)


def test_a_drug_of_the_second_version_alone_is_unknown_to_the_first() -> None:
    with pytest.raises(InputError, match="is not known; expected one of"):
        load_drug("teclistamab", inputs="v1")
