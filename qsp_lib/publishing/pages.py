"""What the theme and pandas leave wrong in a built page, put right after the build.

Each rule names a fault that a screen reader or an accessibility checker meets, and whose it is.
"""

from __future__ import annotations

import re
from pathlib import Path

_EMPTY_HEADER = re.compile(r"<th(?P<given>\b[^>]*)>(?:\s|<p>\s*</p>)*</th>")
_SEARCH_BUTTON = re.compile(r'(<button class="btn search-button-field[^>]*?) aria-label="Search"')


def mend(html: str) -> str:
    """One page with its known faults put right; a page without them as it was."""
    # pandas and Markdown leave the corner of a table blank, and blank is no header
    html = _EMPTY_HEADER.sub(r"<td\g<given>></td>", html)
    # the theme's search button shows "Search Ctrl+K" and is announced as "Search": what is
    # announced has to hold what is shown, and the text of the button does
    html = _SEARCH_BUTTON.sub(r"\1", html)
    # the theme's sidebar holds the title and the search outside of any landmark
    html = html.replace(
        '<div class="bd-sidebar-primary bd-sidebar">',
        '<div class="bd-sidebar-primary bd-sidebar" role="region" aria-label="Book">',
    )
    # Sphinx marks references as a list whose items are none, with a role that is deprecated
    html = html.replace('<div role="list" class="citation-list">', '<div class="citation-list">')
    return html.replace(' role="doc-biblioentry"', "")


def mend_site(html: Path) -> None:
    """Mend every page of a built book, in place."""
    for page in sorted(html.rglob("*.html")):
        if "_static" in page.relative_to(html).parts:
            continue
        before = page.read_text(encoding="utf-8")
        after = mend(before)
        if after != before:
            page.write_text(after, encoding="utf-8")
