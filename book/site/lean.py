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
    if not any([_without_second_icons(page) for page in html.rglob("*.html")]):
        for place in (*(html / name for name in _OF_WIDGETS), *html.rglob(_ICONS)):
            shutil.rmtree(place, ignore_errors=True)
        for icons in (html / "_static" / "vendor" / "fontawesome").glob("*.woff2"):
            icons.unlink()
    _without_unused_brands(html)
    for script in (html / "_static" / "vendor" / "fontawesome").rglob("*.js*"):
        script.unlink()
    shutil.rmtree(html / _TRANSLATIONS, ignore_errors=True)
    for page in html.rglob(_FUNCTIONS):
        page.write_text(_WRAPPER.sub(r"\1", page.read_text(encoding="utf-8")), encoding="utf-8")
    for sheet in html.rglob("*.css"):
        css = sheet.read_text(encoding="utf-8")
        newer = _OLDER_FORM.sub("", css)
        if newer != css:
            sheet.write_text(newer, encoding="utf-8")
            for font in sheet.parent.parent.rglob("*.ttf"):
                font.unlink()


def _without_second_icons(page: Path) -> bool:
    """Take the script that draws icons again out of a page; whether the page shows a widget."""
    text = page.read_text(encoding="utf-8")
    once = _ICONS_AGAIN.sub("", text)
    if once != text:
        page.write_text(once, encoding="utf-8")
    return _WIDGET in text


def _without_unused_brands(html: Path) -> None:
    """The font of other firms' signs goes if no page shows one."""
    texts = {path: path.read_text(encoding="utf-8") for path in html.rglob("*.html")}
    if any(_BRAND.search(text) for text in texts.values()):
        return
    for path, text in texts.items():
        path.write_text(_ASKS_FOR_BRANDS.sub("", text), encoding="utf-8")
    for font in html.rglob(_BRANDS):
        font.unlink()
