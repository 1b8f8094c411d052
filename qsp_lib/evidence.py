"""The evidence tables: one published number a row, validated before anything may use it.

The tables are plain CSV files in ``qsp_lib/data/evidence``. A row is read into a frozen
`EvidenceRow`; a table that cannot be read without a guess is refused with one sentence naming
the table, the row, what was given and what was expected.

``verified=no`` marks a secondary or derived number. `check_use` is the one place that says what
such a row may be used for: never as data and never as a pass/fail target.
"""

from __future__ import annotations

import csv
import hashlib
import io
import math
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    ValidationError,
    field_validator,
    model_validator,
)

from .errors import EvidenceError, InputError
from .units import check_unit

if TYPE_CHECKING:
    import pandas

COLUMNS = (
    "id", "drug", "population", "dose", "route", "schedule", "analyte", "statistic", "value",
    "value_text", "low", "high", "range_kind", "unit", "time_h", "n", "source", "doi", "pmid",
    "verified", "confidence", "note",
)  # fmt: skip
"""The columns of an evidence table, in the order in which the files write them."""

DECLARED = "declared assumption"
"""The words that stand where no published number does."""

USES = ("data", "weak data", "prior", DECLARED, "check")
"""What a row may be used for; ``check`` is a pass/fail target."""

USES_OF_UNVERIFIED = ("weak data", "prior", DECLARED)

RANGE_KINDS: dict[str, Literal["spread", "ends", "limit"]] = {
    "observed range": "spread",
    "IQR": "spread",
    "95% CI": "spread",
    "95% CI or RSE bounds": "spread",
    "SEM bounds": "spread",
    "+/- as printed": "spread",
    "+/- SD (as printed)": "spread",
    "from +/- SD": "spread",
    "reference interval": "spread",
    "derived bounds": "spread",
    "by interval": "ends",
    "by clearance source": "ends",
    "by coefficient reading": "ends",
    "by assumed volume": "ends",
    "ALL to DLBCL": "ends",
    "men to women": "ends",
    "baseline to 24 h": "ends",
    "upper bound": "limit",
    "lower bound": "limit",
}
"""What ``low`` and ``high`` are, in three senses.

``spread``
    A scatter or an uncertainty around the value. The value lies inside; one end may be missing
    (onset "within 1.5 h" has a high end only).
``ends``
    The same quantity under two named conditions (two cell counts, two clearances, two readings
    of a coefficient). The value is one of them or lies between, so it too lies inside; an end
    is missing where that condition gave no number.
``limit``
    A bound without a partner: just ``high`` for an upper bound, just ``low`` for a lower one.

In all three a value outside is refused. A ``range_kind`` not listed here is kept as it is
written and claims nothing about where the value lies.
"""

_DOI = re.compile(r"10\.\d{4,9}/\S+")
_PMID = re.compile(r"[1-9]\d{0,8}")
_ID = re.compile(r"[A-Z]{2}\d{3}")
_RECORDS_AN_ABSENCE = "not found"


