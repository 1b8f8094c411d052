"""How fast virtual patients are simulated on more processes, and what memory they take.

Each measurement is a fresh process: ``place`` times patients on processes of this machine or on a
dask cluster that is started for it, after a first few, so that start-up stands apart; ``memory`` is
the peak of the process that sends the work, whose workers are others; ``tasks`` is how many tasks a
cluster hands out when there is nothing to do in them. The processor time of one
process, which other work on the machine hardly changes, is what the cost of large runs is worked
out from.

    make scaling
    python -m benchmarks.scaling --date 2026-01-31
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qsp_lib.analyses import (
    ANCHOR,
    Patients,
    PatientSimulator,
    Population,
    by_blocks,
    declared_factors,
    record_arm,
    simulate_population,
    simulator_of,
    spread_data,
)
from qsp_lib.common import CLUSTER_CHUNK, cluster, rounded, write_text_atomic
from qsp_lib.inference import CHUNK, sweep
from qsp_lib.protocol import current_record

from .measure import cpu_s, own_mb
from .own_cluster import own_cluster
from .run import machine
from .scaling_record import CLUSTER, PROCESSES, RECORD, load

Array = NDArray[np.float64]
SHORT, LONG = "short", "long"
PLACES = ((PROCESSES, 1), (PROCESSES, 2), (CLUSTER, 1), (CLUSTER, 2))
PATIENTS, LONG_PATIENTS = 20_000, 4_000
TASKS = 4_000
ROWS = (1_000, 10_000, 100_000)
EACH, BLOCK = 100, 20
"""Patients a draw, draws a block."""
CHUNKS = {PROCESSES: CHUNK, CLUSTER: CLUSTER_CHUNK}
"""Patients a task."""
_LONG_H = 336.0
_ROUNDS = 2
_DIGITS = 4


def treatment(name: str, n_draws: int) -> PatientSimulator:
    """Blinatumomab as the weights of every population have it, or two weeks of the label's."""
    record = current_record()
    draws = record.draws(n_draws, record.seed)
    if name == SHORT:
        times_h = tuple(datum.time_h for datum in spread_data())
        arm = record_arm(record, ANCHOR, draws=draws, horizon_h=max(times_h), times_h=times_h)
    else:
        arm = record_arm(record, "label", "step", draws=draws, horizon_h=_LONG_H, premedicated=True)
    return simulator_of(record, (arm,), declared_factors())


