"""Drug files: what the model needs to know of a drug, each number with its source.

A drug is a TOML file; ``qsp-crs new-drug FILE`` writes one to start from. Every number is
written with its unit and its source, an evidence id or the words "declared assumption"::

    CL = { value = 2.22, unit = "L/h", source = ["PK001"] }

and every regimen in the words of a protocol, one line a step::

    doses = [
        { infusion = "1 mg", time = "0 d", duration = "4 h" },
        { infusion = "10 mg", time = "7 d", duration = "4 h", every = "7 d", count = 2 },
    ]

In a drug of one's own (``role = "user"``) a source may also be any other words, such as a
citation; what looks like an evidence id has to be one. Where no number is known, a few may be
taken from the drug's class (``data/class_defaults.toml``), and only when asked for::

    k_rec = { default = "class" }

Everything is checked here and turned into hours, litres, micrograms and ng/mL; nothing deeper
in the package reads a unit.
"""

from __future__ import annotations

import hashlib
import math
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

from ..common import EvidenceError, InputError, input_file, which_inputs
from ..evidence import DECLARED, check_sources, convert, molar_to_mass, same_kind, split
from ..model import (
    Bolus,
    ConcentrationTable,
    DrugInputs,
    Infusion,
    Prior,
    Regimen,
    SteroidInputs,
    TocilizumabInputs,
)
from . import class_defaults as classes
from . import shape as schema
from .class_defaults import CLASS_DEFAULT
from .concentrations import read_concentrations
from .events import read_events

RESCUE = "tocilizumab"
STEROID = "dexamethasone"
_OF_V1 = ("blinatumomab", "tgn1412", "okt3")
_SHIPPED: Mapping[str, tuple[str, ...]] = {
    "v1": _OF_V1,
    "v2": (*_OF_V1, "mosunetuzumab", "teclistamab", "epcoritamab", "epcoritamab-linear"),
}
"""The drugs that come with the package, by the version of the inputs."""
_RATES = ("k_act", "k_exh", "k_kill", "k_rec")
_LOOKS_LIKE_AN_ID = re.compile(r"[A-Z]{2}\d{3}")
LARGEST_FILE = 1_000_000
"""Bytes; a drug file is a few thousand."""
LARGEST_DOSE_UG = 1e7
"""In one dose, or in an hour: 10 g, ten times what any antibody is given in."""
MOST_DOSES = 2_000
"""In one regimen; each makes the integrator start anew."""


@dataclass(frozen=True)
class SourcedValue:
    """A number as its drug file writes it.

    Attributes:
        value, unit: as written, before any conversion.
        source: evidence ids, and the words "declared assumption" where they apply.
        note: as written; may be empty.
        low, high: the range it is shown over, in `unit`; None where the file gives none.
        status, log10_sd: for a rate that has a prior; None otherwise.
        same_as: the drug whose number stands here; None for a drug's own.
    """

    value: float
    unit: str
    source: tuple[str, ...]
    note: str = ""
    low: float | None = None
    high: float | None = None
    status: str | None = None
    log10_sd: float | None = None
    same_as: str | None = None

    def to(self, unit: str) -> float:
        """The value in another unit of the same kind."""
        return convert(self.value, self.unit, unit)


@dataclass(frozen=True)
class DrugFile:
    """A validated drug file.

    Attributes:
        inputs: the model's inputs (h, L, ng/mL).
        priors: of ``k_act``, ``k_exh``, ``k_rec`` and, for a bispecific, ``k_kill`` (1/h); of a
            number of exposure or potency where the file gives it one.
        regimens: by key; ``clinical`` is always among them.
        sources: each number as written, by its name in the file.
        regimen_sources: each regimen's sources, by its key.
        same_as: the rates taken over from another drug, ``{"k_act": "tgn1412"}``.
        same_as_log10_sd: standard deviation, in log10, of the factor about 1 between such a rate
            and the other drug's, where the file gives one.
        sha256: of the bytes of the file (64 hex digits).
        table: how its concentration table is read, with the table's source and sha256; empty
            without one.
        apparent: whether its clearances and volumes are over F.
    """

    inputs: DrugInputs
    priors: Mapping[str, Prior]
    regimens: Mapping[str, Regimen]
    sources: Mapping[str, SourcedValue]
    regimen_sources: Mapping[str, tuple[str, ...]]
    same_as: Mapping[str, str]
    sha256: str
    same_as_log10_sd: Mapping[str, float] = field(default_factory=dict, metadata={"since_v1": True})
    table: Mapping[str, Any] = field(
        default_factory=lambda: MappingProxyType({}), metadata={"since_v1": True}
    )
    apparent: bool = field(default=False, metadata={"since_v1": True})

    @property
    def class_defaults(self) -> tuple[str, ...]:
        """Names of the numbers that were taken from the drug's class, as its file asked."""
        return tuple(name for name, given in self.sources.items() if CLASS_DEFAULT in given.source)

    def with_sources(self, sources: Mapping[str, SourcedValue]) -> DrugFile:
        """The same file with other numbers beside its inputs."""
        return replace(self, sources=MappingProxyType(dict(sources)))


