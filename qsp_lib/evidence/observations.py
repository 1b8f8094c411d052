"""The data of calibration and development, by reference to the evidence tables.

``observations.csv`` says which evidence row is which point of which course and how much it
weighs; the value and the time are read from the evidence row itself, so that no number is
written twice. A point with no published number is a declared assumption and carries its own, if
need be as a multiple of the healthy level, or of the highest one published for the drug.
"""

from __future__ import annotations

import csv
import io
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Literal

from ..common import VERSIONS, EvidenceError, input_file, late, which_inputs
from .healthy import baselines
from .row import DECLARED, USES, EvidenceRow
from .tables import Evidence, check_use, load_tables
from .units import convert

if TYPE_CHECKING:
    import pandas as pd

COLUMNS = (
    "evidence_id",
    "drug",
    "regimen",
    "course",
    "analyte",
    "kind",
    "value",
    "unit",
    "sigma_rule",
    "use",
    "censor_above",
    "note",
)

COLUMNS_SINCE_V1 = ("of", "at_most", "from_h", "to_h", "assay_floor", "spread_log10")
"""What a table may give besides: the drug as the evidence row names it, if that is another than
the drug file it is simulated with; that the level was at most this; a time window; the lowest
value that the assay reads, with the scatter of single values about their median."""
HEALTHY, HIGHEST = "x healthy", "x highest"
"""Units of a declared level: multiples of the healthy one, or of the highest published one."""

ANALYTES = {"IL6": "IL-6", "TNF": "TNF", "IFN": "IFN-gamma"}
"""The model's three cytokines, by the name the evidence tables give them."""

_PER_ROOT_N = re.compile(r"(\d+(?:\.\d+)?)/sqrt\(n\)")


@dataclass(frozen=True)
class Observation:
    """One point that a fit may be held to.

    Attributes:
        id: the evidence id; of a declared assumption ``<drug>-<analyte>-peak`` and the like.
        drug, regimen: keys of the drug file and of one of its regimens.
        course: the drug and analyte in words; the unit of leave-one-course-out.
        analyte: ``IL6``, ``TNF`` or ``IFN``; or ``B``, target cells as a fraction of those before.
        kind: ``point``, the level at `time_h`; or ``peak``, the highest level in `window_h`.
        time_h: hours from the first dose; None for a peak.
        value_pg_mL: the level as recorded, healthy baseline included (pg/mL; ``B`` a fraction).
        sigma_log10: residual standard deviation of log10 level.
        censored_above_pg_mL: None if the level was measured. A number if it was above what the
            assay could read: then all that is known is that the true level is above this (pg/mL).
        use: ``data``, ``weak data`` or ``declared assumption``.
        sources: evidence ids, and the words "declared assumption" where they apply.
        note: what a reader should know.
        at_most: whether all that is known is that the level was no higher than the value.
        window_h: from when to when (h) a peak is looked for; None for the whole simulation.
        assay_floor_pg_mL: the lowest value that was recorded, if the value is the median of those
            above it; None if it is the median of all.
        spread_log10: standard deviation of log10 of single values about the median of all, with
            an assay floor; 0 without.
    """

    id: str
    drug: str
    regimen: str
    course: str
    analyte: Literal["IL6", "TNF", "IFN", "B"]
    kind: Literal["point", "peak"]
    time_h: float | None
    value_pg_mL: float
    sigma_log10: float
    censored_above_pg_mL: float | None
    use: str
    sources: tuple[str, ...]
    note: str
    at_most: bool = field(default=False, metadata={"since_v1": True})
    window_h: tuple[float, float] | None = field(default=None, metadata={"since_v1": True})
    assay_floor_pg_mL: float | None = field(default=None, metadata={"since_v1": True})
    spread_log10: float = field(default=0.0, metadata={"since_v1": True})

    @property
    def is_censored(self) -> bool:
        """Whether only a bound of the level is known."""
        return self.censored_above_pg_mL is not None or self.at_most

    @property
    def healthy(self) -> float:
        """What a simulated level is added to: the healthy level (pg/mL), nothing for cells."""
        return baselines().get(self.analyte, 0.0)


