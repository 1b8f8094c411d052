"""The problem in a folder, its reference, and what is known of each engine that is put to it."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from qsp_lib.inference import sweep
from qsp_lib.model import solve_scipy
from qsp_lib.protocol import ORDERED, current_record

from . import problem as asked
from .engines import contract
from .model_text import sbml

ROOT = Path(__file__).resolve().parents[1]
SMALL = asked.SIZES[:2]
"""Sizes that every engine is measured at, and extrapolated from."""
LADDER = (2e-4, 1e-4, 5e-5, 2e-5, 1e-5, 5e-6, 2e-6, 1e-6, 5e-7, 2e-7, 1e-7, 5e-8, 2e-8, 1e-8)
"""Relative tolerances tried, loosest first, to the chapter's or to the first that does."""
LADDER_SETS = 200
REFERENCE_RTOL = 1e-10
CHECKED_SETS = 20
"""Sets on which another solver checks the reference."""


@dataclass
class Entry:
    """What is known of one engine at one tolerance."""

    engine: str
    label: str
    how: str
    versions: dict[str, str]
    rtol: float
    rungs: list[dict[str, float]]
    runs: dict[tuple[int, int], list[dict[str, float]]] = field(default_factory=dict)
    errors: dict[str, Any] = field(default_factory=dict)

    def middle(self, at: tuple[int, int], what: str) -> float:
        """Median over rounds of one number of the runs at (sets, cores)."""
        return statistics.median(run[what] for run in self.runs[at])

    def expected_s(self, sets: int, cores: int) -> float:
        """Wall time on the line through the two small sizes, or as the ladder suggests."""
        small = [(n, cores) for n in SMALL]
        if all(at in self.runs for at in small):
            first, second = (self.middle(at, "wall_s") for at in small)
            each = max(second - first, 0.0) / (SMALL[1] - SMALL[0])
            return first + each * (sets - SMALL[0])
        at_rtol = next(rung for rung in self.rungs if rung["rtol"] == self.rtol)
        return len(ORDERED) * sets * at_rtol["cpu_s_a_simulation"] / cores


class Bench:
    """A folder with the problem, its reference, and the measurements made of it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        record = current_record()
        self.lock = record.version
        self.problem = asked.make(record)
        with suppress(ImportError):  # the engine that needs it then says so
            texts = {name: sbml(each) for name, each in self.problem.structures.items()}
            self.problem = replace(self.problem, sbml=texts)
        self.points = asked.draws(record, max(asked.SIZES))
        contract.write(self.problem, self.points, folder)
        tight = REFERENCE_RTOL, REFERENCE_RTOL * self.problem.atol_per_rtol
        run = asked.simulator(record)
        self.reference = sweep(
            replace(run, solver=replace(run.solver, rtol=tight[0], atol=tight[1])),
            self.points,
            progress=False,
        )
        np.save(folder / "reference.npy", self.reference)

    def reference_error(self) -> float:
        """Largest relative difference of the reference's peaks from those of SciPy's DOP853."""
        points = self.points[:CHECKED_SETS]
        parts = [
            asked.peaks(task, solve_scipy(task, "DOP853")[0])
            for task in self.problem.tasks(points, REFERENCE_RTOL)
        ]
        return float(np.max(np.abs(np.hstack(parts) / self.reference[:CHECKED_SETS] - 1)))

    def child(self, job: dict[str, Any]) -> tuple[dict[str, Any], float]:
        """One measurement in a fresh process: what it printed, and its wall time (s)."""
        job = job | {"folder": str(self.folder), "started": time.time()}
        began = time.perf_counter()
        done = subprocess.run(
            [sys.executable, "-m", "benchmarks.measure", json.dumps(job)],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
        wall_s = time.perf_counter() - began
        if done.returncode:
            raise RuntimeError(done.stderr.strip().splitlines()[-1] if done.stderr else "it died")
        return json.loads(done.stdout.splitlines()[-1]), wall_s

    def entry(self, engine: str) -> Entry:
        """Find the loosest tolerance at which an engine reaches the target."""
        found, _ = self.child(
            {
                "kind": "ladder",
                "engine": engine,
                "sets": LADDER_SETS,
                "rtols": LADDER,
                "reference": str(self.folder / "reference.npy"),
                "until": self.problem.rtol,
                "patience_s": 1.0,
            }
        )
        rungs = found["rungs"]
        good = [rung for rung in rungs if (rung["error"] or np.inf) <= asked.TARGET] or rungs[-1:]
        return Entry(
            engine, found["label"], found["how"], found["versions"], good[0]["rtol"], rungs
        )

    def run(
        self, entry: Entry, sets: int, cores: int, limit_s: float, repeat_limit_s: float
    ) -> None:
        """One round's run of one ensemble, unless it would take longer than one of the limits."""
        repeated = (sets, cores) in entry.runs
        if entry.expected_s(sets, cores) > (repeat_limit_s if repeated else limit_s):
            return
        saved = self.folder / f"{entry.engine}.npy"
        found, wall_s = self.child(
            {
                "kind": "ensemble",
                "engine": entry.engine,
                "sets": sets,
                "cores": cores,
                "rtol": entry.rtol,
                "peaks": str(saved),
            }
        )
        entry.runs.setdefault((sets, cores), []).append(found | {"wall_s": wall_s})
        if sets >= entry.errors.get("sets", 0):
            peaks, reference = np.load(saved), self.reference[:sets]
            off = asked.worst(peaks, reference)
            entry.errors = {
                "sets": sets,
                "failed": int(np.count_nonzero(np.isinf(off))),
                "within": asked.error(peaks, reference),
                "median": float(np.median(off)),
                "largest": float(off[np.isfinite(off)].max()),
            }
