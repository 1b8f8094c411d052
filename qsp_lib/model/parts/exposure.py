"""Exposure: from doses to the drug's concentration in plasma, ``C`` (ng/mL)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from .part import Door, Part


@dataclass(frozen=True)
class Compartments(Part):
    """Two compartments, eliminated in proportion to exposure; one where ``Q`` is 0."""

    states = {"A_c": 0.0, "A_p": 0.0}
    parameters = ("V1", "CL", "V2", "Q")
    doors = (Door("A_c", "u"),)

    def named(self, y: Any, p: Any, q: Any) -> Iterator[tuple[str, Any]]:
        yield "C", y.A_c / p.V1
        yield "C_p", y.A_p / p.V2

    def rates(self, y: Any, p: Any, q: Any) -> dict[str, Any]:
        return {
            "A_c": q.u - p.CL * q.C - p.Q * (q.C - q.C_p),
            "A_p": p.Q * (q.C - q.C_p),
        }
