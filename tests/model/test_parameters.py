"""Parameters: bounds, provenance, and values that a lock owns."""

from __future__ import annotations

import pickle
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from helpers import made_up, rescue_inputs, stamp_of
from hypothesis import given
from hypothesis import strategies as st

from qsp_lib.common.errors import EvidenceError, InputError, LockError
from qsp_lib.common.inputs import VERSIONS, input_file
from qsp_lib.model import priors
from qsp_lib.model.draws import Draws
from qsp_lib.model.equations import NETWORK
from qsp_lib.model.parameters import CrpInputs, NetworkParameters
from qsp_lib.model.priors import Prior, network_table

STAMP = stamp_of(NetworkParameters.prior_medians(), made_up())
NOT_ON_RECORD = f"lock v7 ({STAMP.digest[:12]}) is not in the ledger"


def test_the_table_holds_the_seventeen_parameters_each_with_a_source() -> None:
    table = network_table()
    assert tuple(table) == NETWORK
    assert all(row.source for row in table.values())
    assert {row.prior.status for row in table.values()} == {"estimated", "fixed"}


def test_the_hill_exponents_are_fixed_in_fits_and_nothing_else_is() -> None:
    fixed = {name for name, row in network_table().items() if row.prior.status == "fixed"}
    assert fixed == {"n_M", "n_S"}


@pytest.mark.parametrize("inputs", VERSIONS)
def test_validity_bounds_enclose_every_prior_by_four_decades(inputs: str) -> None:
    table, network = network_table(inputs), NetworkParameters.prior_medians(inputs)
    for name, row in table.items():
        # the prior of k_IL6_T in version 2 is of its ratio to k_IL6_M; its bounds are its own
        over = table[row.relative_to].prior.median if row.relative_to else 1.0
        median = row.prior.median * over
        assert getattr(network, name) == pytest.approx(median, rel=1e-15)
        if row.prior.status == "estimated":
            assert (row.lower, row.upper) == pytest.approx((median * 1e-4, median * 1e4))


def test_a_tenth_of_what_macrophages_make_is_what_both_versions_expect_of_t_cells() -> None:
    one, two = (network_table(inputs) for inputs in VERSIONS)
    assert two["k_IL6_T"].estimate == "k_IL6_T/k_IL6_M" and one["k_IL6_T"].estimate == "k_IL6_T"
    share = one["k_IL6_T"].prior.median / one["k_IL6_M"].prior.median
    assert two["k_IL6_T"].prior.median == pytest.approx(share) == pytest.approx(0.1)
    assert all(two[name].prior == one[name].prior for name in NETWORK if name != "k_IL6_T")


@pytest.mark.parametrize("inputs", VERSIONS)
@pytest.mark.parametrize(
    ("given_", "instead", "words"),
    [
        ("PK063;EA131", "", "d_IFN has no source; expected evidence ids or the words"),
        ("PK063;EA131", "PK063;XX999", "d_IFN names the source 'XX999', which is in no evidence"),
        (",1,0.3,estimated,", ",1,0.3,estimate,", "d_IFN: status 'estimate' was given; expected"),
        ("\nw_TNF,", "\nd_IFN,", "d_IFN is given twice; expected each parameter once"),
        ("\nd_IFN,", "\nd_IFM,", "holds .*'d_IFM'.*; expected exactly"),
    ],
)
def test_a_slip_in_the_table_of_the_network_is_refused_by_name(
    inputs: str, given_: str, instead: str, words: str
) -> None:
    text = input_file("network_parameters.csv", inputs).read_text(encoding="utf-8")
    assert given_ in text
    with pytest.raises(EvidenceError, match=f"network_parameters.csv.*{words}"):
        priors._read(text.replace(given_, instead, 1))


@given(st.sampled_from(NETWORK), st.floats(1.001, 1e6))
def test_a_value_outside_its_bounds_is_refused_with_name_value_and_bounds(
    name: str, beyond: float
) -> None:
    row = network_table()[name]
    medians = NetworkParameters.prior_medians()
    for value in (row.upper * beyond, row.lower / beyond, -row.prior.median, np.nan):
        with pytest.raises(InputError, match=rf"{name} is .*; expected {row.lower:g} to"):
            medians.replace(**{name: value})


