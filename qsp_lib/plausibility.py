"""Blood counts that no fit uses, beside the upstream part of the model."""

from __future__ import annotations

import pandas as pd

from .evidence import load_tables

B_CELLS = ("PO029", "PO030")
CD8_T_CELLS = tuple(f"PO{number:03d}" for number in range(18, 26))


def counts(ids: tuple[str, ...]) -> pd.DataFrame:
    """Median blood counts under blinatumomab 15 ug/m2/d, as fractions of the first.

    Returns:
        ``id``, ``time_h``, ``count`` (cells/uL) and ``fraction``.
    """
    rows = [load_tables().row(name) for name in ids]
    frame = pd.DataFrame(
        {"id": ids, "time_h": [r.time_h for r in rows], "count": [r.value for r in rows]}
    )
    return frame.assign(fraction=frame["count"] / frame["count"].iloc[0])
