"""Two engines, one right-hand side: they agree with each other and with a reference."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import sympy
from cases import quick
from helpers import (
    HOPELESS,
    REGIMENS,
    give_up_on_hopeless,
    made_up,
    made_up_bispecific,
    rescue_inputs,
)
from numpy.typing import NDArray

from qsp_lib.common import InputError, late
from qsp_lib.model.dosing import Bolus, Infusion, Regimen
from qsp_lib.model.draws import Draws
from qsp_lib.model.engines import ENGINES, FAST, Outcome, Task, diffsol, fast, solve_scipy
from qsp_lib.model.engines.base import classify
from qsp_lib.model.equations import FEEDBACKS, MECHANISMS, STATES
from qsp_lib.model.parameters import CrpInputs, NetworkParameters
from qsp_lib.model.simulation import Rescue, simulate
from qsp_lib.model.structure import RECOVERY_AT_REST, T_CELLS, whole
from qsp_lib.model.symbolic import traced

TOCILIZUMAB = Rescue(
    rescue_inputs(), Regimen.of(Infusion(6.0, 1.0, 400_000.0), Bolus(30.0, 176_000.0))
)
READOUT = CrpInputs(8.0, 230.0, 0.0365)
DRUGS = {"monoclonal": made_up(), "bispecific": made_up_bispecific()}
OPTIONS: dict[str, dict[str, Any]] = {
    "alone": {},
    "with tocilizumab and CRP": {"rescue": TOCILIZUMAB, "crp": READOUT},
}


def reference(task: Task) -> NDArray[np.float64]:
    """The same task by an eighth-order method at tight tolerance."""
    states, outcomes = solve_scipy(replace(task, rtol=1e-10, atol=1e-10), method="DOP853")
    assert all(outcome.completed for outcome in outcomes)
    return states


def relative_error(states: NDArray[np.float64], expected: NDArray[np.float64]) -> float:
    """Largest difference of any state, relative to that state's own maximum."""
    scale = np.abs(expected).max(axis=2)
    scale[scale == 0] = 1.0
    return float((np.abs(states - expected).max(axis=2) / scale).max())


def test_threads_that_ask_for_other_tolerances_get_their_own() -> None:
    """A compiled system is shared, and holds the settings of the batch that it solves."""
    regimen, network = REGIMENS["bolus train"], NetworkParameters.prior_medians()
    draws = Draws({"k_exh": np.geomspace(0.05, 0.5, 40)})

    def solved(rtol: float) -> NDArray[np.float64]:
        run = simulate(made_up(), network, regimen, draws=draws, rtol=rtol, atol=1e-2 * rtol)
        return run.states

    asked = [1e-6, 1e-3] * 4
    alone = {rtol: solved(rtol) for rtol in set(asked)}
    with ThreadPoolExecutor(2) as threads:
        for rtol, states in zip(asked, threads.map(solved, asked), strict=True):
            assert np.array_equal(states, alone[rtol])


@pytest.mark.parametrize("options", OPTIONS)
@pytest.mark.parametrize("regimen", quick(REGIMENS, few=["overlapping"]))
@pytest.mark.parametrize("mechanism", MECHANISMS)
def test_both_engines_agree_with_the_reference_on_every_state(
    network: NetworkParameters, mechanism: str, regimen: str, options: str
) -> None:
    run = simulate(
        DRUGS[mechanism],
        network,
        REGIMENS[regimen],
        horizon_h=60.0,  # the last dose is at 48 h
        times=np.arange(0, 60.5, 4.0),
        **OPTIONS[options],
    )
    expected = reference(run.task)
    by_scipy, _ = solve_scipy(run.task)
    assert np.abs(expected[STATES.index("IL6")]).max() > 10
    assert relative_error(run.states, expected) < 1e-5
    assert relative_error(by_scipy, expected) < 1e-5
    assert relative_error(run.states, by_scipy) < 1e-5


