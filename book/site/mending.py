"""What the theme and pandas leave wrong in a built page, put right after the build.

Each rule names a fault that a screen reader or an accessibility checker meets, and whose it is.
"""

from __future__ import annotations

import re
from pathlib import Path

_EMPTY_HEADER = re.compile(r"<th(?P<given>\b[^>]*)>(?:\s|<p>\s*</p>)*</th>")
_ENTRANCE = re.compile(r'\s*<meta http-equiv="Refresh" content="0; url=(?P<to>[^"]+)" />\s*')
_WHOLE_ENTRANCE = """\
<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>The book</title>
<link rel="icon" href="data:,">
<meta http-equiv="Refresh" content="0; url={to}"></head>
<body><p><a href="{to}">To the book</a></p></body></html>
"""
_NAMED_ROWS = re.compile(
    r'(<tr style="text-align: right;">\s*)<th></th>((?:\s*<th>[^<]*</th>)+\s*</tr>)'
    r"\s*<tr>\s*(<th>[^<]+</th>)(?:\s*<th></th>)+\s*</tr>(?=\s*</thead>)"
)
_PARAMETERS = re.compile(r'(?<=<span class="sig-paren">\(</span>)\s*<dl>.*?</dl>', re.DOTALL)
_NOT_A_LIST = re.compile("<(dl|dd)>")
_SEARCH_BUTTON = re.compile(r'(<button class="btn search-button-field[^>]*?) aria-label="Search"')


_MADE = re.compile(r'<a class="made" href="#(made-[^"]+)"')
_CELL = '<div class="cell '


def name_cells(html: str) -> str:
    """A page whose links "how it was made" lead to the cell that made the figure.

    MyST-NB gives a cell no name: each takes that of the link within it.
    """
    for link in reversed(list(_MADE.finditer(html))):
        place = html.rfind(_CELL, 0, link.start())
        if place >= 0:
            html = f'{html[:place]}<div id="{link[1]}" class="cell {html[place + len(_CELL) :]}'
    return html


def mend(html: str) -> str:
    """One page with its known faults put right; a page without them as it was."""
    html = name_cells(html)
    # the entrance is a redirect and nothing else; an icon would be asked for and left behind
    if entrance := _ENTRANCE.fullmatch(html):
        return _WHOLE_ENTRANCE.format(to=entrance["to"])
    # pandas gives the name of the rows a line of its own below the names of the columns
    html = _NAMED_ROWS.sub(r"\1\3\2", html)
    # pandas and Markdown leave the corner of a table blank, and blank is no header
    html = _EMPTY_HEADER.sub(r"<td\g<given>></td>", html)
    # the theme's search button shows "Search Ctrl+K" and is announced as "Search": what is
    # announced has to hold what is shown, and the text of the button does
    html = _SEARCH_BUTTON.sub(r"\1", html)
    # Sphinx sets a signature of several lines as a list of definitions that has no terms
    html = _PARAMETERS.sub(
        lambda found: _NOT_A_LIST.sub(r'<\1 role="presentation">', found[0]), html
    )
    # MyST-NB announces every fold of code as "Toggle hidden content": the text says which it is
    html = html.replace('<summary aria-label="Toggle hidden content">', "<summary>")
    # the theme's sidebar holds the title and the search outside of any landmark
    html = html.replace(
        '<div class="bd-sidebar-primary bd-sidebar">',
        '<div class="bd-sidebar-primary bd-sidebar" role="region" aria-label="Book">',
    )
    # Sphinx marks references as a list whose items are none, with a role that is deprecated
    html = html.replace('<div role="list" class="citation-list">', '<div class="citation-list">')
    return html.replace(' role="doc-biblioentry"', "")


def mend_site(html: Path) -> None:
    """Mend every page of a built book, in place, and leave out what only its makers would read."""
    for source_map in html.rglob("*.map"):
        source_map.unlink()
    for page in sorted(html.rglob("*.html")):
        if "_static" in page.relative_to(html).parts:
            continue
        before = page.read_text(encoding="utf-8")
        after = mend(before)
        if after != before:
            page.write_text(after, encoding="utf-8")
