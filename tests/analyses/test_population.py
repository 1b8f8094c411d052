"""Virtual patients: who they are, what is simulated of them, how they are weighted and read."""

from __future__ import annotations

import pickle
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from helpers import made_up_bispecific
from scipy.integrate import solve_ivp
from scipy.special import ndtri

from qsp_lib.analyses.population import factors as factor_table
from qsp_lib.analyses.population.arms import knows_steroid, record_arm, simulator_of
from qsp_lib.analyses.population.factors import Factor, Factors, declared_factors, read_factors
from qsp_lib.analyses.population.incidence import limit_from, shares
from qsp_lib.analyses.population.patients import Patients
from qsp_lib.analyses.population.population import (
    ANCHOR,
    Population,
    by_blocks,
    simulate_population,
    spreads,
    weigh,
)
from qsp_lib.analyses.population.quantiles import (
    OverDraws,
    quantile_error,
    share_error,
    weighted_quantile,
    weighted_share,
)
from qsp_lib.analyses.population.sensitivity import (
    explained_by,
    people_explained,
    sobol_indices,
    sobol_places,
)
from qsp_lib.analyses.population.simulating import (
    OfPatients,
    PatientArm,
    PatientSimulator,
    il6_at,
    times_for,
)
from qsp_lib.analyses.population.spread import (
    FLOOR,
    Rule,
    SpreadDatum,
    gaps,
    spread_above_floor,
    spread_data,
    weigh_draw,
)
from qsp_lib.analyses.population.weights import Weighed, max_entropy
from qsp_lib.common import EvidenceError, InputError
from qsp_lib.drugs import load_dexamethasone
from qsp_lib.inference import kish
from qsp_lib.model import (
    CONSTANT_RECOVERY,
    RECOVERY_AT_REST,
    Bolus,
    Infusion,
    NetworkParameters,
    Regimen,
    Solver,
    Steroid,
    Structure,
    baselines,
    severity,
)
from qsp_lib.protocol import current_record

TIMES_H = tuple(datum.time_h for datum in spread_data())


# ------------------------------------------------------------------- what varies


def test_every_declared_spread_is_the_proposal_or_says_that_it_is_declared() -> None:
    found = {factor.name: factor.log10_sd for factor in declared_factors()}
    proposed = {
        "baseline_il6": 0.45,
        "targets": 0.6,
        "t_cells": 0.4,
        "macrophage_il6": 0.14,
        "macrophage_tnf": 0.35,
        "clearance": 0.2,
    }
    assert proposed.items() <= found.items()
    for factor in declared_factors():
        assert "declared assumption" in factor.sources
        assert ("VA046" in factor.sources) == (factor.name in proposed)


def test_a_factor_is_log_normal_about_1_and_cut_off_at_its_ends() -> None:
    places = (np.arange(20_000) + 0.5) / 20_000
    wide = Factor("targets", 0.6, 0.1, 10.0, ("B_0",), "targets", ("declared assumption",))
    values = wide.quantile(places)
    assert values.min() >= 0.1 and values.max() <= 10.0
    assert np.median(values) == pytest.approx(1.0, rel=1e-3)
    free = Factor("t_cells", 0.4, 1e-6, 1e6, ("k_IFN",), "T cells", ("declared assumption",))
    assert np.std(np.log10(free.quantile(places))) == pytest.approx(0.4, rel=1e-3)
    assert free.quantile(np.array([0.9])) == pytest.approx(10.0 ** (0.4 * ndtri(0.9)))


