"""The explorer's solver, run as the page runs it, against SciPy on the same equations."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from itertools import cycle
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import quickjs
from cases import quick
from helpers import REGIMENS, made_up_bispecific
from scipy.integrate import solve_ivp
from treatments import BOTH_ROUTES, NETWORKS, UNDER_SKIN, treatments

from book import explorer
from book.explorer import Setting, shown_drugs
from book.explorer import script as javascript
from book.explorer.bundle import bundle
from qsp_lib.analyses.rescue import simulate_course
from qsp_lib.chapters import results
from qsp_lib.common.errors import InputError, LockError
from qsp_lib.export.dosed import treatment as treatment_of
from qsp_lib.model import Solver
from qsp_lib.model.awaiting_lock import require_lock
from qsp_lib.model.dosing import Infusion, Regimen
from qsp_lib.model.equations import FEEDBACKS, MECHANISMS
from qsp_lib.model.parts.exposure import TABLE
from qsp_lib.model.schedule import make_schedule
from qsp_lib.model.simulation import simulate_treatment
from qsp_lib.model.structure import RECOVERY_AT_REST, T_CELLS, Structure, whole
from qsp_lib.model.treatment import Treatment
from qsp_lib.protocol.lock import current_record

RECORD = current_record()
FITTED = ("blinatumomab", "tgn1412")
DRUGS = shown_drugs(RECORD)
PEAKS = "C A TNF IFN M IL6 S T_c"
TOLERANCE = 1e-3
ASK = """
function asPlain(result, names) {
  const peaks = {};
  for (const name of names.split(" ")) peaks[name] = result.peak(name);
  return JSON.stringify({
    index: result.index, grade: result.grade, times: result.times, S: result.values("S"), peaks,
    at: Object.fromEntries([0, 1.3, 24].map((t) => [t, result.at("S", t)])),
  });
}
function solved(text, names) {
  const { drug, ...setting } = JSON.parse(text);
  return asPlain(qspExplorer.solve(qspModel, qspModel.drugs[drug], setting), names);
}
function integrated(text, names) {
  const asked = JSON.parse(text);
  const structure = qspModel.structures[asked.structure];
  const rhs = structure.rhs[asked.feedback];
  return asPlain(qspExplorer.integrate(qspModel, { ...asked, structure, rhs }), names);
}
"""

Js = Callable[[str], Any]


def loaded(script: str, most_evaluations: int = 0) -> quickjs.Context:
    """A JavaScript engine that has loaded what the page solves with, but no page.

    Args:
        most_evaluations: after how many the solver gives up; as on the page if 0.
    """
    context = quickjs.Context()
    context.eval(script)
    modules = bundle(javascript.STATIC / javascript.MODULES, "treatment.js", name="qspExplorer")
    if most_evaluations:
        limit = "MOST_EVALUATIONS = 60000;"
        assert limit in modules
        modules = modules.replace(limit, f"MOST_EVALUATIONS = {most_evaluations};")
    context.eval(modules)
    context.eval(ASK)
    return context


@pytest.fixture(scope="module")
def script() -> str:
    return javascript.model_script(RECORD)


@pytest.fixture(scope="module")
def js(script: str) -> Js:
    return loaded(script).eval


@cache
def in_javascript(js: Js, setting: Setting) -> dict[str, Any]:
    """What the page finds at a setting; solved once however many tests look at it."""
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


BOTH_GIVEN = {  # a drug that is followed for weeks takes a second to solve: both at once
    drug: Setting(drug, tocilizumab_h=tocilizumab_h, dexamethasone_h=dexamethasone_h)
    for drug, tocilizumab_h, dexamethasone_h in zip(
        DRUGS, cycle((-24.0, 0.05, 47.0)), cycle((-1.0, 6.0))
    )
}
OF_EACH_KIND = [
    *(Setting(drug) for drug in DRUGS),
    *BOTH_GIVEN.values(),
    Setting("tgn1412", dexamethasone_h=-2.0),
    Setting("tgn1412", tocilizumab_h=0.05),
    Setting("tgn1412", feedback=False),
    Setting("tgn1412", k_exh=10.0, dose=0.05),
    Setting("tgn1412", EC50=2000.0, k_act=0.2, h=3.0),
    Setting("blinatumomab", dose=6000.0, k_exh=0.01, K_M=10.0, K_S=1e5, tocilizumab_h=12.5),
]
SETTINGS = [
    *OF_EACH_KIND,
    *(Setting("tgn1412", tocilizumab_h=h) for h in (-24.0, 0.75, 2.0)),
    Setting("blinatumomab", dexamethasone_h=6.0),
    Setting("tgn1412", dexamethasone_h=-2.0, tocilizumab_h=-24.0),
]


ENGINE = Solver("diffsol", rtol=1e-8, atol=1e-10)  # whose own tests hold it to SciPy
SCIPY = Solver("scipy", rtol=1e-7, atol=1e-9)
SHORT = [setting for setting in OF_EACH_KIND if setting.drug in FITTED]
FEW = [
    Setting("blinatumomab"),
    BOTH_GIVEN["okt3"],
    Setting("tgn1412", k_exh=10.0, dose=0.05),
]


@pytest.mark.parametrize(
    ("setting", "solver"),
    quick(
        [*((one, ENGINE) for one in SETTINGS), *((one, SCIPY) for one in SHORT)],
        few=[*((one, ENGINE) for one in FEW), (FEW[0], SCIPY)],
    ),
    ids=str,
)
def test_peaks_are_those_of_the_engine_and_of_scipy(
    js: Js, setting: Setting, solver: Solver
) -> None:
    found = in_javascript(js, setting)
    expected = explorer.solve(setting, solver=solver)
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


@pytest.mark.parametrize("drug", quick(DRUGS, few=["tgn1412"]))
def test_the_locked_curve_is_scipys_own_between_the_changes_of_dosing(js: Js, drug: str) -> None:
    """Not through this package's engines: the equations straight into solve_ivp."""
    treatment = treatment_of(RECORD, RECORD.drug(drug), RECORD.regimen(drug))
    structure = replace(treatment, rescue=None, steroid=None, crp=None).structure
    horizon_h = explorer.usual_horizon(treatment.regimen, treatment.drug)
    given = [
        each
        for door, each in zip(treatment.structure.doors, treatment.at_doors(), strict=True)
        if door in structure.doors
    ]
    schedule = make_schedule(given, horizon_h)
    p = SimpleNamespace(**treatment.known)
    y, S = np.array(structure.before), np.empty(schedule.times.size)
    for segment in schedule.segments:
        for door, amount in zip(structure.doors, segment.boluses, strict=True):
            y[structure.states.index(door.state)] += amount
        rates = [
            rate for door, rate in zip(structure.doors, segment.rates, strict=True) if door.input
        ]

        def f(_t: float, state: Any, rates: list[float] = rates) -> Any:
            return structure.rhs(state, p, rates)

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


