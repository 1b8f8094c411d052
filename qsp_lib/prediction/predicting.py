"""Predict one drug from the lock record: courses, severity, and what the answer rests on.

A drug that comes with the package is taken from the record, with the record's own draws. A drug
of one's own gets the record's network; its T-cell rates are drawn from the priors its file
declares, together with draws of the network from the record's posterior, so that draw i is one
network and one drug. A rate that is another drug's is that drug's in every draw.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from ..common import InputError, IntegrationError
from ..protocol import Record
from .arm import Arm, Measure
from .setting import Assumption, assumptions, draws_for, prepare

Array = NDArray[np.float64]

N_DRAWS = 200
MOST_DRAWS = 10_000
_CHUNK_VALUES = 4_000_000  # states kept at a time, 32 MB

COVERS = (
    "The interval covers the uncertainty of parameters only: the network's 17 and the drug's "
    "T-cell rates. It does not cover the structure of the model, exposure, potency, or "
    "differences between patients, so the truth lies outside it more often than one time in ten."
)
NOT_FOR = (
    "A research model of published data. The grade is illustrative. Not for choosing a dose, a "
    "patient's treatment or a first-in-human trial."
)


@dataclass(frozen=True)
class Prediction:
    """What the model says of one drug and regimen.

    Attributes:
        drug, label, mechanism: as the drug's file has them.
        regimen, regimen_label: key of the regimen and its words.
        horizon_h: how long it was followed (h).
        tocilizumab_h: when tocilizumab was given (h), or None.
        untreated, treated: without and, if asked for, with tocilizumab.
        n_draws, failed_draws: how many draws were made, and how many did not complete.
        lock: version, digest and date of the record.
        mark: empty, or words to show wherever unlocked values went in.
        references: severity index of the two drugs that the grades are set by.
        boundaries: lowest index of each grade.
        assumptions: what it rests on without a published value.
    """

    drug: str
    label: str
    mechanism: str
    regimen: str
    regimen_label: str
    horizon_h: float
    tocilizumab_h: float | None
    untreated: Arm
    treated: Arm | None
    n_draws: int
    failed_draws: int
    lock: Mapping[str, str]
    mark: str
    references: Mapping[str, float]
    boundaries: Mapping[str, float]
    assumptions: tuple[Assumption, ...]

    @property
    def arms(self) -> dict[str, Arm]:
        """``untreated`` and, if there is one, ``treated``."""
        arms = {"untreated": self.untreated}
        return arms if self.treated is None else arms | {"treated": self.treated}


def predict(
    drug: str | os.PathLike[str],
    record: Record,
    *,
    regimen: str = "clinical",
    tocilizumab_h: float | None = None,
    horizon_h: float | None = None,
    n_draws: int = N_DRAWS,
    seed: int | None = None,
    class_defaults: bool = False,
    progress: Callable[[int, int], None] | None = None,
) -> Prediction:
    """Predict a drug from a lock record.

    Args:
        drug: a drug that comes with the package, by name, or the path of a drug file.
        record: the lock record.
        regimen: key of one of the drug's regimens.
        tocilizumab_h: when to give tocilizumab, 8 mg/kg (h from the regimen's start, negative
            for before it); the answer then has both courses.
        horizon_h: how long to follow (h); default a week after the last rise of dose.
        n_draws: how many joint draws the intervals come from; 0 for none.
        seed: of the draws; the record's own by default.
        class_defaults: take what the file leaves out from the drug's class; see `load_drug`.
        progress: called now and then with the draws done and to do.

    Raises:
        InputError: A drug, regimen, time or number of draws that cannot be used.
        IntegrationError: The course at the locked values did not complete, or no draw did.
    """
    setting = prepare(
        drug,
        record,
        regimen=regimen,
        tocilizumab_h=tocilizumab_h,
        horizon_h=horizon_h,
        class_defaults=class_defaults,
    )
    if not 0 <= n_draws <= MOST_DRAWS:
        raise InputError(f"{n_draws} draws were asked for; expected 0 to {MOST_DRAWS}.")
    names = ("untreated",) if tocilizumab_h is None else ("untreated", "treated")
    measures = {name: Measure(setting, name == "treated") for name in names}
    mark = ""
    for measure in measures.values():
        central = setting.simulate(None, treated=measure.treated)
        central.require_completed()
        measure.take(central)
        mark = mark or central.mark
    failed = 0
    if n_draws:
        draws = draws_for(setting, n_draws, seed)
        for part in _parts(n_draws, measures["untreated"].n_times * len(names)):
            courses = {
                n: setting.simulate(draws[part], treated=m.treated) for n, m in measures.items()
            }
            kept = np.all([course.completed for course in courses.values()], axis=0)
            failed += int((~kept).sum())
            if kept.any():
                for name, course in courses.items():
                    measures[name].take(course.select(kept))
            if progress is not None:
                progress(min(part.stop, n_draws), n_draws)
        if failed == n_draws:
            raise IntegrationError(f"none of {n_draws} draws completed; there is no interval.")
    arms = {name: measure.arm() for name, measure in measures.items()}
    index = record.severity_indices
    return Prediction(
        drug=setting.inputs.name,
        label=setting.inputs.label,
        mechanism=setting.inputs.mechanism,
        regimen=regimen,
        regimen_label=setting.regimen.label,
        horizon_h=setting.horizon_h,
        tocilizumab_h=tocilizumab_h,
        untreated=arms["untreated"],
        treated=arms.get("treated"),
        n_draws=n_draws,
        failed_draws=failed,
        lock=MappingProxyType(record.summary),
        mark=mark,
        references=MappingProxyType(dict(index)),
        boundaries=MappingProxyType(vars(record.boundaries)),
        assumptions=assumptions(setting),
    )


def _parts(n_draws: int, n_times: int) -> Iterator[slice]:
    """Draws a few at a time, so that a long course of many draws fits into memory."""
    size = max(1, min(n_draws, _CHUNK_VALUES // (14 * n_times)))
    for start in range(0, n_draws, size):
        yield slice(start, start + size)
