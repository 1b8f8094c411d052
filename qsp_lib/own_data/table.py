"""Reading a file of measured cytokines: a CSV with one header line and one row a measurement.

Columns are found by name, in any order and in capitals or not::

    id,regimen,time (h),analyte,value (pg/mL),censored,lloq,uloq
    1,clinical,6,IL-6,240,,4,
    1,clinical,24,TNF,,below,4,
    1,clinical,peak 0-48,IFN-gamma,310,,,

Units stand in the header, or in columns ``time_unit`` and ``unit``. ``time`` may be ``peak``, of
all that is followed, or ``peak A-B``, of a stretch of time. ``dose`` may stand in place of
``regimen``: the amount that the regimen begins with. ``<4`` and ``>5000`` as values are levels
beyond a limit, too; ``lloq`` and ``uloq`` are limits in the unit of the value.
"""

from __future__ import annotations

import csv
import hashlib
import io
import math
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from ..common import InputError
from ..drugs import DrugFile, dose_for, read_bytes
from ..evidence import convert
from .points import ABOVE, BELOW, MEASURED, MOST_POINTS, Censored, Data, Point

READ = (
    "time",
    "time_unit",
    "analyte",
    "value",
    "unit",
    "regimen",
    "dose",
    "censored",
    "id",
    "lloq",
    "uloq",
)
HEADER = "'id,regimen,time (h),analyte,value (pg/mL),censored,lloq,uloq'"
_COLUMN = re.compile(r"\s*([A-Za-z_][A-Za-z0-9_ ]*?)\s*(?:[(\[]\s*([^()\[\]]+?)\s*[)\]])?\s*")
_NOTHING = ("", ".", "na", "n/a", "nan")
_NAMES = {
    "TNF": r"tnf[- ]?(a|alpha|α)?",
    "IFN": r"(ifn|interferon)[- ]?(g|gamma|γ)?",
    "IL6": r"(il|interleukin)[- ]?6",
}
_CENSORED: Mapping[str, Censored] = {
    "0": MEASURED,
    "no": MEASURED,
    "1": BELOW,
    "below": BELOW,
    "blq": BELOW,
    "<": BELOW,
    "-1": ABOVE,
    "above": ABOVE,
    "alq": ABOVE,
    ">": ABOVE,
}
_PEAK = re.compile(r"peak(?:\s+([0-9.eE+]+)\s*(?:-|–|to)\s*([0-9.eE+]+))?", re.IGNORECASE)
_SAME = 1e-6


def read_data(
    path: str | os.PathLike[str], file: DrugFile, followed_h: Callable[[str], float]
) -> Data:
    """The measurements of a file.

    Args:
        path: of the file.
        file: the drug's, whose regimens the rows name.
        followed_h: how long a regimen is followed, of its key (h): until where ``peak`` looks.

    Raises:
        InputError: a file that cannot be read or is not UTF-8 text; a header without a column
            that is needed, or without a unit; an unknown analyte, unit or regimen; a time before
            the first dose; a value that is no number; and what `Data` refuses. One sentence, with
            the line.
    """
    source = Path(path)
    where = f"Data {source.name}"
    data = read_bytes(source, "a .csv file of measurements", name="Data")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as problem:
        raise InputError(
            f"{where}: byte {data[problem.start]:#04x} at {problem.start} is not UTF-8 text; save "
            "the file as CSV UTF-8."
        ) from None
    if "\0" in text:
        raise InputError(f"{where} is not UTF-8 text; save the file as CSV UTF-8.")
    rows, not_read = _rows(where, text)
    points = tuple(_point(row, file, followed_h) for row in rows)
    return Data(source.name, hashlib.sha256(data).hexdigest(), points, not_read)