def load_observations(inputs: str | None = None) -> tuple[Observation, ...]:
    """The packaged observations of a version of the inputs, in the order of the table.

    Args:
        inputs: the version; by default the current one.

    Raises:
        EvidenceError: If the table refers to a row that does not exist, is of another drug or
            analyte, has no number or time, or may not be used so.
        InputError: no such version.
    """
    return _observations(which_inputs(inputs))


@lru_cache(maxsize=len(VERSIONS))
def _observations(inputs: str) -> tuple[Observation, ...]:
    text = input_file("observations.csv", inputs).read_text(encoding="utf-8")
    return read_observations(text, load_tables())


def ceilings(inputs: str | None = None) -> dict[str, float]:
    """The highest level that the assay reads (pg/mL), by id of each observation that has one.

    An :class:`Observation` says so only where the level was above it.

    Args:
        inputs: the version; by default the current one.
    """
    text = input_file("observations.csv", which_inputs(inputs)).read_text(encoding="utf-8")
    records = csv.DictReader(io.StringIO(text, newline=""), strict=True)
    return {
        observation.id: float(record["censor_above"])
        for observation, record in zip(load_observations(inputs), records, strict=True)
        if record["censor_above"]
    }


def read_observations(text: str, evidence: Evidence) -> tuple[Observation, ...]:
    """Read a table of observations (CSV text) against the evidence it refers to.

    Raises:
        EvidenceError: As `load_observations`; and for unknown columns, a point given twice, or two
            censoring limits for one drug.
    """
    reader = csv.DictReader(io.StringIO(text, newline=""), strict=True)
    try:
        columns, records = tuple(reader.fieldnames or ()), list(reader)
    except csv.Error as problem:
        raise EvidenceError(f"observations.csv is not readable as CSV ({problem}).") from None
    if set(columns) not in ({*COLUMNS}, {*COLUMNS, *COLUMNS_SINCE_V1}):
        raise EvidenceError(
            f"observations.csv has the columns {list(columns)}; expected {list(COLUMNS)}, and all "
            f"or none of {list(COLUMNS_SINCE_V1)}."
        )
    found: dict[str, Observation] = {}
    limits: dict[str, str] = {}
    for number, record in enumerate(records, start=2):
        if None in record or None in record.values():
            raise EvidenceError(
                f"observations.csv, line {number}: expected {len(columns)} fields, one a column."
            )
        record = dict.fromkeys(COLUMNS_SINCE_V1, "") | record
        observation = _read_row(f"observations.csv, line {number}", record, evidence, found)
        if observation.id in found:
            raise EvidenceError(
                f"observations.csv, line {number}: {observation.id} is given twice; expected each "
                "point once."
            )
        found[observation.id] = observation
        limit = record["censor_above"]
        if limit and limits.setdefault(observation.drug, limit) != limit:
            raise EvidenceError(
                f"observations.csv, line {number}: censoring limit {limit} was given after "
                f"{limits[observation.drug]} for {observation.drug}; expected one limit a drug."
            )
    return tuple(found.values())