@pytest.mark.parametrize("drug", quick(DRUGS, few=["tgn1412"]))
def test_a_value_between_report_times_is_that_of_the_engine(js: Js, drug: str) -> None:
    setting = BOTH_GIVEN[drug]
    shift_h = max(0.0, -setting.tocilizumab_h, -setting.dexamethasone_h)
    found = in_javascript(js, setting)
    course = explorer.solve(setting).trajectory
    for time_h, value in found["at"].items():
        expected = float(course.at("S", float(time_h) + shift_h))
        assert value == pytest.approx(expected, rel=TOLERANCE, abs=1e-6)


@pytest.mark.parametrize("drug", quick(DRUGS, few=["okt3", "teclistamab"]))
def test_the_page_has_the_index_that_the_engine_gives(js: Js, drug: str) -> None:
    assert in_javascript(js, Setting(drug))["index"] == pytest.approx(
        js(f"qspModel.drugs['{drug}'].index"), abs=1e-4
    )


@pytest.mark.parametrize("drug", FITTED)
def test_the_locked_severity_is_the_one_in_the_chapters(js: Js, drug: str) -> None:
    saved = results.load("03_blind_prediction").value(
        f"prediction/arms/{drug}/severity/index/central"
    )
    assert in_javascript(js, Setting(drug))["index"] == pytest.approx(saved, abs=1e-4)