def test_a_spread_of_zero_is_one_and_the_same_patient() -> None:
    alike = declared_factors().with_spread(**dict.fromkeys(declared_factors().names, 0.0))
    assert np.all(Patients(3, 5, 1, alike).values() == 1.0)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"log10_sd": -0.1}, "spread of t_cells is -0.1"),
        ({"log10_sd": 2.5}, "expected 0 to 2"),
        ({"log10_sd": float("nan")}, "expected 0 to 2"),
        ({"lowest": 1.5}, "cut off at 1.5"),
        ({"highest": float("inf")}, "cut off at"),
        ({"scales": ()}, "scales nothing"),
        ({"scales": ("k_fbb",)}, "k_fbb"),
    ],
)
def test_a_factor_that_cannot_be_is_refused(change: dict[str, object], said: str) -> None:
    sound = {
        "name": "t_cells",
        "log10_sd": 0.4,
        "lowest": 0.01,
        "highest": 100.0,
        "scales": ("k_IFN",),
        "words": "T cells",
        "sources": ("declared assumption",),
    }
    with pytest.raises(InputError, match=said):
        Factor(**(sound | change))  # type: ignore[arg-type]


def test_two_factors_of_one_parameter_and_unknown_ones_are_refused() -> None:
    one = declared_factors().all[2]
    with pytest.raises(InputError, match="in two patient factors"):
        Factors((one, one))
    with pytest.raises(InputError, match="no patient factor 'weight'"):
        declared_factors().with_spread(weight=0.1)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("0.45,", "wide,", "expected a number"),
        ("VA002;VA046;declared assumption", "VA999", "VA999"),
        (";declared assumption", "", "declared assumption"),
        ("factor,", "name,", "has the columns"),
        ("healthy IL-6 level,", "", "expected 8 cells"),
    ],
)
def test_a_table_that_cannot_be_read_without_a_guess_is_refused(
    old: str, new: str, said: str
) -> None:
    path = Path(factor_table.__file__).parents[2] / "data" / "patient_factors.csv"
    text = path.read_text(encoding="utf-8")
    assert old in text
    with pytest.raises(EvidenceError, match=said):
        read_factors(text.replace(old, new, 1))


# ------------------------------------------------------------------------ patients


def test_a_patient_hangs_on_the_seed_and_a_number_alone() -> None:
    few, many = Patients(2, 10, 5), Patients(7, 100, 5)
    assert np.array_equal(few.values(), many.values(0, 20))
    assert np.array_equal(many.values(33, 4), many.values()[33:37])
    assert not np.any(few.values() == Patients(2, 10, 6).values())


def test_another_factor_moves_no_other_factor() -> None:
    fewer = Factors(declared_factors().all[:4])
    assert np.array_equal(Patients(1, 30, 5, fewer).values(), Patients(1, 30, 5).values()[:, :4])


def test_places_are_uniform_and_inside_the_cube() -> None:
    places = Patients(100, 100, 1).unit(0, 10_000)
    assert 0 < places.min() and places.max() < 1
    for i in range(places.shape[1]):
        counts = np.histogram(places[:, i], 20, (0, 1))[0]
        assert np.sum((counts - 500) ** 2 / 500) < 50  # chi-square, 19 degrees of freedom
    correlations = np.corrcoef(places.T)[np.triu_indices(places.shape[1], 1)]
    assert np.abs(correlations).max() < 5 / np.sqrt(len(places))


def test_patients_that_there_are_not_are_refused() -> None:
    with pytest.raises(InputError, match="1 or more of both"):
        Patients(0, 5, 1)
    with pytest.raises(InputError, match="seed of the patients is -1"):
        Patients(1, 5, -1)
    with pytest.raises(InputError, match="there are 10"):
        Patients(2, 5, 1).values(8, 3)


# --------------------------------------------------------------------- simulation


@pytest.fixture(scope="module")
def simulator() -> PatientSimulator:
    record = current_record()
    draws = record.draws(4)
    anchor = record_arm(record, ANCHOR, draws=draws, times_h=TIMES_H)
    low = record_arm(record, "low", "flat_15", draws=draws, horizon_h=96.0)
    arms = (anchor, low.with_burden(0.1, "low"))
    return simulator_of(record, arms, declared_factors())


@pytest.fixture(scope="module")
def population(simulator: PatientSimulator) -> Population:
    return simulate_population(simulator, Patients(4, 40, 11), workers=1, chunk=37)


