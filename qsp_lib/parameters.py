"""Parameters as immutable value objects, with their priors and validity bounds.

The 17 network parameters are shared by every drug. A set taken from a lock
record carries that record's stamp and refuses to be changed; an explicitly
unlocked copy can be changed, and carries a mark into every result made from it.
"""

from __future__ import annotations

import csv
import hashlib
import math
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Any, Literal, Self

import numpy as np
from numpy.typing import NDArray

from .equations import CRP, DRUG, FEEDBACKS, MECHANISMS, NETWORK, PARAMETERS, TOCILIZUMAB
from .errors import EvidenceError, InputError, LockError

Status = Literal["estimated", "fixed", "assumed"]
Role = Literal["calibration", "development", "blind", "user"]


@dataclass(frozen=True)
class Prior:
    """A log-normal prior: its median, and its standard deviation in log10.

    A ``fixed`` quantity has ``log10_sd`` 0 in fits; ``assumed`` means that no fit
    ever moves it, while prediction intervals draw it.
    """

    median: float
    log10_sd: float
    status: Status = "estimated"

    def __post_init__(self) -> None:
        if not (math.isfinite(self.median) and self.median > 0):
            raise InputError(f"prior median is {self.median!r}; expected a positive number.")
        if not (math.isfinite(self.log10_sd) and self.log10_sd >= 0):
            raise InputError(f"prior log10 sd is {self.log10_sd!r}; expected 0 or more.")
        if self.status == "estimated" and self.log10_sd == 0:
            raise InputError("an estimated quantity needs a prior log10 sd greater than 0.")


@dataclass(frozen=True)
class ParameterRow:
    """One row of the network-parameter table: prior, validity bounds, provenance."""

    name: str
    symbol: str
    unit: str
    prior: Prior
    lower: float
    upper: float
    description: str
    source: str
    note: str


@cache
def network_table() -> Mapping[str, ParameterRow]:
    """The table of the 17 network parameters, in the order of the equations.

    Raises:
        EvidenceError: a missing, extra or misplaced row, or a row without a source.
    """
    text = files("qsp_lib").joinpath("data/network_parameters.csv").read_text(encoding="utf-8")
    rows = {}
    for row in csv.DictReader(text.splitlines()):
        if not row["source"].strip():
            raise EvidenceError(
                f"network_parameters.csv: {row['name']} has no source; expected evidence ids or "
                "the words 'declared assumption'."
            )
        prior = Prior(float(row["median"]), float(row["log10_sd"] or 0.0), row["status"])  # type: ignore[arg-type]
        rows[row["name"]] = ParameterRow(
            row["name"], row["symbol"], row["unit"], prior, float(row["lower"]),
            float(row["upper"]), row["description"], row["source"], row["note"],
        )  # fmt: skip
    if tuple(rows) != NETWORK:
        raise EvidenceError(
            f"network_parameters.csv holds {list(rows)}; expected exactly {list(NETWORK)}."
        )
    return MappingProxyType(rows)


@dataclass(frozen=True)
class LockStamp:
    """Which lock record a value came from, and whether it has since been unlocked.

    ``values`` is the digest of the values that the stamp was put on: a locked object
    made with other values is refused at construction.
    """

    version: str
    digest: str
    values: str = ""
    unlocked: bool = False

    @property
    def mark(self) -> str:
        """Words that go with every table and figure; empty for locked values."""
        return f"unlocked copy of lock {self.version}" if self.unlocked else ""

    def same_record(self, other: LockStamp | None) -> bool:
        """Whether the other stamp is of the same record."""
        return other is not None and (self.version, self.digest) == (other.version, other.digest)


class _Lockable:
    """Shared behaviour of value objects that a lock record may own."""

    lock: LockStamp | None

    def _plain(self) -> dict[str, Any]:
        names = {field.name for field in fields(self)} - {"lock"}  # type: ignore[arg-type]
        return {name: getattr(self, name) for name in sorted(names)}

    def _values_digest(self) -> str:
        return hashlib.sha256(repr(self._plain()).encode()).hexdigest()

    def _require_as_locked(self) -> None:
        lock = self.lock
        if lock is not None and not lock.unlocked and lock.values != self._values_digest():
            raise LockError(
                f"these values are not those of lock {lock.version} ({lock.digest[:12]}), whose "
                "stamp they carry. Take them from the record, or ask for an explicitly unlocked "
                "copy with .unlocked()."
            )

    def stamped(self, stamp: LockStamp) -> Self:
        """A copy that carries the stamp of the record these values were read from."""
        stamp = replace(stamp, values=self._values_digest())
        return replace(self, lock=stamp)  # type: ignore[type-var]

    def replace(self, **changes: Any) -> Self:
        """A copy with these values changed.

        Raises:
            LockError: the values are locked; ask for :meth:`unlocked` first.
            InputError: an unknown name or a value outside its bounds.
        """
        known = self._plain()
        for name, value in changes.items():
            if name not in known:
                raise InputError(f"no parameter {name!r}; expected one of {sorted(known)}.")
            if name in ("name", "role") and known.get("role") == "blind":
                raise LockError(
                    f"the {name} of {known['label']}, the blind drug, cannot become {value!r}."
                )
            if self.lock is not None and not self.lock.unlocked:
                raise LockError(
                    f"{name} is locked at {known[name]!r} by lock {self.lock.version} "
                    f"({self.lock.digest[:12]}) and cannot be set to {value!r}. Ask for an "
                    "explicitly unlocked copy with .unlocked(); what is made from it is marked."
                )
        return replace(self, **changes)  # type: ignore[type-var]

    def unlocked(self) -> Self:
        """An explicitly unlocked copy; the mark goes with everything made from it."""
        if self.lock is None:
            return self
        return replace(self, lock=replace(self.lock, unlocked=True))  # type: ignore[type-var]