def test_rescue_is_that_of_the_rescue_chapter(js: Js) -> None:
    for time_h in (-24.0, 2.0, 6.0, 24.0):
        course = simulate_course(RECORD, time_h)
        found = in_javascript(js, Setting("tgn1412", tocilizumab_h=time_h))
        for name in ("IL6", "S"):
            expected = float(course.peak(name).value)
            assert found["peaks"][name]["value"] == pytest.approx(expected, rel=TOLERANCE)


SPOILT = [
    ("qspModel.drugs.tgn1412.values.CL = NaN", "gave up|is not a number"),
    ("qspModel.network.d_IL6 = -50", "gave up"),
    (
        "for (const s of Object.values(qspModel.structures)) "
        "s.before[s.states.indexOf('IFN')] = -5",
        "IFN fell below zero",
    ),
]


@pytest.mark.parametrize(("change", "message"), quick(SPOILT, few=SPOILT[-1:]))
def test_a_solve_that_fails_says_so(script: str, change: str, message: str) -> None:
    context = loaded(script, most_evaluations=6000)
    solve = "qspExplorer.solve(qspModel, qspModel.drugs.tgn1412, {})"
    assert context.eval(f"{solve}.grade") == 4  # which takes less than these
    context.eval(change)
    with pytest.raises(quickjs.JSException, match=message):
        context.eval(solve)


def test_the_script_carries_the_record_and_leaks_no_exports(js: Js) -> None:
    assert js("qspModel.lock.digest") == RECORD.digest
    assert js("typeof exports") == "undefined"
    assert json.loads(js("JSON.stringify(qspModel.network)")) == RECORD.network.values()


def test_the_script_is_the_same_each_time(script: str) -> None:
    assert javascript.model_script(RECORD) == script


def test_no_script_without_the_vendored_libraries(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="odex.js"):
        javascript.model_script(RECORD, tmp_path)


# ---------------------------------------------------------------- treatments that nobody was given


MADE_UP = treatments(RECOVERY_AT_REST)
HORIZON_H = 120.0


def solver_of(name: str) -> Js:
    """The page's solver with the equations of one made-up treatment in it."""
    structure = MADE_UP[name].treatment.structure
    numbers = {
        "baselines": dict(RECORD.baselines),
        "boundaries": [1.0, 2.0, 3.0, 4.0],
        "same_time_h": 1e-9,
        "rtol": 1e-8,
        "atol": 1e-9,
    }
    return loaded(javascript.script(numbers, {"made-up": structure}, "made up")).eval


def asked_of(treatment: Treatment, dose_h: float = 0.0) -> str:
    """What the page's solver is asked for a treatment, its changes of dosing from the engine's."""
    asked = {
        "structure": "made-up",
        "feedback": treatment.structure.feedback,
        "values": treatment.known,
        "given": javascript.entering(treatment),
        "dose_h": dose_h,
        "horizon_h": HORIZON_H,
    }
    return json.dumps(json.dumps(asked))


