"""Forms of exposure in a drug file: read where they are given, refused in one sentence."""

from __future__ import annotations

import math
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest

from qsp_lib.common.errors import InputError
from qsp_lib.drugs.concentrations import read_concentrations
from qsp_lib.drugs.files import DrugFile
from qsp_lib.drugs.reading import load_drug
from qsp_lib.model.dosing import Bolus

SHIPPED = (files("qsp_lib") / "data" / "drugs" / "tgn1412.toml").read_text(encoding="utf-8")
SOURCE = 'source = ["declared assumption"]'


def number(value: float, unit: str) -> str:
    return f'{{ value = {value}, unit = "{unit}", {SOURCE} }}'


def write(folder: Path, pk: dict[str, str], doses: str, extra: str = "") -> Path:
    """A drug file of one's own with these kinetics and doses; the rest is that of TGN1412."""
    head, rest = SHIPPED.split("[pharmacokinetics]")
    tail = rest[rest.index("[potency]") : rest.index("[regimens.clinical]")]
    head = head.replace('"development"', '"user"').replace('"tgn1412"', '"own"')
    lines = "\n".join(f"{name} = {value}" for name, value in pk.items())
    regimen = f'[regimens.clinical]\nlabel = "own"\ndoses = [{doses}]\n{SOURCE}\n'
    path = folder / "own.toml"
    head = head.replace('role = "user"\n', f'role = "user"\n{extra}\n')
    text = f"{head}[pharmacokinetics]\n{lines}\n\n{tail}{regimen}"
    path.write_text(text, encoding="utf-8")
    return path


PLAIN = {"V1": number(4.13, "L"), "CL": number(0.449, "L/d")}
ABSORBED = PLAIN | {"k_a": number(0.133, "1/d"), "F": number(0.718, "1")}
SC = '{ bolus = "100 mg", time = "0 h", route = "SC" }'
IV = '{ bolus = "1 mg", time = "0 h" }'


def load(folder: Path, pk: dict[str, str], doses: str = IV, extra: str = "") -> DrugFile:
    return load_drug(write(folder, pk, doses, extra))


def test_a_dose_under_the_skin_and_what_absorbs_it(tmp_path: Path) -> None:
    file = load(tmp_path, ABSORBED | {"lag": number(30, "min")}, SC)
    assert file.inputs.exposure == ("depot",)
    assert file.inputs.k_a == pytest.approx(0.133 / 24)
    assert (file.inputs.F, file.inputs.lag_h) == (0.718, 0.5)
    assert file.regimens["clinical"].doses == (Bolus(0.0, 100_000.0, "SC"),)
    assert file.sources["k_a"].unit == "1/d"
    percent = load(tmp_path, ABSORBED | {"F": number(71.8, "%")}, SC)
    assert percent.inputs.F == pytest.approx(0.718)


def test_a_clearance_that_falls_by_rate_or_by_half_life(tmp_path: Path) -> None:
    falls = PLAIN | {"CL_0": number(1.08, "L/d")}
    by_rate = load(tmp_path, falls | {"k_CL": number(0.0292, "1/d")}).inputs
    by_half_life = load(tmp_path, falls | {"half_life_CL": number(16.3, "d")}).inputs
    assert by_rate.CL_0 == pytest.approx(0.045)
    assert by_rate.k_CL == pytest.approx(0.0292 / 24)
    assert by_half_life.k_CL == pytest.approx(math.log(2) / 16.3 / 24)


def test_elimination_may_be_saturable_alone(tmp_path: Path) -> None:
    pk = {"V1": number(3, "L"), "Vmax": number(20, "ug/h"), "Km": number(50, "ng/mL")}
    inputs = load(tmp_path, pk).inputs
    assert (inputs.CL, inputs.Vmax, inputs.Km) == (0.0, 20.0, 50.0)


@pytest.mark.parametrize("alone", [{"V2": number(2, "L")}, {"Q": number(0.1, "L/h")}])
def test_a_second_compartment_without_its_flow_is_refused_with_saturable_elimination_too(
    tmp_path: Path, alone: dict[str, str]
) -> None:
    saturable = {"V1": number(3, "L"), "Vmax": number(20, "ug/h"), "Km": number(50, "ng/mL")}
    with pytest.raises(InputError, match="expected V2 and Q together"):
        load(tmp_path, saturable | alone)


def test_amounts_by_substance_and_per_kilogram(tmp_path: Path) -> None:
    pk = {
        "V1": number(50, "mL/kg"),
        "CL": number(0.2, "mL/h/kg"),
        "Vmax": number(2, "nmol/h"),
        "Km": number(1, "nM"),
    }
    doses = '{ bolus = "3 nmol", time = "0 h" }, { bolus = "2 nmol/kg", time = "1 h" }'
    file = load(tmp_path, pk, doses, f"molar_mass = {number(150, 'kDa')}")
    inputs, (first, second) = file.inputs, file.regimens["clinical"].doses
    assert inputs.V1 == pytest.approx(0.05 * 72)
    assert inputs.CL == pytest.approx(0.0002 * 72)
    assert inputs.Vmax == pytest.approx(300.0)
    assert inputs.Km == pytest.approx(150.0)
    assert first.amount_ug == pytest.approx(450.0)
    assert second.amount_ug == pytest.approx(2 * 72 * 150)
    with pytest.raises(InputError, match="'nmol' counts molecules; expected the drug's molar_mass"):
        load(tmp_path, PLAIN, '{ bolus = "3 nmol", time = "0 h" }')


