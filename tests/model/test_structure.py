"""The canonical text of the equations, and its digest."""

from __future__ import annotations

import re
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import sympy
from cases import quick
from helpers import made_up_bispecific, rescue_inputs

from qsp_lib.common.errors import InputError
from qsp_lib.drugs.co_medications import load_dexamethasone
from qsp_lib.model.dosing import Bolus, Regimen
from qsp_lib.model.engines import ENGINES
from qsp_lib.model.equations import FEEDBACKS, INPUTS, MECHANISMS, NETWORK, PARAMETERS, STATES, rhs
from qsp_lib.model.kept_equations import equations_digest
from qsp_lib.model.parameters import CrpInputs, NetworkParameters
from qsp_lib.model.simulation import Rescue, Steroid, simulate
from qsp_lib.model.structure import (
    EXPOSURES,
    RECOVERY_AT_REST,
    STEROIDS,
    T_CELLS,
    Structure,
    everything,
    of_lock_v1,
)
from qsp_lib.model.symbolic import (
    canonical_equations,
    put_back,
    regrouped,
    traced,
)
from qsp_lib.model.vocabulary import QUANTITIES
from qsp_lib.protocol.lock import current_record


@pytest.mark.parametrize("mechanism", MECHANISMS)
@pytest.mark.parametrize("feedback", quick(FEEDBACKS, few=["gated"]))
def test_the_traced_equations_are_the_ones_that_are_integrated(
    mechanism: str, feedback: str
) -> None:
    numbers = np.random.default_rng(5).uniform(0.1, 3.0, (3, 60))
    y = numbers[0, : len(STATES)]
    values = dict(zip(PARAMETERS, numbers[1], strict=False))
    doses = numbers[2, :2]
    expected = rhs(y, SimpleNamespace(**values), *doses, mechanism, feedback)
    at = dict(zip(STATES, y, strict=True)) | values | dict(zip(INPUTS, doses, strict=True))
    symbols = {sympy.Symbol(name): value for name, value in at.items()}
    derived = [float(d.subs(symbols)) for d in traced(of_lock_v1(mechanism, feedback)).values()]
    assert derived == pytest.approx([float(rate) for rate in expected], rel=1e-12)


def test_there_is_one_line_a_state_and_mechanism() -> None:
    lines = canonical_equations("gated")
    assert len(lines) == len(MECHANISMS) * len(STATES)
    assert "bispecific: dB/dt = -A*B*k_kill" in lines
    assert "monoclonal: dB/dt = 0" in lines


def test_every_network_parameter_appears_in_the_published_structure() -> None:
    words = set(re.findall(r"\w+", " ".join(canonical_equations("gated"))))
    assert set(NETWORK) <= words


def test_the_structure_without_feedback_does_not_know_the_feedback_parameters() -> None:
    words = set(re.findall(r"\w+", " ".join(canonical_equations("none"))))
    assert not words & {"k_fb", "K_S", "n_S"}


def test_candidate_structures_differ_in_the_il6_equation_alone() -> None:
    gated, ungated = canonical_equations("gated"), canonical_equations("ungated")
    differing = [line for line, other in zip(gated, ungated, strict=True) if line != other]
    assert [line.split(" = ")[0] for line in differing] == [
        "monoclonal: dIL6/dt",
        "bispecific: dIL6/dt",
    ]


def test_each_structure_has_its_own_digest_of_64_hex_digits() -> None:
    digests = [equations_digest(feedback) for feedback in FEEDBACKS]
    assert len(set(digests)) == 3
    assert all(re.fullmatch(r"[0-9a-f]{64}", digest) for digest in digests)


def test_the_structure_of_lock_v1_has_the_digest_in_its_record() -> None:
    assert equations_digest("gated").startswith("da3f302397cb")


def test_a_model_has_the_parts_that_are_asked_for_and_no_others() -> None:
    bare = Structure("monoclonal")
    assert [door.state for door in bare.doors] == ["A_c"]
    assert not {"T_c", "T_p", "CRP"} & set(bare.states)
    assert not {name for name in bare.parameters if name.endswith("_tcz")}
    whole = of_lock_v1("monoclonal")
    assert set(whole.states) - set(bare.states) == {"T_c", "T_p", "CRP"}
    assert (whole.states, whole.parameters, whole.inputs) == (STATES, PARAMETERS, INPUTS)
    with pytest.raises(InputError, match="t_cells is 'tireless'; expected one of"):
        Structure("monoclonal", t_cells="tireless")


@pytest.mark.parametrize("part", [{"tocilizumab": True}, {"crp": True}, {"steroid": STEROIDS[-1]}])
def test_exposure_alone_drives_nothing_that_another_drug_could_act_on(part: Any) -> None:
    assert Structure("monoclonal", t_cells="").states == ("A_c", "A_p")
    with pytest.raises(InputError, match="exposure alone takes no co-medication and no readout"):
        Structure("monoclonal", t_cells="", **part)