def patients_of(n: int) -> Patients:
    """So many patients, a hundred in each draw."""
    return Patients(n // EACH, EACH, current_record().seed, declared_factors())


@contextmanager
def placed(kind: str, workers: int) -> Iterator[dict[str, Any]]:
    """The options of a sweep that runs there."""
    if kind == PROCESSES:
        yield {"workers": workers}
        return
    with (
        tempfile.TemporaryDirectory() as name,
        own_cluster(Path(name), workers) as made,
        cluster(made.address, answer_s=60) as executor,
    ):
        yield {"executor": executor}


def place(job: dict[str, Any]) -> dict[str, float]:
    """Start-up (s), patients a second after it, and processor time (s) a patient, of 1 process."""
    n = int(job["patients"])
    simulator, patients = treatment(job["treatment"], n // EACH), patients_of(n)
    with placed(job["kind"], job["workers"]) as where:
        # every worker gets some of these, and loads and compiles what it needs
        simulate_population(simulator, patients_of(10 * EACH), chunk=10, **where)
        ready_s = time.time() - job["started"]
        began, used = time.perf_counter(), cpu_s()
        simulate_population(simulator, patients, chunk=CHUNKS[job["kind"]], **where)
        wall_s, used = time.perf_counter() - began, cpu_s() - used
    return {"start_up_s": ready_s, "rate": n / wall_s, "cpu_s": used / n}


def highest(population: Population) -> Array:
    """What is kept of a block: the highest index of each draw."""
    return population.of(ANCHOR, "index").max(axis=1)


def memory(job: dict[str, Any]) -> dict[str, float]:
    """Peak memory (MB) of the process that sends the work."""
    n = int(job["patients"])
    # the treatments of all sizes hold the same draws, so that only the rows differ
    simulator, patients = treatment(SHORT, max(ROWS) // EACH), patients_of(n)
    if job["whole"]:
        simulate_population(simulator, patients, workers=2)
    else:
        by_blocks(simulator, patients, highest, BLOCK, workers=2)
    return {"own_mb": own_mb()}


def tasks(job: dict[str, Any]) -> dict[str, float]:
    """Tasks a second that a cluster hands out when there is nothing to do in them."""
    n = int(job["tasks"])
    with placed(CLUSTER, job["workers"]) as where:
        one = {"chunk": 1, **where}
        sweep(np.ravel, np.arange(100.0)[:, None], **one)
        began = time.perf_counter()
        sweep(np.ravel, np.arange(float(n))[:, None], **one)
        return {"tasks_a_second": n / (time.perf_counter() - began)}


MEASURED: dict[str, Callable[[dict[str, Any]], dict[str, float]]] = {
    "place": place,
    "memory": memory,
    "tasks": tasks,
}


def run(what: str, **job: Any) -> dict[str, float]:
    """One measurement, in a process of its own."""
    given = json.dumps(job | {"started": time.time()})
    command = [sys.executable, "-m", "benchmarks.scaling", "--measure", what, given]
    found = subprocess.run(command, capture_output=True, text=True, check=False)
    if found.returncode:
        raise SystemExit(f"{what} {given} failed:\n{found.stderr[-2000:]}")
    result: dict[str, float] = json.loads(found.stdout.splitlines()[-1])
    print(f"{what} {job}: {rounded(result, _DIGITS)}", flush=True)
    return result


def measure(stated: str | None) -> dict[str, Any]:
    """Everything, as it is written."""
    load_before = os.getloadavg()[0]
    found: dict[tuple[str, str, int], list[dict[str, float]]] = {}
    jobs = [(SHORT, *at) for at in PLACES] + [(LONG, PROCESSES, 1)]
    for number in range(_ROUNDS):
        for job in jobs[:: 1 if number % 2 == 0 else -1]:  # there and back: none is always first
            n = PATIENTS if job[0] == SHORT else LONG_PATIENTS
            got = run("place", treatment=job[0], kind=job[1], workers=job[2], patients=n)
            found.setdefault(job, []).append(got)
    kept = [
        {
            "patients": n,
            "whole_mb": run("memory", patients=n, whole=True)["own_mb"],
            "blocks_mb": run("memory", patients=n, whole=False)["own_mb"],
        }
        for n in ROWS
    ]
    places: list[dict[str, Any]] = [
        {
            "kind": kind,
            "workers": workers,
            "start_up_s": _spread(found[SHORT, kind, workers], "start_up_s"),
            "rate": _spread(found[SHORT, kind, workers], "rate"),
        }
        for kind, workers in PLACES
    ]
    alone = {name: found[name, PROCESSES, 1] for name in (SHORT, LONG)}
    rates = {(each["kind"], each["workers"]): each["rate"]["median"] for each in places}
    return {
        "date": stated,
        "machine": machine(),
        "load_before": load_before,
        "rounds": _ROUNDS,
        "patients": PATIENTS,
        "chunks": CHUNKS,
        "block_patients": BLOCK * EACH,
        "places": places,
        "ratios": {
            "two processes over one": rates[PROCESSES, 2] / rates[PROCESSES, 1],
            "two workers of a cluster over one": rates[CLUSTER, 2] / rates[CLUSTER, 1],
            "two workers of a cluster over two processes": rates[CLUSTER, 2] / rates[PROCESSES, 2],
        },
        "treatments": [
            {"horizon_h": hours, "cpu_s_a_patient": _spread(alone[name], "cpu_s")}
            for name, hours in (
                (SHORT, max(datum.time_h for datum in spread_data())),
                (LONG, _LONG_H),
            )
        ],
        "memory": kept,
        "tasks_a_second": run("tasks", tasks=TASKS, workers=2)["tasks_a_second"],
    }


def _spread(rounds: Sequence[dict[str, float]], what: str) -> dict[str, float]:
    values = [each[what] for each in rounds]
    return {"median": statistics.median(values), "low": min(values), "high": max(values)}


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and write, or be one of the measurements."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.scaling", description=__doc__)
    parser.add_argument("--date", type=date.fromisoformat, help="to write into the record")
    parser.add_argument("--output", type=Path, default=RECORD)
    parser.add_argument("--measure", nargs=2, metavar=("WHAT", "JOB"), help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.measure:
        what, job = options.measure
        print(json.dumps(MEASURED[what](json.loads(job))))
        return 0
    found = measure(options.date.isoformat() if options.date else None)
    write_text_atomic(options.output, json.dumps(rounded(found, _DIGITS), indent=1) + "\n")
    load(options.output)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
