"""A steroid as co-medication: dexamethasone, which stops production and removes nothing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from .part import Door, Part


@dataclass(frozen=True)
class Dexamethasone(Part):
    """One compartment and an effect compartment ``G`` (ng/mL), whose level outlasts the plasma's.

    ``s`` is what is left of the output of T cells and of macrophages' TNF; of macrophages' IL-6
    and of the feedback more is left, by ``w_dex``. Activation, killing and exhaustion go on.
    """

    states = {"D_c": 0.0, "G": 0.0}
    parameters = ("V_dex", "CL_dex", "k_e0", "IC50_dex", "w_dex")
    doors = (Door("D_c", "u_dex", of_drug=False),)

    def named(self, y: Any, p: Any, q: Any) -> Iterator[tuple[str, Any]]:
        yield "C_dex", y.D_c / p.V_dex
        yield "s", 1 / (1 + y.G / p.IC50_dex)

    def effects(self, p: Any, q: Any) -> dict[str, Any]:
        return {"T_makes": q.s, "M_makes_TNF": q.s, "M_makes_IL6": 1 - p.w_dex * (1 - q.s)}

    def rates(self, y: Any, p: Any, q: Any) -> dict[str, Any]:
        return {"D_c": q.u_dex - p.CL_dex * q.C_dex, "G": p.k_e0 * (q.C_dex - y.G)}

    def following(self, p: Any) -> tuple[Any, ...]:
        return (p.CL_dex / p.V_dex, p.k_e0)


@dataclass(frozen=True)
class OralDexamethasone(Part):
    """Doses by mouth, absorbed into the compartment; they come times their bioavailability."""

    states = {"D_d": 0.0}
    parameters = ("k_a_dex",)
    doors = (Door("D_d", "", of_drug=False),)

    def rates(self, y: Any, p: Any, q: Any) -> dict[str, Any]:
        return {"D_d": -p.k_a_dex * y.D_d, "D_c": p.k_a_dex * y.D_d}

    def following(self, p: Any) -> tuple[Any, ...]:
        return (p.k_a_dex,)
