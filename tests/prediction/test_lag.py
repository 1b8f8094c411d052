"""A lag of absorption moves all that is said of a drug by itself, and changes nothing else."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from own_drugs import content, number, with_doses, written

from qsp_lib.common.errors import InputError
from qsp_lib.prediction.first_dose import first_dose
from qsp_lib.prediction.gaps import after_gap
from qsp_lib.prediction.goals import Goal
from qsp_lib.prediction.predicting import run
from qsp_lib.prediction.report import as_dict, as_text
from qsp_lib.prediction.setting import Setup, prepare
from qsp_lib.prediction.stepping import steps_up
from qsp_lib.protocol.lock import current_record

LAG_H = 30.0
DAYS = (0, 4, 8)
DOSES = [
    {"bolus": f"{amount} mg", "time": f"{day} d", "route": "SC"}
    for amount, day in zip((0.3, 1, 3), DAYS, strict=True)
]
KINETICS = {
    "V1": number(3.5, "L"),
    "CL": number(2, "L/d"),
    "k_a": number(0.5, "1/d"),
    "F": number(60, "%"),
}
DRAWS = 6
Pair = tuple[Setup, Setup]


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Pair:
    """The same drug without a lag and with one."""
    folder = tmp_path_factory.mktemp("lag")
    return made(folder, 0.0), made(folder, LAG_H)


def made(folder: Path, lag_h: float, **options: Any) -> Setup:
    lag = {"lag": number(lag_h, "h")} if lag_h else {}
    file = with_doses(DOSES, content(pharmacokinetics=KINETICS | lag))
    return prepare(written(folder, file, f"lag{lag_h:g}.toml"), current_record(), **options)


def test_two_weeks_are_followed_after_the_last_dose_begins_to_act(pair: Pair) -> None:
    without, late = pair
    assert without.horizon_h == 8 * 24 + 336
    assert late.horizon_h == without.horizon_h + LAG_H


def test_peaks_and_steps_are_the_same_later(pair: Pair) -> None:
    first, second = (run(setting, n_draws=DRAWS).untreated for setting in pair)
    assert second.severity.central == pytest.approx(first.severity.central, abs=1e-4)
    for name, time in first.peak_times.items():
        assert second.peak_times[name].central == pytest.approx(time.central + LAG_H, abs=0.05)
    assert len(second.steps) == len(DAYS)
    for one, other in zip(first.steps, second.steps, strict=True):
        assert other.start_h == one.start_h  # when it is given
        assert other.il6.central == pytest.approx(one.il6.central, rel=1e-3)
        assert other.il6_time.central == pytest.approx(one.il6_time.central + LAG_H, abs=0.05)
        assert other.severity.central == pytest.approx(one.severity.central, abs=1e-4)


def test_what_a_dose_may_be_does_not_hang_on_it(pair: Pair) -> None:
    goal = Goal(1.0, 0.2)
    one, other = (first_dose(setting, goal, n_draws=DRAWS) for setting in pair)
    assert other.dose_ug == pytest.approx(one.dose_ug, rel=1e-9)
    assert other.occupancy == pytest.approx(one.occupancy, rel=1e-3)
    full = 1.15 * one.dose_ug
    steps, later = (steps_up(s, goal, full, gaps_h=(240.0,), n_draws=DRAWS) for s in pair)
    assert [dose.amount_ug for dose in later.doses] == [dose.amount_ug for dose in steps.doses]
    for a, b in zip(steps.doses, later.doses, strict=True):
        assert b.index.central == pytest.approx(a.index.central, abs=1e-4)
    gap, late = (after_gap(setting, 2, (72.0,), n_draws=DRAWS) for setting in pair)
    for early, after in zip(gap.restarts, late.restarts, strict=True):
        assert after.first.central == pytest.approx(early.first.central, abs=1e-4)
        assert after.severity.central == pytest.approx(early.severity.central, abs=1e-4)


def test_a_dose_that_is_not_absorbed_within_the_horizon_is_counted(tmp_path: Path) -> None:
    asked = {"horizon_h": 4 * 24 + LAG_H - 1}
    without, late = made(tmp_path, 0.0, **asked), made(tmp_path, LAG_H, **asked)
    assert (without.later_doses, late.later_doses) == (1, 2)
    assert (len(without.steps), len(late.steps)) == (2, 1)
    found = run(late, n_draws=0)
    assert "1 of 3 doses begin to act in that time" in as_text(found)
    assert as_dict(found)["doses_after_horizon"] == 2


def test_a_lag_beyond_the_horizon_or_of_weeks_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="at 0 h and absorbed from 30 h on; expected it within"):
        made(tmp_path, LAG_H, horizon_h=24.0)
    with pytest.raises(InputError, match="lag: understood as 480 h; expected 0 to 48 h"):
        made(tmp_path, 480.0)
