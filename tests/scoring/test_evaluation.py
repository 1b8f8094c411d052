"""Made-up rows beside made-up forecasts: what a table of each kind comes to."""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np
import pytest
from made_up import ENGAGER, ROW, STEPPED, forecasts, normal, row, rules
from scipy.stats import norm

from qsp_lib.common.numbers import rounded
from qsp_lib.evidence import EvidenceRow, load_observations, median_above
from qsp_lib.protocol.blind_test import compare_with_outcomes
from qsp_lib.scoring import GRADE, EligibleRow, ForecastQuantity, Forecasts, evaluate, row_rule
from qsp_lib.scoring.evaluation import expected, since_dose
from qsp_lib.scoring.mixture import Mixture, observation_sd
from qsp_lib.scoring.reference import observed, references

STEP, OKT3, OTHERS = "blinatumomab_step_dosing", "okt3_outcomes", "external_drugs"


def eligible(table: str, rows: list[EvidenceRow]) -> list[EligibleRow]:
    verdicts = row_rule(rules(), table)(rows)
    return [
        EligibleRow(given.id, verdict.target)
        for given, verdict in zip(rows, verdicts, strict=True)
        if verdict.target is not None
    ]


def evaluated(table: str, *rows: EvidenceRow, **given: Forecasts) -> dict[str, Any]:
    return evaluate(rules(), table, eligible(table, list(rows)), given or {"own": forecasts(table)})


def studies(base: Any, values: list[str], **changes: Any) -> list[EvidenceRow]:
    """One row a made-up study."""
    return [
        row(base, id=f"MU{i:03d}", value=value, source=f"Made-up study {i}", **changes)
        for i, value in enumerate(values)
    ]


# ---------------------------------------------------------------- one row, by hand


def test_a_scored_row_is_the_mixture_over_the_draws() -> None:
    found = evaluated(OTHERS, row(ENGAGER, value="1000"))
    draws = forecasts(OTHERS)["teclistamab/step/2/IL6/peak"].draws
    for name, s_study in (("with s_study", 0.3), ("without s_study", 0.0)):
        mixture = Mixture(draws, observation_sd(10, 0.85, s_study))
        own = found["scores"][name]["own"]
        assert own["crps"] == pytest.approx(mixture.crps(3.0))
        assert own["log_score"] == pytest.approx(-mixture.log_density(3.0))
        assert own["rows"] == own["clusters"] == 1
    (told,) = found["each_row"]
    assert told["pit"] == pytest.approx(Mixture(draws, observation_sd(10, 0.85, 0.3)).cdf(3.0))
    assert told["predicted_median_pg_mL"] == pytest.approx(100.0)
    assert told["observed_pg_mL"] == 1000.0 and told["inside"] == [False, False]


def test_of_few_clusters_no_skill_is_claimed_and_of_five_one_is() -> None:
    four = evaluated(OTHERS, *studies(ENGAGER, ["100"] * 4))
    assert four["independent_outcomes"] == {"drug_dose_study": 4, "studies": 4, "drugs": 1}
    for told in four["scores"]["with s_study"].values():
        for claim in (told["skill"], told["log_score_difference"]):
            assert claim["value"] is claim["low"] is claim["high"] is None
            assert claim["claim"] == "none claimed: 4 clusters, and 5 are needed"
    five = evaluated(OTHERS, *studies(ENGAGER, ["100"] * 5))
    told = five["scores"]["with s_study"]
    assert told["own"]["skill"]["value"] == pytest.approx(
        1 - told["own"]["crps"] / told["reference"]["crps"]
    )
    assert told["reference"]["skill"]["value"] == 0
    assert told["own"]["log_score_difference"]["value"] == pytest.approx(
        told["own"]["log_score"] - told["reference"]["log_score"]
    )


def test_rows_of_one_drug_dose_and_study_are_averaged_first() -> None:
    timed = {"statistic": "median", "schedule": ""}
    many = [row(ENGAGER, id=f"MU{i:03d}", value="1000000", time_h=str(80 + i), **timed)
            for i in range(9)]  # fmt: skip
    other = row(ENGAGER, id="MU100", value="100", source="Another made-up study")
    both = evaluated(OTHERS, *many, other)
    apart = [evaluated(OTHERS, *many), evaluated(OTHERS, other)]
    assert both["scored"] == 10 and both["independent_outcomes"]["drug_dose_study"] == 2
    for name in ("crps", "log_score", "interval_score"):
        parts = [found["scores"]["with s_study"]["own"][name] for found in apart]
        assert both["scores"]["with s_study"]["own"][name] == pytest.approx(np.mean(parts))
    assert both["scores"]["with s_study"]["own"]["coverage"] == {"50": 0.5, "90": 0.5}


