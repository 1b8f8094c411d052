"""Declared things that the fit rests on, changed one at a time: each moves what it is about."""

from __future__ import annotations

import numpy as np
import pytest
from near_optimum import NEAR_OPTIMUM

from qsp_lib.calibration.candidates import CANDIDATES
from qsp_lib.calibration.joint_fit import CourseResiduals
from qsp_lib.calibration.sensitivities import (
    OBSERVED_TRIAL,
    SENSITIVITIES,
    half_engaged_at,
    premedicated,
    sensitive_quantities,
    starts_near,
    treated_volunteers,
    trial_dose,
)
from qsp_lib.inference.fitting import Problem

TRIAL = {"tgn1412-low_dose_trial-TNF-peak", "tgn1412-low_dose_trial-IFN-peak"}
LATE = {f"tgn1412-{name}-peak-from-120h" for name in ("IL6", "TNF", "IFN")}


@pytest.fixture(scope="module")
def problem() -> Problem:
    return CANDIDATES["gated"].problem(1e-6)


@pytest.fixture(scope="module")
def theta(problem: Problem) -> np.ndarray:
    return np.log10([NEAR_OPTIMUM[name] for name in problem.names])


def residuals(problem: Problem, theta: np.ndarray) -> dict[str, float]:
    """By the id of the observation."""
    fit = problem.residuals
    assert isinstance(fit, CourseResiduals)
    return dict(zip((o.id for o in fit.observations), map(float, fit(theta)[0]), strict=True))


@pytest.fixture(scope="module")
def before(problem: Problem, theta: np.ndarray) -> dict[str, float]:
    return residuals(problem, theta)


@pytest.mark.parametrize("case", SENSITIVITIES, ids=lambda case: case.name)
def test_each_case_moves_the_rows_it_is_about_and_no_other(
    case: object, problem: Problem, theta: np.ndarray, before: dict[str, float]
) -> None:
    after = residuals(case.change(problem), theta)  # type: ignore[attr-defined]
    moved = {key for key in before if after.get(key) != pytest.approx(before[key], abs=1e-4)}
    name = case.name  # type: ignore[attr-defined]
    severe = {key for key in before if key.startswith(("TO", "tgn1412"))}
    if name == "as declared":
        assert not moved
    elif name in ("limit", "sigma", "dose", "4 h", "12 h"):
        assert moved <= TRIAL and moved
    elif name == "no late rows":
        assert moved == LATE and not LATE & set(after)
    elif "steroid" in name:
        assert moved <= severe - TRIAL and len(moved) > 3
    else:
        assert moved <= set(before) - severe and len(moved) > 3


def test_a_steroid_after_all_that_was_seen_changes_nothing(
    problem: Problem, theta: np.ndarray, before: dict[str, float]
) -> None:
    after = residuals(treated_volunteers(problem, from_h=620.0), theta)
    assert after == pytest.approx(before, abs=2e-3)


def test_a_premedication_of_nothing_is_the_drug_alone_an_hour_later(
    problem: Problem, theta: np.ndarray, before: dict[str, float]
) -> None:
    assert residuals(premedicated(problem, mg=0.0), theta) == pytest.approx(before, abs=2e-3)


def test_the_earlier_the_steroid_the_less_is_left_of_the_course(
    problem: Problem, theta: np.ndarray
) -> None:
    indices = []
    for hours in (2.0, 6.0, 24.0):
        changed = treated_volunteers(problem, from_h=hours)
        found = sensitive_quantities(changed, theta)
        indices.append(found["TGN1412 index"][0])
    alone = found["TGN1412 index without the steroid"][0]
    assert indices[0] < indices[1] - 0.05 < indices[2] <= alone + 1e-6
    assert found["blinatumomab index"] == found["blinatumomab index without the steroid"]


def test_the_trial_as_assumed_is_another_dose_and_the_facts_keep_the_files(
    problem: Problem, theta: np.ndarray
) -> None:
    found = sensitive_quantities(trial_dose(problem, ug_kg=20.0), theta)
    assert found["index of the trial as assumed"] == pytest.approx(found["index at 20 ug/kg"])
    plain = sensitive_quantities(problem, theta)
    assert "index of the trial as assumed" not in plain
    assert found["index at 7 ug/kg"] == pytest.approx(plain["index at 7 ug/kg"])


def test_a_longer_infusion_is_of_the_same_amount(problem: Problem) -> None:
    for hours in (4.0, 12.0):
        fit = trial_dose(problem, hours=hours).residuals
        (dose,) = fit.regimen(*OBSERVED_TRIAL).doses  # type: ignore[attr-defined]
        assert dose.end_h == hours and dose.amount_ug == pytest.approx(7.0 * 72.0)


def test_engagement_at_the_first_dose_stays_where_targets_saturate_elsewhere(
    problem: Problem,
) -> None:
    rate = problem.names.index("blinatumomab.k_act")
    before = 10 ** problem.prior_mean[rate] / 1.72
    for K_B in (0.3, 3.0):
        changed = half_engaged_at(problem, K_B)
        assert 10 ** changed.prior_mean[rate] / (1 + K_B) == pytest.approx(before)
        others = np.delete(changed.prior_mean - problem.prior_mean, rate)
        assert not others.any()
        assert changed.residuals.drug("blinatumomab").K_B == K_B  # type: ignore[attr-defined]


def test_starts_are_brought_within_the_bounds(problem: Problem, theta: np.ndarray) -> None:
    starts = starts_near(problem, theta, [problem.upper + 1.0, problem.lower])
    assert np.array_equal(starts[0], theta)
    assert np.all((starts > problem.lower) & (starts < problem.upper))
