"""Priors, and the table of the 17 network parameters with their bounds and sources."""

from __future__ import annotations

import csv
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from types import MappingProxyType
from typing import Literal, get_args

from ..common import EvidenceError, InputError, input_file, which_inputs
from ..evidence import check_sources
from .equations import NETWORK

Status = Literal["estimated", "fixed", "assumed"]
Role = Literal["calibration", "development", "blind", "user"]


@dataclass(frozen=True)
class Prior:
    """A log-normal prior: its median, and its standard deviation in log10.

    A ``fixed`` quantity has ``log10_sd`` 0 in fits; ``assumed`` means that no fit
    ever moves it, while prediction intervals draw it.
    """

    median: float
    log10_sd: float
    status: Status = "estimated"

    def __post_init__(self) -> None:
        if not (math.isfinite(self.median) and self.median > 0):
            raise InputError(f"prior median is {self.median!r}; expected a positive number.")
        if not (math.isfinite(self.log10_sd) and self.log10_sd >= 0):
            raise InputError(f"prior log10 sd is {self.log10_sd!r}; expected 0 or more.")
        if self.status == "estimated" and self.log10_sd == 0:
            raise InputError("an estimated quantity needs a prior log10 sd greater than 0.")


@dataclass(frozen=True)
class ParameterRow:
    """One row of the network-parameter table: prior, validity bounds, provenance."""

    name: str
    symbol: str
    unit: str
    prior: Prior
    lower: float
    upper: float
    description: str
    source: str
    note: str
    relative_to: str = field(default="", metadata={"since_v1": True})

    @property
    def estimate(self) -> str:
        """What a fit moves: the parameter, or its ratio to another, as ``k_IL6_T/k_IL6_M``."""
        return f"{self.name}/{self.relative_to}" if self.relative_to else self.name


def network_table(inputs: str | None = None) -> Mapping[str, ParameterRow]:
    """The table of the 17 network parameters, in the order of the equations.

    Of a parameter that is ``relative_to`` another, the prior is of the ratio of the two.

    Args:
        inputs: the version of the inputs; by default the current one.

    Raises:
        EvidenceError: a row that is missing, extra, misplaced or given twice, without a source, or
            with an unknown source or status.
        InputError: no such version.
    """
    return _table(which_inputs(inputs))


@cache
def _table(inputs: str) -> Mapping[str, ParameterRow]:
    return _read(input_file("network_parameters.csv", inputs).read_text(encoding="utf-8"))


def _read(text: str) -> Mapping[str, ParameterRow]:
    """The table from its text."""
    rows: dict[str, ParameterRow] = {}
    for row in csv.DictReader(text.splitlines()):
        where = f"network_parameters.csv: {row['name']}"
        if row["name"] in rows:
            raise EvidenceError(f"{where} is given twice; expected each parameter once.")
        if row["status"] not in get_args(Status):
            raise EvidenceError(
                f"{where}: status {row['status']!r} was given; expected one of "
                f"{', '.join(get_args(Status))}."
            )
        check_sources(where, [s.strip() for s in row["source"].split(";") if s.strip()])
        prior = Prior(float(row["median"]), float(row["log10_sd"] or 0.0), row["status"])  # type: ignore[arg-type]
        rows[row["name"]] = ParameterRow(
            row["name"],
            row["symbol"],
            row["unit"],
            prior,
            float(row["lower"]),
            float(row["upper"]),
            row["description"],
            row["source"],
            row["note"],
            row.get("relative_to", ""),
        )
    if tuple(rows) != NETWORK:
        raise EvidenceError(
            f"network_parameters.csv holds {list(rows)}; expected exactly {list(NETWORK)}."
        )
    for name, given in rows.items():
        if given.relative_to and (given.relative_to not in rows or given.relative_to == name):
            raise EvidenceError(
                f"network_parameters.csv: {name} is relative to {given.relative_to!r}; expected "
                "another parameter of the table."
            )
    return MappingProxyType(rows)