def test_no_chunking_changes_a_bit(simulator: PatientSimulator, population: Population) -> None:
    of = OfPatients(simulator, Patients(4, 40, 11))
    whole = np.stack([v.ravel() for v in population.values.values()], axis=1)
    for first, last in ((0, 1), (38, 45), (150, 160)):
        part = of(np.arange(first, last, dtype=float)[:, None])
        assert np.array_equal(part, whole[first:last], equal_nan=True)


@pytest.mark.thorough
def test_workers_change_nothing(simulator: PatientSimulator, population: Population) -> None:
    again = simulate_population(simulator, Patients(4, 40, 11), workers=2, chunk=50)
    for name, values in population.values.items():
        assert np.array_equal(again.values[name], values, equal_nan=True)


def test_blocks_of_draws_are_the_same_patients_and_say_the_same(
    simulator: PatientSimulator, population: Population
) -> None:
    def summary(found: Population) -> np.ndarray:
        index = found.of(ANCHOR, "index")
        return np.stack([np.median(index, axis=1), index.max(axis=1)], axis=1)

    patients, whole = Patients(4, 40, 11), summary(population)
    for draws in (1, 3):
        found = by_blocks(simulator, patients, summary, draws, workers=1)
        assert np.array_equal(found, whole)
    sizes = [len(block) for block in patients.blocks(3)]
    assert sizes == [120, 40]
    with pytest.raises(InputError, match="draws 3 to 4 for treatments of 4"):
        simulate_population(simulator, Patients(2, 5, 11, first_draw=3))
    with pytest.raises(InputError, match="0 draws at a time"):
        list(patients.blocks(0))


def test_a_population_that_was_stopped_goes_on_and_another_is_refused(
    simulator: PatientSimulator, population: Population, tmp_path: Path
) -> None:
    some = Patients(1, 6, 11)
    options = {"workers": 1, "chunk": 4, "checkpoint": tmp_path / "kept"}
    once = simulate_population(simulator, some, **options)
    again = simulate_population(simulator, some, **options)
    assert np.array_equal(once.of(ANCHOR, "index"), again.of(ANCHOR, "index"))
    with pytest.raises(InputError, match="another sweep"):
        simulate_population(simulator, Patients(1, 6, 12), **options)


def test_the_average_patient_is_the_draw_itself(simulator: PatientSimulator) -> None:
    record = current_record()
    draws = record.draws(4)["blinatumomab"]
    times = times_for(record.regimen("blinatumomab"), record.solver.horizon_h)
    run = record.run("blinatumomab", draws=draws, times=times)
    found = simulator.run(np.arange(4), np.ones((4, len(simulator.factors))))
    columns = dict(zip(simulator.quantities, found.T, strict=True))
    assert columns["anchor.index"] == pytest.approx(severity.index(run), rel=1e-9)
    level = baselines()["IL6"] + run.at("IL6", 24.0)
    assert columns[f"anchor.{il6_at(24.0)}"] == pytest.approx(level, rel=1e-9)


def test_the_healthy_level_moves_what_is_observed_and_not_the_index(
    simulator: PatientSimulator,
) -> None:
    factors = np.ones((2, len(simulator.factors)))
    factors[1, simulator.factors.names.index("baseline_il6")] = 3.0
    average, other = simulator.run(np.zeros(2, int), factors)
    columns = list(simulator.quantities)
    assert other[columns.index("anchor.index")] == average[columns.index("anchor.index")]
    peak = columns.index("anchor.il6_peak")
    assert other[peak] - average[peak] == pytest.approx(2 * baselines()["IL6"])


