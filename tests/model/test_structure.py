"""The canonical text of the equations, and its digest."""

from __future__ import annotations

import re
from types import SimpleNamespace

import numpy as np
import pytest
import sympy

from qsp_lib.model.equations import FEEDBACKS, INPUTS, MECHANISMS, NETWORK, PARAMETERS, STATES, rhs
from qsp_lib.model.symbolic import canonical_equations, equations_digest, traced


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
    derived = [float(d.subs(symbols)) for d in traced(mechanism, feedback).values()]
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
