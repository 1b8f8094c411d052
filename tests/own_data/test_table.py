"""Files of measurements: what is read of them, and what is refused in one sentence."""

from __future__ import annotations

from pathlib import Path

import pytest

from qsp_lib.common.errors import InputError
from qsp_lib.drugs import DrugFile, load_drug
from qsp_lib.own_data.points import Data
from qsp_lib.own_data.table import read_data
from qsp_lib.prediction.templates import write_template

HEADER = "id,regimen,time (h),analyte,value (pg/mL),censored,lloq,uloq"
GOOD = "a,clinical,6,IL-6,240,,4,"
FOLLOWED_H = 400.0


@pytest.fixture(scope="module")
def drug(tmp_path_factory: pytest.TempPathFactory) -> DrugFile:
    return load_drug(write_template(tmp_path_factory.mktemp("own") / "own.toml", "bispecific")[0])


def read(folder: Path, drug: DrugFile, *rows: str, header: str = HEADER) -> Data:
    path = folder / "cohort.csv"
    path.write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
    return read_data(path, drug, lambda _: FOLLOWED_H)


def test_a_row_is_read_by_its_columns(tmp_path: Path, drug: DrugFile) -> None:
    made = read(
        tmp_path,
        drug,
        GOOD,
        "a,clinical,24,TNF-alpha,,below,4,",
        "b,full_at_once,24,IFN-γ,>5000,,,",
        "b,full_at_once,peak,interferon gamma,310,,,",
        "b,full_at_once,peak 0-48,TNF,2,1,5,",
    )
    found = [
        (p.line, p.individual, p.regimen, p.analyte, p.time_h, p.until_h, p.level, p.censored)
        for p in made.points
    ]
    assert found == [
        (2, "a", "clinical", "IL6", 6, None, 240, ""),
        (3, "a", "clinical", "TNF", 24, None, 4, "below"),
        (4, "b", "full_at_once", "IFN", 24, None, 5000, "above"),
        (5, "b", "full_at_once", "IFN", 0, FOLLOWED_H, 310, ""),
        (6, "b", "full_at_once", "TNF", 0, 48, 5, "below"),
    ]
    assert made.sharers == ("a", "b") and made.shared.tolist() == [0, 0, 1, 1, 1]
    assert made.measured.tolist() == [True, False, False, True, False]
    assert made.above.tolist() == [False, False, True, False, False]
    assert made.of_individuals and made.regimens == ("clinical", "full_at_once")


def test_units_stand_in_the_header_or_in_columns(tmp_path: Path, drug: DrugFile) -> None:
    columns = "Time,time_unit,Analyte,value,unit,site"
    made = read(tmp_path, drug, "2,d,IL6,0.24,ng/mL,north", header=columns)
    (point,) = made.points
    assert (point.time_h, point.level, point.regimen) == (48, 240, "clinical")
    assert made.not_read == ("site",)
    made = read(tmp_path, drug, "2,IL6,240", header="time (d),analyte,value [ng/L]")
    assert made.points[0] == point
    made = read(tmp_path, drug, "peak 1-2,IL6,240", header="time (d),analyte,value (ng/L)")
    assert (made.points[0].time_h, made.points[0].until_h) == (24, 48)


def test_without_ids_the_means_of_a_cohort_share_an_offset(tmp_path: Path, drug: DrugFile) -> None:
    rows = ("clinical,6,IL6,5", "clinical,9,IL6,5", "full_at_once,6,IL6,5")
    made = read(tmp_path, drug, *rows, header="regimen,time (h),analyte,value (pg/mL)")
    assert not made.of_individuals and made.shared.tolist() == [0, 0, 1]


def test_a_dose_stands_for_the_regimen_that_begins_with_it(tmp_path: Path, drug: DrugFile) -> None:
    columns = "dose,time (h),analyte,value (pg/mL)"
    made = read(tmp_path, drug, "0.1 mg,6,IL6,5", "10 mg,6,IL6,5", header=columns)
    assert [p.regimen for p in made.points] == ["clinical", "full_at_once"]
    made = read(tmp_path, drug, "100,6,IL6,5", header=columns.replace("dose", "dose (ug)"))
    assert made.points[0].regimen == "clinical"
    with pytest.raises(InputError, match="clinical 100 ug, full_at_once 10000 ug"):
        read(tmp_path, drug, "3 mg,6,IL6,5", header=columns)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_line_ends_and_a_byte_order_mark_change_nothing(
    tmp_path: Path, drug: DrugFile, encoding: str, end: str
) -> None:
    path = tmp_path / "cohort.csv"
    path.write_bytes((HEADER + end + GOOD + end).encode(encoding))
    assert read_data(path, drug, lambda _: FOLLOWED_H).points[0].level == 240