@dataclass(frozen=True)
class RescueFile:
    """The validated file of tocilizumab; attributes as of `DrugFile`.

    ``priors`` are of ``f_R``, where the file gives it one.
    """

    inputs: TocilizumabInputs
    regimens: Mapping[str, Regimen]
    sources: Mapping[str, SourcedValue]
    regimen_sources: Mapping[str, tuple[str, ...]]
    sha256: str
    priors: Mapping[str, Prior] = field(default_factory=dict, metadata={"since_v1": True})


@dataclass(frozen=True)
class SteroidFile:
    """The validated file of dexamethasone; attributes as of `DrugFile`.

    ``priors`` are of ``IC50`` (ng/mL), ``k_e0`` (1/h) and ``w``.
    """

    inputs: SteroidInputs
    priors: Mapping[str, Prior]
    regimens: Mapping[str, Regimen]
    sources: Mapping[str, SourcedValue]
    regimen_sources: Mapping[str, tuple[str, ...]]
    sha256: str


def shipped_drugs(inputs: str | None = None) -> tuple[str, ...]:
    """Names of the drugs that come with the package, mildest role first; not the rescue.

    Args:
        inputs: the version of the inputs; by default the current one.

    Raises:
        InputError: an unknown version.
    """
    return _SHIPPED[which_inputs(inputs)]


def load_drug(
    path_or_name: str | os.PathLike[str], *, class_defaults: bool = False, inputs: str | None = None
) -> DrugFile:
    """Read a drug that comes with the package, by name, or a drug file of one's own, by path.

    Args:
        path_or_name: one of `shipped_drugs`, or the path of a ``.toml`` file.
        class_defaults: take every number that a file of one's own leaves out from the drug's
            class, where the class has one, as if the file asked for each.
        inputs: the version of the inputs among which a name is looked up, and from which a rate
            that is the ``same_as`` another drug's is taken; by default the current one.

    Raises:
        InputError: For a file that is not there or not TOML; an unknown, missing or misplaced key;
            an unknown unit or a wrong dimension; a number that is missing, negative or not finite;
            an unknown mechanism or version; no regimen named ``clinical``.
        EvidenceError: For a number without a source, a source that is in no evidence table, or an
            unverified row without the words "declared assumption" beside it.

    >>> blinatumomab = load_drug("blinatumomab")
    >>> blinatumomab.sources["CL"].value, blinatumomab.sources["CL"].unit
    (2.22, 'L/h')
    >>> sorted(blinatumomab.regimens)
    ['clinical', 'flat_15', 'step']
    """
    text = os.fspath(path_or_name)
    if text == RESCUE:
        raise InputError(f"{RESCUE!r} is the rescue and not a drug; use load_tocilizumab().")
    if text == STEROID:
        raise InputError(f"{STEROID!r} is a co-medication and no drug; use load_dexamethasone().")
    inputs = which_inputs(inputs)
    known = shipped_drugs(inputs)
    if text in known:
        return _shipped_drug(text, inputs)
    if not text.lower().endswith(".toml"):
        raise InputError(
            f"Drug {text!r} is not known; expected one of {', '.join(known)} or the path of a "
            ".toml file."
        )
    path = Path(text)
    return _read_drug(path.name, _read_bytes(path), inputs, class_defaults, path.parent)


