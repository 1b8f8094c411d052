"""Words of the glossary where a page first uses them: each a link that says what it means.

Done when the site is built, from the built glossary, so that a page needs no script to be read;
`terms.js` shows the meaning where the pointer or the keyboard is.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from html import escape, unescape
from pathlib import Path

from qsp_lib.model import QUANTITIES

from ..pages.symbols import anchor

GLOSSARY = "book/glossary.html"
FOLDERS = ("book", "notebooks")
"""Folders of pages of prose."""
WITHOUT = ("api",)
"""How pages begin that are none: the functions' have a language of their own."""
EVERYWHERE = frozenset({"chapter"})
"""Terms that a reader meets all the time and knows."""
_TERM = re.compile(r'<dt id="(term-[^"]+)">(.*?)</dt>\s*<dd>(.*?)</dd>', re.DOTALL)
_HEADERLINK = re.compile(r'<a class="headerlink".*?</a>', re.DOTALL)
_TAG = re.compile(r"(<[^>]+>)")
_NAME = re.compile(r"</?([a-zA-Z][a-zA-Z0-9]*)")
_MATH = re.compile(r'<span class="math notranslate nohighlight">\\\(([^<]*)\\\)</span>')
_ARTICLE = re.compile(r"<article\b[^>]*>.*?</article>", re.DOTALL)
_SYMBOL_LINK = re.compile(r'<a class="symbol" href="(?P<to>[^"]*#symbol-(?P<name>[^"]+))"')
_CLOSED = frozenset(
    ("a", "button", "code", "dt", "figcaption", "h1", "h2", "h3", "h4", "label", "pre", "script")
    + ("style", "summary", "svg", "th", "title")
)
"""Elements whose words stay as they are."""


@dataclass(frozen=True)
class Meaning:
    """A word of the glossary.

    Attributes:
        place: its name on the glossary page.
        meaning: in plain text.
    """

    place: str
    meaning: str


def define_first_uses(html: Path) -> None:
    """Let every page of prose of a built book say what the terms and symbols it uses mean."""
    glossary = html / GLOSSARY
    if not glossary.exists():
        return
    terms, symbols = read_terms(glossary.read_text(encoding="utf-8")), symbol_entries()
    for folder in FOLDERS:
        for page in sorted((html / folder).glob("*.html")):
            if page == glossary or page.name.startswith(WITHOUT):
                continue
            to = "glossary.html" if page.parent == glossary.parent else f"../{GLOSSARY}"
            before = page.read_text(encoding="utf-8")
            # the text between the navigation and the footer
            article = _ARTICLE.search(before)
            if article is None:
                continue
            marked = defined(article[0], terms, symbols, to)
            after = before[: article.start()] + marked + before[article.end() :]
            if after != before:
                page.write_text(after, encoding="utf-8")


def read_terms(glossary: str) -> dict[str, Meaning]:
    """The terms of the built glossary, in lower case."""
    found = {}
    for place, term, meaning in _TERM.findall(glossary):
        word = _plain(_HEADERLINK.sub("", term))
        if word not in EVERYWHERE:
            found[word.lower()] = Meaning(place, _plain(meaning))
    return found


def symbol_entries() -> dict[str, Meaning]:
    """What each symbol stands for, by its LaTeX; of two set alike the first."""
    found: dict[str, Meaning] = {}
    for name, quantity in QUANTITIES.items():
        unit = "" if quantity.unit == "1" else f" ({quantity.unit.replace('ug', 'µg')})"
        found.setdefault(quantity.latex, Meaning(anchor(name), quantity.words + unit))
    return found


def defined(
    article: str, terms: Mapping[str, Meaning], symbols: Mapping[str, Meaning], glossary: str
) -> str:
    """A page's text with the first use of each term and symbol made a link.

    Args:
        article: HTML.
        terms: by the word in lower case.
        symbols: by their LaTeX.
        glossary: where the glossary is, from the page.
    """
    article = _with_meanings(article, symbols)
    left, seen = dict(terms), set[str]()

    def of_symbol(found: re.Match[str]) -> str:
        entry = symbols.get(unescape(found[1]).strip())
        if entry is None or entry.place in seen:
            return found[0]
        seen.add(entry.place)
        return f"{_opened(entry, glossary, 'symbol')}{found[0]}</a>"

    made = []
    for text, is_open in _pieces(article):
        if not is_open:
            made.append(text)
        elif text.startswith("<"):
            made.append(_MATH.sub(of_symbol, text))
        else:
            made.append(_first_uses(text, left, glossary))
    return "".join(made)


def _pieces(article: str) -> Iterator[tuple[str, bool]]:
    """Tags, equations within lines, and the text between; and whether words there may be linked."""
    closed: list[str] = []
    at = 0
    for equation in (*_MATH.finditer(article), None):
        end = equation.start() if equation else len(article)
        for piece in _TAG.split(article[at:end]):
            if name := _NAME.match(piece) if piece.startswith("<") else None:
                word = name[1].lower()
                if piece.startswith("</"):
                    if closed and closed[-1] == word:
                        closed.pop()
                elif word in _CLOSED and not piece.endswith("/>"):
                    closed.append(word)
                yield piece, False
            elif piece:
                yield piece, not closed
        if equation:
            yield equation[0], not closed
            at = equation.end()


def _first_uses(text: str, left: dict[str, Meaning], glossary: str) -> str:
    """A piece of text with the terms that are left marked in it; they are taken from ``left``."""
    if not left:
        return text
    words = "|".join(re.escape(escape(word)) for word in sorted(left, key=len, reverse=True))
    pattern = re.compile(rf"(?<![\w-])({words})s?(?![\w-])", re.IGNORECASE)

    def link(found: re.Match[str]) -> str:
        entry = left.pop(unescape(found[1]).lower(), None)
        return f"{_opened(entry, glossary, 'term')}{found[0]}</a>" if entry else found[0]

    return pattern.sub(link, text)


def _with_meanings(article: str, symbols: Mapping[str, Meaning]) -> str:
    """Links that lead to a symbol already, with what it means."""
    meanings = {entry.place.removeprefix("symbol-"): entry.meaning for entry in symbols.values()}

    def add(found: re.Match[str]) -> str:
        meaning = meanings.get(found["name"])
        return f'{found[0]} data-meaning="{escape(meaning)}"' if meaning else found[0]

    return _SYMBOL_LINK.sub(add, article)


def _opened(entry: Meaning, glossary: str, kind: str) -> str:
    label = f' aria-label="{escape(entry.place.removeprefix("symbol-"))} in the glossary"'
    return (
        f'<a class="meaning {kind}" href="{glossary}#{escape(entry.place)}" '
        f'data-meaning="{escape(entry.meaning)}"{label if kind == "symbol" else ""}>'
    )


def _plain(html: str) -> str:
    text = _MATH.sub(lambda found: _letters(found[1]), html)
    return " ".join(unescape(_TAG.sub("", text)).split())


def _letters(latex: str) -> str:
    """A symbol within a definition, as plain letters."""
    return re.sub(r"\\mathrm|[{}\\]", "", latex)
