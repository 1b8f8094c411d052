"""What a built book carries and no page of it asks for, left out.

The widget manager and its icons come with every build, for chapters that show widgets; fonts come
in an older form beside the one that every browser of today reads.
"""

from __future__ import annotations

import re
import shutil
from pathlib import Path

_WIDGET = "application/vnd.jupyter.widget-"
_OF_WIDGETS = ("_static/vendor/html-manager", "_static/vendor/requirejs")
_ICONS = "@jupyter-widgets"
_OLDER_FORM = re.compile(r",\s*url\([^)]*\.ttf\)\s*format\(\"truetype\"\)")


def leave_out(html: Path) -> None:
    """Leave out of a built book, in place, what none of its pages asks for."""
    pages = (path.read_text(encoding="utf-8") for path in html.rglob("*.html"))
    if not any(_WIDGET in page for page in pages):
        for place in (*(html / name for name in _OF_WIDGETS), *html.rglob(_ICONS)):
            shutil.rmtree(place, ignore_errors=True)
        for icons in (html / "_static" / "vendor" / "fontawesome").glob("*.woff2"):
            icons.unlink()
    for sheet in html.rglob("*.css"):
        css = sheet.read_text(encoding="utf-8")
        newer = _OLDER_FORM.sub("", css)
        if newer != css:
            sheet.write_text(newer, encoding="utf-8")
            for font in sheet.parent.parent.rglob("*.ttf"):
                font.unlink()
