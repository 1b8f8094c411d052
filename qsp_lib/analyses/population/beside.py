"""Published percentages beside the incidences that were put on record: a table, and no score.

The rows come from a table that has been opened. The limit is set by one published incidence of
another disease, so a percentage outside of what was predicted says that the limit does not carry
over as much as that the model is wrong.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import scipy
from numpy.typing import NDArray

from ...evidence import EvidenceRow
from ...protocol import WITH, WITHOUT
from ...scoring import Percentage, Rules, percentage_of
from .committed import TABLE, incidence_of

LEVELS = (0.05, 0.95)


@dataclass(frozen=True)
class Beside:
    """A published percentage beside what was predicted of it.

    Attributes:
        row: evidence id.
        drug, dose: of which incidence; no dose is any of those listed.
        premedication: the arm of the prediction.
        n: patients, as printed.
        published: share.
        low, median, high: predicted share, 5th, 50th and 95th percentile over draws.
        least, most: 5th and 95th percentile of the share among so many patients, drawn one by one
            from each draw's share; None without n.
        inside: whether the published share is in that interval; without n, in the one over draws.
    """

    row: str
    drug: str
    dose: int | None
    premedication: str
    n: int | None
    published: float
    low: float
    median: float
    high: float
    least: float | None
    most: float | None
    inside: bool


def beside_published(
    content: Mapping[str, Any], rows: Sequence[EvidenceRow], rules: Rules
) -> tuple[list[Beside], dict[str, str]]:
    """Every percentage of a table beside the committed incidence in both arms.

    Args:
        content: of the file that was put on record.
        rows: of the opened table.
        rules: of the lock record.

    Returns:
        The comparisons, in the order of the rows; and of each other row why it is not compared.

    Raises:
        InputError: the file holds no incidence of a dose that the rules know.
    """
    found: list[Beside] = []
    left: dict[str, str] = {}
    for row in rows:
        told = percentage_of(rules, rules.table(TABLE), row)
        if isinstance(told, str):
            left[row.id] = told
            continue
        found += _both_arms(content, told)
    return found, left


def _both_arms(content: Mapping[str, Any], told: Percentage) -> Iterator[Beside]:
    for premedication in (WITH, WITHOUT):
        kept = incidence_of(content, told.drug, premedication, told.dose)
        low, median, high = (float(kept[key]) for key in ("low", "median", "high"))
        least, most = None, None
        if told.n is not None:
            least, most = share_interval(np.array(kept["draws"], dtype=float), told.n)
        ends = (low, high) if least is None or most is None else (least, most)
        inside = ends[0] - 1e-9 <= told.share <= ends[1] + 1e-9
        of_row = (told.id, told.drug, told.dose, premedication, told.n, told.share)
        yield Beside(*of_row, low, median, high, least, most, inside)


def share_interval(shares: NDArray[np.float64], n: int) -> tuple[float, float]:
    """Interval of the share among ``n`` patients whose probability is one of these, each as likely.

    Args:
        shares: of draws ``(D,)``.
        n: patients.
    """
    heaped = scipy.stats.binom.cdf(np.arange(n + 1)[:, None], n, shares[None, :]).mean(axis=1)
    low, high = (float(np.searchsorted(heaped, level)) / n for level in LEVELS)
    return low, high


def as_rows(found: Sequence[Beside]) -> list[dict[str, Any]]:
    """The comparisons as rows of a table."""
    return [asdict(one) for one in found]
