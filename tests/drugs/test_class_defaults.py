"""Class defaults: which there are, how a file asks, and that nothing is taken unasked."""

from __future__ import annotations

from pathlib import Path

import pytest

import qsp_lib
from qsp_lib.common.errors import EvidenceError, InputError
from qsp_lib.drugs.class_defaults import CLASS_DEFAULT, defaults_of_class, fill
from qsp_lib.drugs.reader import LARGEST_FILE
from qsp_lib.drugs.reading import load_drug, shipped_drugs

TEMPLATE = (Path(qsp_lib.__file__).parent / "data" / "templates" / "bispecific.toml").read_text(
    encoding="utf-8"
)


DECLARED_LIST = '["declared assumption"]'
VOLUME = f'V1 = {{ value = 3.5, unit = "L", source = {DECLARED_LIST}'


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "own.toml"


def test_what_makes_a_drug_severe_has_no_default() -> None:
    for mechanism in ("bispecific", "monoclonal"):
        names = defaults_of_class(mechanism)
        assert {"patient.weight", "potency.h", "t_cells.k_rec"} <= set(names)
        assert not {"t_cells.k_act", "t_cells.k_exh", "potency.EC50"} & set(names)
        assert not any(name.startswith("pharmacokinetics") for name in names)
    assert defaults_of_class("magic") == ()


def test_no_shipped_drug_rests_on_a_default() -> None:
    assert all(load_drug(name).class_defaults == () for name in shipped_drugs())


def test_a_default_names_itself_and_keeps_its_sources(file: Path) -> None:
    file.write_text(TEMPLATE)
    own = load_drug(file)
    assert set(own.class_defaults) == {"weight", "bsa", "h", "k_kill", "k_rec"}
    assert own.sources["bsa"].source == (CLASS_DEFAULT, "PK005")
    assert own.same_as["k_kill"] == "blinatumomab"


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("k_act = { same_as", 'k_act = { default = "class" } #', "t_cells.k_act: {'default'"),
        ("V1 = {", 'V1 = { default = "class" } #', "pharmacokinetics.V1"),
        ('h = { default = "class" }', 'h = { default = "usual" }', "'usual'"),
        ('h = { default = "class" }', 'h = { default = "class", value = 2 }', "'value': 2"),
    ],
)
def test_a_default_that_is_not_there_is_refused(file: Path, old: str, new: str, words: str) -> None:
    file.write_text(TEMPLATE.replace(old, new))
    with pytest.raises(InputError) as refusal:
        load_drug(file)
    assert words in str(refusal.value)
    assert 'default = "class"' in str(refusal.value)


@pytest.mark.parametrize("mechanism", ["'magic'", "3"])
def test_a_mechanism_that_is_none_is_named_and_not_its_defaults(file: Path, mechanism: str) -> None:
    file.write_text(TEMPLATE.replace('mechanism = "bispecific"', f"mechanism = {mechanism}"))
    words = f"mechanism: {mechanism} was given; expected 'bispecific' or 'monoclonal'"
    with pytest.raises(InputError, match=words):
        load_drug(file)


def test_missing_numbers_and_sections_are_filled_when_asked(file: Path) -> None:
    start, end = TEMPLATE.index("[patient]"), TEMPLATE.index("[pharmacokinetics]")
    file.write_text(TEMPLATE[:start] + TEMPLATE[end:])
    with pytest.raises(InputError, match="patient: nothing was given"):
        load_drug(file)
    assert load_drug(file, class_defaults=True).inputs.weight_kg == 70


def test_what_is_given_is_never_replaced() -> None:
    given = {"value": 3, "unit": "1", "source": ["x"]}
    content = {"mechanism": "monoclonal", "potency": {"h": given}, "patient": "a text"}
    filled = fill("f", content, take_missing=True)
    assert content["potency"] == {"h": given} and content["patient"] == "a text"
    assert filled == {"t_cells.k_rec"}


# ------------------------------------------------------------- sources of one's own


@pytest.mark.parametrize(
    ("source", "kept"),
    [
        ('["Author 2024, Table 2"]', ("Author 2024, Table 2",)),
        ('["PK005"]', ("PK005",)),
        ('["own assay", "PO004"]', ("own assay", "PO004")),
    ],
)
def test_a_users_source_is_words_or_an_evidence_id(
    file: Path, source: str, kept: tuple[str, ...]
) -> None:
    file.write_text(TEMPLATE.replace(VOLUME, VOLUME.replace(DECLARED_LIST, source)))
    assert load_drug(file).sources["V1"].source == kept


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("[]", "V1 has no source"),
        ('[" "]', "names the source ' '"),
        ('["class default"]', "names the source 'class default'"),
        ('["XX999"]', "which is in no evidence table"),
        ('["own assay", "XX999"]', "which is in no evidence table"),
        ('["PO004"]', "verified=no"),
        ('["a\\nb"]', "names the source"),
    ],
)
def test_a_users_source_that_says_nothing_is_refused(file: Path, source: str, words: str) -> None:
    file.write_text(TEMPLATE.replace(VOLUME, VOLUME.replace(DECLARED_LIST, source)))
    with pytest.raises(EvidenceError, match=words):
        load_drug(file)


# ------------------------------------------------------------- what is not a drug file


def test_a_file_that_is_none_is_refused_unread(tmp_path: Path) -> None:
    folder = tmp_path / "folder.toml"
    folder.mkdir()
    with pytest.raises(InputError, match="is not a file"):
        load_drug(folder)
    huge = tmp_path / "huge.toml"
    huge.write_bytes(b"#" * (LARGEST_FILE + 1))
    with pytest.raises(InputError, match="larger than 1000000 bytes"):
        load_drug(huge)
    with pytest.raises(InputError, match="cannot be read"):
        load_drug("a\0b.toml")


def test_too_many_doses_and_too_wide_a_prior_are_refused(file: Path) -> None:
    line = '{ infusion = "0.1 mg", time = "0 d", duration = "4 h" },'
    train = '{ bolus = "1 ug", time = "0 d", every = "1 h", count = 1000 },'
    file.write_text(TEMPLATE.replace(line, train * 3))
    with pytest.raises(InputError, match="3003 doses were given; expected at most 2000"):
        load_drug(file)
    own = 'k_exh = { value = 1, unit = "1/h", status = "assumed", log10_sd = 9, source = ["x"] } #'
    file.write_text(TEMPLATE.replace("k_exh = {", own))
    with pytest.raises(InputError, match="less than or equal to 3"):
        load_drug(file)


@pytest.mark.parametrize("text", ["x = " + "[" * 5000, "x = " + "9" * 5000, "x = 1e999999999"])
def test_text_that_breaks_a_parser_is_refused(file: Path, text: str) -> None:
    file.write_text(text)
    with pytest.raises(InputError, match="Drug file own.toml"):
        load_drug(file)


def test_a_label_stays_on_one_line(file: Path) -> None:
    file.write_text(TEMPLATE.replace('label = "Example CD3 bispecific"', 'label = "a\\u001b[2Jb"'))
    with pytest.raises(InputError, match="expected words on one line"):
        load_drug(file)
