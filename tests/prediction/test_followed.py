"""Every dose of any regimen is followed, and what is written, drawn and printed is one course."""

from __future__ import annotations

import csv
import io
import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.figure import Figure
from own_drugs import content, number, with_doses, written

from qsp_lib.common.errors import InputError
from qsp_lib.common.numbers import short
from qsp_lib.model.severity import baselines
from qsp_lib.prediction.arm import COURSES, LEVELS, Estimate
from qsp_lib.prediction.figure import courses as drawn
from qsp_lib.prediction.predicting import Prediction, predict
from qsp_lib.prediction.report import NAMES, as_csv, as_dict, as_text
from qsp_lib.prediction.setting import prepare
from qsp_lib.protocol.lock import Record, current_record

FEW = settings(max_examples=5)
UNITS = {"C": "ng_per_mL", "A": "fraction"}
DAILY = {"infusion": "1 mg", "time": "0 h", "duration": "2 h", "every": "24 h", "count": 2}
Doses = list[dict[str, Any]]


@pytest.fixture(scope="module")
def locked() -> Record:
    return current_record()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("own")


def amounts() -> st.SearchStrategy[float]:
    return st.sampled_from([0.002, 0.05, 0.3, 1.0, 8.0])


@st.composite
def a_dose(draw: st.DrawFn) -> dict[str, Any]:
    """One line of a regimen: a bolus, an infusion or a rate, once or as a train."""
    time, length = draw(st.integers(0, 40)), draw(st.sampled_from([0.02, 1, 6, 24, 300]))
    kind = draw(st.sampled_from(["bolus", "infusion", "rate"]))
    line: dict[str, Any] = {"time": f"{time * 12} h"}
    amount = draw(amounts())
    if kind == "rate":
        line |= {"rate": f"{amount / length} mg/h", "duration": f"{length} h"}
    else:
        line[kind] = f"{amount} mg"
        line |= {"duration": f"{length} h"} if kind == "infusion" else {}
    if draw(st.booleans()):
        line |= {"every": f"{draw(st.sampled_from([8, 24, 168]))} h", "count": 3}
    return line


def regimens() -> st.SearchStrategy[Doses]:
    return st.lists(a_dose(), min_size=1, max_size=4)


def table(found: Prediction) -> dict[str, np.ndarray]:
    """The CSV as whoever reads it gets it: the first line is the header."""
    header, *rows = csv.reader(io.StringIO(as_csv(found)))
    return dict(zip(header, np.array(rows, dtype=float).T, strict=True))


def column(name: str, kind: str = "locked_point") -> str:
    return f"{name}_{UNITS.get(name, 'pg_per_mL')}_{kind}"


# ------------------------------------------------------------- every dose is followed


@given(doses=regimens())
@FEW
def test_every_dose_is_followed_and_listed_once(locked: Record, folder: Path, doses: Doses) -> None:
    found = predict(written(folder, with_doses(doses)), locked, n_draws=0)
    regimen = found.setting.regimen
    assert found.setting.later_doses == found.setting.cut_doses == 0
    ends = [getattr(dose, "end_h", dose.time_h) for dose in regimen.doses]
    assert found.horizon_h == pytest.approx(max(ends) + 336)
    steps = found.untreated.steps
    starts = sorted({dose.time_h for dose in regimen.doses})
    assert [step.start_h for step in steps] == starts
    assert sum(step.dose_ug for step in steps) == pytest.approx(regimen.total_ug)
    assert [step.end_h for step in steps] == [*starts[1:], found.horizon_h]
    # the worst step is the whole, and so is a course that is followed for longer
    worst = max(step.severity.central for step in steps)
    assert worst == pytest.approx(found.untreated.severity.central, abs=1e-9)
    longer = predict(
        written(folder, with_doses(doses)), locked, n_draws=0, horizon_h=found.horizon_h + 500
    )
    assert longer.untreated.severity.central == pytest.approx(worst, abs=1e-4)
    assert len(longer.untreated.steps) == len(steps)


