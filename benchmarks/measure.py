"""One measurement, in a process of its own: ``python -m benchmarks.measure JOB``.

The job is a JSON object; so is what is printed. Times count from when the caller started the
process, so the interpreter's own start and every import are in them.
"""

from __future__ import annotations

import gc
import json
import math
import re
import resource
import sys
import time
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import numpy as np

from qsp_lib.common import Crew, fresh_pool

from . import problem as asked
from .engines import engine
from .engines.contract import POINTS, Engine, versions

_UNITS_A_MB = 1024**2 if sys.platform == "darwin" else 1024
_REPEATS = 2


def cpu_s() -> float:
    """CPU time (s) of this process and of its workers that have ended."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


def own_mb() -> float:
    """Peak resident memory (MB) of this process since its own start."""
    status = Path("/proc/self/status")
    if status.exists():  # what getrusage gives here includes the process this one was started by
        found = re.search(r"VmHWM:\s*(\d+) kB", status.read_text(encoding="ascii"))
        if found:
            return int(found[1]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / _UNITS_A_MB


def worker_mb() -> float:
    """Peak resident memory (MB) of the largest worker."""
    return resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / _UNITS_A_MB


def used(cores: int) -> dict[str, float]:
    """What this process and its workers, which have ended, have used."""
    return {
        "cpu_s": cpu_s(),
        "own_mb": own_mb(),
        "worker_mb": worker_mb() if cores > 1 else 0.0,
    }


def ensemble(
    of: Engine, points: np.ndarray, job: dict[str, Any], crew: Crew | None
) -> dict[str, Any]:
    """Simulate an ensemble once; the peaks go to a file, for their errors."""
    began = time.perf_counter()
    peaks = of.run(points[: job["sets"]], job["rtol"], crew)
    work_s = time.perf_counter() - began
    np.save(job["peaks"], peaks)
    return {"work_s": work_s}


def ladder(
    of: Engine, points: np.ndarray, job: dict[str, Any], crew: Crew | None
) -> dict[str, Any]:
    """Error and time a simulation at each tolerance; it ends with ``until`` or the first to do.

    The error is that of a set's worst peak, at the quantile of sets that the problem names.
    """
    reference = np.load(job["reference"])[: job["sets"]]
    rungs = []
    for rtol in job["rtols"]:
        seconds = []
        for _ in range(_REPEATS):
            began = time.process_time()
            peaks = of.run(points[: job["sets"]], rtol, crew)
            seconds.append(time.process_time() - began)
            if sum(seconds) > job["patience_s"]:
                break
        error = asked.error(peaks, reference)
        each = min(seconds) / peaks.size * len(asked.READ)
        shown = error if math.isfinite(error) else None
        rungs.append({"rtol": rtol, "error": shown, "cpu_s_a_simulation": each})
        if error <= asked.TARGET and rtol <= job["until"]:
            break
    return {"rungs": rungs, "versions": versions(of), "label": of.label, "how": of.how}


def main() -> None:
    job = json.loads(sys.argv[1])
    folder = Path(job["folder"])
    # what is loaded stays: looking through it for garbage is time lost to whoever loads much
    gc.disable()
    of = engine(job["engine"])
    cores = job.get("cores", 1)
    with fresh_pool(cores) if cores > 1 else nullcontext() as crew:
        of.load(folder, crew)
        gc.freeze()
        gc.enable()
        ready_s = time.time() - job["started"]
        points = np.load(folder / POINTS)
        found = {"ensemble": ensemble, "ladder": ladder}[job["kind"]](of, points, job, crew)
    print(json.dumps({"ready_s": ready_s} | found | used(cores)))


if __name__ == "__main__":
    main()
