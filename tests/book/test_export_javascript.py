"""The explorer's solver, run as the page runs it, against SciPy on the same equations."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import quickjs
from scipy.integrate import solve_ivp

from book import explorer
from book.explorer import Setting
from book.explorer import script as javascript
from qsp_lib.analyses.rescue import simulate_course
from qsp_lib.chapters import results
from qsp_lib.common.errors import InputError
from qsp_lib.drugs.reading import load_drug
from qsp_lib.model import Solver
from qsp_lib.model.equations import FEEDBACKS, MECHANISMS, PARAMETERS, STATES, rhs
from qsp_lib.model.schedule import make_schedule
from qsp_lib.protocol.lock import current_record

RECORD = current_record()
DRUGS = tuple(RECORD.drug_names)
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


@pytest.mark.parametrize("mechanism", MECHANISMS)
@pytest.mark.parametrize("feedback", FEEDBACKS)
def test_the_right_hand_side_is_the_python_one(mechanism: str, feedback: str) -> None:
    rng = np.random.default_rng(4)
    function = quickjs.Context()
    function.eval(f"const f = {javascript.right_hand_side(mechanism, feedback)}")
    for _ in range(5):
        y = rng.uniform(0.1, 1.0, len(STATES)).tolist()
        p = dict(zip(PARAMETERS, rng.uniform(0.5, 3.0, len(PARAMETERS)).tolist(), strict=True))
        inputs = rng.uniform(0.0, 5.0, 2).tolist()
        given = ", ".join(json.dumps(value) for value in (y, p, *inputs))
        found = json.loads(function.eval(f"JSON.stringify(f({given}))"))
        expected = rhs(y, type("P", (), p), *inputs, mechanism, feedback)
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
        value, time_h = expected.peak(name)
        peak = found["peaks"][name]
        assert peak["value"] == pytest.approx(value, rel=TOLERANCE, abs=1e-9), name
        if name in ("TNF", "IFN", "IL6"):
            assert peak["time_h"] == pytest.approx(time_h, abs=0.02), name
    assert found["index"] == pytest.approx(expected.index, abs=1e-4)
    assert found["grade"] == expected.grade


@pytest.mark.parametrize("drug", DRUGS)
def test_the_locked_curve_is_scipys_own_between_the_changes_of_dosing(js: Js, drug: str) -> None:
    """Not through this package's engines: the equations straight into solve_ivp."""
    regimen = load_drug(drug).regimens["clinical"]
    schedule = make_schedule(regimen, regimen.scaled(0.0), 168.0)
    inputs = RECORD.drug(drug)
    no_rescue = {name: 1.0 for name in PARAMETERS if name.endswith("_tcz")} | {"f_R": 0.0}
    values = RECORD.network.values() | inputs.values() | no_rescue | RECORD.crp.values()
    p = type("P", (), values)
    y = np.array([1.0 if name in ("R", "B") else 0.0 for name in STATES])
    S = np.empty(schedule.times.size)
    for segment in schedule.segments:
        y[0] += segment.bolus

        def f(_t: float, state: Any, rate: float = segment.rate) -> Any:
            return rhs(state, p, rate, 0.0, inputs.mechanism, RECORD.network.feedback)

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
        S[part] = run.y[STATES.index("S")]
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
        ("qspModel.before[6] = -5", "IFN fell below zero"),
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
