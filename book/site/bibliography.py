"""One style for citations: the list carries the labels that the text cites by, author and year.

A Sphinx extension, loaded by name in ``_config.yml``: it registers a style of bibliography,
``bibtex_default_style: author_year_labels``, that goes with ``bibtex_reference_style: label``.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from string import ascii_lowercase
from typing import Any

from pybtex.backends.plaintext import Backend as Plaintext
from pybtex.plugin import register_plugin
from pybtex.richtext import Text
from pybtex.style.formatting.unsrt import Style
from pybtex.style.labels import BaseLabelStyle
from pybtex.style.sorting import BaseSortingStyle

NAME = "author_year_labels"
WORDS = 4
"""Of the title, where an entry has no author."""


class LabelStyle(BaseLabelStyle):
    """``Raue et al., 2009``; entries that would share a label take a, b, c after the year."""

    def format_labels(self, sorted_entries: Iterable[Any]) -> Iterator[str]:
        """A label for each entry, in their order, no two the same."""
        plain = [label_of(entry) for entry in sorted_entries]
        shared, seen = Counter(plain), Counter[str]()
        for label in plain:
            yield label + (ascii_lowercase[seen[label]] if shared[label] > 1 else "")
            seen[label] += 1


class ByLabel(BaseSortingStyle):
    """In the order of the labels, so that an entry is found where its citation says."""

    def sorting_key(self, entry: Any) -> tuple[str, str]:
        """Label, then key."""
        return label_of(entry).casefold(), entry.key


class AuthorYearStyle(Style):
    """Pybtex's plain layout, in the order of those labels."""

    default_sorting_style = ByLabel
    default_label_style = LabelStyle


def label_of(entry: Any) -> str:
    """Who and when, of one pybtex entry."""
    people = [
        _plain(" ".join(person.prelast_names + person.last_names))
        for person in entry.persons.get("author", ())
    ]
    if not people:
        given = _plain(entry.fields.get("title", entry.key)).split()
        who = " ".join(given[:WORDS]).rstrip(".,;:") + ("…" if len(given) > WORDS else "")
    elif len(people) > 2 or people[-1] == "others":
        who = f"{people[0]} et al."
    else:
        who = " and ".join(people)
    return f"{who}, {entry.fields.get('year', 'n.d.')}"


def _plain(text: str) -> str:
    """LaTeX as a reader would see it."""
    return str(Text.from_latex(text))


def setup(_app: Any) -> dict[str, Any]:
    """What Sphinx calls to load the extension."""
    register_plugin("pybtex.style.formatting", NAME, AuthorYearStyle)
    # every citation asks for it by name, and pybtex would look through all installed packages
    register_plugin("pybtex.backends", "plaintext", Plaintext, force=True)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