def load_tocilizumab(*, inputs: str | None = None) -> RescueFile:
    """The rescue: its inputs in hours, litres, micrograms and ng/mL, and its regimens.

    Args:
        inputs: the version of the inputs; by default the current one.

    Raises:
        InputError, EvidenceError: As `load_drug`.
    """
    return _rescue(which_inputs(inputs))


def load_dexamethasone(*, inputs: str | None = None) -> SteroidFile:
    """The steroid: its inputs in hours, litres and ng/mL, their priors, and its regimens.

    Args:
        inputs: the version of the inputs; by default the current one.

    Raises:
        InputError, EvidenceError: As `load_drug`.
    """
    return _steroid(which_inputs(inputs))


# ---------------------------------------------------------------- from shape to inputs


MASSES_KDA = 10.0, 500.0
"""Molar masses of antibodies and what is made of them."""
WEIGHTS_KG, AREAS_M2 = (1.0, 400.0), (0.1, 4.0)
"""Patients, from an infant to the heaviest adults."""


@dataclass(frozen=True)
class _Patient:
    """Whom amounts per kilogram or square metre are for, and what a mole of the drug weighs."""

    weight_kg: float
    bsa_m2: float | None = None
    molar_mass_kDa: float | None = None

    def convert(self, value: float, given: str, unit: str) -> float:
        """A number in `unit`, also if it was given per kilogram, per square metre or by substance.

        Raises:
            InputError: a wrong dimension, or an amount of substance without a molar mass.
        """
        for per, size in (("", 1.0), ("/kg", self.weight_kg), ("/m2", self.bsa_m2)):
            if size is None:
                continue
            if same_kind(given, unit + per):
                return convert(value, given, unit + per) * size
            # 1 nmol of 1 kDa is 1 ug
            substance = {"ng/mL": "nM", "ug": "nmol", "ug/h": "nmol/h"}.get(unit)
            if substance is None or not same_kind(given, substance + per):
                continue
            if self.molar_mass_kDa is None:
                raise InputError(
                    f"{given!r} counts molecules; expected the drug's molar_mass as well."
                )
            if unit == "ng/mL":
                return molar_to_mass(value, given, self.molar_mass_kDa, "kDa", unit)
            return convert(value, given, substance + per) * self.molar_mass_kDa * size
        return convert(value, given, unit)


@dataclass(frozen=True)
class _Reader:
    """Turns the numbers of one file into floats, and remembers each as written."""

    file: str
    sources: dict[str, SourcedValue]
    inputs: str = "v1"
    own: bool = False
    from_class: frozenset[str] = frozenset()
    patient: _Patient | None = None

    def check(self, name: str, given: list[str]) -> tuple[str, ...]:
        """The sources of what stands at `name`, if it may rest on them."""
        where = f"Drug file {self.file}, {name}"
        if name in self.from_class:
            return (CLASS_DEFAULT, *check_sources(where, given))
        if not self.own or not given:
            return check_sources(where, given)
        for source in given:
            if not source.strip() or not source.isprintable() or source == CLASS_DEFAULT:
                raise EvidenceError(
                    f"{where} names the source {source!r}; expected an evidence id, the words "
                    f"{DECLARED!r} or those of a source of your own."
                )
        rows = [s for s in given if s == DECLARED or _LOOKS_LIKE_AN_ID.fullmatch(s)]
        # words of one's own stand for a number as a declared assumption does
        check_sources(where, rows if len(rows) == len(given) else [*rows, DECLARED])
        return tuple(given)

    def __call__(self, name: str, number: schema.Number, unit: str) -> float:
        """The number in `unit`; `name` is where it stands in the file."""
        where = f"Drug file {self.file}, {name}"
        try:
            to = self.patient.convert if self.patient is not None else convert
            value = to(number.value, number.unit, unit)
        except InputError as problem:
            raise InputError(f"{where}: {problem}") from None
        self.sources[name.rpartition(".")[2]] = SourcedValue(
            number.value,
            number.unit,
            self.check(name, number.source),
            number.note,
            number.low,
            number.high,
            getattr(number, "status", None),
            getattr(number, "log10_sd", None),
        )
        return value