@pytest.mark.parametrize("feedback", FEEDBACKS)
def test_the_compiled_equations_follow_each_candidate_structure(
    network: NetworkParameters, feedback: str
) -> None:
    run = simulate(
        made_up(),
        network.replace(feedback=feedback),
        REGIMENS["infusion"],
        horizon_h=72.0,
        times=np.arange(0, 72.5, 6.0),
    )
    assert relative_error(run.states, reference(run.task)) < 1e-5


def test_the_implicit_method_for_fast_rates_agrees_with_the_explicit_one_and_the_reference(
    network: NetworkParameters, monkeypatch: pytest.MonkeyPatch
) -> None:
    fast = network.replace(d_TNF=400.0, k_TNF_T=2e6)
    drug = made_up()
    options: dict[str, Any] = dict(
        draws=Draws({"d_TNF": np.array([400.0])}), horizon_h=6.0, times=np.arange(0, 6.1, 1.0)
    )
    stiff = simulate(drug, fast, REGIMENS["infusion"], **options)
    monkeypatch.setattr(diffsol, "STIFF_RATE", np.inf)
    explicit = simulate(drug, fast, REGIMENS["infusion"], **options)
    assert not np.array_equal(stiff.states, explicit.states)
    expected = reference(stiff.task)
    assert relative_error(stiff.states, expected) < 5e-5
    assert relative_error(explicit.states, expected) < 1e-5


def test_halving_the_tolerance_only_brings_the_result_closer(network: NetworkParameters) -> None:
    runs = [
        simulate(made_up(), network, REGIMENS["step-up"], horizon_h=72.0, rtol=rtol, atol=1e-12)
        for rtol in (1e-3, 1e-5, 1e-7, 1e-9)
    ]
    expected = reference(runs[0].task)
    errors = [relative_error(run.states, expected) for run in runs]
    assert errors == sorted(errors, reverse=True)
    assert errors[-1] < 1e-7


def some_draws(n: int) -> Draws:
    rng = np.random.default_rng(11)
    spread = {"k_IFN": 4000.0, "K_M": 800.0, "k_exh": 0.1, "d_IL6": 1.4, "EC50": 300.0}
    return Draws({name: m * 10 ** rng.normal(0, 0.3, n) for name, m in spread.items()})


def test_a_batch_is_bit_for_bit_its_members_one_by_one(network: NetworkParameters) -> None:
    draws = some_draws(6)
    batch = simulate(made_up(), network, REGIMENS["step-up"], draws=draws)
    for i in range(6):
        alone = simulate(made_up(), network, REGIMENS["step-up"], draws=draws[i : i + 1])
        assert np.array_equal(alone.states[:, 0], batch.states[:, i])


def test_a_batch_in_chunks_is_bit_for_bit_the_batch_in_one(network: NetworkParameters) -> None:
    draws = some_draws(7)
    whole = simulate(made_up(), network, REGIMENS["bolus train"], draws=draws)
    parts = [
        simulate(made_up(), network, REGIMENS["bolus train"], draws=draws[part])
        for part in (slice(0, 3), slice(3, 4), slice(4, 7))
    ]
    assert np.array_equal(np.concatenate([p.states for p in parts], axis=1), whole.states)


def test_the_order_of_the_draws_decides_nothing_but_the_order_of_the_results(
    network: NetworkParameters,
) -> None:
    draws = some_draws(7)
    order = np.array([4, 0, 6, 2, 1, 5, 3])
    permuted = Draws({name: values[order] for name, values in draws.values.items()})
    first = simulate(made_up(), network, REGIMENS["infusion"], draws=draws)
    second = simulate(made_up(), network, REGIMENS["infusion"], draws=permuted)
    assert np.array_equal(second.states, first.states[:, order])


def test_a_run_leaves_nothing_behind_that_changes_the_next(network: NetworkParameters) -> None:
    before = simulate(made_up(), network, REGIMENS["infusion"])
    simulate(made_up(), network, REGIMENS["step-up"], rtol=1e-3, atol=1e-3, draws=some_draws(2))
    simulate(made_up(k_act=500.0), network, REGIMENS["infusion"])
    after = simulate(made_up(), network, REGIMENS["infusion"])
    assert np.array_equal(before.states, after.states)


