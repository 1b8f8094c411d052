"""Healthy levels of the three cytokines, which every simulated level is added to."""

from __future__ import annotations

from functools import cache

from ..common import EvidenceError
from .tables import load_tables


@cache
def baselines() -> dict[str, float]:
    """Healthy levels (pg/mL): IL-6 from BL001, TNF and IFN-gamma the midpoints of BL002, BL003."""
    rows = load_tables()
    levels = {"IL6": round(rows.row("BL001").number(), 1)}
    for cytokine, name in (("TNF", "BL002"), ("IFN", "BL003")):
        row = rows.row(name)
        if row.low is None or row.high is None:
            raise EvidenceError(f"{name} has no interval; expected a low and a high level.")
        levels[cytokine] = (row.low + row.high) / 2
    return levels
