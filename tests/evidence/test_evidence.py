"""The evidence tables: what they hold, what is refused, and what a row may be used for."""

from __future__ import annotations

import csv
import hashlib
import io
import math
from importlib.resources import files

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qsp_lib.common.errors import EvidenceError
from qsp_lib.common.inputs import VERSIONS, input_file
from qsp_lib.drugs.co_medications import load_tocilizumab
from qsp_lib.drugs.reading import load_drug, shipped_drugs
from qsp_lib.evidence.observations import load_observations
from qsp_lib.evidence.row import COLUMNS, DECLARED, RANGE_KINDS, USES
from qsp_lib.evidence.tables import (
    check_sources,
    check_use,
    load_tables,
    range_kinds_since_v1,
    read_rows,
    reviewed_range_kinds,
)
from qsp_lib.evidence.units import same_kind
from qsp_lib.protocol.inputs import EVIDENCE_V1, input_digest
from qsp_lib.protocol.lock import lock_path, read_record

TABLES = {
    "blinatumomab_outcomes.csv": 42,
    "crs_grading.csv": 18,
    "cytokine_kinetics.csv": 83,
    "external_inputs.csv": 112,
    "okt3_inputs.csv": 41,
    "pharmacokinetics.csv": 70,
    "potency.csv": 62,
    "steroids.csv": 24,
    "tcell_structure.csv": 57,
    "tgn1412_outcomes.csv": 69,
    "tocilizumab.csv": 18,
    "variability.csv": 46,
}

GOOD = {
    "id": "ZZ001",
    "drug": "madeupmab",
    "population": "adults",
    "dose": "1 mg",
    "route": "IV",
    "schedule": "once",
    "analyte": "IL-6",
    "statistic": "median",
    "value": "10",
    "value_text": "",
    "low": "5",
    "high": "20",
    "range_kind": "observed range",
    "unit": "pg/mL",
    "time_h": "2",
    "n": "7",
    "source": "Nobody N. J Nothing 1900",
    "doi": "10.1000/xyz",
    "pmid": "123",
    "verified": "yes",
    "confidence": "high",
    "note": "",
}


def table(*rows: dict[str, str], columns=COLUMNS) -> bytes:
    """The bytes of a made-up table."""
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(columns)
    for row in rows:
        writer.writerow([row.get(column, "") for column in columns])
    return buffer.getvalue().encode()


def made_up(**changes: str):
    """One valid row with these columns changed."""
    return read_rows("made_up.csv", table(GOOD | changes))[0]


# ------------------------------------------------------------- what the tables hold


def test_the_twelve_tables_are_read_whole():
    evidence = load_tables()
    counts = dict.fromkeys(evidence.texts, 0)
    for row_id in evidence:
        counts[evidence.tables[row_id]] += 1
    assert counts == TABLES
    assert len(evidence) == 642


def test_the_tables_of_version_2_leave_lock_v1_as_it_was():
    from_v1 = [name for name in TABLES if name in EVIDENCE_V1]
    assert sum(TABLES[name] for name in from_v1) == 403
    assert set(TABLES) - set(from_v1) == {
        "external_inputs.csv",
        "steroids.csv",
        "tcell_structure.csv",
        "variability.csv",
    }
    recorded = read_record(lock_path("v1"), against_code=False).content["digests"]
    assert input_digest("evidence") == recorded["evidence"]
    assert input_digest("range_kinds") == recorded["range_kinds"]


def test_no_outcome_of_another_t_cell_engager_is_among_the_rows():
    """Cytokines of held-back drugs are in sealed tables; the open ones hold their inputs alone."""
    held_back = ("mosunetuzumab", "teclistamab", "epcoritamab")
    rows = [row for row in load_tables().values() if row.drug.startswith(held_back)]
    assert len(rows) > 40
    cytokines = ("il-6", "il6", "tnf", "ifn", "cytokine")
    assert [r.id for r in rows if any(word in r.analyte.lower() for word in cytokines)] == []


def test_no_outcome_of_a_blind_drug_is_among_the_rows():
    rows = [row for row in load_tables().values() if row.drug == "OKT3" and row.route == "IV"]
    assert rows
    cytokines = {"IL-6", "TNF", "IFN-gamma"}
    assert [row.id for row in rows if row.analyte in cytokines] == []


@pytest.mark.parametrize(
    ("row_id", "value", "time", "points"),
    [
        ("BO001", 894.6, 4.8, 11),
        ("BO002", 279, 7.2, 9),
        ("BO003", 121.3, 12, 13),
        ("BO004", 1270.6, 14.4, 3),
        ("BO005", 95.1, 24, 8),
        ("BO006", 56.3, 31.2, 10),
        ("BO007", 37.0, 48, 7),
        ("BO008", 20.3, 168, 3),
    ],
)
def test_the_eight_blinatumomab_points(row_id, value, time, points):
    row = load_tables().row(row_id)
    assert (row.number(), row.time_h, row.n) == (value, time, points)
    assert (row.drug, row.dose, row.unit) == ("blinatumomab", "60 ug/m2/d", "pg/mL")
    assert row.is_verified


