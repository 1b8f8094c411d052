"""What the prediction of a drug would be at the ends of the ranges its inputs are known to.

One input is moved at a time, on an explicitly unlocked copy; the network and the other drugs stay
at the locked values. This is exploration, made after the lock: it is no part of a prediction.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.stats import norm

from ..common import InputError
from ..drugs import DrugFile, load_drug
from ..model import DrugInputs, severity
from ..protocol import ORDERED, Record

BLIND = "okt3"
DRAWN = ("k_exh", "k_act", "k_rec")
"""Rates that the intervals of a prediction are drawn over."""
NOT_DRAWN = ("EC50", "V1")
"""Inputs with a declared range that no interval takes in."""


@dataclass(frozen=True)
class Range:
    """How far an input is taken: its ends, in its own unit, and where they come from."""

    name: str
    unit: str
    low: float
    high: float
    origin: str


def ranges(record: Record, drug: str = BLIND) -> Iterator[Range]:
    """The range of each input that has one: what is drawn first.

    A rate that is another drug's gets that drug's posterior, another rate its prior, both from the
    5th to the 95th percentile; what is not drawn gets the range its file declares.

    Raises:
        InputError: an input that should have a declared range has none.
    """
    given = load_drug(drug, inputs=record.inputs)
    for name in DRAWN:
        unit = given.sources[name].unit
        owner = record.same_as.get(drug, {}).get(name)
        if owner is None:
            assumed = record.assumed
            prior = assumed.get(f"{drug}.{name}") or assumed[name]  # one rate for all drugs
            middle, sd = prior.median, prior.log10_sd
            origin = "5–95 % of its declared prior"
        else:
            names, mean, covariance = record.posterior
            place = names.index(f"{owner}.{name}")
            middle, sd = 10.0 ** mean[place], float(np.sqrt(covariance[place, place]))
            origin = f"5–95 % of the posterior of {record.drug(owner).label}'s"
        reach = 10.0 ** (sd * float(norm.ppf(0.95)))
        yield Range(name, unit, middle / reach, middle * reach, origin)
    for name in NOT_DRAWN:
        yield _declared(given, name)


def _declared(given: DrugFile, name: str) -> Range:
    quantity = given.sources[name]
    if quantity.low is None or quantity.high is None:
        raise InputError(
            f"{name} of {given.inputs.label} has no declared range; expected low and high in its "
            "file."
        )
    return Range(name, quantity.unit, quantity.low, quantity.high, "declared range, not drawn")


def moved(drug: DrugInputs, name: str, value: float) -> DrugInputs:
    """An unlocked copy with one input changed; a volume takes clearance along.

    The half-life is what is published of elimination (OI005, OI020), so it is what stays.
    """
    copy = drug.unlocked()
    if name == "V1":
        return copy.replace(V1=value, CL=copy.CL * value / copy.V1)
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
