"""The right-hand side: conservation, limits and shapes that hold whatever the numbers are."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qsp_lib.model.equations import (
    CRP,
    DRUG,
    FEEDBACKS,
    INPUTS,
    MECHANISMS,
    NETWORK,
    PARAMETERS,
    PRE_DOSE,
    STATES,
    TOCILIZUMAB,
    engage_bispecific,
    engage_monoclonal,
    hill,
    il6_production,
    occupancy,
    positive_part,
    rhs,
)

AT = {name: i for i, name in enumerate(STATES)}
structures = st.tuples(st.sampled_from(MECHANISMS), st.sampled_from(FEEDBACKS))
seeds = st.integers(0, 2**32 - 1)


def any_state(seed: int) -> list[float]:
    """Levels over six decades, some of them zero."""
    rng = np.random.default_rng(seed)
    levels = 10.0 ** rng.uniform(-2, 4, len(STATES))
    return [float(level) for level in np.where(rng.uniform(size=len(STATES)) < 0.2, 0.0, levels)]


def any_parameters(seed: int) -> SimpleNamespace:
    """Values over six decades, Hill exponents 0.5 to 8."""
    rng = np.random.default_rng([seed, 1])
    values = dict(zip(PARAMETERS, 10.0 ** rng.uniform(-3, 3, len(PARAMETERS)), strict=True))
    exponents = dict(zip(("n_M", "n_S", "h"), rng.uniform(0.5, 8, 3), strict=True))
    return SimpleNamespace(**(values | exponents | {"f_R": rng.uniform()}))


states, parameter_sets = seeds.map(any_state), seeds.map(any_parameters)


def parameters(**changes: float) -> SimpleNamespace:
    values = dict.fromkeys(PARAMETERS, 1.0) | {"f_R": 0.7}
    return SimpleNamespace(**(values | changes))


def derivatives(
    p: SimpleNamespace, mechanism: str = "monoclonal", feedback: str = "gated", **states: float
) -> dict[str, float]:
    y = dict(zip(STATES, PRE_DOSE, strict=True)) | states
    rates = rhs([y[name] for name in STATES], p, 0.0, 0.0, mechanism, feedback)
    return dict(zip(STATES, rates, strict=True))


def test_the_network_has_exactly_seventeen_parameters_and_shares_none_with_a_drug() -> None:
    assert len(set(NETWORK)) == 17
    assert len(set(PARAMETERS)) == len(NETWORK + DRUG + TOCILIZUMAB + CRP)
    assert len(STATES) == len(PRE_DOSE) == 14


@given(parameter_sets, structures)
def test_the_state_before_dosing_is_an_exact_steady_state(
    p: SimpleNamespace, structure: tuple[str, str]
) -> None:
    assert [float(rate) for rate in rhs(PRE_DOSE, p, 0.0, 0.0, *structure)] == [0.0] * len(STATES)


@given(states, parameter_sets, structures)
def test_responsive_activated_and_exhausted_t_cells_only_exchange(
    y: list[float], p: SimpleNamespace, structure: tuple[str, str]
) -> None:
    change = rhs(y, p, 0.0, 0.0, *structure)
    moved = [change[AT[name]] for name in ("R", "A", "X")]
    assert sum(moved) == pytest.approx(0.0, abs=1e-12 * max(1.0, *map(abs, moved)))


@given(states, parameter_sets)
def test_a_drug_leaves_by_clearance_alone(y: list[float], p: SimpleNamespace) -> None:
    change = rhs(y, p, 3.0, 0.0, "monoclonal", "gated")
    cleared = p.CL * y[AT["A_c"]] / p.V1
    exchanged = p.Q * (y[AT["A_c"]] / p.V1 + y[AT["A_p"]] / p.V2)
    total = change[AT["A_c"]] + change[AT["A_p"]]
    assert total == pytest.approx(3.0 - cleared, rel=1e-9, abs=1e-9 * (1 + cleared + exchanged))


@given(states, parameter_sets, st.sampled_from(FEEDBACKS))
def test_only_a_bispecific_kills_targets_and_never_makes_them(
    y: list[float], p: SimpleNamespace, feedback: str
) -> None:
    assert rhs(y, p, 0.0, 0.0, "monoclonal", feedback)[AT["B"]] == 0.0
    assert rhs(y, p, 0.0, 0.0, "bispecific", feedback)[AT["B"]] <= 0.0


@given(states, parameter_sets, structures, st.sampled_from(range(len(STATES))))
def test_a_state_at_zero_is_never_pushed_below_zero(
    y: list[float], p: SimpleNamespace, structure: tuple[str, str], state: int
) -> None:
    y[AT["M"]] = min(y[AT["M"]], 1.0)
    y[state] = 0.0
    assert rhs(y, p, 0.0, 0.0, *structure)[state] >= 0.0


@given(states, parameter_sets, structures)
def test_crp_is_a_readout_that_nothing_reads(
    y: list[float], p: SimpleNamespace, structure: tuple[str, str]
) -> None:
    other = [*y[:-1], y[-1] + 50.0]
    assert rhs(y, p, 1.0, 1.0, *structure)[:-1] == rhs(other, p, 1.0, 1.0, *structure)[:-1]


@given(states, parameter_sets)
def test_cytokines_do_not_act_on_exposure_or_t_cells(y: list[float], p: SimpleNamespace) -> None:
    other = list(y)
    for name in ("IFN", "TNF", "M", "IL6", "S"):
        other[AT[name]] += 100.0
    for mechanism in MECHANISMS:
        upstream = rhs(y, p, 0.0, 0.0, mechanism, "gated")[:6]
        assert upstream == rhs(other, p, 0.0, 0.0, mechanism, "gated")[:6]


@given(st.floats(1e-3, 1e5), st.floats(0.5, 4))
def test_a_monoclonal_engages_half_its_receptors_at_the_ec50(EC50: float, h: float) -> None:
    assert engage_monoclonal(EC50, 1.0, parameters(EC50=EC50, h=h)) == pytest.approx(0.5)


@given(st.floats(0.01, 100), st.floats(200, 1e5))
def test_a_bispecific_engages_most_at_the_geometric_mean_of_ec50_and_hook(
    EC50: float, K_hook: float
) -> None:
    p = parameters(EC50=EC50, K_hook=K_hook)
    best = np.sqrt(EC50 * K_hook)
    exposures = best * np.logspace(-4, 4, 81)
    engaged = engage_bispecific(exposures, 1.0, p)
    assert np.argmax(engaged) == 40
    assert np.all(np.diff(engaged[:41]) > 0)
    assert np.all(np.diff(engaged[40:]) < 0)
    assert engaged[40] == pytest.approx(1 / (1 + np.sqrt(EC50 / K_hook)) ** 2)
    # and the bell is symmetric in log exposure
    assert engaged == pytest.approx(engaged[::-1])


@given(st.floats(0, 1e5), st.floats(0, 1))
def test_a_bispecific_engages_in_proportion_to_the_targets_left(C: float, B: float) -> None:
    p = parameters(EC50=5.0, K_hook=4000.0)
    assert engage_bispecific(C, B, p) == pytest.approx(B * engage_bispecific(C, 1.0, p))


@given(st.floats(-1e3, 0), st.floats(0.1, 1e3), st.floats(0.5, 8))
def test_a_hill_term_of_a_level_below_zero_is_zero(x: float, half: float, n: float) -> None:
    assert hill(x, half, n) == 0.0
    assert positive_part(x) == 0.0


@given(st.floats(1e-3, 1e3), st.floats(0.5, 8))
def test_a_hill_term_is_half_at_its_threshold_and_steepest_by_n(half: float, n: float) -> None:
    assert hill(half, half, n) == pytest.approx(0.5)
    step = 1e-4
    slope = np.log(hill(half * (1 + step), half, n) / hill(half * (1 - step), half, n))
    # the log-log slope at the threshold is n/2
    assert slope / np.log((1 + step) / (1 - step)) == pytest.approx(n / 2, rel=1e-6)


def test_feedback_is_gated_by_macrophages_ungated_or_absent() -> None:
    p = parameters(k_IL6_T=300.0, k_IL6_M=3000.0, k_fb=2000.0, K_S=100.0, n_S=2.0)
    sources = {f: il6_production(0.2, 0.3, 100.0, p, f) for f in FEEDBACKS}
    assert sources["gated"] == pytest.approx((60.0, 900.0, 2000.0 * 0.3 * 0.5))
    assert sources["ungated"] == pytest.approx((60.0, 900.0, 2000.0 * 0.5))
    assert sources["none"] == pytest.approx((60.0, 900.0, 0.0))


def test_macrophages_are_never_activated_beyond_all_of_them() -> None:
    assert derivatives(parameters(), M=1.0, IFN=1e9)["M"] == -1.0


def test_the_macrophage_signal_weighs_tnf_against_ifn() -> None:
    p = parameters(w_TNF=0.5, K_M=10.0, n_M=2.0)
    assert derivatives(p, IFN=6.0, TNF=8.0)["M"] == pytest.approx(0.5)


def test_half_the_receptors_are_held_at_the_dissociation_constant() -> None:
    p = parameters(V1_tcz=3.5, K_D_tcz=376.0)
    assert occupancy(3.5 * 376.0, p) == pytest.approx(0.5)
    assert occupancy(0.0, p) == 0.0
    assert occupancy(3.5 * 376.0 * 1e6, p) == pytest.approx(1.0, abs=2e-6)


def test_receptor_block_slows_il6_removal_by_the_receptor_share_and_stops_its_signal() -> None:
    p = parameters(d_IL6=2.0, k_S=3.0, f_R=0.7, V1_tcz=1.0, K_D_tcz=1.0)
    free = derivatives(p, IL6=100.0, S=40.0)
    held = derivatives(p, IL6=100.0, S=40.0, T_c=1.0)
    assert free["IL6"] - derivatives(p, S=40.0)["IL6"] == pytest.approx(-200.0)
    assert held["IL6"] - derivatives(p, S=40.0, T_c=1.0)["IL6"] == pytest.approx(-200.0 * 0.65)
    assert free["S"] == pytest.approx(3.0 * (100.0 - 40.0))
    assert held["S"] == pytest.approx(3.0 * (50.0 - 40.0))


def test_tocilizumab_is_cleared_faster_by_its_receptor_at_low_than_at_high_exposure() -> None:
    p = parameters(V1_tcz=1.0, V2_tcz=1.0, Q_tcz=0.0, CL_tcz=0.01, Vmax_tcz=300.0, Km_tcz=3000.0)
    low, high = 1e-3, 1e9
    assert -derivatives(p, T_c=low)["T_c"] / low == pytest.approx(0.01 + 0.1, rel=1e-6)
    assert -derivatives(p, T_c=high)["T_c"] / high == pytest.approx(0.01, rel=1e-4)
    assert -derivatives(p, T_c=3000.0)["T_c"] == pytest.approx(0.01 * 3000 + 150)


def test_dosing_enters_the_central_compartments_and_nothing_else() -> None:
    p = parameters()
    change = rhs(PRE_DOSE, p, 11.0, 13.0, "bispecific", "gated")
    expected = [0.0] * len(STATES)
    expected[AT["A_c"]], expected[AT["T_c"]] = 11.0, 13.0
    assert list(change) == expected
    assert INPUTS == ("u", "u_tcz")


def test_crp_is_made_by_half_at_its_threshold_and_lost_in_proportion() -> None:
    p = parameters(k_CRP=8.0, K_CRP=200.0, d_CRP=0.04)
    assert derivatives(p, S=200.0, CRP=50.0)["CRP"] == pytest.approx(4.0 - 2.0)
