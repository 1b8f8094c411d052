"""The explorer's settings, and its widgets without a page."""

from __future__ import annotations

from typing import Any

import pytest
from matplotlib.figure import Figure

from book import explorer
from book.explorer import (
    Explorer,
    Setting,
    controls,
    describe,
    dose_in_words,
    figure,
    shown_drugs,
    solve,
    usual_horizon,
)
from qsp_lib.analyses.rescue import simulate_course
from qsp_lib.chapters import results
from qsp_lib.common.errors import InputError, IntegrationError, LockError
from qsp_lib.drugs.reading import load_drug
from qsp_lib.model.dosing import Bolus, Infusion, Regimen
from qsp_lib.model.severity import baselines
from qsp_lib.protocol.lock import current_record

RECORD = current_record()
DRUGS = shown_drugs(RECORD)


@pytest.mark.parametrize(
    ("drug", "dose", "unit"),
    [("blinatumomab", 60.0, "µg/m²/day"), ("tgn1412", 0.1, "mg/kg"), ("okt3", 5.0, "mg per dose")],
)
def test_a_dose_is_given_as_the_protocol_gives_it(drug: str, dose: float, unit: str) -> None:
    assert dose_in_words(RECORD.drug(drug), load_drug(drug).regimens["clinical"]) == (dose, unit)


@pytest.mark.parametrize(
    "regimen",
    [Regimen.of(Bolus(0, 1), Bolus(1, 2)), Regimen.of(Bolus(0, 1), Infusion(1, 1, 1)), Regimen()],
)
def test_a_regimen_of_several_doses_has_no_one_dose(regimen: Regimen) -> None:
    with pytest.raises(InputError, match="expected one infusion, or boluses of one amount"):
        dose_in_words(RECORD.drug("tgn1412"), regimen)


@pytest.mark.parametrize("drug", DRUGS)
def test_the_locked_values_lie_well_within_the_ranges(drug: str) -> None:
    for control in controls(RECORD, drug).values():
        assert 3 * control.low < control.locked < control.high / 3
        assert control.accept(control.locked) == control.locked


@pytest.mark.parametrize("drug", ["blinatumomab", "tgn1412"])
def test_nothing_moved_is_the_locked_prediction(drug: str) -> None:
    solution = solve(Setting(drug))
    arms = results.load("03_blind_prediction").value(f"prediction/arms/{drug}")
    assert solution.index == pytest.approx(arms["severity"]["index"]["central"], rel=1e-6)
    observed = solution.peak("IL6")[0] + baselines()["IL6"]
    assert observed == pytest.approx(arms["IL6"]["peak"]["central"], rel=1e-6)
    assert solution.mark == ""
    assert solution.trajectory.mark == ""


@pytest.mark.parametrize(
    ("moved", "unlocks"),
    [
        ({"k_exh": 0.7}, True),
        ({"K_M": 500.0}, True),
        ({"K_S": 500.0}, True),
        ({"feedback": False}, True),
        ({"dose": 1.0}, False),
        ({"EC50": 50.0}, True),
        ({"k_act": 0.05}, True),
        ({"h": 2.0}, True),
        ({"tocilizumab_h": 6.0}, False),
        ({"dexamethasone_h": -1.0}, False),
    ],
)
def test_what_is_moved_changes_the_result_and_marks_it(
    moved: dict[str, Any], unlocks: bool
) -> None:
    locked, solution = solve(Setting("tgn1412")), solve(Setting("tgn1412", **moved))
    assert solution.trajectory.area("S") != pytest.approx(locked.trajectory.area("S"), rel=1e-3)
    expected = f"unlocked: {next(iter(moved))}"
    if "tocilizumab_h" in moved:
        expected = "treated: tocilizumab at 6 h"
    if "dexamethasone_h" in moved:
        expected = "treated: dexamethasone at -1 h"
    assert solution.mark == expected
    assert bool(solution.trajectory.mark) is unlocks


def test_a_treatment_is_named_beside_what_is_unlocked() -> None:
    solution = solve(Setting("tgn1412", k_exh=0.7, tocilizumab_h=-24.0))
    assert solution.mark == "unlocked: k_exh; treated: tocilizumab at -24 h"


def test_a_setting_equal_to_the_record_gives_the_same_numbers_and_still_its_mark() -> None:
    k_exh = RECORD.drug("tgn1412").k_exh
    solution = solve(Setting("tgn1412", k_exh=k_exh))
    assert solution.index == pytest.approx(solve(Setting("tgn1412")).index, rel=1e-12)
    assert solution.mark == "unlocked: k_exh"


@pytest.mark.parametrize("time_h", [-24.0, 0.0, 6.0])
def test_rescue_is_that_of_the_chapter(time_h: float) -> None:
    solution, course = (
        solve(Setting("tgn1412", tocilizumab_h=time_h)),
        simulate_course(RECORD, time_h),
    )
    assert solution.index == pytest.approx(float(course.index()), rel=1e-9)
    value, at_h = solution.peak("CRP")
    assert value == pytest.approx(float(course.peak("CRP").value), rel=1e-9)
    assert at_h == pytest.approx(float(course.peak("CRP").time_h), abs=1e-9)


@pytest.mark.parametrize(
    "moved",
    [
        {"dose": 0.0},
        {"dose": 1e9},
        {"k_exh": float("nan")},
        {"k_exh": "0.1"},
        {"K_M": -1.0},
        {"K_S": True},
        {"tocilizumab_h": 100.0},
        {"tocilizumab_h": float("inf")},
        {"dexamethasone_h": -100.0},
        {"EC50": 1e9},
        {"h": 0.01},
    ],
)
def test_a_value_out_of_range_is_refused_by_name(moved: dict[str, Any]) -> None:
    with pytest.raises(InputError, match=rf"{next(iter(moved))} is .*; expected .* to "):
        solve(Setting("tgn1412", **moved))


