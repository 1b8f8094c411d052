"""Terms that several parts are written with."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...common import late


def positive_part(x: Any) -> Any:
    """``max(x, 0)``, for numbers and for SymPy expressions alike."""
    if hasattr(x, "free_symbols"):
        return late.sympy.Max(x, 0)
    return np.maximum(x, 0.0)


def hill(x: Any, half: Any, n: Any) -> Any:
    """Hill term ``(x/K)^n / (1 + (x/K)^n)``.

    Written in ``x/K`` so that units cancel before the power is taken, and with
    ``max(x, 0)`` because a state a rounding error below zero has no real power
    for a non-integer ``n``.
    """
    power = (positive_part(x) / half) ** n
    return power / (1 + power)
