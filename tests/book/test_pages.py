"""Faults of the theme that are put right in a built page."""

from __future__ import annotations

from pathlib import Path

import pytest

from book.site.mending import mend, mend_site


@pytest.mark.parametrize(
    ("fault", "mended"),
    [
        ("<tr><th></th><th>a</th></tr>", "<tr><td></td><th>a</th></tr>"),
        (
            '<thead><tr style="text-align: right;"><th></th> <th>a</th> <th>b</th></tr>'
            "<tr><th>row</th> <th></th> <th></th></tr></thead>",
            '<thead><tr style="text-align: right;"><th>row</th> <th>a</th> <th>b</th></tr></thead>',
        ),
        ('<th class="head"><p></p></th>', '<td class="head"></td>'),
        ("<thead><th>a</th></thead>", "<thead><th>a</th></thead>"),
        (
            '<button class="btn search-button-field x" aria-label="Search" data-x="1">',
            '<button class="btn search-button-field x" data-x="1">',
        ),
        (
            '<button class="btn btn-sm" aria-label="Search">',
            '<button class="btn btn-sm" aria-label="Search">',
        ),
        ('<summary aria-label="Toggle hidden content"><p>', "<summary><p>"),
        (
            '<div role="list" class="citation-list"><div class="citation" role="doc-biblioentry">',
            '<div class="citation-list"><div class="citation">',
        ),
        (
            '<span class="sig-paren">(</span>\n\n<dl>\n<dd>a,</dd>\n</dl><dl><dt>b</dt></dl>',
            '<span class="sig-paren">(</span>\n\n<dl role="presentation">\n'
            '<dd role="presentation">a,</dd>\n</dl><dl><dt>b</dt></dl>',
        ),
        (
            '<div class="bd-sidebar-primary bd-sidebar">',
            '<div class="bd-sidebar-primary bd-sidebar" role="region" aria-label="Book">',
        ),
    ],
)
def test_a_fault_is_mended_once(fault: str, mended: str) -> None:
    assert mend(fault) == mended
    assert mend(mended) == mended


def test_the_entrance_is_a_page_with_a_link_for_those_it_does_not_lead_on() -> None:
    made = mend('<meta http-equiv="Refresh" content="0; url=book/index.html" />\n')
    assert made.startswith("<!DOCTYPE html>") and '<a href="book/index.html">' in made
    assert 'content="0; url=book/index.html"' in made and 'href="data:,"' in made
    assert mend(made) == made


def test_every_page_is_mended_and_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "_static").mkdir()
    for name in ("a.html", "_static/b.html", "c.txt"):
        (tmp_path / name).write_text("<th></th>", encoding="utf-8")
    mend_site(tmp_path)
    assert (tmp_path / "a.html").read_text("utf-8") == "<td></td>"
    assert (tmp_path / "_static/b.html").read_text("utf-8") == "<th></th>"
    assert (tmp_path / "c.txt").read_text("utf-8") == "<th></th>"
