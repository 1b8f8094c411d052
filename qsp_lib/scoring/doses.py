"""What the words of a row say of its dose: amounts, and the number of a dose in a regimen.

Nothing is guessed. Words that are not understood, or that name two doses, give no dose, and the
row is then not eligible.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

from ..common import InputError
from ..evidence import convert
from .rules import PredictedRegimen

_UNIT = r"(?:mg|ug|µg|μg|mcg|g)(?:/kg|/m\^?2)?(?:/(?:d|day|24 ?h))?"
_NUMBER = r"\d+(?:\.\d+)?"
_ONE = rf"(?P<number>{_NUMBER})\s*(?P<unit>{_UNIT})?(?![\w.])"
_BETWEEN = r"\s*(?:->|→|/|-|,|;|\bthen\b|\bto\b|\band\b)\s*"
_ARROW = r"\s*(?:->|→|/|-|\bthen\b)\s*"
_LIST = rf"{_NUMBER}\s*(?:{_UNIT})?(?:{_BETWEEN}{_NUMBER}\s*(?:{_UNIT})?)*(?![\w.])"
_STEPS = rf"{_NUMBER}\s*(?:{_UNIT})?(?:{_ARROW}{_NUMBER}\s*(?:{_UNIT})?)+(?![\w.])"
_TRAILING = r"(?:\s*(?:c?iv|sc|flat|step(?:ped|wise|-up)?|daily|weekly|dose|infusion|\(|\)))*"
_ORDINALS = ("first", "second", "third", "fourth", "fifth", "sixth")
_NTH = ("1st", "2nd", "3rd", "4th", "5th", "6th")
_KIND = r"(?:dose|step|infusion|injection|administration)"
_SAME = 1e-6


def amounts_of(text: str, unit: str) -> tuple[float, ...] | None:
    """The amounts that a whole text gives, in `unit`; None if it is anything else.

    >>> amounts_of("5/15/60 ug/m2/d", "ug/m2/d"), amounts_of("60 mg IV", "mg")
    ((5.0, 15.0, 60.0), (60.0,))
    >>> amounts_of("0.5 mg or more", "mg") is None
    True
    """
    plain = _plain(text)
    if not re.fullmatch(rf"{_LIST}{_TRAILING}", plain):
        return None
    return _converted(re.match(_LIST, plain)[0], unit)  # type: ignore[index]


def lists_of(text: str, unit: str) -> list[tuple[float, ...]]:
    """Every run of two or more amounts with a unit of this kind in a text."""
    found = (_converted(match[0], unit) for match in re.finditer(_STEPS, _plain(text)))
    return [amounts for amounts in found if amounts is not None]


def begins_as(amounts: Sequence[float], regimen: PredictedRegimen) -> bool:
    """Whether a list of amounts is how a regimen begins, a dose said again or not."""
    whole = list(regimen.amounts)
    steps = [a for i, a in enumerate(whole) if i == 0 or a != whole[i - 1]]
    return any(
        len(amounts) <= len(known) and all(map(_same, amounts, known[: len(amounts)]))
        for known in (whole, steps)
    )


def doses_of_amount(amount: float, regimen: PredictedRegimen) -> tuple[int, ...]:
    """Numbers (from 1) of the doses of an amount."""
    return tuple(i for i, a in enumerate(regimen.amounts, start=1) if _same(a, amount))


def named_doses(text: str, regimen: PredictedRegimen) -> set[int]:
    """Numbers of the doses that a text names; 0 stands for one that the regimen does not have.

    By its place (second dose, step 2), its day (cycle 1 day 8; day 8; week 2), the regimen's own
    words for it (priming dose), or its amount (the 60 mg dose).
    """
    plain, found = _plain(text), set()
    for pattern, dose in regimen.words:
        plain, times = re.subn(pattern, " ", plain)
        found |= {dose} if times else set()
    for i, (word, nth) in enumerate(zip(_ORDINALS, _NTH, strict=True), start=1):
        if re.search(rf"\b({word}|{nth}) (step-?up )?{_KIND}\b", plain):
            found.add(_known(i, regimen))
    if re.search(rf"\binitial {_KIND}\b|\bsingle {_KIND}\b", plain):
        found.add(1)
    a_number = rf"\b{_KIND} ?(?:no\.? ?|number ?|#)?(\d+)\b(?!\.\d|\s*(?:h|hours?|min|{_UNIT})\b)"
    for match in re.finditer(a_number, plain):
        found.add(_known(int(match[1]), regimen))
    cycles = r"\b(?:cycle ?(\d+),? ?day ?(\d+)|c(\d+) ?d(\d+))\b"
    for match in re.finditer(cycles, plain):
        cycle, day = (int(text) for text in match.groups() if text is not None)
        whole = regimen.cycle_h if cycle > 1 else 0.0
        found.add(0 if whole is None else _at((cycle - 1) * whole + (day - 1) * 24.0, regimen))
    plain = re.sub(cycles, " ", plain)
    for pattern, hours in ((r"\bday ?(\d+)\b", 24.0), (r"\bweek ?(\d+)\b", 168.0)):
        for match in re.finditer(pattern, plain):
            found.add(_at((int(match[1]) - 1) * hours, regimen))
    # the last amount of a run such as 5-15-60 names no dose
    plain = re.sub(_STEPS, " ", plain)
    an_amount = rf"{_NUMBER}\s*{_UNIT}"
    for match in re.finditer(
        rf"\b({an_amount})\s+{_KIND}\b|\b{_KIND}\s+({an_amount})(?!\w)", plain
    ):
        amounts = _converted(match[1] or match[2], regimen.unit)
        doses = doses_of_amount(amounts[0], regimen) if amounts else ()
        found.add(doses[0] if len(doses) == 1 else 0)
    return found


def interval_of(dose: int, regimen: PredictedRegimen) -> tuple[float, float]:
    """When a dose is given and when the next one is, or the prediction ends (h)."""
    start = regimen.times_h[dose - 1]
    following = regimen.times_h[dose : dose + 1]
    return start, min((*following, regimen.until_h))


def latest_dose(time_h: float, regimen: PredictedRegimen) -> int:
    """Number of the last dose before a time (h from the first); the first one's at 0 h."""
    return max(1, sum(start < time_h for start in regimen.times_h))


def _plain(text: str) -> str:
    return re.sub(r"\s+", " ", text.casefold().replace("²", "2")).strip()


def _converted(text: str, unit: str) -> tuple[float, ...] | None:
    """Amounts of a list; one without a unit has that of the next with one."""
    amounts: list[float] = []
    known = ""
    for match in reversed(list(re.finditer(_ONE, text))):
        known = match["unit"] or known
        if not known:
            return None
        written = re.sub(r"[µμ]g|mcg", "ug", known).replace("24 h", "day").replace("24h", "day")
        try:
            amounts.append(convert(match["number"], written, unit))
        except InputError:
            return None
    return tuple(reversed(amounts)) or None


def _same(one: float, other: float) -> bool:
    return math.isclose(one, other, rel_tol=_SAME)


def _known(dose: int, regimen: PredictedRegimen) -> int:
    return dose if 1 <= dose <= len(regimen.times_h) else 0


def _at(time_h: float, regimen: PredictedRegimen) -> int:
    """Number of the dose at a time; 0 if there is none."""
    found = [i for i, start in enumerate(regimen.times_h, start=1) if math.isclose(start, time_h)]
    return found[0] if found else 0
