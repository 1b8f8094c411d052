"""Units at the edge of the package: text and tables in, plain floats out.

Inside the package every number is a float in hours, litres, micrograms, ng/mL (drug) or
pg/mL (cytokine). Units are read here, with pint, and nowhere deeper.

Two conventions of the field are made explicit so that a slip becomes an error:

* ``/kg`` means *per kilogram of body weight*. It does not cancel against a mass, so
  ``0.1 mg/kg`` cannot be taken for a pure number, nor for an amount.
* counts and scores (patients, cells, wells, grade) each have a dimension of their own.

What pint makes of the units that the package's own tables and files are written in is kept in
``data/known_units.csv``, so that reading those does not wait for it;
``python -m qsp_lib.evidence.known_units`` writes that table again.
"""

from __future__ import annotations

import csv
import math
import re
from dataclasses import dataclass
from fractions import Fraction
from functools import cache, lru_cache
from importlib import resources
from typing import TYPE_CHECKING

from ..common import InputError, late

if TYPE_CHECKING:
    import pint

_DEFINITIONS = """
femto- = 1e-15 = f-
pico- = 1e-12 = p-
nano- = 1e-9 = n-
micro- = 1e-6 = µ- = μ- = u- = mu- = mc-
milli- = 1e-3 = m-
centi- = 1e-2 = c-
deci- = 1e-1 = d-
kilo- = 1e3 = k-
mega- = 1e6 = M-
meter = [length] = m = metre
second = [time] = s = sec
gram = [mass] = g
mole = [substance] = mol
kelvin = [temperature]; offset: 0 = K = degK
degree_Celsius = kelvin; offset: 273.15 = degC = celsius
minute = 60 * second = min
hour = 60 * minute = h = hr
day = 24 * hour = d
week = 7 * day
year = 365.25 * day = a = yr
month = year / 12
liter = decimeter ** 3 = l = L = litre
cubic_centimeter = centimeter ** 3 = cc
molar = mole / liter = M
dalton = 1.66053906660e-24 * gram = Da
pound = 453.59237 * gram = lb
percent = 0.01 = %
body_kg = [body_mass]
patient_count = [patients]
cell_count = [cells]
well_count = [wells]
event_count = [events]
severity_grade = [severity_grade]
activity_unit = [biological_activity]
"""
"""What units mean, as pint reads definitions: its own file of a thousand takes half a second."""

VOCABULARY: dict[str, str] = {
    "": "dimensionless",
    "1": "dimensionless",
    "fold": "dimensionless",
    "fraction": "dimensionless",
    "ratio": "dimensionless",
    "r": "dimensionless",
    "score": "dimensionless",
    "patients": "patient_count",
    "patient": "patient_count",
    "pts": "patient_count",
    "pt": "patient_count",
    "grade": "severity_grade",
    "cells": "cell_count",
    "cell": "cell_count",
    "well": "well_count",
    "events": "event_count",
    "event": "event_count",
    "U": "activity_unit",
    "IU": "activity_unit",
    "pt-yr": "patient_count * year",
    "h after end of infusion": "hour",
    "subjects": "patient_count",
    "CD4 cells": "cell_count",
    "log10": "dimensionless",
    "log variance": "dimensionless",
    "fold expansion": "dimensionless",
    "Hill": "dimensionless",
    "% bound": "percent",
    "% CD69+": "percent",
    "mg dexamethasone": "milligram",
    "mg dexamethasone IV": "milligram",
    "mg/week methotrexate (at least)": "milligram / week",
}
"""Words of the tables that pint does not know, or knows as something else, and their meaning.

``pt`` is a pint of beer to pint and ``grade`` is an angle. ``fold``, ``fraction`` and ``r`` (a
correlation) are pure numbers. An empty unit is a pure number: model constants such as a Hill
exponent are written so. A unit that carries words of its own (``h after end of infusion``,
``mg dexamethasone``) keeps them in the table and counts as the unit alone here.
"""