class EvidenceRow(BaseModel):
    """One row of an evidence table, every column kept; numbers are floats or None.

    ``value``, ``low`` and ``high`` are in ``unit``; ``time_h`` is in hours; ``n`` counts people
    or, where the statistic says so, points.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    drug: str
    population: str
    dose: str
    route: str
    schedule: str
    analyte: str
    statistic: str
    value: float | None
    value_text: str
    low: float | None
    high: float | None
    range_kind: str
    unit: str
    time_h: float | None
    n: int | None
    source: str
    doi: str
    pmid: str
    verified: Literal["yes", "no"]
    confidence: Literal["high", "medium", "low"]
    note: str

    @property
    def is_verified(self) -> bool:
        """Whether the number was read in its source."""
        return self.verified == "yes"

    @property
    def citation(self) -> str:
        """The source in the words of the table, with the DOI and PMID it may be shown with.

        A DOI that the note calls unverified is left out; nothing is added to a row without one.
        """
        words = self.source.rstrip(".")
        if self.doi and "DOI unverified" not in self.note:
            words += f". doi:{self.doi}"
        if self.pmid:
            words += f". PMID {self.pmid}"
        return words

    def number(self) -> float:
        """The value, for a caller that needs one.

        Raises:
            EvidenceError: If the row holds words or a range only.
        """
        if self.value is None:
            raise EvidenceError(
                f"Evidence row {self.id} was asked for a number but holds "
                f"{self.value_text or 'a range'!r}; use a row with a value, or its low and high."
            )
        return self.value

    @field_validator("value", "low", "high", "time_h", mode="before")
    @classmethod
    def _finite_or_none(cls, text: Any) -> Any:
        if text == "" or text is None:
            return None
        try:
            number = float(text)
        except (TypeError, ValueError):
            raise ValueError("expected a number or nothing") from None
        if not math.isfinite(number):
            raise ValueError("expected a finite number or nothing")
        return number

    @field_validator("time_h")
    @classmethod
    def _time_not_negative(cls, time: float | None) -> float | None:
        if time is not None and time < 0:
            raise ValueError("expected hours from the first dose, zero or more")
        return time

    @field_validator("n", mode="before")
    @classmethod
    def _count_or_none(cls, text: Any) -> Any:
        if text == "" or text is None:
            return None
        if not re.fullmatch(r"[1-9]\d*", str(text)):
            raise ValueError("expected a whole number of people or points, or nothing")
        return int(text)

    @field_validator("id")
    @classmethod
    def _id_shape(cls, text: str) -> str:
        if not _ID.fullmatch(text):
            raise ValueError("expected two capital letters and three digits, such as BO001")
        return text

    @field_validator("unit")
    @classmethod
    def _unit_known(cls, text: str) -> str:
        try:
            return check_unit(text)
        except InputError as problem:
            raise ValueError(str(problem)) from None

    @field_validator("source")
    @classmethod
    def _source_named(cls, text: str) -> str:
        if not text.strip():
            raise ValueError("expected the words of a source")
        return text

    @field_validator("doi")
    @classmethod
    def _doi_shape(cls, text: str) -> str:
        if text and not _DOI.fullmatch(text):
            raise ValueError("expected a DOI such as 10.1038/s41540-020-00145-7, or nothing")
        return text

    @field_validator("pmid")
    @classmethod
    def _pmid_shape(cls, text: str) -> str:
        if text and not _PMID.fullmatch(text):
            raise ValueError("expected a PubMed number such as 32859946, or nothing")
        return text

    @model_validator(mode="after")
    def _says_something(self) -> EvidenceRow:
        empty = self.value is None and self.low is None and self.high is None
        if empty and not self.value_text and self.statistic != _RECORDS_AN_ABSENCE:
            raise ValueError(
                "no value, value_text, low or high was given; expected at least one, or the "
                f"statistic {_RECORDS_AN_ABSENCE!r} on a row that records an absence"
            )
        return self

    @model_validator(mode="after")
    def _range_makes_sense(self) -> EvidenceRow:
        low, high, value = self.low, self.high, self.value
        if low is None and high is None:
            if self.range_kind:
                raise ValueError(
                    f"range_kind {self.range_kind!r} was given without low or high; "
                    "expected one of them, or no range_kind"
                )
            return self
        if not self.range_kind:
            raise ValueError(
                f"low {low} and high {high} were given without range_kind; "
                "expected words for what they are"
            )
        if low is not None and high is not None and low > high:
            raise ValueError(f"low {low:g} is above high {high:g}; expected low <= high")
        sense = RANGE_KINDS.get(self.range_kind)
        if sense is None:
            return self
        if sense == "limit":
            wanted = "high" if self.range_kind == "upper bound" else "low"
            if (high if wanted == "high" else low) is None or None not in (low, high):
                raise ValueError(f"range_kind {self.range_kind!r} expects {wanted} and no other")
        below = low is not None and value is not None and value < low
        above = high is not None and value is not None and value > high
        if below or above:
            raise ValueError(
                f"value {value:g} lies outside low {low} and high {high}; a range of kind "
                f"{self.range_kind!r} is expected to hold it"
            )
        return self


@dataclass(frozen=True, eq=False)
class Evidence(Mapping[str, EvidenceRow]):
    """Every row of a set of tables, by id, in the order of the tables.

    Attributes:
        rows: read-only mapping of id to row.
        tables: id to the name of the table that holds the row.
        table_sha256: name of each table to the SHA-256 of its bytes.
    """

    rows: Mapping[str, EvidenceRow]
    tables: Mapping[str, str]
    table_sha256: Mapping[str, str]
    _digest: str

    def __getitem__(self, row_id: str) -> EvidenceRow:
        return self.rows[row_id]

    def __iter__(self) -> Iterator[str]:
        return iter(self.rows)

    def __len__(self) -> int:
        return len(self.rows)

    def row(self, row_id: str) -> EvidenceRow:
        """The row with this id.

        Raises:
            EvidenceError: If there is none.
        """
        try:
            return self.rows[row_id]
        except KeyError:
            raise EvidenceError(
                f"Evidence row {row_id!r} was asked for and is in none of the tables "
                f"({', '.join(self.table_sha256)}); expected an id such as BO001."
            ) from None

    def range_kind(self, row_id: str) -> str:
        """What ``low`` and ``high`` of a row are: as reviewed, or else as the table has it.

        The tables' own ``range_kind`` is a first guess. ``data/range_kinds.csv`` holds what the
        statistic, the numbers and the note of a row say it is, with the reason, for every row
        with a range that an input of the model rests on.

        Raises:
            EvidenceError: If there is no such row.
        """
        row = self.row(row_id)
        return reviewed_range_kinds().get(row_id, row.range_kind)

    def cite(self, row_id: str) -> str:
        """A short citation of a row, such as ``[BO001] Hosseini I et al. ... doi:...``.

        The words are the table's. A DOI marked unverified is left out.
        """
        return f"[{row_id}] {self.row(row_id).citation}"

    def digest(self) -> str:
        """SHA-256 over the bytes of the tables, in the order of their names (64 hex digits)."""
        return self._digest

    def frame(self) -> pandas.DataFrame:
        """All rows as a data frame: the columns of the tables and ``table``, one row a number."""
        import pandas

        records = [
            {**row.model_dump(), "table": self.tables[row_id]} for row_id, row in self.rows.items()
        ]
        return pandas.DataFrame.from_records(records, columns=[*COLUMNS, "table"])


def load_tables(directory: str | os.PathLike[str] | None = None) -> Evidence:
    """Read and validate every ``*.csv`` of a folder.

    Args:
        directory: the folder; None means the tables that come with the package, which are read once
            a process and kept.

    Raises:
        EvidenceError: For the first thing that cannot be accepted: columns unknown, missing or
            twice; an id twice, in one table or two; a unit that cannot be read; low above high; a
            value outside its range; a row that holds nothing; no source; ``verified`` other than
            yes or no; a DOI or PMID of the wrong shape.
    """
    if directory is None:
        return _packaged_tables()
    return _load(Path(directory))


@lru_cache(maxsize=1)
def reviewed_range_kinds() -> Mapping[str, str]:
    """Evidence id to the ``range_kind`` found on review (``data/range_kinds.csv``).

    Raises:
        EvidenceError: If a line has no reason, an id twice, or a kind that is not one of
            `RANGE_KINDS`.
    """
    path = resources.files("qsp_lib") / "data" / "range_kinds.csv"
    kinds: dict[str, str] = {}
    for line in csv.DictReader(io.StringIO(path.read_text(encoding="utf-8"), newline="")):
        row_id, kind = line["evidence_id"], line["range_kind"]
        if row_id in kinds or kind not in RANGE_KINDS or not line["reason"]:
            raise EvidenceError(
                f"range_kinds.csv, row {row_id}: {kind!r} was given; expected each id once, with "
                f"a reason and one of {', '.join(RANGE_KINDS)}."
            )
        kinds[row_id] = kind
    return MappingProxyType(kinds)


def check_use(row: EvidenceRow, use: str) -> EvidenceRow:
    """Return `row` if it may be used so.

    Args:
        use: one of `USES`. A row with ``verified=no`` may be a prior, weak data or a declared
            assumption; it is never data and never a pass/fail target (``check``).

    Raises:
        EvidenceError: If the use is unknown, or is refused to an unverified row.
    """
    if use not in USES:
        raise EvidenceError(
            f"Use {use!r} was given for evidence row {row.id}; expected one of {', '.join(USES)}."
        )
    if not row.is_verified and use not in USES_OF_UNVERIFIED:
        raise EvidenceError(
            f"Evidence row {row.id} is verified=no and was used as {use!r}; expected "
            f"{', '.join(USES_OF_UNVERIFIED)}, or a verified row."
        )
    return row


def check_sources(
    where: str, sources: Sequence[str], evidence: Evidence | None = None
) -> tuple[str, ...]:
    """Return the sources of one number if it may rest on them.

    Args:
        where: what the number is, for the message.
        sources: evidence ids, the words "declared assumption", or both. A row with ``verified=no``
            stands only beside those words.

    Raises:
        EvidenceError: If nothing is named, an id does not exist, or an unverified row stands alone.
    """
    evidence = load_tables() if evidence is None else evidence
    if not sources:
        raise EvidenceError(
            f"{where} has no source; expected evidence ids or the words {DECLARED!r}."
        )
    for source in sources:
        if source == DECLARED:
            continue
        if source not in evidence:
            raise EvidenceError(
                f"{where} names the source {source!r}, which is in no evidence table; expected an "
                f"id such as BO001 or the words {DECLARED!r}."
            )
        if not evidence[source].is_verified and DECLARED not in sources:
            raise EvidenceError(
                f"{where} rests on {source}, which is verified=no; expected {DECLARED!r} beside it."
            )
    return tuple(sources)


def read_rows(table: str, data: bytes) -> tuple[EvidenceRow, ...]:
    """Validate the bytes of one table; `table` is its name, for the messages.

    Raises:
        EvidenceError: As `load_tables`, for the first row that cannot be accepted.
    """
    rows = []
    for number, record in read_records(table, data):
        rows.append(validate_row(table, number, record))
    return tuple(rows)


def read_records(table: str, data: bytes) -> list[tuple[int, dict[str, str]]]:
    """Split the bytes of a table into (line number, column -> text), columns and ids checked.

    Raises:
        EvidenceError: If the bytes are not UTF-8, the columns are not exactly `COLUMNS` in any
            order, a line has more or fewer fields, or an id occurs twice.
    """
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as problem:
        raise EvidenceError(f"Table {table} is not UTF-8 text ({problem}).") from None
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        header = next(reader, [])
        _check_columns(table, header)
        records: list[tuple[int, dict[str, str]]] = []
        seen: set[str] = set()
        for fields in reader:
            if len(fields) != len(header):
                raise EvidenceError(
                    f"Table {table}, line {reader.line_num}: {len(fields)} fields were given; "
                    f"expected {len(header)}, one a column."
                )
            record = dict(zip(header, fields, strict=True))
            if record["id"] in seen:
                raise EvidenceError(
                    f"Table {table}, row {record['id']}: the id occurs twice; expected one row an "
                    "id."
                )
            seen.add(record["id"])
            records.append((reader.line_num, record))
    except csv.Error as problem:
        raise EvidenceError(f"Table {table} is not readable as CSV ({problem}).") from None
    return records


def validate_row(table: str, line: int, record: Mapping[str, str]) -> EvidenceRow:
    """Turn the text of one row into an `EvidenceRow`; `table` and `line` are for the message."""
    try:
        return EvidenceRow.model_validate(dict(record))
    except ValidationError as problem:
        first = problem.errors()[0]
        name = record.get("id") or f"on line {line}"
        where = ".".join(str(part) for part in first["loc"])
        given = f"{where} {first['input']!r} was given; " if where else ""
        if first["type"] == "value_error":
            wanted = str(first["ctx"]["error"])
        else:
            wanted = first["msg"][0].lower() + first["msg"][1:].replace("Input should be", "")
            wanted = wanted.replace("input should be", "expected")
        raise EvidenceError(f"Table {table}, row {name}: {given}{wanted.rstrip('.')}.") from None


def _check_columns(table: str, header: list[str]) -> None:
    twice = sorted({name for name in header if header.count(name) > 1})
    unknown = sorted(set(header) - set(COLUMNS))
    missing = [name for name in COLUMNS if name not in header]
    for kind, names in (("twice", twice), ("unknown", unknown), ("missing", missing)):
        if names:
            raise EvidenceError(
                f"Table {table}, header: {kind} column {', '.join(map(repr, names))}; "
                f"expected each of {', '.join(COLUMNS)} once."
            )


@lru_cache(maxsize=1)
def _packaged_tables() -> Evidence:
    with resources.as_file(resources.files("qsp_lib") / "data" / "evidence") as folder:
        return _load(folder)


def _load(folder: Path) -> Evidence:
    paths = sorted(folder.glob("*.csv"), key=lambda path: path.name)
    if not paths:
        raise EvidenceError(f"No evidence table (*.csv) was found in {folder}; expected some.")
    rows: dict[str, EvidenceRow] = {}
    tables: dict[str, str] = {}
    hashes: dict[str, str] = {}
    whole = hashlib.sha256()
    for path in paths:
        data = path.read_bytes()
        whole.update(data)
        hashes[path.name] = hashlib.sha256(data).hexdigest()
        for row in read_rows(path.name, data):
            if row.id in rows:
                raise EvidenceError(
                    f"Table {path.name}, row {row.id}: the id is also in table "
                    f"{tables[row.id]}; expected one row an id over all tables."
                )
            rows[row.id] = row
            tables[row.id] = path.name
    return Evidence(
        MappingProxyType(rows),
        MappingProxyType(tables),
        MappingProxyType(hashes),
        whole.hexdigest(),
    )