@dataclass(frozen=True)
class NetworkParameters(_Lockable):
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
    lock: LockStamp | None = None

    def __post_init__(self) -> None:
        if self.feedback not in FEEDBACKS:
            raise InputError(f"feedback is {self.feedback!r}; expected one of {FEEDBACKS}.")
        for name, row in network_table().items():
            value = getattr(self, name)
            if not (math.isfinite(value) and row.lower <= value <= row.upper):
                raise InputError(
                    f"{name} is {value!r} {row.unit}; expected {row.lower:g} to {row.upper:g}."
                )
        self._require_as_locked()

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
class DrugInputs(_Lockable):
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
    lock: LockStamp | None = None

    def __post_init__(self) -> None:
        if self.mechanism not in MECHANISMS:
            raise InputError(
                f"{self.name}: mechanism is {self.mechanism!r}; expected one of {MECHANISMS}."
            )
        _require_positive(
            self.name, V1=self.V1, V2=self.V2, EC50=self.EC50, h=self.h, k_act=self.k_act,
            k_exh=self.k_exh, weight_kg=self.weight_kg, bsa_m2=self.bsa_m2,
        )  # fmt: skip
        _require_non_negative(self.name, CL=self.CL, Q=self.Q, k_rec=self.k_rec, k_kill=self.k_kill)
        if not self.K_hook > 0:
            raise InputError(f"{self.name}: K_hook is {self.K_hook!r}; expected a positive number.")
        for name, value in self.values().items():
            low, high = _bounds(name)
            if not low <= value <= high:
                raise InputError(
                    f"{self.name}: {name} is {value!r}; expected {low:g} to {high:g}, which is "
                    "what can be computed with."
                )
        self._require_as_locked()

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


def _bounds(name: str) -> tuple[float, float]:
    """What an integrator can be given; a draw's plausibility is not judged here."""
    largest = {"f_R": 1.0, "h": LARGEST_HILL, "n_M": LARGEST_HILL, "n_S": LARGEST_HILL}
    return (0.0 if name in _MAY_BE_ZERO else _SMALLEST), largest.get(name, _LARGEST)


def _digest(values: Mapping[str, NDArray[np.float64]], drug: str) -> str:
    content = hashlib.sha256(drug.encode())
    for name, array in sorted(values.items()):
        content.update(name.encode() + array.tobytes())
    return content.hexdigest()


@dataclass(frozen=True)
class Draws:
    """Parameter sets to simulate together: each name holds a read-only array ``(N,)``.

    Draws that come from a lock record (its posterior and its declared priors) carry
    its stamp and the name of the drug they are for (:meth:`stamped`), and may vary what the
    record locks of the network and of that drug; others may not.

    Raises:
        InputError: an unknown name, a value that is not finite or out of bounds, arrays
            of different lengths, no draws at all.
        LockError: values under a stamp that was put on others.
    """

    values: Mapping[str, NDArray[np.float64]]
    lock: LockStamp | None = None
    drug: str = ""

    def __post_init__(self) -> None:
        arrays = {name: np.array(value, dtype=float) for name, value in self.values.items()}
        unknown = sorted(set(arrays) - set(PARAMETERS))
        if unknown:
            raise InputError(f"no parameter {unknown[0]!r}; expected one of {PARAMETERS}.")
        shapes = {array.shape for array in arrays.values()}
        if len(shapes) != 1 or len(shape := next(iter(shapes))) != 1 or shape[0] == 0:
            raise InputError(
                f"draws have shapes {sorted(shapes)}; expected one length of 1 or more for all."
            )
        for name, array in arrays.items():
            low, high = _bounds(name)
            if (bad := array[~((array >= low) & (array <= high))]).size:
                raise InputError(f"draws of {name} hold {bad[0]:g}; expected {low:g} to {high:g}.")
            array.setflags(write=False)
        object.__setattr__(self, "values", MappingProxyType(arrays))
        if self.lock is not None and self.lock.values != _digest(arrays, self.drug):
            raise LockError(
                f"these draws are not those of lock {self.lock.version} "
                f"({self.lock.digest[:12]}), whose stamp they carry. Take them from the record."
            )

    def stamped(self, stamp: LockStamp, drug: str) -> Draws:
        """The same draws under the stamp of the record they were drawn from, for one drug."""
        return Draws(self.values, replace(stamp, values=_digest(self.values, drug)), drug)

    def __len__(self) -> int:
        return len(next(iter(self.values.values())))

    def __getitem__(self, part: slice) -> Draws:
        return self._with({name: array[part] for name, array in self.values.items()})

    def repeat(self, times: int) -> Draws:
        """Every set so many times in a row, for a batch that varies something else as well."""
        return self._with({name: np.repeat(array, times) for name, array in self.values.items()})

    def _with(self, values: Mapping[str, NDArray[np.float64]]) -> Draws:
        some = Draws(values, drug=self.drug)
        return some.stamped(self.lock, self.drug) if self.lock is not None else some

    def __reduce__(self) -> tuple[Any, ...]:
        # a read-only mapping does not travel to another process
        return Draws, (dict(self.values), self.lock, self.drug)


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
