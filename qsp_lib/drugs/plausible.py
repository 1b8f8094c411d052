"""Numbers of a drug file beyond which a unit has surely slipped, whatever the drug."""

from __future__ import annotations

import math
from collections.abc import Mapping
from types import MappingProxyType

from ..common import InputError

_RATE = 0.0, 100.0
_VOLUME = 0.01, 1e3
_CLEARANCE = 0.0, 1e3
PLAUSIBLE: Mapping[str, tuple[float, float]] = MappingProxyType(
    {
        # patients, from an infant to the heaviest adults; antibodies and what is made of them
        "patient.weight": (1.0, 400.0),
        "patient.bsa": (0.1, 4.0),
        "molar_mass": (10.0, 500.0),
        # from a tenth of an infant's plasma to hundreds of litres divided by a small F
        "pharmacokinetics.V1": _VOLUME,
        "pharmacokinetics.V2": _VOLUME,
        "pharmacokinetics.CL": _CLEARANCE,
        "pharmacokinetics.CL_0": _CLEARANCE,
        "pharmacokinetics.Q": _CLEARANCE,
        "pharmacokinetics.half_life": (0.01, 1e4),
        "pharmacokinetics.half_life_CL": (0.1, 1e5),
        "pharmacokinetics.k_CL": (0.0, 10.0),
        # faster than within half a minute nothing is absorbed from under the skin
        "pharmacokinetics.k_a": _RATE,
        "pharmacokinetics.F": (0.01, 1.0),
        # two days; what is absorbed later than that is a slow absorption
        "pharmacokinetics.lag": (0.0, 48.0),
        "pharmacokinetics.Vmax": (0.0, 1e6),
        "pharmacokinetics.Km": (1e-3, 1e6),
        # a gram per litre is more than any antibody reaches
        "potency.EC50": (1e-6, 1e6),
        "potency.K_hook": (1e-3, 1e9),
        # T cells answer within hours to days; a hundred per hour is half a minute
        "t_cells.k_act": _RATE,
        "t_cells.k_exh": _RATE,
        "t_cells.k_rec": _RATE,
        "t_cells.k_kill": _RATE,
    }
)
"""By place in the file, in the unit that the file's number is converted to: kg, m2, kDa, L, L/h, h,
1/h, ug/h, ng/mL, or a fraction. Wide on purpose: a number within them may still be wrong."""
LARGEST_NG_PER_ML = 1e7
"""In a table of concentrations: 10 g/L, what the largest dose would give in a litre."""


def require_plausible(file: str, place: str, value: float, unit: str) -> None:
    """Raise where a number, as it was understood, is surely a slip.

    Args:
        file: its name, for the message.
        place: where the number stands in it.
        value, unit: the number, in the unit that it was converted to.

    Raises:
        InputError: a value outside `PLAUSIBLE`.
    """
    low, high = PLAUSIBLE.get(place, (-math.inf, math.inf))
    if not low <= value <= high:
        in_unit = "" if unit == "1" else f" {unit}"
        raise InputError(
            f"Drug file {file}, {place}: understood as {value:g}{in_unit}; expected {low:g} to "
            f"{high:g}{in_unit}. Check its unit."
        )
