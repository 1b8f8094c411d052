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

import json
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from .calibration import CourseResiduals, make_problem
from .equations import NETWORK
from .errors import InputError, LockError
from .files import write_text_atomic
from .fitting import Fit, Problem, fit, fit_from, starting_points
from .lock import Record
from .locking import FITTED
from .parameters import network_table
from .profiles import CONFIDENCE, N_POINTS, End, Profile, Quantity, Request, Verdict, profile_all
from .results import dumps
from .seal import forbid_opening

T = TypeVar("T")
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
KEPT = Path(str(files("qsp_lib").joinpath("data/profiles")))
N_STARTS = 6
_SAME_COST = 0.02
"""Two optima of costs this close are one."""
_MOST_OPTIMA = 3
_DIGITS = 7


def quantity(name: str) -> Quantity:
    """A network parameter, or the ratio.

    Raises:
        InputError: anything else.
    """
    if name == RATIO:
        return Quantity.log_ratio(RATIO, *PAIR)
    if name not in NETWORK:
        raise InputError(f"no profile of {name!r}; expected {RATIO!r} or one of {NETWORK}.")
    return Quantity.of(name)


def problem_for(name: str, setting: str = "pair") -> Problem:
    """The joint fit with the priors dropped that this profile is to do without.

    Parameters without a prior may range over their validity bounds.

    Raises:
        InputError: an unknown quantity or setting, or a Hill exponent with every prior
            kept: it has none, and the fit holds it fixed.
    """
    if setting not in SETTINGS:
        raise InputError(f"no setting {setting!r}; expected one of {tuple(SETTINGS)}.")
    problem = make_problem(FITTED)
    dropped = {member for member, _ in quantity(name).weights} if setting != "kept" else set()
    dropped |= set(SETTINGS[setting])
    if name != RATIO and name not in problem.names:
        if setting == "kept":
            raise InputError(f"{name} is fixed in the fit: it has no prior to keep.")
        problem = _freed(problem, name)
    values = {
        what: getattr(problem, what).copy() for what in ("lower", "upper", "prior_sd")
    }  # fmt: skip
    for parameter in dropped:
        i, row = problem.names.index(parameter), network_table()[parameter]
        values["prior_sd"][i] = np.inf
        if row.prior.status == "estimated":
            values["lower"][i], values["upper"][i] = np.log10([row.lower, row.upper])
    return replace(problem, **values)


def _freed(problem: Problem, name: str) -> Problem:
    """The problem with a Hill exponent added, without a prior, within its range."""
    residuals = problem.residuals
    assert isinstance(residuals, CourseResiduals)
    low, high = np.log10(STEEPNESS_RANGE)
    names = (*problem.names, name)
    return Problem(
        names, replace(residuals, names=names),
        np.append(problem.lower, low), np.append(problem.upper, high),
        np.append(problem.prior_mean, np.log10(network_table()[name].prior.median)),
        np.append(problem.prior_sd, np.inf),
    )  # fmt: skip


def locked_point(record: Record, problem: Problem) -> Array:
    """The locked values in the order of a problem, ``(d,)``, in log10."""
    names, mean, _ = record.posterior
    known = dict(zip(names, mean, strict=True))
    network = record.network.values()
    return np.array([known[n] if n in known else np.log10(network[n]) for n in problem.names])


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

    k_fb: Verdict
    d_IL6: Verdict
    ratio: Verdict

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
        return self.pair_one_sided and self.ratio is Verdict.IDENTIFIABLE

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


# ---------------------------------------------------------------- the independent profiler


@dataclass(frozen=True)
class Coordinates:
    """A problem as MINUIT is given it: a quantity stands in the place of one parameter.

    Attributes:
        problem: the fit.
        row: weights of the quantity over the parameters, ``(d,)``.
        solved: which parameter it stands for; that one follows from the others.
    """

    problem: Problem
    row: Array
    solved: int

    @property
    def others(self) -> Array:
        """Weights of the quantity over the parameters that stay, ``(d,)``."""
        return np.where(np.arange(self.row.size) == self.solved, 0.0, self.row)

    def theta(self, x: Array) -> Array:
        """Parameters ``(d,)`` from coordinates ``(d,)``."""
        theta = np.array(x, dtype=float)
        theta[self.solved] = (x[self.solved] - self.others @ theta) / self.row[self.solved]
        return theta

    def twice_cost(self, x: Array) -> float:
        """What MINUIT lowers."""
        return float(2 * self.problem.cost(self.theta(x))[0])

    def gradient(self, x: Array) -> Array:
        """Its slope in the coordinates, ``(d,)``."""
        theta = self.theta(x)
        slope = 2 * self.problem.jacobian(theta).T @ self.problem.all_residuals(theta)[0]
        along = slope - self.others / self.row[self.solved] * slope[self.solved]
        along[self.solved] = slope[self.solved] / self.row[self.solved]
        return along