def test_a_row_below_a_limit_has_a_log_score_and_no_other() -> None:
    limit = {"value": "", "value_text": "<10"}
    found = evaluated(OTHERS, row(ENGAGER, **limit))
    own = found["scores"]["with s_study"]["own"]
    draws = forecasts(OTHERS)["teclistamab/step/2/IL6/peak"].draws
    sd = observation_sd(10, 0.85, 0.3)
    assert own["log_score"] == pytest.approx(-math.log(norm.cdf((1.0 - draws) / sd).mean()))
    assert found["below_limit"] == 1 and own["rows_with_level"] == 0
    assert own["crps"] is own["skill"] is own["coverage"] is None
    measured = row(ENGAGER, id="MU002", schedule="step-up dose 1")
    both = evaluated(OTHERS, row(ENGAGER, **limit), measured)["scores"]["with s_study"]["own"]
    alone = evaluated(OTHERS, measured)["scores"]["with s_study"]["own"]
    assert both["crps"] == alone["crps"] and both["rows"] == 2 and both["clusters"] == 2


def test_every_table_comes_to_finite_json() -> None:
    for table, base in ((STEP, STEPPED), (OKT3, ROW), (OTHERS, ENGAGER)):
        found = evaluated(table, *studies(base, ["0.000001", "1", "1000000000"]))
        assert json.loads(json.dumps(rounded(found, 6), allow_nan=False))["scored"] == 3


@pytest.mark.parametrize("table", [STEP, OKT3, OTHERS])
def test_a_table_without_an_eligible_row_comes_to_nothing(table: str) -> None:
    found = evaluated(table)
    assert found["scored"] == 0 and found["each_row"] == [] and found["grades"] is None
    assert found["scores"]["with s_study"] == {"own": None}


# ---------------------------------------------------------------- several forecasts


def test_forecasts_stand_side_by_side_and_the_better_one_scores_better() -> None:
    rows = studies(ENGAGER, ["50", "80", "100", "120", "200"])
    given = {"far off": forecasts(OTHERS, 4.0), "near": forecasts(OTHERS, 2.0)}
    found = evaluated(OTHERS, *rows, **given)
    told = found["scores"]["with s_study"]
    assert list(told) == ["far off", "near", "reference", "copy of blinatumomab", "copy of tgn1412"]
    assert found["tested"] == "far off"
    for name in ("crps", "log_score", "interval_score"):
        assert told["near"][name] < told["far off"][name]
    assert told["near"]["skill"]["value"] > told["far off"]["skill"]["value"]
    assert all(r["predicted_median_pg_mL"] == pytest.approx(1e4) for r in found["each_row"])


def test_a_forecast_that_says_nothing_of_a_row_is_named_and_not_counted() -> None:
    one = {ForecastQuantity("teclistamab", "step", 2, "IL6"): normal(2.0)}
    rows = [row(ENGAGER), row(ENGAGER, id="MU002", schedule="step-up dose 1")]
    found = evaluated(OTHERS, *rows, own=forecasts(OTHERS), part=Forecasts.of(one))
    assert found["not_predicted"] == {"own": [], "part": ["MU002"]}
    assert found["scores"]["with s_study"]["part"]["rows"] == 1
    reverse = evaluated(OTHERS, *rows, part=Forecasts.of(one))
    assert reverse["each_row"][1]["predicted_median_pg_mL"] is None
    assert reverse["comparison"]["teclistamab/step/1/IL6/peak"]["verdict"] == "not predicted"


def test_the_order_of_the_rows_changes_nothing_but_their_order() -> None:
    rows = studies(ENGAGER, ["1", "100", "10000"])
    one, other = evaluated(OTHERS, *rows), evaluated(OTHERS, *reversed(rows))
    for name, told in one["scores"]["with s_study"].items():
        again = other["scores"]["with s_study"][name]
        assert told["crps"] == pytest.approx(again["crps"], rel=1e-13)
    assert one["each_row"] == other["each_row"][::-1]


# ---------------------------------------------------------------- through the assay's floor


def test_a_median_under_steps_is_that_of_the_points_above_the_floor() -> None:
    (scored,) = eligible(STEP, [row(STEPPED, time_h="12")])
    table, low = rules().table(STEP), forecasts(STEP, 0.5)
    draws = low.at(scored.target.quantity)
    assert expected(table, low, scored.target) == pytest.approx(median_above(draws, 0.9, 1.0))
    (later,) = eligible(STEP, [row(STEPPED, time_h="100")])
    assert expected(table, low, later.target) == pytest.approx(median_above(draws, 0.6, 1.0))
    (next_step,) = eligible(STEP, [row(STEPPED, time_h="178")])
    assert since_dose(table, next_step.target.quantity) == 10.0
    assert expected(table, low, next_step.target) == pytest.approx(median_above(draws, 0.9, 1.0))


