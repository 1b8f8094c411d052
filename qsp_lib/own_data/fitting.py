"""Fit a drug's own numbers to data of one's own, with the network locked.

The network is what the lock record says it is: a fixed set of joint draws of its posterior, each
as likely as any other, and no value of it is estimated. What is estimated are the drug's own
rates, from declared priors, and the two widths of the error model. The posterior is of all of
them jointly with which of the draws of the network it is (:mod:`qsp_lib.inference.tempering`).
That is Bayes' rule with the locked posterior as the network's prior: the network's uncertainty is
in the interval of every rate, and a network draw that cannot make the data, whatever the rates
are, counts for less. Keeping all network draws at equal weight would be no posterior, and its
intervals would not cover as often as they say. The record has the draws alone and no density, so
no chain can walk in the network's own numbers.

Beside it stands the fit with the network held at its locked values, whose medians are the values
that the drug's course at the locked values is made with.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor
from contextlib import ExitStack
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from ..common import InputError, pool
from ..drugs import shipped_drugs
from ..inference import Tempered, tempered
from ..model import DRUG_PARAMETERS, Draws, value_bounds
from ..prediction import Setup, draws_for, prepare
from ..protocol import Record
from .levels import Followed, predicted
from .likelihood import Residuals
from .points import Data
from .priors import ESTIMATED, OFFSET, RESIDUAL, Declared, declared
from .table import read_data
from .verdicts import Learned

Array = NDArray[np.float64]
N_DRAWS = 1_000
FEWEST_DRAWS, MOST_DRAWS = 200, 4_000
"""At least as many as predict takes of them if nothing is said."""
NETWORK_DRAWS = 4_000
"""Draws of the network that are tried, if the record has so many."""
FEW_MEMBERS = 10
"""Below so many draws of the network, a posterior is told to rest on few."""
WORTH_WORKERS_S = 20.0
"""A fit that would take longer is shared among processes, which take some seconds to start."""
_CALLS, _FEWEST_HELD = 40, 100
_AFTER_H = 1.0

Simulate = Callable[[Mapping[str, Followed], Data, Draws], Array]
# log10 levels (N, P) of points for draws


@dataclass(frozen=True)
class Posed:
    """A drug, its data and what is to be estimated, ready to be fitted.

    Attributes:
        settings: of each regimen of the data, followed as long as the data are.
        data: the points.
        priors: of what is estimated of the drug; those of the error model come after them.
        network_draws: how many draws of the record's posterior there are to choose from.
        seed: of everything.
        joint: those draws, with what of the drug is drawn but not estimated.
    """

    settings: Mapping[str, Setup]
    data: Data
    priors: tuple[Declared, ...]
    network_draws: int
    seed: int
    joint: Draws = field(repr=False, compare=False)

    @property
    def setting(self) -> Setup:
        """The drug, by one of its regimens."""
        return next(iter(self.settings.values()))

    @property
    def all_priors(self) -> tuple[Declared, ...]:
        """Of the drug's numbers, then of the error model."""
        return (*self.priors, RESIDUAL, OFFSET)

    def numbers(self, z: Array) -> dict[str, Array]:
        """Every estimated number by name, at coordinates ``(N, d)``."""
        return {prior.name: prior.at(z[:, i]) for i, prior in enumerate(self.all_priors)}

    def draws(self, z: Array, members: NDArray[np.int_] | None) -> Draws:
        """Draws to simulate: of the network ``members``, or of the locked one if None."""
        own = {prior.name: prior.at(z[:, i]) for i, prior in enumerate(self.priors)}
        if members is None:
            return Draws(own)
        drawn = self.joint[members]
        others = {name: values for name, values in drawn.values.items() if name in DRUG_PARAMETERS}
        return drawn.for_own_drug({**others, **own})

    @property
    def regimens(self) -> dict[str, Followed]:
        """Every regimen of the data, as it is simulated."""
        return {key: Followed.of(setting) for key, setting in self.settings.items()}

    def levels(
        self, z: Array, members: NDArray[np.int_] | None, simulate: Simulate = predicted
    ) -> Array:
        """log10 levels of the points ``(N, P)``; NaN for what cannot be simulated."""
        possible = np.ones(len(z), bool)
        for i, prior in enumerate(self.priors):
            low, high = value_bounds(prior.name)
            value = prior.at(z[:, i])
            possible &= (value >= low) & (value <= high)
        found = np.full((len(z), len(self.data.points)), np.nan)
        if possible.any():
            of = None if members is None else members[possible]
            found[possible] = simulate(self.regimens, self.data, self.draws(z[possible], of))
        return found


