"""T cells: responsive ``R``, activated ``A``, exhausted or lost ``X``, and their targets ``B``.

``R + A + X = 1``. What activates them is the receptor engagement ``E``, one form a mechanism.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar

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

    def following(self, p: Any) -> tuple[Any, ...]:
        return (p.k_act, p.k_exh, p.k_rec, p.k_kill)


@dataclass(frozen=True)
class RecoveryAtRest(Part):
    """Recovery needs rest: it goes on with the receptors that no drug engages.

    Engagement has its steepness in both mechanisms. This is the part of a monoclonal antibody,
    which has no targets of its own.
    """

    states = {"R": 1.0, "A": 0.0, "X": 0.0}
    parameters: ClassVar[tuple[str, ...]] = ("EC50", "h", "k_act", "k_exh", "k_rec")

    def engagement(self, C: Any, B: Any, p: Any) -> Any:
        """Receptor engagement, from 0 to below 1."""
        return hill(C, p.EC50, p.h)

    def named(self, y: Any, p: Any, q: Any) -> Iterator[tuple[str, Any]]:
        yield "E", self.engagement(q.C, 1, p)

    def rates(self, y: Any, p: Any, q: Any) -> dict[str, Any]:
        activation, exhaustion = p.k_act * q.E * y.R, p.k_exh * y.A
        recovery = p.k_rec * y.X * (1 - q.E)
        return {
            "R": recovery - activation,
            "A": activation - exhaustion,
            "X": exhaustion - recovery,
        }

    def following(self, p: Any) -> tuple[Any, ...]:
        return (p.k_act, p.k_exh, p.k_rec)


@dataclass(frozen=True)
class RecoveryAtRestOnTargets(RecoveryAtRest):
    """The same of a bispecific, whose engagement takes targets and is bell-shaped in exposure.

    It saturates in the targets, so that it stays below 1 however many there are. ``B`` is 1 in
    the average patient before the first dose, and ``B_0`` in this one.
    """

    states = {**RecoveryAtRest.states, "B": 1.0}
    starts = {"B": "B_0"}
    parameters = ("EC50", "h", "K_hook", "K_B", "k_act", "k_exh", "k_rec", "k_kill", "B_0")

    def engagement(self, C: Any, B: Any, p: Any) -> Any:
        return hill(C, p.EC50, p.h) * p.K_hook / (p.K_hook + C) * B / (p.K_B + B)

    def named(self, y: Any, p: Any, q: Any) -> Iterator[tuple[str, Any]]:
        yield "E", self.engagement(q.C, y.B, p)

    def rates(self, y: Any, p: Any, q: Any) -> dict[str, Any]:
        return super().rates(y, p, q) | {"B": -p.k_kill * y.A * y.B}

    def following(self, p: Any) -> tuple[Any, ...]:
        return (*super().following(p), p.k_kill)


TCellPart = ConstantRecovery | RecoveryAtRest
CONSTANT_RECOVERY, RECOVERY_AT_REST = "constant recovery", "recovery at rest"
T_CELLS: dict[str, dict[str, TCellPart]] = {
    CONSTANT_RECOVERY: {m: ConstantRecovery(m) for m in ("monoclonal", "bispecific")},
    RECOVERY_AT_REST: {"monoclonal": RecoveryAtRest(), "bispecific": RecoveryAtRestOnTargets()},
}
"""The T-cell parts by name and mechanism; lock v1 knows the first."""
