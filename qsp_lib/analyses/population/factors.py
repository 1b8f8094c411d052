"""What varies between people, and how much: the declared spreads, each with its sources.

``data/patient_factors.csv`` holds them, one factor a row. A factor multiplies parameters of the
model for one patient; it is log-normal with median 1, cut off at its ends.
"""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from importlib import resources

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

from ...common import EvidenceError, InputError
from ...evidence import check_sources
from ...model import DRUG, NETWORK

Array = NDArray[np.float64]

OBSERVED = "observed IL-6"
"""What a factor scales that is no parameter: the healthy level in what an assay reads."""
FILE = "patient_factors.csv"
COLUMNS = ("factor", "log10_sd", "lowest", "highest", "scales", "words", "sources", "note")
WIDEST = 2.0
"""A log10 sd above this, a hundredfold, is surely a slip."""
_SCALED = frozenset({*NETWORK, *DRUG, "B_0", "CL_0", "Vmax"})


@dataclass(frozen=True)
class Factor:
    """One thing that varies between people.

    Attributes:
        name: as tables and options have it.
        log10_sd: of its logarithm before it is cut off; 0 for no spread at all.
        lowest, highest: where it is cut off, 1 between them.
        scales: parameters that it multiplies, or :data:`OBSERVED` alone.
        words: what it is.
        sources: evidence ids, or the words "declared assumption", or both.
        note: what is to be said of it.

    Raises:
        InputError: a spread or an end out of range, a parameter that no patient factor scales.
    """

    name: str
    log10_sd: float
    lowest: float
    highest: float
    scales: tuple[str, ...]
    words: str
    sources: tuple[str, ...]
    note: str = ""

    def __post_init__(self) -> None:
        if not (math.isfinite(self.log10_sd) and 0 <= self.log10_sd <= WIDEST):
            raise InputError(
                f"The spread of {self.name} is {self.log10_sd!r} (log10 sd); expected 0 to "
                f"{WIDEST:g}."
            )
        if not (0 < self.lowest < 1 < self.highest < math.inf):
            raise InputError(
                f"{self.name} is cut off at {self.lowest!r} and {self.highest!r}; expected a "
                "number between 0 and 1, and one above 1."
            )
        unknown = [name for name in self.scales if name not in _SCALED]
        if not self.scales or (unknown and self.scales != (OBSERVED,)):
            raise InputError(
                f"{self.name} scales {unknown or 'nothing'}; expected parameters of the network or "
                f"of a drug, or {OBSERVED!r} alone."
            )

    def quantile(self, unit: Array) -> Array:
        """Values for places in the open unit interval, any shape."""
        if self.log10_sd == 0:
            return np.ones_like(unit)
        low, high = ndtr(np.log10([self.lowest, self.highest]) / self.log10_sd)
        return 10.0 ** (self.log10_sd * ndtri(low + unit * (high - low)))


@dataclass(frozen=True)
class Factors:
    """Everything that varies between people, in a fixed order.

    Raises:
        InputError: a name given twice, or two factors that scale the same parameter.
    """

    all: tuple[Factor, ...]

    def __post_init__(self) -> None:
        for what, found in (
            ("name", self.names),
            ("parameter", tuple(name for factor in self.all for name in factor.scales)),
        ):
            if twice := sorted({one for one in found if found.count(one) > 1}):
                raise InputError(
                    f"The {what} {twice[0]!r} is in two patient factors; expected one."
                )

    def __iter__(self) -> Iterator[Factor]:
        return iter(self.all)

    def __len__(self) -> int:
        return len(self.all)

    @property
    def names(self) -> tuple[str, ...]:
        """Their names."""
        return tuple(factor.name for factor in self.all)

    def quantile(self, unit: Array) -> Array:
        """Values ``(m, d)`` for places ``(m, d)`` in the open unit cube, a column a factor."""
        columns = (factor.quantile(unit[:, i]) for i, factor in enumerate(self.all))
        return np.stack(list(columns), axis=1)

    def with_spread(self, **log10_sd: float) -> Factors:
        """The same factors, some of them with another spread (log10 sd).

        Raises:
            InputError: an unknown factor, or a spread out of range.
        """
        if unknown := sorted(set(log10_sd) - set(self.names)):
            raise InputError(f"no patient factor {unknown[0]!r}; expected one of {self.names}.")
        return Factors(
            tuple(replace(f, log10_sd=log10_sd.get(f.name, f.log10_sd)) for f in self.all)
        )


@lru_cache(maxsize=1)
def declared_factors() -> Factors:
    """The factors of ``data/patient_factors.csv``.

    Raises:
        EvidenceError: the table cannot be read without a guess, or a number in it has no source.
    """
    text = (resources.files("qsp_lib") / "data" / FILE).read_text(encoding="utf-8")
    return read_factors(text)


def read_factors(text: str) -> Factors:
    """Factors from the text of a table.

    Raises:
        EvidenceError: other columns than `COLUMNS`, a cell that is no number, a number
            without a source.
        InputError: a value out of range; see :class:`Factor`.
    """
    reader = csv.DictReader(io.StringIO(text, newline=""), strict=True)
    if tuple(reader.fieldnames or ()) != COLUMNS:
        raise EvidenceError(
            f"{FILE} has the columns {reader.fieldnames}; expected {', '.join(COLUMNS)}."
        )
    return Factors(tuple(_factor(reader.line_num, row) for row in reader))


def _factor(line: int, row: dict[str, str]) -> Factor:
    if None in row or None in row.values():
        raise EvidenceError(f"{FILE}, line {line}: expected {len(COLUMNS)} cells, one a column.")
    where = f"{FILE}, line {line}, {row['factor']}"
    try:
        sd, low, high = (float(row[name]) for name in ("log10_sd", "lowest", "highest"))
    except ValueError as problem:
        raise EvidenceError(f"{where}: {problem}; expected a number.") from None
    scales = (OBSERVED,) if row["scales"] == OBSERVED else tuple(row["scales"].split())
    sources = check_sources(where, row["sources"].split(";"))
    return Factor(row["factor"], sd, low, high, scales, row["words"], sources, row["note"])