@dataclass(frozen=True)
class FittedDrug:
    """What the data say of a drug.

    Attributes:
        problem: what was asked.
        sample: N joint draws of the posterior.
        held: the same with the network held at its locked values.
        numbers: the estimated numbers and the widths of the error model, ``(N,)`` by name.
        levels: log10 levels of the points for each draw ``(N, P)``.
        learned: of each estimated number and each width, before and after.
    """

    problem: Posed
    sample: Tempered = field(repr=False)
    held: Tempered = field(repr=False)
    numbers: Mapping[str, Array] = field(repr=False)
    levels: Array = field(repr=False)
    learned: tuple[Learned, ...]

    @property
    def rates(self) -> tuple[Learned, ...]:
        """What was learned of the drug's own numbers."""
        return self.learned[: len(self.problem.priors)]

    @property
    def errors(self) -> tuple[Learned, ...]:
        """What was learned of the error model: residuals, then offsets."""
        return self.learned[len(self.problem.priors) :]

    @property
    def draws(self) -> Draws:
        """The posterior as draws to simulate."""
        return self.problem.draws(self.sample.points, self.sample.members)

    @property
    def correlations(self) -> dict[tuple[str, str], float]:
        """Of the logarithms of the drug's numbers, for each two of them."""
        names = [prior.name for prior in self.problem.priors]
        table = np.atleast_2d(np.corrcoef(self.sample.points[:, : len(names)].T))
        return {
            (names[i], names[j]): float(table[i, j])
            for i in range(len(names))
            for j in range(i + 1, len(names))
        }


def pose(
    drug: str | os.PathLike[str],
    data: str | os.PathLike[str],
    record: Record,
    *,
    estimate: Sequence[str] = ESTIMATED,
    widths: Mapping[str, float] | None = None,
    seed: int | None = None,
    class_defaults: bool = False,
) -> Posed:
    """Read a drug and its data, and check that the one can be fitted to the other.

    Args:
        drug: the path of a drug file of one's own.
        data: the path of a CSV of measurements; see :mod:`.table`.
        record: the lock record whose network it is.
        estimate: which of the drug's numbers.
        widths: log10 sd of their priors, in place of the drug file's.
        seed: of the draws; the record's own by default.
        class_defaults: take what the file leaves out from the drug's class.

    Raises:
        InputError: a drug of the package, one that was fitted already, fewer measured points than
            numbers to estimate, or what reading either file refuses.
    """
    if os.fspath(drug) in shipped_drugs(record.inputs):
        raise InputError(
            f"{os.fspath(drug)} comes with the package and is locked; expected a drug file of your "
            "own, such as qsp-crs new-drug writes."
        )
    seed = record.seed if seed is None else seed
    if seed < 0:
        raise InputError(f"The seed {seed} was given; expected 0 or more.")
    first = prepare(drug, record, class_defaults=class_defaults)
    if first.file.fitted is not None:
        raise InputError(
            f"{first.inputs.label} was fitted already ({', '.join(first.file.fitted.source)}); "
            "expected the file it was fitted from, and all of its data in one file."
        )
    whole: dict[str, Setup] = {"clinical": first}

    def followed_h(regimen: str) -> float:
        if regimen not in whole:
            whole[regimen] = prepare(drug, record, regimen=regimen, class_defaults=class_defaults)
        return whole[regimen].horizon_h

    points = read_data(data, first.file, followed_h)
    priors = declared(first, tuple(estimate), widths or {})
    if (n := int(points.measured.sum())) < len(priors):
        raise InputError(
            f"Data {points.file}: {n} measured {'level was' if n == 1 else 'levels were'} given "
            f"for {len(priors)} numbers ({', '.join(estimate)}); expected at least as many. "
            "Measure more, or estimate fewer with --estimate."
        )
    settings = {}
    for regimen in points.regimens:
        ends = [p.until_h or p.time_h for p in points.points if p.regimen == regimen]
        acts_h = whole[regimen].regimen.first_dose_h + whole[regimen].lag_h
        end_h = max(max(ends), acts_h + _AFTER_H)
        settings[regimen] = prepare(
            drug,
            record,
            regimen=regimen,
            horizon_h=min(end_h, whole[regimen].horizon_h),
            class_defaults=class_defaults,
        )
    n_network = min(NETWORK_DRAWS, record.largest_sample or NETWORK_DRAWS)
    joint = draws_for(next(iter(settings.values())), n_network, seed)
    return Posed(settings, points, priors, n_network, seed, joint)


