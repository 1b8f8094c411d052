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
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from pydantic import (
    ValidationError,
)

from ..common import EvidenceError, digest, late, parsed_table
from .row import COLUMNS, DECLARED, RANGE_KINDS, USES, USES_OF_UNVERIFIED, EvidenceRow

if TYPE_CHECKING:
    import pandas


@dataclass(frozen=True, eq=False)
class Evidence(Mapping[str, EvidenceRow]):
    """Every row of a set of tables, by id, in the order of the tables.

    Attributes:
        rows: read-only mapping of id to row.
        tables: id to the name of the table that holds the row.
        texts: name of each table to its text, with line ends as ``\\n``.
    """

    rows: Mapping[str, EvidenceRow]
    tables: Mapping[str, str]
    texts: Mapping[str, str]

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
                f"({', '.join(self.texts)}); expected an id such as BO001."
            ) from None

    def range_kind(self, row_id: str) -> str:
        """What ``low`` and ``high`` of a row are: as reviewed, or else as the table has it.

        The tables' own ``range_kind`` is a first guess. ``data/range_kinds.csv`` holds what the
        statistic, the numbers and the note of a row say it is, with the reason, for every row
        with a range that an input of the model rests on; ``data/range_kinds_v2.csv`` those that
        only version 2 of the model rests on.

        Raises:
            EvidenceError: If there is no such row.
        """
        row = self.row(row_id)
        later = range_kinds_since_v1().get(row_id, row.range_kind)
        return reviewed_range_kinds().get(row_id, later)

    def cite(self, row_id: str) -> str:
        """A short citation of a row, such as ``[BO001] Hosseini I et al. ... doi:...``.

        The words are the table's. A DOI marked unverified is left out.
        """
        return f"[{row_id}] {self.row(row_id).citation}"

    def digest(self, table: str) -> str:
        """Digest (64 hex digits) of one table as it is parsed."""
        return digest(parsed_table(self.texts[table]))

    def text_digest(self, tables: Sequence[str]) -> str:
        """SHA-256 over the texts of these tables in a row, which is what lock v1 recorded."""
        whole = "".join(self.texts[name] for name in tables)
        return hashlib.sha256(whole.encode()).hexdigest()

    def frame(self) -> pandas.DataFrame:
        """All rows as a data frame: the columns of the tables and ``table``, one row a number."""

        records = [
            {**row.model_dump(), "table": self.tables[row_id]} for row_id, row in self.rows.items()
        ]
        return late.pandas.DataFrame.from_records(records, columns=[*COLUMNS, "table"])


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


def reviewed_range_kinds() -> Mapping[str, str]:
    """Evidence id to the ``range_kind`` found on review (``data/range_kinds.csv``).

    It is an input of lock v1 and stays as it is; see also :func:`range_kinds_since_v1`.

    Raises:
        EvidenceError: If a line has no reason, an id twice, or a kind that is not one of
            `RANGE_KINDS`.
    """
    return _read_range_kinds("range_kinds.csv")


def range_kinds_since_v1() -> Mapping[str, str]:
    """The same for rows reviewed after lock v1 (``data/range_kinds_v2.csv``).

    Raises:
        EvidenceError: as :func:`reviewed_range_kinds`.
    """
    return _read_range_kinds("range_kinds_v2.csv")


@lru_cache(maxsize=2)
def _read_range_kinds(file: str) -> Mapping[str, str]:
    path = resources.files("qsp_lib") / "data" / file
    kinds: dict[str, str] = {}
    for line in csv.DictReader(io.StringIO(path.read_text(encoding="utf-8"), newline="")):
        row_id, kind = line["evidence_id"], line["range_kind"]
        if row_id in kinds or kind not in RANGE_KINDS or not line["reason"]:
            raise EvidenceError(
                f"{file}, row {row_id}: {kind!r} was given; expected each id once, with "
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
    texts: dict[str, str] = {}
    for path in paths:
        data = path.read_bytes().replace(b"\r\n", b"\n")
        texts[path.name] = data.decode("utf-8", errors="replace")
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
        MappingProxyType(texts),
    )
