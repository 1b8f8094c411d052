"""The page of reporting checklists: each item with a verdict, an answer and where to look.

The items are in ``data/checklists/*.toml``, paraphrased from the frameworks they name. A verdict is
this project's own; an item that is met says where that can be seen, and one that is not says
what is missing.
"""

from __future__ import annotations

import ast
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from functools import cache
from pathlib import Path
from typing import Any

from qsp_lib.common import InputError

from .fragments import BookData, fragment, table

FOLDER = Path(__file__).resolve().parents[1] / "checklists"
SCHEMA = 1


class ItemVerdict(Enum):
    """How far an item is answered."""

    MET = "met"
    PARTLY = "partly"
    OPEN = "open"


@dataclass(frozen=True)
class Item:
    """One item of a checklist.

    Attributes:
        item: what the framework asks for, in our words.
        verdict: how far it is answered.
        answer: the answer, in a sentence.
        links: pages, files (from the root of the project) and tests (``file::test``) that show it.
        gap: what is missing; empty for an item that is met.

    Raises:
        InputError: no words, a met item that nothing shows or that has a gap, or another without.
    """

    item: str
    verdict: ItemVerdict
    answer: str
    links: tuple[str, ...]
    gap: str = ""

    def __post_init__(self) -> None:
        if not (self.item and self.answer):
            raise InputError(
                f"item {self.item!r} answers {self.answer!r}; expected words for both."
            )
        if self.verdict is ItemVerdict.MET and not self.links:
            raise InputError(f"{self.item!r} is met, but nothing shows it; name a file or a test.")
        if (self.verdict is ItemVerdict.MET) == bool(self.gap):
            raise InputError(
                f"{self.item!r} is {self.verdict.value} and its gap is {self.gap!r}; expected a "
                "gap exactly where an item is not met."
            )


@dataclass(frozen=True)
class Checklist:
    """One framework and its items.

    Attributes:
        title: as the page calls it.
        short: a word or two for it.
        source: the publication the items are paraphrased from.
        doi: of that publication, if it has one.
        note: what the framework is for.
        by_name: whether it goes by the names of the elements alone, the text not being at hand.
        statements: name and text of what is settled before the items, if anything.
        items: at least one.
    """

    title: str
    short: str
    source: str
    doi: str
    note: str
    statements: tuple[tuple[str, str], ...]
    items: tuple[Item, ...]
    by_name: bool = False

    def __post_init__(self) -> None:
        if not (self.title and self.short and self.source and self.note and self.items):
            raise InputError(
                f"checklist {self.title!r}: expected a title, a short one, a source, a note and "
                "items."
            )


def read_checklist(text: str) -> Checklist:
    """A checklist from TOML.

    Raises:
        InputError: not TOML, another schema, an unknown key or a missing one, or as for the items.
    """
    try:
        given = tomllib.loads(text)
    except tomllib.TOMLDecodeError as problem:
        raise InputError(f"a checklist is not TOML ({problem}).") from None
    if given.get("schema") != SCHEMA:
        raise InputError(f"a checklist has schema {given.get('schema')!r}; expected {SCHEMA}.")
    known = {"schema", "title", "short", "source", "doi", "note", "by_name", "statements", "items"}
    _require_known(given, known, "a checklist")
    statements = given.get("statements", [])
    for statement in statements:
        _require_known(statement, {"name", "text"}, "a statement")
    return Checklist(
        given.get("title", ""),
        given.get("short", ""),
        given.get("source", ""),
        given.get("doi", ""),
        given.get("note", ""),
        tuple((s["name"], s["text"]) for s in statements),
        tuple(_item(item) for item in given.get("items", [])),
        given.get("by_name", False),
    )


