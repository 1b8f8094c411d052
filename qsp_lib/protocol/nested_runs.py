"""Nested runs of candidate structures, each kept as soon as it is done.

A run takes minutes of a processor and cannot be gone on with half-way, so what is kept is whole
runs: a development that was stopped makes those that are missing.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cache
from importlib import resources
from pathlib import Path
from types import MappingProxyType

import numpy as np

from ..calibration import CandidateModel, CourseResiduals
from ..common import InputError, code_digest, digest, forbid_opening, write_bytes_atomic
from ..inference import LIVE_POINTS, NestedRun, nested_run
from ..model import RTOL

FAR_BEHIND: Mapping[str, int] = MappingProxyType({"constant": 200, "rest": 200})
"""Live points of structures whose optimum lies some 85 in cost behind the others'. What they are
short of is tens of units of ln evidence, and a run goes through so many more shells that it would
take hours with as many live points as the others have."""


@dataclass(frozen=True)
class NestedTask:
    """One nested run of one structure.

    Attributes:
        candidate: the structure.
        seed: of the run.
        published_only: without the rows that are declared assumptions.
        folder: where it is kept; None for nowhere.
    """

    candidate: CandidateModel
    seed: int
    published_only: bool
    folder: Path | None = None

    @property
    def live_points(self) -> int:
        """How many live points it has."""
        return FAR_BEHIND.get(self.candidate.name, LIVE_POINTS)

    @property
    def path(self) -> Path | None:
        """Its file, whose name says what it is a run of and by which code."""
        if self.folder is None:
            return None
        identity = {
            "structure": asdict(self.candidate),
            "seed": self.seed,
            "published_only": self.published_only,
            "live_points": self.live_points,
            "code": _code(),
        }
        rows = "published" if self.published_only else "all"
        name = f"{self.candidate.name}-nested-{rows}-{self.seed}-{digest(identity)[:12]}.npz"
        return self.folder / name

    def run(self) -> NestedRun:
        """The run: read if it is kept, else made and kept.

        Raises:
            InputError: a file that is damaged.
        """
        path = self.path
        if path is not None and path.exists():
            return _read(path)
        problem = self.candidate.problem(RTOL, published_only=self.published_only)
        fit: CourseResiduals = problem.residuals  # type: ignore[assignment]
        with forbid_opening():
            made = nested_run(problem, self.seed, fit.log_likelihood_constant, self.live_points)
        if path is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
            buffer = io.BytesIO()
            np.savez(
                buffer,
                log_evidence=made.log_evidence,
                error=made.error,
                points=made.points,
                log_weights=made.log_weights,
                calls=made.calls,
            )
            write_bytes_atomic(path, buffer.getvalue())
        return made


@cache
def _code() -> str:
    """Digest of the code that decides what a run finds: of these wings, and of no other."""
    root = Path(str(resources.files("qsp_lib")))
    wings = ("evidence", "inference", "model", "drugs", "calibration")
    return code_digest([path for wing in wings for path in sorted((root / wing).rglob("*.py"))])


def _read(path: Path) -> NestedRun:
    try:
        with np.load(path, allow_pickle=False) as kept:
            return NestedRun(
                float(kept["log_evidence"]),
                float(kept["error"]),
                kept["points"],
                kept["log_weights"],
                int(kept["calls"]),
            )
    except (OSError, ValueError, KeyError, zipfile.BadZipFile) as problem:
        raise InputError(
            f"nested run {path.name} is damaged ({problem}); take the file away, and it is made "
            "again."
        ) from None