def test_so_many_times_the_targets_are_so_many_times_the_activation() -> None:
    """Of the T-cell part whose targets start at 1: the same activated T cells, to the tolerance."""
    structure = Structure("bispecific")
    part, times = structure.t_cell_part, np.linspace(0, 48, 25)

    def activated(targets: float, activation: float) -> np.ndarray:
        p = SimpleNamespace(
            EC50=1.0, h=1.0, K_hook=50.0, k_act=0.1 * activation, k_exh=0.2, k_rec=0.01, k_kill=1.0
        )

        def rates(_: float, y: np.ndarray) -> list[float]:
            state = SimpleNamespace(**dict(zip(("R", "A", "X", "B"), y, strict=True)))
            q = SimpleNamespace(E=part.engagement(2.0, state.B, p))
            return [float(rate) for rate in part.rates(state, p, q).values()]

        start = [1.0, 0.0, 0.0, targets]
        return solve_ivp(rates, (0, 48), start, t_eval=times, rtol=1e-10, atol=1e-12).y[1]

    np.testing.assert_allclose(activated(3.0, 1.0), activated(1.0, 3.0), rtol=1e-6, atol=1e-10)


@pytest.mark.parametrize("t_cells", [CONSTANT_RECOVERY, RECOVERY_AT_REST])
def test_targets_count_with_either_t_cell_part(t_cells: str) -> None:
    drug = made_up_bispecific(K_B=0.72 if t_cells == RECOVERY_AT_REST else None)
    network = NetworkParameters.prior_medians(t_cells=t_cells)
    regimen = Regimen.of(Infusion(0.0, 48.0, 3000.0))
    given = {"k_act": np.array([0.1, 0.3])}
    steroid = Steroid(load_dexamethasone().inputs, Regimen.of(Bolus(0.0, 20_000.0)))
    plain = PatientArm("plain", drug, regimen, given, 96.0, (24.0,))
    arms = (plain, replace(plain, name="covered", steroid=steroid))
    found = PatientSimulator(network, arms, declared_factors(), Solver())
    assert found.idle == {"plain": (), "covered": ()} and found.mark == ""
    factors = np.ones((2, len(declared_factors())))
    factors[1, declared_factors().names.index("targets")] = 5.0
    columns = dict(zip(found.quantities, found.run(np.array([1, 1]), factors).T, strict=True))
    few, many = columns["plain.index"]
    assert many > few
    assert np.all(columns["covered.index"] < columns["plain.index"])


def test_a_burden_is_a_patient_with_fewer_targets(simulator: PatientSimulator) -> None:
    one = np.ones((1, len(simulator.factors)))
    tenth = one.copy()
    tenth[0, simulator.factors.names.index("targets")] = 0.1
    (low,) = (arm for arm in simulator.arms if arm.name == "low")
    plain = PatientSimulator(
        simulator.network, (low.with_burden(1.0, "low"),), simulator.factors, simulator.solver
    )
    alone = PatientSimulator(simulator.network, (low,), simulator.factors, simulator.solver)
    draw = np.zeros(1, int)
    assert np.array_equal(alone.run(draw, one), plain.run(draw, tenth))


def test_a_burden_that_no_factor_takes_is_refused(simulator: PatientSimulator) -> None:
    others = Factors(tuple(f for f in declared_factors() if f.name != "targets"))
    with pytest.raises(InputError, match="low has a burden of its own"):
        replace(simulator, factors=others)
    with pytest.raises(InputError, match="a burden of 20"):
        simulator.arms[0].with_burden(20.0, "too many")
    with pytest.raises(InputError, match="each once"):
        replace(simulator, arms=simulator.arms[:1] * 2)


def test_an_arm_cannot_be_changed_and_travels(simulator: PatientSimulator) -> None:
    arm = pickle.loads(pickle.dumps(simulator.arms[0]))
    assert {k: v.tolist() for k, v in arm.values.items()} == {
        k: v.tolist() for k, v in simulator.arms[0].values.items()
    }
    with pytest.raises(TypeError):
        arm.values["k_act"] = np.ones(4)  # type: ignore[index]
    with pytest.raises(ValueError, match="read-only"):
        arm.values["k_act"][0] = 1.0