@dataclass(frozen=True)
class _Row:
    """One row by column, where it stands, and the units of the header."""

    line: int
    where: str
    fields: Mapping[str, str]
    units: Mapping[str, str]

    def text(self, name: str) -> str:
        field = self.fields.get(name, "").strip()
        return "" if field.casefold() in _NOTHING else field

    def number(self, name: str, text: str | None = None) -> float:
        given = self.text(name) if text is None else text
        try:
            value = float(given)
        except ValueError:
            value = math.nan
        if not math.isfinite(value):
            raise self.refused(name, "expected a number, with a point for decimals")
        return value

    def unit(self, name: str, beside: str) -> str:
        unit = self.units.get(name) or self.text(beside)
        if not unit:
            raise InputError(
                f"{self.where}, {name}: no unit was given; expected it in the header or in the "
                f"column {beside}. Nothing is guessed."
            )
        return unit

    def refused(self, name: str, words: str) -> InputError:
        given = self.fields.get(name, "").strip()
        return InputError(f"{self.where}, {name}: {given!r} was given; {words}.")


def _rows(where: str, text: str) -> tuple[list[_Row], tuple[str, ...]]:
    try:
        lines = list(csv.reader(io.StringIO(text, newline=""), strict=True))
    except csv.Error as problem:
        raise InputError(
            f"{where} is not readable as CSV ({problem}); expected {HEADER}."
        ) from None
    numbered = [(i, line) for i, line in enumerate(lines, 1) if any(f.strip() for f in line)]
    if not numbered:
        raise InputError(f"{where} is empty; expected a header such as {HEADER}.")
    (_, header), *body = numbered
    names, units = _header(where, header)
    if len(body) > MOST_POINTS:
        raise InputError(
            f"{where}: {len(body)} measurements were given; expected at most {MOST_POINTS}."
        )
    rows = []
    for number, line in body:
        at = f"{where}, line {number}"
        if len(line) != len(names):
            raise InputError(
                f"{at}: {len(line)} fields were given under a header of {len(names)}; expected as "
                "many, separated by commas, with a point for decimals."
            )
        rows.append(_Row(number, at, dict(zip(names, line, strict=True)), units))
    if "id" in names and len({bool(row.text("id")) for row in rows}) > 1:
        row = next(row for row in rows if not row.text("id"))
        raise row.refused("id", "expected one in every row, or in none for means of cohorts")
    return rows, tuple(name for name in names if name not in READ)


def _header(where: str, line: list[str]) -> tuple[list[str], dict[str, str]]:
    """Names of the columns in small letters, and the units of those that have one."""
    given = ",".join(line)
    if len(line) == 1 and re.search(r"[;\t]", given):
        raise InputError(
            f"{where}: the header {given!r} was given; expected columns separated by commas, and "
            "numbers with a point for decimals. Save the file so."
        )
    found = [_COLUMN.fullmatch(name) for name in line]
    names = [match[1].casefold() if match else "" for match in found]
    missing = [name for name in ("time", "analyte", "value") if name not in names]
    if missing or "" in names or len(set(names)) < len(names):
        raise InputError(
            f"{where}: the header {given!r} was given; expected each column once, and time, "
            f"analyte and value among them, such as {HEADER}."
        )
    units = {n: m[2] for n, m in zip(names, found, strict=True) if m and m[2]}
    for name, beside in (("time", "time_unit"), ("value", "unit")):
        if (name in units) == (beside in names):
            raise InputError(
                f"{where}: the unit of {name} stands "
                f"{'in two places' if name in units else 'nowhere'}; expected it in the header, as "
                f"in {'time (h)' if name == 'time' else 'value (pg/mL)'!r}, or in the column "
                f"{beside}."
            )
    if "regimen" in names and "dose" in names:
        raise InputError(f"{where}: both regimen and dose are columns; expected one of them.")
    if strange := [name for name in ("lloq", "uloq", "id", "analyte", "regimen") if name in units]:
        raise InputError(
            f"{where}: the column {strange[0]} came with a unit; expected none, limits are in the "
            "unit of the value."
        )
    return names, units


def _point(row: _Row, file: DrugFile, followed_h: Callable[[str], float]) -> Point:
    regimen = _regimen(row, file)
    time_h, until_h = _time(row, file, regimen, followed_h(regimen))
    level, censored = _level(row)
    individual = row.text("id")
    if not individual.isprintable() or len(individual) > 64:
        raise row.refused("id", "expected up to 64 printable letters")
    analyte = _analyte(row)
    try:
        return Point(row.line, regimen, individual, analyte, time_h, until_h, level, censored)
    except InputError as problem:
        raise InputError(f"{row.where}: {problem}") from None