def cross_check(problem: Problem, profile: Profile, n_steps: int = 6) -> pd.DataFrame:
    """The same profile by another optimiser: MINUIT's variable-metric method.

    From the optimum it walks to either end of the interval (or of the range, if the profile
    is open there) in ``n_steps`` steps, each continued from the one before by MINUIT alone;
    the costs it finds are set beside ours.

    Returns:
        A table with ``quantity``, ``value`` (log10), ``rise`` (ours, interpolated) and
        ``minuit_rise``, both above the lowest cost that either found.

    Source: James and Roos 1975, doi 10.1016/0010-4655(75)90039-9, by iminuit.
    """
    from iminuit import Minuit  # only this check needs it

    wanted = quantity(profile.name)
    solved = problem.names.index(wanted.weights[0][0])
    coordinates = Coordinates(problem, wanted.row(problem.names), solved)
    lowest = int(np.argmin(profile.rise))
    rows = []
    for end in (profile.low, profile.high):
        start = profile.theta[lowest].copy()
        start[solved] = profile.values[lowest]
        if abs(end - start[solved]) < 1e-9:
            continue  # the optimum is at the end of the range: there is no side to walk
        margin = 1e-6 * (problem.upper - problem.lower)
        inside = start.clip(problem.lower + margin, problem.upper - margin)
        inside[solved] = start[solved]
        # the walk may not begin at our own solution: only its first point is ours
        for value in np.linspace(profile.values[lowest], end, n_steps + 1)[1:]:
            minuit = Minuit(
                coordinates.twice_cost, inside, grad=coordinates.gradient, name=problem.names
            )
            minuit.errordef, minuit.strategy, minuit.tol = Minuit.LEAST_SQUARES, 0, 0.1
            minuit.limits = [
                (None, None) if i == solved else (low, high)
                for i, (low, high) in enumerate(zip(problem.lower, problem.upper, strict=True))
            ]
            minuit.errors = np.full(problem.dimension, 0.1)
            minuit.values[solved] = float(value)
            minuit.fixed[solved] = True
            minuit.migrad(ncall=4000)
            inside = np.array(minuit.values)
            rows.append(
                {
                    "quantity": profile.name,
                    "value": float(value),
                    "rise": profile.rise_at(float(value)),
                    "minuit_rise": float(minuit.fval) - 2 * profile.cost,
                }
            )
    return pd.DataFrame(rows)


# ---------------------------------------------------------------- the kept run


@dataclass(frozen=True)
class KeptProfiles:
    """The last full run: when it was made, from which lock, and what it found.

    Attributes:
        made: ISO date.
        lock: version, digest and date of the lock record.
        profiles: setting to name to profile, the other parameters' values left out
            (``theta`` is ``(n, 0)``).
        optima: setting to the distinct optima that the profiles started from, best first,
            in log10 and in the order of the joint fit's parameters.
        check: the independent profiler beside ours; see :func:`cross_check`.
        checked_with: the name and version of that profiler.
    """

    made: str
    lock: Mapping[str, str]
    profiles: Mapping[str, Mapping[str, Profile]]
    optima: Mapping[str, Sequence[Array]]
    check: pd.DataFrame
    checked_with: str


def full_run(
    record: Record,
    executor: Executor | None = None,
    say: Callable[[str], None] = lambda line: None,
) -> tuple[dict[str, dict[str, Profile]], dict[str, list[Array]]]:
    """All 17 parameters and the ratio, and the claimed three in the other settings.

    Args:
        say: called with one line of progress at a time.

    Returns:
        Setting to name to profile, and setting to the optima they started from.
    """
    names = {"pair": (*NETWORK, RATIO), "kept": CLAIMED, "all_il6": CLAIMED}
    made, optima = {}, {}
    for setting, wanted in names.items():
        say(f"profiles of {', '.join(wanted)} ({setting})")
        with forbid_opening():
            optima[setting] = local_optima(record, setting, executor)
        made[setting] = profiles_of(record, wanted, setting, executor, optima=optima[setting])
    return made, optima


def kept_path(record: Record, directory: Path = KEPT) -> Path:
    """Where the full run made from a record is kept."""
    return directory / f"profiles-{record.version}.json"


def write_kept(
    record: Record,
    date: str,
    executor: Executor | None = None,
    directory: Path = KEPT,
    say: Callable[[str], None] = lambda line: None,
) -> Path:
    """Make the full run and the independent check, and keep both.

    Args:
        date: ISO date of the run.
        directory: where to keep it; made if need be.
        say: called with one line of progress at a time.
    """
    directory.mkdir(parents=True, exist_ok=True)  # first: the run takes minutes
    made, optima = full_run(record, executor, say)
    say("the independent check")
    run = executor.map if executor is not None else map
    with forbid_opening():
        problems = [problem_for(name) for name in CLAIMED]
        checks = list(run(cross_check, problems, [made["pair"][name] for name in CLAIMED]))
    content = _content(record, date, made, optima, pd.concat(checks))
    return write_text_atomic(kept_path(record, directory), dumps(content) + "\n")


