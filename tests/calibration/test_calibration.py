"""What a fit is held to, and that the joint fit of version 1 comes to its known optimum.

What version 2 is fitted to, and by which other residuals, stands in ``test_version_2.py``.
"""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType
from typing import Any

import numpy as np
import pandas as pd
import pytest
from helpers import HOPELESS_LOG10, give_up_on_hopeless
from scipy.stats import norm

from qsp_lib.calibration import joint_fit as calibration
from qsp_lib.calibration.joint_fit import (
    CourseResiduals,
    calibrate,
    drug_at,
    estimated,
    make_problem,
    network_at,
    point_values,
    root_mean_square,
)
from qsp_lib.common.errors import SealError
from qsp_lib.drugs.reading import load_drug
from qsp_lib.evidence.observations import load_observations
from qsp_lib.inference.fitting import FAILED, Fit, Problem
from qsp_lib.model.engines import Outcome
from qsp_lib.model.equations import NETWORK
from qsp_lib.model.priors import network_table
from qsp_lib.model.severity import baselines
from qsp_lib.model.simulation import simulate
from qsp_lib.protocol.seal import read, sealed_tables

BOTH = ("blinatumomab", "tgn1412")
V1 = "v1"


def residuals_of(problem: Problem) -> CourseResiduals:
    assert isinstance(problem.residuals, CourseResiduals)
    return problem.residuals


@pytest.fixture(scope="module")
def at_prior(joint_problem: Problem) -> pd.DataFrame:
    return residuals_of(joint_problem).table(joint_problem.prior_mean)


# ---------------------------------------------------------------- what is estimated


def test_fifteen_of_the_seventeen_are_estimated_with_two_or_three_rates_a_drug() -> None:
    names = list(estimated(BOTH, inputs=V1))
    assert names[:15] == [name for name in NETWORK if name not in ("n_M", "n_S")]
    assert names[15:] == [
        "blinatumomab.k_act",
        "blinatumomab.k_exh",
        "blinatumomab.k_kill",
        "tgn1412.k_act",
        "tgn1412.k_exh",
    ]


def test_recovery_is_fixed_in_every_fit_of_version_1() -> None:
    assert not [name for name in estimated(BOTH, inputs=V1) if "k_rec" in name]


def test_without_feedback_its_parameters_are_not_estimated() -> None:
    assert set(estimated(BOTH, inputs=V1)) - set(estimated(BOTH, "none", V1)) == {"k_fb", "K_S"}


def test_bounds_lie_three_decades_about_the_prior(joint_problem: Problem) -> None:
    assert joint_problem.upper - joint_problem.prior_mean == pytest.approx(np.full(20, 3.0))
    assert joint_problem.prior_mean - joint_problem.lower == pytest.approx(np.full(20, 3.0))
    table = network_table(V1)
    expected = [table[name].prior.log10_sd for name in joint_problem.names[:15]]
    assert joint_problem.prior_sd[:15].tolist() == expected


# ---------------------------------------------------------------- residuals


def test_residuals_are_log10_ratios_over_sigma(
    joint_problem: Problem, at_prior: pd.DataFrame
) -> None:
    residuals = joint_problem.residuals(joint_problem.prior_mean[None])[0]
    measured = ~at_prior["censored"].to_numpy()
    ratio = np.log10(at_prior["predicted"] / at_prior["observed"])
    assert residuals[measured] == pytest.approx((ratio / at_prior["sigma"])[measured], rel=1e-12)
    assert at_prior["scaled"][measured].to_numpy() == pytest.approx(residuals[measured])


def test_a_censored_residual_is_the_likelihood_of_lying_above_the_limit(
    joint_problem: Problem, at_prior: pd.DataFrame
) -> None:
    residuals = joint_problem.residuals(joint_problem.prior_mean[None])[0]
    censored = at_prior["censored"].to_numpy()
    assert at_prior["id"][censored].tolist() == ["TO007", "TO010", "TO013", "TO015"]
    assert set(at_prior["observed"][censored]) == {4500.0}
    z = (np.log10(at_prior["predicted"] / 4500.0) / at_prior["sigma"])[censored]
    assert residuals[censored] == pytest.approx(np.sqrt(-2 * norm.logcdf(z)), rel=1e-9)
    # half of its square is the negative log likelihood
    assert 0.5 * residuals[censored] ** 2 == pytest.approx(-norm.logcdf(z), rel=1e-9)


def one_observation(**changes: Any) -> CourseResiduals:
    """A fit held to one made-up IL-6 level of TGN1412 at 8 h."""
    (first,) = [o for o in load_observations(V1) if o.id == "TO023"]
    observation = replace(first, **changes)
    full = residuals_of(make_problem(BOTH, inputs=V1))
    return replace(full, observations=(observation,))