def test_a_monoclonal_antibody_has_no_use_for_targets() -> None:
    record = current_record()
    draws = record.draws(2)
    arm = record_arm(record, "tgn1412", draws=draws, drug="tgn1412")
    found = simulator_of(record, (arm,), declared_factors())
    assert found.idle == {"tgn1412": ("targets",)}
    assert found.mark == f"unlocked copy of lock {record.version}"


def test_report_times_follow_every_change_of_dosing() -> None:
    regimen = Regimen.of(Infusion(0, 168, 1), Infusion(168, 168, 4))
    times = times_for(regimen, 336.0)
    assert times[0] == 0.0 and times[-1] == 336.0
    assert np.all(np.diff(times[(times >= 168) & (times <= 216)]) <= 0.5)


def test_a_steroid_is_given_before_each_increase_where_the_record_knows_one() -> None:
    record = current_record()
    arm = record_arm(
        record, "step", "step", draws=record.draws(1), horizon_h=200.0, premedicated=True
    )
    if knows_steroid(record):
        assert arm.steroid is not None and arm.horizon_h == 201.0
        assert [dose.time_h for dose in arm.steroid.regimen.doses] == [0.0, 168.0]
        assert arm.regimen.first_dose_h == 1.0
    else:
        assert arm.steroid is None and arm.horizon_h == 200.0


# ------------------------------------------------------------------------ weights


def test_the_weights_of_two_values_are_known() -> None:
    """Mean 0.3 of values 0 and 1: those at 1 have 0.3 together, evenly."""
    values = np.array([0.0] * 6 + [1.0] * 2)
    found = max_entropy((values - 0.3)[:, None], ["mean"])
    assert found.outcome is Weighed.MET
    assert found.weights == pytest.approx([0.7 / 6] * 6 + [0.3 / 2] * 2, rel=1e-9)
    assert found.effective == pytest.approx(1 / (0.49 / 6 + 0.09 / 2))


def test_a_normal_that_is_moved_and_widened_is_tilted_as_it_should_be() -> None:
    """Of N(0, 1), mean m and variance v are met by the ratio of the densities."""
    x = ndtri((np.arange(4000) + 0.5) / 4000)
    m, v = 0.3, 1.15
    found = max_entropy(np.stack([x - m, (x - m) ** 2 - v], axis=1), ["mean", "spread"])
    ratio = np.exp(-((x - m) ** 2) / (2 * v) + x**2 / 2)
    inside = np.abs(x) < 2
    expected = ratio / ratio.sum()
    assert found.weights[inside] == pytest.approx(expected[inside], rel=0.02)
    assert found.weights @ x == pytest.approx(m, abs=1e-12)
    assert found.weights @ (x - m) ** 2 == pytest.approx(v, abs=1e-12)


def test_what_was_asked_for_is_met_to_rounding() -> None:
    """However far from the start: the weights hang on no stopping rule of the search."""
    rng = np.random.default_rng(8)
    for asked in rng.uniform(-0.6, 0.6, 12):
        x = rng.normal(size=(80, 2))
        found = max_entropy(np.stack([x[:, 0] - asked, x[:, 1] ** 2 - 1.3], axis=1), ["a", "b"])
        assert found.outcome is Weighed.MET
        assert np.abs(found.weights @ x[:, 0] - asked) < 1e-14
        assert np.abs(found.weights @ x[:, 1] ** 2 - 1.3) < 1e-14


def test_data_that_are_met_already_leave_the_weights_even() -> None:
    x = np.random.default_rng(1).normal(size=50)
    found = max_entropy(np.stack([x - x.mean(), x**2 - (x**2).mean()], axis=1), ["a", "b"])
    assert found.weights == pytest.approx(np.full(50, 0.02), rel=1e-9)
    assert found.effective == pytest.approx(50)


def test_data_that_cannot_be_met_are_named() -> None:
    x = np.linspace(-1, 1, 40)
    possible, too_far = x - 0.2, x - 1.5
    found = max_entropy(np.stack([possible, too_far], axis=1), ["near", "far"])
    assert (found.outcome, found.fails, found.effective) == (Weighed.NO_SOLUTION, "far", 0.0)
    assert not found.weights.any()
    other = max_entropy(np.stack([too_far, possible], axis=1), ["far", "near"])
    assert other.fails == "far"


