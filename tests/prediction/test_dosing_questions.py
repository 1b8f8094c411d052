"""Comparisons, first doses, steps and gaps: invariants, and goals that cannot be met."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import numpy as np
import pytest
from own_drugs import changed, content, number, with_doses, written

from qsp_lib.__main__ import main
from qsp_lib.common.errors import InputError, LockError
from qsp_lib.model.draws import Draws
from qsp_lib.prediction.comparing import (
    compare,
    comparison_csv,
    comparison_dict,
    comparison_text,
    resolved,
)
from qsp_lib.prediction.cover import Cover
from qsp_lib.prediction.first_dose import first_dose, first_dose_text
from qsp_lib.prediction.gaps import after_gap, gap_text
from qsp_lib.prediction.goals import (
    Goal,
    at_occupancy,
    first_group,
    indices,
    indices_within,
    like,
    thresholds,
)
from qsp_lib.prediction.predicting import predict, run
from qsp_lib.prediction.setting import Setup, draws_for, prepare
from qsp_lib.prediction.stepping import steps_text, steps_up
from qsp_lib.prediction.templates import write_template
from qsp_lib.protocol.lock import Record, current_record

STEPPED = [
    {"bolus": "0.01 mg", "time": "0 d"},
    {"bolus": "0.1 mg", "time": "3 d"},
    {"bolus": "1 mg", "time": "6 d"},
    {"bolus": "1 mg", "time": "9 d"},
]
DRAWS = 12


@pytest.fixture(scope="module")
def locked() -> Record:
    return current_record()


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = with_doses(STEPPED)
    at_once = file["regimens"]["clinical"] | {"doses": [{"bolus": "1 mg", "time": "0 d"}]}
    file["regimens"]["at_once"] = at_once
    later = [dose | {"time": f"{2 + 3 * i} d"} for i, dose in enumerate(STEPPED)]
    file["regimens"]["later"] = file["regimens"]["clinical"] | {"doses": later}
    flowing = [{"rate": "1 mg/d", "duration": "9 d", "time": "0 d"}, *STEPPED[2:]]
    file["regimens"]["flowing"] = file["regimens"]["clinical"] | {"doses": flowing}
    return written(tmp_path_factory.mktemp("own"), file)


@pytest.fixture(scope="module")
def setting(path: Path, locked: Record) -> Setup:
    return prepare(path, locked)


def ask(capsys: pytest.CaptureFixture[str], *words: str, code: int = 0) -> str:
    assert main(words) == code
    printed = capsys.readouterr()
    return printed.err if code else printed.out


# ------------------------------------------------------------- side by side


def test_differences_are_of_the_same_draws(path: Path, locked: Record) -> None:
    each = [predict(path, locked, regimen=r, n_draws=DRAWS) for r in ("clinical", "at_once")]
    first, second = compare(each)
    assert first.more_severe.central == first.more_severe.high == 0
    assert (first.il6_ratio.low, first.share_higher) == (1, 0)
    less = each[1].untreated.drawn["severity"] - each[0].untreated.drawn["severity"]
    assert second.more_severe.median == pytest.approx(np.median(less))
    assert second.share_higher == np.mean(less > 0)
    text = comparison_text([first, second])
    assert "the same draws for all" in text and "at_once" in text and "choosing a dose" in text
    rows = list(csv.DictReader(io.StringIO(comparison_csv([first, second]))))
    plain = comparison_dict([first, second])["courses"]
    for row, known in zip(rows, plain, strict=True):
        for kind, value in known["severity"].items():
            assert float(row[f"severity_{kind}"]) == pytest.approx(value, rel=1e-5)
    for each in (first, second):
        line = next(line for line in text.splitlines() if line.startswith(f"{each.words}  "))
        assert f"  {each.arm.severity.median:.2f}  " in line
        assert f"  {each.arm.severity.locked_point:.2f}" in line
    assert "medians of the draws" in text and "locked point: IL-6" in text


def test_a_course_beside_itself_differs_by_nothing(path: Path, locked: Record) -> None:
    cover = Cover((3.0,))
    found = compare([predict(path, locked, cover=cover, n_draws=0)])
    assert [c.words for c in found] == [
        "clinical, without tocilizumab",
        "clinical, with tocilizumab",
    ]
    assert found[1].more_severe.central < 0 and found[1].share_higher is None


def test_a_difference_that_the_solver_does_not_resolve_is_none(path: Path, locked: Record) -> None:
    late = predict(path, locked, regimen="at_once", cover=Cover((120.0,)), n_draws=DRAWS)
    found = compare([late])[1]
    assert found.share_higher == 0.0 and found.more_severe.high == 0.0
    assert resolved([1e-5, -1e-5, 2e-4, -2e-4]).tolist() == [0.0, 0.0, 2e-4, -2e-4]


def test_courses_called_the_same_are_not_set_side_by_side(path: Path, locked: Record) -> None:
    each = [predict(path, locked, n_draws=0)] * 2
    with pytest.raises(InputError, match="regimen 'clinical' have the name 'made-up'"):
        compare(each)


def test_compare_is_a_command(
    path: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    given = ["compare", str(path), "--regimen", "clinical", "--regimen", "at_once", "--draws", "5"]
    answer = json.loads(ask(capsys, *given, "--json", "-o", str(tmp_path / "out")))
    assert [course["regimen"] for course in answer["courses"]] == ["clinical", "at_once"]
    assert {p.suffix for p in (tmp_path / "out").iterdir()} == {".json", ".csv", ".png"}
    error = ask(capsys, "compare", str(path), "--draws", "0", code=1)
    assert "1 courses were given to compare; expected 2 to 8" in error
    error = ask(capsys, "compare", *[str(path)] * 9, "--draws", "0", code=1)
    assert "9 courses" in error


# ------------------------------------------------------------- a first dose


def test_the_first_dose_is_the_highest_that_keeps_to_the_goal(setting: Setup) -> None:
    goal = Goal(1.5, 0.25)
    found = first_dose(setting, goal, n_draws=DRAWS)
    draws, form = draws_for(setting, DRAWS), first_group(setting.regimen)
    assert found.bounded and found.share_over <= 0.25
    for amount in np.geomspace(found.dose_ug / 100, found.dose_ug, 5):
        assert goal.met(indices(setting, like(form, 0.0, amount), draws, 0.0, 168.0))
    above = indices(setting, like(form, 0.0, 1.05 * found.dose_ug), draws, 0.0, 168.0)
    assert not goal.met(above)
    text = first_dose_text(found)
    assert "highest first dose" in text and "z at the locked point" in text
    assert found.index.central == found.index.median


@pytest.mark.thorough
def test_a_higher_limit_or_share_never_lowers_the_dose(setting: Setup) -> None:
    doses = [
        first_dose(setting, Goal(limit, share), n_draws=DRAWS).dose_ug
        for limit, share in ((1.0, 0.1), (1.5, 0.1), (1.5, 0.4))
    ]
    assert doses == sorted(doses) and doses[0] < doses[-1]


def test_tocilizumab_before_allows_a_higher_first_dose(path: Path, locked: Record) -> None:
    alone, covered = (
        first_dose(prepare(path, locked, cover=cover), Goal(1.5, 0.25), n_draws=6).dose_ug
        for cover in (Cover(), Cover((-24.0,)))
    )
    assert covered > alone


def test_a_regimen_and_its_cover_shifted_together_have_the_same_answers(
    path: Path, locked: Record
) -> None:
    now, later = (
        prepare(path, locked, regimen=regimen, cover=Cover((at,)))
        for regimen, at in (("clinical", -24.0), ("later", 24.0))
    )
    goal = Goal(1.5, 0.25)
    assert first_dose(later, goal, n_draws=3).dose_ug == first_dose(now, goal, n_draws=3).dose_ug
    one, other = (steps_up(each, goal, full_ug=300.0, n_draws=3) for each in (now, later))
    assert one.doses == other.doses


def test_a_cover_that_comes_after_all_that_is_looked_at_is_refused(
    path: Path, locked: Record
) -> None:
    late = prepare(path, locked, cover=Cover((300.0,)))
    with pytest.raises(InputError, match="at 300 h was asked for; expected .* end at 168 h"):
        first_dose(late, Goal(1.5, 0.25), n_draws=3)
    with pytest.raises(InputError, match="before the end at 168 h"):
        steps_up(late, Goal(9.0, 0.25), n_draws=3)
    after = prepare(path, locked, horizon_h=1000.0, cover=Cover((500.0,)))
    with pytest.raises(InputError, match="before the end at 384 h"):
        after_gap(after, 3, (24.0,), steps=(4,), n_draws=0)


@pytest.mark.parametrize("h", [1, 2])
def test_the_dose_at_an_occupancy_is_the_closed_form(
    tmp_path: Path, locked: Record, h: int
) -> None:
    file = changed(content(), "potency.h", number(h, "1"))
    made = prepare(written(tmp_path, file), locked)
    for share in (0.1, 0.2):
        expected = 3.5 * 50 * (share / (1 - share)) ** (1 / h)
        found = at_occupancy(made, first_group(made.regimen), share)
        assert found == pytest.approx(expected, rel=1e-3)


def test_thresholds_are_where_each_draw_passes() -> None:
    by_amount = np.array([[0.0, 0.0, 2.0], [1.0, 0.5, 2.0], [2.0, 0.6, 2.0]])
    found = thresholds(1.5, (1.0, 10.0, 100.0), by_amount)
    assert found == pytest.approx([10**1.5, np.inf, 1.0])


# ------------------------------------------------------------- steps


def test_every_step_keeps_to_the_goal_and_the_last_is_the_full_dose(
    tmp_path: Path, locked: Record
) -> None:
    made = prepare(write_template(tmp_path / "own.toml", "bispecific")[0], locked)
    found = steps_up(made, Goal(1.7, 0.25), n_draws=DRAWS, gaps_h=(24.0, 72.0))
    doses = found.doses
    assert doses[-1].amount_ug == found.full_ug == 10_000
    assert [d.amount_ug for d in doses] == sorted(d.amount_ug for d in doses)
    assert all(dose.share_over <= 0.25 for dose in doses)
    gaps = np.diff([dose.time_h for dose in doses])
    assert set(gaps) <= {24.0, 72.0} and doses[0].time_h == 0
    assert len(doses) > 1 and found.at_once.central > doses[-1].index.central
    at_once = found.at_once
    assert "full dose" in steps_text(found)
    assert f"z {at_once.median:.2f} (" in steps_text(found)
    assert f"locked point {at_once.locked_point:.2f})" in steps_text(found)


def test_a_full_dose_that_keeps_to_the_goal_takes_no_steps(setting: Setup) -> None:
    found = steps_up(setting, Goal(2.5, 0.5), 1.0, n_draws=DRAWS)
    assert [(dose.time_h, dose.amount_ug) for dose in found.doses] == [(0.0, 1.0)]


# ------------------------------------------------------------- gaps


def test_a_gap_of_almost_nothing_is_the_regimen_itself(path: Path, locked: Record) -> None:
    made = prepare(path, locked)
    found = after_gap(made, 2, (0.001,), (3,), n_draws=0)
    whole = run(made, n_draws=0).untreated
    third = whole.steps[2].severity.central
    assert found.on_time.first.central == pytest.approx(third, abs=1e-3)
    assert found.restarts[0].first.central == pytest.approx(third, abs=1e-2)
    assert found.restarts[0].rest_h == pytest.approx(72.001)


def test_a_restart_is_at_every_step_that_may_be_given(setting: Setup) -> None:
    found = after_gap(setting, 2, (48.0, 96.0), n_draws=DRAWS)
    assert [(r.missed_h, r.step) for r in found.restarts] == [
        (gap, step) for gap in (48.0, 96.0) for step in (1, 2, 3)
    ]
    for restart in found.restarts:
        assert restart.first.central <= restart.severity.central + 1e-9
    by_step = [r.first.central for r in found.restarts[:3]]
    assert by_step == sorted(by_step), "a restart at a lower step is milder"
    assert "highest z from there on" in gap_text(found)
    assert "locked point: z of that dose" in gap_text(found)


def test_no_gap_is_no_difference(setting: Setup) -> None:
    found = after_gap(setting, 2, (1e-7,), (3,), n_draws=DRAWS)
    for kind in ("first", "severity"):
        late, on_time = getattr(found.restarts[0], kind), getattr(found.on_time, kind)
        assert vars(late) == pytest.approx(vars(on_time), abs=1e-4)


def test_beyond_the_longest_rest_that_was_looked_at_one_has_to_ask(setting: Setup) -> None:
    with pytest.raises(InputError, match="there is no ground"):
        after_gap(setting, 2, (672.0,), n_draws=0)
    found = after_gap(setting, 2, (24.0, 672.0), (3,), n_draws=0, longest_rest_h=800.0)
    assert [restart.grounded for restart in found.restarts] == [True, False]
    with pytest.raises(InputError, match="expected at most 800 h"):
        after_gap(setting, 2, (800.0,), n_draws=0, longest_rest_h=800.0)


# ------------------------------------------------------------- windows and copies


def test_windows_of_one_course_are_those_of_courses_of_their_own(setting: Setup) -> None:
    draws = draws_for(setting, DRAWS)
    windows = ((0.0, 72.0), (72.0, 144.0), (0.0, 144.0))
    together = indices_within(setting, setting.regimen, draws, windows)
    alone = [indices(setting, setting.regimen, draws, *window) for window in windows]
    assert together == pytest.approx(np.stack(alone), abs=1e-4)
    assert together[2] == pytest.approx(together[:2].max(axis=0), abs=1e-4)


def test_an_unlocked_copy_is_simulated_as_the_lock_and_marked(setting: Setup) -> None:
    copy = setting.unlocked()
    runs = [one.simulate(None, treated=False) for one in (setting, copy)]
    assert runs[0].peak("S").value == pytest.approx(runs[1].peak("S").value)
    assert runs[0].mark == "" and "unlocked copy" in runs[1].mark
    draws = draws_for(setting, 3)
    changed_by_hand = Draws({**draws.values, "n_M": np.full(3, 3.0)})
    with pytest.raises(LockError, match="is locked by lock"):
        setting.simulate(changed_by_hand, treated=False)
    moved = copy.simulate(changed_by_hand, treated=False).peak("S").value
    assert not np.allclose(moved, copy.simulate(draws, treated=False).peak("S").value)


@pytest.mark.parametrize("kind", ["dexamethasone_h", "tocilizumab_h"])
def test_a_cover_of_next_to_nothing_changes_nothing(path: Path, locked: Record, kind: str) -> None:
    amount = {kind.removesuffix("_h"): "1e-9 mg"}
    covered = prepare(path, locked, cover=Cover(**{kind: (0.0,), **amount}))
    draws = draws_for(covered, DRAWS)
    alone, beside = (
        indices(one, one.regimen, draws, 0.0, 72.0) for one in (prepare(path, locked), covered)
    )
    assert beside == pytest.approx(alone, abs=1e-4)


# ------------------------------------------------------------- what is refused


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (["first-dose", "--limit", "0"], "index above 0"),
        (["first-dose", "--limit", "-1"], "index above 0"),
        (["first-dose", "--limit", "nan"], "index above 0"),
        (["first-dose", "--limit", "grade9"], "grade1 to grade4"),
        (["first-dose", "--share", "1"], "between 0 and 1"),
        (["first-dose", "--draws", "0"], "expected some"),
        (["first-dose", "--limit", "1e-9", "--draws", "3"], "No first dose"),
        (["steps", "--limit", "0.01", "--draws", "3"], "No regimen of up to 3 steps"),
        (["steps", "--most-steps", "0"], "expected 1 to 6"),
        (["steps", "--gaps", "soon"], "--gaps"),
        (["steps", "--gaps", "-1d"], "at least as long as a dose flows"),
        (["steps", "--full", "3"], "--full"),
        (["steps", "--full", "5 Mg"], "understood as 5e+12 ug"),
        (["gap", "--received", "2", "--missed", "30d"], "15 days"),
        (["gap", "--received", "2", "--missed", "0d"], "more than 0"),
        (["gap", "--regimen", "flowing", "--received", "1", "--missed", "3d"], "flow on through"),
        (["gap", "--received", "4", "--missed", "2d"], "expected 1 to 3"),
        (["gap", "--received", "2", "--missed", "2d", "--restart", "4"], "expected 1 to 3"),
    ],
)
def test_questions_without_an_answer_are_refused_in_a_line(
    path: Path, capsys: pytest.CaptureFixture[str], words: list[str], why: str
) -> None:
    name, *options = words
    error = ask(capsys, name, str(path), *options, code=1)
    assert why in error and error.count("\n") == 1


def test_a_table_of_concentrations_is_of_its_own_doses(tmp_path: Path, locked: Record) -> None:
    (tmp_path / "t.csv").write_text("time (h),concentration (ng/mL)\n0,1\n10,100\n500,20\n")
    table = {"table": {"file": "t.csv", "source": ["declared assumption"]}}
    made = prepare(written(tmp_path, content(pharmacokinetics=table)), locked)
    for ask_it in (
        lambda: first_dose(made, Goal(1.0)),
        lambda: steps_up(made, Goal(1.0)),
        lambda: after_gap(made, 1, (24.0,)),
    ):
        with pytest.raises(InputError, match="which is of its own doses"):
            ask_it()