def test_a_table_beside_the_file(tmp_path: Path) -> None:
    (tmp_path / "levels.csv").write_text("time (d),concentration (nM)\n0,1\n1,2\n")
    table = f'{{ file = "levels.csv", ends = "3 d", interpolation = "log-linear", {SOURCE} }}'
    file = load(tmp_path, {"table": table}, IV, f"molar_mass = {number(150, 'kDa')}")
    assert file.inputs.exposure == ("table",)
    assert file.inputs.table is not None
    assert file.inputs.table.times_h == (0.0, 24.0)
    assert file.inputs.table.ng_per_mL == pytest.approx((150.0, 300.0))
    assert (file.inputs.table.interpolation, file.inputs.table.ends) == ("log-linear", 72.0)


@pytest.mark.parametrize(
    ("changes", "doses", "words"),
    [
        ({"F": number(1.2, "1")}, SC, "F 1.2 was given; expected at most 1"),
        ({"F": number(120, "%")}, SC, "F: understood as 1.2; expected 0.01 to 1"),
        ({"F": number(0.718, "%")}, SC, "F: understood as 0.00718; expected 0.01 to 1"),
        ({"apparent": "true"}, SC, "expected no F with them"),
        ({"CL_0": number(1, "L/d")}, SC, "expected CL_0 and k_CL"),
        ({"Km": number(1, "ng/mL")}, SC, "expected Vmax and Km together"),
        ({"k_a": number(0.1, "L")}, SC, "'L' was given where '1/h'"),
        ({"table": f'{{ file = "levels.csv", {SOURCE} }}'}, SC, "expected compartments or a table"),
        (
            {},
            '{ infusion = "1 mg", duration = "1 h", time = "0 h", route = "SC" }',
            "expected a bolus",
        ),
        (
            {},
            '{ bolus = "1 mg", time = "0 h", route = "oral" }',
            "route 'oral' was given; expected 'IV' or 'SC'",
        ),
    ],
)
def test_what_does_not_go_together_is_refused(
    tmp_path: Path, changes: dict[str, str], doses: str, words: str
) -> None:
    with pytest.raises(InputError) as refusal:
        load(tmp_path, ABSORBED | changes, doses)
    assert words in str(refusal.value)
    assert "\n" not in str(refusal.value)


def test_a_dose_under_the_skin_needs_absorption_and_a_molar_mass_is_plausible(
    tmp_path: Path,
) -> None:
    with pytest.raises(InputError, match="route 'SC' was given; expected pharmacokinetics.k_a"):
        load(tmp_path, PLAIN, SC)
    for mass in (number(150, "Da"), number(1500, "kDa")):
        with pytest.raises(InputError, match="molar_mass: understood as .* kDa; expected 10 to"):
            load(tmp_path, PLAIN, IV, f"molar_mass = {mass}")
    with pytest.raises(InputError, match="'1 kg' was given, understood as 1e.09 ug; expected at"):
        load(tmp_path, PLAIN, '{ bolus = "1 kg", time = "0 h" }')
    with pytest.raises(InputError, match="no V1 was given; expected it, or a table"):
        load(tmp_path, {"CL": number(1, "L/h")})
    with pytest.raises(InputError, match=r"levels.csv cannot be read .*expected a .csv file"):
        load(tmp_path, {"table": f'{{ file = "levels.csv", {SOURCE} }}'})


HEADER = "time (h),concentration (ng/mL)\n"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "the header '' was given"),
        ("time,concentration\n0,1\n", "each with its one unit"),
        ("time (h),concentration (ng/mL),concentration (nM)\n0,1,2\n", "one time and one"),
        ("time (h),time (d)\n0,1\n", "one time and one concentration"),
        (HEADER + "0,1\n", "has 1 times and 1 concentrations; expected as many of both, from 2"),
        (HEADER + "0,1\n2,\n3,4\n", "line 3: '2,' was given; expected a time and a concentration"),
        (HEADER + "\n0,1\n\n2,low\n", "line 5, concentration: 'low' was given"),
        (HEADER + "0,1\n2,3,4\n", "line 3: '2,3,4' was given"),
        (HEADER + "0,1\n2,low\n", "line 3, concentration: 'low' was given where a number"),
        (HEADER + "0,1\n5,2\n4,3\n", "row 3 of the concentration table is at 4 h, after one at 5"),
        (HEADER + "0,1\n5,-2\n", "holds -2 ng/mL; expected 0 or more"),
        ("time (h),concentration (mg)\n0,1\n1,2\n", "'mg' was given where 'ng/mL'"),
        ("time (h),concentration (nM)\n0,1\n1,2\n", "nM counts molecules; expected the drug's"),
    ],
)
def test_a_table_that_cannot_be_read_is_refused(text: str, words: str) -> None:
    with pytest.raises(InputError) as refusal:
        read_concentrations("levels.csv", text)
    assert str(refusal.value).startswith("Concentration table levels.csv")
    assert words in str(refusal.value)


def test_a_table_is_read_in_its_own_units_and_order_of_columns() -> None:
    options: dict[str, Any] = dict(interpolation="log-linear", ends=0.0)
    text = "\ufeffConcentration [ug/mL], Time [d]\r\n1, 0\r\n\r\n0.5, 2\r\n"
    table = read_concentrations("levels.csv", text, **options)
    assert table.times_h == (0.0, 48.0)
    assert table.ng_per_mL == pytest.approx((1000.0, 500.0))
    assert (table.interpolation, table.ends) == ("log-linear", 0.0)
