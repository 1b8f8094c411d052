"""The data of calibration and development, by reference to the evidence tables.

``data/observations.csv`` says which evidence row is which point of which course and how much it
weighs; the value and the time are read from the evidence row itself, so that no number is
written twice. A point with no published number is a declared assumption and carries its own.
"""

from __future__ import annotations

import csv
import io
import math
import re
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from typing import TYPE_CHECKING, Literal

from ..common import EvidenceError, late
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

ANALYTES = {"IL6": "IL-6", "TNF": "TNF", "IFN": "IFN-gamma"}
"""The model's three cytokines, by the name the evidence tables give them."""

_PER_ROOT_N = re.compile(r"(\d+(?:\.\d+)?)/sqrt\(n\)")


@dataclass(frozen=True)
class Observation:
    """One point that a fit may be held to.

    Attributes:
        id: the evidence id, or ``<drug>-<analyte>-peak`` for a declared assumption.
        drug, regimen: keys of the drug file and of one of its regimens.
        course: the drug and analyte in words; the unit of leave-one-course-out.
        analyte: ``IL6``, ``TNF`` or ``IFN``.
        kind: ``point``, the level at `time_h`; or ``peak``, the highest level, whenever it comes.
        time_h: hours from the first dose; None for a peak.
        value_pg_mL: the level as recorded, healthy baseline included (pg/mL).
        sigma_log10: residual standard deviation of log10 level.
        censored_above_pg_mL: None if the level was measured. A number if it was above what the
            assay could read: then all that is known is that the true level is above this (pg/mL).
        use: ``data``, ``weak data`` or ``declared assumption``.
        sources: evidence ids, and the words "declared assumption" where they apply.
        note: what a reader should know.
    """

    id: str
    drug: str
    regimen: str
    course: str
    analyte: Literal["IL6", "TNF", "IFN"]
    kind: Literal["point", "peak"]
    time_h: float | None
    value_pg_mL: float
    sigma_log10: float
    censored_above_pg_mL: float | None
    use: str
    sources: tuple[str, ...]
    note: str

    @property
    def is_censored(self) -> bool:
        """Whether only a lower bound of the level is known."""
        return self.censored_above_pg_mL is not None


@lru_cache(maxsize=1)
def load_observations() -> tuple[Observation, ...]:
    """The packaged observations, in the order of the table.

    Raises:
        EvidenceError: If the table refers to a row that does not exist, is of another drug or
            analyte, has no number or time, or may not be used so.
    """
    text = (resources.files("qsp_lib") / "data" / "observations.csv").read_text(encoding="utf-8")
    return read_observations(text, load_tables())


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
    if columns != COLUMNS:
        raise EvidenceError(
            f"observations.csv has the columns {list(columns)}; expected {list(COLUMNS)}."
        )
    found: dict[str, Observation] = {}
    limits: dict[str, str] = {}
    for number, record in enumerate(records, start=2):
        if None in record or None in record.values():
            raise EvidenceError(
                f"observations.csv, line {number}: expected {len(COLUMNS)} fields, one a column."
            )
        observation = _read_row(f"observations.csv, line {number}", record, evidence)
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


def _read_row(where: str, record: dict[str, str], evidence: Evidence) -> Observation:
    analyte, kind, use = record["analyte"], record["kind"], record["use"]
    for name, given, allowed in (
        ("analyte", analyte, tuple(ANALYTES)),
        ("kind", kind, ("point", "peak")),
        ("use", use, (*USES[:2], DECLARED)),
    ):
        if given not in allowed:
            raise EvidenceError(
                f"{where}: {name} {given!r} was given; expected one of {', '.join(allowed)}."
            )
    row = check_use(evidence.row(record["evidence_id"]), use)
    if row.drug.casefold() != record["drug"]:
        raise EvidenceError(
            f"{where}: row {row.id} is of {row.drug}; expected one of {record['drug']}."
        )
    if use == DECLARED:
        row_id = f"{record['drug']}-{analyte}-{kind}"
        sources: tuple[str, ...] = (row.id, DECLARED)
        time = None
        if kind != "peak":
            raise EvidenceError(
                f"{where}: a declared assumption of kind {kind!r} was given; expected 'peak'."
            )
        level = convert(_number(where, "value", record["value"]), record["unit"], "pg/mL")
    else:
        time, level = _published_point(where, record, row)
        row_id, sources = row.id, (row.id,)
    if level <= 0:
        raise EvidenceError(f"{where}: level {level:g} pg/mL was given; expected more than 0.")
    limit = record["censor_above"]
    ceiling = _number(where, "censor_above", limit) if limit else None
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
    )


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
