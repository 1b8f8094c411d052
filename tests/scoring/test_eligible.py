"""Which rows are scored, which pass or fail, which are listed alone; on made-up rows."""

from __future__ import annotations

import copy
import re
from typing import Any

import pytest
from made_up import ENGAGER, ROW, STEPPED, forecasts, row, rules

from qsp_lib.common.digests import digest
from qsp_lib.common.errors import InputError
from qsp_lib.evidence import judge_eligibility
from qsp_lib.scoring import Rules, Verdict, plain_rules, row_rule
from qsp_lib.scoring.doses import amounts_of, begins_as, lists_of, named_doses
from qsp_lib.scoring.evaluation import cluster_of, not_covered

STEP, OKT3, OTHERS = "blinatumomab_step_dosing", "okt3_outcomes", "external_drugs"


def judged(table: str, *rows: Any) -> tuple[Verdict, ...]:
    return tuple(row_rule(rules(), table)(rows))


def verdict(table: str, base: Any, **changes: Any) -> Verdict:
    return judged(table, row(base, **changes))[0]


def key(table: str, base: Any, **changes: Any) -> str:
    found = verdict(table, base, **changes)
    assert found.eligible and found.target is not None, found.reason
    return found.target.quantity.key


# ---------------------------------------------------------------- common to two tables


@pytest.mark.parametrize(("table", "base"), [(STEP, STEPPED), (OTHERS, ENGAGER)])
@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"verified": "no"}, "not verified"),
        ({"analyte": "IL-8"}, "analyte is IL-8"),
        ({"analyte": "IL-6, IL-8"}, "not IL-6 alone"),
        ({"unit": "IU/mL"}, "not a mass concentration"),
        ({"statistic": "median fold rise"}, "statistic says 'fold'"),
        ({"statistic": "median baseline"}, "statistic says 'baseline'"),
        ({"value": "", "value_text": "high"}, "neither a value, a range nor a limit"),
        ({"population": "cynomolgus monkeys"}, "not in people"),
        ({"route": "in vitro"}, "not in people"),
        ({"note": "cerebrospinal fluid"}, "measured in cerebrospinal"),
        ({"statistic": "point"}, "neither a median, a mean nor a range"),
        ({"n": ""}, "n is not given; listed, not scored: 3 or more"),
        ({"n": "2"}, "n is 2; listed, not scored: 3 or more"),
        ({"drug": "blinatumomab plus another"}, "of which nothing was predicted"),
        ({"route": "IP"}, "route is IP, which was not predicted"),
        ({"dose": "an unknown dose"}, "is not understood"),
    ],
)
def test_a_row_that_fails_a_common_rule_is_not_eligible(
    table: str, base: Any, changes: Any, words: str
) -> None:
    assert verdict(table, base).eligible
    found = verdict(table, base, **changes)
    assert not found.eligible and found.target is None and words in found.reason


@pytest.mark.parametrize(("table", "base"), [(STEP, STEPPED), (OTHERS, ENGAGER)])
def test_a_median_is_scored_and_a_mean_or_a_range_passes_or_fails(table: str, base: Any) -> None:
    scored = verdict(table, base, n="3")
    assert scored.target and scored.target.use == "scored" and scored.target.value == 100.0
    same = "peak" if table == OTHERS else ""
    ends = {"low": "10", "high": "1000", "range_kind": "observed range"}
    for changes in (
        {"statistic": f"mean {same}"},
        {"statistic": f"median or mean {same}"},
        {"statistic": f"range {same}", "value": "", **ends},
        {"statistic": f"median {same}", "value": "", **ends},
        {"value": "0"},
    ):
        target = verdict(table, base, **changes).target
        assert target is not None and target.use == "pass or fail"
    wide = verdict(table, base, **ends).target
    assert wide is not None and wide.use == "scored" and wide.ends == (10.0, 1000.0)


def test_a_concentration_in_another_unit_is_converted() -> None:
    target = verdict(OTHERS, ENGAGER, value="0.1", unit="ng/mL").target
    assert target is not None and target.value == pytest.approx(100.0)


