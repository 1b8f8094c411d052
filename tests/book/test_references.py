"""The bibliography is the evidence tables' own words, and every entry resolves."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest
from pybtex.database import parse_string

from book.pages.references import BIB, MARKER, Reference, collect, references, renewed, resolves
from qsp_lib.common.errors import EvidenceError
from qsp_lib.evidence.row import EvidenceRow
from qsp_lib.evidence.tables import load_tables

ROWS = dict(load_tables().items())


def row(**changes: Any) -> EvidenceRow:
    return next(iter(ROWS.values())).model_copy(update={"note": "", **changes})


def test_the_committed_file_is_the_one_the_tables_give() -> None:
    text = BIB.read_text(encoding="utf-8")
    assert renewed(text) == text, "run: python -m book.pages.references"
    assert "besbassi2026" in text.split(MARKER)[0]


def test_every_row_that_can_be_found_has_an_entry_that_resolves() -> None:
    entries = parse_string(BIB.read_text(encoding="utf-8"), "bibtex").entries
    found = 0
    for row_id, each in ROWS.items():
        doi, pmid = resolves(each)
        assert (row_id in references()) is bool(doi or pmid)
        if not (doi or pmid):
            continue
        found += 1
        entry = entries[references()[row_id].key]
        assert entry.fields.get("doi", "").lower() == doi.lower() or not doi
        assert entry.fields.get("pubmed", "") == pmid or not pmid
    assert found > 200


def test_no_word_is_added() -> None:
    """Of author, title and journal nothing stands in an entry but what its rows say."""
    for reference in set(references().values()):
        known = set(re.findall(r"\w+", reference.source)) | {"and", "others", "n", "d"}
        said = " ".join((reference.authors, reference.rest, reference.year))
        assert set(re.findall(r"\w+", said)) <= known, reference


def test_a_doi_marked_unverified_is_not_used() -> None:
    doubtful = row(doi="10.1000/x", pmid="", note="seen once (DOI unverified)")
    assert collect([doubtful]) == {}
    assert collect([replace_row(doubtful, pmid="123")])[doubtful.id].doi == ""


def replace_row(given: EvidenceRow, **changes: Any) -> EvidenceRow:
    return given.model_copy(update=changes)


@pytest.mark.parametrize(
    ("source", "authors", "rest", "year"),
    [
        (
            "Kato K et al. J Immunol 1990;144:1",
            "Kato, K and others",
            "J Immunol 1990;144:1",
            "1990",
        ),
        ("Horton DL, Remick DG. CVI 2010;1", "Horton, DL and Remick, DG", "CVI 2010;1", "2010"),
        ("von Stackelberg A et al. JCO 2016", "von Stackelberg, A and others", "JCO 2016", "2016"),
        ("Selective deletion study, X 1997", "", "Selective deletion study, X 1997", "1997"),
        ("A study of something", "", "A study of something", "n.d."),
    ],
)
def test_names_are_read_where_the_words_begin_with_them(
    source: str, authors: str, rest: str, year: str
) -> None:
    reference = Reference("XX001", source, "10.1000/x", "")
    assert (reference.authors, reference.rest, reference.year) == (authors, rest, year)


def test_special_characters_survive_bibtex() -> None:
    reference = Reference("XX001", "Kato K. A & B_c 100% #1 2001", "10.1000/a_b", "12")
    entry = parse_string(reference.bibtex(), "bibtex").entries["XX001"]
    assert entry.fields["howpublished"] == r"A \& B\_c 100\% \#1 2001"
    assert (entry.fields["doi"], entry.fields["pubmed"]) == ("10.1000/a_b", "12")
    assert replace(reference, pmid="").bibtex().count("pubmed") == 0


def test_two_numbers_for_one_paper_are_refused() -> None:
    one, two = row(id="XX001", doi="10.1/x", pmid="1"), row(id="XX002", doi="10.1/x", pmid="2")
    with pytest.raises(EvidenceError, match="has the PMIDs"):
        collect([one, two])
    with pytest.raises(EvidenceError, match="two DOIs"):
        collect([one, replace_row(two, doi="10.1/y", pmid="1")])


def test_rows_of_one_paper_belong_together_by_either_number() -> None:
    by_pmid, by_both = row(id="XX001", doi="", pmid="1"), row(id="XX002", doi="10.1/x", pmid="1")
    found = collect([by_pmid, by_both])
    assert found["XX001"] == found["XX002"]
    assert (found["XX001"].key, found["XX001"].doi) == ("XX001", "10.1/x")
