"""How candidate structures predict what they were, and were not, fitted to."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.stats import norm

from qsp_lib.calibration import development
from qsp_lib.calibration.candidates import CANDIDATES
from qsp_lib.calibration.development import course_errors, left_out_errors
from qsp_lib.calibration.joint_fit import CourseResiduals, estimated, root_mean_square
from qsp_lib.evidence.observations import B_CELLS, CD8_T_CELLS, counts
from qsp_lib.evidence.row import DECLARED
from qsp_lib.inference.fitting import Fit, Problem

Array = NDArray[np.float64]
BOTH = ("blinatumomab", "tgn1412")
PUBLISHED = ["blinatumomab IL-6", "TGN1412 TNF", "TGN1412 IFN-gamma", "TGN1412 IL-6"]


def residuals_of(problem: Problem) -> CourseResiduals:
    assert isinstance(problem.residuals, CourseResiduals)
    return problem.residuals


def at_start(problem: Problem, start: Array) -> Fit:
    """A search that stays where it starts."""
    return Fit(start, float(problem.cost(start)[0]), np.zeros((1, start.size)), start, 1, True)


def test_without_feedback_two_parameters_less_are_estimated() -> None:
    with_it, without = estimated(BOTH, "gated"), estimated(BOTH, "none")
    assert with_it.keys() - without.keys() == {"k_fb", "K_S"}
    assert with_it.keys() == estimated(BOTH, "ungated").keys()


def test_each_published_course_is_left_out_once_and_predicted_from_two_starts(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[tuple[Problem, Array]] = []

    def noted(problem: Problem, start: Array) -> Fit:
        asked.append((problem, start))
        return at_start(problem, start)

    monkeypatch.setattr(development, "fit_from", noted)
    monkeypatch.setattr(development, "polished", lambda problem, result: result)
    candidate = CANDIDATES["none"]
    whole = candidate.problem()
    best = at_start(whole, whole.prior_mean + 0.1)
    found = left_out_errors(candidate, best, None)
    assert found["course"].tolist() == PUBLISHED
    assert len(asked) == 2 * len(PUBLISHED)
    table = residuals_of(whole)
    for course, pair, error in zip(
        PUBLISHED, zip(asked[::2], asked[1::2], strict=True), found["rms_log10"], strict=True
    ):
        (problem, first), (same, second) = pair
        assert course not in {o.course for o in residuals_of(problem).observations}
        assert first is best.theta and second is same.prior_mean
        lower = min((first, second), key=lambda theta: float(problem.cost(theta)[0]))
        seen = table.table(lower)
        assert error == pytest.approx(root_mean_square(seen[seen["course"] == course], "residual"))


def test_courses_are_judged_by_the_median_of_the_draws_and_by_what_a_measurement_would_read() -> (
    None
):
    problem = CANDIDATES["gated"].problem(1e-6)
    fit = residuals_of(problem)
    draws = problem.prior_mean + np.array([[-0.05], [0.0], [0.05]])
    found = course_errors(problem, draws).set_index("course")
    assert found.index.tolist() == PUBLISHED
    predicted, _ = fit.predictions(draws)
    for course, row in found.iterrows():
        mine = [
            i
            for i, o in enumerate(fit.observations)
            if o.course == course and o.use != DECLARED and not o.is_censored
        ]
        observed = np.log10([fit.observations[i].value_pg_mL for i in mine])
        error = np.median(predicted[:, mine], axis=0) - observed
        assert row["points"] == len(mine)
        assert row["rms_log10"] == pytest.approx(np.sqrt(np.mean(error**2)))
        sigma = np.array([fit.observations[i].sigma_log10 for i in mine])
        below = norm.cdf((observed - predicted[:, mine]) / sigma).mean(axis=0)
        assert row["covered"] == pytest.approx(np.mean((below >= 0.05) & (below <= 0.95)))


def test_counts_are_fractions_of_the_count_before_the_dose() -> None:
    for ids in (B_CELLS, CD8_T_CELLS):
        frame = counts(ids)
        assert frame["fraction"].iloc[0] == 1.0
        assert frame["time_h"].iloc[0] == 0.0
        assert (np.diff(frame["time_h"]) > 0).all()
