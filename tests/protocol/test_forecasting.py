"""Predictions of a version 2 lock hold all that the rules of scoring may set a row beside."""

from __future__ import annotations

import numpy as np
import pytest

from qsp_lib.common.errors import LockError
from qsp_lib.drugs.reading import load_drug
from qsp_lib.protocol import forecasting
from qsp_lib.protocol.comparing import require_same_table
from qsp_lib.protocol.dose_plans import (
    FIRST_DOSES_MG,
    PLANS,
    SINGLE,
    STEPPED,
    DosePlan,
    course_times,
    intervals_h,
)
from qsp_lib.protocol.forecasting import (
    STEPS_OF_RULES,
    class_names,
    class_of_blinatumomab,
    listed_forecasts,
    listed_predictions,
)
from qsp_lib.protocol.places import PACKAGED
from qsp_lib.protocol.predicted_doses import CYTOKINES, DosePrediction
from qsp_lib.protocol.seal import sealed_tables
from qsp_lib.scoring import (
    Forecasts,
    Rules,
    forecasts_text,
    not_covered,
    plain_rules,
    read_forecasts,
)

RULES = Rules.from_plain(plain_rules())
N = 3


def flat(plan: DosePlan, level: float = 50.0) -> DosePrediction:
    """A prediction in which nothing happens: nothing held back is simulated here."""
    regimen = load_drug(plan.drug, inputs="v2").regimens[plan.regimen]
    intervals, times = intervals_h(regimen, plan.listed), course_times(regimen, plan.listed)
    per_dose, per_time = np.full((N, len(intervals)), level), np.full((N, len(times)), level)
    return DosePrediction(
        plan.drug,
        plan.regimen,
        "",
        "",
        intervals,
        np.zeros_like(per_dose),
        dict.fromkeys(CYTOKINES, per_dose),
        dict.fromkeys(CYTOKINES, per_dose),
        times,
        dict.fromkeys(CYTOKINES, per_time),
    )


def on_record(file: str) -> list[str]:
    """What a committed table of draws holds a column of."""
    with (PACKAGED.predictions / file).open(encoding="utf-8") as table:
        return next(table).strip().split(",")[1:]


def test_the_stepped_prediction_covers_its_table() -> None:
    draws = dict(forecasting._quantities(STEPPED, flat(STEPPED), peaks=False))
    whole = Forecasts.of(draws)
    assert not_covered(RULES, "blinatumomab_step_dosing", whole) == []
    assert list(whole) == on_record("forecast-v2-stepped.csv")


def test_the_predictions_of_the_class_cover_their_table() -> None:
    draws = {}
    for plan in PLANS:
        if (plan.drug, plan.regimen) in STEPS_OF_RULES:
            draws |= dict(forecasting._quantities(plan, flat(plan)))
    for dose in FIRST_DOSES_MG:
        draws |= dict(
            forecasting._quantities(
                SINGLE, flat(SINGLE), times_h=forecasting.SINGLE_TIMES_H, amount=dose
            )
        )
    whole = Forecasts.of(draws)
    assert not_covered(RULES, "external_drugs", whole) == []
    # what is on record, with and without dexamethasone, is what would be predicted again
    for file in ("forecast-v2-engagers.csv", "forecast-v2-engagers-alone.csv"):
        assert sorted(on_record(file)) == sorted(whole)
    again = read_forecasts("made_up.csv", forecasts_text(whole))
    assert set(again) == set(whole) and again.n_draws == N
    fewer = Forecasts.of({q: v for q, v in draws.items() if q.drug != "teclistamab"})
    assert not_covered(RULES, "external_drugs", fewer)


def test_the_doses_of_rules_and_plans_are_the_same() -> None:
    for table in ("blinatumomab_step_dosing", "external_drugs"):
        for given in RULES.table(table).regimens:
            (plan,) = (
                p
                for p in (STEPPED, SINGLE, *PLANS)
                if STEPS_OF_RULES.get((p.drug, p.regimen)) == given.name and p.drug == given.drug
            )
            regimen = load_drug(plan.drug, inputs="v2").regimens[plan.regimen]
            starts = [start for start, _ in intervals_h(regimen, plan.listed)]
            assert list(given.times_h)[: len(starts)] == pytest.approx(starts[: len(given.times_h)])


def test_every_table_has_its_predictions_and_the_first_draws_are_of_the_tested_forecast() -> None:
    listed, draws = listed_predictions("v2"), listed_forecasts("v2")
    assert set(listed) == set(draws) == set(sealed_tables())
    for table, forecasts in draws.items():
        assert {one["file"] for one in forecasts} <= set(listed[table])
    assert draws["external_drugs"][0]["name"] == "dexamethasone"
    # the population's incidences come before this table, which holds percentages too
    assert "population-v2.json" in listed["external_drugs"]


def test_the_class_is_said_with_how_far_its_drugs_lie_apart() -> None:
    said = class_of_blinatumomab("v2")
    assert set(said["scatter_log10_sd"]) == set(class_names())
    for widths in said["scatter_log10_sd"].values():
        assert widths == {"k_act": 0.3, "k_exh": 0.3, "k_kill": 0.5, "EC50": 0.3, "K_hook": 0.5}
    assert said["lysis_to_cytokines"] == {"median": 2.0, "log10_sd": 0.5}


def test_a_table_left_by_an_interrupted_run_is_taken_only_if_it_is_what_is_made_now(
    tmp_path,
) -> None:
    path = tmp_path / "forecast.csv"
    path.write_text("draw,a\n0,1.00000\n", encoding="utf-8")
    require_same_table(path, "draw,a\n0,1.00001\n")
    for other in ("draw,a\n0,1.00100\n", "draw,b\n0,1.00000\n", "draw,a\n"):
        with pytest.raises(LockError, match="is not what is made now"):
            require_same_table(path, other)