def test_values_at_the_bounds_themselves_are_accepted(network: NetworkParameters) -> None:
    row = network_table()["K_M"]
    for bound in (row.lower, row.upper):
        assert network.replace(K_M=bound).values()["K_M"] == bound


def test_an_unknown_parameter_or_structure_is_refused(network: NetworkParameters) -> None:
    with pytest.raises(InputError, match="no parameter 'k_XYZ'; expected one of .*'k_IFN'"):
        network.replace(k_XYZ=1.0)
    with pytest.raises(InputError, match="feedback is 'strong'; expected one of .*'gated'"):
        network.replace(feedback="strong")
    with pytest.raises(InputError, match="no parameter 'lock'"):
        network.replace(lock=STAMP)


def test_parameters_cannot_be_assigned_to(network: NetworkParameters) -> None:
    with pytest.raises(AttributeError):
        network.k_IFN = 1.0  # type: ignore[misc]


def test_a_locked_value_refuses_to_change_and_says_which_lock_holds_it() -> None:
    locked = NetworkParameters.prior_medians().stamped(STAMP)
    with pytest.raises(
        LockError, match=rf"k_fb is locked at 3000\.0 by lock v7 \({STAMP.digest[:12]}\)"
    ):
        locked.replace(k_fb=1.0)
    with pytest.raises(LockError, match=r"cannot be set to 'none'.*\.unlocked\(\)"):
        locked.replace(feedback="none")
    with pytest.raises(LockError, match=r"k_exh is locked at 0\.1 by lock v7"):
        made_up().stamped(STAMP).replace(k_exh=0.2)


def test_an_unlocked_copy_can_change_and_carries_its_mark_through_further_changes() -> None:
    locked = NetworkParameters.prior_medians().stamped(STAMP)
    copy = locked.unlocked().replace(k_fb=1.0).replace(K_S=5.0)
    assert (copy.k_fb, copy.K_S) == (1.0, 5.0)
    assert copy.lock is not None
    assert copy.mark == f"unlocked copy of lock v7; {NOT_ON_RECORD}"
    assert locked.mark == NOT_ON_RECORD
    assert locked.k_fb == 3000.0


def test_values_that_no_lock_owns_need_no_unlocking(network: NetworkParameters) -> None:
    assert network.unlocked() is network
    assert network.replace(k_fb=1.0).lock is None