KNOWN_UNITS = "known_units.csv"
_ALLOWED = re.compile(r"[A-Za-z0-9%µμ/*^.() -]*")
_TOKEN = re.compile(r"[A-Za-zµμ%_]+[0-9]*")
_INVERSE = re.compile(r"([A-Za-zµμ]+)-([1-9])")
_NUMBER_AND_UNIT = re.compile(r"\s*([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)\s*(.*?)\s*")


@dataclass(frozen=True)
class Unit:
    """What a unit text means.

    Attributes:
        factor: one of it in the base units of its dimension, exactly.
        dimension: in words, such as ``[mass] [length]^-3``; empty for a pure number.
        zero: where its zero lies in base units; 0 for a unit of a ratio.
    """

    factor: Fraction
    dimension: str
    zero: Fraction = Fraction(0)


def check_unit(unit: str) -> str:
    """Return `unit` unchanged if it can be read; otherwise raise `InputError`."""
    _parse_unit(unit)
    return unit


def convert(value: float | str, unit: str, to: str) -> float:
    """Convert `value` in `unit` to the unit `to`.

    Args:
        value: a number, or the text of one (no unit in it).
        unit, to: unit texts such as ``"L/d"``, ``"mg/kg"``, ``"ug/m^2/day"``, ``"cells/uL"``.

    Returns:
        The float nearest to the exact result: factors are kept as fractions, so that 5 mg is
            5000.0 ug and not 5000.000000000001.

    Raises:
        InputError: For something that is not a finite number, an unknown unit or a wrong dimension.

    >>> convert(0.3, "L/d", "L/h")
    0.0125
    """
    number = _number(value)
    source, target = _parse_unit(unit), _parse_unit(to)
    if source.dimension != target.dimension:
        raise InputError(
            f"Unit {unit!r} was given where {to!r} or a unit of the same kind was expected "
            f"({_in_words(source)} is not {_in_words(target)})."
        )
    if source.zero != target.zero:
        raise InputError(f"{unit!r} and {to!r} have different zeros; expected units of a ratio.")
    try:
        return float(Fraction(repr(number)) * source.factor / target.factor)
    except OverflowError:
        raise InputError(
            f"{value!r} {unit} was given; in {to} it is too large a number to compute with."
        ) from None


def parse(text: str, to: str) -> float:
    """Read a number with its unit and return it in the unit `to`.

    >>> parse("5 mg", "ug")
    5000.0

    Raises:
        InputError: If `text` is not a number followed by a unit, or its unit is not of the kind of
            `to`.
    """
    value, unit = split(text)
    return convert(value, unit, to)


def split(text: str) -> tuple[float, str]:
    """Split ``"60 ug/m^2/day"`` into ``(60.0, "ug/m^2/day")``; the unit is checked.

    Raises:
        InputError: If `text` is not a number followed by a unit that can be read.
    """
    match = _NUMBER_AND_UNIT.fullmatch(text) if isinstance(text, str) else None
    if match is None or not match[2]:
        raise InputError(
            f"{text!r} was given where a number with a unit was expected, such as '5 mg'."
        )
    if match[2].startswith(","):
        raise InputError(f"{text!r} was given; expected a number with a point for decimals.")
    return _number(match[1]), check_unit(match[2])


def same_kind(unit: str, other: str) -> bool:
    """Whether two units measure the same kind of thing, so that one converts to the other.

    >>> same_kind("ug/m^2/day", "mg/m2/h"), same_kind("mg/kg", "mg")
    (True, False)
    """
    return _parse_unit(unit).dimension == _parse_unit(other).dimension


