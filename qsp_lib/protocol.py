"""What is run when a held-back table is opened: the comparison with the committed prediction."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .blind_test import compare_with_outcomes
from .seal import Evaluation, JudgedRow


def evaluation(prediction: Mapping[str, Any]) -> Evaluation:
    """What an opening runs on the judged rows: the comparison with the prediction, rounded."""

    def evaluate(rows: tuple[JudgedRow, ...]) -> Mapping[str, Any]:
        eligible = [judged.row for judged in rows if judged.eligible and judged.row is not None]
        return {
            "rows": len(rows),
            "eligible": len(eligible),
            "comparison": _rounded(compare_with_outcomes(prediction, eligible)),
        }

    return evaluate


def _rounded(value: Any) -> Any:
    """Nested numbers to six significant digits, so that the ledger compares what was seen."""
    if isinstance(value, float):
        return float(f"{value:.6g}")
    if isinstance(value, Mapping):
        return {key: _rounded(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_rounded(item) for item in value]
    return value
