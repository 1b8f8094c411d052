"""Parameters as immutable value objects, with their priors and validity bounds.

The 17 network parameters are shared by every drug. A set taken from a lock
record carries that record's stamp and refuses to be changed; an explicitly
unlocked copy can be changed, and carries a mark into every result made from it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from ..common import InputError
from .equations import CRP, DRUG, FEEDBACKS, MECHANISMS, NETWORK, PARAMETERS, TOCILIZUMAB
from .priors import Role, network_table
from .stamp import Lockable


@dataclass(frozen=True)
class NetworkParameters(Lockable):
    """The 17 parameters of the shared network (units: the parameter table).

    ``feedback`` is its structure: ``"gated"`` as published, ``"ungated"``, or ``"none"``.

    Raises:
        InputError: a value that is not finite, or outside its validity bounds.
    """

    k_IFN: float
    d_IFN: float
    k_TNF_T: float
    k_TNF_M: float
    d_TNF: float
    w_TNF: float
    k_M: float
    K_M: float
    n_M: float
    d_M: float
    k_IL6_T: float
    k_IL6_M: float
    k_fb: float
    K_S: float
    n_S: float
    d_IL6: float
    k_S: float
    feedback: Literal["gated", "ungated", "none"] = "gated"

    def __post_init__(self) -> None:
        if self.feedback not in FEEDBACKS:
            raise InputError(f"feedback is {self.feedback!r}; expected one of {FEEDBACKS}.")
        for name, row in network_table().items():
            value = getattr(self, name)
            if not (math.isfinite(value) and row.lower <= value <= row.upper):
                raise InputError(
                    f"{name} is {value!r} {row.unit}; expected {row.lower:g} to {row.upper:g}."
                )
        self.require_as_locked()

    def recorded(self, content: Mapping[str, Any]) -> NetworkParameters:
        """The network that a record's content holds."""
        return NetworkParameters(**content["network"], feedback=content["structure"]["feedback"])

    @classmethod
    def prior_medians(cls) -> NetworkParameters:
        """The network at the medians of its priors, locked by nothing."""
        medians: dict[str, Any] = {n: row.prior.median for n, row in network_table().items()}
        return cls(**medians)

    def values(self) -> dict[str, float]:
        """The 17 values by name."""
        return {name: getattr(self, name) for name in NETWORK}


def _require_positive(owner: str, **values: float) -> None:
    for name, value in values.items():
        if not (math.isfinite(value) and value > 0):
            raise InputError(f"{owner}: {name} is {value!r}; expected a finite number above 0.")


def _require_non_negative(owner: str, **values: float) -> None:
    for name, value in values.items():
        if not (math.isfinite(value) and value >= 0):
            raise InputError(f"{owner}: {name} is {value!r}; expected 0 or more.")


