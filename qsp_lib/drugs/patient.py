"""Amounts, times and rates in the words of a protocol, for one patient: ``60 ug/m2/d``, ``3 d``."""

from __future__ import annotations

from dataclasses import dataclass

from ..common import InputError
from ..evidence import convert, molar_to_mass, same_kind, split

LARGEST_DOSE_UG = 1e7
"""In one dose, or in an hour: 10 g, ten times what any antibody is given in."""


@dataclass(frozen=True)
class Patient:
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


def quantity(name: str, text: str, unit: str, *, positive: bool = True) -> float:
    """A time, length or amount such as ``4 h`` in `unit`; `name` is for the message.

    Raises:
        InputError: no number with a unit, a wrong dimension, or below what is wanted.
    """
    value, given = split(text)
    number = convert(value, given, unit)
    if number < 0 or (positive and number == 0):
        wanted = "more than 0" if positive else "0 or more"
        raise InputError(f"{name} {text!r} was given; expected {wanted}.")
    return number


def for_patient(name: str, text: str, unit: str, patient: Patient) -> float:
    """A dose or rate in `unit`, multiplied out if it is per kilogram or per square metre.

    Raises:
        InputError: no number with a unit, a wrong dimension, 0 or below, or more than
            `LARGEST_DOSE_UG`.
    """
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


def dose_for(name: str, text: str, weight_kg: float) -> tuple[float, bool]:
    """An amount such as ``8 mg/kg`` for a patient (ug), and whether it is per kilogram.

    Raises:
        InputError: no amount, none above 0, or more than any antibody is given in.
    """
    try:
        split(text)
    except InputError as problem:
        raise InputError(f"{name}: {problem}") from None
    amount = for_patient(name, text, "ug", Patient(weight_kg))
    return amount, same_kind(split(text)[1], "ug/kg")