def test_what_a_drug_does_not_have_is_not_moved() -> None:
    tabulated = [name for name in RECORD.drug_names if RECORD.drug(name).table is not None]
    assert tabulated
    for name in tabulated:
        assert "dose" not in controls(RECORD, name)
        with pytest.raises(InputError, match="dose is 1.0; .* has none to move"):
            solve(Setting(name, dose=1.0))


def test_a_course_is_followed_a_week_or_two_weeks_after_the_last_dose() -> None:
    assert usual_horizon(Regimen.of(Infusion(0, 400, 1), Bolus(167, 1))) == 168
    assert usual_horizon(Regimen.of(Infusion(0, 400, 1), Bolus(168, 1))) == 400 + 336
    assert usual_horizon(Regimen.of(Bolus(0, 1), Bolus(500, 1))) == 500 + 336


def test_doses_of_several_amounts_are_moved_by_a_factor() -> None:
    known = controls(RECORD, "mosunetuzumab")["dose"]
    assert (known.label, known.locked) == ("every dose, times", 1.0)


def test_an_unknown_drug_is_refused() -> None:
    with pytest.raises(LockError, match="no drug 'aspirin'"):
        solve(Setting("aspirin"))


# ---------------------------------------------------------------- widgets


def data_drawn(drawn: Figure) -> bytes:
    """The curves of a figure instead of its picture, which takes a third of a second to draw."""
    return b"".join(line.get_xydata().tobytes() for axis in drawn.axes for line in axis.lines)


@pytest.fixture
def live(monkeypatch: pytest.MonkeyPatch) -> Explorer:
    monkeypatch.setattr(figure, "as_png", data_drawn)
    return Explorer("tgn1412")


@pytest.mark.thorough
def test_the_picture_is_a_png() -> None:
    assert bytes(Explorer("tgn1412").picture.value).startswith(b"\x89PNG")


def test_widgets_begin_at_the_lock_and_show_it(live: Explorer) -> None:
    assert live.setting == Setting("tgn1412")
    assert live.solution is not None and live.solution.mark == ""
    assert "Locked values" in live.message.value
    assert all(widget.description for widget in live.widgets.values())


@pytest.mark.parametrize(
    ("key", "value"),
    [("k_exh", 0.7), ("K_M", 100.0), ("K_S", 100.0), ("dose", 1.0), ("feedback", False)],
)
def test_moving_a_widget_solves_again(live: Explorer, key: str, value: Any) -> None:
    before = live.picture.value
    live.widgets[key].value = value
    assert live.setting == Setting("tgn1412", **{key: value})
    assert live.solution is not None
    assert live.solution.index == solve(live.setting).index
    assert f"Unlocked: {key}" in live.message.value
    assert live.picture.value != before


def test_tocilizumab_is_given_when_ticked(live: Explorer) -> None:
    assert live.widgets["tocilizumab_h"].disabled
    live.widgets["with_tocilizumab_h"].value = True
    assert live.setting == Setting("tgn1412", tocilizumab_h=6.0)
    live.widgets["tocilizumab_h"].value = -12.0
    assert live.solution is not None and live.solution.dose_h == 12.0


def test_dexamethasone_is_given_when_ticked(live: Explorer) -> None:
    live.widgets["with_dexamethasone_h"].value = True
    assert live.setting == Setting("tgn1412", dexamethasone_h=-1.0)
    assert live.solution is not None
    assert live.solution.index < solve(Setting("tgn1412")).index


def test_another_drug_brings_its_own_values_and_keeps_the_network(live: Explorer) -> None:
    live.widgets["k_exh"].value, live.widgets["K_M"].value = 0.7, 100.0
    for drug in DRUGS:
        live.widgets["drug"].value = drug
        assert live.setting == Setting(drug, K_M=100.0)


@pytest.mark.thorough
def test_reset_puts_all_but_the_drug_back(live: Explorer) -> None:
    live.widgets["drug"].value = "blinatumomab"
    for key, value in (("k_exh", 5.0), ("dose", 50.0), ("EC50", 1.0), ("feedback", False)):
        live.widgets[key].value = value
    live.widgets["with_tocilizumab_h"].value = True
    live.reset_button.click()
    assert live.setting == Setting("blinatumomab")
    assert live.solution is not None and live.solution.mark == ""


@pytest.mark.thorough
def test_a_solve_that_fails_leaves_nothing_stale(
    live: Explorer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(_setting: Setting) -> Any:
        raise IntegrationError("the solver <gave> up")

    monkeypatch.setattr(explorer.widgets, "solve", fails)
    live.widgets["k_exh"].value = 0.7
    assert live.solution is None
    assert live.picture.value == b"" and live.picture.layout.display == "none"
    assert "No result" in live.message.value and "&lt;gave&gt;" in live.message.value
    monkeypatch.undo()
    live.reset()
    assert live.picture.value and live.picture.layout.display is None


def test_explore_gives_the_box_and_refuses_an_unknown_drug() -> None:
    assert explorer.explore("blinatumomab").children
    with pytest.raises(LockError, match="no drug 'aspirin'"):
        explorer.explore("aspirin")


def test_the_description_sets_the_result_beside_the_lock() -> None:
    text = describe(solve(Setting("tgn1412", k_exh=0.7)))
    at_lock = solve(Setting("tgn1412")).index
    assert text.startswith("TGN1412: severity index ")
    assert f"At the lock: index {at_lock:.2f}" in text
