"""Simulations in cases that have an exact answer, and what a simulation refuses."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from helpers import (
    ONE_COMPARTMENT,
    REGIMENS,
    TWO_COMPARTMENTS,
    made_up,
    made_up_bispecific,
    rescue_inputs,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.known_answers.closed_forms import central_amount
from qsp_lib.common.errors import InputError, LockError
from qsp_lib.drugs.reading import load_drug
from qsp_lib.evidence.tables import load_tables
from qsp_lib.model.dosing import Bolus, Infusion, Regimen
from qsp_lib.model.draws import Draws
from qsp_lib.model.equations import FEEDBACKS, MECHANISMS, STATES
from qsp_lib.model.parameters import CrpInputs, DrugInputs, NetworkParameters
from qsp_lib.model.simulation import Rescue, simulate

DRUGS = {"monoclonal": made_up(), "bispecific": made_up_bispecific()}
EXPOSURES = {"one compartment": ONE_COMPARTMENT, "two compartments": TWO_COMPARTMENTS}
TIGHT: dict[str, Any] = dict(rtol=1e-9, atol=1e-9)
T_c, T_p = STATES.index("T_c"), STATES.index("T_p")

starts = st.integers(0, 400).map(lambda tenths: tenths / 10)
lengths = st.integers(1, 300).map(lambda tenths: tenths / 10)
doses = st.one_of(
    st.builds(Bolus, starts, st.floats(1, 1e4)),
    st.builds(Infusion, starts, lengths, st.floats(1, 1e4)),
)
regimens = st.lists(doses, min_size=1, max_size=4).map(lambda made: Regimen.of(*made))


# ---------------------------------------------------------------- exposure in closed form


@pytest.mark.parametrize("compartments", EXPOSURES)
@pytest.mark.parametrize("regimen", REGIMENS)
def test_exposure_is_the_sum_of_exponentials_of_the_closed_form(
    network: NetworkParameters, compartments: str, regimen: str
) -> None:
    drug = made_up(**EXPOSURES[compartments])
    times = np.unique(np.concatenate([np.linspace(0, 96, 65), [8.0, 24.0, 26.0]]))
    run = simulate(drug, network, REGIMENS[regimen], times=times, horizon_h=96.0, **TIGHT)
    expected = central_amount(drug, REGIMENS[regimen], run.times) / drug.V1
    assert run["C"] == pytest.approx(expected, rel=1e-6, abs=1e-7 * expected.max())


@settings(max_examples=30)
@given(regimens, st.sampled_from(list(EXPOSURES)))
def test_exposure_follows_the_closed_form_under_any_regimen(
    regimen: Regimen, compartments: str
) -> None:
    drug = made_up(**EXPOSURES[compartments])
    run = simulate(
        drug, NetworkParameters.prior_medians(), regimen, horizon_h=80.0, times=[30.0], **TIGHT
    )
    # a moment later, so that a rounding error in a dose's time leaves it given
    expected = central_amount(drug, regimen, run.times + 1e-9) / drug.V1
    assert run["C"] == pytest.approx(expected, rel=1e-5, abs=1e-6 * expected.max())


def test_a_bolus_at_time_zero_is_there_at_time_zero(network: NetworkParameters) -> None:
    run = simulate(made_up(V1=4.0), network, Regimen.of(Bolus(0.0, 1000.0)), horizon_h=1.0)
    assert run["C"][0] == 250.0


def test_a_dose_at_a_sampling_time_is_in_the_sample(network: NetworkParameters) -> None:
    drug = made_up(**ONE_COMPARTMENT)
    regimen = Regimen.of(Bolus(0.0, 600.0), Bolus(12.0, 600.0))
    run = simulate(drug, network, regimen, horizon_h=24.0, times=[0.0, 12.0, 24.0], **TIGHT)
    left = np.exp(-0.2 * 12)
    assert run["C"] == pytest.approx([200, 200 * (left + 1), 200 * (left + 1) * left])


@pytest.mark.parametrize(("ug_per_day", "pg_per_mL"), [(9, 168.9), (28, 525.5)])
def test_steady_state_concentration_of_blinatumomab_is_the_rate_over_clearance(
    network: NetworkParameters, ug_per_day: float, pg_per_mL: float
) -> None:
    drug = load_drug("blinatumomab").inputs
    assert drug.CL == 2.22
    regimen = Regimen.of(Infusion.at_rate(0.0, 24.0 * 28, ug_per_day / 24))
    run = simulate(drug, network, regimen, horizon_h=96.0, times=[96.0])
    assert run["C"][-1] * 1000 == pytest.approx(pg_per_mL, abs=0.05)
    assert run["C"][-1] == pytest.approx(ug_per_day / 24 / 2.22, rel=1e-6)


def test_step_dosing_of_blinatumomab_settles_at_each_step(network: NetworkParameters) -> None:
    file = load_drug("blinatumomab")
    run = simulate(
        file.inputs, network, file.regimens["step"], horizon_h=336.0, times=[167.0, 335.0]
    )
    levels = dict(zip(run.times, run["C"] * 1000, strict=True))
    assert levels[167.0] == pytest.approx(168.9, abs=0.05)
    assert levels[335.0] == pytest.approx(525.5, abs=0.05)


def trough_ng_per_mL(drug: DrugInputs, dose_ug: float, days: int) -> float:
    """Level just before the dose that would follow ``days`` daily boluses; one compartment."""
    left = np.exp(-drug.CL / drug.V1 * 24)
    return float(dose_ug / drug.V1 * sum(left**i for i in range(1, days + 1)))


def test_the_trough_of_okt3_in_closed_form_is_the_published_one_within_its_standard_error() -> None:
    # Exposure alone, from the inputs: nothing is simulated.
    file, published = load_drug("okt3"), load_tables().row("OI003")
    first = file.regimens["clinical"].doses[0]
    assert np.log(2) / (file.inputs.CL / file.inputs.V1) == pytest.approx(18.0)
    assert (file.inputs.V1, file.inputs.Q) == (3.5, 0.0)
    assert (published.value, published.unit) == (902.0, "ng/mL")
    trough = trough_ng_per_mL(file.inputs, first.amount_ug, 10)
    assert trough == pytest.approx(5000 / 3.5 / (np.exp(np.log(2) / 18 * 24) - 1), rel=1e-3)
    assert abs(trough - 902) < 71


def test_a_daily_bolus_reaches_the_trough_of_the_geometric_series(
    network: NetworkParameters,
) -> None:
    drug = made_up(V1=2.5, CL=0.1, V2=1.0, Q=0.0)
    regimen = Regimen.of(*(Bolus(24.0 * day, 4000.0) for day in range(6)))
    run = simulate(drug, network, regimen, horizon_h=144.0, times=[144.0], **TIGHT)
    assert run["C"][-1] == pytest.approx(trough_ng_per_mL(drug, 4000.0, 6), rel=1e-6)


@settings(max_examples=25)
@given(regimens)
def test_what_goes_in_is_eliminated_or_still_there(regimen: Regimen) -> None:
    drug = made_up()
    run = simulate(drug, NetworkParameters.prior_medians(), regimen, horizon_h=90.0, **TIGHT)
    eliminated = drug.CL / drug.V1 * run.area("A_c")
    left = run["A_c"][-1] + run["A_p"][-1]
    assert eliminated + left == pytest.approx(regimen.total_ug, rel=1e-5)


def test_exposure_is_linear_in_dose(network: NetworkParameters) -> None:
    factors = np.array([0.0, 0.5, 1.0, 10.0])
    run = simulate(made_up(), network, REGIMENS["overlapping"], dose_factor=factors, **TIGHT)
    assert run["C"] == pytest.approx(np.outer(factors, run["C"][2]), rel=1e-5, abs=1e-6)


def test_a_dose_factor_is_the_scaled_regimen(network: NetworkParameters) -> None:
    regimen = REGIMENS["overlapping"]
    by_factor = simulate(made_up(), network, regimen, dose_factor=3.0)
    by_regimen = simulate(made_up(), network, regimen.scaled(3.0))
    assert by_factor.states == pytest.approx(by_regimen.states, rel=1e-6, abs=1e-6)


def test_an_infusion_that_ends_as_the_next_begins_is_one_infusion(
    network: NetworkParameters,
) -> None:
    # 0.1 + 0.2 h and 0.3 h differ by a rounding error
    parts = Regimen.of(Infusion(0.1, 0.2, 200.0), Infusion(0.3, 0.4, 400.0))
    run = simulate(made_up(), network, parts, horizon_h=5.0, times=[1.0, 5.0], **TIGHT)
    whole = simulate(
        made_up(),
        network,
        Regimen.of(Infusion(0.1, 0.6, 600.0)),
        horizon_h=5.0,
        times=[1.0, 5.0],
        **TIGHT,
    )
    for state in run.task.structure.states:
        ends = [float(one.at(state, 5.0)) for one in (run, whole)]
        assert ends[0] == pytest.approx(ends[1], rel=1e-6, abs=1e-8)


# ---------------------------------------------------------------- invariants of the whole model


@pytest.mark.parametrize("mechanism", MECHANISMS)
@pytest.mark.parametrize("feedback", FEEDBACKS)
def test_without_a_dose_nothing_ever_moves(
    network: NetworkParameters, mechanism: str, feedback: str
) -> None:
    run = simulate(DRUGS[mechanism], network.replace(feedback=feedback), Regimen())
    assert np.array_equal(run.states[:, 0], np.tile(run.task.before, run.times.size))


def test_nothing_moves_before_the_first_dose(network: NetworkParameters) -> None:
    run = simulate(made_up(), network, Regimen.of(Bolus(20.0, 5000.0)), horizon_h=30.0)
    before = run.times < 20.0
    assert before.sum() > 20
    assert np.all(run.states[:, 0, before] == run.task.before)
    assert run["A"][-1] > 0.1


@settings(max_examples=40)
@given(
    regimens,
    st.sampled_from(MECHANISMS),
    st.floats(-1.5, 1.5),
    st.floats(-1.5, 1.5),
    st.floats(-1.0, 1.0),
)
def test_t_cells_are_conserved_targets_only_fall_and_nothing_is_negative(
    regimen: Regimen, mechanism: str, act: float, exhaust: float, threshold: float
) -> None:
    drug = DRUGS[mechanism]
    drug = drug.replace(k_act=drug.k_act * 10**act, k_exh=drug.k_exh * 10**exhaust)
    medians = NetworkParameters.prior_medians()
    network = medians.replace(K_M=medians.K_M * 10**threshold)
    run = simulate(drug, network, regimen, horizon_h=120.0)
    assert run["R"] + run["A"] + run["X"] == pytest.approx(1.0, abs=1e-9)
    assert np.all(np.diff(run["B"]) <= 1e-12)
    assert np.all(run["M"] <= 1.0)
    for name in run.task.structure.states:
        # below zero by no more than the integration error
        assert run[name].min() >= -1e-5 * max(run[name].max(), 1e-3)


@settings(max_examples=15)
@given(regimens, st.floats(0.5, 100), st.sampled_from(MECHANISMS))
def test_the_same_doses_later_give_the_same_courses_later(
    regimen: Regimen, later: float, mechanism: str
) -> None:
    network, drug = NetworkParameters.prior_medians(), DRUGS[mechanism]
    after = np.array([1.0, 7.0, 30.0, 60.0])
    first = simulate(drug, network, regimen, horizon_h=70.0, times=after, **TIGHT)
    second = simulate(
        drug, network, regimen.shifted(later), horizon_h=70.0 + later, times=after + later, **TIGHT
    )
    for name in first.task.structure.states:
        one = np.array([first.at(name, t) for t in after])
        other = np.array([second.at(name, t) for t in after + later])
        assert other == pytest.approx(one, rel=1e-5, abs=1e-6 * (1 + one.max()))


def test_a_mark_on_the_time_axis_changes_no_state(network: NetworkParameters) -> None:
    empty = Regimen.of(Bolus(0.0, 5000.0), Bolus(13.0, 0.0))
    run = simulate(made_up(), network, empty, horizon_h=48.0, times=[24.0, 48.0], **TIGHT)
    plain = simulate(
        made_up(),
        network,
        Regimen.of(Bolus(0.0, 5000.0)),
        horizon_h=48.0,
        times=[24.0, 48.0],
        **TIGHT,
    )
    assert run["S"][-2:] == pytest.approx(plain["S"][-2:], rel=1e-6)


# ---------------------------------------------------------------- network in closed form


def sustained(**changes: Any) -> DrugInputs:
    """A drug that stays at one level and engages every receptor."""
    return made_up(V1=1.0, CL=0.0, Q=0.0, EC50=1e-6, k_rec=0.0, **changes)


ONE_BOLUS = Regimen.of(Bolus(0.0, 1e4))


def test_activated_t_cells_rise_and_fall_as_two_exponentials(network: NetworkParameters) -> None:
    run = simulate(sustained(k_act=0.5, k_exh=0.1), network, ONE_BOLUS, horizon_h=60.0, **TIGHT)
    t = run.times
    assert run["R"] == pytest.approx(np.exp(-0.5 * t), rel=1e-5, abs=1e-8)
    expected = 0.5 / (0.1 - 0.5) * (np.exp(-0.5 * t) - np.exp(-0.1 * t))
    assert run["A"] == pytest.approx(expected, rel=1e-5, abs=1e-8)
    peak = run.peak("A")
    assert float(peak.time_h) == pytest.approx(np.log(5) / 0.4, rel=1e-4)
    assert float(peak.value) == pytest.approx(5**-0.25, rel=1e-5)


def test_t_cells_settle_where_activation_exhaustion_and_recovery_balance(
    network: NetworkParameters,
) -> None:
    drug = sustained(k_act=0.5, k_exh=0.25).replace(k_rec=0.1)
    run = simulate(drug, network, ONE_BOLUS, horizon_h=200.0, times=[200.0], **TIGHT)
    shares = np.array([1 / 0.5, 1 / 0.25, 1 / 0.1])
    levels = [run[name][-1] for name in ("R", "A", "X")]
    assert levels == pytest.approx(shares / shares.sum(), rel=1e-6)


def test_a_bispecific_kills_targets_by_the_area_of_activated_t_cells(
    network: NetworkParameters,
) -> None:
    drug = made_up_bispecific(k_kill=1.5)
    run = simulate(drug, network, REGIMENS["step-up"], horizon_h=72.0, **TIGHT)
    assert float(run["B"][-1]) == pytest.approx(np.exp(-1.5 * run.area("A")), rel=1e-5)


def test_cytokines_settle_where_production_meets_removal(network: NetworkParameters) -> None:
    # every T cell is activated and none exhausts: A = 1, and each level follows by hand
    slow = network.replace(feedback="none", k_TNF_M=0.08, d_M=0.5)
    run = simulate(
        sustained(k_act=5.0, k_exh=1e-12), slow, ONE_BOLUS, horizon_h=150.0, times=[150.0], **TIGHT
    )
    p = slow
    IFN = p.k_IFN / p.d_IFN
    sigma = IFN + p.w_TNF * p.k_TNF_T / p.d_TNF
    drive = p.k_M * sigma**p.n_M / (p.K_M**p.n_M + sigma**p.n_M)
    M = drive / (drive + p.d_M)
    IL6 = (p.k_IL6_T + p.k_IL6_M * M) / p.d_IL6
    assert run["A"][-1] == pytest.approx(1.0, rel=1e-6)
    assert run["IFN"][-1] == pytest.approx(IFN, rel=1e-6)
    assert run["TNF"][-1] == pytest.approx((p.k_TNF_T + p.k_TNF_M * M) / p.d_TNF, rel=1e-6)
    assert run["M"][-1] == pytest.approx(M, rel=1e-4)
    assert run["IL6"][-1] == pytest.approx(IL6, rel=1e-4)
    assert run["S"][-1] == pytest.approx(run["IL6"][-1], rel=1e-6)


def test_ungated_feedback_settles_at_a_root_of_its_balance(network: NetworkParameters) -> None:
    p = network.replace(feedback="ungated", k_IL6_M=0.3, K_S=800.0)
    run = simulate(
        sustained(k_act=5.0, k_exh=1e-12), p, ONE_BOLUS, horizon_h=300.0, times=[300.0], **TIGHT
    )
    S = float(run["S"][-1])
    made = p.k_IL6_T + 0.3 * run["M"][-1] + p.k_fb * S**2 / (p.K_S**2 + S**2)
    assert made == pytest.approx(p.d_IL6 * S, rel=1e-5)


def test_everything_made_is_removed_or_still_there(network: NetworkParameters) -> None:
    run = simulate(made_up(), network, REGIMENS["infusion"], **TIGHT)
    p = network
    assert p.k_IFN * run.area("A") == pytest.approx(
        p.d_IFN * run.area("IFN") + run["IFN"][-1], rel=1e-5
    )
    assert p.k_TNF_T * run.area("A") + p.k_TNF_M * run.area("M") == pytest.approx(
        p.d_TNF * run.area("TNF") + run["TNF"][-1], rel=1e-5
    )
    assert run.area("IL6") == pytest.approx(run.area("S") + run["S"][-1] / p.k_S, rel=1e-5)


# ---------------------------------------------------------------- the rescue


def test_tocilizumab_below_its_km_leaves_as_by_two_linear_paths(network: NetworkParameters) -> None:
    inputs = rescue_inputs(Q=0.0)
    rescue = Rescue(inputs, Regimen.of(Bolus(0.0, 1e-3)))
    run = simulate(
        made_up(), network, Regimen(), rescue=rescue, horizon_h=100.0, rtol=1e-9, atol=1e-14
    )
    rate = (inputs.CL + inputs.Vmax / inputs.Km) / inputs.V1
    assert run["C_tcz"] == pytest.approx(1e-3 / 3.5 * np.exp(-rate * run.times), rel=1e-5)


def test_tocilizumab_far_above_its_km_loses_vmax_an_hour_beside_its_clearance(
    network: NetworkParameters,
) -> None:
    inputs = rescue_inputs(Q=0.0)
    rescue = Rescue(inputs, Regimen.of(Bolus(0.0, 1e9)))
    run = simulate(made_up(), network, Regimen(), rescue=rescue, horizon_h=100.0, **TIGHT)
    rate = inputs.CL / inputs.V1
    left = (1e9 + inputs.Vmax / rate) * np.exp(-rate * run.times) - inputs.Vmax / rate
    assert run.states[T_c, 0] == pytest.approx(left, rel=1e-8)


def test_tocilizumab_is_all_eliminated_or_still_there(network: NetworkParameters) -> None:
    inputs = rescue_inputs(Vmax=0.0)
    rescue = Rescue(inputs, Regimen.of(Infusion(6.0, 1.0, 576_000.0)))
    run = simulate(made_up(), network, Regimen(), rescue=rescue, horizon_h=168.0, **TIGHT)
    left = run.states[T_c, 0, -1] + run.states[T_p, 0, -1]
    eliminated = inputs.CL / inputs.V1 * run.area("T_c")
    assert left + eliminated == pytest.approx(576_000.0, rel=1e-6)


def test_occupancy_is_half_at_the_dissociation_constant(network: NetworkParameters) -> None:
    still = rescue_inputs(CL=0.0, Vmax=0.0, Q=0.0)
    for level, held in ((still.K_D, 0.5), (9 * still.K_D, 0.9), (1e7 * still.K_D, 1.0)):
        rescue = Rescue(still, Regimen.of(Bolus(0.0, level * still.V1)))
        run = simulate(made_up(), network, Regimen(), rescue=rescue, horizon_h=10.0)
        assert run["rho"] == pytest.approx(held, abs=1e-6)


def test_tocilizumab_raises_il6_in_serum_and_lowers_its_signal(network: NetworkParameters) -> None:
    untreated = simulate(made_up(), network, REGIMENS["infusion"])
    rescue = Rescue(rescue_inputs(), Regimen.of(Infusion(6.0, 1.0, 576_000.0)))
    treated = simulate(made_up(), network, REGIMENS["infusion"], rescue=rescue)
    assert treated.at("IL6", 8.0) > 1.5 * untreated.at("IL6", 8.0)
    assert treated.at("S", 8.0) < 0.05 * untreated.at("S", 8.0)


def test_without_feedback_a_full_block_raises_steady_il6_by_the_receptor_share(
    network: NetworkParameters,
) -> None:
    p = network.replace(feedback="none")
    still = Rescue(rescue_inputs(CL=0.0, Vmax=0.0, Q=0.0, f_R=0.7), Regimen.of(Bolus(0.0, 1e12)))
    drug = sustained(k_act=5.0, k_exh=1e-12)
    options: dict[str, Any] = dict(horizon_h=150.0, times=[150.0], **TIGHT)
    free = simulate(drug, p, ONE_BOLUS, **options)
    blocked = simulate(drug, p, ONE_BOLUS, rescue=still, **options)
    assert blocked["IL6"][-1] == pytest.approx(free["IL6"][-1] / (1 - 0.7), rel=1e-5)
    assert blocked["S"][-1] == pytest.approx(0.0, abs=1e-2)


def test_tocilizumab_spares_everything_upstream_of_the_il6_signal(
    network: NetworkParameters,
) -> None:
    rescue = Rescue(rescue_inputs(), Regimen.of(Infusion(2.0, 1.0, 576_000.0)))
    options: dict[str, Any] = dict(times=np.arange(0, 169.0, 8.0), **TIGHT)
    treated = simulate(made_up(), network, REGIMENS["infusion"], rescue=rescue, **options)
    untreated = simulate(made_up(), network, REGIMENS["infusion"], **options)
    for name in ("A_c", "A", "IFN", "TNF", "M"):
        for time in (8.0, 24.0, 96.0):
            assert treated.at(name, time) == pytest.approx(
                untreated.at(name, time), rel=1e-5, abs=1e-6
            )


# ---------------------------------------------------------------- draws


def test_draws_replace_the_values_they_name_and_no_others(network: NetworkParameters) -> None:
    draws = Draws({"k_IFN": np.array([1000.0, 9000.0]), "k_exh": np.array([0.05, 0.4])})
    batch = simulate(made_up(), network, REGIMENS["infusion"], draws=draws)
    for i, (k_IFN, k_exh) in enumerate([(1000.0, 0.05), (9000.0, 0.4)]):
        alone = simulate(made_up(k_exh=k_exh), network.replace(k_IFN=k_IFN), REGIMENS["infusion"])
        assert np.array_equal(batch.states[:, i], alone.states[:, 0])


def test_draws_and_dose_factors_of_one_length_go_pairwise(network: NetworkParameters) -> None:
    draws = Draws({"k_IFN": np.array([1000.0, 9000.0])})
    batch = simulate(made_up(), network, REGIMENS["infusion"], draws=draws, dose_factor=[2.0, 0.5])
    alone = simulate(
        made_up(), network.replace(k_IFN=9000.0), REGIMENS["infusion"], dose_factor=0.5
    )
    assert np.array_equal(batch.states[:, 1], alone.states[:, 0])


def test_one_set_gives_curves_and_a_batch_gives_rows_of_curves(network: NetworkParameters) -> None:
    single = simulate(made_up(), network, REGIMENS["infusion"])
    batch = simulate(made_up(), network, REGIMENS["infusion"], dose_factor=[1.0])
    assert single["IL6"].shape == single.times.shape
    assert batch["IL6"].shape == (1, single.times.size)
    assert np.ndim(single.peak("IL6").value) == 0
    assert np.shape(batch.peak("IL6").value) == (1,)


# ---------------------------------------------------------------- what is refused


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"engine": "euler"}, r"no engine 'euler'; expected one of \['diffsol', 'scipy', 'fast'\]"),
        ({"rtol": 0.0}, r"rtol 0\.0, atol 1e-08; expected 0 < rtol < 1 and atol > 0"),
        ({"rtol": 1.0}, r"rtol 1\.0"),
        ({"rtol": float("nan")}, "rtol nan"),
        ({"atol": 0.0}, r"atol 0\.0"),
        ({"atol": -1e-8}, "atol -1e-08"),
        ({"dose_factor": -1.0}, "dose_factor must be a number, or a list of numbers, of 0 or more"),
        ({"dose_factor": [1.0, float("nan")]}, "dose_factor must be a number"),
        ({"dose_factor": [[1.0]]}, "dose_factor must be a number"),
        ({"dose_factor": []}, r"lengths \[0\]; expected one"),
        (
            {"dose_factor": [1.0, 2.0], "draws": Draws({"k_IFN": np.ones(3)})},
            r"draws and dose_factor have lengths \[2, 3\]; expected one",
        ),
        ({"horizon_h": 0.0}, r"horizon is 0\.0 h"),
        ({"horizon_h": 24.0, "times": [0.0, 30.0]}, "must increase within 0 to 24 h; got 0 to 30"),
        ({"times": [5.0, 1.0]}, "must increase within 0 to 168 h; got 5 to 1 h"),
    ],
)
def test_bad_options_are_refused_with_what_was_given_and_expected(
    network: NetworkParameters, options: dict[str, Any], message: str
) -> None:
    with pytest.raises(InputError, match=message):
        simulate(made_up(), network, REGIMENS["infusion"], **options)


def test_a_blind_drug_is_refused_without_a_lock_record(network: NetworkParameters) -> None:
    with pytest.raises(LockError, match="Made-up drug is the blind drug.*lock record"):
        simulate(made_up(role="blind"), network, REGIMENS["infusion"])


def test_okt3_is_refused_without_a_lock_record(network: NetworkParameters) -> None:
    file = load_drug("okt3")
    assert file.inputs.role == "blind"
    with pytest.raises(LockError, match="OKT3 is the blind drug"):
        simulate(file.inputs, network, file.regimens["clinical"])


def test_crp_is_there_only_when_it_is_asked_for(network: NetworkParameters) -> None:
    plain = simulate(made_up(), network, REGIMENS["infusion"])
    read = simulate(made_up(), network, REGIMENS["infusion"], crp=CrpInputs(8.0, 230.0, 0.0365))
    with pytest.raises(InputError, match="no quantity 'CRP'"):
        plain["CRP"]
    assert read["CRP"].max() > 10
    assert read["S"] == pytest.approx(plain["S"], rel=1e-5, abs=1e-6)


def test_a_result_is_labelled_with_its_drug_and_regimen(network: NetworkParameters) -> None:
    assert simulate(made_up(), network, REGIMENS["step-up"]).label == "Made-up drug, step-up"
    assert simulate(made_up(), network, Regimen()).label == "Made-up drug"