def test_the_disputed_il6_course_of_tgn1412_is_not_verified():
    evidence = load_tables()
    assert {evidence[f"TO{n:03d}"].verified for n in range(20, 26)} == {"no"}


def test_the_text_digest_is_of_the_texts_in_the_order_of_names():
    folder = files("qsp_lib") / "data" / "evidence"
    paths = sorted(folder.iterdir(), key=lambda path: path.name)
    whole = hashlib.sha256(b"".join(path.read_bytes() for path in paths)).hexdigest()
    assert [path.name for path in paths] == list(TABLES)
    assert load_tables().text_digest([path.name for path in paths]) == whole


def test_windows_line_ends_change_no_digest_and_a_number_does(tmp_path):
    source = files("qsp_lib") / "data" / "evidence" / "potency.csv"
    text = source.read_bytes()
    digests = []
    for name, data in (
        ("as", text),
        ("windows", text.replace(b"\n", b"\r\n")),
        ("number", text.replace(b"0.1,", b"0.2,", 1)),
    ):
        folder = tmp_path / name
        folder.mkdir()
        (folder / "potency.csv").write_bytes(data)
        tables = load_tables(folder)
        digests.append((tables.digest("potency.csv"), tables.text_digest(["potency.csv"])))
    assert digests[0] == digests[1]
    assert digests[2][0] != digests[0][0] and digests[2][1] != digests[0][1]


def test_a_citation_shows_no_unverified_doi_and_invents_none():
    evidence = load_tables()
    assert evidence.cite("PK001") == (
        "[PK001] Clements JD et al. Clin Pharmacokinet 2020;59:463-474. "
        "doi:10.1007/s40262-019-00823-8"
    )
    assert evidence["BO031"].doi and "DOI unverified" in evidence["BO031"].note
    assert evidence.cite("BO031") == "[BO031] Gokbuget N et al. Blood 2018;131:1522"
    assert evidence.cite("PK063").endswith("Cancer Res 1985;45:2866-2872. PMID 3921249")
    assert evidence.cite("EA033").endswith("2009;114:4798 (meeting abstract)")
    assert not [cite for cite in map(evidence.cite, evidence) if "unverified doi" in cite.lower()]


def test_the_frame_has_every_row_and_the_name_of_its_table():
    frame = load_tables().frame()
    assert list(frame.columns) == [*COLUMNS, "table"]
    assert len(frame) == 642
    assert frame.set_index("id").loc["BO001", "table"] == "blinatumomab_outcomes.csv"


def test_rows_and_tables_cannot_be_changed():
    evidence = load_tables()
    with pytest.raises(TypeError):
        evidence.rows["BO001"] = None
    with pytest.raises(ValueError, match="frozen"):
        evidence.row("BO001").value = 1.0
    assert load_tables() is evidence


def test_an_unknown_id_is_named():
    with pytest.raises(EvidenceError, match="'BO999'"):
        load_tables().row("BO999")


def test_words_are_not_a_number():
    with pytest.raises(EvidenceError, match="EA033"):
        load_tables().row("EA033").number()


# ------------------------------------------------------------- what is refused


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"unit": "pg/mLL"}, "'pg/mLL' is not known"),
        ({"low": "30"}, "low 30 is above high 20"),
        ({"value": "21"}, "value 21 lies outside low 5.0 and high 20.0"),
        ({"value": "4.9"}, "value 4.9 lies outside"),
        ({"value": "21", "low": ""}, "value 21 lies outside low None and high 20.0"),
        ({"low": "", "high": ""}, "given without low or high"),
        ({"range_kind": ""}, "given without range_kind"),
        ({"range_kind": "upper bound"}, "expects high and no other"),
        ({"range_kind": "lower bound", "low": ""}, "expects low and no other"),
        ({"range_kind": "upper bound", "low": "", "value": "21"}, "value 21 lies outside"),
        ({"value": "", "low": "", "high": "", "range_kind": ""}, "no value, value_text, low or"),
        ({"source": ""}, "expected the words of a source"),
        ({"source": "  "}, "expected the words of a source"),
        ({"verified": "maybe"}, "expected 'yes' or 'no'"),
        ({"verified": ""}, "expected 'yes' or 'no'"),
        ({"confidence": "sure"}, "expected 'high', 'medium' or 'low'"),
        ({"doi": "doi:10.1000/xyz"}, "expected a DOI"),
        ({"doi": "10.1000"}, "expected a DOI"),
        ({"pmid": "PMC123"}, "expected a PubMed number"),
        ({"value": "ten"}, "expected a number or nothing"),
        ({"value": "nan"}, "expected a finite number"),
        ({"high": "inf"}, "expected a finite number"),
        ({"time_h": "-1"}, "expected hours"),
        ({"n": "0"}, "expected a whole number"),
        ({"n": "3.5"}, "expected a whole number"),
        ({"id": "first"}, "expected two capital letters"),
    ],
)
def test_a_row_is_refused_in_one_sentence(changes, words):
    with pytest.raises(EvidenceError) as refusal:
        made_up(**changes)
    message = str(refusal.value)
    assert message.startswith(f"Table made_up.csv, row {changes.get('id', 'ZZ001')}: ")
    assert words in message
    assert "\n" not in message and "pydantic" not in message


