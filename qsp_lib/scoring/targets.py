"""What a row of a table is set beside, and the verdict on it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ..evidence import EvidenceRow
from .forecast import ForecastQuantity

SCORED, PASS_FAIL, GRADED = "scored", "pass or fail", "graded"


@dataclass(frozen=True)
class Target:
    """What an eligible row is set beside.

    Attributes:
        quantity: that is predicted.
        use: `SCORED`; `PASS_FAIL`, for a mean or a range; `GRADED`, for a published grade.
        value: level (pg/mL) or grade; None if there is none.
        limit_pg_mL: a limit that the level was below, in place of a value; else None.
        ends: lowest and highest level that the row gives (pg/mL), its value included.
        n: people or points, as printed.
        study: the source in few words, the same for all rows of one study.
    """

    quantity: ForecastQuantity
    use: str
    value: float | None
    limit_pg_mL: float | None
    ends: tuple[float, ...]
    n: int | None
    study: str

    @property
    def is_below_limit(self) -> bool:
        """Whether only a limit of the level is known."""
        return self.limit_pg_mL is not None


@dataclass(frozen=True)
class Verdict:
    """Whether a row is eligible, why (or why not), and what it is set beside if it is."""

    eligible: bool
    reason: str
    target: Target | None = None


RowRule = Callable[[Sequence[EvidenceRow]], Sequence[Verdict]]
# verdicts on the rows of a table: a pure function of the rows


def study_of(row: EvidenceRow) -> str:
    """The same text for all rows of one source: its DOI, else its PubMed number, else its words."""
    if row.doi:
        return f"doi:{row.doi.casefold()}"
    return f"PMID {row.pmid}" if row.pmid else " ".join(row.source.casefold().split())
