"""Kept samples under other priors, and averaged over the feedbacks."""

from __future__ import annotations

from types import MappingProxyType
from typing import Any

import numpy as np
import pytest

from qsp_lib.calibration.candidates import CANDIDATES, LOCKED
from qsp_lib.calibration.declared import declared_draws, declared_priors, widened
from qsp_lib.common.errors import InputError
from qsp_lib.protocol.averaging import (
    FEEDBACK_QUANTITIES,
    FEEDBACK_SDS,
    FEEDBACKS,
    averaged,
    feedback_weights,
    under_other_priors,
)
from qsp_lib.protocol.developing import Development

N = 4000


def prior_as_posterior(name: str, log_evidence: float, n: int = N, **content: Any) -> Development:
    """A structure whose data say nothing: draws of its prior within a third of its bounds."""
    problem = CANDIDATES[name].problem()
    normals = np.random.default_rng(4).standard_normal((n, problem.dimension)).clip(-3, 3)
    points = (problem.prior_mean + problem.prior_sd * normals).clip(problem.lower, problem.upper)
    evidence = {"log_evidence": log_evidence, "error": 0.03}
    whole = {
        "structure": {"name": name},
        "estimated": list(problem.names),
        "evidence": evidence,
        "evidence_published_rows": evidence | {"log_evidence": 2 * log_evidence},
    }
    return Development(MappingProxyType(whole | content), points, np.zeros(n))


@pytest.fixture(scope="module")
def developed() -> dict[str, Development]:
    return {name: prior_as_posterior(name, -20.0 - i) for i, name in enumerate(FEEDBACKS)}


def test_the_average_is_made_under_the_declared_widths_and_wider_ones() -> None:
    problem = CANDIDATES[LOCKED].problem()
    declared = {problem.prior_sd[problem.names.index(name)] for name in FEEDBACK_QUANTITIES}
    assert declared < set(FEEDBACK_SDS)
    assert list(FEEDBACK_SDS) == sorted(set(FEEDBACK_SDS)) and FEEDBACK_SDS[-1] > max(declared)


def test_a_prior_as_wide_as_declared_leaves_the_evidence(
    developed: dict[str, Development],
) -> None:
    """K_S is declared with 0.5, k_fb with 1: at 1 only K_S is another, at 0.5 only k_fb."""
    found = {one.name: one for one in feedback_weights(developed, 1.0)}
    assert found["none"].log_evidence == -21.0 and found["none"].error == 0.03
    assert found["none"].sample.effective_size == pytest.approx(N)
    assert sum(one.weight for one in found.values()) == pytest.approx(1.0)
    # data that say nothing have the same evidence under every prior
    narrow = {one.name: one for one in feedback_weights(developed, 0.5)}
    for one in narrow.values():
        told = developed[one.name].content["evidence"]["log_evidence"]
        assert one.log_evidence == pytest.approx(told, abs=4 * one.error)
        assert one.error == pytest.approx(np.hypot(0.03, one.sample.log_evidence_error))
    assert narrow["gated"].weight > narrow["none"].weight > narrow["ungated"].weight


def test_without_the_declared_rows_the_evidence_is_the_other_one(
    developed: dict[str, Development],
) -> None:
    shares = {one.name: one.weight for one in feedback_weights(developed, 0.5, published_only=True)}
    # e**-2 an odds step where it is e**-1 with all rows
    assert shares["ungated"] / shares["gated"] == pytest.approx(np.exp(-4.0), rel=0.2)


def test_an_average_holds_the_draws_of_all_in_order(developed: dict[str, Development]) -> None:
    weights = feedback_weights(developed, 0.5)
    whole = averaged(weights)
    of_gated = np.repeat([True, False, False], N)
    assert FEEDBACKS == ("gated", "none", "ungated") and whole.mean(of_gated) == pytest.approx(
        weights[0].weight
    )


def test_narrower_priors_of_all_narrow_every_quantity(developed: dict[str, Development]) -> None:
    gated = developed["gated"]
    found = under_other_priors(gated, {"k_rec": 0.15, "tgn1412.EC50": 0.15})
    for i, name in enumerate(gated.names):
        values = gated.points[:, i]
        sd = np.sqrt(found.mean(values**2) - found.mean(values) ** 2)
        factor = 0.5 if name in ("k_rec", "tgn1412.EC50") else 1.0
        assert sd / values.std() == pytest.approx(factor, rel=0.15)


def test_a_sample_of_another_fit_is_refused(developed: dict[str, Development]) -> None:
    other = prior_as_posterior("gated", -20.0, n=9, estimated=["a", "b"])
    with pytest.raises(InputError, match="develop it anew"):
        under_other_priors(other, 1.5)
    strange = prior_as_posterior("gated", -20.0, n=9, structure={"name": "gate"})
    with pytest.raises(InputError, match="no structure 'gate'"):
        under_other_priors(strange, 1.5)
    with pytest.raises(InputError, match="k_fb is not estimated"):
        under_other_priors(developed["none"], {"k_fb": 1.0})


def test_what_is_declared_is_drawn_from_the_wider_prior_itself() -> None:
    priors = declared_priors("okt3", "v2")
    name = "okt3.EC50"
    drawn = [declared_draws(widened(priors, f), 4000, 3)[name] for f in (1.0, 1.5)]
    once, wider = (np.log10(values / priors[name].median) for values in drawn)
    assert wider == pytest.approx(1.5 * once)
