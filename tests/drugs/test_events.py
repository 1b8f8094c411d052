"""Dosing as event rows: the doses they stand for, and what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qsp_lib.common.errors import InputError
from qsp_lib.drugs import events
from qsp_lib.drugs.reading import load_drug, with_events
from qsp_lib.model.dosing import Bolus, Infusion, Regimen
from qsp_lib.prediction.templates import write_template

HEADER = "TIME (h),AMT (mg),RATE (mg/h),CMT,EVID,II,ADDL"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A drug given into a vein, and one given under the skin."""
    path = tmp_path_factory.mktemp("events")
    write_template(path / "iv.toml", "bispecific")
    text = (path / "iv.toml").read_text()
    k_a = 'k_a = { value = 0.2, unit = "1/d", source = ["x"] }'
    text = text.replace("[potency]", f"{k_a}\n[potency]")
    text = text.replace(
        'infusion = "0.1 mg", time = "0 d", duration = "4 h"',
        'bolus = "0.1 mg", time = "0 d", route = "SC"',
    )
    (path / "sc.toml").write_text(text)
    return path


def read(folder: Path, rows: str, drug: str = "iv.toml", header: str = HEADER) -> Regimen:
    (folder / "rows.csv").write_text(f"{header}\n{rows}\n")
    file, key = with_events(load_drug(folder / drug), folder / "rows.csv")
    return file.regimens[key]


def test_rows_are_boluses_infusions_and_trains(folder: Path) -> None:
    rows = "0,1,0,1,1,0,0\n24,2,0.5,1,1,168,2\n30,.,.,.,0,.,.\n"
    assert read(folder, rows).doses == (
        Bolus(0, 1000),
        Infusion(24, 4, 2000),
        Infusion(192, 4, 2000),
        Infusion(360, 4, 2000),
    )


def test_compartment_1_is_the_depot_of_a_drug_that_has_one(folder: Path) -> None:
    rows = "0,1,0,1,1,0,0\n1,1,0,SC,1,0,0\n2,1,0,2,1,0,0\n3,1,2,IV,1,0,0"
    routes = [getattr(dose, "route", "IV") for dose in read(folder, rows, "sc.toml").doses]
    assert routes == ["SC", "SC", "IV", "IV"]
    assert read(folder, "0,1,0,,1,0,0").doses == (Bolus(0, 1000),)


@given(
    times=st.lists(st.integers(0, 400), min_size=1, max_size=6).map(sorted),
    amount=st.sampled_from([0.5, 3.0]),
    more=st.integers(0, 4),
)
def test_every_row_is_followed_in_any_unit(
    folder: Path, times: list[int], amount: float, more: int
) -> None:
    every = 12 if more else 0
    hours = "\n".join(f"{t},{amount},,1,1,{every},{more}" for t in times)
    days = "\n".join(f"{t / 24!r},{amount * 1000},,1,1,{every / 24!r},{more}" for t in times)
    one = read(folder, hours)
    other = read(folder, days, header=HEADER.replace("(h)", "(d)").replace("(mg)", "[ug]"))
    assert len(one.doses) == len(times) * (more + 1)
    assert one.total_ug == pytest.approx(sum(1000 * amount * (more + 1) for _ in times))
    for mine, theirs in zip(one.doses, other.doses, strict=True):
        assert (mine.time_h, mine.amount_ug) == pytest.approx((theirs.time_h, theirs.amount_ug))


def test_amounts_per_kilogram_are_of_the_drugs_patient(folder: Path) -> None:
    found = read(folder, "0,10", header="TIME (h),AMT (ug/kg)")
    assert found.total_ug == 700


@pytest.mark.parametrize(
    "column",
    [
        *("DUR (h)", "TINF", "RAET (mg/h)", "ADL", "F1", "ADDLL"),
        *("DATE", "DAT1", "DAY", "INFDUR", "REPEAT", "UNIT"),
    ],
)
def test_a_column_that_would_change_the_doses_is_refused(folder: Path, column: str) -> None:
    """Else an infusion is silently given at once."""
    with pytest.raises(InputError, match=f"the column {column.split()[0]} was given"):
        read(folder, "0,1,4", header=f"TIME (h),AMT (mg),{column}")


@pytest.mark.parametrize(
    ("header", "column", "size"),
    [
        ("TIME (h),AMT (mg/kg),WT", "WT", "weight"),
        ("TIME (h),AMT (ug/m2),BSA", "BSA", "bsa"),
        ("TIME (h),AMT (mg),RATE (mg/kg/h),WEIGHT", "WEIGHT", "weight"),
    ],
)
def test_a_size_beside_a_dose_per_size_is_refused(
    folder: Path, header: str, column: str, size: str
) -> None:
    """Else the dose is silently of the drug file's patient."""
    row = "0,1,1,50" if "RATE" in header else "0,1,50"
    with pytest.raises(InputError, match=f"the column {column} was given .* {size} in the drug"):
        read(folder, row, header=header)


def test_a_compartment_may_be_written_as_tables_write_numbers(folder: Path) -> None:
    header = "TIME (h),AMT (mg),CMT"
    assert (
        read(folder, "0,1,1.0", header=header).doses == read(folder, "0,1,1", header=header).doses
    )