def test_a_level_that_is_predicted_exactly_leaves_no_residual(joint_problem: Problem) -> None:
    theta = joint_problem.prior_mean
    predicted = float(10 ** one_observation().predictions(theta)[0][0, 0])
    assert one_observation(value_pg_mL=predicted)(theta) == pytest.approx(0.0, abs=1e-12)
    tenfold = one_observation(value_pg_mL=10 * predicted, sigma_log10=0.25)
    assert tenfold(theta) == pytest.approx(-4.0)


def test_a_censored_level_costs_nothing_far_above_its_limit_and_grows_below_it(
    joint_problem: Problem,
) -> None:
    theta = joint_problem.prior_mean
    predicted = float(10 ** one_observation().predictions(theta)[0][0, 0])

    def cost(limit: float) -> float:
        censored = one_observation(censored_above_pg_mL=limit, sigma_log10=0.25)
        return float(censored(theta)[0, 0])

    assert cost(predicted / 100) == pytest.approx(0.0, abs=1e-6)
    assert cost(predicted) == pytest.approx(np.sqrt(2 * np.log(2)))
    assert cost(predicted * 10) > 4.0


def test_predictions_include_the_healthy_baseline(joint_problem: Problem) -> None:
    residuals = residuals_of(joint_problem)
    theta = joint_problem.prior_mean
    predicted = residuals.predictions(theta)[0][0]
    for drug in BOTH:
        file = load_drug(drug, inputs=V1)
        run = simulate(
            drug_at(joint_problem, theta, drug),
            network_at(joint_problem, theta),
            file.regimens["clinical"],
            rtol=1e-8,
            atol=1e-10,
        )
        for observation, log10_level in zip(residuals.observations, predicted, strict=True):
            if observation.drug != drug:
                continue
            if observation.kind == "peak":
                above = float(run.peak(observation.analyte, 0.0, 168.0).value)
            else:
                above = float(run.at(observation.analyte, observation.time_h))
            level = above + baselines()[observation.analyte]
            assert 10**log10_level == pytest.approx(level, rel=1e-4)


def test_a_drug_that_makes_nothing_is_predicted_at_the_baseline(joint_problem: Problem) -> None:
    theta = joint_problem.prior_mean.copy()
    theta[joint_problem.names.index("tgn1412.k_act")] = -30.0
    level = 10 ** one_observation().predictions(theta)[0][0, 0]
    assert level == pytest.approx(baselines()["IL6"], rel=1e-9)


def test_rates_of_one_drug_do_not_move_the_predictions_of_the_other(
    joint_problem: Problem,
) -> None:
    residuals = residuals_of(joint_problem)
    theta = np.tile(joint_problem.prior_mean, (2, 1))
    theta[1, joint_problem.names.index("blinatumomab.k_exh")] += 0.5
    predicted, _ = residuals.predictions(theta)
    drugs = np.array([o.drug for o in residuals.observations])
    assert np.array_equal(*predicted[:, drugs == "tgn1412"])
    assert np.all(predicted[0, drugs == "blinatumomab"] != predicted[1, drugs == "blinatumomab"])


def test_residuals_of_a_batch_are_those_of_its_sets(joint_problem: Problem) -> None:
    shifts = np.random.default_rng(2).normal(0, 0.2, (3, 20))
    batch = joint_problem.residuals(joint_problem.prior_mean + shifts)
    for i, shift in enumerate(shifts):
        alone = joint_problem.residuals((joint_problem.prior_mean + shift)[None])
        assert np.array_equal(batch[i], alone[0])


def test_a_set_that_cannot_be_integrated_is_a_wall_and_leaves_the_others_alone(
    joint_problem: Problem, monkeypatch: pytest.MonkeyPatch
) -> None:
    give_up_on_hopeless(monkeypatch)
    theta = np.tile(joint_problem.prior_mean, (3, 1))
    theta[1, joint_problem.names.index("k_fb")] = HOPELESS_LOG10
    _, completed = residuals_of(joint_problem).predictions(theta)
    assert completed.tolist() == [True, False, True]
    residuals = joint_problem.residuals(theta)
    assert np.all(residuals[1] == FAILED)
    alone = joint_problem.residuals(joint_problem.prior_mean[None])[0]
    assert np.array_equal(residuals[0], alone)
    assert np.array_equal(residuals[2], alone)
    assert np.all(np.isfinite(joint_problem.cost(theta)))


def test_if_every_set_fails_every_residual_is_the_wall(
    joint_problem: Problem, monkeypatch: pytest.MonkeyPatch
) -> None:
    def failing(*args: Any, **options: Any) -> Any:
        run = simulate(*args, **options)
        return replace(run, outcomes=(Outcome.SOLVER_FAILED,) * len(run))

    monkeypatch.setattr(calibration, "simulate", failing)
    assert np.all(joint_problem.residuals(joint_problem.prior_mean[None]) == FAILED)


def test_the_constant_of_the_likelihood_counts_measured_levels_only(
    joint_problem: Problem, at_prior: pd.DataFrame
) -> None:
    sigmas = at_prior["sigma"][~at_prior["censored"]]
    assert len(sigmas) == 22
    expected = norm.logpdf(0.0, scale=sigmas).sum()
    assert residuals_of(joint_problem).log_likelihood_constant == pytest.approx(expected)