def molar_to_mass(
    value: float, unit: str, molar_mass: float, molar_mass_unit: str, to: str
) -> float:
    """Turn a molar concentration into a mass concentration.

    Args:
        value, unit: molar concentration, such as 2.54 and ``"nM"``.
        molar_mass, molar_mass_unit: mass of one molecule, such as 148 and ``"kDa"``; 1 kDa is taken
            as 1 kg/mol.
        to: unit of mass concentration, such as ``"ng/mL"``.

    >>> molar_to_mass(2.54, "nM", 148, "kDa", "ng/mL")
    375.92
    """
    micromolar = convert(value, unit, "uM")
    kilodalton = convert(molar_mass, molar_mass_unit, "kDa")
    return convert(micromolar * kilodalton, "mg/L", to)


@lru_cache(maxsize=1)
def _registry() -> pint.UnitRegistry:
    """The one registry, built on first use."""
    lines = _DEFINITIONS.strip().splitlines()
    registry: pint.UnitRegistry = late.pint.UnitRegistry(lines, non_int_type=Fraction)
    return registry


@lru_cache(maxsize=512)
def _parse_unit(unit: str) -> Unit:
    if isinstance(unit, str) and unit in _known_units():
        return _known_units()[unit]
    return read_by_pint(unit)


@cache
def _known_units() -> dict[str, Unit]:
    """The kept table, by unit text."""
    text = (resources.files("qsp_lib") / "data" / KNOWN_UNITS).read_text(encoding="utf-8")
    return {
        row["unit"]: Unit(Fraction(row["factor"]), row["dimension"], Fraction(row["zero"]))
        for row in csv.DictReader(text.splitlines())
    }


def read_by_pint(unit: str) -> Unit:
    """What pint says that a unit text means.

    Raises:
        InputError: it is no unit that this package knows.
    """
    if not isinstance(unit, str) or not (unit in VOCABULARY or _ALLOWED.fullmatch(unit)):
        raise InputError(f"Unit {unit!r} was given; expected a unit such as 'ng/mL' or '1/h'.")
    try:
        parsed = _registry().parse_units(_expression(unit))
        zero, one = (
            Fraction(_registry().Quantity(Fraction(n), parsed).to_root_units().magnitude)
            for n in (0, 1)
        )
    except Exception as problem:  # pint raises a dozen kinds for text it cannot read
        raise InputError(
            f"Unit {unit!r} is not known; expected a unit such as 'ng/mL', 'L/h' or 'mg/kg'."
        ) from problem
    powers = sorted((name, str(power)) for name, power in parsed.dimensionality.items())
    words = [name if power == "1" else f"{name}^{power}" for name, power in powers]
    return Unit(one - zero, " ".join(words), zero)


def _expression(unit: str) -> str:
    """Rewrite a unit of the tables as pint reads it."""
    text = unit.strip()
    if text in VOCABULARY:
        return VOCABULARY[text]
    head, _, tail = text.partition("/")
    if tail == "pt-yr":
        return f"({_expression(head)}) / ({VOCABULARY['pt-yr']})"
    text = re.sub(r"/\s*kg\b", "/body_kg", text)
    text = _INVERSE.sub(r"\1^(-\2)", text)
    text = re.sub(r"^1\s*/", "dimensionless/", text)
    return _TOKEN.sub(_word, text).replace("^", "**")


def _word(match: re.Match[str]) -> str:
    """One word of a unit: from the vocabulary, an area written ``m2``, a percent, or as it is."""
    word = match[0]
    if word in VOCABULARY:
        return VOCABULARY[word]
    if word == "%":
        return "percent"
    if re.fullmatch(r"[munc]?m[23]", word):
        return f"{word[:-1]}**{word[-1]}"
    return word


def _number(value: float | str) -> float:
    if isinstance(value, bool):
        raise InputError(f"{value!r} was given where a number was expected.")
    try:
        number = float(value)
    except (TypeError, ValueError):
        raise InputError(f"{value!r} was given where a number was expected.") from None
    if not math.isfinite(number):
        raise InputError(f"{value!r} was given where a finite number was expected.")
    return number


def _in_words(unit: Unit) -> str:
    """Its dimension, for a sentence."""
    return unit.dimension or "a pure number"
