"""A reader's drug file in the page: the numbers of the command line, and what it refuses."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import quickjs
from cases import quick
from fuzz.hostile import mutants

from book.explorer import script as javascript
from book.explorer.bundle import bundle
from qsp_lib.__main__ import main
from qsp_lib.common.errors import InputError, LockError, QspError
from qsp_lib.drugs.reading import load_drug
from qsp_lib.evidence.units import convert, parse
from qsp_lib.model import severity
from qsp_lib.prediction import Cover, draws_for, prepare
from qsp_lib.prediction.templates import template
from qsp_lib.protocol.lock import current_record

RECORD = current_record()
TOLERANCE = 1e-3
ASK = """
function read(text) {
  return qspExplorer.readDrugFile(qspModel, "own.toml", text);
}
function readOrSay(text) {
  try { return JSON.stringify({ drug: read(text) }); }
  catch (error) {
    if (!(error instanceof qspExplorer.FileError)) throw error;
    return JSON.stringify({ says: error.message });
  }
}
function predicted(text, settingText) {
  const drug = read(text);
  const result = qspExplorer.solve(qspModel, drug, JSON.parse(settingText));
  const peaks = {};
  for (const name of ["C", "A", "TNF", "IFN", "IL6"]) {
    const { value, time_h } = result.peak(name);
    peaks[name] = { value: value + (qspModel.baselines[name] ?? 0), time_h };
  }
  return JSON.stringify({
    peaks, severity: result.index, week: result.indexUntil(168), grade: result.grade,
    horizon_h: result.horizon_h,
  });
}
function band(text, settingText, many) {
  const drug = text ? read(text) : qspModel.drugs.tgn1412;
  const setting = JSON.parse(settingText);
  const central = qspExplorer.solve(qspModel, drug, setting);
  const found = new qspExplorer.Band(qspModel, drug, setting, central, ["C", "IL6", "S"]);
  found.of = many;
  while (!found.whole) found.step();
  return JSON.stringify({
    index: found.index, IL6: found.peak("IL6"), grades: found.grades, done: found.done,
    times: found.times, S: found.course("S"),
  });
}
"""
Js = Callable[[str], Any]


@pytest.fixture(scope="module")
def js() -> Js:
    context = quickjs.Context()
    context.eval(javascript.model_script(RECORD))
    modules = javascript.STATIC / javascript.MODULES
    context.eval(bundle(modules, "drug_file.js", "band.js", name="qspExplorer"))
    context.eval(ASK)
    return context.eval


def call(js: Js, function: str, *arguments: Any) -> Any:
    return json.loads(js(f"{function}({', '.join(json.dumps(each) for each in arguments)})"))


# ---------------------------------------------------------------- units

WRITTEN = """
L/h L/d mL/min mL/h l/day L/d/kg dL ng/mL ug/L µg/mL mg/L nM pM uM nmol/L pmol/mL mol mg ug mcg
kg g mg/kg ug/kg/h ug/m^2/day ug/m2/d mg/m**2 1/h 1/d h^-1 h-1 d^(-1) h hours min d days week s %
fraction 1 m2 cm2 cm^3 m^3 mg/(kg*h) milligram liters minutes nmol/kg mg/d
"""
UNITS = (*WRITTEN.split(), "", "ug * h")
UNREAD = "parsec! mg//h m**m (mg mg) ng/mL/ _ é 1/0 mg^ ^2 /h furlongz"
UNKNOWN = tuple(UNREAD.split())


@pytest.fixture(scope="module")
def units(js: Js) -> Js:
    return lambda expression: js(
        f"(() => {{ try {{ return {expression}; }} catch (e) {{ return e.message; }} }})()"
    )


@pytest.mark.parametrize("unit", quick(UNITS, few=UNITS[::3]))
def test_a_unit_means_what_it_means_to_the_package(units: Js, unit: str) -> None:
    for other in UNITS:
        found = units(f"qspExplorer.convert(3.7, {json.dumps(unit)}, {json.dumps(other)})")
        try:
            expected = convert(3.7, unit, other)
        except InputError:
            assert isinstance(found, str) and "expected" in found, (unit, other)
        else:
            assert found == pytest.approx(expected, rel=1e-12), (unit, other)


def test_molar_masses_are_read(units: Js) -> None:
    assert units("qspExplorer.convert(392.5, 'Da', 'kDa')") == pytest.approx(0.3925)


@pytest.mark.parametrize("unit", UNKNOWN)
def test_an_unknown_unit_is_refused_as_by_the_package(units: Js, unit: str) -> None:
    with pytest.raises(InputError):
        convert(1.0, unit, "mg")
    assert "none that this page reads" in units(f"qspExplorer.readUnit({json.dumps(unit)})")


@pytest.mark.parametrize(
    "text", ["5 mg", " 1.5e-1 ug ", ".5 h", "5", "mg", "5 5 mg", "", "-3 d", "1e999 mg", "2mg"]
)
def test_a_quantity_is_split_as_by_the_package(units: Js, text: str) -> None:
    found = units(f"JSON.stringify(qspExplorer.splitQuantity({json.dumps(text)}))")
    try:
        parse(text, "h" if text.strip()[-1:] in "hd" else "ug")
    except InputError:
        assert "; expected " in found
    else:
        assert json.loads(found)[0] == float(text.split()[0].removesuffix("mg"))


# ---------------------------------------------------------------- whole files

ONE_HOUR = 'time = "3 d", duration = "1 h"'
EXTRAS = """
[regimens.twice]
label = "a rate, and an infusion beside it"
doses = [
    { rate = "0.2 mg/m2/h", time = "1 h", duration = "90 min" },
    { infusion = "3 ug/kg", max = "0.2 mg", time = "2 h", duration = "1 h", every="2 d", count=3 },
    { bolus = "0.4 mg", time = "50 h" },
]
source = ["declared assumption"]
"""
FALLING = (
    ("half_life = {", "# half_life = {"),
    (
        'V1 = { value = 3.5, unit = "L"',
        'CL_0 = { value = 9, unit = "mL/min", source = ["assay"] }\n'
        'CL = { value = 0.05, unit = "L/h", source = ["assay"] }\n'
        'half_life_CL = { value = 2, unit = "d", source = ["assay"] }\n'
        'Vmax = { value = 0.2, unit = "mg/d", source = ["assay"] }\n'
        'Km = { value = 0.1, unit = "mg/L", source = ["assay"] }\n'
        'V1 = { value = 45, unit = "mL/kg"',
    ),
    ("EC50 = { value = 100,", "EC50 = { value = 0.7,"),
    (
        'unit = "ng/mL", source = ["declared assumption"] }\nh = { default = "class" }',
        'unit = "nM", source = ["declared assumption"] }\n'
        'h = { value = 2.5, unit = "1", source = ["assay"] }',
    ),
    ('role = "user"', 'role = "user"\nmolar_mass = { value = 148, unit = "kDa", source = ["x"] }'),
)


def changed(text: str, *changes: tuple[str, str]) -> str:
    for before, after in changes:
        assert before in text, before
        text = text.replace(before, after)
    return text


OWN = {
    "monoclonal": template("monoclonal") + EXTRAS,
    "bispecific": template("bispecific"),
    "subcutaneous": template("bispecific", "subcutaneous"),
    "subcutaneous monoclonal": template("monoclonal", "subcutaneous"),
    "every exposure": changed(template("monoclonal"), *FALLING),
}
ASKED = [
    *((name, "clinical", None, None) for name in OWN),
    ("monoclonal", "twice", None, None),
    ("bispecific", "full_at_once", None, None),
    ("monoclonal", "clinical", 6.0, None),
    ("subcutaneous", "clinical", None, -2.0),
    ("every exposure", "clinical", -24.0, 1.0),
]


@pytest.mark.parametrize(
    ("name", "regimen", "tocilizumab_h", "dexamethasone_h"), quick(ASKED, few=ASKED[-1:])
)
def test_a_file_gives_the_numbers_of_the_command_line(
    js: Js,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    name: str,
    regimen: str,
    tocilizumab_h: float | None,
    dexamethasone_h: float | None,
) -> None:
    path = tmp_path / "own.toml"
    path.write_text(OWN[name], encoding="utf-8")
    options = ["--regimen", regimen, "--draws", "0", "--json"]
    setting: dict[str, Any] = {"regimen": regimen}
    for drug, time_h in (("tocilizumab", tocilizumab_h), ("dexamethasone", dexamethasone_h)):
        if time_h is not None:
            options += [f"--{drug}={time_h}h"]
            setting[f"{drug}_h"] = time_h
    assert main(["predict", str(path), *options]) == 0
    answer = json.loads(capsys.readouterr().out)
    expected = answer["arms"]["treated" if len(setting) > 1 else "untreated"]
    found = call(js, "predicted", OWN[name], json.dumps(setting))
    assert found["horizon_h"] == pytest.approx(answer["horizon_h"], rel=1e-12)
    severity = expected["severity"]
    assert found["severity"] == pytest.approx(severity["index"]["locked_point"], rel=TOLERANCE)
    assert found["week"] == pytest.approx(severity["index_168h"]["locked_point"], rel=TOLERANCE)
    assert found["grade"] == severity["grade"]
    for level, peak in expected["peaks"].items():
        page = found["peaks"][level]
        assert page["value"] == pytest.approx(peak["level"]["locked_point"], rel=TOLERANCE), level
        if level in ("TNF", "IFN", "IL6"):
            assert page["time_h"] == pytest.approx(peak["time_h"]["locked_point"], abs=0.05), level


def as_understood(js: Js, path: Path, text: str) -> tuple[str, str]:
    """What is wrong with a file to the package and to the page; empty where each reads it.

    Where both read it, they read the same numbers and doses.
    """
    path.write_bytes(text.encode("utf-8", "surrogatepass"))
    found = call(js, "readOrSay", text)
    try:
        setups = {key: prepare(path, RECORD, regimen=key) for key in regimens_of(path)}
    except QspError as problem:
        return str(problem), found.get("says", "")
    if "says" in found:
        return "", found["says"]
    drug, values = found["drug"], next(iter(setups.values())).inputs.values()
    for name, value in values.items():
        assert drug["values"][name] == pytest.approx(value, rel=1e-9), name
    assert drug["regimens"].keys() == setups.keys()
    for key, setup in setups.items():
        expected = javascript.doses(setup.regimen)
        for dose, other in zip(drug["regimens"][key]["doses"], expected, strict=True):
            assert dose.pop("route") == other.pop("route")
            assert dose == pytest.approx(other, rel=1e-9), key
    return "", ""


def regimens_of(path: Path) -> tuple[str, ...]:
    return tuple(load_drug(path).regimens)


@pytest.mark.parametrize("name", OWN)
def test_the_page_understands_a_file_as_the_package_does(js: Js, tmp_path: Path, name: str) -> None:
    assert as_understood(js, tmp_path / "own.toml", OWN[name]) == ("", "")


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (("schema = 1", "schema = 2"), "schema: 2 was given; expected 1"),
        (('role = "user"', 'role = "blind"'), "belongs to a drug that comes with the book"),
        (("[potency]", "[potency]\nEC90 = 3"), "potency.EC90: this key is not known"),
        (('EC50 = { value = 100, unit = "ng/mL"', 'EC50 = { value = 100, unit = "h"'), "unit"),
        (("value = 3.5", "value = -3.5"), "pharmacokinetics.V1.value: -3.5 was given"),
        (("value = 3.5", "value = nan"), "expected a finite number"),
        (('"0.1 mg"', '"0.1"'), "expected a number with a unit"),
        (('"0.1 mg"', '"0 mg"'), "expected more than 0"),
        (('"0.1 mg"', '"5 Mg"'), "unit"),
        (('"0.1 mg"', '"20 kg"'), "expected at most"),
        (("[regimens.clinical]", "[regimens.other]"), "expected a regimen named clinical"),
        (('mechanism = "monoclonal"', 'mechanism = "bispecific"'), "expected to have"),
        (
            ('mechanism = "monoclonal"', 'mechanism = "cells"'),
            "the numbers of a known mechanism",
        ),
        (
            (
                'weight = { default = "class" }',
                'weight = { value = 700, unit = "kg", source = ["x"] }',
            ),
            "expected 1 to 400 kg",
        ),
        (
            ('k_rec = { default = "class" }', 'k_rec = { same_as = "aspirin", source = ["x"] }'),
            "same_as “aspirin”",
        ),
        (
            ('h = { default = "class" }', 'h = { default = "mine" }'),
            'expected { default = "class" }',
        ),
        (('h = { default = "class" }', 'h = { value = 30, unit = "1", source = ["x"] }'), "30"),
        (('h = { default = "class" }', 'h = { value = 1, unit = "1", source = [] }'), "no source"),
        (('label = "0.1 then 1 mg"', 'label = "a\\u0007b"'), "words on one line"),
        (('name = "my-drug" ', 'name = "My Drug" '), "name: “My Drug” was given"),
        ((ONE_HOUR, 'time = "3 d"'), "expects a duration"),
        (
            ('time = "3 d", duration = "1 h"', 'time = "3 d", duration = "1 h", count = 3'),
            "together",
        ),
        (
            ('time = "3 d", duration = "1 h"', 'time = "-3 d", duration = "1 h"'),
            "expected 0 or more",
        ),
        (('EC50 = { value = 100, unit = "ng/mL"', 'EC50 = { value = 100, unit = "mg/mL"'), "ng/mL"),
        (("log10_sd = 0.3", "log10_sd = 0"), "expects a log10_sd above 0"),
        (
            ("half_life = {", 'CL = { value = 1, unit = "L/h", source = ["x"] }\nhalf_life = {'),
            "expected either CL or half_life",
        ),
    ],
    ids=lambda value: value[1][:40] if isinstance(value, tuple) else "",
)
def test_what_the_package_refuses_the_page_refuses_and_says_why(
    js: Js, tmp_path: Path, change: tuple[str, str], says: str
) -> None:
    text = changed(template("monoclonal"), change)
    package, page = as_understood(js, tmp_path / "own.toml", text)
    assert package
    assert page.startswith("own.toml") and says in page


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("drug: TGN1412\n", "own.toml is not readable as TOML (line 1: "),
        ("a = [1\n", "is not readable as TOML (line"),
        ("a = 1\na = 2\n", "is not readable as TOML (line"),
        ("", "nothing was given; expected this key"),
        (template("bispecific", "table"), "a table in another file"),
    ],
)
def test_what_the_page_cannot_read_or_solve_is_said(js: Js, text: str, says: str) -> None:
    assert says in call(js, "readOrSay", text)["says"]


@pytest.mark.parametrize("name", ["okt3-like", "muromonab", "epcoritamab"])
def test_a_drug_whose_outcomes_are_held_back_is_not_solved_from_a_file(
    js: Js, tmp_path: Path, name: str
) -> None:
    text = changed(template("monoclonal"), ('name = "my-drug" ', f'name = "{name}" '))
    (tmp_path / "own.toml").write_text(text, encoding="utf-8")
    with pytest.raises(LockError, match="held back"):
        prepare(tmp_path / "own.toml", RECORD).simulate(None, treated=False)
    assert "held back" in call(js, "readOrSay", text)["says"]


def test_a_regimen_that_would_freeze_the_page_is_refused(js: Js) -> None:
    daily = ('duration = "1 h" },\n]', 'duration = "1 h", every = "1 d", count = 800 },\n]')
    says = call(js, "readOrSay", changed(template("monoclonal"), daily))["says"]
    assert "801 doses over 802 d are more than this page solves" in says


EVIDENCE, BESIDE = "in no evidence table", ("in another file", "than this page solves")


@pytest.mark.parametrize(("name", "seed"), [("bispecific", 5), ("every exposure", 6)])
def test_spoilt_files_are_refused_by_both_or_read_alike(
    js: Js, tmp_path: Path, name: str, seed: int
) -> None:
    """What rests on the evidence, or on a file beside it, the command line alone can say."""
    text = "\n".join(x for x in OWN[name].splitlines() if x and not x.startswith("#"))
    refused = 0
    for mutant in mutants(text, 130, seed):
        package, page = as_understood(js, tmp_path / "own.toml", mutant)
        if EVIDENCE in package or "unverified" in package or any(w in page for w in BESIDE):
            continue
        assert bool(package) == bool(page), (package, page)
        refused += bool(page)
    assert refused >= 60, "most of them have to be bad"


# ---------------------------------------------------------------- the band


@pytest.mark.parametrize("name", quick(["monoclonal", "bispecific", None], few=[None]))
def test_the_band_is_the_interval_of_the_command_line(
    js: Js, tmp_path: Path, name: str | None
) -> None:
    """The same draws: 5th to 95th percentile of the index and of the peak of IL-6."""
    path, many = tmp_path / "own.toml", 4  # a percentile of more leaves most of them out
    if name:
        path.write_text(OWN[name], encoding="utf-8")
    setting = {"dexamethasone_h": -1.0} if name == "monoclonal" else {}
    cover = Cover(dexamethasone_h=tuple(setting.values()))
    setup = prepare(path if name else "tgn1412", RECORD, cover=cover)
    courses = setup.simulate(draws_for(setup, many), treated=bool(setting))
    index = severity.index(courses, setup.shift_h)
    il6 = courses.peak("IL6", setup.shift_h).value
    found = call(js, "band", OWN[name] if name else "", json.dumps(setting), many)
    assert found["done"] == many
    assert found["index"] == pytest.approx(np.percentile(index, [5, 95]), abs=2e-3)
    assert found["IL6"] == pytest.approx(np.percentile(il6, [5, 95]), rel=4e-3)
    grades = [float(np.mean(RECORD.boundaries.grade(index) == grade)) for grade in range(5)]
    assert found["grades"] == pytest.approx(grades)
    for time, (low, high) in list(zip(found["times"], found["S"], strict=True))[5::40]:
        drawn = courses.along(["S"], np.array([time + setup.shift_h]))["S"][:, 0]
        assert [low, high] == pytest.approx(np.percentile(drawn, [5, 95]), rel=5e-3, abs=1e-3)
