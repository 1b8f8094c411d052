"""The sentences of a chapter: its numbers filled in, and whether they are still true.

A text cell of a chapter names a number by its path in the chapter's own results::

    The fit misses the medians by {{ fit/rms_log10 | 0.00 }} in log10.

After the bar stands what the number is to look like: ``0.00`` two decimals, ``+0.000`` three and a
sign, ``0 %`` or ``0.0 %`` a share in percent, ``0 points`` its error in points of these,
``2 digits`` so many significant ones, ``list`` the items of a list, ``count`` how many they are.
Without a bar it is shown as anywhere else.

A sentence whose words depend on how a result came out says so in the metadata of its cell::

    {"qsp": {"says": {"claim_comes_out": true, "shares/both": "< 0.5"}}}

It is written once, for the result that came; when that changes the page is not built, and a
person writes another sentence.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from qsp_lib.chapters import Results, named, source_of
from qsp_lib.common import InputError, decimals, number, percent

_PLACE = re.compile(r"\{\{\s*(?P<path>.*?)\s*(?:\|\s*(?P<look>[^|]*?)\s*)?\}\}")
_PERCENT = re.compile(r"0(?:\.(?P<places>0+))? %")
_POINTS = re.compile(r"0(?:\.(?P<places>0+))? points")
_DECIMALS = re.compile(r"(?P<sign>\+)?0(?:\.(?P<places>0+))?")
_DIGITS = re.compile(r"(?P<digits>[1-9]) digits")
_BOUND = re.compile(r"(?P<sign>[<>]=?) (?P<bound>\S+)")
_COMPARE: Mapping[str, Callable[[float, float], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


def fill(text: str, results: Results) -> str:
    """``text`` with every ``{{ path | look }}`` replaced by that number of ``results``.

    Raises:
        InputError: a path that the results do not have, or a look that there is not.
    """
    return _PLACE.sub(lambda place: _shown(place, results), text)


def untrue(notebook: Mapping[str, Any], results: Results) -> Iterator[str]:
    """What the sentences of a chapter say that its results do not, one line each.

    Raises:
        InputError: a path that the results do not have.
    """
    for cell in notebook["cells"]:
        for path, expected in cell["metadata"].get("qsp", {}).get("says", {}).items():
            found = results.value(path)
            if not _agrees(found, expected):
                sentence = " ".join(source_of(cell).split())
                yield (
                    f"{results.chapter}: {path} is {found!r}; expected {expected!r}, as in "
                    f"{sentence!r}. Write the sentence for what came."
                )


def _shown(place: re.Match[str], results: Results) -> str:
    try:
        value = results.value(place["path"])
        return _look(value, place["look"])
    except (InputError, TypeError, ValueError) as problem:
        raise InputError(f"{results.chapter} says {place[0]!r}: {problem}") from problem


def _look(value: Any, look: str | None) -> str:
    if look is None:
        if isinstance(value, list | Mapping):
            raise InputError("expected one value; choose 'list' or 'count' for several.")
        return named(number(value))
    if look == "list":
        return ", ".join(named(number(item)) for item in value) or "none"
    if look == "count":
        return number(len(value))
    if found := _PERCENT.fullmatch(look):
        return percent(_a_number(value), len(found["places"] or ""))
    if found := _POINTS.fullmatch(look):
        return f"{decimals(100.0 * _a_number(value), len(found['places'] or ''))} points"
    if found := _DIGITS.fullmatch(look):
        return number(_a_number(value), int(found["digits"]))
    if found := _DECIMALS.fullmatch(look):
        places = len(found["places"] or "")
        return decimals(_a_number(value), places, signed=bool(found["sign"]))
    raise InputError(
        f"{look!r} is no look of a number; expected one like 0.00, +0.00, 0 %, 0 points, 2 digits, "
        "list or count."
    )


def _a_number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise InputError(f"{value!r} is not a number.")
    return float(value)


def _agrees(found: Any, expected: Any) -> bool:
    bound = _BOUND.fullmatch(expected) if isinstance(expected, str) else None
    if bound is None or isinstance(found, str):
        return type(found) is type(expected) and bool(found == expected)
    return _COMPARE[bound["sign"]](_a_number(found), float(bound["bound"]))
