"""The book's symbols as text of an SVG picture: the few forms of LaTeX that they are written in."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from html import escape
from itertools import groupby

from qsp_lib.common import InputError

_GREEK = {"sigma": "σ", "rho": "ρ", "Delta": "Δ"}
_TOKEN = re.compile(r"\\([A-Za-z]+)\s*|([_^{}'])|(\s+)|(.)")
_SHIFT = {"_": 0.25, "^": -0.35}
"""Of a letter's size: how far an index stands below the line, and a power above it."""


@dataclass(frozen=True)
class Letters:
    """Letters that are set alike.

    Attributes:
        upright: words and digits stand upright, symbols slant.
        place: ``_`` for an index, ``^`` for what stands above, empty on the line.
    """

    text: str
    upright: bool
    place: str = ""


def runs(latex: str) -> tuple[Letters, ...]:
    r"""A symbol such as ``K_\mathrm{hook}`` in runs of letters.

    Raises:
        InputError: a command that no symbol of the book has.
    """
    tokens = [found.groups() for found in _TOKEN.finditer(latex)]
    found, end = _group(tokens, 0, "", upright=False)
    if end != len(tokens):
        raise InputError(f"the symbol {latex!r} closes a group that it does not open.")
    return tuple(_joined(found))


_Tokens = list[tuple[str, ...]]


def _group(tokens: _Tokens, at: int, place: str, *, upright: bool) -> tuple[list[Letters], int]:
    """The runs from a place on, up to the end of its group."""
    found: list[Letters] = []
    while at < len(tokens) and tokens[at][1] != "}":
        more, at = _one(tokens, at, place, upright=upright)
        found += more
    return found, at


def _one(tokens: _Tokens, at: int, place: str, *, upright: bool) -> tuple[list[Letters], int]:
    """One letter, command or group."""
    command, mark, space, letter = tokens[at]
    if mark == "{":
        found, end = _group(tokens, at + 1, place, upright=upright)
        return found, end + 1
    if mark in ("_", "^"):
        return _one(tokens, at + 1, mark, upright=upright)
    if mark == "'":
        return [Letters("′", True, place)], at + 1
    if command == "mathrm":
        return _one(tokens, at + 1, place, upright=True)
    if command == "dot":
        (base, *rest), end = _one(tokens, at + 1, place, upright=upright)
        return [Letters(f"{base.text}\u0307", base.upright, place), *rest], end
    if command in _GREEK:
        return [Letters(_GREEK[command], upright, place)], at + 1
    if command:
        raise InputError(f"a symbol has \\{command}, which pictures do not set.")
    if space:
        return [], at + 1
    return [Letters(letter, upright or not letter.isalpha(), place)], at + 1


def _joined(found: list[Letters]) -> Iterator[Letters]:
    for (upright, place), alike in groupby(found, key=lambda run: (run.upright, run.place)):
        yield Letters("".join(run.text for run in alike), upright, place)


def tspans(latex: str, size: float) -> str:
    """A symbol as ``tspan`` elements, for letters of a size in the picture's units."""
    made, lifted = [], 0.0
    for run in runs(latex):
        shift = _SHIFT.get(run.place, 0.0) * size
        style = "" if run.upright else ' font-style="italic"'
        small = f' font-size="{0.78 * size:.3g}"' if run.place else ""
        move = f' dy="{shift - lifted:.3g}"' if shift != lifted else ""
        made.append(f"<tspan{style}{small}{move}>{escape(run.text)}</tspan>")
        lifted = shift
    return "".join(made)


def width(latex: str, size: float) -> float:
    """About how wide a symbol is drawn, in the picture's units."""
    return sum(len(r.text) * (0.44 if r.place else 0.58) for r in runs(latex)) * size