def test_a_set_that_fails_is_named_and_the_others_complete(
    network: NetworkParameters, monkeypatch: pytest.MonkeyPatch
) -> None:
    give_up_on_hopeless(monkeypatch)
    draws = Draws({"k_fb": np.array([3000.0, HOPELESS, 2000.0])})
    run = simulate(made_up(), network, REGIMENS["infusion"], draws=draws)
    assert [o.name for o in run.outcomes] == ["COMPLETED", "SOLVER_FAILED", "COMPLETED"]
    assert run.completed.tolist() == [True, False, True]
    assert np.all(np.isnan(run.states[:, 1]))
    alone = simulate(made_up(), network, REGIMENS["infusion"], draws=draws[2:3])
    assert np.array_equal(run.states[:, 2], alone.states[:, 0])


def test_a_solver_that_gives_up_within_a_segment_fails_that_set_alone(
    network: NetworkParameters, monkeypatch: pytest.MonkeyPatch
) -> None:
    give_up_on_hopeless(monkeypatch, after_h=0.0)
    draws = Draws({"k_fb": np.array([4000.0, HOPELESS, 5000.0])})
    run = simulate(made_up(), network, REGIMENS["bolus train"], draws=draws)
    assert run.outcomes == (Outcome.COMPLETED, Outcome.SOLVER_FAILED, Outcome.COMPLETED)
    assert np.all(np.isnan(run.states[:, 1]))
    assert np.all(np.isfinite(run.states[:, [0, 2]]))


@pytest.mark.parametrize("engine", ENGINES)
def test_a_dose_beyond_what_can_be_computed_fails_alone_and_at_once(
    network: NetworkParameters, engine: str
) -> None:
    run = simulate(
        made_up(),
        network,
        REGIMENS["infusion"],
        dose_factor=[1.0, 2.0, 1e303],
        engine=engine,
        horizon_h=24.0,
    )
    assert [o.name for o in run.outcomes[:2]] == ["COMPLETED", "COMPLETED"]
    assert not run.outcomes[2].completed
    alone = simulate(
        made_up(), network, REGIMENS["infusion"], dose_factor=[1.0], engine=engine, horizon_h=24.0
    )
    assert relative_error(run.states[:, :1], alone.states) < 1e-5


@pytest.mark.parametrize(
    "dose", [Bolus(0.0, 1000.0), Infusion(0.0, 100.0, 1000.0)], ids=lambda d: type(d).__name__
)
def test_how_much_is_given_counts_and_not_how_fast(network: NetworkParameters, dose: Any) -> None:
    run = simulate(made_up(), network, Regimen.of(dose), horizon_h=120.0)
    # an amount of 1e100 ug, the error of which is squared, is too much; 1e99 ug is not
    for factor, too_much in ((1e96, False), (1.1e97, True), (1e98, True)):
        task = replace(run.task, dose_factor=np.array([factor]))
        assert diffsol.may_overflow(task).tolist() == [too_much]


@pytest.mark.parametrize("amount_ug", [1e120, 1e200, 1e308])
def test_an_absurd_rescue_has_an_outcome(network: NetworkParameters, amount_ug: float) -> None:
    rescue = Rescue(rescue_inputs(), Regimen.of(Bolus(6.0, amount_ug)))
    run = simulate(made_up(), network, REGIMENS["infusion"], rescue=rescue, horizon_h=24.0)
    assert not run.outcomes[0].completed


def test_elimination_counts_with_its_rate_far_below_saturation(network: NetworkParameters) -> None:
    rescue = Rescue(rescue_inputs(Vmax=1e9), Regimen.of(Bolus(6.0, 5000.0)))
    run = simulate(made_up(), network, REGIMENS["infusion"], rescue=rescue, horizon_h=24.0)
    assert diffsol.fastest_rate(run.task) == pytest.approx(1e9 / 2700.0 / 3.5)
    assert run.completed.all()
    assert run["T_c"][-1] == pytest.approx(0.0, abs=1e-3)


