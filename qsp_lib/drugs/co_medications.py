"""Tocilizumab and dexamethasone: what is given against the release, each with a file of its own."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from functools import cache
from types import MappingProxyType

from ..common import which_inputs
from ..evidence import molar_to_mass
from ..model import Prior, SteroidInputs, TocilizumabInputs
from . import shape as schema
from .files import RescueFile, SourcedValue, SteroidFile
from .patient import Patient
from .reader import Reader, packaged, read_regimens

RESCUE = "tocilizumab"
STEROID = "dexamethasone"


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


def _read_rescue(file: str, data: bytes) -> RescueFile:
    shape = schema.validate(file, schema.parse(file, data), schema.RescueShape)
    sources: dict[str, SourcedValue] = {}
    read = Reader(file, sources)
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
    regimens, regimen_sources = read_regimens(read, shape.regimens, Patient(weight))
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
    read = Reader(file, sources)
    pk, effect = shape.pharmacokinetics, shape.effect
    weight = read("patient.weight", shape.patient.weight, "kg")
    molar_mass = read("effect.molar_mass", effect.molar_mass, "kDa")
    of_effect = replace(read, patient=Patient(weight, molar_mass_kDa=molar_mass))
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
    regimens, regimen_sources = read_regimens(read, shape.regimens, Patient(weight))
    return SteroidFile(
        inputs,
        MappingProxyType(priors),
        regimens,
        MappingProxyType(sources),
        regimen_sources,
        hashlib.sha256(data).hexdigest(),
    )


@cache
def _rescue(inputs: str) -> RescueFile:
    return _read_rescue(f"{RESCUE}.toml", packaged(RESCUE, inputs).read_bytes())


@cache
def _steroid(inputs: str) -> SteroidFile:
    return _read_steroid(f"{STEROID}.toml", packaged(STEROID, inputs).read_bytes())