def _read_drug(
    file: str,
    data: bytes,
    inputs_of: str = "v1",
    take_class_defaults: bool = False,
    folder: Path | None = None,
) -> DrugFile:
    content = schema.parse(file, data)
    from_class = classes.fill(file, content, take_missing=take_class_defaults)
    shape = schema.validate(file, content, schema.DrugShape)
    sources: dict[str, SourcedValue] = {}
    read = _Reader(file, sources, inputs_of, shape.role == "user", from_class)
    weight = read("patient.weight", shape.patient.weight, "kg")
    bsa = read("patient.bsa", shape.patient.bsa, "m2")
    _require_plausible(file, "patient.weight", weight, "kg", WEIGHTS_KG)
    _require_plausible(file, "patient.bsa", bsa, "m2", AREAS_M2)
    molar_mass = _molar_mass(read, shape.molar_mass)
    patient = _Patient(weight, bsa, molar_mass)
    read = replace(read, patient=patient)
    exposure = _exposure(read, shape.pharmacokinetics)
    later = _exposure_since_v1(read, shape.pharmacokinetics)
    table: dict[str, Any] = {}
    if shape.pharmacokinetics.table is not None:
        later["table"], sha256 = _table(read, shape.pharmacokinetics.table, folder)
        table = shape.pharmacokinetics.table.model_dump() | {"sha256": sha256}
    potency = shape.potency
    hook = potency.K_hook
    rates, priors, same_as, widths = _rates(read, shape.t_cells)
    if potency.K_B is not None:
        later["K_B"] = read("potency.K_B", potency.K_B, "1")
    inputs = DrugInputs(
        name=shape.name,
        label=shape.label,
        mechanism=shape.mechanism,
        role=shape.role,
        V1=exposure["V1"],
        CL=exposure["CL"],
        V2=exposure["V2"],
        Q=exposure["Q"],
        EC50=read("potency.EC50", potency.EC50, "ng/mL"),
        h=read("potency.h", potency.h, "1"),
        K_hook=math.inf if hook is None else read("potency.K_hook", hook, "ng/mL"),
        k_act=rates["k_act"],
        k_exh=rates["k_exh"],
        k_rec=rates["k_rec"],
        k_kill=rates["k_kill"],
        weight_kg=weight,
        bsa_m2=bsa,
        **later,
    )
    priors |= _other_priors(read, shape, inputs)
    regimens, regimen_sources = _regimens(read, shape.regimens, patient)
    return DrugFile(
        inputs,
        MappingProxyType(priors),
        regimens,
        MappingProxyType(sources),
        regimen_sources,
        MappingProxyType(same_as),
        hashlib.sha256(data).hexdigest(),
        MappingProxyType(widths),
        MappingProxyType(table),
        shape.pharmacokinetics.apparent,
    )


def _other_priors(read: _Reader, shape: schema.DrugShape, inputs: DrugInputs) -> dict[str, Prior]:
    """Priors of exposure (h, L, L/h) and potency (ng/mL), where the file gives them.

    Raises:
        InputError: in a drug of one's own, of which rates alone are drawn.
    """
    given = {
        name: getattr(part, name)
        for part in (shape.pharmacokinetics, shape.potency)
        for name in type(part).model_fields
        if getattr(getattr(part, name), "status", None) is not None
    }
    if given and read.own:
        name = next(iter(given))
        raise InputError(
            f"Drug file {read.file}, {name}: a status was given; expected one of a T-cell rate "
            "alone. Of a drug of one's own no other number is drawn; give another value in its "
            "place to see what it does."
        )
    half_life = math.log(2) * inputs.V1 / inputs.CL if "half_life" in given else math.nan
    values = {name: getattr(inputs, name, half_life) for name in given}
    return {
        name: Prior(values[name], number.log10_sd or 0.0, number.status)
        for name, number in given.items()
    }


