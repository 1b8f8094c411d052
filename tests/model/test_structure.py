"""The canonical text of the equations, and its digest."""

from __future__ import annotations

import re
from types import SimpleNamespace

import numpy as np
import pytest
import sympy

from qsp_lib.common.errors import InputError
from qsp_lib.model.dosing import Regimen
from qsp_lib.model.engines import ENGINES
from qsp_lib.model.equations import FEEDBACKS, INPUTS, MECHANISMS, NETWORK, PARAMETERS, STATES, rhs
from qsp_lib.model.simulation import Rescue, simulate
from qsp_lib.model.structure import Structure, of_lock_v1
from qsp_lib.model.symbolic import canonical_equations, equations_digest, traced
from qsp_lib.protocol.lock import current_record


@pytest.mark.parametrize("mechanism", MECHANISMS)
@pytest.mark.parametrize("feedback", FEEDBACKS)
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