def _item(given: Mapping[str, Any]) -> Item:
    _require_known(given, {"item", "verdict", "answer", "links", "gap"}, "an item")
    name = given.get("item", "")
    try:
        verdict = ItemVerdict(given.get("verdict"))
    except ValueError:
        raise InputError(
            f"{name!r} has the verdict {given.get('verdict')!r}; expected met, partly or open."
        ) from None
    links = tuple(given.get("links", ()))
    return Item(name, verdict, given.get("answer", ""), links, given.get("gap", ""))


def _require_known(given: Mapping[str, Any], known: set[str], what: str) -> None:
    if unknown := sorted(set(given) - known):
        raise InputError(f"{what} has a key {unknown[0]!r}; expected one of {sorted(known)}.")


@cache
def checklists() -> tuple[Checklist, ...]:
    """The committed checklists, in order of their file names."""
    return tuple(
        read_checklist(path.read_text(encoding="utf-8")) for path in sorted(FOLDER.glob("*.toml"))
    )


def missing(link: str, root: Path) -> str:
    """What a link points at in vain, in words; empty if it is there.

    Args:
        link: a path from the root of the project, or ``file::test``.
        root: the checkout.
    """
    path, _, test = link.partition("::")
    aim = root / path
    if path.startswith("/") or ".." in Path(path).parts or not aim.exists():
        return f"there is no {path}"
    if test:
        tree = ast.parse(aim.read_text(encoding="utf-8"))
        names = {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
        if test not in names:
            return f"{path} has no {test}"
    return ""


def where(link: str) -> str:
    """A link as the page shows it: a page of the book to follow, anything else by its path."""
    if link.startswith("book/") and link.endswith(".md"):
        return f"[]({link.removeprefix('book/')})"
    if link.startswith("notebooks/"):
        return f"[](../{link})"
    return f"`{link}`"


def _rows(items: tuple[Item, ...]) -> list[tuple[str, ...]]:
    return [
        (
            item.item,
            f"**{item.verdict.value}**",
            item.answer
            + (f" *Missing:* {item.gap}" if item.gap else "")
            + (" *Shown by:* " + ", ".join(map(where, item.links)) + "." if item.links else ""),
        )
        for item in items
    ]


def section(checklist: Checklist) -> str:
    """One checklist as a section of the page."""
    doi = f", [doi {checklist.doi}](https://doi.org/{checklist.doi})" if checklist.doi else ""
    taken = "Named after" if checklist.by_name else "Paraphrased from"
    parts = [
        f"## {checklist.title}\n",
        f"{checklist.note} {taken} {checklist.source}{doi}.\n",
        tally(checklist.items) + "\n",
    ]
    if checklist.statements:
        parts.append(_boxed(table(("first of all", "for this model"), checklist.statements)))
    header = ("element" if checklist.by_name else "item, in our words", "verdict", "answer")
    return "\n".join([*parts, _boxed(table(header, _rows(checklist.items)))])


def _boxed(made: str) -> str:
    """A table with the look that the style sheet gives to checklists."""
    return f":::{{container}} checklist\n{made}:::\n"


def tally(items: tuple[Item, ...]) -> str:
    """How many items have which verdict."""
    counts = {v: sum(item.verdict is v for item in items) for v in ItemVerdict}
    return (
        f"Of {len(items)} items: {counts[ItemVerdict.MET]} met, "
        f"{counts[ItemVerdict.PARTLY]} partly met, {counts[ItemVerdict.OPEN]} open."
    )


@fragment("checklists_open")
def checklists_open(_book: BookData) -> str:
    """Every open item with what is missing."""
    every = tuple(item for checklist in checklists() for item in checklist.items)
    rows = [
        (item.item, checklist.short, item.gap)
        for checklist in checklists()
        for item in checklist.items
        if item.verdict is ItemVerdict.OPEN
    ]
    made = table(("item", "asked by", "why it is open"), rows)
    return f"**{tally(every)}** Open are:\n\n{_boxed(made)}"


@fragment("checklists")
def all_checklists(_book: BookData) -> str:
    """Every checklist, item by item."""
    return "\n".join(section(checklist) for checklist in checklists())