def _exposure(read: _Reader, given: schema.Exposure) -> dict[str, float]:
    """V1, CL, V2 and Q in litres and hours; one compartment has V2 = 1 L and Q = 0."""
    if given.V1 is None:  # a table stands in place of compartments, which are not read
        return {"V1": 1.0, "CL": 0.0, "V2": 1.0, "Q": 0.0}
    v1 = read("pharmacokinetics.V1", given.V1, "L")
    if given.CL is None and given.half_life is None:
        clearance = 0.0  # elimination is saturable alone
    elif given.CL is not None:
        clearance = read("pharmacokinetics.CL", given.CL, "L/h")
    else:
        assert given.half_life is not None  # the shape has one of the two
        clearance = math.log(2) * v1 / read("pharmacokinetics.half_life", given.half_life, "h")
    if given.V2 is None or given.Q is None:
        return {"V1": v1, "CL": clearance, "V2": 1.0, "Q": 0.0}
    return {
        "V1": v1,
        "CL": clearance,
        "V2": read("pharmacokinetics.V2", given.V2, "L"),
        "Q": read("pharmacokinetics.Q", given.Q, "L/h"),
    }


def _molar_mass(read: _Reader, given: schema.Number | None) -> float | None:
    if given is None:
        return None
    value = read("molar_mass", given, "kDa")
    _require_plausible(read.file, "molar_mass", value, "kDa", MASSES_KDA)
    return value


def _require_plausible(
    file: str, name: str, value: float, unit: str, between: tuple[float, float]
) -> None:
    """Raise where a number, as it was understood, is surely a slip."""
    low, high = between
    if not low <= value <= high:
        raise InputError(
            f"Drug file {file}, {name}: understood as {value:g} {unit}; expected {low:g} to "
            f"{high:g} {unit}."
        )


def _exposure_since_v1(read: _Reader, given: schema.Exposure) -> dict[str, Any]:
    """What a file may add to compartments, in hours, litres and ug."""
    units = {
        "k_a": "1/h",
        "F": "1",
        "lag": "h",
        "CL_0": "L/h",
        "k_CL": "1/h",
        "half_life_CL": "h",
        "Vmax": "ug/h",
        "Km": "ng/mL",
    }
    numbers = {name: getattr(given, name) for name in units}
    found: dict[str, Any] = {
        name: read(f"pharmacokinetics.{name}", number, units[name])
        for name, number in numbers.items()
        if number is not None
    }
    if "lag" in found:
        found["lag_h"] = found.pop("lag")
    if "half_life_CL" in found:
        found["k_CL"] = math.log(2) / found.pop("half_life_CL")
    return found


def _table(
    read: _Reader, given: schema.Table, folder: Path | None
) -> tuple[ConcentrationTable, str]:
    """The table beside the file, and the SHA-256 of its bytes."""
    where = f"Drug file {read.file}, pharmacokinetics.table"
    read.check("pharmacokinetics.table", given.source)
    if folder is None:
        raise InputError(f"{where}: {given.file!r} was given; expected a drug file with a folder.")
    ends = given.ends
    if ends is None:
        half_life = None
    else:
        half_life = 0.0 if ends == "zero" else _quantity("table.ends", ends, "h")
    data = _read_bytes(folder / given.file, "a .csv file of concentrations")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise InputError(f"{where}: {given.file!r} is not UTF-8 text.") from None
    assert read.patient is not None  # it is known before exposure is read
    table = read_concentrations(
        given.file,
        text,
        interpolation=given.interpolation,
        ends=half_life,
        molar_mass_kDa=read.patient.molar_mass_kDa,
    )
    return table, hashlib.sha256(data).hexdigest()


def _rates(
    read: _Reader, given: schema.TCells
) -> tuple[dict[str, float], dict[str, Prior], dict[str, str], dict[str, float]]:
    """The T-cell rates (1/h), their priors, and which are another drug's, within what width."""
    rates = {"k_kill": 0.0}
    priors: dict[str, Prior] = {}
    same_as: dict[str, str] = {}
    widths: dict[str, float] = {}
    for name in _RATES:
        rate = getattr(given, name)
        if rate is None:
            continue
        if isinstance(rate, schema.SameAs):
            priors[name], read.sources[name] = _borrowed(read, name, rate)
            rates[name] = priors[name].median
            same_as[name] = rate.same_as
            if rate.log10_sd:
                widths[name] = rate.log10_sd
        else:
            rates[name] = read(f"t_cells.{name}", rate, "1/h")
            priors[name] = Prior(rates[name], rate.log10_sd or 0.0, rate.status)
    return rates, priors, same_as, widths