def test_columns_that_say_nothing_of_doses_are_named(folder: Path) -> None:
    found = read(folder, "1,0,1,70,3.2", header="ID,TIME (h),AMT (mg),WT,DV")
    assert found.label == "event rows of rows.csv; columns not read: WT, DV"


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ("0,1,0,1,1,0", "6 fields were given under a header of 7"),
        ("0,1,5,0,1,1,0,0", "8 fields"),
        ('"0,5",1,0,1,1,0,0', "with a point for decimals"),
        ("0,-1,0,1,1,0,0", "AMT: '-1' was given"),
        ("0,0,0,1,1,0,0", "more than 0 of a dose"),
        ("0,1,0,1,0,0,0", "expected none with EVID 0"),
        ("0,1,0,1,4,0,0", "EVID: '4' was given"),
        ("0,1,-2,1,1,0,0", "RATE: '-2' was given"),
        ("0,1,0,2,1,0,0", "CMT: '2' was given; expected 1 or IV"),
        ("0,1,0,SC,1,0,0", "as the drug has no k_a"),
        ("0,1,0,1,1,24,0", "II and ADDL together"),
        ("0,1,0,1,1,0,1.5", "whole number"),
        ("0,1,0,1,1,1,9999", "more than 2000 doses"),
        ("5,1,0,1,1,0,0\n4,1,0,1,1,0,0", "times that do not fall"),
        ("-5,1,0,1,1,0,0", "TIME: '-5' was given"),
        ("nan,1,0,1,1,0,0", "TIME: 'nan' was given"),
        (",1,0,1,1,0,0", "line 2, TIME: '' was given; expected the time of the row"),
        ("1,1,0,1,1,0,0\n.,.,.,.,0,.,.", "line 3, TIME: '' was given"),
        ("\n0,1,0,1,1,0,0\n\n5,-1,0,1,1,0,0", "line 5, AMT: '-1' was given"),
        ("0,1e9,0,1,1,0,0", "understood as 1e+12 ug"),
        ("0,.,.,.,0,.,.", "no row is a dose"),
    ],
)
def test_rows_that_are_no_doses_are_refused(folder: Path, rows: str, words: str) -> None:
    with pytest.raises(InputError) as refused:
        read(folder, rows)
    assert words in str(refused.value)


@pytest.mark.parametrize(
    ("header", "words"),
    [
        ("TIME,AMT (mg)", "TIME came without a unit"),
        ("TIME,AMT", "TIME and AMT came without a unit"),
        ("TIME (h),DOSE (mg)", "TIME and AMT among them"),
        ("TIME (h),AMT (mg),AMT (mg)", "each column once"),
        ("TIME (mg),AMT (mg)", "Unit 'mg' was given where 'h'"),
        ("TIME (h),AMT (L)", "'L'"),
        ("", "expected each column once"),
    ],
)
def test_a_header_without_its_units_is_refused(folder: Path, header: str, words: str) -> None:
    with pytest.raises(InputError) as refused:
        read(folder, ",".join("1" for _ in header.split(",")), header=header)
    assert words in str(refused.value)


@pytest.mark.parametrize(
    ("column", "instead"),
    [
        ("ROUTE", "CMT, which reads IV and SC"),
        ("INTERVAL (h)", "II, the interval, with ADDL"),
        ("NUMBER", "ADDL, the additional doses"),
        ("DUR (h)", "an AMT at a RATE"),
        ("ALAG1", "F and lag in the drug file"),
    ],
)
def test_a_column_that_would_change_the_doses_is_refused_with_what_says_the_same(
    folder: Path, column: str, instead: str
) -> None:
    with pytest.raises(InputError) as refused:
        read(folder, "0,1,SC", header=f"TIME (h),AMT (mg),{column}")
    assert f"would change the doses; expected {instead}" in str(refused.value)


def test_a_row_that_another_tool_would_leave_out_is_refused(folder: Path) -> None:
    header = "C,TIME (h),AMT (mg)"
    read(folder, ",0,1\n.,24,1", header=header)
    read(folder, "0,1,25.1", header="TIME (h),AMT (mg),C (ng/mL)")
    with pytest.raises(InputError, match="IGNORE: '1' was given; a mark of rows"):
        read(folder, "0,0,1\n1,24,1", header="IGNORE,TIME (h),AMT (mg)")
    with pytest.raises(InputError, match="line 3, C: 'C' was given; a mark of rows to leave out"):
        read(folder, ",0,1\nC,24,1", header=header)


def test_rows_of_several_individuals_or_of_no_text_are_refused(folder: Path) -> None:
    with pytest.raises(InputError, match="several ID"):
        read(folder, "1,0,1\n2,0,1", header="ID,TIME (h),AMT (mg)")
    with pytest.raises(InputError, match="line 2, SS"):
        read(folder, "0,1,1", header="TIME (h),AMT (mg),SS")
    (folder / "odd.csv").write_bytes(b"TIME (h),AMT (\xb5g)\n0,1\n")
    with pytest.raises(InputError, match="not UTF-8"):
        with_events(load_drug(folder / "iv.toml"), folder / "odd.csv")
    with pytest.raises(InputError, match="cannot be read"):
        with_events(load_drug(folder / "iv.toml"), folder / "nowhere.csv")


def test_more_rows_than_are_read_are_refused_and_none_is_left_out(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(events, "MOST_ROWS", 2)
    assert len(read(folder, "0,1,0,1,1,0,0\n1,1,0,1,1,0,0").doses) == 2
    with pytest.raises(InputError, match="3 rows were given; expected at most 2"):
        read(folder, "0,1,0,1,1,0,0\n1,1,0,1,1,0,0\n2,1,0,1,1,0,0")