@pytest.mark.parametrize(
    "changes",
    [
        {"value": "", "value_text": "<10"},
        {"value": "10", "value_text": "< 10 pg/mL"},
        {"value": "", "value_text": "below 10 in all"},
        {"value": "", "value_text": "not detected (limit 10)"},
        {"value": "", "high": "10", "range_kind": "upper bound"},
        {"value": "", "value_text": "under 0.01", "unit": "ng/mL"},
    ],
)
def test_a_median_below_a_limit_is_known_as_such(changes: Any) -> None:
    target = verdict(OTHERS, ENGAGER, **changes).target
    assert target is not None and target.use == "scored" and target.is_below_limit
    assert target.limit_pg_mL == pytest.approx(10.0) and target.value is None and not target.ends


def test_of_a_source_twice_the_larger_n_counts() -> None:
    rows = [
        row(ENGAGER),
        row(ENGAGER, id="MU002", n="20", value="1000"),
        row(ENGAGER, id="MU003", n="20"),
        row(ENGAGER, id="MU004", schedule="step-up dose 1"),
        row(ENGAGER, id="MU005", source="Another made-up source"),
        row(ENGAGER, id="MU006", statistic="mean peak", n="99"),
    ]
    found = judged(OTHERS, *rows)
    assert [v.eligible for v in found] == [False, True, False, True, True, True]
    assert found[0].reason == "same source, dose and time as MU002, which counts"
    assert found[2].reason == found[0].reason
    assert judged(OTHERS, *reversed(rows))[3].eligible  # MU003 comes first then


def test_a_source_is_told_by_its_doi_before_its_words() -> None:
    one = row(ENGAGER, doi="10.1000/A", source="One wording")
    other = row(ENGAGER, id="MU002", doi="10.1000/a", source="Another", n="50")
    assert [v.eligible for v in judged(OTHERS, one, other)] == [False, True]


# ---------------------------------------------------------------- blinatumomab in steps


@pytest.mark.parametrize(
    ("changes", "hours"),
    [
        ({"time_h": "340"}, 340),
        ({"dose": "60 ug/m2/d", "schedule": "third step"}, 348),
        ({"dose": "60 ug/m2/d", "schedule": "step", "time_h": "340"}, 340),
        ({"dose": "15 ug/m2/day", "schedule": "5->15->60 ug/m2/d", "time_h": "170"}, 170),
        ({"dose": "", "schedule": "5 -> 15 -> 60 ug/m2/d"}, 12),
        ({"dose": "5 µg/m²/d", "schedule": "step dosing"}, 12),
        ({"schedule": "weekly steps, cycle 1 day 8"}, 180),
        ({"schedule": "weekly steps; step 3"}, 348),
        ({"schedule": "week 2 of the steps"}, 180),
        ({"schedule": "hours from the 15 ug/m2/d step"}, 180),
        ({"schedule": "5/15/60 ug/m2/d steps"}, 12),
        ({"route": ""}, 12),
    ],
)
def test_time_counts_from_the_first_dose_unless_the_schedule_names_one(
    changes: Any, hours: float
) -> None:
    assert key(STEP, STEPPED, **changes) == f"blinatumomab/step_5_15_60/1/IL6/{hours}h"


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"time_h": ""}, "neither a peak nor a level at a time"),
        ({"statistic": "median peak"}, "a peak; rows with a time are compared"),
        ({"schedule": "flat"}, "dose or schedule says 'flat'"),
        ({"dose": "60 ug/m2/d", "schedule": ""}, "not said to be of the predicted regimen"),
        ({"dose": "", "schedule": "weekly steps"}, "not said to be of the predicted regimen"),
        ({"dose": "60 ug/m2/d", "schedule": "step"}, "it is not clear from which dose the time"),
        ({"dose": "9 ug/m2/d", "schedule": "step"}, "none of the predicted regimen"),
        ({"dose": "9/28 ug/d"}, "is not understood"),
        ({"dose": "15/60 ug/m2/d"}, "not how the predicted regimen begins"),
        ({"schedule": "5/60 ug/m2/d, step"}, "not how the predicted regimen begins"),
        ({"schedule": "steps, day 10"}, "does not name one dose"),
        ({"schedule": "second step or third step"}, "does not name one dose"),
        ({"schedule": "steps; cycle 1 day 8, step 3"}, "does not name one dose"),
        ({"schedule": "steps, seventh; dose 7"}, "does not name one dose"),
        ({"dose": "60 ug/m2/d", "schedule": "step 2"}, "which is not of 60 ug/m2/d"),
        ({"time_h": "673"}, "after the 672 h predicted"),
        ({"schedule": "third step", "time_h": "400"}, "after the 672 h predicted"),
        ({"schedule": "steps, cycle 2"}, "says 'cycle 2'"),
    ],
)
def test_what_is_unclear_of_a_step_is_not_eligible(changes: Any, words: str) -> None:
    found = verdict(STEP, STEPPED, **changes)
    assert not found.eligible and words in found.reason


