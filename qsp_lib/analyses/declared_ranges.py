"""What the prediction of a drug would be at the ends of the ranges its inputs are known to.

One input is moved at a time, on an explicitly unlocked copy; the network and the other drugs stay
at the locked values. This is exploration, made after the lock: it is no part of a prediction.

Which inputs have a range, and whether the intervals of a prediction take it in, is for the record
and the drug's file to say: lock v1 draws the three rates of OKT3 and leaves EC50 and V1 at their
values, lock v2 draws all that is declared of it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import ndtri

from ..common import InputError
from ..drugs import load_drug
from ..evidence import convert
from ..model import QUANTITIES, DrugInputs, severity
from ..protocol import ORDERED, Record

BLIND = "okt3"
UNITS = {name: quantity.unit for name, quantity in QUANTITIES.items()} | {
    "half_life": "h",
    "half_life_CL": "h",
}
"""The unit of what can be moved: as the equations have it, or of a half-life given for a rate."""


@dataclass(frozen=True)
class Range:
    """How far an input is taken: its ends, and where they come from.

    Attributes:
        unit: of the ends, the one in which the equations have the input.
        drawn: whether the intervals of a prediction are drawn over it.

    Raises:
        InputError: ends that are not two positive numbers, the lower one first.
    """

    name: str
    unit: str
    low: float
    high: float
    origin: str
    drawn: bool

    def __post_init__(self) -> None:
        if not 0 < self.low < self.high < np.inf:
            raise InputError(
                f"the range of {self.name} is {self.low:g} to {self.high:g}; expected two positive "
                "numbers, the lower one first."
            )


def ranges(record: Record, drug: str = BLIND) -> tuple[Range, ...]:
    """The range of each of a drug's inputs that has one: what is drawn first, then the others.

    What the record draws of it goes from the 5th to the 95th percentile: of the declared prior; of
    the declared factor on another drug's rate; or of that drug's posterior, where the rate itself
    is taken over. What is not drawn has the range its file declares, if it declares one. What was
    fitted for all drugs together is the network's and not moved, nor is what the equations do not
    have, such as a molar mass.
    """
    found = list(_drawn(record, drug))
    seen = {given.name for given in found}
    for name, quantity in load_drug(drug, inputs=record.inputs).sources.items():
        if name in seen or quantity.low is None or quantity.high is None or name not in UNITS:
            continue
        unit = UNITS[name]
        low, high = (convert(end, quantity.unit, unit) for end in (quantity.low, quantity.high))
        found.append(Range(name, unit, low, high, "declared range, not drawn", False))
    return tuple(found)


def _drawn(record: Record, drug: str) -> Iterator[Range]:
    """What the record draws of a drug, in the order of its file."""
    assumed, same_as = record.assumed, record.same_as.get(drug, {})
    names, mean, covariance = record.posterior
    for name in load_drug(drug, inputs=record.inputs).sources:
        owner = same_as.get(name)
        prior = assumed.get(f"{drug}.{name}") or assumed.get(name)  # or one rate for all drugs
        if owner is not None:
            label = record.drug(owner).label
            middle = getattr(record.drug(owner), name)
            factor = assumed.get(f"{drug}.{name}/{owner}.{name}")
            if factor is not None:
                middle, sd = middle * factor.median, factor.log10_sd
                origin = f"5–95 % of its declared factor on {label}'s"
            else:
                place = names.index(f"{owner}.{name}")
                sd = float(np.sqrt(covariance[place, place]))
                origin = f"5–95 % of the posterior of {label}'s"
        elif prior is not None:
            middle, sd = prior.median, prior.log10_sd
            origin = "5–95 % of its declared prior"
        else:
            continue
        reach = 10.0 ** (sd * float(ndtri(0.95)))
        yield Range(name, UNITS[name], middle / reach, middle * reach, origin, True)


def moved(drug: DrugInputs, name: str, value: float) -> DrugInputs:
    """An unlocked copy with one input changed, given in its unit; a volume takes clearance along.

    The half-life is what is published of elimination (OI005, OI020), so it is what stays when the
    volume moves; moved itself (h), it moves clearance. The half-life of a clearance that falls (h)
    moves the rate of that.
    """
    copy = drug.unlocked()
    if name == "V1":
        return copy.replace(V1=value, CL=copy.CL * value / copy.V1)
    if name == "half_life":
        return copy.replace(CL=float(np.log(2.0)) * copy.V1 / value)
    if name == "half_life_CL":
        return copy.replace(k_CL=float(np.log(2.0)) / value)
    return copy.replace(**{name: value})


def one_at_a_time(record: Record, drug: str = BLIND) -> pd.DataFrame:
    """Peak IL-6, severity and order with each input at each end of its range.

    Returns:
        One row as locked, then two an input: ``input``, ``range``, ``value``, ``unit``,
        ``il6`` (pg/mL, with the healthy baseline), ``index``, ``order``.
    """
    network = record.network.unlocked()
    regimen = record.regimen(drug)
    base = record.drug(drug)
    others = {name: float(severity.index(record.run(name))) for name in ORDERED if name != drug}
    rows = []

    def add(name: str, range_: str, value: float | None, unit: str, inputs: DrugInputs) -> None:
        run = record.run(inputs, regimen, network=network)
        index = float(severity.index(run))
        rows.append(
            {
                "input": name,
                "range": range_,
                "value": value,
                "unit": unit,
                "il6": float(run.peak("IL6").value) + severity.baselines()["IL6"],
                "index": index,
                "order": severity.order({**others, drug: index}),
            }
        )

    add("as locked", "", None, "", base.unlocked())
    for range_ in ranges(record, drug):
        for value in (range_.low, range_.high):
            inputs = moved(base, range_.name, value)
            add(range_.name, range_.origin, value, range_.unit, inputs)
    return pd.DataFrame(rows)
