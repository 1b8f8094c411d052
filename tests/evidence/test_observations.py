"""The points that fits are held to: values by reference, weights, censoring, refusals."""

from __future__ import annotations

from collections import Counter
from importlib.resources import files

import pytest

from qsp_lib.common.errors import EvidenceError
from qsp_lib.drugs.reading import load_drug
from qsp_lib.evidence.observations import COLUMNS, load_observations, read_observations
from qsp_lib.evidence.tables import load_tables

BY_ID = {point.id: point for point in load_observations()}


def test_the_courses_and_their_sizes():
    assert Counter(point.course for point in load_observations()) == {
        "blinatumomab IL-6": 8,
        "TGN1412 TNF": 6,
        "TGN1412 IFN-gamma": 4,
        "TGN1412 IL-6": 6,
        "blinatumomab IFN-gamma": 1,
        "blinatumomab TNF": 1,
    }


def test_no_point_is_of_the_blind_drug():
    assert {point.drug for point in load_observations()} == {"blinatumomab", "tgn1412"}


def test_every_published_value_and_time_is_the_evidence_rows_own():
    evidence = load_tables()
    for point in load_observations():
        if point.kind == "point":
            row = evidence.row(point.id)
            assert (point.value_pg_mL, point.time_h) == (row.value, row.time_h)
            assert point.sources == (row.id,)


def test_the_blinatumomab_weights_go_with_the_root_of_the_points():
    sigmas = [BY_ID[f"BO{n:03d}"].sigma_log10 for n in range(1, 9)]
    points = [11, 9, 13, 3, 8, 10, 7, 3]
    assert sigmas == pytest.approx([n**-0.5 for n in points])


def test_the_tgn1412_weights():
    assert {BY_ID[f"TO{n:03d}"].sigma_log10 for n in (*range(7, 12), *range(13, 17))} == {0.25}
    assert BY_ID["TO012"].sigma_log10 == 0.5
    il6 = {BY_ID[f"TO{n:03d}"].time_h: BY_ID[f"TO{n:03d}"].sigma_log10 for n in range(20, 26)}
    assert il6 == {1: 0.35, 4: 0.35, 8: 0.35, 16: 0.35, 24: 0.5, 48: 0.5}


def test_exactly_the_values_above_the_assay_are_censored():
    censored = {point.id for point in load_observations() if point.is_censored}
    assert censored == {"TO007", "TO010", "TO013", "TO015"}
    assert {BY_ID[row_id].censored_above_pg_mL for row_id in censored} == {4500.0}
    assert {point.id for point in load_observations() if point.value_pg_mL > 4500} == censored


def test_unverified_rows_are_weak_data():
    evidence = load_tables()
    for point in load_observations():
        if point.use == "data":
            assert evidence.row(point.id).is_verified
    assert {BY_ID[f"TO{n:03d}"].use for n in (12, *range(20, 26))} == {"weak data"}


def test_the_two_declared_peaks():
    ifn, tnf = BY_ID["blinatumomab-IFN-peak"], BY_ID["blinatumomab-TNF-peak"]
    assert (ifn.value_pg_mL, tnf.value_pg_mL) == (60.0, 20.0)
    for point in (ifn, tnf):
        assert (point.kind, point.time_h, point.sigma_log10) == ("peak", None, 0.6)
        assert (point.use, point.sources) == (
            "declared assumption",
            ("EA033", "declared assumption"),
        )


def test_every_regimen_a_point_names_is_in_the_drug_file():
    for point in load_observations():
        assert point.regimen in load_drug(point.drug).regimens


GOOD = "BO001,blinatumomab,clinical,c,IL6,point,,pg/mL,1.0/sqrt(n),data,,"


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (GOOD.replace("BO001", "BO999"), "'BO999'"),
        (GOOD.replace("BO001", "TO007"), "is of TGN1412; expected one of blinatumomab"),
        (GOOD.replace("IL6", "TNF"), "is of IL-6; expected TNF"),
        (GOOD.replace("IL6", "IL8"), "analyte 'IL8'"),
        (GOOD.replace("point", "trough"), "kind 'trough'"),
        (GOOD.replace("data", "check"), "use 'check'"),
        (GOOD.replace(",point,,", ",point,900,"), "the number is read from the row"),
        (GOOD.replace("BO001", "BO024"), "BO024 is of cytokine set"),
        (GOOD.replace("1.0/sqrt(n)", "sqrt(n)"), "sigma_rule 'sqrt\\(n\\)'"),
        (GOOD.replace("1.0/sqrt(n)", "0"), "expected more than 0"),
        (GOOD + ",more", "expected 12 fields"),
        (GOOD + "\n" + GOOD, "BO001 is given twice"),
        ("TO020,tgn1412,clinical,c,IL6,point,,pg/mL,0.35,data,,", "TO020 is verified=no"),
        ("TO008,tgn1412,clinical,c,TNF,point,,pg/mL,1/sqrt(n),data,,", "has no n"),
        ("TO002,tgn1412,clinical,c,TNF,point,,pg/mL,1,data,,", "critical illness onset"),
        (
            "TO008,tgn1412,clinical,c,TNF,point,,pg/mL,1,data,4500,\n"
            "TO009,tgn1412,clinical,c,TNF,point,,pg/mL,1,data,5000,",
            "expected one limit a drug",
        ),
        ("EA033,blinatumomab,clinical,c,TNF,point,20,pg/mL,1,declared assumption,,", "'peak'"),
        ("EA033,blinatumomab,clinical,c,TNF,peak,,pg/mL,1,declared assumption,,", "value ''"),
        ("EA033,blinatumomab,clinical,c,TNF,peak,-2,pg/mL,1,declared assumption,,", "level -2"),
    ],
)
def test_a_line_is_refused(line, words):
    with pytest.raises(EvidenceError, match=words):
        read_observations(",".join(COLUMNS) + "\n" + line + "\n", load_tables())


def test_the_good_line_is_good():
    (point,) = read_observations(",".join(COLUMNS) + "\n" + GOOD + "\n", load_tables())
    assert point == BY_ID["BO001"].__class__(**{**vars(BY_ID["BO001"]), "course": "c", "note": ""})


def test_other_columns_are_refused():
    with pytest.raises(EvidenceError, match="columns"):
        read_observations("evidence_id,drug\n", load_tables())


def test_the_censoring_limit_stands_in_the_table():
    text = (files("qsp_lib") / "data" / "observations.csv").read_text()
    assert "4500" in text
    lifted = read_observations(text.replace("4500", "4600"), load_tables())
    assert {point.id for point in lifted if point.is_censored} == {"TO007", "TO013"}