@pytest.mark.parametrize("mechanism", MECHANISMS)
@pytest.mark.parametrize("feedback", FEEDBACKS)
def test_a_part_that_is_absent_is_one_in_which_nothing_is_given(
    mechanism: str, feedback: str
) -> None:
    whole, bare = of_lock_v1(mechanism, feedback), Structure(mechanism, feedback)
    rng = np.random.default_rng(3)
    p = SimpleNamespace(
        **dict(zip(PARAMETERS, rng.uniform(0.1, 0.9, len(PARAMETERS)), strict=True))
    )
    y = dict(zip(bare.states, rng.uniform(0.1, 3.0, len(bare.states)), strict=True))
    rates = bare.rhs(list(y.values()), p, (0.7,))
    none_given = [y.get(name, 0.0) for name in whole.states]
    expected = dict(zip(whole.states, whole.rhs(none_given, p, (0.7, 0.0)), strict=True))
    assert [float(rate) for rate in rates] == [float(expected[name]) for name in bare.states]


def test_a_silent_part_changes_no_step_of_either_engine() -> None:
    """Errors count the same with and without it, so the courses differ by rounding alone."""
    record = current_record()
    drug, regimen = record.drug("tgn1412"), record.regimen("tgn1412")
    silent = Rescue(record.tocilizumab, Regimen())
    for engine in ENGINES:
        bare, whole = (
            simulate(drug, record.network, regimen, rescue=rescue, horizon_h=48.0, engine=engine)
            for rescue in (None, silent)
        )
        for name in bare.task.structure.states:
            assert bare[name] == pytest.approx(whole[name], rel=1e-9, abs=1e-11), name


WHOLE = [everything(mechanism, "gated", t_cells) for mechanism in MECHANISMS for t_cells in T_CELLS]
TABULATED = [Structure(m, t_cells=RECOVERY_AT_REST, exposure=("table",)) for m in MECHANISMS]
ALONE = [Structure("monoclonal", t_cells="", exposure=tuple(EXPOSURES))]


@pytest.mark.parametrize("structure", [*WHOLE, *TABULATED, *ALONE], ids=repr)
def test_every_part_is_traced_named_and_put_back(structure: Structure) -> None:
    rng = np.random.default_rng(8)
    groups = (structure.states, structure.parameters, structure.inputs)
    values = [rng.uniform(0.1, 2.0, len(names)) for names in groups]
    y, p, u = values
    expected = structure.rhs(y, SimpleNamespace(**dict(zip(groups[1], p, strict=True))), u)
    names = [name for group in groups for name in group]
    original, grouped = traced(structure), regrouped(structure)
    back = {name: put_back(grouped[name], structure) for name in structure.states}
    rates = [[each[name] for name in structure.states] for each in (original, back)]
    found = sympy.lambdify(sympy.symbols(names), rates, "math")(*np.concatenate(values))
    for told in found:
        assert told == pytest.approx([float(rate) for rate in expected], rel=1e-10)
    for name in names:
        assert QUANTITIES[name].latex, name
    assert set(structure.quantity_names) <= set(QUANTITIES)
    assert len(set(names)) == len(names)


def test_both_engines_agree_with_every_part_there() -> None:
    steroid = Steroid(load_dexamethasone().inputs, Regimen.of(Bolus(0.0, 2e4, "oral")))
    rescue = Rescue(rescue_inputs(), Regimen.of(Bolus(20.0, 5e5)))
    forms: dict[str, Any] = dict(
        V2=2.0, Q=0.3, k_a=0.1, F=0.7, CL_0=0.9, k_CL=0.01, Vmax=5.0, Km=30.0
    )
    drug = made_up_bispecific(K_B=0.72, B_0=3.0, h=2.0, **forms)
    network = NetworkParameters.prior_medians().replace(t_cells=RECOVERY_AT_REST)
    regimen = Regimen.of(Bolus(1.0, 300.0, "SC"), Bolus(30.0, 100.0))
    options: dict[str, Any] = dict(rescue=rescue, steroid=steroid, crp=CrpInputs(8.0, 230.0, 0.04))
    one, other = (
        simulate(drug, network, regimen, engine=engine, rtol=1e-8, atol=1e-9, **options)
        for engine in ENGINES
    )
    assert one.task.structure == everything("bispecific", "gated", RECOVERY_AT_REST)
    for name in one.task.structure.states:
        largest = np.abs(other[name]).max()
        assert np.abs(one[name] - other[name]).max() < 1e-5 * largest, name


def test_the_digest_of_version_2_covers_every_part_and_is_not_that_of_lock_v1() -> None:
    lines = "\n".join(canonical_equations("gated", RECOVERY_AT_REST))
    for name in ("K_B", "k_a", "k_CL", "Vmax", "IC50_dex", "C_slope", "B = B_0"):
        assert name in lines
    assert equations_digest("gated", RECOVERY_AT_REST) != equations_digest("gated")
    assert canonical_equations("gated") == canonical_equations("gated", "constant recovery")