# ---------------------------------------------------------------- other drugs


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, "teclistamab/step/2/IL6/peak"),
        ({"dose": "0.3 mg/kg", "schedule": ""}, "teclistamab/step/2/IL6/peak"),
        ({"dose": "1.5 mg/kg", "schedule": "first full dose"}, "teclistamab/step/3/IL6/peak"),
        ({"dose": "60 ug/kg", "schedule": ""}, "teclistamab/step/1/IL6/peak"),
        ({"schedule": "", "statistic": "median", "time_h": "100"}, "teclistamab/step/1/IL6/100h"),
        ({"statistic": "median", "time_h": "10"}, "teclistamab/step/1/IL6/82h"),
        ({"statistic": "median peak", "time_h": "10"}, "teclistamab/step/2/IL6/peak"),
        (
            {"drug": "Epcoritamab", "dose": "0.16/0.8/48 mg", "schedule": "C1D15"},
            "epcoritamab/step/3/IL6/peak",
        ),
        (
            {"drug": "epcoritamab", "dose": "0.16 mg", "schedule": "priming dose"},
            "epcoritamab/step/1/IL6/peak",
        ),
        (
            {"drug": "mosunetuzumab", "route": "IV", "dose": "1/2/60/60/30 mg",
             "schedule": "cycle 2 day 1"},
            "mosunetuzumab/step/4/IL6/peak",
        ),
        (
            {"drug": "mosunetuzumab", "route": "IV", "dose": "2 mg", "schedule": "step-up"},
            "mosunetuzumab/step/2/IL6/peak",
        ),
        (
            {"drug": "mosunetuzumab", "route": "IV", "dose": "10 mg", "schedule": "single dose"},
            "mosunetuzumab/single@10/1/IL6/peak",
        ),
        (
            {"drug": "mosunetuzumab", "route": "IV", "dose": "60 mg", "schedule": "first dose"},
            "mosunetuzumab/single@60/1/IL6/peak",
        ),
    ],
)  # fmt: skip
def test_a_peak_is_set_beside_that_of_its_dose(changes: Any, expected: str) -> None:
    assert key(OTHERS, ENGAGER, **changes) == expected


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"schedule": "step-up"}, "not clear after which dose"),
        ({"dose": "1.5 mg/kg", "schedule": ""}, "not clear after which dose"),
        ({"dose": "0.06-6 mg/kg"}, "not how the predicted regimen begins"),
        ({"dose": "0.3 mg/kg", "schedule": "dose 1"}, "names dose 1, which is not of 0.3 mg/kg"),
        ({"route": "IV"}, "route is IV"),
        ({"route": ""}, "route is not given"),
        ({"drug": "elranatamab"}, "of which nothing was predicted"),
        ({"statistic": "median", "time_h": "500"}, "after the 480 h predicted"),
        (
            {"drug": "mosunetuzumab", "route": "IV", "dose": "10 mg", "schedule": "cycle 1 day 15"},
            "not said to be after a single or the first dose",
        ),
        (
            {"drug": "mosunetuzumab", "route": "IV", "dose": "10 mg", "schedule": "cycle 2 day 1"},
            "names another dose than the first",
        ),
        (
            {"drug": "mosunetuzumab", "route": "IV", "dose": "90 mg", "schedule": "single dose"},
            "outside of what was predicted",
        ),
        (
            {"drug": "mosunetuzumab", "route": "IV", "dose": "1/2/60/60/30 mg",
             "schedule": "cycle 3 day 1"},
            "dose 5 is after the 672 h predicted",
        ),
    ],
)  # fmt: skip
def test_a_peak_of_no_clear_dose_is_not_eligible(changes: Any, words: str) -> None:
    found = verdict(OTHERS, ENGAGER, **changes)
    assert not found.eligible and words in found.reason