def test_two_averages_that_say_the_same_do_no_harm() -> None:
    x = np.linspace(-1, 1, 40)
    once = max_entropy((x - 0.2)[:, None], ["a"])
    twice = max_entropy(np.stack([x - 0.2, 2 * (x - 0.2)], axis=1), ["a", "b"])
    assert twice.weights == pytest.approx(once.weights, rel=1e-9)


def test_who_is_not_included_has_no_weight() -> None:
    x = np.linspace(-1, 1, 40)
    found = max_entropy((x - 0.2)[:, None], ["a"], x < 0.9)
    assert not found.weights[x >= 0.9].any() and found.weights @ x == pytest.approx(0.2)
    nobody = max_entropy((x - 0.2)[:, None], ["a"], x > 2)
    assert nobody.outcome is Weighed.TOO_FEW


def test_fewer_effective_patients_than_asked_are_too_few() -> None:
    values = np.array([0.0] * 30 + [1.0] * 2)
    found = max_entropy((values - 0.9)[:, None], ["mean"], least_effective=5)
    assert (found.outcome, found.effective) == (Weighed.TOO_FEW, 0.0)


def test_gaps_that_are_no_numbers_are_refused() -> None:
    with pytest.raises(InputError, match="finite numbers"):
        max_entropy(np.array([[np.nan], [1.0]]), ["a"])
    with pytest.raises(InputError, match="for 2 averages"):
        max_entropy(np.ones((3, 1)), ["a", "b"])


def test_kishs_number_counts_equal_weights() -> None:
    assert kish(np.full(7, 0.3)) == pytest.approx(7)
    assert kish(np.array([1.0, 1.0, 0.0, 0.0])) == 2 and kish(np.zeros(3)) == 0


# ------------------------------------------------------------------ the open spread


def test_the_spread_is_that_of_the_rows_and_two_times_are_held_out() -> None:
    data = spread_data()
    assert [datum.id for datum in data] == ["VA012", "VA013", "VA014", "VA015", "VA016"]
    assert [datum.time_h for datum in data if not datum.used] == [12.0, 48.0]
    for datum in data:
        low, high = datum.interval
        assert low < datum.log10_sd < high


def test_a_range_says_as_much_of_the_spread_as_simulated_ranges_do() -> None:
    drawn = np.random.default_rng(2).normal(size=(40_000, 9))
    ranges = np.ptp(drawn, axis=1)
    datum = SpreadDatum("x", 1.0, 1.0, 10.0, 1000.0, 9, True)
    low, high = datum.interval  # of a range of 2 decades
    assert [2 / high, 2 / low] == pytest.approx(np.percentile(ranges, [5, 95]), rel=0.02)


def test_weights_that_meet_the_gaps_have_the_spread_about_the_same_median() -> None:
    level = np.random.default_rng(3).normal(2.3, 0.55, 400)
    values, datum = 10.0**level, spread_data()[0]
    everyone = np.ones(400, bool)
    found = max_entropy(gaps(values, datum, everyone), [datum.name] * 2)
    above = values > FLOOR
    median = np.median(level[above])
    w = found.weights * above
    assert w[level <= median].sum() == pytest.approx(w.sum() / 2, abs=1e-9)
    rms = np.sqrt(np.sum(w * (level - median) ** 2) / w.sum())
    assert rms == pytest.approx(datum.log10_sd, abs=1e-9)
    assert spread_above_floor(values, found.weights) <= datum.log10_sd + 1e-9
    # those below the floor are held to nothing, and all the same to the weights
    assert np.ptp(found.weights[~above]) < 1e-15