def test_a_finished_integration_is_judged_by_its_states() -> None:
    states = np.abs(np.random.default_rng(0).normal(size=(14, 20)))
    assert classify(states, 1e-6, 1e-8) is Outcome.COMPLETED
    rounding = states.copy()
    rounding[9, 3] = -1e-7
    assert classify(rounding, 1e-6, 1e-8) is Outcome.COMPLETED
    negative = states.copy()
    negative[9, 3] = -0.01
    assert classify(negative, 1e-6, 1e-8) is Outcome.NEGATIVE
    for bad in (np.nan, np.inf):
        undefined = states.copy()
        undefined[0, 0] = bad
        assert classify(undefined, 1e-6, 1e-8) is Outcome.NOT_FINITE


def test_every_outcome_but_one_says_what_to_do() -> None:
    assert [outcome for outcome in Outcome if outcome.completed] == [Outcome.COMPLETED]
    assert all(";" in outcome.value for outcome in Outcome if not outcome.completed)


def test_a_dose_at_the_last_report_time_before_the_end_is_seen_just_after_it(
    network: NetworkParameters,
) -> None:
    regimen = Regimen.of(Bolus(0.0, 300.0), Bolus(10.0, 900.0))
    for engine in ENGINES:
        run = simulate(
            made_up(V1=3.0, CL=0.0, Q=0.0),
            network,
            regimen,
            horizon_h=12.0,
            times=[0.0, 10.0, 12.0],
            engine=engine,
        )
        assert run["C"] == pytest.approx([100.0, 400.0, 400.0])


def test_the_two_engines_are_the_ones_on_offer() -> None:
    assert ENGINES == ("diffsol", "scipy")


# ---------------------------------------------------------------- what the fast engine makes of it


@pytest.mark.parametrize("t_cells", T_CELLS)
@pytest.mark.parametrize("mechanism", MECHANISMS)
def test_the_corners_are_rounded_off_by_next_to_nothing(mechanism: str, t_cells: str) -> None:
    structure = whole(mechanism, "gated", t_cells)
    rng = np.random.default_rng(3)
    names = (*structure.states, *structure.parameters, *structure.inputs)
    at = rng.uniform(0.2, 3.0, len(names))
    rates = list(traced(structure).values())
    rounded = [fast.smooth(rate) for rate in rates]
    assert sum(len(rate.atoms(sympy.Max)) for rate in rates) >= 3
    assert not any(rate.atoms(sympy.Max) for rate in rounded)
    both = sympy.lambdify(sympy.symbols(names), [rates, rounded], "math")(*at)
    assert both[1] == pytest.approx(both[0], rel=1e-12)


def test_a_corner_is_rounded_off_in_shares_of_what_its_argument_is_divided_by() -> None:
    x, K, n = sympy.symbols("x K n")
    rounded = fast.smooth((sympy.Max(x, 0) / K) ** n)
    small, large = ({x: 0, K: value, n: 2.0} for value in (1e-3, 1e6))
    assert float(rounded.subs(small)) == float(rounded.subs(large)) > 0


def test_the_exponents_are_found_in_the_equations() -> None:
    assert fast.exponents(whole("bispecific", "gated", RECOVERY_AT_REST)) == ("h", "n_M", "n_S")


def test_an_engine_that_is_not_installed_is_refused_with_what_it_needs(
    network: NetworkParameters, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(late.LIBRARIES, "heyoka", "heyoka_that_nobody_installed")
    with pytest.raises(InputError, match="'fast' was asked for; it needs heyoka") as refused:
        simulate(made_up(), network, REGIMENS["infusion"], engine=FAST)
    assert "pip install 'qsp-crs[fast]'" in str(refused.value)
    assert simulate(made_up(), network, REGIMENS["infusion"], horizon_h=6.0).completed.all()
