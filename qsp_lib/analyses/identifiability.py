"""Which parameters do the data know? Profile likelihoods of the joint fit.

A prior makes any parameter look identifiable, so the question is put to the data: the
prior of the profiled quantity is dropped, and with it those of ``k_fb`` and ``d_IL6``,
the pair whose ratio is claimed to be known when neither of the two is. The other
priors stay. For comparison the same is done with every prior kept, and with the prior
of every rate of IL-6 production and removal dropped.

The full set takes minutes, so it is run by a command of its own, ``python -m qsp_lib
profiles``, kept with the date and the digest of the lock it was made from, and refused
beside any other lock.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..calibration import FITTED, CourseResiduals, make_problem
from ..common import InputError, forbid_opening
from ..inference import (
    N_POINTS,
    End,
    Fit,
    Identifiability,
    Problem,
    Profile,
    ProfiledQuantity,
    Request,
    fit,
    fit_from,
    profile_all,
    starting_points,
)
from ..model import NETWORK, network_table
from ..protocol import Record, locked_point

Array = NDArray[np.float64]
PAIR = ("k_fb", "d_IL6")
RATIO = "r"
"""``log10(k_fb/d_IL6)``, in log10 pg/mL."""
CLAIMED = (*PAIR, RATIO)
DECADES = 3.0
"""How far to either side of the locked value a profile goes."""
STEEPNESS_RANGE = (1.0, 4.0)
"""Hill exponents are freed for their own profile, within this range."""
SETTINGS: Mapping[str, tuple[str, ...]] = {
    "pair": PAIR,
    "kept": (),
    "all_il6": (*PAIR, "k_IL6_T", "k_IL6_M"),
}
"""Parameters whose prior is dropped; but for ``kept``, the profiled one's is dropped too."""
N_STARTS = 6
_SAME_COST = 0.02
"""Two optima of costs this close are one."""
_MOST_OPTIMA = 3


def quantity(name: str) -> ProfiledQuantity:
    """A network parameter, or the ratio.

    A parameter that is fitted as its ratio to another is profiled itself: the sum of the two, in
    log10.

    Raises:
        InputError: anything else.
    """
    if name == RATIO:
        return ProfiledQuantity.log_ratio(RATIO, *PAIR)
    if name not in NETWORK:
        raise InputError(f"no profile of {name!r}; expected {RATIO!r} or one of {NETWORK}.")
    row = network_table()[name]
    if row.relative_to:
        return ProfiledQuantity(name, ((row.estimate, 1.0), (row.relative_to, 1.0)))
    return ProfiledQuantity.of(name)


def problem_for(name: str, setting: str = "pair") -> Problem:
    """The joint fit with the priors dropped that this profile is to do without.

    Parameters without a prior may range over their validity bounds. Of one whose prior is of its
    ratio to another it is that prior which is dropped; the ratio may then range as far as takes
    the parameter to its bounds with the other at its prior median.

    Raises:
        InputError: an unknown quantity or setting, or a Hill exponent with every prior
            kept: it has none, and the fit holds it fixed.
    """
    if setting not in SETTINGS:
        raise InputError(f"no setting {setting!r}; expected one of {tuple(SETTINGS)}.")
    quantity(name)  # refuses what is none
    problem, table = make_problem(FITTED), network_table()
    dropped = set(SETTINGS[setting])
    if name != RATIO and table[name].estimate not in problem.names:
        if setting == "kept":
            raise InputError(f"{name} is fixed in the fit: it has no prior to keep.")
        problem = _freed(problem, name)
    if name != RATIO and setting != "kept":  # the ratio's two members are in every other setting
        dropped.add(name)
    values = {what: getattr(problem, what).copy() for what in ("lower", "upper", "prior_sd")}
    for row in (table[parameter] for parameter in dropped):
        i = problem.names.index(row.estimate)
        values["prior_sd"][i] = np.inf
        if row.prior.status == "estimated":
            other = table[row.relative_to].prior.median if row.relative_to else 1.0
            values["lower"][i], values["upper"][i] = np.log10(
                [row.lower / other, row.upper / other]
            )
    return replace(problem, **values)


def _freed(problem: Problem, name: str) -> Problem:
    """The problem with a Hill exponent added, without a prior, within its range."""
    residuals = problem.residuals
    assert isinstance(residuals, CourseResiduals)
    low, high = np.log10(STEEPNESS_RANGE)
    names = (*problem.names, name)
    return Problem(
        names,
        replace(residuals, names=names),
        np.append(problem.lower, low),
        np.append(problem.upper, high),
        np.append(problem.prior_mean, np.log10(network_table()[name].prior.median)),
        np.append(problem.prior_sd, np.inf),
    )


