"""Parameters as immutable value objects, with their priors and validity bounds.

The 17 network parameters are shared by every drug. A set taken from a lock
record carries that record's stamp and refuses to be changed; an explicitly
unlocked copy can be changed, and carries a mark into every result made from it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any, Literal

from ..common import InputError
from .concentration_table import ConcentrationTable
from .equations import CRP, DRUG, FEEDBACKS, MECHANISMS, NETWORK, TOCILIZUMAB
from .parts.exposure import TABLE
from .priors import Role, network_table
from .stamp import Lockable
from .structure import ALL_PARAMETERS, CONSTANT_RECOVERY, T_CELLS


@dataclass(frozen=True)
class NetworkParameters(Lockable):
    """The 17 parameters of the shared network (units: the parameter table).

    ``feedback`` is its structure: ``"gated"`` as published, ``"ungated"``, or ``"none"``;
    ``t_cells`` the T-cell part that drives it, of ``T_CELLS``.

    Raises:
        InputError: an unknown structure; a value that is not finite, or outside its validity
            bounds.
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
    t_cells: str = CONSTANT_RECOVERY

    def __post_init__(self) -> None:
        if self.feedback not in FEEDBACKS:
            raise InputError(f"feedback is {self.feedback!r}; expected one of {FEEDBACKS}.")
        if self.t_cells not in T_CELLS:
            raise InputError(f"t_cells is {self.t_cells!r}; expected one of {tuple(T_CELLS)}.")
        for name, row in network_table().items():
            value = getattr(self, name)
            if not (math.isfinite(value) and row.lower <= value <= row.upper):
                raise InputError(
                    f"{name} is {value!r} {row.unit}; expected {row.lower:g} to {row.upper:g}."
                )
        self.require_as_locked()

    def recorded(self, content: Mapping[str, Any]) -> NetworkParameters:
        """The network that a record's content holds."""
        structure = content["structure"]
        # lock v1 was made before the model was told in parts, and knows of this one alone
        t_cells = structure.get("t_cells", CONSTANT_RECOVERY)
        return NetworkParameters(
            **content["network"], feedback=structure["feedback"], t_cells=t_cells
        )

    @classmethod
    def prior_medians(cls, inputs: str | None = None, **structure: Any) -> NetworkParameters:
        """The network at the medians of its priors, locked by nothing.

        Args:
            inputs: the version of the inputs.
            structure: ``feedback`` and ``t_cells``, where they are not the default.
        """
        table = network_table(inputs)
        medians: dict[str, Any] = {name: row.prior.median for name, row in table.items()}
        for name, row in table.items():
            if row.relative_to:
                medians[name] *= medians[row.relative_to]
        return cls(**medians, **structure)

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


def _since_v1(default: Any = None) -> Any:
    """A field that lock v1 did not know: not given, it is in no digest."""
    return field(default=default, metadata={"since_v1": True})


def _not_given(of: Any, value: Any) -> bool:
    return bool(of.metadata.get("since_v1")) and value == of.default


LEAST_TARGETS, MOST_TARGETS = 0.1, 10.0
"""Targets before the first dose, of one patient over the average one."""


