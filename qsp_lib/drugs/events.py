"""Reading dosing as event rows, the way tools of population kinetics write it: TIME, AMT, RATE, ...

One row a dose, or a train of doses (``II``, ``ADDL``). ``RATE`` 0 or none is given at once; above
0 it is an infusion of ``AMT`` at that rate. ``CMT`` 1 is the depot of a drug that has one and the
central compartment of one that has none; 2 is the central compartment beside a depot; the words
IV and SC are read too. Units stand in the header: ``TIME (d)``, ``AMT (mg)``, ``RATE (mg/h)``.
"""

from __future__ import annotations

import csv
import io
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from ..common import InputError
from ..model import Bolus, Infusion, Regimen, Route

READ = ("TIME", "AMT", "RATE", "CMT", "EVID", "II", "ADDL", "SS", "MDV", "ID")
_COLUMN = re.compile(r"\s*([A-Za-z_][A-Za-z0-9_]*)\s*(?:[(\[]\s*([^()\[\]]+?)\s*[)\]])?\s*")
_NOTHING = ("", ".", "NA")
_DOSING = {
    **dict.fromkeys(
        ("DATE", "DAT1", "DAT2", "DAT3", "DAY"), "one TIME that runs on from the first"
    ),
    **dict.fromkeys(("DUR", "DURATION", "INFDUR", "TINF", "D1", "D2"), "an AMT at a RATE"),
    **dict.fromkeys(("R1", "R2"), "an AMT at a RATE"),
    **dict.fromkeys(("UNIT", "UNITS", "AMTU", "DOSEU"), "the unit in the header, as in 'AMT (mg)'"),
    **dict.fromkeys(("F1", "F2", "ALAG1", "ALAG2"), "F and lag in the drug file"),
    **dict.fromkeys(("ROUTE", "ADM", "ADMIN"), "CMT, which reads IV and SC as well"),
    **dict.fromkeys(("INTERVAL", "TAU", "EVERY", "FREQ"), "II, the interval, with ADDL"),
    **dict.fromkeys(
        ("NUMBER", "COUNT", "NDOSES", "N", "REPEAT", "REPEATS"),
        "ADDL, the additional doses, with II",
    ),
}
"""Columns of other tools that would change the doses, and what says the same here."""
_SIZES = {
    **dict.fromkeys(("WT", "BW", "WEIGHT", "WTKG"), ("kg", "weight")),
    **dict.fromkeys(("BSA",), ("m2", "bsa")),
}
"""Columns with a patient's size, the unit that doses of it are per, and where it is read."""
_MARKS = {"C": re.compile(r"[^\d.+-].*"), "IGNORE": re.compile(r"(?!0$).+")}
"""Columns with which other tools leave rows out, and what marks one; a number in C is none."""
_ROUTES: dict[str, Route] = {"IV": "IV", "CENTRAL": "IV", "SC": "SC", "DEPOT": "SC"}
MOST_ROWS = 100_000

Convert = Callable[[str, float, str, str], float]
# a number of a kind ('TIME', 'AMT', 'RATE') in its unit, given and wanted, for the patient


@dataclass(frozen=True)
class Events:
    """The doses of event rows.

    Attributes:
        regimen: the doses (h, ug).
        not_read: columns that say nothing about doses.
    """

    regimen: Regimen
    not_read: tuple[str, ...]


@dataclass(frozen=True)
class _Row:
    """One row by column, and where it stands."""

    where: str
    fields: Mapping[str, str]

    def text(self, name: str) -> str:
        field = self.fields.get(name, "").strip()
        return "" if field.upper() in _NOTHING else field

    def number(self, name: str, *, least: float = 0.0) -> float:
        """A number of at least ``least``; 0 where nothing is given."""
        field = self.text(name)
        try:
            value = float(field or 0)
        except ValueError:
            raise self.refused(name, "expected a number, with a point for decimals") from None
        if not (math.isfinite(value) and value >= least):
            raise self.refused(name, f"expected a finite number, {least:g} or more")
        return value

    def whole(self, name: str, allowed: range | tuple[int, ...], words: str) -> int:
        value = self.number(name, least=-9)
        if value != int(value) or int(value) not in allowed:
            raise self.refused(name, f"expected {words}")
        return int(value)

    def refused(self, name: str, words: str) -> InputError:
        return InputError(f"{self.where}, {name}: {self.text(name)!r} was given; {words}.")


