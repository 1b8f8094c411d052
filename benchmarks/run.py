"""Measure every engine in one run, interleaved, and write what was found to a JSON file.

Every measurement is a fresh process (:mod:`benchmarks.measure`). In each round the engines take
turns, so that what else the machine does falls on all of them; look at the ratios. A measurement
that would take too long is extrapolated from smaller ensembles and marked.
"""

from __future__ import annotations

import json
import os
import platform
import statistics
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from qsp_lib import __version__
from qsp_lib.analyses import N_DRAWS
from qsp_lib.common import rounded, write_text_atomic

from . import problem as asked
from .bench import LADDER_SETS, REFERENCE_RTOL, ROOT, SMALL, Bench, Entry
from .engines import MODULES
from .floor import FloorMeasurement
from .record import AS_IN_CHAPTER, OURS

RESULTS = ROOT / "benchmarks" / "results.json"
ALL = tuple(MODULES)
CORES = (1, 2)
HEADLINE = (N_DRAWS, 2)
"""Parameter sets and cores of the headline: the robustness chapter's ensemble."""
FLOOR_SETS = 50


def rounds(n_rounds: int) -> Iterator[tuple[int, int]]:
    """(sets, cores) of every turn: the small sizes and the headline each round, the rest once."""
    for number in range(n_rounds):
        for cores in CORES:
            for sets in SMALL:
                yield sets, cores
        yield HEADLINE
        if number == 0:
            rest = [(sets, cores) for sets in asked.SIZES for cores in CORES]
            yield from (at for at in rest if at != HEADLINE and at[0] not in SMALL)


def patience(sets: int, cores: int, limit_s: float) -> tuple[float, float]:
    """How long (s) a run may take, the first time and to be repeated: longest at the headline."""
    if (sets, cores) == HEADLINE:
        return limit_s, limit_s
    return (limit_s if sets in SMALL else 0.75 * limit_s), limit_s / 3


def measure(n_rounds: int, limit_s: float, only: Sequence[str], date: str | None) -> dict[str, Any]:
    """Everything, as it is written to the results file; this package is measured in any case."""
    began = time.perf_counter()
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        bench = Bench(Path(name))
        entries, missing = {}, {}
        for engine in dict.fromkeys((OURS, *only)):
            try:
                entries[engine] = bench.entry(engine)
            except RuntimeError as problem:
                missing[engine] = str(problem)
                print(f"{engine}: not measured: {problem}", flush=True)
                continue
            say(f"{engine}: rtol {entries[engine].rtol:g}", began)
        ours = entries[OURS]
        entries[AS_IN_CHAPTER] = Entry(
            OURS,
            f"{ours.label} (as in the chapter)",
            ours.how,
            ours.versions,
            bench.problem.rtol,
            ours.rungs,
        )
        floor = FloorMeasurement(bench.problem, bench.points[:FLOOR_SETS])
        for turn, (sets, cores) in enumerate(rounds(n_rounds)):
            # there and back, so that none is always measured first
            for engine in list(entries)[:: 1 if turn % 2 == 0 else -1]:
                try:
                    bench.run(entries[engine], sets, cores, *patience(sets, cores, limit_s))
                except RuntimeError as problem:
                    if entries[engine].engine == OURS:
                        raise
                    missing[engine] = str(problem)
                    del entries[engine]
            floor.sample()
            say(f"{sets} sets on {cores} cores", began)
        floors = {name: floor.at(entries[name].rtol) for name in (OURS, AS_IN_CHAPTER)}
        return {
            "date": date,
            "machine": machine(),
            "problem": describe(bench, n_rounds, limit_s),
            "engines": {name: as_json(entry) for name, entry in entries.items()},
            "floor": floors,
            "missing": missing,
        }


def describe(bench: Bench, n_rounds: int, limit_s: float) -> dict[str, Any]:
    """What was asked, as far as the page has to say it."""
    problem = bench.problem
    return {
        "lock": bench.lock,
        "drugs": [arm.drug for arm in problem.arms],
        "states": list(asked.READ),
        "report_times": [int(arm.schedule.times.size) for arm in problem.arms],
        "horizon_h": float(problem.arms[0].schedule.times[-1]),
        "chapter_rtol": problem.rtol,
        "atol_per_rtol": problem.atol_per_rtol,
        "target_error": asked.TARGET,
        "within": asked.WITHIN,
        "reference_rtol": REFERENCE_RTOL,
        "reference_error": bench.reference_error(),
        "headline": {"sets": HEADLINE[0], "cores": HEADLINE[1]},
        "sizes": list(asked.SIZES),
        "ladder_sets": LADDER_SETS,
        "rounds": n_rounds,
        "limit_s": limit_s,
    }


def as_json(entry: Entry) -> dict[str, Any]:
    """An entry with every run's median and range, measured or extrapolated."""
    cells = []
    for cores in CORES:
        for sets in asked.SIZES:
            at = sets, cores
            if at in entry.runs:
                names = ("wall_s", "ready_s", "work_s", "cpu_s", "own_mb", "worker_mb")
                spread = {name: spread_of([run[name] for run in entry.runs[at]]) for name in names}
                cells.append({"sets": sets, "cores": cores, "extrapolated": False} | spread)
            else:
                wall = spread_of([entry.expected_s(sets, cores)])
                cells.append({"sets": sets, "cores": cores, "extrapolated": True, "wall_s": wall})
    return {
        "label": entry.label,
        "how": entry.how,
        "versions": entry.versions,
        "rtol": entry.rtol,
        "errors": entry.errors,
        "ladder": entry.rungs,
        "runs": cells,
    }


def spread_of(values: list[float]) -> dict[str, float]:
    """Median, smallest and largest, to four digits."""
    found = {"median": statistics.median(values), "low": min(values), "high": max(values)}
    return dict(rounded(found, 4))


def machine() -> dict[str, Any]:
    """Processor, cores, system and interpreter; nothing that tells whose machine it is."""
    model = platform.processor() or platform.machine()
    info = Path("/proc/cpuinfo")
    if info.exists():
        names = [
            line.split(":", 1)[1].strip()
            for line in info.read_text(encoding="utf-8").splitlines()
            if line.startswith("model name")
        ]
        model = names[0] if names else model
    return {
        "processor": model,
        "cores": os.cpu_count() or 1,
        "system": platform.system(),
        "python": platform.python_version(),
        "qsp_lib": __version__,
    }


def say(what: str, began: float) -> None:
    """A line of progress."""
    print(f"{time.perf_counter() - began:6.0f} s  {what}", flush=True)


def write(found: dict[str, Any], target: Path) -> None:
    """Write the results file."""
    write_text_atomic(target, json.dumps(found, indent=1, allow_nan=False) + "\n")