def test_a_median_below_a_limit_is_that_of_all_points() -> None:
    (censored,) = eligible(STEP, [row(STEPPED, value="", value_text="<10", statistic="median")])
    low = forecasts(STEP, 0.5)
    assert (
        expected(rules().table(STEP), low, censored.target) == low.at(censored.target.quantity)
    ).all()  # type: ignore[operator]


# ---------------------------------------------------------------- the reference


def test_the_reference_is_the_geometric_mean_of_what_was_observed() -> None:
    il6 = {o.id: o.value_pg_mL for o in load_observations() if o.analyte == "IL6"}
    highest = max(v for name, v in il6.items() if name.startswith("BO")), il6["TO020"]
    found = references(("blinatumomab", "tgn1412"), 0.5, "IL6", None)
    assert 10 ** found["reference"].means[0] == pytest.approx(math.sqrt(highest[0] * highest[1]))
    assert 10 ** found["copy of blinatumomab"].means[0] == pytest.approx(highest[0])
    assert all(mixture.sd == 0.5 for mixture in found.values())


def test_courses_of_the_reference_are_followed_from_each_dose_and_carried_on() -> None:
    course = observed("blinatumomab", "IL6")
    first, last = (10 ** course.at(t) for t in (0.0, 5000.0))
    values = {o.time_h: o.value_pg_mL for o in load_observations() if o.id.startswith("BO")}
    assert first == pytest.approx(values[min(values)]) and last == pytest.approx(values[168.0])
    between = math.sqrt(values[24.0] * values[31.2])
    assert 10 ** course.at(27.6) == pytest.approx(between)
    table = rules().table(STEP)
    for time, since in ((12.0, 12.0), (180.0, 12.0), (348.0, 12.0), (168.0, 168.0), (600, 264)):
        (scored,) = eligible(STEP, [row(STEPPED, time_h=str(time))])
        assert since_dose(table, scored.target.quantity) == since
    assert references(("blinatumomab",), 0.5, "IL6", 12.0)["reference"].means[0] == course.at(12.0)


def test_where_only_a_peak_is_known_it_stands_for_the_course() -> None:
    assert 10 ** observed("blinatumomab", "TNF").at(5.0) == pytest.approx(20.0)
    assert 10 ** observed("blinatumomab", "IFN").peak == pytest.approx(60.0)


# ---------------------------------------------------------------- pass or fail, and grades


def test_pass_or_fail_of_okt3_is_what_lock_v1_compared() -> None:
    rows = [
        row(id="MU001", value="1", statistic="mean peak"),
        row(id="MU002", value="1000", n=""),
        row(
            id="MU003", value="", statistic="peak range", low="200", high="300", range_kind="range"
        ),
        row(id="MU004", analyte="TNF", value="1"),
        row(id="MU005", analyte="TNF", value="2", n="20"),
        row(id="MU006", value="7", low="5", high="9", range_kind="range", n="50"),
    ]
    predicted = forecasts(OKT3)
    median = {
        c: {
            "peak": {"median": float(np.median(10 ** predicted[f"okt3/clinical/1/{c}/peak"].draws))}
        }
        for c in ("TNF", "IFN", "IL6")
    }
    old = compare_with_outcomes({"arms": {"okt3": median}}, rows)
    new = evaluated(OKT3, *rows)["comparison"]
    assert {key.split("/")[3]: told for key, told in new.items()} == old


def test_a_published_grade_is_scored_as_a_grade_and_as_a_place() -> None:
    grade = {"analyte": "release", "statistic": "median grade", "unit": "grade", "value": "3"}
    found = evaluated(OKT3, row(**grade))["grades"]
    own = found["forecasts"]["own"]
    assert own["shares"] == [0.25, 0.25, 0.25, 0.25, 0.0]
    assert own["score_of_grade"] == pytest.approx(0.25**2 + 0.5**2 + 0.75**2)
    assert own["score_of_place"] == pytest.approx(0.5**2)
    assert found["forecasts"]["copy of tgn1412"]["score_of_grade"] == 1.0
    assert found["forecasts"]["copy of blinatumomab"]["score_of_place"] == 1.0
    assert found["forecasts"]["equal shares"]["score_of_grade"] == pytest.approx(
        0.04 + 0.16 + 0.36 + 0.04
    )
    assert evaluated(OKT3, row())["grades"] is None


def test_grades_of_one_study_count_once() -> None:
    grade = {"analyte": "release", "statistic": "median grade", "unit": "grade"}
    sure = forecasts(OKT3)
    sure = Forecasts.of(
        {f.quantity: (np.full(40, 2) if f.quantity.analyte == GRADE else f.draws)
         for f in sure.values()}
    )  # fmt: skip
    rows = [row(**grade, value="2"), row(**grade, id="MU002", value="4", source="Another")]
    found = evaluated(OKT3, *rows, own=sure)["grades"]
    assert found["studies"] == 2
    assert found["forecasts"]["own"]["score_of_grade"] == pytest.approx((0 + 2) / 2)