@dataclass(frozen=True)
class DrugInputs(Lockable):
    """What the model needs to know of a drug: exposure, engagement, T-cell rates.

    V1, V2 in L; CL, Q in L/h (one compartment: Q = 0); EC50, K_hook in ng/mL;
    k_act, k_exh, k_rec, k_kill per hour. ``K_hook`` and ``k_kill`` are read for
    bispecifics only.

    Raises:
        InputError: an unknown mechanism or role, a value out of range.
    """

    name: str
    label: str
    mechanism: Literal["monoclonal", "bispecific"]
    role: Role
    V1: float
    CL: float
    V2: float
    Q: float
    EC50: float
    h: float
    K_hook: float
    k_act: float
    k_exh: float
    k_rec: float
    k_kill: float
    weight_kg: float = 70.0
    bsa_m2: float = 1.88

    def __post_init__(self) -> None:
        if self.mechanism not in MECHANISMS:
            raise InputError(
                f"{self.name}: mechanism is {self.mechanism!r}; expected one of {MECHANISMS}."
            )
        _require_positive(
            self.name,
            V1=self.V1,
            V2=self.V2,
            EC50=self.EC50,
            h=self.h,
            k_act=self.k_act,
            k_exh=self.k_exh,
            weight_kg=self.weight_kg,
            bsa_m2=self.bsa_m2,
        )
        _require_non_negative(self.name, CL=self.CL, Q=self.Q, k_rec=self.k_rec, k_kill=self.k_kill)
        if not self.K_hook > 0:
            raise InputError(f"{self.name}: K_hook is {self.K_hook!r}; expected a positive number.")
        for name, value in self.values().items():
            low, high = value_bounds(name)
            if not low <= value <= high:
                raise InputError(
                    f"{self.name}: {name} is {value!r}; expected {low:g} to {high:g}, which is "
                    "what can be computed with."
                )
        self.require_as_locked()

    def recorded(self, content: Mapping[str, Any]) -> DrugInputs | None:
        """The drug of this name that a record's content holds."""
        if self.name not in content["drugs"]:
            return None
        return DrugInputs.from_plain(content["drugs"][self.name])

    @classmethod
    def from_plain(cls, values: Mapping[str, Any]) -> DrugInputs:
        """A drug from values that JSON can hold: no hook effect is written as null."""
        given: dict[str, Any] = {k: math.inf if v is None else v for k, v in values.items()}
        return cls(**given)

    def plain(self) -> dict[str, Any]:
        """The values as JSON can hold them, without stamp; see :meth:`from_plain`."""
        return {k: None if v == math.inf else v for k, v in self._plain().items()}

    def values(self) -> dict[str, float]:
        """The inputs of the equations by name; no hook effect is given as a very weak one."""
        values = {name: getattr(self, name) for name in DRUG}
        return values | {"K_hook": min(self.K_hook, 1e12)}


@dataclass(frozen=True)
class TocilizumabInputs:
    """Tocilizumab: V1, V2 (L), CL, Q (L/h), Vmax (ug/h), Km and K_D (ng/mL), f_R.

    ``f_R`` is the share of IL-6 clearance that runs through the receptor.
    """

    V1: float
    CL: float
    V2: float
    Q: float
    Vmax: float
    Km: float
    K_D: float
    f_R: float
    weight_kg: float = 72.0

    def __post_init__(self) -> None:
        _require_positive("tocilizumab", V1=self.V1, V2=self.V2, Km=self.Km, K_D=self.K_D)
        _require_non_negative("tocilizumab", CL=self.CL, Q=self.Q, Vmax=self.Vmax)
        if not 0 <= self.f_R < 1:
            raise InputError(f"tocilizumab: f_R is {self.f_R!r}; expected 0 to below 1.")

    def values(self) -> dict[str, float]:
        """The inputs of the equations by name, each ending in ``_tcz`` but ``f_R``."""
        return {name: getattr(self, name.removesuffix("_tcz")) for name in TOCILIZUMAB}


LARGEST_HILL = 20.0
"""A steeper Hill coefficient is a step, which no integrator here is meant for."""
_SMALLEST, _LARGEST = 1e-30, 1e12
_MAY_BE_ZERO = frozenset(
    name for name in PARAMETERS if name.startswith(("k_", "CL", "Q", "Vmax", "w_", "f_R"))
)


def value_bounds(name: str) -> tuple[float, float]:
    """What an integrator can be given; a draw's plausibility is not judged here."""
    largest = {"f_R": 1.0, "h": LARGEST_HILL, "n_M": LARGEST_HILL, "n_S": LARGEST_HILL}
    return (0.0 if name in _MAY_BE_ZERO else _SMALLEST), largest.get(name, _LARGEST)


@dataclass(frozen=True)
class CrpInputs:
    """CRP readout: k_CRP (mg/L/h), K_CRP (pg/mL), d_CRP (1/h)."""

    k_CRP: float
    K_CRP: float
    d_CRP: float

    def __post_init__(self) -> None:
        _require_positive("CRP", k_CRP=self.k_CRP, K_CRP=self.K_CRP, d_CRP=self.d_CRP)

    def values(self) -> dict[str, float]:
        """The inputs of the equations by name."""
        return {name: getattr(self, name) for name in CRP}