@dataclass(frozen=True)
class DrugInputs(Lockable):
    """What the model needs to know of a drug: exposure, engagement, T-cell rates.

    V1, V2 in L; CL, Q in L/h (one compartment: Q = 0); EC50, K_hook in ng/mL;
    k_act, k_exh, k_rec, k_kill per hour. ``K_hook`` and ``k_kill`` are read for
    bispecifics only.

    Where they are given: absorption from a depot with ``k_a`` (1/h), bioavailability ``F`` and a
    lag ``lag_h``; a clearance that falls from ``CL_0`` (L/h) to ``CL`` with ``k_CL`` (1/h);
    saturable elimination ``Vmax`` (ug/h), ``Km`` (ng/mL); or a ``table`` of concentrations, with
    which compartments are not read. ``K_B`` is the share of targets at half engagement, ``B_0``
    the targets before the first dose, 1 in the average patient.

    Raises:
        InputError: an unknown mechanism or role, a value out of range, forms of exposure that do
            not go together.
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
    k_a: float | None = _since_v1()
    F: float | None = _since_v1()
    lag_h: float | None = _since_v1()
    CL_0: float | None = _since_v1()
    k_CL: float | None = _since_v1()
    Vmax: float | None = _since_v1()
    Km: float | None = _since_v1()
    table: ConcentrationTable | None = _since_v1()
    K_B: float | None = _since_v1()
    B_0: float = _since_v1(1.0)

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
        self._check_exposure()
        if self.K_B is not None:
            _require_positive(self.name, K_B=self.K_B)
        if not LEAST_TARGETS <= self.B_0 <= MOST_TARGETS:
            raise InputError(
                f"{self.name}: B_0 is {self.B_0!r}; expected {LEAST_TARGETS:g} to {MOST_TARGETS:g} "
                "times the targets of the average patient."
            )
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
        if "table" in given:
            table: dict[str, Any] = dict(given["table"])
            rows: dict[str, Any] = {n: tuple(table.pop(n)) for n in ("times_h", "ng_per_mL")}
            given["table"] = ConcentrationTable(**rows, **table)
        return cls(**given)

    def plain(self) -> dict[str, Any]:
        """The values as JSON can hold them, without stamp; see :meth:`from_plain`.

        What lock v1 did not know is there only where it is given.
        """
        absent = {f.name for f in fields(self) if _not_given(f, getattr(self, f.name))}
        given = {k: v for k, v in self._plain().items() if k not in absent}
        if self.table is not None:
            given["table"] = asdict(self.table)
        return {k: None if v == math.inf else v for k, v in given.items()}

    def _check_exposure(self) -> None:
        together: tuple[tuple[tuple[str, ...], Callable[..., None]], ...] = (
            (("k_a",), _require_positive),
            (("CL_0", "k_CL"), _require_positive),
            (("Vmax", "Km"), _require_positive),
        )
        for names, require in together:
            given = {n: getattr(self, n) for n in names if getattr(self, n) is not None}
            if given and len(given) < len(names):
                raise InputError(f"{self.name}: {', '.join(names)} are expected together.")
            require(self.name, **given)
        if self.k_a is None and (self.F is not None or self.lag_h is not None):
            raise InputError(f"{self.name}: F and a lag are of absorption; expected k_a with them.")
        if self.F is not None and not 0 < self.F <= 1:
            raise InputError(f"{self.name}: F is {self.F!r}; expected more than 0, and at most 1.")
        if self.lag_h is not None:
            _require_non_negative(self.name, lag_h=self.lag_h)
        if self.table is not None and self._added:
            raise InputError(
                f"{self.name}: a concentration table and {self._added[0]} were given; expected "
                "compartments or a table."
            )

    @property
    def _added(self) -> tuple[str, ...]:
        named = {
            "depot": self.k_a,
            "falling clearance": self.CL_0,
            "saturable elimination": self.Vmax,
        }
        return tuple(name for name, value in named.items() if value is not None)

    def lag_of(self, route: str) -> float:
        """How much later than given a dose by this route is absorbed (h); 0 but under the skin."""
        return (self.lag_h or 0.0) if route == "SC" else 0.0

    @property
    def exposure(self) -> tuple[str, ...]:
        """Its form of exposure beside plain compartments, as a structure names it."""
        return (TABLE,) if self.table is not None else self._added

    def values(self) -> dict[str, float]:
        """The inputs of the equations by name; no hook effect is given as a very weak one."""
        values = {name: getattr(self, name) for name in DRUG}
        optional = ("k_a", "CL_0", "k_CL", "Vmax", "Km", "K_B")
        given = {n: getattr(self, n) for n in optional if getattr(self, n) is not None}
        return values | {"K_hook": min(self.K_hook, 1e12), "B_0": self.B_0} | given


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


@dataclass(frozen=True)
class SteroidInputs:
    """Dexamethasone: V (L), CL (L/h), k_a and k_e0 (1/h), F, IC50 (ng/mL, total), w.

    ``w`` is the weight of its effect on macrophages' IL-6 and the feedback, 0 to 1.
    """

    V: float
    CL: float
    k_a: float
    F: float
    k_e0: float
    IC50: float
    w: float

    def __post_init__(self) -> None:
        _require_positive("dexamethasone", V=self.V, k_a=self.k_a, k_e0=self.k_e0, IC50=self.IC50)
        _require_non_negative("dexamethasone", CL=self.CL)
        if not 0 < self.F <= 1:
            raise InputError(f"dexamethasone: F is {self.F!r}; expected above 0, and at most 1.")
        if not 0 <= self.w <= 1:
            raise InputError(f"dexamethasone: w is {self.w!r}; expected 0 to 1.")

    def values(self) -> dict[str, float]:
        """The inputs of the equations by name."""
        return {
            "V_dex": self.V,
            "CL_dex": self.CL,
            "k_a_dex": self.k_a,
            "k_e0": self.k_e0,
            "IC50_dex": self.IC50,
            "w_dex": self.w,
        }


LARGEST_HILL = 20.0
"""A steeper Hill coefficient is a step, which no integrator here is meant for."""
_SMALLEST, _LARGEST = 1e-30, 1e12
_MAY_BE_ZERO = frozenset(
    name for name in ALL_PARAMETERS if name.startswith(("k_", "CL", "Q", "Vmax", "w_", "f_R"))
)


def value_bounds(name: str) -> tuple[float, float]:
    """What an integrator can be given; a draw's plausibility is not judged here."""
    largest = {
        "f_R": 1.0,
        "w_dex": 1.0,
        "h": LARGEST_HILL,
        "n_M": LARGEST_HILL,
        "n_S": LARGEST_HILL,
    }
    if name == "B_0":
        return LEAST_TARGETS, MOST_TARGETS
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