def test_nobody_above_the_floor_meets_no_spread() -> None:
    datum = spread_data()[0]
    found = max_entropy(gaps(np.full(30, 5.0), datum, np.ones(30, bool)), [datum.name] * 2)
    assert (found.outcome, found.fails) == (Weighed.NO_SOLUTION, datum.name)


def test_patients_who_are_all_alike_meet_no_spread_and_the_datum_is_named() -> None:
    alike = {time: np.full(50, 200.0) for time in TIMES_H}
    found = weigh_draw(alike, least_effective=2)
    used = [datum.name for datum in spread_data() if datum.used]
    assert found.outcome is Weighed.NO_SOLUTION and found.fails in used
    failed = weigh_draw({time: np.full(50, np.nan) for time in TIMES_H})
    assert failed.outcome is Weighed.TOO_FEW


def test_a_patient_that_failed_has_no_weight() -> None:
    levels = 10.0 ** np.random.default_rng(6).normal(2.4, 0.85, (5, 200))
    il6 = dict(zip(TIMES_H, levels, strict=True))
    il6[24.0][7] = np.nan
    found = weigh_draw(il6, least_effective=2)
    assert found.outcome is Weighed.MET and found.weights[7] == 0


def test_the_weighted_population_has_the_spread_that_it_is_held_to(
    population: Population,
) -> None:
    everyone = weigh(population, Rule.ALL, 1.5)
    assert everyone.met.any()
    for datum in (d for d in spread_data() if d.used):
        values = population.of(ANCHOR, il6_at(datum.time_h))
        for draw in np.flatnonzero(everyone.met):
            column = gaps(values[draw], datum, np.ones(values.shape[1], bool))
            assert np.abs(everyone.weights[draw] @ column).max() < 1e-7
    assert sum(everyone.counts.values()) == 4
    found = spreads(population, everyone)
    assert all(len(sds) == everyone.met.sum() for sds in found.values())


def test_the_second_rule_leaves_out_who_is_above_all_that_was_seen(
    population: Population,
) -> None:
    seen = weigh(population, Rule.SEEN, 1.5)
    for datum in (d for d in spread_data() if d.used):
        above = population.of(ANCHOR, il6_at(datum.time_h)) > datum.high
        assert not seen.weights[above].any()


def test_more_effective_patients_than_there_are_are_refused(population: Population) -> None:
    with pytest.raises(InputError, match="there are 40 in a draw"):
        weigh(population, Rule.ALL, 41)
    nobody = weigh(population, Rule.ALL, 40)
    assert not nobody.met.all() and nobody.counts["too_few"] + nobody.counts["no_solution"] > 0


# ----------------------------------------------------------------------- quantiles


def test_equal_weights_give_hazens_quantiles() -> None:
    values = np.random.default_rng(4).normal(size=37)
    for p in (0.05, 0.5, 0.9):
        found = weighted_quantile(values, np.full(37, 0.2), p)
        assert found == pytest.approx(np.quantile(values, p, method="hazen"), rel=1e-12)


def test_a_weight_of_two_is_as_good_as_two_patients() -> None:
    x = np.linspace(0, 1, 2001)
    w = np.where(x < 0.5, 2.0, 1.0)
    assert weighted_quantile(x, w, 2 / 3) == pytest.approx(0.5, abs=1e-3)
    assert weighted_share(x, w, 0.5) == pytest.approx(1 / 3, abs=1e-3)


def test_no_share_is_above_one_by_a_last_digit() -> None:
    """Weights of nothing change the order in which the others are added up."""
    rng = np.random.default_rng(0)
    for _ in range(200):
        weights = rng.uniform(size=31) * (rng.uniform(size=31) > 0.3)
        share = weighted_share(np.ones(31), weights, 0.5)
        assert share <= 1.0
        assert share_error(share, weights) == pytest.approx(0.0, abs=1e-7)


def test_the_error_of_a_quantile_of_uniform_values_is_known() -> None:
    """Of n uniform values the quantile at p has the standard error sqrt(p (1 - p)/n)."""
    x = (np.arange(10_000) + 0.5) / 10_000
    assert quantile_error(x, np.ones(10_000), 0.3) == pytest.approx(np.sqrt(0.21 / 10_000))
    assert share_error(0.3, np.ones(10_000)) == pytest.approx(np.sqrt(0.21 / 10_000))


