"""The locked structure fitted again with one declared thing changed at a time, as it is kept."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from qsp_lib.common import decimals, number
from qsp_lib.protocol import read_sensitivities

from .fragments import BookData, fragment, table

_DRUGS = ("blinatumomab", "TGN1412")
_BEYOND = "20 ug/kg"
_HEADER = (
    "what is changed",
    "rests on",
    "penalised cost",
    *(f"{drug}: severity index" for drug in _DRUGS),
    f"TGN1412 at {_BEYOND.replace('ug', 'µg')} over 8 h: severity index",
    "open facts met",
)


@fragment("refitted")
def refitted(_book: BookData) -> str:
    """A row a change: what the fit becomes, and what it says of both drugs."""
    return table(_HEADER, [row(case) for case in read_sensitivities()["cases"]])


def row(case: Mapping[str, Any]) -> tuple[str, ...]:
    """What one changed fit says, as the table shows it."""
    found, facts = case["quantities"], case["facts"].values()
    return (
        case["label"].replace("ug/kg", "µg/kg"),
        ", ".join(case["sources"]) or "–",
        number(case["cost"]),
        *(_index(found, drug) for drug in _DRUGS),
        decimals(found[f"index at {_BEYOND}"], 2),
        f"{sum(facts)} of {len(facts)}",
    )


def _index(found: Mapping[str, float], drug: str) -> str:
    """A drug's index, and what it would be without the steroid that the fit took it to have had."""
    index = found[f"{drug} index"]
    without = found.get(f"{drug} index without the steroid", index)
    beside = "" if without == index else f" ({decimals(without, 2)} without the steroid)"
    return f"{decimals(index, 2)}{beside}"
