"""What a built book carries and no page of it asks for, left out.

The widget manager and its icons come with every build, for chapters that show widgets; fonts come
in an older form beside the one that every browser of today reads; icons come as a font and again
as a script; the theme's words in other languages have done their part when a page is written; in
the pages of functions every word of a signature comes in a wrapper that this book's style undoes.
"""

from __future__ import annotations

import re
import shutil
from pathlib import Path

_WIDGET = "application/vnd.jupyter.widget-"
_OF_WIDGETS = ("_static/vendor/html-manager", "_static/vendor/requirejs")
_ICONS = "@jupyter-widgets"
_FONTS = "_static/vendor/fontawesome"
_FUNCTIONS = "api_*.html"
_WRAPPER = re.compile(r'<span class="pre">([^<]*)</span>')
_TRANSLATIONS = "_static/locales"
_ICONS_AGAIN = re.compile(r'<script[^>]* src="[^"]*/fontawesome/[^"]*\.js[^"]*"[^>]*></script>\s*')
_BRANDS = "fa-brands-400.woff2"
_BRAND = re.compile(r'class="[^"]*\b(?:fab|fa-brands) ')
_ASKS_FOR_BRANDS = re.compile(rf"<link[^>]*{_BRANDS}[^>]*>\s*")
_OLDER_FORM = re.compile(r",\s*url\([^)]*\.ttf\)\s*format\(\"truetype\"\)")


def leave_out(html: Path) -> None:
    """Leave out of a built book, in place, what none of its pages asks for."""
    pages = {path: path.read_text(encoding="utf-8") for path in html.rglob("*.html")}
    widgets = any(_WIDGET in text for text in pages.values())
    brands = any(_BRAND.search(text) for text in pages.values())
    for path, text in pages.items():
        _rewrite(path, text, _leaner(path, text, brands))
    if not widgets:
        for place in (*(html / name for name in _OF_WIDGETS), *html.rglob(_ICONS)):
            shutil.rmtree(place, ignore_errors=True)
        for icons in (html / _FONTS).glob("*.woff2"):
            icons.unlink()
    for unused in (*(html / _FONTS).rglob("*.js*"), *([] if brands else html.rglob(_BRANDS))):
        unused.unlink()
    shutil.rmtree(html / _TRANSLATIONS, ignore_errors=True)
    for sheet in html.rglob("*.css"):
        css = sheet.read_text(encoding="utf-8")
        if _rewrite(sheet, css, _OLDER_FORM.sub("", css)):
            for font in sheet.parent.parent.rglob("*.ttf"):
                font.unlink()


def _leaner(path: Path, text: str, brands: bool) -> str:
    """A page without the script that draws icons again, and without what only other pages need."""
    text = _ICONS_AGAIN.sub("", text)
    if not brands:
        text = _ASKS_FOR_BRANDS.sub("", text)
    return _WRAPPER.sub(r"\1", text) if path.match(_FUNCTIONS) else text


def _rewrite(path: Path, before: str, after: str) -> bool:
    """Write what changed; whether anything did."""
    if after == before:
        return False
    path.write_text(after, encoding="utf-8")
    return True