@pytest.mark.parametrize(
    ("columns", "words"),
    [
        ((*COLUMNS, "opinion"), "unknown column 'opinion'"),
        (COLUMNS[:-1], "missing column 'note'"),
        ((*COLUMNS, "unit"), "twice column 'unit'"),
    ],
)
def test_other_columns_are_refused(columns, words):
    with pytest.raises(EvidenceError, match=words):
        read_rows("made_up.csv", table(GOOD, columns=columns))


def test_a_line_with_a_field_too_many_is_refused():
    with pytest.raises(EvidenceError, match="line 2: 23 fields were given; expected 22"):
        read_rows("made_up.csv", table(GOOD).rstrip(b"\n") + b",more\n")


def test_an_id_twice_in_one_table_is_refused():
    with pytest.raises(EvidenceError, match="row ZZ001: the id occurs twice"):
        read_rows("made_up.csv", table(GOOD, GOOD | {"value": "11"}))


def test_an_id_in_two_tables_is_refused(tmp_path):
    (tmp_path / "a.csv").write_bytes(table(GOOD))
    (tmp_path / "b.csv").write_bytes(table(GOOD))
    with pytest.raises(EvidenceError, match=r"b\.csv, row ZZ001: the id is also in table a\.csv"):
        load_tables(tmp_path)


def test_a_folder_without_tables_is_refused(tmp_path):
    with pytest.raises(EvidenceError, match="No evidence table"):
        load_tables(tmp_path)


def test_bytes_that_are_not_text_are_refused():
    with pytest.raises(EvidenceError, match="not UTF-8"):
        read_rows("made_up.csv", table(GOOD) + b"\xff")


# ------------------------------------------------------------- what passes, and why


def test_a_row_that_records_an_absence_passes():
    assert load_tables().row("OI026").statistic == "not found"
    row = made_up(value="", low="", high="", range_kind="", statistic="not found")
    assert row.value is None


def test_an_end_of_a_range_may_be_missing():
    assert made_up(low="").high == 20.0
    assert made_up(value="", low="", high="6", range_kind="upper bound").high == 6.0


def test_a_range_of_unknown_kind_claims_nothing_about_the_value():
    assert made_up(value="21", range_kind="who knows").value == 21.0


def test_every_kind_of_range_in_the_tables_is_documented():
    kinds = {row.range_kind for row in load_tables().values()} - {""}
    assert kinds <= set(RANGE_KINDS)


@settings(deadline=None)
@given(
    st.floats(0, 1e6), st.floats(0, 1e6), st.floats(0, 1e6), st.sampled_from(sorted(RANGE_KINDS))
)
def test_a_row_is_accepted_exactly_if_its_value_lies_in_its_range(value, low, high, kind):
    sense = RANGE_KINDS[kind]
    inside = low <= high if sense == "other" else low <= value <= high
    expected = inside and sense != "limit"
    try:
        made_up(value=repr(value), low=repr(low), high=repr(high), range_kind=kind)
    except EvidenceError:
        assert not expected
    else:
        assert expected


# ------------------------------------------------------------- reviewed ranges


def network_rows(inputs: str) -> list[dict[str, str]]:
    """The lines of a version's table of network parameters, as they are written."""
    text = input_file("network_parameters.csv", inputs).read_text(encoding="utf-8")
    return list(csv.DictReader(text.splitlines()))


def rows_the_model_uses(inputs: str) -> set[str]:
    """Every evidence id that an input, a prior or a point of a fit of a version names."""
    used = {source for point in load_observations(inputs) for source in point.sources}
    drugs = [load_drug(name, inputs=inputs) for name in shipped_drugs(inputs)]
    for file in (*drugs, load_tocilizumab(inputs=inputs)):
        used |= {s for quantity in file.sources.values() for s in quantity.source}
        used |= {s for sources in file.regimen_sources.values() for s in sources}
    for row in network_rows(inputs):
        used |= {source.strip() for source in row["source"].split(";")}
    return used - {DECLARED}