def _analyte(row: _Row) -> str:
    given = row.text("analyte").casefold()
    for name, pattern in _NAMES.items():
        if re.fullmatch(pattern, given):
            return name
    raise row.refused(
        "analyte",
        "expected TNF, IFN-gamma or IL-6, which the network has; leave out rows of anything else",
    )


def _regimen(row: _Row, file: DrugFile) -> str:
    known = ", ".join(file.regimens)
    if "dose" in row.fields:
        try:
            amount, _ = dose_for("dose", _dose_text(row), file.inputs.weight_kg)
        except InputError as problem:
            raise InputError(f"{row.where}: {problem}") from None
        first = {key: regimen.doses[0].amount_ug for key, regimen in file.regimens.items()}
        same = [key for key, ug in first.items() if abs(ug - amount) <= _SAME * amount]
        if len(same) != 1:
            begin = ", ".join(f"{key} {ug:g} ug" for key, ug in first.items())
            raise row.refused(
                "dose",
                f"expected what one regimen of the drug file alone begins with ({begin}). Name the "
                "regimen in a column regimen",
            )
        return same[0]
    key = row.text("regimen") or "clinical"
    if key not in file.regimens:
        raise row.refused("regimen", f"expected one of the drug file's, {known}")
    return key


def _dose_text(row: _Row) -> str:
    unit = row.units.get("dose")
    return row.text("dose") if unit is None else f"{row.text('dose')} {unit}"


def _time(row: _Row, file: DrugFile, regimen: str, followed_h: float) -> tuple[float, float | None]:
    unit, first_h = row.unit("time", "time_unit"), file.regimens[regimen].first_dose_h
    peak = _PEAK.fullmatch(row.text("time"))
    texts = [peak[1], peak[2]] if peak and peak[1] else [] if peak else [row.text("time")]
    try:
        times = [convert(row.number("time", text), unit, "h") for text in texts]
    except InputError as problem:
        if str(problem).startswith(row.where):
            raise
        raise InputError(f"{row.where}, time: {problem}") from None
    times = times or [first_h, followed_h]
    if times[0] < first_h:
        raise row.refused(
            "time",
            f"expected no time before the first dose, at {first_h:g} h of regimen {regimen!r}; "
            "leave out what was measured before it",
        )
    if times[-1] > followed_h:
        raise row.refused(
            "time",
            f"expected at most {followed_h:g} h, how long regimen {regimen!r} is followed: two "
            "weeks after its last dose",
        )
    return times[0], times[1] if len(times) > 1 else None


def _level(row: _Row) -> tuple[float, Censored]:
    """The level or limit in pg/mL, and on which side of it the truth lies."""
    unit, given = row.unit("value", "unit"), row.text("value")
    said = row.text("censored").casefold()
    if said and said not in _CENSORED:
        raise row.refused("censored", "expected below, above or nothing")
    censored = _CENSORED[said] if said else MEASURED
    if given[:1] in "<>" and given:
        sign, given = _CENSORED[given[0]], given[1:].strip()
        if said and sign != censored:
            raise row.refused("censored", f"expected {sign}, as the value says")
        censored = sign
    limit = {BELOW: "lloq", ABOVE: "uloq"}.get(censored, "")
    if not given and not (limit and row.text(limit)):
        raise row.refused(
            "value", "expected a number, or below or above in censored with the limit beside it"
        )
    limits = {name: row.number(name) for name in ("lloq", "uloq") if row.text(name)}
    value = row.number("value", given) if given else limits[limit]
    if limit in limits:
        value = limits[limit]
    elif not limit:
        beyond = value < limits.get("lloq", -math.inf) or value > limits.get("uloq", math.inf)
        if beyond:
            raise row.refused(
                "value", "expected it within its limits, or below or above in censored"
            )
    try:
        return convert(value, unit, "pg/mL"), censored
    except InputError as problem:
        raise InputError(f"{row.where}, value: {problem}") from None