def read_events(
    file: str, text: str, *, has_depot: bool, convert: Convert, most_doses: int
) -> Events:
    """The doses of event rows.

    Args:
        file: its name, for the message.
        text: a CSV with a header.
        has_depot: whether the drug is absorbed from a depot.
        convert: reads a number with its unit.
        most_doses: how many there may be.

    Raises:
        InputError: no header, no unit of time or amount, a column twice, more than `MOST_ROWS`
            rows, a row with a field too many or too few, no number where one is expected, no
            time, rows of several individuals, rows out of order of time, events other than doses
            and observations, no dose at all.
    """
    where = f"Event rows {file}"
    reader = csv.reader(io.StringIO(text, newline=""))
    lines = [(reader.line_num, line) for line in reader if any(line)]
    names, units = _header(where, lines[0][1] if lines else [])
    if len(lines) - 1 > MOST_ROWS:
        raise InputError(
            f"{where}: {len(lines) - 1} rows were given; expected at most {MOST_ROWS}. Leave out "
            "rows that are no doses, and write trains of doses with II and ADDL."
        )
    rows = []
    for number, line in lines[1:]:
        at = f"{where}, line {number}"
        if len(line) != len(names):
            raise InputError(
                f"{at}: {len(line)} fields were given under a header of {len(names)}; expected as "
                "many, separated by commas, with a point for decimals."
            )
        row = _Row(at, dict(zip(names, line, strict=True)))
        for name, mark in _MARKS.items():
            if mark.fullmatch(row.text(name)):
                raise row.refused(
                    name, "a mark of rows to leave out is not read; expected no such row"
                )
        rows.append(row)
    if len({row.text("ID") for row in rows}) > 1:
        raise InputError(f"{where}: rows of several ID were given; expected one individual's.")
    doses: list[Bolus | Infusion] = []
    last = 0.0
    for row in rows:
        if not row.text("TIME"):
            raise row.refused("TIME", "expected the time of the row; write 0 for the first dose's")
        time = row.number("TIME")
        if time < last:
            raise row.refused("TIME", f"expected times that do not fall; the last was {last:g}")
        last = time
        doses += _doses_of(row, units, has_depot, convert)
        if len(doses) > most_doses:
            raise InputError(f"{where}: more than {most_doses} doses were given; expected fewer.")
    if not doses:
        raise InputError(f"{where}: no row is a dose; expected an AMT above 0 with EVID 1.")
    not_read = tuple(name for name in names if name not in READ)
    return Events(Regimen.of(*doses), not_read)


def _header(where: str, line: list[str]) -> tuple[list[str], dict[str, str]]:
    """Names of the columns in capitals, and the units of those that have one."""
    found = [_COLUMN.fullmatch(name.removeprefix("\ufeff")) for name in line]
    names = [match[1].upper() if match else "" for match in found]
    missing = [name for name in ("TIME", "AMT") if name not in names]
    if missing or "" in names or len(set(names)) < len(names):
        raise InputError(
            f"{where}: the header {','.join(line)!r} was given; expected each column once, TIME "
            "and AMT among them, such as 'TIME (h),AMT (mg),RATE (mg/h),CMT,EVID,II,ADDL'."
        )
    for name in names:
        if name not in READ and _means_dosing(name):
            instead = _DOSING.get(name, ", ".join(READ))
            raise InputError(
                f"{where}: the column {name} was given, which is not read and would change the "
                f"doses; expected {instead}."
            )
    units = {n: m[2] for n, m in zip(names, found, strict=True) if m and m[2]}
    for name, (size, size_in_file) in _SIZES.items():
        if name in names and any(size in units.get(n, "").split("/") for n in ("AMT", "RATE")):
            raise InputError(
                f"{where}: the column {name} was given beside a dose per {size}, and is not read; "
                f"expected {size_in_file} in the drug file, which doses per {size} are of."
            )
    wanted = [name for name in ("TIME", "AMT") if name not in units]
    if "RATE" in names and "RATE" not in units and "TIME" in units and "AMT" in units:
        units["RATE"] = f"{units['AMT']}/{units['TIME']}"
    if wanted:
        raise InputError(
            f"{where}: {' and '.join(wanted)} came without a unit; expected it in the header, as "
            "in 'TIME (h),AMT (mg)'. Nothing is guessed: a milligram is not a microgram."
        )
    return names, units