def _read_row(
    where: str, record: dict[str, str], evidence: Evidence, above: Mapping[str, Observation]
) -> Observation:
    analyte, kind, use = record["analyte"], record["kind"], record["use"]
    for name, given, allowed in (
        ("analyte", analyte, (*ANALYTES, "B")),
        ("kind", kind, ("point", "peak")),
        ("use", use, (*USES[:2], DECLARED)),
        ("at_most", record["at_most"], ("", "yes")),
    ):
        if given not in allowed:
            raise EvidenceError(
                f"{where}: {name} {given!r} was given; expected one of {', '.join(allowed)}."
            )
    row = check_use(evidence.row(record["evidence_id"]), use)
    expected = record["of"] or record["drug"]
    if row.drug.casefold() != expected.casefold():
        raise EvidenceError(f"{where}: row {row.id} is of {row.drug}; expected one of {expected}.")
    window = _window(where, record)
    at_most = bool(record["at_most"])
    if use == DECLARED:
        row_id = _declared_id(record)
        sources: tuple[str, ...] = (row.id, DECLARED)
        time = _time_of_declared(where, record, window)
        level = _declared_level(where, record, above)
    elif at_most:
        raise EvidenceError(
            f"{where}: at_most was given for the published value of row {row.id}; expected it of a "
            "declared assumption."
        )
    else:
        time, level = _published_point(where, record, row)
        row_id, sources = row.id, (row.id,)
    if level <= 0:
        raise EvidenceError(f"{where}: level {level:g} pg/mL was given; expected more than 0.")
    limit = record["censor_above"]
    ceiling = _number(where, "censor_above", limit) if limit else None
    floor, spread = _assay_floor(where, record)
    return Observation(
        id=row_id,
        drug=record["drug"],
        regimen=record["regimen"],
        course=record["course"],
        analyte=analyte,  # type: ignore[arg-type]
        kind=kind,  # type: ignore[arg-type]
        time_h=time,
        value_pg_mL=level,
        sigma_log10=_sigma(where, record["sigma_rule"], row),
        censored_above_pg_mL=ceiling if ceiling is not None and level > ceiling else None,
        use=use,
        sources=sources,
        note=record["note"],
        at_most=at_most,
        window_h=window if kind == "peak" else None,
        assay_floor_pg_mL=floor,
        spread_log10=spread,
    )


def _declared_id(record: dict[str, str]) -> str:
    """What a declared assumption is of, in one word; of another regimen or time, that too."""
    regimen = "" if record["regimen"] == "clinical" else f"-{record['regimen']}"
    word = "at" if record["kind"] == "point" else "from"
    when = f"-{word}-{record['from_h']}h" if record["from_h"] not in ("", "0") else ""
    return f"{record['drug']}{regimen}-{record['analyte']}-{record['kind']}{when}"


def _window(where: str, record: dict[str, str]) -> tuple[float, float] | None:
    """From when to when (h), where a table says so."""
    if not (record["from_h"] or record["to_h"]):
        return None
    first = _number(where, "from_h", record["from_h"])
    last = _number(where, "to_h", record["to_h"]) if record["to_h"] else first
    if not 0 <= first <= last or (record["kind"] == "peak") != (first < last):
        raise EvidenceError(
            f"{where}: {record['kind']} from {record['from_h']!r} to {record['to_h']!r} h; "
            "expected a window of a peak, and of a point its one time as from_h."
        )
    return first, last


def _time_of_declared(
    where: str, record: dict[str, str], window: tuple[float, float] | None
) -> float | None:
    """The time (h) of a declared point; None for a peak."""
    if record["kind"] == "peak":
        return None
    if window is None:
        raise EvidenceError(
            f"{where}: a declared assumption of kind 'point' was given without from_h; expected "
            "its time, or kind 'peak'."
        )
    return window[0]


def _declared_level(where: str, record: dict[str, str], above: Mapping[str, Observation]) -> float:
    """The level (pg/mL; cells as a fraction) of a declared assumption."""
    value, analyte, unit = (
        _number(where, "value", record["value"]),
        record["analyte"],
        record["unit"],
    )
    if analyte == "B":
        return convert(value, unit, "1")
    if unit == HEALTHY:
        return value * baselines()[analyte]
    if unit != HIGHEST:
        return convert(value, unit, "pg/mL")
    published = [
        o.value_pg_mL
        for o in above.values()
        if (o.drug, o.regimen, o.analyte) == (record["drug"], record["regimen"], analyte)
        and o.use != DECLARED
    ]
    if not published:
        raise EvidenceError(
            f"{where}: unit {HIGHEST!r} was given with no published {analyte} of {record['drug']} "
            "above it; expected some."
        )
    return value * max(published)


