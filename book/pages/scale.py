"""The page on scale: tables and sentences, all from the record of ``make scaling``.

What more workers bring, what memory is taken and what a large run costs is read from the record
each time the book is built; the times that the code waits are read from the code.
"""

from __future__ import annotations

from benchmarks.scaling_record import CLUSTER, PROCESSES, PlaceRecord, ScalingRecord, load
from qsp_lib.common import AHEAD_A_THREAD, ANSWER_S, CLUSTER_CHUNK, PATIENCE_S, decimals, number
from qsp_lib.inference import LIBRARIES

from .fragments import BookData, fragment, table

SIZES = (100_000, 1_000_000, 10_000_000)
"""Patients whose cost is worked out."""
_DAY_H = 24
_BUSY = 0.5
"""Processes that want to run beside the measurement, from which on it is called disturbed."""


def place_words(place: PlaceRecord) -> str:
    """A place in words."""
    many = "" if place.workers == 1 else "es" if place.kind == PROCESSES else "s"
    if place.kind == PROCESSES:
        return f"{place.workers} process{many} of this machine"
    return f"dask cluster, {place.workers} worker{many}"


def measured_table(record: ScalingRecord) -> str:
    """One row a place: start-up, patients a second, and that over one process."""
    one = next(p.rate.median for p in record.places if (p.kind, p.workers) == (PROCESSES, 1))
    rows = [
        (
            place_words(place),
            number(place.start_up_s.median, 2),
            f"{number(place.rate.median)} ({number(place.rate.low)}–{number(place.rate.high)})",
            number(place.rate.median / one, 2),
        )
        for place in record.places
    ]
    return table(("where", "start-up (s)", "patients a second, then", "times one process"), rows)


def circumstances(record: ScalingRecord) -> str:
    """What was measured, on what, and whether other work was going on."""
    machine = record.machine
    on = f" on {record.date}" if record.date else ""
    said = (
        f"Measured{on} with {number(record.patients)} patients, in tasks of "
        f"{record.chunks[PROCESSES]} and on the cluster of {number(record.chunks[CLUSTER])}, each "
        f"{record.treatments[0].horizon_h:g} h of one treatment; median of {record.rounds} rounds "
        f"(smallest–largest). The machine has {record.cores} cores ({machine['processor']}, "
        f"{machine['system']}, Python {machine['python']}, qsp_lib {machine['qsp_lib']})."
    )
    if record.load_before >= _BUSY:
        said += (
            f" It was not quiet: over the minute before, {number(record.load_before, 2)} processes "
            "wanted to run on average. What other work takes, more workers cannot have: the ratios "
            "are at best those of a quiet machine."
        )
    return said


def memory_table(record: ScalingRecord) -> str:
    """One row a size: the peak with all rows kept, and with a block at a time."""
    rows = [(m.patients, number(m.whole_mb), number(m.blocks_mb)) for m in record.memory]
    header = (
        "patients",
        "all rows kept (MB)",
        f"blocks of {number(record.block_patients)} patients (MB)",
    )
    return table(header, rows)


def memory_words(record: ScalingRecord) -> str:
    """How memory grows with the patients, either way."""
    first, last = record.memory[0], record.memory[-1]
    many = SIZES[-1]
    more = record.bytes_a_row
    grown = last.blocks_mb - first.blocks_mb
    return (
        f"From {number(first.patients)} to {number(last.patients)} patients the peak of the "
        "process that sends the work changes by "
        f"{decimals(last.whole_mb - first.whole_mb, 1, signed=True)} MB where all rows are kept, "
        f"{number(more, 2)} bytes a patient, and by {decimals(grown, 1, signed=True)} MB where a "
        f"block is. By that, {number(many)} patients take {number(more * many / 1e9, 2)} GB more "
        "if all rows of this one treatment are kept."
    )


def core_hours(cpu_s: float, patients: int) -> float:
    """Hours of one core for so many patients.

    >>> core_hours(0.36, 10_000)
    1.0
    """
    return cpu_s * patients / 3600


def cost_table(record: ScalingRecord) -> str:
    """Hours of one core, by size and treatment."""
    header = ["patients", *(f"{t.horizon_h / _DAY_H:g} days (h)" for t in record.treatments)]
    rows = [
        [number(n), *(number(core_hours(t.cpu_s.median, n), 2) for t in record.treatments)]
        for n in SIZES
    ]
    return table(
        [*header, "tasks on a cluster"],
        [[*row, n // CLUSTER_CHUNK] for row, n in zip(rows, SIZES, strict=True)],
    )


@fragment("scale_measured")
def scale_measured(_book: BookData) -> str:
    """The table of places, and under what circumstances."""
    record = load()
    return f"{measured_table(record)}\n{circumstances(record)}\n"


@fragment("scale_memory")
def scale_memory(_book: BookData) -> str:
    """Memory as a table and in words."""
    record = load()
    return f"{memory_table(record)}\n{memory_words(record)}\n"


@fragment("scale_cost")
def scale_cost(_book: BookData) -> str:
    """The cost of large runs, from processor time on one process."""
    record = load()
    each = ", ".join(
        f"{number(1e3 * t.cpu_s.median, 2)} ms for {t.horizon_h / _DAY_H:g} days"
        for t in record.treatments
    )
    return (
        f"One patient takes one core {each}, as processor time, which other work on the machine "
        "hardly changes. Times the patients, that is, in hours of one core:\n\n"
        f"{cost_table(record)}\n{least_words(record)}\n"
    )


def least_words(record: ScalingRecord) -> str:
    """The least time of the largest run, however many workers there are."""
    most, many = record.tasks_a_second * CLUSTER_CHUNK, SIZES[-1]
    cores = most * record.treatments[0].cpu_s.median
    return (
        "A scheduler that shares this machine with two workers hands out "
        f"{number(record.tasks_a_second, 2)} tasks a second if there is nothing in them, which "
        f"would be {number(most, 2)} patients. So {number(many)} patients take "
        f"{number(many / most / 60, 2)} minutes or more on any number of workers, and beyond "
        f"{number(cores, 2)} cores the shorter treatment gains nothing unless tasks are larger "
        "(`chunk=` in Python)."
    )


@fragment("scale_waits")
def scale_waits(_book: BookData) -> str:
    """How long a cluster is waited for."""
    return (
        f"A scheduler has {ANSWER_S:g} s to answer and as long again to have a worker; a cluster "
        f"that then has none for {PATIENCE_S:g} s is given up. For each thread of "
        f"its workers {AHEAD_A_THREAD} tasks of {number(CLUSTER_CHUNK)} patients are in hand.\n"
    )


@fragment("scale_same")
def scale_same(_book: BookData) -> str:
    """What is compared before work is done."""
    return (
        "Every task says what it was sent by: the version of qsp-crs, the digest of its science, "
        f"and the versions of {', '.join(LIBRARIES[:-1])} and {LIBRARIES[-1]}.\n"
    )
