"""Predictions of doses that step up, of a bispecific that does not exist."""

from __future__ import annotations

import io
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from helpers import HOPELESS, give_up_on_hopeless, made_up_bispecific

from qsp_lib.common.errors import InputError
from qsp_lib.drugs import load_dexamethasone
from qsp_lib.model import severity
from qsp_lib.model.concentration_table import ConcentrationTable
from qsp_lib.model.dosing import Bolus, Infusion, Regimen
from qsp_lib.model.draws import Draws
from qsp_lib.model.parameters import NetworkParameters
from qsp_lib.model.simulation import Solver, Steroid, simulate
from qsp_lib.model.structure import RECOVERY_AT_REST
from qsp_lib.protocol import engager_predictions
from qsp_lib.protocol.class_draws import Scatter, class_draws
from qsp_lib.protocol.dose_plans import WITH, WITHOUT, Premedication
from qsp_lib.protocol.engager_predictions import predict
from qsp_lib.protocol.predicted_doses import CYTOKINES, DosePrediction, as_csv

NETWORK = NetworkParameters.prior_medians("v2", t_cells=RECOVERY_AT_REST)
DRUG = made_up_bispecific(name="invented", label="Invented", K_B=0.72, V1=4.0, CL=0.05, EC50=20.0)
STEPS = Regimen.of(
    Infusion(0.0, 4.0, 200.0),
    Infusion(72.0, 4.0, 2_000.0),
    Infusion(144.0, 2.0, 9_000.0),
    label="in steps",
)
ONCE = Regimen.of(Infusion(0.0, 4.0, 1000.0), label="once")
BEFORE = Premedication(20.0, (-1.0, 24.0), 2)
STEROID = load_dexamethasone().inputs
SCATTER = Scatter(0.3, 0.3, 0.5, 0.3, 0.5)
HERE: dict[str, Any] = dict(workers=1)


def base_draws(n: int) -> Draws:
    some = np.random.default_rng(5).normal(0.0, 0.2, (4, 50))
    medians = {"k_fb": NETWORK.k_fb, "k_act": 0.17, "k_exh": 0.2, "k_kill": 2.0}
    drawn = {k: v * 10.0 ** some[i, :n] for i, (k, v) in enumerate(medians.items())}
    return Draws(drawn | {"k_rec": np.full(n, 0.009)})


def draws(n: int) -> Draws:
    return class_draws(base_draws(n), DRUG, SCATTER, seed=11)


def predicted(n: int = 3, **options: Any) -> DosePrediction:
    return predict(DRUG, NETWORK, STEPS, draws(n), **(dict(listed=2) | HERE | options))


def same(one: DosePrediction, other: DosePrediction, n: int) -> bool:
    """Whether the first n draws of both are the same to the bit."""
    for field in fields(one):
        a, b = getattr(one, field.name), getattr(other, field.name)
        pairs = [(a[k], b[k]) for k in a] if isinstance(a, dict) else [(a, b)]
        arrays = [pair for pair in pairs if isinstance(pair[0], np.ndarray)]
        if not all(np.array_equal(x[:n], y[:n]) for x, y in arrays):
            return False
    return True


@pytest.fixture(scope="module")
def plain() -> DosePrediction:
    return predicted()


@pytest.fixture(scope="module")
def covered() -> DosePrediction:
    return predicted(steroid=STEROID, premedication=BEFORE)


# ---------------------------------------------------------------- what is read


def test_it_is_what_one_simulation_gives_in_each_interval(plain: DosePrediction) -> None:
    assert (plain.drug, plain.regimen) == ("invented", "in steps")
    assert (plain.arm, plain.variant, plain.failed) == (WITHOUT, "", 0)
    assert plain.intervals_h == ((0.0, 72.0), (72.0, 144.0), (144.0, 408.0))
    run = simulate(DRUG, NETWORK, STEPS, draws=draws(3), horizon_h=408.0)
    base = severity.baselines()
    for k, window in enumerate(plain.intervals_h):
        for name in CYTOKINES:
            peak = run.peak(name, *window)
            assert plain.peaks[name][:, k] == pytest.approx(base[name] + peak.value, rel=1e-3)
            assert plain.peak_times_h[name][:, k] == pytest.approx(peak.time_h, abs=0.1)
        signal = run.peak("S", *window).value
        folds = np.log10((base["IL6"] + signal) / base["IL6"])
        assert plain.index[:, k] == pytest.approx(folds, abs=1e-3)
    for i, time in enumerate(plain.course_times_h):
        level = base["IL6"] + run.at("IL6", time)
        assert plain.courses["IL6"][:, i] == pytest.approx(level, rel=1e-3, abs=1e-3)


