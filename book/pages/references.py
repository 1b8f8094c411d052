"""The bibliography, made from the evidence tables: ``book/references.bib``.

Every source with a DOI or a PMID that is not marked as unverified becomes one entry; the words
are those of the table, and nothing is added to them. A source without either stays as it is
written. ``python -m book references`` renews the file; a test holds it to the tables.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from qsp_lib.common import EvidenceError, write_text_atomic
from qsp_lib.evidence import EvidenceRow, load_tables

BIB = Path(__file__).resolve().parents[1] / "references.bib"
MARKER = "% Made from the evidence by python -m book references; do not edit below.\n"
UNVERIFIED_DOI = "DOI unverified"
_NAME = r"(?:(?:von|van|de) )?[A-Z][\w'’-]+(?: [A-Z][\w'’-]+)? [A-Z]{1,3}"
_AUTHORS = re.compile(rf"(?P<names>{_NAME}(?:, {_NAME})*)(?P<more> et al)?\.\s+(?P<rest>.+)")
_YEAR = re.compile(r"\b(?:19|20)\d\d\b")
_DERIVED = ("Derived", "Suntharalingam 2006 /")
"""Sources that point at a paper for a number computed from it, not at the paper itself."""


@dataclass(frozen=True)
class Reference:
    """One entry: its key, the words of the tables, and where it resolves."""

    key: str
    source: str
    doi: str
    pmid: str

    @property
    def authors(self) -> str:
        """In BibTeX's form, as far as the words begin with names; else empty."""
        found = _AUTHORS.match(self.source)
        if not found:
            return ""
        names = [name.rsplit(" ", 1) for name in found["names"].split(", ")]
        listed = [f"{family}, {initials}" for family, initials in names]
        return " and ".join([*listed, *(["others"] if found["more"] else [])])

    @property
    def rest(self) -> str:
        """What follows the names; all of it where there are none."""
        found = _AUTHORS.match(self.source)
        return found["rest"] if found else self.source

    @property
    def year(self) -> str:
        """The year in the words of the source, or ``n.d.``."""
        found = _YEAR.search(self.source)
        return found[0] if found else "n.d."

    def bibtex(self) -> str:
        """The entry as BibTeX; a source without names stands as a title."""
        words = {"author": self.authors, "howpublished": self.rest}
        if not self.authors:
            words = {"title": f"{{{_escaped(self.source)}}}"}
        else:
            words["howpublished"] = _escaped(self.rest)
        given = words | {"year": self.year, "doi": self.doi, "pubmed": self.pmid}
        lines = [f"  {name} = {{{value}}}," for name, value in given.items() if value]
        return "\n".join([f"@misc{{{self.key},", *lines, "}"]) + "\n"


def _escaped(text: str) -> str:
    return re.sub(r"([&%_#$])", r"\\\1", text)


def resolves(row: EvidenceRow) -> tuple[str, str]:
    """The DOI and PMID by which a row can be found; both empty if by none."""
    return ("" if UNVERIFIED_DOI in row.note else row.doi), row.pmid


def collect(rows: Iterable[EvidenceRow]) -> dict[str, Reference]:
    """References by the id of every row that has one.

    Rows belong together by their DOI, or by their PMID where they have no DOI: the PMID may be that
    of a paper whose DOI another row gives. The key of a reference is the id of its first row; its
    words are the ones most rows give.

    Raises:
        EvidenceError: one DOI with two PMIDs, or one PMID with two DOIs.
    """
    groups: dict[str, list[EvidenceRow]] = {}
    rows = list(rows)
    doi_of = {pmid: doi.lower() for doi, pmid in map(resolves, rows) if doi and pmid}
    for row in rows:
        doi, pmid = resolves(row)
        if doi or pmid:
            groups.setdefault(doi.lower() or doi_of.get(pmid, pmid), []).append(row)
    made: dict[str, Reference] = {}
    seen: dict[str, str] = {}
    for group in groups.values():
        doi = next((d for d, _ in map(resolves, group) if d), "")
        pmids = {p for _, p in map(resolves, group) if p}
        if len(pmids) > 1:
            raise EvidenceError(
                f"{group[0].id}: {doi} has the PMIDs {sorted(pmids)}; expected one."
            )
        pmid = pmids.pop() if pmids else ""
        if pmid and seen.setdefault(pmid, doi) != doi:
            raise EvidenceError(f"{group[0].id}: PMID {pmid} has two DOIs, {doi} and {seen[pmid]}.")
        counts = Counter(row.source for row in group)
        words = max(counts, key=lambda s: (not s.startswith(_DERIVED), counts[s], -len(s)))
        reference = Reference(group[0].id, words, doi, pmid)
        made |= {row.id: reference for row in group}
    return made


@cache
def references() -> dict[str, Reference]:
    """References of the shipped tables, by the id of every row that has one."""
    return collect(row for _, row in load_tables().items())


def generated() -> str:
    """The generated part of the bibliography."""
    unique = {reference.key: reference for reference in references().values()}
    return MARKER + "\n" + "\n".join(unique[key].bibtex() for key in sorted(unique))


def renewed(text: str) -> str:
    """A bibliography with its generated part made anew and the rest as it was."""
    return text.split(MARKER)[0].rstrip() + "\n\n" + generated()


def renew() -> str:
    """Renew the committed bibliography, and say so."""
    write_text_atomic(BIB, renewed(BIB.read_text(encoding="utf-8")))
    return (
        f"{len(set(references().values()))} references from the evidence tables are in {BIB.name}"
    )
