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

    def following(self, p: Any) -> tuple[Any, ...]:
        return (p.CL / p.V1, p.Q / p.V1, p.Q / p.V2)


@dataclass(frozen=True)
class Depot(Part):
    """A site of injection, from which the drug is absorbed; doses come times F, after the lag."""

    states = {"A_d": 0.0}
    parameters = ("k_a",)
    doors = (Door("A_d", "u_d"),)

    def rates(self, y: Any, p: Any, q: Any) -> dict[str, Any]:
        absorption = p.k_a * y.A_d
        return {"A_d": q.u_d - absorption, "A_c": absorption}

    def following(self, p: Any) -> tuple[Any, ...]:
        return (p.k_a,)


@dataclass(frozen=True)
class FallingClearance(Part):
    """Clearance that falls from ``CL_0`` at the first dose to ``CL``.

    ``Z`` is 1 from the drug's first dose and decays: a state in place of the time since then, so
    that the equations do not know the clock.
    """

    states = {"Z": 0.0}
    parameters = ("CL_0", "k_CL")
    doors = (Door("Z", "", of_drug=False),)

    def rates(self, y: Any, p: Any, q: Any) -> dict[str, Any]:
        return {"Z": -p.k_CL * y.Z, "A_c": -(p.CL_0 - p.CL) * y.Z * q.C}

    def following(self, p: Any) -> tuple[Any, ...]:
        return (p.CL_0 / p.V1, p.k_CL)


@dataclass(frozen=True)
class SaturableElimination(Part):
    """Elimination that saturates, beside the one in proportion to exposure."""

    parameters = ("Vmax", "Km")

    def rates(self, y: Any, p: Any, q: Any) -> dict[str, Any]:
        return {"A_c": -p.Vmax * q.C / (p.Km + q.C)}

    def following(self, p: Any) -> tuple[Any, ...]:
        return (p.Vmax / p.Km / p.V1,)  # where it is fastest, far below Km


@dataclass(frozen=True)
class Tabulated(Part):
    """Exposure as a table gives it: between rows a straight line, or one in its logarithm.

    The slope (ng/mL/h) and the growth (1/h) are constant between two rows, so the concentration
    is a state like any other and its kinks end segments.
    """

    states = {"C": 0.0}
    doors = (Door("C", "C_slope", of_drug=False), Door("C", "C_growth", of_drug=False))

    def rates(self, y: Any, p: Any, q: Any) -> dict[str, Any]:
        return {"C": q.C_slope + q.C_growth * y.C}


EXPOSURES: dict[str, Part] = {
    "depot": Depot(),
    "falling clearance": FallingClearance(),
    "saturable elimination": SaturableElimination(),
}
"""What a drug file may add to the compartments, in order."""
TABLE = "table"
