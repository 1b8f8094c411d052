"""The points that fits are held to: values by reference, weights, censoring, refusals."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest

from qsp_lib.common.errors import EvidenceError
from qsp_lib.common.inputs import VERSIONS, input_file
from qsp_lib.drugs.reading import load_drug
from qsp_lib.evidence.healthy import baselines
from qsp_lib.evidence.observations import (
    COLUMNS,
    COLUMNS_SINCE_V1,
    Observation,
    ceilings,
    load_observations,
    read_observations,
)
from qsp_lib.evidence.row import DECLARED
from qsp_lib.evidence.tables import load_tables

OF_V1 = {
    "blinatumomab IL-6": 8,
    "TGN1412 TNF": 6,
    "TGN1412 IFN-gamma": 4,
    "TGN1412 IL-6": 6,
    "blinatumomab IFN-gamma": 1,
    "blinatumomab TNF": 1,
}
SINCE_V1 = {
    "TAB08 TNF": 1,
    "TAB08 IFN-gamma": 1,
    "TGN1412 IL-6, late": 1,
    "TGN1412 TNF, late": 1,
    "TGN1412 IFN-gamma, late": 1,
    "blinatumomab B cells": 3,
}
ABOVE_THE_ASSAY = {"TO007", "TO010", "TO013", "TO015"}


@pytest.fixture(params=VERSIONS)
def version(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture
def points(version: str) -> dict[str, Observation]:
    """The observations of a version, by their ids."""
    return {point.id: point for point in load_observations(version)}


def test_the_courses_and_their_sizes(version, points):
    expected = OF_V1 if version == "v1" else OF_V1 | SINCE_V1
    assert Counter(point.course for point in points.values()) == expected


def test_version_2_holds_what_was_published_as_version_1_did_and_declares_more():
    first, second = ({p.id: p for p in load_observations(v)} for v in VERSIONS)
    published = {name for name, point in second.items() if point.use != DECLARED}
    assert published == {name for name, point in first.items() if point.use != DECLARED}
    for name in published:
        for field in ("course", "value_pg_mL", "time_h", "sigma_log10", "censored_above_pg_mL"):
            assert getattr(first[name], field) == getattr(second[name], field)
    assert len(second.keys() - first.keys()) == sum(SINCE_V1.values())
    assert all(second[name].use == DECLARED for name in second.keys() - first.keys())


def test_no_point_is_of_the_blind_drug(points):
    assert {point.drug for point in points.values()} == {"blinatumomab", "tgn1412"}


def test_every_published_value_and_time_is_the_evidence_rows_own(points):
    evidence = load_tables()
    published = [point for point in points.values() if point.use != DECLARED]
    assert len(published) == 24
    for point in published:
        row = evidence.row(point.id)
        assert (point.kind, point.sources) == ("point", (row.id,))
        assert (point.value_pg_mL, point.time_h) == (row.value, row.time_h)


def test_the_blinatumomab_weights_go_with_the_root_of_the_points(points):
    sigmas = [points[f"BO{n:03d}"].sigma_log10 for n in range(1, 9)]
    assert sigmas == pytest.approx([n**-0.5 for n in (11, 9, 13, 3, 8, 10, 7, 3)])


def test_the_tgn1412_weights(points):
    assert {points[f"TO{n:03d}"].sigma_log10 for n in (*range(7, 12), *range(13, 17))} == {0.25}
    assert points["TO012"].sigma_log10 == 0.5
    il6 = {points[f"TO{n:03d}"].time_h: points[f"TO{n:03d}"].sigma_log10 for n in range(20, 26)}
    assert il6 == {1: 0.35, 4: 0.35, 8: 0.35, 16: 0.35, 24: 0.5, 48: 0.5}


def test_exactly_the_values_above_the_assay_are_censored_from_below(points):
    censored = {p.id for p in points.values() if p.censored_above_pg_mL is not None}
    assert censored == ABOVE_THE_ASSAY
    assert {points[row_id].censored_above_pg_mL for row_id in censored} == {4500.0}
    assert all(points[row_id].is_censored for row_id in censored)
    assert {p.id for p in points.values() if p.value_pg_mL > 4500} == censored


def test_nothing_else_is_censored_but_what_is_declared_to_be_at_most_a_level(version, points):
    limited = {p.id for p in points.values() if p.is_censored} - ABOVE_THE_ASSAY
    assert limited == {p.id for p in points.values() if p.at_most}
    assert len(limited) == (0 if version == "v1" else sum(SINCE_V1.values()))
    assert {points[row_id].use for row_id in limited} <= {DECLARED}


def test_the_ceiling_of_the_assay_is_known_of_every_level_of_tgn1412(version):
    by_id = ceilings(version)
    assert set(by_id) == {f"TO{n:03d}" for n in (*range(7, 17), *range(20, 26))}
    assert set(by_id.values()) == {4500.0}


def test_unverified_rows_are_weak_data(points):
    evidence = load_tables()
    for point in points.values():
        if point.use == "data":
            assert evidence.row(point.id).is_verified
    assert {points[f"TO{n:03d}"].use for n in (12, *range(20, 26))} == {"weak data"}


def test_the_two_declared_peaks(points):
    ifn, tnf = points["blinatumomab-IFN-peak"], points["blinatumomab-TNF-peak"]
    assert (ifn.value_pg_mL, tnf.value_pg_mL) == (60.0, 20.0)
    for point in (ifn, tnf):
        assert (point.kind, point.time_h, point.sigma_log10) == ("peak", None, 0.6)
        assert (point.use, point.sources) == (
            "declared assumption",
            ("EA033", "declared assumption"),
        )


# ------------------------------------------------------------- what version 2 declares besides

OF_V2 = {point.id: point for point in load_observations("v2")}


@pytest.mark.parametrize("analyte", ["TNF", "IFN"])
def test_the_low_dose_trial_stayed_within_twice_the_healthy_level(analyte):
    """EA021: TNF, IFN-gamma and IL-2 "stayed at baseline"; IL-6 is not among them."""
    row, point = load_tables().row("EA021"), OF_V2[f"tgn1412-low_dose_trial-{analyte}-peak"]
    assert "stayed at baseline" in row.value_text and "IL-6" not in row.analyte
    assert point.sources == (row.id, DECLARED) and point.at_most
    assert point.value_pg_mL == 2 * baselines()[analyte]
    assert (point.kind, point.window_h) == ("peak", (0.0, 168.0))
    assert "tgn1412-low_dose_trial-IL6-peak" not in OF_V2


@pytest.mark.parametrize(
    ("analyte", "highest"), [("IL6", "TO020"), ("TNF", "TO007"), ("IFN", "TO013")]
)
def test_the_release_of_tgn1412_had_ended_after_five_days(analyte, highest):
    """EA004: it "ended within days"; by a tenth of the highest published level."""
    point = OF_V2[f"tgn1412-{analyte}-peak-from-120h"]
    published = [
        load_tables().row(name).number()
        for name, other in OF_V2.items()
        if (other.drug, other.analyte) == ("tgn1412", analyte) and other.use != DECLARED
    ]
    assert max(published) == load_tables().row(highest).number()
    assert point.value_pg_mL == pytest.approx(0.1 * max(published), rel=1e-12)
    assert (point.at_most, point.window_h) == (True, (120.0, 672.0))


@pytest.mark.parametrize(
    ("regimen", "row"), [("flat_5", "PO034"), ("flat_15", "EA037"), ("clinical", "PO034")]
)
def test_b_cells_are_gone_after_two_days_from_5_ug_per_m2_on(regimen, row):
    drug = "blinatumomab" if regimen == "clinical" else f"blinatumomab-{regimen}"
    point = OF_V2[f"{drug}-B-point-at-48h"]
    assert (point.analyte, point.time_h, point.at_most) == ("B", 48.0, True)
    assert point.sources == (row, DECLARED)
    assert point.value_pg_mL == 0.05 and point.healthy == 0.0


def test_the_courses_of_blinatumomab_are_of_values_above_the_floor_of_the_assay():
    floors = {p.id: p.assay_floor_pg_mL for p in OF_V2.values() if p.assay_floor_pg_mL is not None}
    assert floors == dict.fromkeys((f"BO{n:03d}" for n in range(1, 9)), 10.0)
    # the scatter of single values is wider over the first day than after it
    assert {OF_V2[f"BO{n:03d}"].spread_log10 for n in range(1, 6)} == {0.9}
    assert {OF_V2[f"BO{n:03d}"].spread_log10 for n in range(6, 9)} == {0.6}
    assert {p.assay_floor_pg_mL for p in load_observations("v1")} == {None}


def test_every_regimen_a_point_names_is_in_the_drug_file(version, points):
    for point in points.values():
        assert point.regimen in load_drug(point.drug, inputs=version).regimens


# ------------------------------------------------------------- what is refused

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
        (GOOD.replace("pg/mL", "ng/mL"), "unit 'ng/mL' was given .* expected 'pg/mL', the row's"),
        (
            GOOD.replace("pg/mL", "x healthy"),
            "unit 'x healthy' was given beside evidence row BO001",
        ),
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


def test_a_time_beside_that_of_the_evidence_row_is_refused_and_a_window_of_a_peak_is_not():
    columns = ",".join((*COLUMNS, *COLUMNS_SINCE_V1)) + "\n"
    with pytest.raises(EvidenceError, match="from_h 7 was given beside evidence row BO001"):
        read_observations(f"{columns}{GOOD},,,7,,,\n", load_tables())
    peak = GOOD.replace("point", "peak")
    (point,) = read_observations(f"{columns}{peak},,,0,48,,\n", load_tables())
    assert point.window_h == (0.0, 48.0)


def test_the_good_line_is_good():
    (point,) = read_observations(",".join(COLUMNS) + "\n" + GOOD + "\n", load_tables())
    (same,) = (point for point in load_observations("v1") if point.id == "BO001")
    assert point == replace(same, course="c", note="")


def test_other_columns_are_refused():
    with pytest.raises(EvidenceError, match="columns"):
        read_observations("evidence_id,drug\n", load_tables())


def test_the_censoring_limit_stands_in_the_table(version):
    text = input_file("observations.csv", version).read_text(encoding="utf-8")
    assert "4500" in text
    lifted = read_observations(text.replace("4500", "4600"), load_tables())
    above = {point.id for point in lifted if point.censored_above_pg_mL is not None}
    assert above == {"TO007", "TO013"}