def local_optima(
    record: Record, setting: str, executor: Executor | None = None, n_starts: int = N_STARTS
) -> list[Array]:
    """Distinct optima of the joint fit in a setting, best first: from the lock and other starts.

    With every prior kept the locked point is the only one, found from 16 starts.
    """
    problem = problem_for(PAIR[0], setting)
    locked = locked_point(record, problem)
    if setting == "kept":
        return [locked]
    starts = np.vstack([locked, starting_points(problem, n_starts, record.seed)])
    found = fit(problem, starts, executor)
    distinct: list[Fit] = []
    for optimum in found:
        if all(abs(optimum.cost - other.cost) > _SAME_COST for other in distinct):
            distinct.append(optimum)
    return [optimum.theta for optimum in distinct[:_MOST_OPTIMA]]


def make_requests(
    record: Record,
    names: Sequence[str],
    setting: str = "pair",
    executor: Executor | None = None,
    n_points: int = N_POINTS,
    optima: Sequence[Array] | None = None,
) -> list[Request]:
    """Profiles to make, each over three decades to either side of its locked value.

    Each starts from the best optimum without the dropped priors, and knows the others.

    Args:
        optima: known optima of the setting, as :func:`local_optima` gives them; found
            anew if None.
    """
    optima = local_optima(record, setting, executor) if optima is None else optima
    shared = problem_for(PAIR[0], setting).names
    problems = [problem_for(name, setting) for name in names]
    jobs, owners = [], []
    for i, problem in enumerate(problems):
        locked = dict(zip(problem.names, locked_point(record, problem), strict=True))
        for optimum in optima:
            known = locked | dict(zip(shared, optimum, strict=True))
            jobs.append((problem, np.array([known[name] for name in problem.names])))
            owners.append(i)
    # with every prior kept the locked point is the optimum already
    found = [start for _, start in jobs]
    if setting != "kept":
        run = executor.map if executor is not None else map
        found = [refit.theta for refit in run(fit_from, *zip(*jobs, strict=True))]
    requests = []
    for i, (name, problem) in enumerate(zip(names, problems, strict=True)):
        mine = np.array([theta for owner, theta in zip(owners, found, strict=True) if owner == i])
        mine = mine[np.argsort(problem.cost(mine), kind="stable")]
        wanted = quantity(name)
        centre = float(wanted.row(problem.names) @ locked_point(record, problem))
        span = (centre - DECADES, centre + DECADES)
        requests.append(Request(problem, wanted, mine[0], *span, n_points, tuple(mine[1:])))
    return requests


def profiles_of(
    record: Record,
    names: Sequence[str] = CLAIMED,
    setting: str = "pair",
    executor: Executor | None = None,
    n_points: int = N_POINTS,
    optima: Sequence[Array] | None = None,
) -> dict[str, Profile]:
    """Profiles by name, the held-back tables out of reach; see :func:`make_requests`."""
    with forbid_opening():
        requests = make_requests(record, names, setting, executor, n_points, optima)
        made = profile_all(requests, executor)
    return dict(zip(names, made, strict=True))


@dataclass(frozen=True)
class Picture:
    """What three verdicts say of the published picture.

    The picture: the profiles of ``k_fb`` and ``d_IL6`` are one-sided and complementary,
    and their ratio is identifiable. Only the words are public, so they are read in the
    weakest way: each of the two is bounded on one side only, whichever, and the ratio
    on both.
    """

    k_fb: Identifiability
    d_IL6: Identifiability
    ratio: Identifiability

    @property
    def pair_one_sided(self) -> bool:
        """Whether each of the pair has an end on one side only."""
        return self.k_fb.one_sided and self.d_IL6.one_sided

    @property
    def opposite_sides(self) -> bool:
        """One is bounded below and the other above."""
        return self.pair_one_sided and self.k_fb is not self.d_IL6

    @property
    def agrees(self) -> bool:
        """Whether this is the published picture."""
        return self.pair_one_sided and self.ratio is Identifiability.IDENTIFIABLE

    @classmethod
    def of(cls, profiles: Mapping[str, Profile]) -> Picture:
        """The picture of the three claimed profiles."""
        return cls(*(profiles[name].verdict for name in CLAIMED))


def verdict_table(profiles: Mapping[str, Profile]) -> pd.DataFrame:
    """One row a profile: verdict, interval in the quantity's own unit, width, how each side ends.

    ``low`` and ``high`` are out of log10 (for the ratio too); a side that does not cross
    the threshold has the end of the searched range instead, and ``open`` or ``bound`` in
    ``low_is`` or ``high_is``.
    """
    words = {End.CROSSED: "end", End.OPEN: "open", End.STOPPED: "bound"}
    rows = [
        {
            "quantity": "k_fb/d_IL6" if name == RATIO else name,
            "verdict": profile.verdict.value,
            "low": 10.0**profile.low,
            "low_is": words[profile.lower_end],
            "high": 10.0**profile.high,
            "high_is": words[profile.upper_end],
            "decades": profile.high - profile.low,
            "rise_lowest": float(profile.rise[0]),
            "rise_highest": float(profile.rise[-1]),
        }
        for name, profile in profiles.items()
    ]
    return pd.DataFrame(rows)
