"""T cells: responsive ``R``, activated ``A``, exhausted or lost ``X``, and their targets ``B``.

``R + A + X = 1``. What activates them is the receptor engagement ``E``, one form a mechanism.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from .part import Part
from .terms import hill


@dataclass(frozen=True)
class ConstantRecovery(Part):
    """Recovery goes on at its rate whatever the drug does: the T-cell part of lock v1.

    A bispecific's engagement is bell-shaped in exposure and in proportion to the targets left.
    """

    mechanism: str

    states = {"R": 1.0, "A": 0.0, "X": 0.0, "B": 1.0}
    parameters = ("EC50", "h", "K_hook", "k_act", "k_exh", "k_rec", "k_kill")

    def engagement(self, C: Any, B: Any, p: Any) -> Any:
        """Receptor engagement, 0 to 1."""
        if self.mechanism == "monoclonal":
            return hill(C, p.EC50, p.h)
        return C / (C + p.EC50) * p.K_hook / (p.K_hook + C) * B

    def named(self, y: Any, p: Any, q: Any) -> Iterator[tuple[str, Any]]:
        yield "E", self.engagement(q.C, y.B, p)

    def rates(self, y: Any, p: Any, q: Any) -> dict[str, Any]:
        activation, exhaustion, recovery = p.k_act * q.E * y.R, p.k_exh * y.A, p.k_rec * y.X
        killing = p.k_kill * y.A * y.B if self.mechanism == "bispecific" else 0 * y.B
        return {
            "R": recovery - activation,
            "A": activation - exhaustion,
            "X": exhaustion - recovery,
            "B": -killing,
        }