@given(doses=regimens(), share=st.sampled_from([0.25, 0.5]))
@FEW
def test_a_dose_split_over_two_lines_is_the_same_dose(
    locked: Record, folder: Path, doses: Doses, share: float
) -> None:
    kind = next(name for name in ("bolus", "infusion", "rate") if name in doses[0])
    amount, unit = doses[0][kind].split()
    parts = [doses[0] | {kind: f"{float(amount) * part} {unit}"} for part in (share, 1 - share)]
    one = predict(written(folder, with_doses(doses)), locked, n_draws=0)
    two = predict(written(folder, with_doses([*doses[1:], *parts])), locked, n_draws=0)
    assert two.untreated.severity.central == pytest.approx(one.untreated.severity.central, abs=1e-6)
    for mine, theirs in zip(one.untreated.steps, two.untreated.steps, strict=True):
        assert (mine.start_h, mine.dose_ug) == pytest.approx((theirs.start_h, theirs.dose_ug))
        assert mine.il6.central == pytest.approx(theirs.il6.central, rel=1e-5)


@given(doses=regimens(), share=st.floats(0.2, 0.9))
@FEW
def test_a_shorter_horizon_says_how_many_doses_lie_after_it(
    locked: Record, folder: Path, doses: Doses, share: float
) -> None:
    path = written(folder, with_doses(doses))
    whole = prepare(path, locked)
    horizon_h = share * whole.horizon_h
    times = [dose.time_h for dose in whole.regimen.doses]
    if horizon_h <= min(times):
        with pytest.raises(InputError, match="first dose of regimen"):
            predict(path, locked, horizon_h=horizon_h, n_draws=0)
        return
    found = predict(path, locked, horizon_h=horizon_h, n_draws=0)
    later = sum(time >= horizon_h for time in times)
    assert as_dict(found)["doses_after_horizon"] == later
    assert f"{len(times) - later} of {len(times)} doses begin in that time" in as_text(found)
    assert ("left out" in as_text(found)) == (later > 0)


@pytest.mark.parametrize(
    ("doses", "index"),
    [
        (
            [
                {"rate": "2 ug/day", "time": "0 d", "duration": "28 d"},
                {"rate": "300 ug/day", "time": "28 d", "duration": "3 h"},
            ],
            "a later dose that is faster",
        ),
        (
            [
                {"infusion": "0.003 mg", "time": "0 d", "duration": "1 min"},
                {"infusion": "1 mg", "time": "14 d", "duration": "6 h"},
            ],
            "a later dose that is slower",
        ),
    ],
)
def test_a_later_dose_counts_whatever_its_rate(
    locked: Record, folder: Path, doses: Doses, index: str
) -> None:
    file = content(
        pharmacokinetics={"V1": number(3.5, "L"), "CL": number(20, "L/d")},
    )
    path = written(folder, with_doses(doses, file))
    found = predict(path, locked, n_draws=0)
    longer = predict(path, locked, n_draws=0, horizon_h=1400)
    assert found.untreated.severity.central == pytest.approx(
        longer.untreated.severity.central, abs=1e-4
    )
    assert len(found.untreated.steps) == len(longer.untreated.steps) == 2
    first = found.untreated.steps[0].severity.central
    assert found.untreated.severity.central > first + 0.5, index


def test_eight_weekly_doses_add_up(locked: Record, folder: Path) -> None:
    file = content(
        pharmacokinetics={"V1": number(3100, "mL"), "half_life": number(2, "weeks")},
    )
    dose = {"bolus": "20 ug/kg", "time": "0 d", "every": "1 week", "count": 8}
    found = predict(written(folder, with_doses([dose], file)), locked, n_draws=0)
    one = 20 * 70 / 3.1
    expected = one * sum(0.5 ** (week / 2) for week in range(8))
    assert found.untreated.peaks["C"].central == pytest.approx(expected, rel=1e-5)
    assert expected == pytest.approx(1446, rel=1e-3)
    assert len(found.untreated.steps) == 8


def test_years_of_doses_are_followed_or_refused(locked: Record, folder: Path) -> None:
    def years(count: int, every: str) -> Path:
        dose = {"bolus": "1 mg", "time": "0 d", "every": every, "count": count}
        return written(folder, with_doses([dose]))

    found = predict(years(105, "7 d"), locked, n_draws=0)
    assert found.horizon_h == 104 * 168 + 336 and len(found.untreated.steps) == 105
    with pytest.raises(InputError, match="ten years"):
        predict(years(1000, "7 d"), locked, n_draws=0)
    cut = predict(years(1000, "7 d"), locked, n_draws=0, horizon_h=500)
    assert cut.setting.later_doses == 997