@pytest.mark.parametrize("inputs", VERSIONS)
def test_every_range_the_model_rests_on_was_reviewed(inputs):
    evidence = load_tables()
    ranged = {
        row_id
        for row_id in rows_the_model_uses(inputs)
        if (evidence[row_id].low, evidence[row_id].high) != (None, None)
    }
    assert len(ranged) >= 12
    later = () if inputs == "v1" else range_kinds_since_v1()
    assert ranged <= {*reviewed_range_kinds(), *later}


def test_a_reviewed_kind_replaces_the_first_guess_and_still_holds_the_value():
    evidence = load_tables()
    assert evidence["BL001"].range_kind == "observed range"
    assert evidence.range_kind("BL001") == "95% CI"
    assert evidence.range_kind("TZ022") == "95% CI"
    assert evidence.range_kind("EA123") == "IQR"
    assert evidence["ST024"].range_kind != evidence.range_kind("ST024") == "observed range"
    assert not reviewed_range_kinds().keys() & range_kinds_since_v1().keys()
    for row_id, kind in {**reviewed_range_kinds(), **range_kinds_since_v1()}.items():
        row = evidence.row(row_id)
        assert type(row).model_validate(row.model_dump() | {"range_kind": kind})


# ------------------------------------------------------------- what a row may be used for


@pytest.mark.parametrize("use", USES)
def test_a_verified_row_may_be_used_for_anything(use):
    row = load_tables().row("BO001")
    assert check_use(row, use) is row


@pytest.mark.parametrize("use", ["data", "check"])
def test_an_unverified_row_is_never_data_nor_a_target(use):
    with pytest.raises(EvidenceError, match="TO020 is verified=no"):
        check_use(load_tables().row("TO020"), use)


@pytest.mark.parametrize("use", ["weak data", "prior", DECLARED])
def test_an_unverified_row_may_be_weak(use):
    assert check_use(load_tables().row("TO020"), use).id == "TO020"


def test_an_unknown_use_is_refused():
    with pytest.raises(EvidenceError, match="'decoration'"):
        check_use(load_tables().row("BO001"), "decoration")


@pytest.mark.parametrize(
    ("sources", "words"),
    [
        ([], "has no source"),
        (["BO999"], "'BO999', which is in no evidence table"),
        (["PK027"], "PK027, which is verified=no"),
        (["PK001", "PK027"], "PK027, which is verified=no"),
    ],
)
def test_a_number_without_a_sound_source_is_refused(sources, words):
    with pytest.raises(EvidenceError, match=words):
        check_sources("made_up.toml, CL", sources)


def test_sound_sources():
    for sources in (["PK001"], [DECLARED], ["PK027", DECLARED]):
        assert check_sources("made_up.toml, CL", sources) == tuple(sources)


# ------------------------------------------------------------- the parameter table


@pytest.mark.parametrize("inputs", VERSIONS)
def test_every_network_parameter_names_sound_sources_and_a_readable_unit(inputs):
    kinds = {"k_M": "1/h", "k_S": "1/h", "K_M": "pg/mL", "K_S": "pg/mL", "w_TNF": "1"}
    rows = network_rows(inputs)
    medians = {row["name"]: float(row["median"]) for row in rows}
    assert " ".join(medians) == (
        "k_IFN d_IFN k_TNF_T k_TNF_M d_TNF w_TNF k_M K_M n_M d_M k_IL6_T k_IL6_M k_fb K_S n_S "
        "d_IL6 k_S"
    )
    for row in rows:
        sources = [source.strip() for source in row["source"].split(";")]
        assert check_sources(row["name"], sources)
        by_letter = {"k": "pg/mL/h", "d": "1/h", "n": "1"}
        expected = kinds.get(row["name"]) or by_letter[row["name"][0]]
        assert same_kind(row["unit"], expected)
        # the bounds are of the parameter itself, also where the prior is of a ratio
        median = medians[row["name"]] * medians.get(row.get("relative_to", ""), 1.0)
        lower, upper = float(row["lower"]), float(row["upper"])
        if row["name"].startswith("n_"):
            assert (row["status"], row["log10_sd"], lower, upper) == ("fixed", "", 0.5, 8)
        else:
            assert (lower, upper) == pytest.approx((median * 1e-4, median * 1e4), rel=1e-9)


@pytest.mark.parametrize("inputs", VERSIONS)
def test_the_prior_of_il6_removal_is_the_half_life_it_quotes(inputs):
    # 1.4 /h is a half-life of 0.495 h, within the derived bounds of EA095 (0.26-0.52 h)
    (d_IL6,) = (float(row["median"]) for row in network_rows(inputs) if row["name"] == "d_IL6")
    row = load_tables().row("EA095")
    assert d_IL6 == 1.4 and row.low < math.log(2) / d_IL6 < row.high
