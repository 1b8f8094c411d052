"""The rescue: tocilizumab, which holds the IL-6 receptor."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from .part import Door, Part


@dataclass(frozen=True)
class Tocilizumab(Part):
    """Two compartments with parallel linear and saturable elimination.

    Receptors held (``rho``, at quasi-equilibrium) neither signal nor clear IL-6.
    """

    states = {"T_c": 0.0, "T_p": 0.0}
    parameters = ("V1_tcz", "CL_tcz", "V2_tcz", "Q_tcz", "Vmax_tcz", "Km_tcz", "K_D_tcz", "f_R")
    doors = (Door("T_c", "u_tcz", of_drug=False),)

    def named(self, y: Any, p: Any, q: Any) -> Iterator[tuple[str, Any]]:
        yield "C_tcz", y.T_c / p.V1_tcz
        yield "C_tcz_p", y.T_p / p.V2_tcz
        yield "rho", q.C_tcz / (p.K_D_tcz + q.C_tcz)

    def effects(self, p: Any, q: Any) -> dict[str, Any]:
        return {"IL6_cleared": 1 - p.f_R * q.rho, "IL6_signals": 1 - q.rho}

    def rates(self, y: Any, p: Any, q: Any) -> dict[str, Any]:
        elimination = (p.CL_tcz + p.Vmax_tcz / (p.Km_tcz + q.C_tcz)) * q.C_tcz
        return {
            "T_c": q.u_tcz - elimination - p.Q_tcz * (q.C_tcz - q.C_tcz_p),
            "T_p": p.Q_tcz * (q.C_tcz - q.C_tcz_p),
        }

    def following(self, p: Any) -> tuple[Any, ...]:
        flows = (p.CL_tcz / p.V1_tcz, p.Q_tcz / p.V1_tcz, p.Q_tcz / p.V2_tcz)
        return (*flows, p.Vmax_tcz / p.Km_tcz / p.V1_tcz)
