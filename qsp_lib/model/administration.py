"""From doses as they are given to what enters the model at each of its doors."""

from __future__ import annotations

from ..common import InputError
from .dosing import Bolus, Regimen
from .parameters import DrugInputs
from .schedule import Given
from .structure import Structure


def at_doors(
    structure: Structure,
    drug: DrugInputs,
    regimen: Regimen,
    others: dict[str, Regimen],
) -> list[Given]:
    """What enters at each of ``structure.doors``, in their order.

    A dose under the skin comes to the depot times F, after the lag. Clearance begins to fall with
    the drug's first dose. With a table of concentrations the doses are what led to it, and it
    begins with the first of them.

    Args:
        others: of co-medications, by the state they enter.

    Raises:
        InputError: a dose by a route for which the drug has no depot, or by mouth.
    """
    if drug.table is not None:
        slope, growth = (steps.shifted(regimen.first_dose_h) for steps in drug.table.steps())
        entering: dict[str, Given] = {"C_slope": slope, "C_growth": growth}
        return [
            entering[door.input] if door.state == "C" else others[door.state]
            for door in structure.doors
        ]
    if regimen.by("oral").doses:
        raise InputError(f"{drug.label} is given by mouth; expected doses by IV or SC.")
    under_skin = regimen.by("SC")
    if under_skin.doses and drug.k_a is None:
        raise InputError(
            f"{drug.label} is given SC and has no k_a; expected the rate of its absorption."
        )
    absorbed = under_skin.scaled(1.0 if drug.F is None else drug.F).shifted(drug.lag_of("SC"))
    given = {
        "A_c": regimen.by("IV"),
        "A_d": absorbed,
        "Z": Regimen((Bolus(regimen.first_dose_h, 1.0),)) if regimen.doses else Regimen(),
        **others,
    }
    return [given[door.state] for door in structure.doors]