def test_a_cluster_is_a_drug_a_dose_and_a_study() -> None:
    def cluster(base: Any, table: str = OTHERS, **changes: Any) -> tuple[str, str, str]:
        target = verdict(table, base, **changes).target
        assert target is not None
        return cluster_of(rules().table(table), target)

    timed = {"statistic": "median", "schedule": ""}
    assert cluster(ENGAGER) == ("teclistamab", "step 2", "made up for a test")
    assert cluster(ENGAGER, **timed, time_h="80") == cluster(ENGAGER)
    assert cluster(ENGAGER, **timed, time_h="72")[1] == "step 1"
    assert cluster(ENGAGER, pmid="7")[2] == "PMID 7"
    assert cluster(STEPPED, STEP, time_h="500")[1] == "step_5_15_60 3"


# ---------------------------------------------------------------- OKT3


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"verified": "no"},
        {"statistic": "mean peak"},
        {"schedule": "second dose"},
        {"note": "methylprednisolone 2 h before"},
        {"n": "", "statistic": "median peak"},
        {"n": "2"},
        {"value": "", "low": "1", "high": "9", "range_kind": "range", "statistic": "peak range"},
        {"dose": "10 mg"},
        {"analyte": "IL-8"},
    ],
)
def test_rows_of_okt3_are_eligible_as_under_lock_v1(changes: Any) -> None:
    given = row(**changes)
    found = judged(OKT3, given)[0]
    eligible, reason = judge_eligibility(given)
    assert found.eligible == eligible
    assert reason in found.reason
    median = "median" in given.statistic and given.value is not None and (given.n or 0) > 2
    if eligible:
        assert found.target is not None
        assert found.target.use == ("scored" if median else "pass or fail")
        assert found.target.quantity.key == "okt3/clinical/1/IL6/peak"


def test_an_okt3_row_that_is_there_twice_still_passes_or_fails() -> None:
    found = judged(OKT3, row(), row(id="MU002", n="20"))
    assert [v.target.use for v in found if v.target] == ["pass or fail", "scored"]


GRADE = {"analyte": "cytokine release", "statistic": "median grade", "unit": "grade", "value": "2"}


def test_a_published_grade_is_graded() -> None:
    found = verdict(OKT3, ROW, **GRADE)
    assert found.eligible and found.target is not None
    assert found.target.use == "graded" and found.target.value == 2


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"verified": "no"}, "not verified"),
        ({"drug": "TGN1412"}, "drug is TGN1412"),
        ({"population": "mice"}, "not in people"),
        ({"dose": "10 mg"}, "not 5 mg"),
        ({"schedule": "second dose"}, "not said to be after the first dose"),
        ({"value": "2.5"}, "no one grade from 0 to 4"),
        ({"value": "5"}, "no one grade from 0 to 4"),
        ({"value": "", "low": "1", "high": "3", "range_kind": "range"}, "no one grade"),
    ],
)
def test_a_grade_that_is_not_of_the_first_dose_in_people_is_none(changes: Any, words: str) -> None:
    found = verdict(OKT3, ROW, **(GRADE | changes))
    assert not found.eligible and words in found.reason


# ---------------------------------------------------------------- words of a dose


@pytest.mark.parametrize(
    ("text", "unit", "amounts"),
    [
        ("60 ug/m2/d", "ug/m2/d", (60,)),
        ("60 ug/m2/24 h", "ug/m2/d", (60,)),
        ("5, 15 and 60 µg/m²/day", "ug/m2/d", (5, 15, 60)),
        ("0.005 mg/m2/d", "ug/m2/d", (5,)),
        ("1 mg then 2 mg then 60 mg", "mg", (1, 2, 60)),
        ("1/2/60/60/30 mg IV", "mg", (1, 2, 60, 60, 30)),
        ("60 mg", "ug/m2/d", None),
        ("60 mg/kg", "mg", None),
        ("60", "mg", None),
        ("up to 60 mg", "mg", None),
        ("60 mg plus 100 mg of another", "mg", None),
        ("", "mg", None),
    ],
)
def test_amounts_are_read_from_a_whole_text(text: str, unit: str, amounts: Any) -> None:
    assert amounts_of(text, unit) == (None if amounts is None else pytest.approx(amounts))