def _content(
    record: Record,
    date: str,
    made: Mapping[str, Mapping[str, Profile]],
    optima: Mapping[str, Sequence[Array]],
    check: pd.DataFrame,
) -> dict[str, Any]:
    """What a kept run's file holds."""
    return {
        "made": date,
        "lock": dict(record.summary),
        "confidence": CONFIDENCE,
        "decades": DECADES,
        "profiles": {
            setting: {name: _plain(profile) for name, profile in profiles.items()}
            for setting, profiles in made.items()
        },
        "optima": {
            setting: [_rounded(theta.tolist()) for theta in found]
            for setting, found in optima.items()
        },
        "check": {
            "with": f"iminuit {version('iminuit')}",
            "rows": [_rounded(row) for row in check.to_dict("records")],
        },
    }


def read_kept(record: Record, directory: Path = KEPT) -> KeptProfiles:
    """The full run that was made from this record.

    Raises:
        LockError: none is kept, or it was made from another record.
    """
    return read_made_from(
        record, kept_path(record, directory), _kept, "profiles",
        "make it with 'python -m qsp_lib profiles'",
    )  # fmt: skip


def read_made_from(
    record: Record, path: Path, parse: Callable[[dict[str, Any]], T], what: str, make: str
) -> T:
    """A file that was made from a lock record, as `parse` reads its content.

    Args:
        record: the record it should be from.
        path: the file, JSON with the record under ``lock``.
        parse: content to result.
        what: what it holds, in words.
        make: how to make it, in words.

    Raises:
        LockError: there is no such file, it cannot be read, or it was made from another record.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        digest, parsed = content["lock"]["digest"], parse(content)
    except FileNotFoundError:
        raise LockError(f"no {what} from lock {record.version} are kept; {make}.") from None
    except (KeyError, TypeError, ValueError) as problem:  # text and JSON errors are ValueErrors
        raise LockError(f"{path.name} cannot be read ({problem!r}); {make}.") from None
    if digest != record.digest:
        raise LockError(
            f"{path.name} was made from a lock with digest {digest[:12]}, not from lock "
            f"{record.version} ({record.digest[:12]}); {make}."
        )
    return parsed


def _kept(content: Mapping[str, Any]) -> KeptProfiles:
    """A kept run from the content of its file."""
    profiles = {
        setting: {name: _profile(name, found[name]) for name in (*NETWORK, RATIO) if name in found}
        for setting, found in content["profiles"].items()
    }
    optima = {
        setting: [np.array(theta) for theta in found]
        for setting, found in content["optima"].items()
    }
    check = content["check"]
    return KeptProfiles(
        content["made"], content["lock"], profiles, optima, pd.DataFrame(check["rows"]),
        check["with"],
    )  # fmt: skip


def _rounded(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _rounded(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_rounded(item) for item in value]
    return float(f"{value:.{_DIGITS}g}") if isinstance(value, float) else value


def _plain(profile: Profile) -> dict[str, Any]:
    return _rounded(
        {
            "values": profile.values.tolist(),
            "rise": profile.rise.tolist(),
            "cost": profile.cost,
            "optimum": profile.optimum,
            "low": profile.low,
            "high": profile.high,
            "lower_end": profile.lower_end.name,
            "upper_end": profile.upper_end.name,
        }
    )


def _profile(name: str, plain: Mapping[str, Any]) -> Profile:
    values = np.array(plain["values"])
    return Profile(
        name, values, np.array(plain["rise"]), np.empty((values.size, 0)),
        plain["cost"], plain["optimum"], plain["low"], plain["high"],
        End[plain["lower_end"]], End[plain["upper_end"]],
    )  # fmt: skip


def largest_shift(one: Mapping[str, Profile], other: Mapping[str, Profile]) -> float:
    """Largest difference between the interval ends of two sets of profiles, in decades.

    Args:
        one: some profiles by name, at least one.
        other: what they are compared with, each of those names among its own.

    Returns:
        Infinity if a side ends in a different way.

    Raises:
        InputError: no profiles, or one that the other set does not have.
    """
    if not one or one.keys() - other.keys():
        raise InputError(
            f"profiles of {', '.join(one) or 'nothing'} cannot be compared with profiles of "
            f"{', '.join(other) or 'nothing'}; expected one or more, each in the other set too."
        )
    shifts = [0.0]
    for name, a in one.items():
        b = other[name]
        same = (a.lower_end, a.upper_end) == (b.lower_end, b.upper_end)
        shifts.append(max(abs(a.low - b.low), abs(a.high - b.high)) if same else float("inf"))
    return max(shifts)
