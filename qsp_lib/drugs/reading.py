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
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

from ..common import InputError, which_inputs
from ..evidence import convert
from ..model import ConcentrationTable, DrugInputs, Prior
from . import class_defaults as classes
from . import shape as schema
from .class_defaults import CLASS_DEFAULT
from .co_medications import RESCUE, STEROID
from .concentrations import read_concentrations
from .events import read_events
from .files import DrugFile, FittedDraws, SourcedValue
from .fitted import read_fitted
from .patient import Patient, for_patient, quantity
from .reader import MOST_DOSES, Reader, packaged, read_bytes, read_regimens

_OF_V1 = ("blinatumomab", "tgn1412", "okt3")
_SHIPPED: Mapping[str, tuple[str, ...]] = {
    "v1": _OF_V1,
    "v2": (*_OF_V1, "mosunetuzumab", "teclistamab", "epcoritamab", "epcoritamab-linear"),
}
"""The drugs that come with the package, by the version of the inputs."""
_RATES = ("k_act", "k_exh", "k_kill", "k_rec")


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
    ['clinical', 'flat_15', 'flat_5', 'step', 'stepped']
    """
    text = os.fspath(path_or_name)
    if text == RESCUE:
        raise InputError(
            f"{RESCUE!r} is the rescue and not a drug; give it beside one with --tocilizumab, or "
            "use load_tocilizumab()."
        )
    if text == STEROID:
        raise InputError(
            f"{STEROID!r} is a co-medication and no drug; give it beside one with "
            "--dexamethasone, or use load_dexamethasone()."
        )
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
    return _read_drug(path.name, read_bytes(path), inputs, class_defaults, path.parent)


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
    data = read_bytes(source, "a .csv file of event rows", name="Regimen")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise InputError(f"Event rows {source.name} are not UTF-8 text; save them as it.") from None
    molar = file.sources.get("molar_mass")
    patient = Patient(inputs.weight_kg, inputs.bsa_m2, None if molar is None else molar.to("kDa"))

    def understood(name: str, value: float, given: str, unit: str) -> float:
        if name == "TIME":
            return convert(value, given, unit)
        return for_patient(name, f"{value!r} {given}", unit, patient)

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
    read = Reader(file, sources, inputs_of, shape.role == "user", from_class)
    weight = read("patient.weight", shape.patient.weight, "kg")
    bsa = read("patient.bsa", shape.patient.bsa, "m2")
    molar_mass = _molar_mass(read, shape.molar_mass)
    patient = Patient(weight, bsa, molar_mass)
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
    if read.own and inputs.K_hook < inputs.EC50:
        raise InputError(
            f"Drug file {file}, potency.K_hook: understood as {inputs.K_hook:g} ng/mL, which is "
            f"below the EC50 of {inputs.EC50:g} ng/mL; expected more, as the hook lies where the "
            "rise has been. Check its unit."
        )
    priors |= _other_priors(read, shape, inputs)
    regimens, regimen_sources = read_regimens(read, shape.regimens, patient)
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
        None if shape.fitted is None else _fitted(read, shape.fitted, folder),
    )


def _other_priors(read: Reader, shape: schema.DrugShape, inputs: DrugInputs) -> dict[str, Prior]:
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


def _exposure(read: Reader, given: schema.Exposure) -> dict[str, float]:
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


def _molar_mass(read: Reader, given: schema.Number | None) -> float | None:
    if given is None:
        return None
    return read("molar_mass", given, "kDa")


def _exposure_since_v1(read: Reader, given: schema.Exposure) -> dict[str, Any]:
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
    read: Reader, given: schema.Table, folder: Path | None
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
        half_life = 0.0 if ends.casefold() == "zero" else quantity("table.ends", ends, "h")
    data = read_bytes(folder / given.file, "a .csv file of concentrations")
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


def _fitted(read: Reader, given: schema.Fitted, folder: Path | None) -> FittedDraws:
    """The joint draws beside the file, which are those that the file names."""
    where = f"Drug file {read.file}, fitted"
    source = read.check("fitted", given.source)
    if folder is None or not read.own:
        raise InputError(f"{where}: {given.file!r} was given; expected it of a drug of one's own.")
    data = read_bytes(folder / given.file, "the .csv file of draws that the fit wrote beside it")
    sha256 = hashlib.sha256(data.replace(b"\r\n", b"\n")).hexdigest()
    if sha256 != given.sha256:
        raise InputError(
            f"{where}: {given.file!r} is not the file that the fit wrote ({sha256[:12]}, expected "
            f"{given.sha256[:12]}); restore both, or fit again."
        )
    members, values = read_fitted(where, data.decode("utf-8"), given.network_draws)
    return FittedDraws(
        members,
        values,
        given.network_draws,
        given.seed,
        given.lock,
        tuple(given.estimated),
        source,
    )


def _rates(
    read: Reader, given: schema.TCells
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


def _borrowed(read: Reader, name: str, rate: schema.SameAs) -> tuple[Prior, SourcedValue]:
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


@lru_cache(maxsize=sum(map(len, _SHIPPED.values())))
def _shipped_drug(name: str, inputs: str) -> DrugFile:
    path = packaged(name, inputs)
    return _read_drug(path.name, path.read_bytes(), inputs, folder=path.parent)