# ------------------------------------------------------------- one course everywhere


@given(doses=regimens())
@FEW
def test_table_json_print_and_figure_have_the_same_peaks(
    locked: Record, folder: Path, doses: Doses
) -> None:
    found = predict(written(folder, with_doses(doses)), locked, n_draws=0)
    rows, answer, text = table(found), json.loads(json.dumps(as_dict(found))), as_text(found)
    arm = answer["arms"]["untreated"]
    lines = panels(drawn(found))
    for i, name in enumerate(COURSES):
        highest = rows[column(name)].max()
        assert lines[i].max() == pytest.approx(highest, rel=1e-5)
        if name in LEVELS:
            peak = arm["peaks"][name]["level"]["locked_point"]
            assert highest == pytest.approx(peak, rel=2e-5)
            assert short(peak) in text
            at = np.abs(rows["time_h"] - arm["peaks"][name]["time_h"]["locked_point"])
            assert rows[column(name)][at.argmin()] == pytest.approx(peak, rel=1e-4)
            assert at.min() < 1e-5
    for step in arm["steps"]:
        inside = (rows["time_h"] >= step["start_h"]) & (rows["time_h"] <= step["end_h"])
        in_table = rows[column("IL6")][inside].max()
        assert in_table == pytest.approx(step["il6_pg_per_mL"]["locked_point"], rel=1e-4)


def test_with_draws_the_median_comes_first_and_the_locked_point_by_its_name(
    locked: Record, folder: Path
) -> None:
    path = written(folder, with_doses([DAILY]))
    found, alone = (predict(path, locked, n_draws=n, asked_h=(6.0,)) for n in (15, 0))
    arm, point = found.untreated, alone.untreated
    rows, text = table(found), as_text(found)
    answer = as_dict(found)["arms"]["untreated"]
    for name in LEVELS:
        peak = arm.peaks[name]
        assert peak.locked_point == point.peaks[name].locked_point, "it hangs on no draws"
        assert answer["peaks"][name]["level"] == vars(peak)
        (line,) = (line for line in text.splitlines() if line.startswith(f"  {NAMES[name]}  "))
        _, first, *_, last, _ = re.split(r"\s{2,}", line.strip())
        assert (first, last) == (short(peak.median or 0.0), short(peak.locked_point))
    for axis, name in zip(drawn(found).axes, COURSES, strict=True):
        lines = [np.asarray(line.get_ydata(), dtype=float) for line in axis.get_lines()]
        for shown, kind in zip(lines, ("median", "locked_point"), strict=True):
            np.testing.assert_allclose(rows[column(name, kind)], shown, rtol=1e-5)
        asked = answer["levels_at"][0][name]
        at = int(np.abs(rows["time_h"] - 6.0).argmin())
        assert rows[column(name, "median")][at] == pytest.approx(asked["median"], rel=1e-5)
    assert {name.rpartition("_")[2] for name in rows} == {"h", "point", "low", "median", "high"}
    assert arm.grade == locked.boundaries.grade(arm.severity.central)
    assert arm.grade_of_locked_point == point.grade


def test_a_locked_point_outside_its_interval_is_not_given_as_the_middle(
    locked: Record, folder: Path
) -> None:
    found = predict(written(folder, with_doses([DAILY])), locked, n_draws=3)
    far = Estimate(locked_point=9.0, low=1.0, median=2.0, high=3.0)
    text = as_text(replace(found, untreated=replace(found.untreated, severity=far)))
    assert "z   2.00  (5-95 %: 1.00 to 3.00; locked point 9.00)" in text


