"""The explorer's solver, run as the page runs it, against SciPy on the same equations."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import quickjs
from scipy.integrate import solve_ivp
from treatments import treatments

from book import explorer
from book.explorer import Setting
from book.explorer import script as javascript
from qsp_lib.analyses.rescue import simulate_course
from qsp_lib.chapters import results
from qsp_lib.common.errors import InputError
from qsp_lib.model import Solver
from qsp_lib.model.equations import FEEDBACKS, MECHANISMS
from qsp_lib.model.parts.exposure import TABLE
from qsp_lib.model.schedule import make_schedule
from qsp_lib.model.simulation import simulate
from qsp_lib.model.structure import (
    CONSTANT_RECOVERY,
    RECOVERY_AT_REST,
    T_CELLS,
    Structure,
    of_lock_v1,
    whole,
)
from qsp_lib.protocol.lock import current_record, record_of

RECORD = current_record()
DRUGS = explorer.DRUGS
PEAKS = "C A TNF IFN M IL6 S T_c CRP"
TOLERANCE = 1e-3
ASK = """
function solved(text, names) {
  const result = qspSolver.solve(qspModel, JSON.parse(text));
  const peaks = {};
  for (const name of names.split(" ")) peaks[name] = result.peak(name);
  return JSON.stringify({
    index: result.index, grade: result.grade, times: result.times, S: result.values("S"), peaks,
  });
}
"""

Js = Callable[[str], Any]


@pytest.fixture(scope="module")
def js() -> Js:
    """A JavaScript engine that has loaded what the page loads, but no page."""
    context = quickjs.Context()
    context.eval(javascript.model_script(RECORD))
    context.eval((javascript.STATIC / javascript.SOLVER).read_text(encoding="utf-8"))
    context.eval(ASK)
    return context.eval


def in_javascript(js: Js, setting: Setting) -> dict[str, Any]:
    asked = {name: getattr(setting, name) for name in setting.moved} | {"drug": setting.drug}
    answer: dict[str, Any] = json.loads(js(f"solved({json.dumps(json.dumps(asked))}, '{PEAKS}')"))
    return answer


WHOLES = [
    whole(mechanism, feedback, t_cells)
    for mechanism in MECHANISMS
    for feedback in FEEDBACKS
    for t_cells in T_CELLS
]
TABULATED = [Structure(m, t_cells=RECOVERY_AT_REST, exposure=(TABLE,)) for m in MECHANISMS]


@pytest.mark.parametrize("structure", [*WHOLES, *TABULATED], ids=repr)
def test_the_right_hand_side_is_the_python_one(structure: Structure) -> None:
    rng = np.random.default_rng(4)
    function = quickjs.Context()
    function.eval(f"const f = {javascript.right_hand_side(structure)}")
    names = structure.parameters
    for i in range(5):
        y = rng.uniform(0.1, 1.0, len(structure.states)) * (-1e-9 if i == 4 else 1.0)
        p = dict(zip(names, rng.uniform(0.5, 3.0, len(names)).tolist(), strict=True))
        rates = rng.uniform(0.0, 5.0, len(structure.inputs)).tolist()
        given = ", ".join(json.dumps(value) for value in (y.tolist(), p, rates))
        found = json.loads(function.eval(f"JSON.stringify(f({given}))"))
        expected = structure.rhs(y, SimpleNamespace(**p), rates)
        np.testing.assert_allclose(found, np.array(expected, dtype=float), rtol=1e-12, atol=1e-13)


SETTINGS = [
    *(Setting(drug) for drug in DRUGS),
    *(Setting(drug, tocilizumab_h=h) for drug in DRUGS for h in (-24.0, 0.05, 6.0, 47.0)),
    *(Setting("tgn1412", tocilizumab_h=h) for h in (0.75, 1.0, 2.0)),
    Setting("tgn1412", feedback=False),
    Setting("tgn1412", k_exh=10.0, dose=1e-4),
    Setting("okt3", dose=500.0, k_exh=0.01, K_S=10.0),
    Setting("blinatumomab", dose=6000.0, k_exh=0.01, K_M=10.0, K_S=1e5, tocilizumab_h=12.5),
]


@pytest.mark.parametrize("setting", SETTINGS, ids=str)
def test_peaks_are_those_of_scipy(js: Js, setting: Setting) -> None:
    found = in_javascript(js, setting)
    expected = explorer.solve(setting, solver=Solver("scipy", rtol=1e-7, atol=1e-9))
    for name in PEAKS.split():
        peak = found["peaks"][name]
        if name == "T_c" and setting.tocilizumab_h is None:
            assert peak["value"] == 0.0  # the page's solver has the states that this run needs not
            continue
        value, time_h = expected.peak(name)
        assert peak["value"] == pytest.approx(value, rel=TOLERANCE, abs=1e-9), name
        if name in ("TNF", "IFN", "IL6"):
            assert peak["time_h"] == pytest.approx(time_h, abs=0.02), name
    assert found["index"] == pytest.approx(expected.index, abs=1e-4)
    assert found["grade"] == expected.grade


@pytest.mark.parametrize("drug", DRUGS)
def test_the_locked_curve_is_scipys_own_between_the_changes_of_dosing(js: Js, drug: str) -> None:
    """Not through this package's engines: the equations straight into solve_ivp."""
    schedule = make_schedule([RECORD.regimen(drug)], 168.0)
    inputs, network = RECORD.drug(drug), RECORD.network
    structure = Structure(inputs.mechanism, network.feedback, network.t_cells)
    p = SimpleNamespace(**network.values(), **inputs.values())
    y = np.array([1.0 if name in ("R", "B") else 0.0 for name in structure.states])
    S = np.empty(schedule.times.size)
    for segment in schedule.segments:
        y[0] += segment.bolus

        def f(_t: float, state: Any, rate: float = segment.rate) -> Any:
            return structure.rhs(state, p, (rate,))

        part = slice(segment.first, segment.last + 1)
        run = solve_ivp(
            f,
            (segment.start_h, segment.end_h),
            y,
            "LSODA",
            schedule.times[part],
            rtol=1e-9,
            atol=1e-9,
        )
        S[part] = run.y[structure.states.index("S")]
        y = run.y[:, -1].copy()
    found = in_javascript(js, Setting(drug))
    np.testing.assert_allclose(found["times"], schedule.times, rtol=0, atol=1e-9)
    np.testing.assert_allclose(found["S"], S, rtol=0, atol=TOLERANCE * S.max())
    assert found["peaks"]["S"]["value"] == pytest.approx(S.max(), rel=TOLERANCE)


