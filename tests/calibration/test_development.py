"""Candidate structures: what differs between them, and what is compared."""

from __future__ import annotations

import numpy as np
import pytest

from qsp_lib.calibration.development import (
    Candidate,
    comparison,
    leave_one_course_out,
    qualitative,
)
from qsp_lib.calibration.joint_fit import calibrate, estimated, make_problem
from qsp_lib.evidence.observations import B_CELLS, CD8_T_CELLS, counts
from qsp_lib.inference.fitting import log_evidence
from qsp_lib.model.equations import NETWORK
from qsp_lib.protocol.lock import current_record

BOTH = ("blinatumomab", "tgn1412")


@pytest.fixture(scope="module")
def gated() -> Candidate:
    problem = make_problem(BOTH, "gated")
    fits = calibrate(problem, 1, seed=1)
    left_out = leave_one_course_out(problem, BOTH, "gated", fits[0], None)
    constant = problem.residuals.log_likelihood_constant  # type: ignore[attr-defined]
    evidence = log_evidence(fits[0], problem.prior_sd, constant)
    return Candidate("gated", problem, fits, evidence, left_out)


def test_without_feedback_two_parameters_less_are_estimated() -> None:
    with_it, without = estimated(BOTH, "gated"), estimated(BOTH, "none")
    assert with_it.keys() - without.keys() == {"k_fb", "K_S"}
    assert with_it.keys() == estimated(BOTH, "ungated").keys()
    assert len([name for name in with_it if name in NETWORK]) == 15


def test_the_fit_from_the_prior_mean_is_the_locked_optimum_to_three_figures(
    gated: Candidate,
) -> None:
    names, locked, _ = current_record().posterior
    assert gated.problem.names == names
    assert 10 ** np.abs(gated.best.theta - locked) == pytest.approx(1.0, abs=5e-4)


def test_each_published_course_is_left_out_once(gated: Candidate) -> None:
    assert gated.left_out["course"].tolist() == [
        "blinatumomab IL-6",
        "TGN1412 TNF",
        "TGN1412 IFN-gamma",
        "TGN1412 IL-6",
    ]
    # a course that was not seen is predicted worse than in the fit that saw it
    table = gated.problem.residuals.table(gated.best.theta)  # type: ignore[attr-defined]
    for course, error in zip(*gated.left_out[["course", "rms_sigma"]].T.to_numpy(), strict=True):
        seen = table[(table["course"] == course) & (table["kind"] == "point")]
        assert error > 0.99 * np.sqrt((seen["scaled"] ** 2).mean())


def test_the_only_candidate_has_odds_of_one_against_it(gated: Candidate) -> None:
    row = comparison({"gated": gated}).iloc[0]
    assert row["odds_against"] == 1.0
    assert row["tgn1412_rms_log10"] < 0.2
    assert row["cost"] == gated.best.cost


def test_nearly_all_il6_passes_through_macrophages(gated: Candidate) -> None:
    found = qualitative(gated)
    assert 0 < found["without_macrophages"] < 0.1
    assert found["signal_at_168h"] > 1000.0


def test_counts_are_fractions_of_the_count_before_the_dose() -> None:
    for ids in (B_CELLS, CD8_T_CELLS):
        frame = counts(ids)
        assert frame["fraction"].iloc[0] == 1.0
        assert frame["time_h"].iloc[0] == 0.0
        assert (np.diff(frame["time_h"]) > 0).all()
