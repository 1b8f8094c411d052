"""The open data of version 2: arms of their own, windows, limits, an assay's floor, and ratios."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from near_optimum import NEAR_OPTIMUM
from scipy.stats import norm

from qsp_lib.calibration.candidates import CANDIDATES
from qsp_lib.calibration.declared import CO_MEDICATIONS, declared_draws, declared_priors
from qsp_lib.calibration.joint_fit import (
    CourseResiduals,
    drug_at,
    estimated,
    of_drug,
    root_mean_square,
    values_at,
)
from qsp_lib.calibration.open_facts import FACTS, facts, open_quantities
from qsp_lib.drugs.reading import load_drug
from qsp_lib.evidence.healthy import baselines
from qsp_lib.evidence.observations import load_observations
from qsp_lib.inference.fitting import Problem
from qsp_lib.model.dosing import Infusion, Regimen
from qsp_lib.model.equations import NETWORK


@pytest.fixture(scope="module")
def problem() -> Problem:
    return CANDIDATES["gated"].problem(1e-6)


@pytest.fixture(scope="module")
def theta(problem: Problem) -> np.ndarray:
    return np.log10([NEAR_OPTIMUM[name] for name in problem.names])


def fit_of(problem: Problem) -> CourseResiduals:
    residuals = problem.residuals
    assert isinstance(residuals, CourseResiduals)
    return residuals


def test_the_fit_is_where_it_was_found_and_as_close(problem: Problem, theta: np.ndarray) -> None:
    assert problem.cost(theta)[0] == pytest.approx(14.567, abs=0.005)
    table = fit_of(problem).table(theta)
    published = table[(table["use"] != "declared assumption") & (table["drug"] == "tgn1412")]
    assert root_mean_square(published, "residual") < 0.15


def test_a_ratio_one_recovery_for_all_and_the_potency_of_tgn1412_are_estimated_too() -> None:
    names = list(estimated(("blinatumomab", "tgn1412"), inputs="v2"))
    of_network = [name for name in NETWORK if name not in ("n_M", "n_S")]
    of_network[of_network.index("k_IL6_T")] = "k_IL6_T/k_IL6_M"
    assert names[:15] == of_network
    assert set(names[15:]) == {
        *(f"blinatumomab.{rate}" for rate in ("k_act", "k_exh", "k_kill")),
        *(f"tgn1412.{number}" for number in ("k_act", "k_exh", "EC50", "h")),
        "k_rec",
    }


def test_the_recovery_that_is_estimated_is_every_drugs(problem: Problem, theta: np.ndarray) -> None:
    k_rec = NEAR_OPTIMUM["k_rec"]
    assert k_rec != load_drug("tgn1412", inputs="v2").inputs.k_rec
    for drug in ("blinatumomab", "tgn1412"):
        assert drug_at(problem, theta, drug).k_rec == pytest.approx(k_rec, rel=1e-12)


def test_another_dose_of_the_low_dose_trial_moves_its_residuals_and_no_other(
    problem: Problem, theta: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    fit = fit_of(problem)
    before = fit(theta)[0]
    real = CourseResiduals.regimen

    def tripled(self: CourseResiduals, drug: str, name: str) -> Regimen:
        if name == "low_dose_trial":
            return Regimen.of(Infusion(0.0, 8.0, 3 * 7.0 * 72.0))
        return real(self, drug, name)

    monkeypatch.setattr(CourseResiduals, "regimen", tripled)
    moved = np.flatnonzero(fit(theta)[0] != before)
    trial = [i for i, o in enumerate(fit.observations) if o.regimen == "low_dose_trial"]
    assert moved.tolist() == trial


def test_a_level_far_below_its_limit_costs_nothing_and_one_above_it_what_a_measurement_would(
    problem: Problem, theta: np.ndarray
) -> None:
    fit = fit_of(problem)
    (late,) = (o for o in fit.observations if o.id == "tgn1412-IL6-peak-from-120h")
    predicted = 10.0 ** fit.predictions(theta)[0][0][fit.observations.index(late)]

    def residual(limit: float) -> float:
        one = replace(fit, observations=(replace(late, value_pg_mL=limit),))
        return float(one(theta)[0, 0])

    assert residual(1e3 * predicted) == pytest.approx(0.0, abs=1e-6)
    assert residual(predicted) == pytest.approx(np.sqrt(2 * np.log(2)))
    # far above, -2 log Phi(-z) is z^2 + log(2 pi z^2), the second of which hardly grows
    assert residual(predicted / 1e3) == pytest.approx(3 / 0.3, rel=0.05)


def test_a_late_peak_is_looked_for_in_its_window_alone(problem: Problem, theta: np.ndarray) -> None:
    fit = fit_of(problem)
    whole = fit.simulate(theta[None], "tgn1412", "clinical", 672.0)
    for i, o in enumerate(fit.observations):
        if o.window_h == (120.0, 672.0):
            level = whole.peak(o.analyte, 120.0).value[0] + baselines()[o.analyte]
            assert fit.predictions(theta)[0][0][i] == pytest.approx(np.log10(level), abs=2e-3)
            assert whole.peak(o.analyte).time_h[0] < 120.0


@pytest.mark.parametrize(("level", "spread"), [(300.0, 0.9), (12.0, 0.9), (7.0, 0.6)])
def test_the_median_above_an_assays_floor_is_that_of_the_values_above_it(
    level: float, spread: float
) -> None:
    """Half of the single values that are read lie below it."""
    from qsp_lib.calibration.joint_fit import _predicted  # the one formula

    (row,) = (o for o in load_observations("v2") if o.id == "BO001")
    assert row.assay_floor_pg_mL == 10.0

    class AtLevel:
        def at(self, name: str, time_h: float) -> np.ndarray:
            return np.array([level - baselines()["IL6"]])

    read = 10.0 ** _predicted(replace(row, spread_log10=spread), AtLevel())[0]  # type: ignore[arg-type]
    mean = np.log10(level)
    above = norm.sf(np.log10(10.0), mean, spread)
    assert read > max(level, 10.0)
    assert norm.sf(np.log10(read), mean, spread) == pytest.approx(above / 2, rel=1e-9)


def test_far_above_the_floor_every_value_is_read() -> None:
    from qsp_lib.calibration.joint_fit import _predicted

    (row,) = (o for o in load_observations("v2") if o.id == "BO001")

    class High:
        def at(self, name: str, time_h: float) -> np.ndarray:
            return np.array([1e7])

    assert _predicted(row, High())[0] == pytest.approx(7.0, abs=1e-6)  # type: ignore[arg-type]


def test_a_ratio_is_multiplied_out_and_shared_quantities_reach_every_drug() -> None:
    theta = np.log10([[0.1, 3000.0, 0.01, 5.0]])
    values = values_at(("k_IL6_T/k_IL6_M", "k_IL6_M", "k_rec", "tgn1412.h"), theta)
    assert values["k_IL6_T"] == pytest.approx([300.0])
    assert "k_IL6_T/k_IL6_M" not in values
    assert set(of_drug(values, "tgn1412")) == {"k_IL6_T", "k_IL6_M", "k_rec", "h"}
    assert set(of_drug(values, "blinatumomab")) == {"k_IL6_T", "k_IL6_M", "k_rec"}


def test_the_open_facts_hold_at_the_optimum(problem: Problem, theta: np.ndarray) -> None:
    quantities = open_quantities(problem, theta)
    held = facts(quantities)
    assert set(held) == set(FACTS)
    assert all(bool(holds[0]) for holds in held.values())
    indices = [quantities[f"index at {dose} ug/kg"][0] for dose in (2, 7, 20)]
    assert indices == sorted(indices) and indices[1] < 0.1 < 2.0 < indices[2]


def test_without_steepness_nothing_can_be_silent(theta: np.ndarray) -> None:
    """With h = 1 the low-dose trial engages too many receptors: the choice was foreseeable."""
    shallow = CANDIDATES["rest"].problem(1e-6)
    at = np.array([np.log10(NEAR_OPTIMUM[name]) for name in shallow.names])
    assert "tgn1412.h" not in shallow.names
    assert fit_of(shallow).drug("tgn1412").h == 1.0
    assert not facts(open_quantities(shallow, at))["silent at 7 ug/kg"][0]


def test_the_steepest_engagement_that_a_fit_may_try_has_a_cost_and_a_slope(
    problem: Problem, theta: np.ndarray
) -> None:
    """Ten to the logarithm of the largest h that can be computed with may be larger by rounding."""
    steepness = problem.names.index("tgn1412.h")
    at_bound = theta.copy()
    at_bound[steepness] = problem.upper[steepness]
    values = [
        values_at(problem.names, np.nextafter(at_bound, aside))["tgn1412.h"][0]
        for aside in (-np.inf, at_bound, np.inf)
    ]
    assert max(values) <= 20.0 and values == pytest.approx([20.0, 20.0, 20.0])
    assert problem.cost(at_bound)[0] < problem.cost(theta)[0] + 100.0
    assert np.all(np.isfinite(problem.jacobian(at_bound)))


def test_version_1_is_what_it_was() -> None:
    old, new = load_observations("v1"), load_observations("v2")
    assert {o.id for o in old} < {o.id for o in new}
    assert all(o.window_h is None and o.assay_floor_pg_mL is None for o in old)
    assert load_drug("okt3", inputs="v1").inputs.EC50 == 10.0
    assert load_drug("okt3", inputs="v2").inputs.EC50 == 14.0


def test_declared_priors_are_drawn_as_wide_as_they_are_said_to_be() -> None:
    priors = declared_priors("okt3", "v2")
    assert "okt3.k_act/tgn1412.k_act" in priors and set(CO_MEDICATIONS) < set(priors)
    drawn = declared_draws(priors, 4000, 3)
    for name, prior in priors.items():
        if name in ("dexamethasone.w", "tocilizumab.f_R"):
            assert drawn[name].max() < 1.0  # cut off where the quantity ends
            continue
        assert np.std(np.log10(drawn[name])) == pytest.approx(prior.log10_sd, rel=0.05)
        assert np.median(drawn[name]) == pytest.approx(prior.median, rel=0.05)
    few = declared_draws(priors, 7, 3)
    assert all(np.array_equal(few[name], drawn[name][:7]) for name in priors)