@pytest.mark.parametrize(
    ("rows", "why"),
    [
        ([], "0 measurements were given"),
        (["a,clinical,6,IL-8,240,,,"], "line 2, analyte: 'IL-8' was given; expected TNF"),
        (["a,weekly,6,IL-6,240,,,"], "line 2, regimen: 'weekly' was given; expected one of"),
        (["a,clinical,-2,IL-6,240,,,"], "no time before the first dose, at 0 h"),
        (["a,clinical,peak -2-6,IL-6,240,,,"], "line 2, time: 'peak -2-6' was given"),
        (["a,clinical,500,IL-6,240,,,"], "at most 400 h, how long"),
        (["a,clinical,soon,IL-6,240,,,"], "line 2, time: 'soon' was given; expected a number"),
        (["a,clinical,peak 9-6,IL-6,240,,,"], "a peak from 9 to 6 h"),
        (["a,clinical,nan,IL-6,240,,,"], "line 2, time: 'nan' was given"),
        (["a,clinical,6,IL-6,,,,"], "line 2, value: '' was given; expected a number, or below"),
        (["a,clinical,6,IL-6,0,,,"], "Give what could not be measured as below"),
        (["a,clinical,6,IL-6,-3,,,"], "understood as -3 pg/mL"),
        (["a,clinical,6,IL-6,1e99,,,"], "understood as 1e+99 pg/mL"),
        (["a,clinical,6,IL-6,high,,,"], "line 2, value: 'high' was given"),
        (['a,clinical,6,IL-6,"24,5",,,'], "expected a number, with a point for decimals"),
        (["a,clinical,6,IL-6,24,5,,,"], "9 fields were given under a header of 8"),
        (["a,clinical,6,IL-6,3,,4,"], "expected it within its limits"),
        (["a,clinical,6,IL-6,9,,4,8"], "expected it within its limits"),
        (["a,clinical,6,IL-6,9,perhaps,4,8"], "expected below, above or nothing"),
        (["a,clinical,6,IL-6,<9,above,,"], "expected below, as the value says"),
        ([GOOD, GOOD], "lines 2 and 3: IL-6 at 6 h of 'a' was given twice"),
        ([GOOD, "a,clinical,6,IL6,9,,,"], "was given twice"),
        ([GOOD, ",clinical,7,IL6,9,,,"], "line 3, id: '' was given; expected one in every row"),
        ([GOOD, "a,full_at_once,7,IL6,9,,,"], "under the regimens 'clinical' and 'full_at_once'"),
        (["a,clinical,6,IL6,<4,,,", "a,clinical,7,IL6,,below,4,"], "all 2 levels lie beyond"),
        (['a,"clinical'], "is not readable as CSV"),
    ],
)
def test_rows_that_cannot_be_meant_are_refused_in_a_sentence(
    tmp_path: Path, drug: DrugFile, rows: list[str], why: str
) -> None:
    with pytest.raises(InputError) as refused:
        read(tmp_path, drug, *rows)
    assert why in str(refused.value) and "\n" not in str(refused.value)
    assert str(refused.value).startswith("Data cohort.csv")


@pytest.mark.parametrize(
    ("header", "why"),
    [
        ("time,analyte,value (pg/mL)", "the unit of time stands nowhere"),
        ("time (h),analyte,value", "the unit of value stands nowhere"),
        ("time (h),time_unit,analyte,value (pg/mL)", "the unit of time stands in two places"),
        ("time (h),analyte,level (pg/mL)", "expected each column once, and time, analyte and"),
        ("time (h),time (h),analyte,value (pg/mL)", "expected each column once"),
        ("time (h);analyte;value (pg/mL)", "separated by commas, and numbers with a point"),
        ("time (h),analyte,value (pg/mL),lloq (pg/mL)", "limits are in the unit of the value"),
        ("time (h),analyte,value (pg/mL),dose,regimen", "both regimen and dose"),
        ("time (kg),analyte,value (pg/mL)", "line 2, time: Unit 'kg' was given"),
        ("time (h),analyte,value (mg)", "line 2, value: Unit 'mg' was given"),
        ("time (h),analyte,value (IU/mL)", "line 2, value: Unit 'IU/mL' was given"),
    ],
)
def test_headers_that_leave_something_open_are_refused(
    tmp_path: Path, drug: DrugFile, header: str, why: str
) -> None:
    row = ",".join("6" if name.startswith("time") else "5" for name in header.split(","))
    row = row.replace("6,5,5", "6,IL6,5", 1)
    with pytest.raises(InputError) as refused:
        read(tmp_path, drug, row, header=header)
    assert why in str(refused.value)


@pytest.mark.parametrize("encoding", ["latin-1", "utf-16", "utf-16-le"])
def test_a_file_in_another_encoding_is_told_so(
    tmp_path: Path, drug: DrugFile, encoding: str
) -> None:
    path = tmp_path / "cohort.csv"
    path.write_bytes((HEADER + "\n" + GOOD.replace("a,", "é,", 1) + "\n").encode(encoding))
    with pytest.raises(InputError, match="save the file as CSV UTF-8"):
        read_data(path, drug, lambda _: FOLLOWED_H)


def test_a_file_that_is_not_there_is_told_so(tmp_path: Path, drug: DrugFile) -> None:
    with pytest.raises(InputError, match="cannot be read"):
        read_data(tmp_path / "none.csv", drug, lambda _: FOLLOWED_H)
