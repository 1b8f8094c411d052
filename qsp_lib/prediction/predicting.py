"""Predict one drug from the lock record: courses, severity, and what the answer rests on.

A drug that comes with the package is taken from the record, with the record's own draws. A drug
of one's own gets the record's network; its T-cell rates are drawn from the priors its file
declares, together with draws of the network from the record's posterior, so that draw i is one
network and one drug. A rate that is another drug's is that drug's in every draw.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from ..common import InputError, IntegrationError
from ..model import engine_words
from ..protocol import Record
from .arm import Arm, Courses, Measure
from .cover import Cover
from .setting import Assumption, Setup, assumptions, draws_for, prepare, require_solved

N_DRAWS = 200
MOST_DRAWS = 10_000
_CHUNK_VALUES = 4_000_000  # states kept at a time, 32 MB

CENTRAL = (
    "Numbers are medians of the draws. Beside them stands the locked point: one set of values, the "
    "optimum of the fit, which need not lie in the middle of the draws."
)
LOCKED_POINT = (
    "Nothing was drawn: every number is of the locked point, one set of values, the optimum of the "
    "fit, which need not lie in the middle of what draws would give."
)
COVERS = (
    "The interval covers the uncertainty of parameters only: the network's 17 and the drug's "
    "T-cell rates, and of a drug on record whatever else the record draws of it. It does not cover "
    "the structure of the model, what else is taken of exposure and potency, or differences "
    "between patients, so the truth lies outside it more often than one time in ten."
)
NOT_FOR = (
    "A research model of published data. The grade is illustrative. Not for choosing a dose, a "
    "patient's treatment or a first-in-human trial."
)


@dataclass(frozen=True)
class Prediction:
    """What the model says of one drug and regimen.

    Attributes:
        setting: what was simulated: drug file, inputs, regimen, horizon, cover, lock record.
        untreated, treated: without and, if asked for, with cover.
        n_draws, failed_draws: how many draws were made, and how many did not complete.
        seed: of the draws.
        mark: empty, or words to show wherever unlocked values went in.
        assumptions: what it rests on without a published value.
        asked_h: times at which levels were asked for (h).
        completed: which draws did, ``(n_draws,)``.
        engine_words: what has to be said of an engine that was asked for by name; else empty.
    """

    setting: Setup
    untreated: Arm
    treated: Arm | None
    n_draws: int
    failed_draws: int
    seed: int
    mark: str
    assumptions: tuple[Assumption, ...]
    asked_h: tuple[float, ...] = ()
    completed: NDArray[np.bool_] = field(
        default_factory=lambda: np.zeros(0, bool), repr=False, compare=False
    )
    engine_words: str = ""

    @property
    def drug(self) -> str:
        """Name of the drug."""
        return self.setting.inputs.name

    @property
    def label(self) -> str:
        """The drug's name as printed."""
        return self.setting.inputs.label

    @property
    def regimen(self) -> str:
        """Key of the regimen."""
        return self.setting.regimen_key

    @property
    def regimen_label(self) -> str:
        """Words of the regimen."""
        return self.setting.regimen.label

    @property
    def horizon_h(self) -> float:
        """How long it was followed (h)."""
        return self.setting.horizon_h

    @property
    def lock(self) -> Mapping[str, str]:
        """Version, digest and date of the record."""
        return self.setting.record.summary

    @property
    def references(self) -> Mapping[str, float]:
        """Severity index on record, over 168 h, of the two drugs that the grades are set by.

        The median of the kept sample; of lock v1, which has none, the locked point's.
        """
        return self.setting.record.severity_indices

    @property
    def boundaries(self) -> Mapping[str, float]:
        """Lowest index of each grade."""
        return vars(self.setting.record.boundaries)

    @property
    def numbers_are(self) -> str:
        """Which numbers an answer gives first, in words."""
        return CENTRAL if self.n_draws else LOCKED_POINT

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
    cover: Cover | None = None,
    horizon_h: float | None = None,
    n_draws: int = N_DRAWS,
    seed: int | None = None,
    asked_h: tuple[float, ...] = (),
    class_defaults: bool = False,
    engine: str | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Prediction:
    """Predict a drug from a lock record.

    Args:
        drug: a drug that comes with the package, by name, or the path of a drug file.
        record: the lock record.
        regimen: key of one of the drug's regimens, or the path of a ``.csv`` of event rows.
        tocilizumab_h: when to give tocilizumab, 8 mg/kg of the drug's patient (h from the
            regimen's start, negative for before it); the answer then has both courses.
        cover: any co-medication, in place of ``tocilizumab_h``.
        horizon_h: how long to follow (h); default every dose, and two weeks after the last.
        n_draws: how many joint draws the intervals come from; 0 for none.
        seed: of the draws; the record's own by default.
        asked_h: times (h) at which levels are given as well.
        class_defaults: take what the file leaves out from the drug's class; see `load_drug`.
        engine: another engine than the record's, which the answer then names: ``"fast"``.
        progress: called now and then with the draws done and to do.

    Raises:
        InputError: A drug, regimen, time, number of draws or engine that cannot be used.
        IntegrationError: The course at the locked point did not complete, or no draw did.
    """
    if cover is None:
        cover = Cover() if tocilizumab_h is None else Cover((tocilizumab_h,))
    elif tocilizumab_h is not None:
        raise InputError("tocilizumab_h and cover were given; expected one of them.")
    setting = prepare(
        drug,
        record,
        regimen=regimen,
        cover=cover,
        horizon_h=horizon_h,
        class_defaults=class_defaults,
        engine=engine,
    )
    return run(setting, n_draws=n_draws, seed=seed, asked_h=asked_h, progress=progress)