def test_a_list_of_amounts_has_to_begin_as_the_regimen_does() -> None:
    regimen = rules().table(OTHERS).regimen("mosunetuzumab", "step")
    for good in ((1, 2), (1, 2, 60), (1, 2, 60, 60), (1, 2, 60, 30), (1, 2, 60, 60, 30)):
        assert begins_as(good, regimen)
    for bad in ((2, 60), (1, 60), (1, 2, 60, 60, 60), (1, 2, 60, 30, 30)):
        assert not begins_as(bad, regimen)


def test_days_and_hours_are_no_amounts() -> None:
    assert lists_of("days 1/8/15, 4-h infusion", "mg") == []
    assert lists_of("1/2/60 mg on days 1/8/15", "mg") == [(1.0, 2.0, 60.0)]


@pytest.mark.parametrize(
    ("text", "doses"),
    [
        ("", set()),
        ("q3w, with cycle-1 step-up", set()),
        ("infusion over 4 h", set()),
        ("infusion 4 h", set()),
        ("1st infusion", {1}),
        ("second step-up dose", {2}),
        ("dose no. 3", {3}),
        ("c1 d8", {2}),
        ("cycle 1, day 15", {3}),
        ("cycle 2 day 1", {4}),
        ("cycle 2 day 2", {0}),
        ("day 1 to day 8", {1, 2}),
        ("2 mg dose", {2}),
        ("60 mg dose", {0}),
        ("dose 9", {0}),
    ],
)
def test_a_dose_is_named_by_place_day_or_amount(text: str, doses: set[int]) -> None:
    regimen = rules().table(OTHERS).regimen("mosunetuzumab", "step")
    assert named_doses(text, regimen) == doses


# ---------------------------------------------------------------- the rules as data


def test_the_rules_are_data_and_a_changed_number_changes_their_digest() -> None:
    content = plain_rules()
    other = copy.deepcopy(content)
    other["common"]["least_n"] = 4
    assert digest(content) != digest(other)
    changed = row_rule(Rules.from_plain(other), OTHERS)
    assert (
        not changed([row(ENGAGER, n="3")])[0].eligible and verdict(OTHERS, ENGAGER, n="3").eligible
    )


def test_the_rules_name_every_held_back_table() -> None:
    assert set(rules().tables) == {STEP, OKT3, OTHERS}
    with pytest.raises(InputError, match="no rule says how a row of 'another'"):
        rules().table("another")


def broken(content: dict[str, Any], change: str) -> dict[str, Any]:
    regimen = content["tables"][STEP]["regimens"][0]
    match change:
        case "schema":
            content["schema"] = 2
        case "part":
            del content["skill"]
        case "pattern":
            content["common"]["median"] = "("
        case "names":
            regimen["names"] = "("
        case "rule":
            content["tables"][STEP]["rule"] = "by ear"
        case "amounts":
            regimen["amounts"] = [5, 15]
        case "times":
            regimen["times_h"] = [0, 336, 168]
        case "floor":
            content["tables"][STEP]["floor"]["level_pg_mL"] = 0
    return content


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ("schema", "of schema 2"),
        ("part", "cannot be read .*skill"),
        ("pattern", "cannot be read"),
        ("names", "cannot be read"),
        ("rule", "judged by 'by ear'"),
        ("amounts", "2 amounts"),
        ("times", "rising times from 0"),
        ("floor", "positive level"),
    ],
)
def test_rules_that_cannot_be_read_are_refused(change: str, words: str) -> None:
    with pytest.raises(InputError, match=words):
        Rules.from_plain(broken(plain_rules(), change))


# ---------------------------------------------------------------- what has to be predicted


@pytest.mark.parametrize("table", [STEP, OKT3, OTHERS])
def test_every_quantity_that_a_row_may_be_of_has_to_be_forecast(table: str) -> None:
    whole = forecasts(table)
    assert not_covered(rules(), table, whole) == []
    for left_out in list(whole)[:3] + list(whole)[-1:]:
        some = {whole[k].quantity: whole[k].draws for k in whole if k != left_out}
        missing = " ".join(not_covered(rules(), table, type(whole).of(some)))
        assert re.split(r"/[^/]*$", left_out)[0].split("@")[0] in missing


def test_a_grid_has_to_reach_both_ends() -> None:
    whole = forecasts(OTHERS)
    some = {f.quantity: f.draws for f in whole.values() if f.quantity.amount != 0.05}
    assert not_covered(rules(), OTHERS, type(whole).of(some)) == [
        "mosunetuzumab/single/IL6 from 0.05 to 60 mg"
    ]
