"""C-reactive protein, a readout: it follows the IL-6 signal and nothing reads it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from .part import Part
from .terms import hill


@dataclass(frozen=True)
class Crp(Part):
    """CRP above baseline, made in proportion to a saturating term of the signal."""

    states = {"CRP": 0.0}
    parameters = ("k_CRP", "K_CRP", "d_CRP")

    def named(self, y: Any, p: Any, q: Any) -> Iterator[tuple[str, Any]]:
        yield "H_CRP", hill(y.S, p.K_CRP, 1)

    def rates(self, y: Any, p: Any, q: Any) -> dict[str, Any]:
        return {"CRP": p.k_CRP * q.H_CRP - p.d_CRP * y.CRP}

    def following(self, p: Any) -> tuple[Any, ...]:
        return (p.d_CRP,)