def _borrowed(read: _Reader, name: str, rate: schema.SameAs) -> tuple[Prior, SourcedValue]:
    """The prior of another shipped drug's rate, and the quantity that says so."""
    where = f"Drug file {read.file}, t_cells.{name}"
    known = shipped_drugs(read.inputs)
    if rate.same_as not in known or read.file == f"{rate.same_as}.toml":
        raise InputError(
            f"{where}: same_as {rate.same_as!r} was given; expected another of {', '.join(known)}."
        )
    other = _shipped_drug(rate.same_as, read.inputs)
    if name not in other.priors or name in other.same_as:
        raise InputError(
            f"{where}: same_as {rate.same_as!r} has no {name} of its own; expected a drug that "
            "has one."
        )
    written = other.sources[name]
    quantity = SourcedValue(
        written.value,
        written.unit,
        read.check(f"t_cells.{name}", rate.source),
        rate.note,
        status=written.status,
        log10_sd=written.log10_sd,
        same_as=rate.same_as,
    )
    return other.priors[name], quantity


def _read_rescue(file: str, data: bytes) -> RescueFile:
    shape = schema.validate(file, schema.parse(file, data), schema.RescueShape)
    sources: dict[str, SourcedValue] = {}
    read = _Reader(file, sources)
    pk, receptor = shape.pharmacokinetics, shape.receptor
    read("receptor.molar_mass", receptor.molar_mass, "kDa")
    read("receptor.K_D", receptor.K_D, "nM")
    weight = read("patient.weight", shape.patient.weight, "kg")
    inputs = TocilizumabInputs(
        V1=read("pharmacokinetics.V1", pk.V1, "L"),
        CL=read("pharmacokinetics.CL", pk.CL, "L/h"),
        V2=read("pharmacokinetics.V2", pk.V2, "L"),
        Q=read("pharmacokinetics.Q", pk.Q, "L/h"),
        Vmax=read("pharmacokinetics.Vmax", pk.Vmax, "ug/h"),
        Km=read("pharmacokinetics.Km", pk.Km, "ng/mL"),
        K_D=molar_to_mass(
            receptor.K_D.value,
            receptor.K_D.unit,
            receptor.molar_mass.value,
            receptor.molar_mass.unit,
            "ng/mL",
        ),
        f_R=read("receptor.f_R", receptor.f_R, "1"),
        weight_kg=weight,
    )
    regimens, regimen_sources = _regimens(read, shape.regimens, _Patient(weight))
    of_receptor, priors = receptor.f_R, {}
    if of_receptor.status is not None:
        priors["f_R"] = Prior(inputs.f_R, of_receptor.log10_sd or 0.0, of_receptor.status)
    return RescueFile(
        inputs,
        regimens,
        MappingProxyType(sources),
        regimen_sources,
        hashlib.sha256(data).hexdigest(),
        MappingProxyType(priors),
    )


def _read_steroid(file: str, data: bytes) -> SteroidFile:
    shape = schema.validate(file, schema.parse(file, data), schema.SteroidShape)
    sources: dict[str, SourcedValue] = {}
    read = _Reader(file, sources)
    pk, effect = shape.pharmacokinetics, shape.effect
    weight = read("patient.weight", shape.patient.weight, "kg")
    molar_mass = read("effect.molar_mass", effect.molar_mass, "kDa")
    of_effect = replace(read, patient=_Patient(weight, molar_mass_kDa=molar_mass))
    drawn = {
        name: of_effect(f"effect.{name}", getattr(effect, name), unit)
        for name, unit in (("IC50", "ng/mL"), ("k_e0", "1/h"), ("w", "1"))
    }
    priors = {
        name: Prior(value, getattr(effect, name).log10_sd or 0.0, getattr(effect, name).status)
        for name, value in drawn.items()
    }
    inputs = SteroidInputs(
        V=read("pharmacokinetics.V", pk.V, "L"),
        CL=read("pharmacokinetics.CL", pk.CL, "L/h"),
        k_a=read("pharmacokinetics.k_a", pk.k_a, "1/h"),
        F=read("pharmacokinetics.F", pk.F, "1"),
        **drawn,
    )
    regimens, regimen_sources = _regimens(read, shape.regimens, _Patient(weight))
    return SteroidFile(
        inputs,
        MappingProxyType(priors),
        regimens,
        MappingProxyType(sources),
        regimen_sources,
        hashlib.sha256(data).hexdigest(),
    )