def _assay_floor(where: str, record: dict[str, str]) -> tuple[float | None, float]:
    """The floor (pg/mL) and the scatter (log10) of single values about the median."""
    given = record["assay_floor"], record["spread_log10"]
    if not any(given):
        return None, 0.0
    floor, spread = (
        _number(where, name, text)
        for name, text in zip(("assay_floor", "spread_log10"), given, strict=True)
    )
    if not (floor > 0 and spread > 0):
        raise EvidenceError(
            f"{where}: assay_floor {given[0]!r}, spread_log10 {given[1]!r}; expected both above 0."
        )
    return floor, spread


def _published_point(
    where: str, record: dict[str, str], row: EvidenceRow
) -> tuple[float | None, float]:
    """Time (h) and level (pg/mL) of an evidence row used as a point or a peak."""
    if record["value"]:
        raise EvidenceError(
            f"{where}: value {record['value']} was given beside evidence row {row.id}; expected "
            "nothing, the number is read from the row."
        )
    if row.analyte != ANALYTES[record["analyte"]]:
        raise EvidenceError(
            f"{where}: row {row.id} is of {row.analyte}; expected {ANALYTES[record['analyte']]}."
        )
    if record["unit"] not in ("", row.unit):
        raise EvidenceError(
            f"{where}: unit {record['unit']!r} was given beside evidence row {row.id}; expected "
            f"{row.unit!r}, the row's own, or nothing."
        )
    if record["kind"] == "point" and record["from_h"]:
        raise EvidenceError(
            f"{where}: from_h {record['from_h']} was given beside evidence row {row.id}; expected "
            "nothing, the time of a point is read from the row."
        )
    level = convert(row.number(), row.unit, "pg/mL")
    if record["kind"] == "peak":
        return None, level
    if row.time_h is None:
        raise EvidenceError(f"{where}: row {row.id} has no time_h; expected one for a point.")
    return row.time_h, level


def _sigma(where: str, rule: str, row: EvidenceRow) -> float:
    """The standard deviation a rule gives: a number, or a number over the root of the row's n."""
    match = _PER_ROOT_N.fullmatch(rule)
    if match is None:
        sigma = _number(where, "sigma_rule", rule)
    elif row.n is None:
        raise EvidenceError(f"{where}: row {row.id} has no n; sigma_rule {rule!r} expects one.")
    else:
        sigma = float(match[1]) / math.sqrt(row.n)
    if sigma <= 0:
        raise EvidenceError(f"{where}: sigma_rule {rule!r} was given; expected more than 0.")
    return sigma


def _number(where: str, name: str, text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise EvidenceError(f"{where}: {name} {text!r} was given; expected a number.")
    return number


B_CELLS = ("PO029", "PO030")
CD8_T_CELLS = tuple(f"PO{number:03d}" for number in range(18, 26))
IL6_SPREADS = ("VA012", "VA013", "VA014", "VA015", "VA016")
"""Spread of IL-6 between patients, which virtual patients are weighted by or held against."""
LIMITING_INCIDENCE, OTHER_INCIDENCES = "EA038", ("EA039", "BO031")
"""Published incidences of the syndrome: what sets the limit; little disease, a narrower term."""
CRP_HALF_LIFE = "EA125"


def counts(ids: tuple[str, ...]) -> pd.DataFrame:
    """Median blood counts under blinatumomab 15 ug/m2/d, as fractions of the first.

    Returns:
        ``id``, ``time_h``, ``count`` (cells/uL) and ``fraction``.
    """
    rows = [load_tables().row(name) for name in ids]
    frame = late.pandas.DataFrame(
        {"id": ids, "time_h": [r.time_h for r in rows], "count": [r.value for r in rows]}
    )
    return frame.assign(fraction=frame["count"] / frame["count"].iloc[0])