def test_levels_between_the_times_of_a_course_are_close(plain: DosePrediction) -> None:
    run = simulate(DRUG, NETWORK, STEPS, draws=draws(3), horizon_h=408.0)
    for time in (2.2, 7.5, 22.0, 54.0, 90.0, 300.0):
        level = severity.baselines()["IL6"] + run.at("IL6", time)
        assert plain.level_at("IL6", time) == pytest.approx(level, rel=0.05)
    for i, time in enumerate(plain.course_times_h):
        assert plain.level_at("TNF", time) == pytest.approx(plain.courses["TNF"][:, i], rel=1e-12)


@pytest.mark.parametrize("time", [-1.0, 408.1])
def test_levels_outside_are_refused(plain: DosePrediction, time: float) -> None:
    with pytest.raises(InputError, match="outside the course's 0 to 408 h"):
        plain.level_at("IL6", time)
    with pytest.raises(InputError, match="no course of 'IL8'"):
        plain.level_at("IL8", 1.0)
    with pytest.raises(InputError, match="no course of 'IL8'"):
        plain.course_table("IL8")


# ---------------------------------------------------------------- the steroid


def test_a_steroid_before_the_dose_lowers_the_release_and_moves_no_time(
    plain: DosePrediction, covered: DosePrediction
) -> None:
    assert covered.arm == WITH
    assert covered.intervals_h == plain.intervals_h
    assert covered.course_times_h == plain.course_times_h
    assert np.all(covered.peaks["IL6"][:, 0] < plain.peaks["IL6"][:, 0])
    regimen = STEPS.shifted(1.0)
    steroid = Steroid(
        STEROID, Regimen.of(*(Bolus(time, 20_000.0) for time in (0.0, 25.0, 72.0, 97.0)))
    )
    run = simulate(DRUG, NETWORK, regimen, draws=draws(3), steroid=steroid, horizon_h=409.0)
    peak = run.peak("IL6", 73.0, 145.0)
    total = severity.baselines()["IL6"] + peak.value
    assert covered.peaks["IL6"][:, 1] == pytest.approx(total, rel=1e-3)
    assert covered.peak_times_h["IL6"][:, 1] == pytest.approx(peak.time_h - 1.0, abs=0.1)


@pytest.mark.parametrize("table", [False, True], ids=["compartments", "table"])
def test_a_steroid_without_effect_changes_nothing(table: bool) -> None:
    """Neither does beginning an hour early, also of a table of concentrations."""
    changes: dict[str, Any] = dict(name="invented", label="Invented", K_B=0.72, EC50=20.0)
    if table:
        rows = ConcentrationTable((0.0, 5.0, 400.0, 500.0), (0.0, 60.0, 20.0, 0.0))
        changes |= dict(table=rows)
    drug = made_up_bispecific(**changes)
    inert = type(STEROID)(**(vars(STEROID) | {"IC50": 1e11}))
    options: dict[str, Any] = dict(listed=2, solver=Solver(rtol=1e-9, atol=1e-10)) | HERE
    one = predict(drug, NETWORK, STEPS, draws(2), **options)
    other = predict(drug, NETWORK, STEPS, draws(2), steroid=inert, premedication=BEFORE, **options)
    for name in CYTOKINES:
        assert other.peaks[name] == pytest.approx(one.peaks[name], rel=1e-5)
        assert other.courses[name] == pytest.approx(one.courses[name], rel=1e-5)
    assert other.index == pytest.approx(one.index, abs=1e-5)


def test_draws_of_the_steroid_come_before_its_inputs(covered: DosePrediction) -> None:
    weak = Draws(dict(draws(3).values) | {"IC50_dex": np.full(3, 1e9)})
    run = predict(
        DRUG, NETWORK, STEPS, weak, listed=2, steroid=STEROID, premedication=BEFORE, **HERE
    )
    assert np.all(run.peaks["IL6"][:, 0] > covered.peaks["IL6"][:, 0])


