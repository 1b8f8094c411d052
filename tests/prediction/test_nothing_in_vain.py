"""Every key of a drug file and every option changes the answer, or is refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from cases import quick
from own_drugs import ASSUMED, changed, content, number, rate, with_doses, written

from qsp_lib.__main__ import main
from qsp_lib.common.errors import QspError
from qsp_lib.prediction.predicting import predict
from qsp_lib.prediction.report import as_csv, as_dict, as_text
from qsp_lib.protocol.lock import Record, current_record, lock_path, read_record

IV = [
    {"infusion": "20 ug/kg", "time": "0 d", "duration": "2 h", "every": "3 d", "count": 2},
    {"bolus": "200 ug/m^2", "max": "400 ug", "time": "7 d"},
    {"rate": "1 mg/d", "time": "8 d", "duration": "6 h"},
]
SC = [{"bolus": "1 mg", "time": "1 d", "route": "SC"}]
CURRENT = {"V1": number(3.5, "L"), "CL": number(2, "L/d")}
FILES = {
    "intravenous": with_doses(
        IV, content(pharmacokinetics=CURRENT | {"V2": number(2, "L"), "Q": number(1, "L/d")})
    ),
    "bispecific": with_doses(IV, content("bispecific", pharmacokinetics=CURRENT)),
    "half-life": content(pharmacokinetics={"V1": number(3, "L"), "half_life": number(20, "h")}),
    "subcutaneous": with_doses(
        SC,
        content(
            pharmacokinetics=CURRENT
            | {"k_a": number(0.2, "1/d"), "F": number(60, "%"), "lag": number(5, "h")}
        ),
    ),
    "falling": content(
        pharmacokinetics=CURRENT | {"CL_0": number(4, "L/d"), "k_CL": number(0.01, "1/h")}
    ),
    "falling by half-life": content(
        pharmacokinetics=CURRENT | {"CL_0": number(4, "L/d"), "half_life_CL": number(3, "d")}
    ),
    "saturable": content(
        pharmacokinetics={
            "V1": number(3, "L"),
            "Vmax": number(20, "ug/h"),
            "Km": number(50, "ng/mL"),
        }
    ),
    "molar": with_doses([{"bolus": "5 nmol", "time": "0 h"}]) | {"molar_mass": number(150, "kDa")},
    "table": content(
        pharmacokinetics={"table": {"file": "t.csv", "ends": "20 h", "source": ASSUMED}}
    ),
}
OTHER: dict[str, Any] = {
    "role": "blind",
    "schema": 2,
    "infusion": "30 ug/kg",
    "bolus": "0.15 mg",
    "rate": "4 mg/d",
    "max": "100 ug",
    "time": "2 d",
    "duration": "4 h",
    "every": "5 d",
    "route": "IV",
    "status": "fixed",
    "interpolation": "log-linear",
    "ends": "2 h",
    "file": "u.csv",
    "unit": "mg",
}


@pytest.fixture(scope="module")
def locked() -> Record:
    return current_record()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    rows = "time (h),concentration (ng/mL)\n0,1\n10,100\n50,20\n"
    (tmp_path / "t.csv").write_text(rows)
    (tmp_path / "u.csv").write_text(rows.replace("100", "60"))
    return tmp_path


def leaves(value: Any, path: str = "") -> dict[str, Any]:
    """Every value of nested tables by its path."""
    parts = value.items() if isinstance(value, dict) else enumerate(value)
    found: dict[str, Any] = {}
    for key, part in parts:
        here = f"{path}.{key}".removeprefix(".")
        found |= leaves(part, here) if isinstance(part, dict | list) else {here: part}
    return found


def other(path: str, value: Any) -> Any:
    """Another value of its kind."""
    key = path.rpartition(".")[2]
    if isinstance(value, int | float) and not isinstance(value, bool):
        return value + 1 if key in ("count", "schema") else value * 1.25
    if key == "mechanism":
        return "monoclonal" if value == "bispecific" else "bispecific"
    return OTHER.get(key, f"{value}-x")


WORDS = ("name", "label", "role", "source", "status", "schema")
"""Keys of a file that say something and are not computed with."""


def answer(folder: Path, locked: Record, file: dict[str, Any]) -> Any:
    """What is computed and printed, without the copy of the file that goes with it; or words."""
    try:
        found = as_dict(predict(written(folder, file), locked, n_draws=2))
    except QspError as problem:
        return str(problem)
    of_file = found.pop("file")
    sources = {name: (n["source"], n.get("status")) for name, n in of_file["numbers"].items()}
    sources |= {"table": of_file["table"], "regimen": of_file["regimen_source"]}
    return json.dumps({**found, "sources": sources, "used": None}, default=list)


def highest(told: str) -> Any:
    """The peaks and the severity, where no number of the file is repeated; or words."""
    if not told.startswith("{"):
        return told
    arms = json.loads(told)["arms"].values()
    return [(arm["peaks"], arm["severity"]) for arm in arms]


def course(folder: Path, locked: Record, file: dict[str, Any]) -> str:
    """The levels, row by row."""
    rows = as_csv(predict(written(folder, file), locked, n_draws=2)).splitlines()
    return "\n".join(row for row in rows if not row.startswith("#"))


@pytest.mark.parametrize("form", quick(FILES, few=("subcutaneous", "table")))
def test_every_key_of_a_file_matters_or_is_refused(locked: Record, folder: Path, form: str) -> None:
    """A word changes what is printed, and all else what is computed: the course or its peaks."""
    file = FILES[form]
    before = answer(folder, locked, file)
    assert before.startswith("{"), before
    peaks, levels = highest(before), course(folder, locked, file)
    for path, value in leaves(file).items():
        parts = path.split(".")
        if form != "intravenous" and parts[0] in ("t_cells", "regimens", "patient"):
            continue  # the same in all of them
        edited = changed(file, path, other(path, value))
        now = answer(folder, locked, edited)
        assert now != before, f"{path} changed nothing"
        if not {*parts} & {*WORDS} and highest(now) == peaks:
            assert course(folder, locked, edited) != levels, f"{path} changed no level"


@pytest.mark.parametrize(
    ("form", "path", "value", "words"),
    [
        ("intravenous", "potency.K_B", number(0.5, "1"), "expects no potency.K_B"),
        ("intravenous", "potency.K_hook", number(5, "nM"), "expects no potency.K_hook"),
        ("intravenous", "t_cells.k_kill", rate(1.0), "expects no t_cells.k_kill"),
        ("intravenous", "pharmacokinetics.k_a", number(1, "1/d"), "no dose is by route 'SC'"),
        ("intravenous", "pharmacokinetics.F", number(0.5, "1"), "expected k_a with them"),
        ("table", "pharmacokinetics.V1", number(3, "L"), "compartments or a table"),
        ("half-life", "pharmacokinetics.CL", number(3, "L/d"), "either CL or half_life"),
        ("saturable", "pharmacokinetics.k_CL", number(1, "1/d"), "CL_0 and k_CL"),
        ("intravenous", "patient.weight", number(70, "g"), "understood as 0.07 kg"),
        ("intravenous", "patient.bsa", number(1.88, "cm2"), "understood as 0.000188 m2"),
        ("intravenous", "name", "x" * 250, "at most 64 characters"),
        ("intravenous", "regimens.clinical.doses.0.infusion", "5 Mg", "understood as 5e+12 ug"),
    ],
)
def test_what_would_change_nothing_or_is_a_slip_is_refused(
    locked: Record, folder: Path, form: str, path: str, value: Any, words: str
) -> None:
    assert words in answer(folder, locked, changed(FILES[form], path, value))


@pytest.mark.parametrize(
    ("path", "value"), [("potency.h", number(3, "1")), ("potency.K_B", number(0.5, "1"))]
)
def test_what_lock_v1_does_not_read_is_refused_with_it_and_read_with_the_current(
    locked: Record, folder: Path, path: str, value: Any
) -> None:
    file = changed(FILES["bispecific"], path, value)
    first = read_record(lock_path("v1"), against_code=False)
    assert "(constant recovery) does not read it for a bispecific" in answer(folder, first, file)
    assert answer(folder, locked, file).startswith("{")


def test_apparent_values_are_of_one_route(locked: Record, folder: Path) -> None:
    depot = CURRENT | {"k_a": number(0.2, "1/d"), "apparent": True}
    file = with_doses(SC, content(pharmacokinetics=depot))
    assert "apparent clearance and volume" in answer(folder, locked, file)
    file = with_doses([*SC, {"bolus": "1 mg", "time": "3 d"}], file)
    assert "over the F of another route" in answer(folder, locked, file)


OPTIONS = (
    ("--regimen", "other"),
    ("--tocilizumab", "6h"),
    ("--tocilizumab", "-2.4e1"),
    ("--tocilizumab", "6h", "--tocilizumab", "14h"),
    ("--tocilizumab", "6h", "--tocilizumab-dose", "4 mg/kg"),
    ("--dexamethasone", "-1h"),
    ("--dexamethasone", "-1h", "--dexamethasone-dose", "8 mg"),
    ("--dexamethasone", "-1h", "--dexamethasone-route", "oral"),
    ("--tocilizumab", "6h", "--dexamethasone", "-1h"),
    ("--horizon", "100h"),
    ("--at", "6h"),
    ("--interval",),
    ("--draws", "7"),
    ("--seed", "7"),
)


def test_every_option_of_predict_changes_what_is_printed(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = content()
    file["regimens"]["other"] = file["regimens"]["clinical"] | {
        "doses": [{"bolus": "3 mg", "time": "0 d"}]
    }
    path = str(written(folder, file))
    seen = set()
    for options in ((), *OPTIONS):
        draws = () if "--draws" in options else ("--draws", "5")
        assert main(["predict", path, *draws, *options]) == 0
        text = capsys.readouterr().out
        assert text not in seen, options
        seen.add(text)


def test_tocilizumab_is_of_the_drugs_patient(locked: Record, folder: Path) -> None:
    given = {}
    for kg in (40, 70, 100, 140):
        file = content(patient={"weight": number(kg, "kg"), "bsa": number(1.88, "m2")})
        found = predict(written(folder, file), locked, n_draws=0, tocilizumab_h=6.0)
        given[kg] = as_dict(found)["cover"]["tocilizumab"]["dose_ug"] / 1000
        given[-kg] = found.treated.severity_after.central if found.treated else None
    assert [given[kg] for kg in (40, 70, 100, 140)] == [320, 560, 800, 800]
    assert given[-40] != given[-70] != given[-100] and given[-100] == given[-140]


def test_drugs_prints_the_rates_that_predict_takes(
    folder: Path, locked: Record, capsys: pytest.CaptureFixture[str]
) -> None:
    file = content("bispecific")
    file["t_cells"]["k_exh"] = {"same_as": "blinatumomab", "source": ASSUMED}
    file["t_cells"]["k_kill"] = {"default": "class"}
    path = written(folder, file)
    for drug in (str(path), "tgn1412"):
        assert main(["drugs", drug, "--json"]) == 0
        numbers = json.loads(capsys.readouterr().out)["numbers"]
        used = as_dict(predict(drug, locked, n_draws=0))["used"]
        for rate_name in ("k_act", "k_exh", "k_rec"):
            assert numbers[rate_name]["used"] == used[rate_name]
            assert numbers[rate_name]["used_unit"] == "1/h"
    assert main(["drugs", str(path)]) == 0
    text = capsys.readouterr().out
    assert f"{locked.drug('blinatumomab').k_kill:.4g}"[:4] in text
    assert f"lock {locked.version}" in text


def test_the_low_and_high_of_a_number_are_said_to_change_nothing(
    folder: Path, locked: Record
) -> None:
    plain = content()
    ranged = changed(plain, "potency.EC50.low", 5)
    ranged = changed(changed(ranged, "potency.EC50.high", 500), "t_cells.k_act.high", 9)
    before, found = (predict(written(folder, f), locked, n_draws=4) for f in (plain, ranged))
    assert as_dict(found)["arms"] == as_dict(before)["arms"]
    words = "The low and high of k_act, EC50 change nothing here"
    assert words in as_text(found) and words in as_dict(found)["file"]["ranges"]
    assert "change nothing" not in as_text(before) and as_dict(before)["file"]["ranges"] is None
