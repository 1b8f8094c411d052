"""Reading a table of concentrations: a CSV file of time and concentration, units in its header."""

from __future__ import annotations

import csv
import io
import re

from ..common import InputError
from ..evidence import convert, molar_to_mass, same_kind
from ..model import ConcentrationTable
from .plausible import LARGEST_NG_PER_ML

_COLUMN = re.compile(r"\s*(time|concentration)\s*[(\[]\s*([^()\[\]]+?)\s*[)\]]\s*", re.IGNORECASE)
_HEADER = "'time (h),concentration (ng/mL)'"


def read_concentrations(
    file: str,
    text: str,
    *,
    interpolation: str = "linear",
    ends: float | None = None,
    molar_mass_kDa: float | None = None,
) -> ConcentrationTable:
    """A table as the model takes it: hours and ng/mL.

    Args:
        file: its name, for the message.
        text: a header with a unit for each of the two columns, then one row a time.
        interpolation, ends: as of `ConcentrationTable`.
        molar_mass_kDa: for concentrations by amount of substance.

    Raises:
        InputError: a header that does not name both columns once with a unit each, a row with a
            field too many or too few, a gap, no number, or what `ConcentrationTable` refuses.
    """
    where = f"Concentration table {file}"
    reader = csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline=""))
    lines = [(reader.line_num, row) for row in reader if row]
    names = lines[0][1] if lines else []
    header = [_COLUMN.fullmatch(name) for name in names]
    found = [match[1].lower() for match in header if match]
    if sorted(found) != ["concentration", "time"] or len(found) != len(header):
        raise InputError(
            f"{where}: the header {','.join(names)!r} was given; expected one time and one "
            f"concentration, each with its one unit, such as {_HEADER}."
        )
    units = dict(zip(found, (match[2] for match in header if match), strict=True))
    numbers: dict[str, list[float]] = {"time": [], "concentration": []}
    for number, row in lines[1:]:
        if len(row) != 2 or not all(field.strip() for field in row):
            raise InputError(
                f"{where}, line {number}: {','.join(row)!r} was given; expected a time and a "
                "concentration without a gap. Leave out rows that have none."
            )
        for name, field in zip(found, row, strict=True):
            try:
                numbers[name].append(_in_model_units(name, field, units[name], molar_mass_kDa))
            except InputError as problem:
                raise InputError(f"{where}, line {number}, {name}: {problem}") from None
    try:
        return ConcentrationTable(
            tuple(numbers["time"]),
            tuple(numbers["concentration"]),
            interpolation,  # type: ignore[arg-type]
            ends,
        )
    except InputError as problem:
        raise InputError(f"{where}: {problem}") from None


def _in_model_units(name: str, field: str, unit: str, molar_mass_kDa: float | None) -> float:
    value = _converted(name, field, unit, molar_mass_kDa)
    if name == "concentration" and value > LARGEST_NG_PER_ML:
        raise InputError(
            f"understood as {value:g} ng/mL; expected at most "
            f"{LARGEST_NG_PER_ML:g} ng/mL. Check its unit."
        )
    return value


def _converted(name: str, field: str, unit: str, molar_mass_kDa: float | None) -> float:
    if name == "time":
        return convert(field.strip(), unit, "h")
    if same_kind(unit, "nM"):
        if molar_mass_kDa is None:
            raise InputError(f"{unit} counts molecules; expected the drug's molar_mass as well.")
        return molar_to_mass(
            convert(field.strip(), unit, "nM"), "nM", molar_mass_kDa, "kDa", "ng/mL"
        )
    return convert(field.strip(), unit, "ng/mL")