def run(
    setting: Setup,
    *,
    n_draws: int = N_DRAWS,
    seed: int | None = None,
    asked_h: tuple[float, ...] = (),
    progress: Callable[[int, int], None] | None = None,
) -> Prediction:
    """The prediction of what was prepared; arguments and errors as of `predict`."""
    require_draws(n_draws, seed, setting.record)
    for time in asked_h:
        if not 0 <= time <= setting.horizon_h:
            raise InputError(
                f"Levels at {time:g} h were asked for; expected times from 0 to the end at "
                f"{setting.horizon_h:g} h."
            )
    names = ("untreated", "treated") if setting.cover.words else ("untreated",)
    measures = {name: Measure(setting) for name in names}
    locked_point = {name: setting.simulate(None, treated=name == "treated") for name in names}
    made = list(locked_point.values())
    simulations, stood_in = len(made), sum(course.stood_in_for for course in made)
    for name, course in locked_point.items():
        require_solved(course, setting.inputs)
        measures[name].take(course, locked_point["untreated"])
    peaks_h = [time for measure in measures.values() for time in measure.peak_times]
    rows = Courses(setting, locked_point, peaks_h, asked_h, n_draws)
    completed = np.zeros(n_draws, bool)
    if n_draws:
        draws = draws_for(setting, n_draws, seed)
        n_times = sum(course.times.size for course in locked_point.values())
        for part in _parts(n_draws, n_times):
            courses = {n: setting.simulate(draws[part], treated=n == "treated") for n in names}
            simulations += sum(map(len, courses.values()))
            stood_in += sum(course.stood_in_for for course in courses.values())
            kept = np.all([course.completed for course in courses.values()], axis=0)
            completed[part] = kept
            if kept.any():
                courses = {name: course.select(kept) for name, course in courses.items()}
                for name, course in courses.items():
                    measures[name].take(course, courses["untreated"])
                rows.take(courses)
            if progress is not None:
                progress(min(part.stop, n_draws), n_draws)
        if not completed.any():
            raise IntegrationError(f"none of {n_draws} draws completed; there is no interval.")
    arms = {name: measure.arm(rows, name) for name, measure in measures.items()}
    return Prediction(
        setting=setting,
        untreated=arms["untreated"],
        treated=arms.get("treated"),
        n_draws=n_draws,
        failed_draws=int((~completed).sum()),
        seed=setting.record.seed if seed is None else seed,
        mark=next((course.mark for course in locked_point.values() if course.mark), ""),
        assumptions=assumptions(setting),
        asked_h=asked_h,
        completed=completed,
        engine_words=engine_words(setting.solver.engine, stood_in, simulations),
    )


def most_draws(record: Record) -> int:
    """How many draws can be asked for of a record: no more than it keeps, if it keeps a sample."""
    return min(MOST_DRAWS, record.largest_sample or MOST_DRAWS)


def require_draws(n_draws: int, seed: int | None, record: Record) -> None:
    """Raise unless so many draws of a record can be made from that seed.

    Raises:
        InputError: more than there are, one, which has no interval, fewer than none, a seed below
            0, or a seed of no draws.
    """
    most = most_draws(record)
    if n_draws != 0 and not 2 <= n_draws <= most:
        raise InputError(
            f"{n_draws} draws were asked for; expected 2 to {most} for an interval, or 0 for the "
            "locked point alone."
        )
    if seed is not None and seed < 0:
        raise InputError(f"The seed {seed} was given; expected 0 or more.")
    if seed is not None and not n_draws:
        raise InputError(
            f"The seed {seed} was given with 0 draws, where it would change nothing; expected "
            "some draws, or no seed."
        )


def _parts(n_draws: int, n_times: int) -> Iterator[slice]:
    """Draws a few at a time, so that a long course of many draws fits into memory."""
    size = max(1, min(n_draws, _CHUNK_VALUES // (14 * n_times)))
    for start in range(0, n_draws, size):
        yield slice(start, start + size)
