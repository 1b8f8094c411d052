"""Cost of the robustness ensemble and of its stability map: time, work and memory.

    python benchmarks/ensemble_scaling.py [--draws 500 5000 50000] [--workers 2] [--repeats 3]

Every line is a fresh process, so compiling the model and starting the workers are in the time;
importing Python packages and reading the lock record are not. On a machine that does other
things, compare the CPU time, and the ratios within one run. "Wall, if idle" is what the CPU time
of the workers takes when spread evenly over as many free cores, plus the parent's own.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

GOALS_S = {"ensemble 5000": 5.0, "map 900": 2.0}
SIZES = (500, 1000, 5000, 20000, 50000)


def cpu_s(who: int) -> float:
    """CPU time (s) so far of this process, or of its children that have ended."""
    used = resource.getrusage(who)
    return used.ru_utime + used.ru_stime


def measure(work: Callable[[], Any], workers: int) -> dict[str, float]:
    """Wall and CPU time (s) of a piece of work, and the most memory (MB) of any process."""
    own, others = (cpu_s(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    started = time.perf_counter()
    work()
    wall = time.perf_counter() - started
    own = cpu_s(resource.RUSAGE_SELF) - own
    others = cpu_s(resource.RUSAGE_CHILDREN) - others
    scale = 1024**2 if sys.platform == "darwin" else 1024
    return {
        "wall": wall,
        "cpu": own + others,
        "idle": own + others / workers,
        "parent_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / scale,
        "worker_mb": resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / scale,
    }


def run_one(kind: str, size: int, workers: int) -> None:
    """Measure one piece of work in this process and print the result as JSON."""
    from qsp_lib import robustness, stability
    from qsp_lib.drugs import load_drug
    from qsp_lib.lock import current_record

    record = current_record()
    for drug in robustness.ORDERED:
        load_drug(drug)

    def work() -> None:
        if kind == "map":
            stability.stability_map(record, points=round(size**0.5), workers=workers)
        else:
            robustness.ensemble(record, size, workers=workers, progress=False)

    print(json.dumps(measure(work, workers)))


def best_of(kind: str, size: int, workers: int, repeats: int) -> dict[str, float]:
    """The run with the shortest wall time, each in a fresh process."""
    command = [sys.executable, __file__, "--one", kind, str(size), "--workers", str(workers)]
    runs = [
        json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
        for _ in range(repeats)
    ]
    return min(runs, key=lambda run: run["wall"])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--draws", type=int, nargs="+", default=list(SIZES))
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--repeats", type=int, default=1)
    parser.add_argument("--one", nargs=2, metavar=("KIND", "SIZE"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        run_one(options.one[0], int(options.one[1]), options.workers)
        return
    print(f"{options.workers} workers; three simulations a set; best of {options.repeats}")
    print(f"{'work':>16} {'wall s':>8} {'if idle':>8} {'CPU s':>8} {'CPU ms/set':>11} "
          f"{'ratio':>6} {'parent MB':>10} {'worker MB':>10}  goal")  # fmt: skip
    first = None
    for kind, size in [("map", 900), *(("ensemble", n) for n in options.draws)]:
        run = best_of(kind, size, options.workers, options.repeats)
        each = 1e3 * run["cpu"] / size
        first = each if kind == "ensemble" and first is None else first
        ratio = f"{each / first:.2f}" if kind == "ensemble" and first else "-"
        goal = GOALS_S.get(f"{kind} {size}")
        seen = ""
        if goal is not None:
            met = "met" if run["wall"] < goal else "met if idle" if run["idle"] < goal else "missed"
            seen = f"{goal:g} s: {met}"
        print(f"{f'{kind} {size}':>16} {run['wall']:8.2f} {run['idle']:8.2f} {run['cpu']:8.2f} "
              f"{each:11.2f} {ratio:>6} {run['parent_mb']:10.0f} {run['worker_mb']:10.0f}  {seen}",
              flush=True)  # fmt: skip


if __name__ == "__main__":
    main()
