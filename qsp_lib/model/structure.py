"""Which parts a model is made of, and the right-hand side they give together.

Called with numbers (floats, or arrays that broadcast over parameter sets) the right-hand side is
what SciPy integrates. Called with SymPy symbols it gives the typeset equations of the book, the
compiled default engine, and every export. Time is in hours, drug in ng/mL (= ug/L), drug amounts
in ug, cytokines in pg/mL above the healthy baseline, cell pools as fractions; the state before
dosing is therefore an exact steady state.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from types import SimpleNamespace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..common import InputError
from .parts.crp import Crp
from .parts.dexamethasone import Dexamethasone, OralDexamethasone
from .parts.exposure import EXPOSURES, TABLE, Compartments, Tabulated
from .parts.network import MACROPHAGE_GATE, Network
from .parts.part import Door, Part
from .parts.t_cells import CONSTANT_RECOVERY as CONSTANT_RECOVERY
from .parts.t_cells import RECOVERY_AT_REST as RECOVERY_AT_REST
from .parts.t_cells import T_CELLS, TCellPart
from .parts.tocilizumab import Tocilizumab

Vector = Sequence[Any] | NDArray[np.float64]

MECHANISMS = ("monoclonal", "bispecific")
FEEDBACKS = tuple(MACROPHAGE_GATE)
STEROIDS = ("", "intravenous", "oral")


@dataclass(frozen=True)
class Structure:
    """The choice of parts; equal choices are the same model.

    Attributes:
        mechanism: one of ``MECHANISMS``.
        feedback: one of ``FEEDBACKS``.
        t_cells: one of ``T_CELLS``; empty for exposure alone, which drives nothing.
        exposure: what is added to the drug's compartments, of ``EXPOSURES`` in their order;
            or ``TABLE`` alone, in their place.
        tocilizumab, crp: whether the rescue and the CRP readout are there.
        steroid: how dexamethasone is given; empty for none.

    Raises:
        InputError: an unknown name, or parts that do not go together.
    """

    mechanism: str
    feedback: str = "gated"
    t_cells: str = CONSTANT_RECOVERY
    exposure: tuple[str, ...] = ()
    tocilizumab: bool = False
    crp: bool = False
    steroid: str = ""

    def __post_init__(self) -> None:
        for name, known in (
            ("mechanism", MECHANISMS),
            ("feedback", FEEDBACKS),
            ("t_cells", (*T_CELLS, "")),
            ("steroid", STEROIDS),
        ):
            if getattr(self, name) not in known:
                raise InputError(f"{name} is {getattr(self, name)!r}; expected one of {known}.")
        in_order = tuple(name for name in EXPOSURES if name in self.exposure)
        if self.exposure not in ((TABLE,), in_order):
            raise InputError(
                f"exposure is {self.exposure}; expected some of {tuple(EXPOSURES)} in this order, "
                f"or {TABLE!r} alone."
            )
        if not self.t_cells and (self.tocilizumab or self.crp or self.steroid):
            raise InputError("exposure alone takes no co-medication and no readout.")

    @cached_property
    def t_cell_part(self) -> TCellPart:
        """The part that says how exposure engages and activates T cells."""
        return T_CELLS[self.t_cells][self.mechanism]

    @cached_property
    def network_part(self) -> Network:
        """The shared network."""
        return Network(self.feedback)

    @cached_property
    def parts(self) -> tuple[Part, ...]:
        """The parts, each after those whose quantities it reads."""
        if not self.t_cells:
            return self.exposure_parts
        return (*self.exposure_parts, self.t_cell_part, self.network_part, *self.optional_parts)

    @cached_property
    def states(self) -> tuple[str, ...]:
        """Names of the states, in the order in which they are integrated."""
        return tuple(name for part in self.parts for name in part.states)

    @cached_property
    def parameters(self) -> tuple[str, ...]:
        """Names of the parameters: of the network first, then of the other parts in order."""
        network_first = sorted(self.parts, key=lambda part: part is not self.network_part)
        return tuple(name for part in network_first for name in part.parameters)

    @cached_property
    def exposure_parts(self) -> tuple[Part, ...]:
        """Those of its parts that lead from doses to the drug's concentration."""
        if TABLE in self.exposure:
            return (Tabulated(),)
        return (Compartments(), *(EXPOSURES[name] for name in self.exposure))

    @cached_property
    def optional_parts(self) -> tuple[Part, ...]:
        """Its co-medications and readouts."""
        found: list[Part] = [Tocilizumab()] * self.tocilizumab
        found += [Dexamethasone()] * bool(self.steroid)
        found += [OralDexamethasone()] * (self.steroid == "oral") + [Crp()] * self.crp
        return tuple(found)

    @cached_property
    def drug_parts(self) -> tuple[Part, ...]:
        """Those of its parts that a drug brings: its exposure and its T cells."""
        return (*self.exposure_parts, *((self.t_cell_part,) if self.t_cells else ()))

    @cached_property
    def drug_parameters(self) -> tuple[str, ...]:
        """Those of its parameters that a drug brings."""
        return tuple(name for part in self.drug_parts for name in part.parameters)

    def following(self, p: Any, *, of_drug: bool = False) -> tuple[Any, ...]:
        """The fastest first-order rates (per hour) at which states follow what drives them.

        Args:
            p: as of :meth:`rhs`.
            of_drug: only of the states that the drug brings.
        """
        parts = self.drug_parts if of_drug else self.parts
        return tuple(rate for part in parts for rate in part.following(p))

    @cached_property
    def doors(self) -> tuple[Door, ...]:
        """Where doses enter."""
        return tuple(door for part in self.parts for door in part.doors)

    @cached_property
    def inputs(self) -> tuple[str, ...]:
        """Names of the dosing rates (ug/h), constant within a segment."""
        return tuple(door.input for door in self.doors if door.input)

    @cached_property
    def before(self) -> tuple[float, ...]:
        """The state of the average patient before the first dose."""
        return tuple(value for part in self.parts for value in part.states.values())

    @cached_property
    def starts(self) -> dict[str, str]:
        """States whose value before the first dose a parameter holds, and its name."""
        return {state: name for part in self.parts for state, name in part.starts.items()}

    @property
    def in_lock_v1(self) -> bool:
        """Whether lock v1 knows all of its parts."""
        return self.t_cells == CONSTANT_RECOVERY and not self.exposure and not self.steroid

    @cached_property
    def quantity_names(self) -> tuple[str, ...]:
        """Names of the intermediate quantities."""
        y, u = np.ones(len(self.states)), np.ones(len(self.inputs))
        p = SimpleNamespace(**dict.fromkeys(self.parameters, 1.0))
        others = {*self.inputs, *self.states}
        return tuple(name for name in vars(self.quantities(y, p, u)) if name not in others)

    def quantities(self, y: Vector, p: Any, u: Vector) -> SimpleNamespace:
        """Dosing rates and named intermediate quantities; arguments as of :meth:`rhs`."""
        states, q = self._by_name(y), SimpleNamespace(**dict(zip(self.inputs, u, strict=True)))
        if TABLE in self.exposure:
            q.C = states.C
        for part in self.parts:
            for name, value in part.named(states, p, q):
                setattr(q, name, value)
        return q

    def rates(self, y: Vector, p: Any, q: SimpleNamespace) -> tuple[Any, ...]:
        """Time derivatives in terms of the quantities ``q`` that :meth:`quantities` gives."""
        states, q = self._by_name(y), self.with_effects(p, q)
        total: dict[str, Any] = dict.fromkeys(self.states, 0)
        for part in self.parts:
            for name, rate in part.rates(states, p, q).items():
                total[name] = total[name] + rate
        return tuple(total.values())

    def rhs(self, y: Vector, p: Any, u: Vector) -> tuple[Any, ...]:
        """Time derivative of every state.

        Args:
            y: the states, in the order of :attr:`states`; each a number, an array, or a symbol.
            p: anything with one attribute a name in :attr:`parameters`.
            u: dosing rates, in the order of :attr:`inputs`.

        Returns:
            One derivative a state, per hour.
        """
        return self.rates(y, p, self.quantities(y, p, u))

    def il6_production(self, y: Vector, p: Any, q: SimpleNamespace) -> tuple[Any, Any, Any]:
        """The sources of IL-6 (pg/mL/h): T cells, macrophages, the feedback."""
        return self.network_part.il6_production(self._by_name(y), p, self.with_effects(p, q))

    def with_effects(self, p: Any, q: SimpleNamespace) -> SimpleNamespace:
        """The quantities and what the parts do to each other."""
        found: dict[str, Any] = {}
        for part in self.parts:
            found |= part.untouched
        for part in self.parts:
            found |= part.effects(p, q)
        return SimpleNamespace(**vars(q), **found)

    def _by_name(self, y: Vector) -> SimpleNamespace:
        return SimpleNamespace(**dict(zip(self.states, y, strict=True)))