# ---------------------------------------------------------------- what it does not hang on


def test_a_draw_is_the_same_however_many_there_are(plain: DosePrediction) -> None:
    assert same(plain, predicted(5), 3)
    assert not same(plain, predicted(3, solver=Solver(rtol=1e-4)), 3)


@pytest.mark.thorough
def test_a_draw_is_the_same_in_any_batch_and_on_any_number_of_workers(
    plain: DosePrediction, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engager_predictions, "CHUNK", 1)
    assert same(plain, predicted(), 3)
    assert same(plain, predicted(workers=2), 3)


def test_a_prediction_that_was_stopped_goes_on(plain: DosePrediction, tmp_path: Path) -> None:
    kept = predicted(checkpoint=tmp_path / "kept")
    assert same(kept, plain, 3)
    assert same(predicted(checkpoint=tmp_path / "kept"), plain, 3)
    with pytest.raises(InputError, match="another sweep"):
        predicted(4, checkpoint=tmp_path / "kept")


def test_a_draw_that_fails_is_counted_and_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    give_up_on_hopeless(monkeypatch)
    some = draws(3)
    values = {name: array.copy() for name, array in some.values.items()}
    values["k_fb"][1] = HOPELESS
    run = predict(DRUG, NETWORK, STEPS, Draws(values), listed=2, **HERE)
    assert (
        run.failed == 1 and np.isnan(run.index[1]).all() and np.isnan(run.courses["IL6"][1]).all()
    )
    table = run.quantile_table()
    assert set(table["failed"]) == {1}
    kept = np.delete(run.index[:, 0], 1)
    first = table[(table["quantity"] == "index") & (table["from_h"] == 0)].iloc[0]
    assert first["q50"] == pytest.approx(np.median(kept))


# ---------------------------------------------------------------- tables that are kept


def test_tables_hold_every_draw_and_their_quantiles(covered: DosePrediction) -> None:
    peaks, courses, quantiles = (
        pd.read_csv(io.StringIO(as_csv(table)), keep_default_na=False)
        for table in (covered.peak_table(), covered.course_table(), covered.quantile_table())
    )
    assert len(peaks) == 3 * 3 and len(courses) == 3 * len(covered.course_times_h)
    assert len(quantiles) == 7 * 3 + 3 * len(covered.course_times_h)
    assert set(peaks["arm"]) == set(courses["arm"]) == set(quantiles["arm"]) == {WITH}
    row = peaks[(peaks["draw"] == 2) & (peaks["from_h"] == 72)].iloc[0]
    assert (row["to_h"], row["IL6_peak_pg_mL"]) == pytest.approx(
        (144, covered.peaks["IL6"][2, 1]), rel=1e-5
    )
    at = courses[(courses["draw"] == 1) & (courses["time_h"] == 80)].iloc[0]
    assert at["IL6_pg_mL"] == pytest.approx(covered.level_at("IL6", 80.0)[1], rel=1e-5)
    levels = quantiles[(quantiles["quantity"] == "TNF level") & (quantiles["from_h"] == 80)]
    assert levels.iloc[0]["q50"] == pytest.approx(
        np.median(covered.level_at("TNF", 80.0)), rel=1e-5
    )
    names = ["q05", "q25", "q50", "q75", "q95"]
    assert np.all(np.diff(quantiles[names].to_numpy(), axis=1) >= 0)
    assert list(covered.course_table(*CYTOKINES).columns[-3:]) == [f"{c}_pg_mL" for c in CYTOKINES]


def test_a_steroid_that_is_given_with_no_dose_is_no_arm_of_its_own() -> None:
    once: dict[str, Any] = dict(listed=1) | HERE
    plain = predict(DRUG, NETWORK, ONCE, draws(2), **once)
    for options in ({"steroid": STEROID}, {"premedication": BEFORE}):
        other = predict(DRUG, NETWORK, ONCE, draws(2), **(once | options))
        assert other.arm == plain.arm == WITHOUT
        assert same(plain, other, 2)


def test_a_mark_goes_with_every_table() -> None:
    some = predicted(2)
    marked = DosePrediction(
        **({f.name: getattr(some, f.name) for f in fields(some)} | {"mark": "m"})
    )
    for table in (marked.peak_table(), marked.course_table(), marked.quantile_table()):
        assert set(table["mark"]) == {"m"}