@pytest.mark.parametrize("drug", DRUGS)
def test_the_locked_severity_is_the_one_in_the_chapters(js: Js, drug: str) -> None:
    saved = results.load("03_blind_prediction").value(
        f"prediction/arms/{drug}/severity/index/central"
    )
    assert in_javascript(js, Setting(drug))["index"] == pytest.approx(saved, abs=1e-4)


def test_rescue_is_that_of_the_rescue_chapter(js: Js) -> None:
    for time_h in (-24.0, 2.0, 6.0, 24.0):
        course = simulate_course(RECORD, time_h)
        found = in_javascript(js, Setting("tgn1412", tocilizumab_h=time_h))
        for name in ("IL6", "S", "CRP"):
            expected = float(course.peak(name).value)
            assert found["peaks"][name]["value"] == pytest.approx(expected, rel=TOLERANCE)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("qspModel.drugs.tgn1412.values.CL = NaN", "gave up|is not a number"),
        ("qspModel.network.d_IL6 = -50", "gave up"),
        ("qspModel.structures.monoclonal.before[6] = -5", "IFN fell below zero"),
    ],
)
def test_a_solve_that_fails_says_so(change: str, message: str) -> None:
    context = quickjs.Context()
    context.eval(javascript.model_script(RECORD))
    context.eval((javascript.STATIC / javascript.SOLVER).read_text(encoding="utf-8"))
    context.eval(change)
    with pytest.raises(quickjs.JSException, match=message):
        context.eval("qspSolver.solve(qspModel, { drug: 'tgn1412' })")


def test_an_unknown_drug_is_refused(js: Js) -> None:
    with pytest.raises(quickjs.JSException, match="no drug aspirin"):
        js("qspSolver.solve(qspModel, { drug: 'aspirin' })")


def test_the_script_carries_the_record_and_leaks_no_exports(js: Js) -> None:
    assert js("qspModel.lock.digest") == RECORD.digest
    assert js("typeof exports") == "undefined"
    assert json.loads(js("JSON.stringify(qspModel.network)")) == RECORD.network.values()


def test_the_script_is_the_same_each_time() -> None:
    assert javascript.model_script(RECORD) == javascript.model_script(RECORD)