def of_lock_v1(mechanism: str, feedback: str = "gated") -> Structure:
    """Everything that lock v1 knows: its record was made before the model was told in parts."""
    return Structure(mechanism, feedback, CONSTANT_RECOVERY, tocilizumab=True, crp=True)


def everything(mechanism: str, feedback: str, t_cells: str) -> Structure:
    """Every part there is, around one T-cell part."""
    exposure = tuple(EXPOSURES)
    return Structure(
        mechanism, feedback, t_cells, exposure, tocilizumab=True, crp=True, steroid="oral"
    )


def whole(mechanism: str, feedback: str, t_cells: str) -> Structure:
    """Every part that a record with this T-cell part knows, as its digest and its pages have it."""
    if t_cells == CONSTANT_RECOVERY:
        return of_lock_v1(mechanism, feedback)
    return everything(mechanism, feedback, t_cells)


_WHOLES = tuple(everything(m, "gated", t) for t in T_CELLS for m in MECHANISMS)
ALL_PARAMETERS = tuple(
    dict.fromkeys(name for each in (of_lock_v1("bispecific"), *_WHOLES) for name in each.parameters)
)
"""Every parameter of every part, those that lock v1 knows first."""
DRUG_PARAMETERS = tuple(dict.fromkeys(name for each in _WHOLES for name in each.drug_parameters))
"""Every parameter that a drug brings, whatever parts it is made of."""
