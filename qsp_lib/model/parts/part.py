"""What every part of the model says of itself."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar


@dataclass(frozen=True)
class Door:
    """Where doses enter: boluses into a state, and a rate that is constant within a segment.

    Attributes:
        state: what a bolus adds to.
        input: name of the rate in the equations; empty where nothing flows in.
        of_drug: whether the drug enters here, so that a multiple of its doses counts.
    """

    state: str
    input: str
    of_drug: bool = True


class Part(ABC):
    """One part; its methods are called with numbers, arrays or symbols alike.

    They are given ``y``, the states, ``p``, the parameters, and ``q``, everything else that has
    a name by then: dosing rates, intermediate quantities of the parts before, effects.

    Attributes:
        states: each with its value before the first dose.
        starts: of those that a parameter holds that value for, its name.
        parameters: names, in order.
        doors: where doses enter.
        untouched: effects of other parts that it heeds, with their values where those are absent.
    """

    states: ClassVar[Mapping[str, float]] = {}
    starts: ClassVar[Mapping[str, str]] = {}
    parameters: ClassVar[tuple[str, ...]] = ()
    doors: ClassVar[tuple[Door, ...]] = ()
    untouched: ClassVar[Mapping[str, float]] = {}

    def named(self, y: Any, p: Any, q: Any) -> Iterator[tuple[str, Any]]:
        """Intermediate quantities by name; each is in ``q`` when the next is asked for."""
        yield from ()

    def effects(self, p: Any, q: Any) -> dict[str, Any]:
        """What it does to other parts, in terms of the named quantities."""
        return {}

    def following(self, p: Any) -> tuple[Any, ...]:
        """The fastest first-order rates (per hour) at which its states follow what drives them."""
        return ()

    @abstractmethod
    def rates(self, y: Any, p: Any, q: Any) -> dict[str, Any]:
        """Time derivatives (per hour) by state; of a state of another part, what it adds."""
