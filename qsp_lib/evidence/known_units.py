"""The kept table of what units mean: ``python -m qsp_lib.evidence.known_units`` writes it again.

It holds the units of the evidence, and those that the package's own files and code name; units
given as arguments are added. What is not in it is read by pint when it is asked for, which takes
longer and gives the same.
"""

from __future__ import annotations

import csv
import io
import sys
from pathlib import Path

from ..common import write_text_atomic
from .tables import load_tables
from .units import KNOWN_UNITS, read_by_pint

PATH = Path(__file__).resolve().parents[1] / "data" / KNOWN_UNITS
COLUMNS = ("unit", "factor", "dimension", "zero")


def known_units(path: Path = PATH) -> set[str]:
    """The units that the table has now, and those of the evidence."""
    with path.open(encoding="utf-8", newline="") as stream:
        named = {row["unit"] for row in csv.DictReader(stream)}
    return named | {row.unit for row in load_tables().rows.values()}


def as_table(units: list[str]) -> str:
    """The table of these units, as pint reads them.

    Raises:
        InputError: one of them is no unit.
    """
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(COLUMNS)
    for text in units:
        unit = read_by_pint(text)
        writer.writerow((text, unit.factor, unit.dimension, unit.zero))
    return stream.getvalue()


if __name__ == "__main__":
    write_text_atomic(PATH, as_table(sorted({*known_units(), *sys.argv[1:]})))