def test_no_script_without_the_vendored_solver(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="odex.js"):
        javascript.model_script(RECORD, tmp_path)


# ---------------------------------------------------------------- treatments that nobody was given


MADE_UP = treatments(RECOVERY_AT_REST)
HORIZON_H = 120.0


def solver_of(name: str) -> Js:
    """The page's solver with one made-up treatment in it, as the page would have a record's."""
    treatment = MADE_UP[name].treatment
    numbers = {
        "feedback": treatment.network.feedback,
        "network": treatment.network.values(),
        "crp": treatment.crp.values() if treatment.crp is not None else {},
        "drugs": {"made-up": {**javascript.treated(treatment), "controls": {}}},
        **javascript.co_medications(treatment),
        "baselines": dict(RECORD.baselines),
        "boundaries": [1.0, 2.0, 3.0, 4.0],
        "horizon_h": HORIZON_H,
        "same_time_h": 1e-9,
        "rtol": 1e-8,
        "atol": 1e-9,
    }
    context = quickjs.Context()
    context.eval(javascript.script(numbers, [javascript.structure_of(treatment)], "made up"))
    context.eval((javascript.STATIC / javascript.SOLVER).read_text(encoding="utf-8"))
    context.eval(ASK)
    return context.eval


@pytest.mark.parametrize("name", MADE_UP)
def test_a_treatment_with_any_part_is_solved_as_in_python(name: str) -> None:
    """Depot, falling and saturable clearance, tables, targets, a steroid by vein and by mouth."""
    treatment = MADE_UP[name].treatment
    setting: dict[str, Any] = {"drug": "made-up"}
    rescue, steroid = treatment.rescue, treatment.steroid
    if rescue is not None:
        setting["tocilizumab_h"] = 30.0
        rescue = replace(rescue, regimen=rescue.regimen.shifted(30.0))
    if steroid is not None:
        setting["dexamethasone_h"] = 0.5
        steroid = replace(steroid, regimen=steroid.regimen.shifted(0.5))
    expected = simulate(
        treatment.drug,
        treatment.network,
        treatment.regimen,
        rescue=rescue,
        steroid=steroid,
        crp=treatment.crp,
        horizon_h=HORIZON_H,
        rtol=1e-9,
        atol=1e-10,
    )
    states = expected.task.structure.states
    asked = json.dumps(json.dumps(setting))
    found = json.loads(solver_of(name)(f"solved({asked}, {json.dumps(' '.join(states))})"))
    assert javascript.structure_of(treatment) == expected.task.structure
    for state in states:
        peak, largest = found["peaks"][state]["value"], float(expected.peak(state).value)
        assert peak == pytest.approx(largest, rel=1e-5, abs=1e-9), state
    S = np.interp(found["times"], expected.times, expected["S"])
    np.testing.assert_allclose(found["S"], S, rtol=0, atol=TOLERANCE * S.max())


def test_a_steroid_before_the_drug_moves_the_clock_and_lowers_the_signal() -> None:
    js = solver_of("steroid_by_vein")
    signal = {}
    for when in (None, -1.0):
        setting = {"drug": "made-up", "dexamethasone_h": when}
        answer = json.loads(js(f"solved({json.dumps(json.dumps(setting))}, 'S A D_c')"))
        signal[when] = answer["peaks"]["S"]["value"]
        assert answer["times"][0] == 0.0 and answer["times"][-1] == HORIZON_H
        assert (answer["peaks"]["D_c"]["value"] > 1e4) is (when is not None)
    assert signal[-1.0] < 0.9 * signal[None]


def test_the_page_has_the_parts_of_its_record() -> None:
    for treatment in javascript.treatments(RECORD).values():
        assert javascript.structure_of(treatment) == treatment.structure
        assert treatment.structure.t_cells == RECORD.network.t_cells
    told = javascript.constants(RECORD)
    assert tuple(told["drugs"]) == explorer.DRUGS
    assert told["dexamethasone"]["values"]["w_dex"] == RECORD.dexamethasone.w


def test_a_page_of_lock_v1_has_all_that_lock_v1_knows_and_no_more() -> None:
    first = record_of("v1")
    for treatment in javascript.treatments(first).values():
        mechanism = treatment.drug.mechanism
        assert javascript.structure_of(treatment) == of_lock_v1(mechanism, first.network.feedback)
        assert treatment.structure.t_cells == CONSTANT_RECOVERY
    assert "dexamethasone" not in javascript.constants(first)
