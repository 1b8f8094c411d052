"""Profile likelihoods made one by one, each kept as soon as it is done.

A profile takes minutes of a processor, and all 24 half an hour of two, so that a run that was
stopped makes those that are missing. What is kept is named by everything that it depends on.
"""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..common import InputError, code_digest, digest, write_bytes_atomic
from ..inference import End, Profile
from ..protocol import Record
from .identifiability import local_optima, profiles_of

Array = NDArray[Any]


@dataclass(frozen=True)
class OptimaRun:
    """The distinct optima that the profiles of one setting start from.

    Attributes:
        record: the lock record whose joint fit is profiled.
        setting: which priors are dropped, one of :data:`.identifiability.SETTINGS`.
        folder: where it is kept; None for nowhere.
    """

    record: Record
    setting: str
    folder: Path | None = None

    def run(self) -> list[Array]:
        """The optima, best first: read if they are kept, else found and kept."""
        found = _kept(self._path, self._found)
        return [found[f"optimum_{i}"] for i in range(len(found))]

    def _found(self) -> dict[str, Any]:
        optima = local_optima(self.record, self.setting)
        return {f"optimum_{i}": theta for i, theta in enumerate(optima)}

    @property
    def _path(self) -> Path | None:
        return _path(self.folder, f"{self.setting}-optima", _identity(self.record, self.setting))


@dataclass(frozen=True)
class ProfileRun:
    """One profile.

    Attributes:
        record, setting, folder: as of :class:`OptimaRun`.
        name: the quantity.
        optima: where it starts from, best first.
    """

    record: Record
    setting: str
    name: str
    optima: Sequence[Array]
    folder: Path | None = None

    def run(self) -> Profile:
        """The profile: read if it is kept, else made and kept.

        Raises:
            InputError: a file that is damaged.
        """
        kept = _kept(self._path, self._made)
        lower_end, upper_end = (End[str(name)] for name in kept["ends"])
        cost, optimum, low, high = map(float, kept["numbers"])
        path = kept["values"], kept["rise"], kept["theta"]
        return Profile(self.name, *path, cost, optimum, low, high, lower_end, upper_end)

    def _made(self) -> dict[str, Any]:
        (made,) = profiles_of(self.record, (self.name,), self.setting, optima=self.optima).values()
        return {
            "values": made.values,
            "rise": made.rise,
            "theta": made.theta,
            "numbers": np.array([made.cost, made.optimum, made.low, made.high]),
            "ends": np.array([made.lower_end.name, made.upper_end.name]),
        }

    @property
    def _path(self) -> Path | None:
        starts = [theta.tolist() for theta in self.optima]
        identity = {**_identity(self.record, self.setting), "name": self.name, "starts": starts}
        return _path(self.folder, f"{self.setting}-{self.name}", identity)


def _identity(record: Record, setting: str) -> dict[str, object]:
    """What a profile depends on: not the record that holds it, which is made again for words."""
    names, locked, _ = record.posterior
    return {
        "setting": setting,
        "names": list(names),
        "locked": locked.tolist(),
        "seed": record.seed,
        "equations": record.equations_digest,
        "inputs": dict(record.content["digests"]),
        "code": _code(),
    }


@cache
def _code() -> str:
    """Digest of the code that decides what a profile is, and of no other."""
    root = Path(str(resources.files("qsp_lib")))
    wings = ("evidence", "inference", "model", "drugs", "calibration")
    files = [path for wing in wings for path in sorted((root / wing).rglob("*.py"))]
    return code_digest([*files, root / "analyses" / "identifiability.py"])


def _path(folder: Path | None, name: str, identity: Mapping[str, object]) -> Path | None:
    return None if folder is None else folder / f"profile-{name}-{digest(identity)[:12]}.npz"


def _kept(path: Path | None, make: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """The arrays of a file; made, and kept there, if it is not."""
    if path is not None and path.exists():
        try:
            with np.load(path, allow_pickle=False) as kept:
                return dict(kept)
        except (OSError, ValueError, zipfile.BadZipFile) as problem:
            raise InputError(
                f"{path.name} is damaged ({problem}); take the file away, and it is made again."
            ) from None
    made = make()
    if path is not None:
        path.parent.mkdir(parents=True, exist_ok=True)
        buffer = BytesIO()
        np.savez(buffer, **made)
        write_bytes_atomic(path, buffer.getvalue())
    return made