def test_without_draws_the_locked_point_stands_alone_by_its_name(
    locked: Record, folder: Path
) -> None:
    found = predict(written(folder, with_doses([DAILY])), locked, n_draws=0)
    text, answer = as_text(found), as_dict(found)["arms"]["untreated"]
    assert "Nothing was drawn: every number is of the locked point" in text
    assert "median" not in text.replace("on record (median)", "")
    assert set(answer["severity"]["index"]) == {"locked_point"}
    assert {name.rpartition("_")[2] for name in table(found)} == {"h", "point"}
    legend = drawn(found).legends[0]
    assert [words.get_text() for words in legend.get_texts()] == ["locked point"]


def panels(figure: Figure) -> list[np.ndarray]:
    """What is drawn first in each panel."""
    return [np.asarray(axis.get_lines()[0].get_ydata(), dtype=float) for axis in figure.axes]


@given(doses=regimens(), at=st.sampled_from([-30.0, 3.0, 100.0]))
@FEW
def test_straight_lines_between_rows_follow_every_course(
    locked: Record, folder: Path, doses: Doses, at: float
) -> None:
    found = predict(written(folder, with_doses(doses)), locked, n_draws=0, tocilizumab_h=at)
    rows, setting, base = table(found), found.setting, baselines()
    assert np.all(np.diff(rows["time_h"]) > 0)
    for dose in setting.regimen.doses:
        assert np.abs(rows["time_h"] - dose.time_h).min() < 1e-9
        before = rows["time_h"][rows["time_h"] < dose.time_h - 1e-9]
        assert not before.size or dose.time_h - before[-1] < 2e-6
    dense = np.linspace(0, setting.horizon_h, 8001)
    # but for the millionth of an hour before a dose
    next_row = rows["time_h"][np.searchsorted(rows["time_h"], dense)]
    dense = dense[next_row - dense > 1e-5]
    for treated in (False, True):
        course = setting.simulate(None, treated=treated)
        exact = course.along(COURSES, dense + setting.shift_h)
        for name in COURSES:
            level = exact[name][0] + base.get("IL6" if name == "S" else name, 0.0)
            shown = rows["treated_" * treated + column(name)]
            read = np.interp(dense, rows["time_h"], shown)
            np.testing.assert_allclose(read, level, rtol=0.005, atol=2e-6 * shown.max())


@given(doses=regimens(), at=st.sampled_from([-30.0, 3.0, 100.0]))
@FEW
def test_tocilizumab_leaves_the_drug_untouched(
    locked: Record, folder: Path, doses: Doses, at: float
) -> None:
    found = predict(written(folder, with_doses(doses)), locked, n_draws=0, tocilizumab_h=at)
    rows = table(found)
    for name in ("C", "A"):
        np.testing.assert_array_equal(rows[f"treated_{column(name)}"], rows[column(name)])
    # and so it is in the simulation of both, which goes on with its own steps
    alone, treated = (found.setting.simulate(None, treated=t) for t in (False, True))
    times = np.linspace(0, found.horizon_h, 500)
    for name in ("C", "A"):
        one, other = (course.along((name,), times)[name] for course in (alone, treated))
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-5 * one.max())


def test_bands_of_draws_are_followed_too(locked: Record, folder: Path) -> None:
    dose = {"infusion": "1 mg", "time": "0 h", "duration": "2 min", "every": "24 h", "count": 5}
    found = predict(written(folder, with_doses([dose])), locked, n_draws=20)
    rows = table(found)
    for name in LEVELS[1:]:
        low, mid, high = (rows[column(name, k)] for k in ("low", "median", "high"))
        assert np.all(low <= mid) and np.all(mid <= high) and np.any(low < high)
    again = replace(found)
    assert as_csv(again) == as_csv(found)
    assert rows["time_h"].size < 3000


def test_a_level_that_is_highest_where_the_prediction_ends_is_said_to_rise(tmp_path: Path) -> None:
    path = written(tmp_path, content())
    short, whole = (
        predict(path, current_record(), n_draws=0, horizon_h=horizon_h) for horizon_h in (3.0, None)
    )
    rising = as_dict(short)["arms"]["untreated"]["still_rising"]
    assert "IL6" in rising and "C" not in rising
    assert "highest where the prediction ends, at 3 h, and perhaps higher later: " in as_text(short)
    assert as_dict(whole)["arms"]["untreated"]["still_rising"] == []
    assert "perhaps higher later" not in as_text(whole)
