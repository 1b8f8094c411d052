"""Free drug under target-mediated disposition: a table of concentrations made from the evidence.

The model has no target that binds drug in plasma; what such a target leaves free comes in as a
table. With a constant total of target ``R`` in the central compartment and binding at quasi-steady
state (Gibiansky et al. 2008, doi:10.1007/s10928-008-9102-8), of a total concentration ``T``

    T = C + R C/(K + C),

``C`` being free; only free drug is cleared and distributed, and bound drug is internalised::

    dA_d/dt = -k_a A_d
    V dT/dt = k_a A_d - CL C - Q (C - C_p) - k_int V R C/(K + C)
    V_p dC_p/dt = Q (C - C_p)

``python -m qsp_lib.drugs.target_mediated`` writes epcoritamab's table again (XI046 to XI051).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
import scipy
from numpy.typing import ArrayLike, NDArray

from ..common import EvidenceError, InputError, write_text_atomic
from ..evidence import convert, load_tables
from ..model import DrugInputs, Regimen
from .reading import load_drug

Array = NDArray[np.float64]

UNBOUND = "epcoritamab-linear"
"""The drug file whose compartments and doses the table is made from."""
TARGET_ROW = "XI051"
WEEK_H, WEEKS = 168.0, 6
AFTER_A_DOSE_H = (
    *(0.0, 0.5, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 10.0, 12.0, 14.0, 16.0, 18.0, 20.0, 24.0),
    *(
        30.0,
        36.0,
        42.0,
        48.0,
        56.0,
        64.0,
        72.0,
        80.0,
        88.0,
        96.0,
        108.0,
        120.0,
        132.0,
        144.0,
        156.0,
    ),
)
"""Rows after each weekly dose (h): close where the level bends."""
RTOL, DIGITS = 1e-10, 9


@dataclass(frozen=True)
class BoundTarget:
    """What binds the drug in plasma: total and ``K_SS`` in ng/mL, ``k_int`` per hour.

    Raises:
        InputError: a value that is not a finite number above 0.
    """

    total: float
    K_SS: float
    k_int: float

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            if not (np.isfinite(value) and value > 0):
                raise InputError(f"target: {name} is {value!r}; expected a finite number above 0.")

    def bound(self, free: Array | float) -> Array | float:
        """Concentration of bound drug (ng/mL) beside free drug (ng/mL), of any shape."""
        return self.total * free / (self.K_SS + free)


def free_concentrations(
    drug: DrugInputs, target: BoundTarget, regimen: Regimen, times_h: ArrayLike
) -> Array:
    """Free drug in plasma (ng/mL) at increasing times (h), ``(T,)``.

    Args:
        drug: its compartments and absorption; what only target binds.
        regimen: doses under the skin.

    Raises:
        InputError: no depot, a form of exposure beside it, a dose by another route, or times that
            do not increase from 0 or later.
    """
    times = np.asarray(times_h, dtype=float)
    if drug.exposure != ("depot",) or drug.lag_h:
        raise InputError(f"{drug.label}: expected compartments and a depot without lag alone.")
    if regimen.by("SC") != regimen or not regimen.doses:
        raise InputError(f"{regimen.label or 'the regimen'}: expected doses under the skin alone.")
    if times.ndim != 1 or not times.size or times[0] < 0 or np.any(np.diff(times) <= 0):
        raise InputError("times of a table must increase from 0 or later.")
    k_a = drug.values()["k_a"]
    available = 1.0 if drug.F is None else drug.F

    def rates(_time: float, y: Array) -> list[float]:
        A_d, C, C_p = y
        absorbed, exchanged = k_a * A_d, drug.Q * (C - C_p)
        internalised = target.k_int * drug.V1 * target.bound(C)
        # of a change of the total, what is free: 1/(dT/dC)
        share = 1 / (1 + target.total * target.K_SS / (target.K_SS + C) ** 2)
        return [
            -absorbed,
            share * (absorbed - drug.CL * C - exchanged - internalised) / drug.V1,
            exchanged / drug.V2,
        ]

    found, state = np.zeros(times.size), np.zeros(3)
    given: dict[float, float] = {}
    for dose in regimen.doses:
        given[dose.time_h] = given.get(dose.time_h, 0.0) + dose.amount_ug
    for start, end in pairwise([*given, np.inf]):
        inside = (times >= start) & (times < end)
        state[0] += available * given[start]
        last = end if np.isfinite(end) else max(times[-1], start + 1.0)
        run = scipy.integrate.solve_ivp(
            rates,
            (start, last),
            state,
            method="LSODA",
            t_eval=[
                *times[inside],
                *([] if inside.any() and times[inside][-1] == last else [last]),
            ],
            rtol=RTOL,
            atol=1e-12,
        )
        found[inside] = run.y[1, : inside.sum()]
        state = run.y[:, -1].copy()
    return found


def target_of_the_evidence() -> BoundTarget:
    """Epcoritamab's target as row XI051 words it.

    Raises:
        EvidenceError: the row does not name all three numbers with their units.
    """
    text = load_tables().row(TARGET_ROW).value_text

    def given(name: str, unit: str) -> float:
        match = re.search(rf"{name} ([\d.]+) (\S+?)(;|$)", text)
        if match is None:
            raise EvidenceError(f"{TARGET_ROW} says {text!r}; expected {name} with its unit.")
        given_in = f"1{match[2]}" if match[2].startswith("/") else match[2]  # "/d" is 1/d
        return convert(match[1], given_in, unit)

    return BoundTarget(given("BASE", "ng/mL"), given("KSS", "ng/mL"), given("kint", "1/h"))


def table_times() -> Array:
    """Times of the table's rows (h), six weeks from the first dose."""
    weeks = [WEEK_H * week + np.array(AFTER_A_DOSE_H) for week in range(WEEKS)]
    return np.concatenate([*weeks, [WEEK_H * WEEKS]])


def epcoritamab_table() -> str:
    """The table of free epcoritamab (CSV: h, ng/mL) under its clinical regimen."""
    file = load_drug(UNBOUND, inputs="v2")
    times = table_times()
    levels = free_concentrations(
        file.inputs, target_of_the_evidence(), file.regimens["clinical"], times
    )
    rows = (f"{time:g},{level:.{DIGITS}g}" for time, level in zip(times, levels, strict=True))
    return "\n".join(["time (h),concentration (ng/mL)", *rows]) + "\n"


def table_path() -> Path:
    """Where the table is kept: beside the drug's file."""
    return Path(__file__).parents[1] / "data/v2/drugs/epcoritamab-free.csv"


if __name__ == "__main__":
    write_text_atomic(table_path(), epcoritamab_table())