def _means_dosing(name: str) -> bool:
    """Whether a column that is not read says how long or how much, or is a slip of one that is."""
    if name in _DOSING:
        return True
    long = (known for known in READ if len(known) >= 4)
    return any(
        sorted(name) == sorted(k) or _one_short(name, k) or _one_short(k, name) for k in long
    )


def _one_short(one: str, other: str) -> bool:
    """Whether a word is another without one of its letters."""
    return any(other[:i] + other[i + 1 :] == one for i in range(len(other)))


def _doses_of(
    row: _Row, units: Mapping[str, str], has_depot: bool, convert: Convert
) -> list[Bolus | Infusion]:
    """Every dose that a row stands for; none for an observation."""
    amount = row.number("AMT")
    evid = row.whole("EVID", (0, 1, 2), "0 (an observation), 1 (a dose) or 2 (another event)")
    if not row.text("EVID"):
        evid = 1 if amount > 0 else 0
    row.whole("SS", (0,), "0: steady state is not begun with; give the doses that lead to it")
    if evid != 1:
        if amount > 0:
            raise row.refused("AMT", f"expected none with EVID {evid}, which is no dose")
        return []
    if not amount > 0:
        raise row.refused("AMT", "expected more than 0 of a dose (EVID 1)")
    rate = row.number("RATE")  # -1 and -2, durations that a model would estimate, are refused
    route = _route(row, has_depot)
    if rate > 0 and route != "IV":
        raise row.refused("RATE", "expected none for a dose under the skin")
    more = row.whole("ADDL", range(10_000), "a whole number of additional doses, at most 9999")
    every = row.number("II")
    if (more > 0) != (every > 0):
        raise row.refused("II", "expected II and ADDL together, both above 0")
    try:
        start = convert("TIME", row.number("TIME"), units["TIME"], "h")
        step = convert("TIME", every, units.get("II", units["TIME"]), "h")
        given = convert("AMT", amount, units["AMT"], "ug")
        flow = convert("RATE", rate, units["RATE"], "ug/h") if rate else 0.0
    except InputError as problem:
        raise InputError(f"{row.where}: {problem}") from None
    times = [start + step * i for i in range(more + 1)]
    if flow:
        return [Infusion(time, given / flow, given) for time in times]
    return [Bolus(time, given, route) for time in times]


def _route(row: _Row, has_depot: bool) -> Route:
    words = re.sub(r"^(\d+)\.0*$", r"\1", row.text("CMT").upper())  # 1.0, as tables write it
    central = "2" if has_depot else "1"
    numbers: dict[str, Route] = {"1": "SC", "2": "IV"} if has_depot else {"1": "IV"}
    found = (_ROUTES | numbers).get(words or central)
    if found is None or (found == "SC" and not has_depot):
        depot = "1 or SC (the depot), 2 or IV" if has_depot else "1 or IV, as the drug has no k_a"
        raise row.refused("CMT", f"expected {depot}")
    if not words and has_depot:
        raise row.refused("CMT", "expected 1 (the depot) or 2 (central) for a drug that has both")
    return found