def test_leaving_a_course_out_drops_its_observations_and_nothing_else() -> None:
    full = make_problem(BOTH, inputs=V1)
    left = make_problem(BOTH, without_course="TGN1412 IL-6", inputs=V1)
    kept = residuals_of(left).observations
    dropped = [o for o in residuals_of(full).observations if o not in kept]
    assert {o.id for o in dropped} == {f"TO{n:03d}" for n in range(20, 26)}
    assert left.names == full.names


def test_calibration_on_blinatumomab_alone_knows_nothing_of_tgn1412() -> None:
    problem = make_problem(("blinatumomab",), inputs=V1)
    assert residuals_of(problem).drugs == ("blinatumomab",)
    assert len(problem.names) == 18
    assert not [name for name in problem.names if "tgn1412" in name]


def test_the_root_mean_square_leaves_declared_assumptions_out(at_prior: pd.DataFrame) -> None:
    points = at_prior[at_prior["id"].str.fullmatch(r"[BT]O\d{3}")]
    assert 0 < len(points) < len(at_prior)
    expected = np.sqrt((points["residual"] ** 2).mean())
    assert root_mean_square(at_prior, "residual") == pytest.approx(expected)


# ---------------------------------------------------------------- the fit


def test_the_cost_at_the_prior_mean_is_that_of_the_data_alone(joint_problem: Problem) -> None:
    cost = joint_problem.cost(joint_problem.prior_mean)[0]
    residuals = joint_problem.residuals(joint_problem.prior_mean[None])
    assert cost == pytest.approx(0.5 * (residuals**2).sum())
    assert cost == pytest.approx(69.17, abs=0.05)


def test_the_joint_fit_comes_to_its_known_optimum(joint_problem: Problem, joint_fit: Fit) -> None:
    assert joint_fit.converged
    assert 12.52 < joint_fit.cost < 12.53
    assert joint_problem.cost(joint_fit.theta)[0] == pytest.approx(joint_fit.cost, rel=1e-9)
    assert np.all((joint_fit.theta > joint_problem.lower) & (joint_fit.theta < joint_problem.upper))


def test_no_small_step_from_the_optimum_lowers_its_cost(
    joint_problem: Problem, joint_fit: Fit
) -> None:
    steps = 0.02 * np.vstack([np.eye(20), -np.eye(20)])
    assert joint_problem.cost(joint_fit.theta + steps).min() > joint_fit.cost


def test_the_joint_fit_is_as_close_to_each_drug_as_the_trial_fit_was(
    joint_problem: Problem, joint_fit: Fit
) -> None:
    table = residuals_of(joint_problem).table(joint_fit.theta)
    closeness = {drug: root_mean_square(table[table["drug"] == drug], "residual") for drug in BOTH}
    assert closeness["tgn1412"] < 0.20
    assert closeness["blinatumomab"] < 0.42


def test_the_posterior_is_nowhere_wider_than_the_prior(
    joint_problem: Problem, joint_fit: Fit
) -> None:
    spread = np.sqrt(np.diag(joint_fit.covariance))
    assert np.all(spread <= joint_problem.prior_sd * (1 + 1e-6))
    assert np.all(np.linalg.eigvalsh(joint_fit.covariance) > 0)


def test_network_and_drugs_at_a_point_hold_its_values(
    joint_problem: Problem, joint_fit: Fit
) -> None:
    values = point_values(joint_problem, joint_fit.theta)
    network = network_at(joint_problem, joint_fit.theta)
    assert network.K_M == values["K_M"] == 10 ** joint_fit.theta[joint_problem.names.index("K_M")]
    assert (network.n_M, network.n_S) == (2.0, 2.0)
    drug = drug_at(joint_problem, joint_fit.theta, "tgn1412")
    assert drug.k_exh == values["tgn1412.k_exh"]
    assert drug.k_rec == load_drug("tgn1412", inputs=V1).inputs.k_rec


def test_no_held_back_table_can_be_read_while_a_fit_runs(joint_problem: Problem) -> None:
    refused = []

    def peeking(theta: np.ndarray) -> np.ndarray:
        for table in sealed_tables():
            with pytest.raises(SealError, match="asked for by calibration") as error:
                read(table, record=None)
            refused.append(str(error.value))
        return theta[:, :1]

    d = joint_problem.dimension
    problem = Problem(joint_problem.names, peeking, *(np.full(d, x) for x in (-1.0, 1.0, 0.0, 1.0)))
    calibrate(problem, 1, seed=1)
    assert len(refused) >= 3
    assert len(set(refused)) == 3


def test_the_constants_of_a_record_are_the_fits(
    content: MappingProxyType[str, Any], joint_problem: Problem, joint_fit: Fit
) -> None:
    assert content["posterior"]["names"] == list(joint_problem.names)
    assert content["posterior"]["mean_log10"] == joint_fit.theta.tolist()
    assert content["network"] == network_at(joint_problem, joint_fit.theta).values()