@pytest.mark.parametrize("name", quick(MADE_UP, few=["saturable", "log_table", "everything"]))
def test_a_treatment_with_any_part_is_solved_as_in_python(name: str) -> None:
    """Depot, falling and saturable clearance, tables, targets, a steroid by vein and by mouth."""
    treatment = MADE_UP[name].treatment
    rescue, steroid = treatment.rescue, treatment.steroid
    if rescue is not None:
        rescue = replace(rescue, regimen=rescue.regimen.shifted(30.0))
    if steroid is not None:
        steroid = replace(steroid, regimen=steroid.regimen.shifted(0.5))
    treatment = replace(treatment, rescue=rescue, steroid=steroid)
    expected = simulate_treatment(treatment, horizon_h=HORIZON_H, rtol=1e-9, atol=1e-10)
    states = expected.task.structure.states
    asked = asked_of(treatment)
    found = json.loads(solver_of(name)(f"integrated({asked}, {json.dumps(' '.join(states))})"))
    for state in states:
        peak, largest = found["peaks"][state]["value"], float(expected.peak(state).value)
        assert peak == pytest.approx(largest, rel=1e-5, abs=1e-9), state
    S = np.interp(found["times"], expected.times, expected["S"])
    np.testing.assert_allclose(found["S"], S, rtol=0, atol=TOLERANCE * S.max())


@pytest.mark.thorough
def test_absorption_within_a_minute_is_followed_as_in_python() -> None:
    treatment = MADE_UP["subcutaneous"].treatment
    treatment = replace(treatment, drug=replace(treatment.drug, k_a=60.0))
    asked = asked_of(treatment)
    found = json.loads(solver_of("subcutaneous")(f"integrated({asked}, 'A_c')"))
    expected = simulate_treatment(treatment, horizon_h=HORIZON_H)
    assert found["times"] == pytest.approx(expected.times, rel=1e-9)
    # two doses of 400 and 900 ug by 0.7, of which next to nothing is eliminated while absorbed
    assert found["peaks"]["A_c"]["value"] == pytest.approx(
        float(expected.peak("A_c").value), rel=1e-4
    )
    assert found["peaks"]["A_c"]["value"] < 0.7 * 1300.0


DOSES = {
    **REGIMENS,
    "under the skin": UNDER_SKIN,
    "both routes": BOTH_ROUTES,
    "rounding": Regimen.of(Infusion(0.0, 0.1 + 0.2, 10.0), Infusion(0.3, 1.0, 20.0)),
}


@pytest.mark.parametrize("name", DOSES)
def test_doses_enter_at_the_doors_as_in_python(js: Js, name: str) -> None:
    drug = made_up_bispecific(k_a=0.09, F=0.7, lag_h=1 / 3, CL_0=0.9, k_CL=0.02, K_B=1.0)
    treatment = Treatment(drug, DOSES[name], NETWORKS[RECOVERY_AT_REST])
    given = json.dumps(javascript.doses(DOSES[name]))
    found = json.loads(
        js(f"JSON.stringify(qspExplorer.atDoors({{F: 0.7, lag_h: 1 / 3}}, {given}))")
    )
    for door, expected in javascript.entering(treatment).items():
        assert levels(found[door]) == pytest.approx(levels(expected), rel=1e-12, abs=1e-9)


def levels(changes: list[dict[str, float]]) -> list[float]:
    """What was added by, and the rate at, a few times."""
    times = [0.05, 0.31, 1.1, 2.5, 5.0, 21.0, 25.0, 49.0, 73.0]
    found = []
    for time in times:
        known = [change for change in changes if change["time_h"] <= time]
        found += [sum(c["amount"] for c in known), known[-1]["rate"] if known else 0.0]
    return found


def test_a_drug_that_may_not_be_simulated_is_not_shown(script: str) -> None:
    structure = Structure("bispecific", t_cells=RECOVERY_AT_REST)
    for name in RECORD.drug_names:
        drug, shown = RECORD.drug(name), name in shown_drugs(RECORD)
        try:
            require_lock(drug, RECORD.network, RECORD.regimen(name), structure)
        except LockError:
            assert not shown
        else:
            assert shown
    for name in set(RECORD.drug_names) - set(shown_drugs(RECORD)):
        assert f'"name":"{name}"' not in script


def test_the_script_stays_small(script: str) -> None:
    assert len(script.encode()) < 300_000
