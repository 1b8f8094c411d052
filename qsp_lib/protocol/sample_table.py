"""A posterior sample as a table of numbers: how it is written, read, and known to be the one.

Its hash is of what the table means, its columns and its numbers as parsed. Line endings, quotes
or zeros at the end of a number change nothing; a number, a row left out or two in another order
do.
"""

from __future__ import annotations

import csv
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..common import LockError, digest, parsed_table
from .places import PACKAGED

Array = NDArray[np.float64]
SAMPLES = PACKAGED.posterior
LOG_POSTERIOR = "log_posterior"
DECIMALS = 6


def table_text(names: Sequence[str], points: Array, log_posterior: Array) -> str:
    """Draws ``(n, d)`` as CSV with one header line and fixed decimals."""
    # adding 0 makes a negative zero a zero
    rows = np.column_stack([points, log_posterior]).round(DECIMALS) + 0.0
    lines = [",".join([*names, LOG_POSTERIOR])]
    lines += [",".join(f"{value:.{DECIMALS}f}" for value in row) for row in rows]
    return "\n".join(lines) + "\n"


def parse_table(text: str) -> tuple[tuple[str, ...], Array, str]:
    """Columns, numbers ``(n, d + 1)`` and SHA-256 of the meaning of a table.

    Raises:
        ValueError: no rows, rows of another length than the header, or cells that are no number.
    """
    try:
        header, *rows = parsed_table(text)
        whole = digest([header, *rows])
    except csv.Error as problem:
        raise ValueError(str(problem)) from None
    if not rows or any(len(row) != len(header) for row in rows):
        raise ValueError(f"expected rows of {len(header)} numbers")
    stray = next((cell for row in rows for cell in row if not isinstance(cell, float)), None)
    if stray is not None:
        raise ValueError(f"{stray!r} is no finite number")
    return tuple(map(str, header)), np.array(rows), whole


@lru_cache(maxsize=4)
def read_table(path: Path, sha256: str, columns: tuple[str, ...]) -> Array:
    """The numbers ``(n, columns)`` of the one table that has this hash, read-only.

    Raises:
        LockError: it is missing, was cut short, reordered or edited, or holds other columns.
    """
    whose = f"{path.name}, the sample of hash {sha256[:12]}"
    try:
        found, values, whole = parse_table(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise LockError(f"{whose}, is missing; restore it from the repository.") from None
    except ValueError as problem:
        raise LockError(f"{whose}, cannot be read ({problem}); restore it.") from None
    if whole != sha256:
        raise LockError(f"{whose}, was edited: its numbers give {whole[:12]}; restore it.")
    if found != columns:
        raise LockError(f"{whose}, holds other quantities than its lock says; restore both.")
    values.setflags(write=False)
    return values