def require_draws(n_draws: int) -> None:
    """Raise unless so many draws of a posterior can be made.

    Raises:
        InputError: too few or too many.
    """
    if not FEWEST_DRAWS <= n_draws <= MOST_DRAWS:
        raise InputError(
            f"{n_draws} draws were asked for; expected {FEWEST_DRAWS} to {MOST_DRAWS}."
        )


def solve(
    problem: Posed,
    *,
    n_draws: int = N_DRAWS,
    workers: int = 1,
    progress: Callable[[float], None] | None = None,
) -> FittedDrug:
    """The posterior of what a problem asks for.

    Args:
        problem: the drug and its data.
        n_draws: how many draws of the posterior.
        workers: processes that a long fit may use; the answer is the same with any number.
        progress: called now and then with the share of the likelihood that has been let in.

    Raises:
        InputError: too few or too many draws, no workers, or a likelihood of none of the draws.
    """
    require_draws(n_draws)
    if workers < 1:
        raise InputError(f"{workers} workers; expected 1 or more.")
    residuals, d = Residuals.of(problem.data), len(problem.all_priors)
    with ExitStack() as stack:
        share = _Sharing(workers, stack)

        def log_likelihood(z: Array, members: NDArray[np.int_] | None) -> Array:
            sigma, omega = RESIDUAL.at(z[:, d - 2]), OFFSET.at(z[:, d - 1])
            return residuals.log_likelihood(problem.levels(z, members, share), sigma, omega)

        sample = tempered(log_likelihood, d, problem.network_draws, n_draws, problem.seed, progress)
        n_held = max(_FEWEST_HELD, n_draws // 4)
        held = tempered(lambda z, _: log_likelihood(z, None), d, 1, n_held, problem.seed)
        found = problem.levels(sample.points, sample.members, share)
    learned = tuple(
        Learned.of(prior, sample.points[:, i], held.points[:, i])
        for i, prior in enumerate(problem.all_priors)
    )
    return FittedDrug(problem, sample, held, problem.numbers(sample.points), found, learned)


class _Sharing:
    """Simulates draws, by several processes if the fit is long enough to start them.

    Each draw is a course of its own, so that it is the same who simulates it.
    """

    def __init__(self, workers: int, stack: ExitStack) -> None:
        self.workers, self.stack = workers, stack
        self.executor: Executor | None = None

    def __call__(self, regimens: Mapping[str, Followed], data: Data, draws: Draws) -> Array:
        if self.executor is None or len(draws) < self.workers:
            started = time.monotonic()
            found = predicted(regimens, data, draws)
            took_s = (time.monotonic() - started) * _CALLS
            if self.executor is None and self.workers > 1 and took_s > WORTH_WORKERS_S:
                self.executor = self.stack.enter_context(pool(self.workers))
            return found
        which = np.array_split(np.arange(len(draws)), self.workers)
        parts, n = [draws[part] for part in which], self.workers
        return np.concatenate([*self.executor.map(predicted, [regimens] * n, [data] * n, parts)])
