"""The record of how virtual patients scale, ``benchmarks/scaling.json``: read and checked.

``make scaling`` writes it. Everything that the book says about scaling and cost comes from it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from qsp_lib.chapters import ROOT

from .record import Spread, read

RECORD = ROOT / "benchmarks" / "scaling.json"
PROCESSES, CLUSTER = "processes", "cluster"
"""Where patients are simulated: by processes of one machine, or by the workers of a cluster."""


@dataclass(frozen=True)
class PlaceRecord:
    """One place: so many processes or workers, its start-up (s), and patients a second then."""

    kind: str
    workers: int
    start_up_s: Spread
    rate: Spread


@dataclass(frozen=True)
class TreatmentRecord:
    """A treatment: how long it is followed (h), and processor time (s) a patient."""

    horizon_h: float
    cpu_s: Spread


@dataclass(frozen=True)
class MemoryRecord:
    """Peak memory (MB) of the process that sends the work: all rows kept, or a block at a time."""

    patients: int
    whole_mb: float
    blocks_mb: float


@dataclass(frozen=True)
class ScalingRecord:
    """A run of the benchmark.

    Attributes:
        date: of the run, if it was given.
        machine: processor, cores, system, versions.
        load_before: processes that wanted to run just before, on average over a minute.
        rounds: how often each place was measured.
        patients, block_patients: of a measurement, of a block.
        chunks: patients a task, by the kind of place.
        places: by kind and number of workers.
        ratios: of their rates, in words.
        treatments: from the shortest.
        memory: from the fewest patients.
        tasks_a_second: that a cluster hands out when there is nothing to do in them.
    """

    date: str | None
    machine: Mapping[str, Any]
    load_before: float
    rounds: int
    patients: int
    chunks: Mapping[str, int]
    block_patients: int
    places: tuple[PlaceRecord, ...]
    ratios: Mapping[str, float]
    treatments: tuple[TreatmentRecord, ...]
    memory: tuple[MemoryRecord, ...]
    tasks_a_second: float

    @property
    def cores(self) -> int:
        """Of the machine."""
        return int(self.machine["cores"])

    @property
    def bytes_a_row(self) -> float:
        """Memory (bytes) that a patient more takes where all rows are kept."""
        first, last = self.memory[0], self.memory[-1]
        return 1e6 * (last.whole_mb - first.whole_mb) / (last.patients - first.patients)


def load(path: Path = RECORD) -> ScalingRecord:
    """Read and check a record.

    Raises:
        InputError: there is none, or something in it is missing or makes no sense.
    """
    return read(path, _made, of="how patients scale", by="make scaling")


def _made(raw: Mapping[str, Any]) -> ScalingRecord:
    return ScalingRecord(
        raw["date"],
        raw["machine"],
        float(raw["load_before"]),
        int(raw["rounds"]),
        int(raw["patients"]),
        raw["chunks"],
        int(raw["block_patients"]),
        tuple(
            PlaceRecord(
                each["kind"],
                each["workers"],
                Spread(**each["start_up_s"]),
                Spread(**each["rate"]),
            )
            for each in raw["places"]
        ),
        raw["ratios"],
        tuple(
            TreatmentRecord(each["horizon_h"], Spread(**each["cpu_s_a_patient"]))
            for each in raw["treatments"]
        ),
        tuple(MemoryRecord(**each) for each in raw["memory"]),
        float(raw["tasks_a_second"]),
    )