def test_the_error_is_what_repeated_populations_show() -> None:
    rng = np.random.default_rng(5)
    samples = rng.normal(size=(400, 300))
    weights = np.exp(0.5 * samples)
    found = [weighted_quantile(x, w, 0.8) for x, w in zip(samples, weights, strict=True)]
    told = [quantile_error(x, w, 0.8) for x, w in zip(samples, weights, strict=True)]
    assert np.mean(told) == pytest.approx(np.std(found), rel=0.25)


def test_a_quantile_of_nothing_is_refused() -> None:
    with pytest.raises(InputError, match="weight above 0"):
        weighted_quantile(np.ones(3), np.zeros(3), 0.5)
    with pytest.raises(InputError, match="expected 0 to 1"):
        weighted_quantile(np.ones(3), np.ones(3), 1.5)
    with pytest.raises(InputError, match="No draw of the posterior"):
        OverDraws.of(np.zeros(0), np.zeros(0))


def test_the_limit_gives_back_the_share_it_was_set_by(population: Population) -> None:
    even = population.even
    limit = limit_from(population, even, "low", 0.15)
    found = shares(population, even, "low", limit).over_draws()
    assert found.median == pytest.approx(0.15, abs=1 / 40)
    # of the share at the limit, and of the limit, which other patients would have set elsewhere
    alone = np.sqrt(0.15 * 0.85 / 40)
    assert 0.9 * alone < found.monte_carlo < 2 * alone
    more = shares(population, even, ANCHOR, limit).over_draws()
    assert more.median > found.median


# --------------------------------------------------------------------- sensitivity


def ishigami(places: np.ndarray) -> np.ndarray:
    x = np.pi * (2 * places - 1)
    return np.sin(x[:, 0]) + 7 * np.sin(x[:, 1]) ** 2 + 0.1 * x[:, 2] ** 4 * np.sin(x[:, 0])


def test_ishigamis_function_has_its_known_indices() -> None:
    """Ishigami and Homma 1990, a = 7, b = 0.1: exact first-order and total indices."""
    (found,) = explained_by(ishigami, ("x1", "x2", "x3"), 1024, 7, workers=1)
    assert found.first == pytest.approx([0.3139, 0.4424, 0.0], abs=0.02)
    assert found.total == pytest.approx([0.5576, 0.4424, 0.2437], abs=0.02)
    assert found.largest == "x1"
    total, error = found.first_sum
    assert total <= 1 + error


def test_indices_that_cannot_be_are_refused() -> None:
    with pytest.raises(InputError, match="power of 2"):
        sobol_places(("a", "b"), 100, 1)
    with pytest.raises(InputError, match="two or more"):
        sobol_places(("a",), 64, 1)
    with pytest.raises(InputError, match="everywhere"):
        sobol_indices(("a", "b"), np.ones(64), 1)
    with pytest.raises(InputError, match="base points times 4"):
        sobol_indices(("a", "b"), np.ones(63), 1)


def test_a_base_point_that_failed_is_left_out_whole_and_counted() -> None:
    outputs = ishigami(sobol_places(("x1", "x2", "x3"), 256, 7))
    outputs[7] = np.nan
    found = sobol_indices(("x1", "x2", "x3"), outputs, 7)
    assert (found.base, found.dropped) == (255, 1)


def test_the_posterior_is_one_factor_and_what_is_not_read_explains_nothing(
    simulator: PatientSimulator,
) -> None:
    found = people_explained(simulator, 32, 3, workers=1)
    index = found["anchor.index"]
    assert index.names[0] == "posterior draw"
    assert index.total[index.names.index("baseline_il6")] == pytest.approx(0, abs=1e-12)
    total, error = index.first_sum
    assert total <= 1 + error
