"""The full run of profile likelihoods, made by a command of its own and kept."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..common import forbid_opening, rounded, write_text_atomic
from ..inference import CONFIDENCE, End, Profile
from ..model import NETWORK
from ..protocol import KEPT, Record, kept_file, read_made_from, signed
from .identifiability import CLAIMED, DECADES, RATIO, problem_for
from .profile_runs import OptimaRun, ProfileRun
from .second_profiler import cross_check

Array = NDArray[np.float64]
_DIGITS = 7
CLAIMED_IN = "pair"
"""The setting that the published claim is judged in."""


@dataclass(frozen=True)
class KeptProfiles:
    """The last full run: when it was made, from which lock, and what it found.

    Attributes:
        made: ISO date.
        lock: version, digest and date of the lock record.
        profiles: setting to name to profile. The other parameters' values are kept of the claimed
            profiles in the setting of the claim; of the others ``theta`` is ``(n, 0)``.
        optima: setting to the distinct optima that the profiles started from, best first,
            in log10 and in the order of the joint fit's parameters.
        check: the independent profiler beside ours; see :func:`.cross_check`.
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
    folder: Path | None = None,
) -> tuple[dict[str, dict[str, Profile]], dict[str, list[Array]]]:
    """All 17 parameters and the ratio, and the claimed three in the other settings.

    Args:
        say: called with one line of progress at a time.
        folder: where finished profiles are kept, so that a run that was stopped goes on.

    Returns:
        Setting to name to profile, and setting to the optima they started from.
    """
    run = executor.map if executor is not None else map
    wanted = {"pair": (*NETWORK, RATIO), "kept": CLAIMED, "all_il6": CLAIMED}
    with forbid_opening():
        starts = [OptimaRun(record, setting, folder) for setting in wanted]
        optima = dict(zip(wanted, run(OptimaRun.run, starts), strict=True))
        runs = [
            ProfileRun(record, setting, name, optima[setting], folder)
            for setting, names in wanted.items()
            for name in names
        ]
        made: dict[str, dict[str, Profile]] = {setting: {} for setting in wanted}
        for one, profile in zip(runs, run(ProfileRun.run, runs), strict=True):
            made[one.setting][one.name] = profile
            say(f"profile of {one.name} ({one.setting})")
    return made, optima


def kept_path(record: Record, directory: Path = KEPT) -> Path:
    """Where the full run made from a record is kept."""
    return kept_file("profiles", record, directory)


def write_kept(
    record: Record,
    date: str,
    executor: Executor | None = None,
    directory: Path = KEPT,
    say: Callable[[str], None] = lambda line: None,
    folder: Path | None = None,
) -> Path:
    """Make the full run and the independent check, and keep both.

    Args:
        date: ISO date of the run.
        directory: where to keep it; made if need be.
        say: called with one line of progress at a time.
        folder: where finished profiles are kept, so that a run that was stopped goes on.
    """
    directory.mkdir(parents=True, exist_ok=True)  # first: the run takes minutes
    made, optima = full_run(record, executor, say, folder)
    say("the independent check")
    run = executor.map if executor is not None else map
    with forbid_opening():
        problems = [problem_for(name) for name in CLAIMED]
        checks = list(run(cross_check, problems, [made["pair"][name] for name in CLAIMED]))
    content = _content(record, date, made, optima, pd.concat(checks))
    return write_text_atomic(kept_path(record, directory), signed(content))


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
            setting: {
                name: _plain(profile, whole=setting == CLAIMED_IN and name in CLAIMED)
                for name, profile in profiles.items()
            }
            for setting, profiles in made.items()
        },
        "optima": {
            setting: [rounded(theta.tolist(), _DIGITS) for theta in found]
            for setting, found in optima.items()
        },
        "check": {
            "with": f"iminuit {version('iminuit')}",
            "rows": [rounded(row, _DIGITS) for row in check.to_dict("records")],
        },
    }


def read_kept(record: Record, directory: Path = KEPT) -> KeptProfiles:
    """The full run that was made from this record.

    Raises:
        LockError: none is kept, it was edited, or it was made from another record.
    """
    return read_made_from(
        record,
        kept_path(record, directory),
        _kept,
        "profiles",
        "make it with 'python -m qsp_lib profiles'",
    )


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
        content["made"],
        content["lock"],
        profiles,
        optima,
        pd.DataFrame(check["rows"]),
        check["with"],
    )


def _plain(profile: Profile, *, whole: bool) -> dict[str, Any]:
    theta = {"theta": profile.theta.tolist()} if whole else {}
    content: dict[str, Any] = rounded(
        theta
        | {
            "values": profile.values.tolist(),
            "rise": profile.rise.tolist(),
            "cost": profile.cost,
            "optimum": profile.optimum,
            "low": profile.low,
            "high": profile.high,
            "lower_end": profile.lower_end.name,
            "upper_end": profile.upper_end.name,
        },
        _DIGITS,
    )
    return content


def _profile(name: str, plain: Mapping[str, Any]) -> Profile:
    values = np.array(plain["values"])
    return Profile(
        name,
        values,
        np.array(plain["rise"]),
        np.array(plain.get("theta", np.empty((values.size, 0)))),
        plain["cost"],
        plain["optimum"],
        plain["low"],
        plain["high"],
        End[plain["lower_end"]],
        End[plain["upper_end"]],
    )
