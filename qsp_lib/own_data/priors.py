"""What may be estimated of a drug, and what is said of it before the data."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..common import InputError
from ..drugs import FITTED_UNITS
from ..model import read_by
from ..prediction import Setup, structure_of

Array = NDArray[np.float64]
ESTIMATED = ("k_act", "k_exh")
"""What is estimated if nothing is said."""
WIDTHS = {"k_act": 0.5, "k_exh": 0.5, "k_kill": 0.5, "k_rec": 0.3, "EC50": 0.5, "h": 0.1}
"""Declared widths (log10 sd) of what a drug file gives no width of: 0.5 is within a factor of 3
with 68 %."""
WIDEST = 2.0


@dataclass(frozen=True)
class Declared:
    """A log-normal prior.

    Attributes:
        name: of what it is of.
        median: in ``unit``.
        log10_sd: its width.
        unit: 1/h, ng/mL or 1.
        reason: where median and width come from, in words.

    Raises:
        InputError: a median or width that is no number above 0, or a width above `WIDEST`.
    """

    name: str
    median: float
    log10_sd: float
    unit: str
    reason: str

    def __post_init__(self) -> None:
        if not (math.isfinite(self.median) and self.median > 0):
            raise InputError(
                f"{self.name} begins at {self.median:g} {self.unit}; expected more than 0."
            )
        if not (math.isfinite(self.log10_sd) and 0 < self.log10_sd <= WIDEST):
            raise InputError(
                f"a prior of {self.name} with log10 sd {self.log10_sd:g} was given; expected more "
                f"than 0 and at most {WIDEST:g}."
            )

    def at(self, z: Array) -> Array:
        """Values at so many of its standard deviations from the median."""
        return self.median * 10.0 ** (self.log10_sd * z)

    def interval(self) -> tuple[float, float]:
        """5th and 95th percentile."""
        return float(self.at(np.array(-Z95))), float(self.at(np.array(Z95)))


Z95 = 1.6448536269514722
"""95th percentile of the standard normal."""
RESIDUAL = Declared("residual sd", 0.2, 0.3, "log10", "declared for every fit")
OFFSET = Declared("offset sd", 0.3, 0.3, "log10", "declared for every fit")
"""How far a level lies from the model, and how far individuals or cohorts do, before the data."""


def declared(
    setting: Setup, names: Sequence[str], widths: Mapping[str, float]
) -> tuple[Declared, ...]:
    """The priors of what is to be estimated of a drug.

    Args:
        setting: the drug on a record.
        names: what is to be estimated.
        widths: log10 sd, in place of those of the drug file.

    Raises:
        InputError: a name that is unknown, given twice or not read by the record's T-cell part;
            a width of something that is not estimated.
    """
    inputs, file = setting.inputs, setting.file
    if not names or len(set(names)) < len(names) or not set(names) <= set(FITTED_UNITS):
        raise InputError(
            f"{', '.join(names) or 'nothing'} was to be estimated; expected one or more of "
            f"{', '.join(FITTED_UNITS)}, each once."
        )
    structure = structure_of(inputs, setting.record)
    read = read_by(structure)
    for name in names:
        if name not in read:
            raise InputError(
                f"{name} was to be estimated, and the T-cell part of lock {setting.record.version} "
                f"({structure.t_cells}) does not read it for a {inputs.mechanism}; expected one of "
                f"{', '.join(known for known in FITTED_UNITS if known in read)}."
            )
    if strange := sorted(set(widths) - set(names)):
        raise InputError(
            f"a prior width of {strange[0]} was given; expected one of what is estimated, "
            f"{', '.join(names)}."
        )
    found = []
    for name in names:
        prior, owner = file.priors.get(name), file.same_as.get(name)
        from_where = "the drug file's" if owner is None else f"as of {owner}"
        own = file.same_as_log10_sd.get(name) if owner is not None else None
        if owner is None and prior is not None and prior.log10_sd:
            own = prior.log10_sd
        if name in widths:
            width, whose = widths[name], "width as asked for"
        elif own:
            width, whose = own, "width of the drug file"
        else:
            width, whose = WIDTHS[name], "declared width"
        median = float(getattr(inputs, name))
        found.append(Declared(name, median, width, FITTED_UNITS[name], f"{from_where}, {whose}"))
    return tuple(found)