def test_an_absent_hook_effect_is_an_engagement_that_never_falls() -> None:
    assert made_up(K_hook=np.inf).values()["K_hook"] == 1e12
    assert made_up(K_hook=5400.0).values()["K_hook"] == 5400.0


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: made_up(mechanism="trispecific"), "mechanism is 'trispecific'; expected one of"),
        (lambda: made_up(V1=0.0), r"made-up: V1 is 0\.0; expected a finite number above 0"),
        (lambda: made_up(k_exh=0.0), r"made-up: k_exh is 0\.0"),
        (lambda: made_up(k_act=-1.0), r"made-up: k_act is -1\.0"),
        (lambda: made_up(EC50=np.nan), "made-up: EC50 is nan"),
        (lambda: made_up(CL=-0.1), r"made-up: CL is -0\.1; expected 0 or more"),
        (lambda: made_up(k_kill=np.inf), "made-up: k_kill is inf"),
        (lambda: made_up(K_hook=0.0), r"made-up: K_hook is 0\.0; expected a positive number"),
        (lambda: made_up(K_hook=np.nan), "made-up: K_hook is nan"),
        (lambda: made_up(weight_kg=0.0), r"made-up: weight_kg is 0\.0"),
        (lambda: rescue_inputs(f_R=1.0), r"tocilizumab: f_R is 1\.0; expected 0 to below 1"),
        (lambda: rescue_inputs(Km=0.0), r"tocilizumab: Km is 0\.0"),
        (lambda: rescue_inputs(Vmax=-1.0), r"tocilizumab: Vmax is -1\.0; expected 0 or more"),
        (lambda: CrpInputs(1.0, 0.0, 1.0), r"CRP: K_CRP is 0\.0"),
        (lambda: Prior(0.0, 1.0), r"prior median is 0\.0; expected a positive number"),
        (lambda: Prior(1.0, -0.1), r"prior log10 sd is -0\.1"),
        (lambda: Prior(1.0, 0.0, "estimated"), "estimated quantity needs a prior log10 sd"),
        (lambda: Draws({"k_XYZ": np.ones(2)}), "no parameter 'k_XYZ'; expected one of"),
        (lambda: Draws({"k_IFN": np.ones(2), "d_IFN": np.ones(3)}), r"shapes \[\(2,\), \(3,\)\]"),
        (lambda: Draws({"k_IFN": np.ones(0)}), "expected one length of 1 or more"),
        (lambda: Draws({"k_IFN": np.ones((2, 2))}), "expected one length of 1 or more"),
        (lambda: Draws({}), "expected one length of 1 or more"),
        (lambda: Draws({"k_IFN": np.array([1.0, np.nan])}), "draws of k_IFN hold nan"),
        (lambda: Draws({"k_IFN": np.array([1.0, -np.inf])}), "draws of k_IFN hold -inf"),
    ],
)
def test_an_impossible_input_is_refused_with_what_was_given(make: Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        make()


def test_draws_cannot_be_changed_and_no_stamp_goes_with_other_values() -> None:
    given = np.array([1.0, 2.0])
    draws = Draws({"k_IFN": given}).stamped(STAMP, "okt3")
    given[0] = np.nan
    assert draws.values["k_IFN"].tolist() == [1.0, 2.0]
    with pytest.raises(ValueError, match="read-only"):
        draws.values["k_IFN"][0] = 3.0
    for change in ({"values": {"k_IFN": np.ones(2)}}, {"drug": "tgn1412"}):
        with pytest.raises(LockError, match="not those of lock v7 .* whose stamp they carry"):
            replace(draws, **change)
    again = pickle.loads(pickle.dumps(draws))
    assert again.lock == draws.lock and again.values["k_IFN"].tolist() == [1.0, 2.0]


def test_repeated_draws_stand_in_a_row_under_their_stamp() -> None:
    draws = Draws({"k_IFN": np.array([1.0, 2.0])})
    assert draws.repeat(2).values["k_IFN"].tolist() == [1.0, 1.0, 2.0, 2.0]
    assert draws.repeat(2).lock is None
    assert STAMP.same_record(draws.stamped(STAMP, "okt3").repeat(3).lock)


def test_part_of_the_draws_keeps_their_order_and_their_lock() -> None:
    draws = Draws({"k_IFN": np.arange(1.0, 6.0), "k_act": np.arange(5.0)}).stamped(STAMP, "okt3")
    part = draws[1:3]
    assert len(draws) == 5
    assert part.values["k_IFN"].tolist() == [2.0, 3.0]
    assert part.values["k_act"].tolist() == [1.0, 2.0]
    assert STAMP.same_record(part.lock) and part.drug == "okt3"
    with pytest.raises(TypeError):
        draws.values["k_IFN"] = np.zeros(5)  # type: ignore[index]


def test_draws_take_values_of_a_co_medication_beside_them_and_none_of_their_own() -> None:
    draws = Draws({"k_IFN": np.array([1.0, 2.0])}).stamped(STAMP, "okt3")
    beside = draws.beside({"CL_tcz": np.array([0.01, 0.02])})
    assert beside.values["k_IFN"].tolist() == [1.0, 2.0]
    assert beside.values["CL_tcz"].tolist() == [0.01, 0.02]
    assert STAMP.same_record(beside.lock) and beside.drug == "okt3"
    for name in ("k_TNF_M", "k_act"):
        with pytest.raises(InputError, match=f"'{name}' is of the network or the drug"):
            draws.beside({name: np.ones(2), "CL_tcz": np.ones(2)})


def test_the_network_of_draws_goes_with_a_drug_of_ones_own_and_no_other() -> None:
    draws = Draws({"k_IFN": np.ones(2), "k_act": np.full(2, 0.3)}).stamped(STAMP, "okt3")
    own = draws.for_own_drug({"EC50": np.array([5.0, 6.0])})
    # what the draws held of their own drug stays behind
    assert {name: array.tolist() for name, array in own.values.items()} == {
        "k_IFN": [1.0, 1.0],
        "EC50": [5.0, 6.0],
    }
    assert STAMP.same_record(own.lock) and own.drug == ""
    with pytest.raises(InputError, match="'k_IFN' is no value of a drug"):
        draws.for_own_drug({"k_IFN": np.ones(2)})
