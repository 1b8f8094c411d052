"""How a chapter shows its numbers: prose and small tables made from results."""

from __future__ import annotations

import textwrap
from typing import Any

import numpy as np
import pandas as pd
from IPython.display import Markdown, display

pd.set_option("display.max_colwidth", None)


def say(text: str) -> None:
    """Show Markdown whose numbers were put in by the caller, from results."""
    display(Markdown(textwrap.dedent(text).strip()))


def number(value: Any, digits: int = 3) -> str:
    """A value as text: ``digits`` significant digits, thousands kept whole, yes/no, or words."""
    if isinstance(value, bool | np.bool_):
        return "yes" if value else "no"
    if isinstance(value, int | np.integer):
        return str(int(value))
    if isinstance(value, float | np.floating):
        value = float(value)
        if not np.isfinite(value):
            return "–"
        if value != 0 and not 1e-3 <= abs(value) < 1e6:
            return f"{value:.{digits - 1}e}"
        whole = len(f"{abs(value):.0f}")
        places = max(digits - (whole if abs(value) >= 1 else 0), 0)
        if 0 < abs(value) < 1:
            places = digits - 1 - int(np.floor(np.log10(abs(value))))
        text = f"{value:.{places}f}"
        return text.replace("-0.000", "0.000") if float(text) == 0 else text
    return str(value)


def table(frame: pd.DataFrame, digits: int = 3) -> pd.DataFrame:
    """The frame with every number as text, its first column as the row names."""
    shown = pd.DataFrame(
        {name: [number(value, digits) for value in frame[name].tolist()] for name in frame.columns}
    )
    return shown.set_index(frame.columns[0])


def summary(values: dict[str, Any], digits: int = 3) -> pd.DataFrame:
    """Named numbers as a two-column table."""
    shown = pd.DataFrame(
        {"quantity": list(values), "value": [number(v, digits) for v in values.values()]}
    )
    return shown.set_index("quantity")
