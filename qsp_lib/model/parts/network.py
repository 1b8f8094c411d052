"""The amplification network that all drugs share: exactly 17 parameters."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from .part import Part
from .terms import hill

MACROPHAGE_GATE: dict[str, Callable[[Any], Any]] = {
    "gated": lambda M: M,
    "ungated": lambda M: 1.0,
    "none": lambda M: 0.0,
}


@dataclass(frozen=True)
class Network(Part):
    """IFN-gamma, TNF, macrophages ``M``, IL-6 and the signal ``S`` that reaches STAT3.

    Attributes:
        feedback: what gates the STAT3 feedback: ``"gated"`` by macrophages (as published),
            ``"ungated"`` or ``"none"``.
    """

    feedback: str

    states = dict.fromkeys(("IFN", "TNF", "M", "IL6", "S"), 0.0)
    parameters = (
        "k_IFN",
        "d_IFN",
        "k_TNF_T",
        "k_TNF_M",
        "d_TNF",
        "w_TNF",
        "k_M",
        "K_M",
        "n_M",
        "d_M",
        "k_IL6_T",
        "k_IL6_M",
        "k_fb",
        "K_S",
        "n_S",
        "d_IL6",
        "k_S",
    )
    untouched = {
        "IL6_cleared": 1,
        "IL6_signals": 1,
        "T_makes": 1,
        "M_makes_TNF": 1,
        "M_makes_IL6": 1,
    }

    def named(self, y: Any, p: Any, q: Any) -> Iterator[tuple[str, Any]]:
        yield "sigma", y.IFN + p.w_TNF * y.TNF
        yield "H_M", hill(q.sigma, p.K_M, p.n_M)
        yield "H_S", hill(y.S, p.K_S, p.n_S)

    def il6_production(self, y: Any, p: Any, q: Any) -> tuple[Any, Any, Any]:
        """The three sources of IL-6 (pg/mL/h): T cells, macrophages, STAT3 feedback."""
        gate = MACROPHAGE_GATE[self.feedback](y.M)
        return (
            p.k_IL6_T * q.T_makes * y.A,
            p.k_IL6_M * q.M_makes_IL6 * y.M,
            p.k_fb * q.M_makes_IL6 * gate * q.H_S,
        )

    def rates(self, y: Any, p: Any, q: Any) -> dict[str, Any]:
        from_T, from_M, from_feedback = self.il6_production(y, p, q)
        return {
            "IFN": p.k_IFN * q.T_makes * y.A - p.d_IFN * y.IFN,
            "TNF": p.k_TNF_T * q.T_makes * y.A + p.k_TNF_M * q.M_makes_TNF * y.M - p.d_TNF * y.TNF,
            "M": p.k_M * q.H_M * (1 - y.M) - p.d_M * y.M,
            "IL6": from_T + from_M + from_feedback - p.d_IL6 * q.IL6_cleared * y.IL6,
            "S": p.k_S * (q.IL6_signals * y.IL6 - y.S),
        }

    def following(self, p: Any) -> tuple[Any, ...]:
        return (p.d_IFN, p.d_TNF, p.k_M, p.d_M, p.d_IL6, p.k_S)