# ---------------------------------------------------------------- regimens


def _regimens(
    read: _Reader,
    given: dict[str, schema.RegimenShape],
    patient: _Patient,
) -> tuple[Mapping[str, Regimen], Mapping[str, tuple[str, ...]]]:
    regimens: dict[str, Regimen] = {}
    sources: dict[str, tuple[str, ...]] = {}
    for key, regimen in given.items():
        where = f"Drug file {read.file}, regimens.{key}"
        sources[key] = read.check(f"regimens.{key}", regimen.source)
        count = sum(dose.count for dose in regimen.doses)
        if count > MOST_DOSES:
            raise InputError(
                f"{where}: {count} doses were given; expected at most {MOST_DOSES}. Give a rate "
                "over a duration in place of many small doses."
            )
        doses: list[Bolus | Infusion] = []
        for dose in regimen.doses:
            try:
                doses.extend(_doses(dose, patient))
            except InputError as problem:
                raise InputError(f"{where}: {problem}") from None
        regimens[key] = Regimen.of(*doses, label=regimen.label)
    return MappingProxyType(regimens), MappingProxyType(sources)


def _doses(dose: schema.Dose, patient: _Patient) -> list[Bolus | Infusion]:
    """Every dose that one line of a regimen stands for (h, ug)."""
    first = _quantity("time", dose.time, "h", positive=False)
    step = 0.0 if dose.every is None else _quantity("every", dose.every, "h")
    times = [first + step * number for number in range(dose.count)]
    length = math.nan if dose.duration is None else _quantity("duration", dose.duration, "h")
    if dose.rate is not None:
        rate = _for_patient("rate", dose.rate, "ug/h", patient)
        return [Infusion.at_rate(time, length, rate) for time in times]
    kind = "infusion" if dose.bolus is None else "bolus"
    amount = _for_patient(kind, getattr(dose, kind), "ug", patient)
    if dose.max is not None:
        amount = min(amount, _quantity("max", dose.max, "ug"))
    if dose.bolus is not None:
        return [Bolus(time, amount, dose.route) for time in times]
    return [Infusion(time, length, amount) for time in times]


def _quantity(name: str, text: str, unit: str, *, positive: bool = True) -> float:
    value, given = split(text)
    number = convert(value, given, unit)
    if number < 0 or (positive and number == 0):
        wanted = "more than 0" if positive else "0 or more"
        raise InputError(f"{name} {text!r} was given; expected {wanted}.")
    return number


def _for_patient(name: str, text: str, unit: str, patient: _Patient) -> float:
    """A dose or rate in `unit`, multiplied out if it is per kilogram or per square metre."""
    value, given = split(text)
    if value <= 0:
        raise InputError(f"{name} {text!r} was given; expected more than 0.")
    number = patient.convert(value, given, unit)
    if not number <= LARGEST_DOSE_UG:
        raise InputError(
            f"{name} {text!r} was given, understood as {number:g} {unit}; expected at most "
            f"{LARGEST_DOSE_UG:g} {unit}."
        )
    return number


def class_value(mechanism: str, section: str, name: str) -> tuple[float, SourcedValue]:
    """A class default that is a plain number, and the quantity that says where it comes from.

    Raises:
        InputError: the class has none.
    """
    content: dict[str, Any] = {"mechanism": mechanism, section: {name: dict(classes.ASKED)}}
    classes.fill("of the class", content, take_missing=False)
    number = schema.validate("of the class", content[section][name], schema.Number)
    source = (CLASS_DEFAULT, *number.source)
    return number.value, SourcedValue(
        number.value, number.unit, source, number.note, number.low, number.high
    )


def dose_for(name: str, text: str, weight_kg: float) -> tuple[float, bool]:
    """An amount such as ``8 mg/kg`` for a patient (ug), and whether it is per kilogram.

    Raises:
        InputError: no amount, none above 0, or more than any antibody is given in.
    """
    try:
        split(text)
    except InputError as problem:
        raise InputError(f"{name}: {problem}") from None
    amount = _for_patient(name, text, "ug", _Patient(weight_kg))
    return amount, same_kind(split(text)[1], "ug/kg")


def with_events(file: DrugFile, path: str | os.PathLike[str]) -> tuple[DrugFile, str]:
    """A drug file with the doses of event rows as a regimen of its own, and that regimen's key.

    The key is the name of the file without its ending.

    Raises:
        InputError: a file that cannot be read, or what `read_events` refuses.
    """
    source, inputs = Path(path), file.inputs
    if inputs.table is not None:
        raise InputError(
            f"{inputs.label} has a table of concentrations, which is of its own doses; expected "
            "its regimen 'clinical' and no event rows."
        )
    data = _read_bytes(source, "a .csv file of event rows")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise InputError(f"Event rows {source.name} are not UTF-8 text; save them as it.") from None
    molar = file.sources.get("molar_mass")
    patient = _Patient(inputs.weight_kg, inputs.bsa_m2, None if molar is None else molar.to("kDa"))

    def understood(name: str, value: float, given: str, unit: str) -> float:
        if name == "TIME":
            return convert(value, given, unit)
        return _for_patient(name, f"{value!r} {given}", unit, patient)

    events = read_events(
        source.name,
        text,
        has_depot=inputs.k_a is not None,
        convert=understood,
        most_doses=MOST_DOSES,
    )
    if file.apparent and events.regimen.by("IV").doses:
        raise InputError(
            f"Event rows {source.name}: a dose into a vein was given to a drug whose values are "
            "over the F of another route; expected CMT 1 or SC throughout."
        )
    key = re.sub(r"[^a-z0-9_-]+", "-", source.stem.lower()).strip("-_")[:64] or "events"
    key = key if key[0].isalpha() else f"events-{key}"[:64]
    ignored = f"; columns not read: {', '.join(events.not_read)}" if events.not_read else ""
    regimen = replace(events.regimen, label=f"event rows of {source.name}{ignored}")
    sha256 = hashlib.sha256(data).hexdigest()
    regimens = {**file.regimens, key: regimen}
    sources = {**file.regimen_sources, key: (f"{source.name}, SHA-256 {sha256}",)}
    return (
        replace(
            file,
            regimens=MappingProxyType(regimens),
            regimen_sources=MappingProxyType(sources),
        ),
        key,
    )


# ---------------------------------------------------------------- reading the bytes


@lru_cache(maxsize=sum(map(len, _SHIPPED.values())))
def _shipped_drug(name: str, inputs: str) -> DrugFile:
    path = _packaged(name, inputs)
    return _read_drug(path.name, path.read_bytes(), inputs, folder=path.parent)


@lru_cache(maxsize=len(_SHIPPED))
def _rescue(inputs: str) -> RescueFile:
    return _read_rescue(f"{RESCUE}.toml", _packaged(RESCUE, inputs).read_bytes())


@lru_cache(maxsize=len(_SHIPPED))
def _steroid(inputs: str) -> SteroidFile:
    return _read_steroid(f"{STEROID}.toml", _packaged(STEROID, inputs).read_bytes())


def _packaged(name: str, inputs: str) -> Path:
    return Path(str(input_file(f"drugs/{name}.toml", inputs)))


def _read_bytes(path: Path, what: str = "the path of a .toml file") -> bytes:
    wanted = f"expected {what}"
    try:
        if path.exists() and not path.is_file():
            raise InputError(f"Drug file {path} is not a file; {wanted}.")
        with path.open("rb") as stream:
            data = stream.read(LARGEST_FILE + 1)
    except (OSError, ValueError) as problem:
        if isinstance(problem, InputError):
            raise
        reason = getattr(problem, "strerror", None) or problem
        raise InputError(f"Drug file {path} cannot be read ({reason}); {wanted}.") from None
    if len(data) > LARGEST_FILE:
        raise InputError(
            f"Drug file {path} is larger than {LARGEST_FILE} bytes; {wanted} of a few thousand."
        )
    return data
