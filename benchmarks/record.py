"""The record of a benchmark run, ``benchmarks/results.json``: read, checked, and asked.

The record is written by ``make bench`` and committed. Everything the book says about speed comes
from it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from qsp_lib.chapters import ROOT
from qsp_lib.common import InputError

T = TypeVar("T")

RECORD = ROOT / "benchmarks" / "results.json"
OURS, AS_IN_CHAPTER = "qsp_lib", "qsp_lib_chapter"
"""Our engine at the common accuracy, and at the robustness chapter's own tolerance."""
BY_NAME = "qsp_lib_fast"
"""This package with the engine that has to be asked for by name."""


@dataclass(frozen=True)
class Spread:
    """Median, smallest and largest of a number over the rounds."""

    median: float
    low: float
    high: float

    def __post_init__(self) -> None:
        if not 0 <= self.low <= self.median <= self.high:
            raise InputError(
                f"a spread of {self.low:g}, {self.median:g}, {self.high:g}; expected smallest, "
                "median and largest, in this order and not below 0."
            )


@dataclass(frozen=True)
class Cell:
    """One ensemble: parameter sets, cores, wall time (s) with start-up, and how it was had.

    ``ready_s`` is the start-up, ``work_s`` the simulations alone, ``cpu_s`` the processor time of
    both in all processes, ``memory_mb`` the peak of the first process; an extrapolated cell has
    only its wall time.
    """

    sets: int
    cores: int
    extrapolated: bool
    wall_s: Spread
    ready_s: Spread | None
    work_s: Spread | None
    cpu_s: Spread | None
    memory_mb: Spread | None


@dataclass(frozen=True)
class Rung:
    """Relative tolerance, error reached (None where simulations failed), CPU time a simulation."""

    rtol: float
    error: float | None
    cpu_s: float


@dataclass(frozen=True)
class Measured:
    """One engine.

    Attributes:
        label, how: its name, and how it was used.
        versions: of the packages that matter.
        rtol: at which it reaches the common accuracy, or the chapter's.
        within, largest: error of the ensemble's worst peaks in the stated share of sets, and in
            all of them.
        failed: simulations that did not complete.
        checked: sets of the largest ensemble measured, to which these three belong.
        ladder: error and time at each tolerance.
        cells: wall time of each ensemble.
    """

    label: str
    how: str
    versions: Mapping[str, str]
    rtol: float
    within: float
    largest: float
    failed: int
    checked: int
    ladder: tuple[Rung, ...]
    cells: tuple[Cell, ...]

    def cell(self, sets: int, cores: int) -> Cell:
        """One ensemble.

        Raises:
            InputError: there is none of that size on that many cores.
        """
        for cell in self.cells:
            if (cell.sets, cell.cores) == (sets, cores):
                return cell
        raise InputError(f"{self.label} has no ensemble of {sets} sets on {cores} cores.")


@dataclass(frozen=True)
class Floor:
    """Evaluations a simulation, time of one (s), and the least time a simulation (s)."""

    evaluations: float
    evaluation_s: float
    simulation_s: float


@dataclass(frozen=True)
class SpeedRecord:
    """A benchmark run.

    Attributes:
        date: of the run, if it was given.
        machine: processor, cores, system, versions.
        problem: what was asked.
        engines: by name; :data:`OURS` is among them.
        floors: by the name of our two entries.
        missing: engines that could not be measured, with the reason.
    """

    date: str | None
    machine: Mapping[str, Any]
    problem: Mapping[str, Any]
    engines: Mapping[str, Measured]
    floors: Mapping[str, Floor]
    missing: Mapping[str, str]

    @property
    def simulations(self) -> int:
        """Simulations of the headline ensemble."""
        return int(self.problem["headline"]["sets"]) * self.drugs

    @property
    def drugs(self) -> int:
        """Simulations a parameter set."""
        return len(self.problem["drugs"])

    @property
    def cores(self) -> int:
        """Cores of the headline ensemble."""
        return int(self.problem["headline"]["cores"])

    @property
    def peers(self) -> Mapping[str, Measured]:
        """Every engine that is not ours."""
        return {n: e for n, e in self.engines.items() if n not in (OURS, AS_IN_CHAPTER, BY_NAME)}

    def headline(self, engine: str) -> Cell:
        """The headline ensemble of one engine."""
        return self.engines[engine].cell(int(self.problem["headline"]["sets"]), self.cores)

    def steady_s(self, engine: str) -> float:
        """Time (s) of a simulation on one core once everything is loaded: the largest ensemble.

        Raises:
            InputError: the engine was not measured on one core at all.
        """
        on_one = [c for c in self.engines[engine].cells if c.cores == 1 and c.work_s is not None]
        if not on_one:
            raise InputError(f"{engine} has no measured ensemble on one core.")
        largest = max(on_one, key=lambda cell: cell.sets)
        assert largest.work_s is not None
        return largest.work_s.median / (largest.sets * self.drugs)

    def start_up(self, engine: str) -> Spread:
        """Start-up (s) before the smallest ensemble: interpreter, imports, compiling, one run."""
        return self._of_the_small(engine, "ready_s")

    def memory(self, engine: str) -> Spread:
        """Peak resident memory (MB) of the same runs as :meth:`start_up`."""
        return self._of_the_small(engine, "memory_mb")

    def _of_the_small(self, engine: str, what: str) -> Spread:
        for cell in sorted(self.engines[engine].cells, key=lambda c: (c.cores, c.sets)):
            found = getattr(cell, what)
            if cell.cores == 1 and isinstance(found, Spread):
                return found
        raise InputError(f"{engine} has no measured ensemble on one core.")


def load(path: Path = RECORD) -> SpeedRecord:
    """Read and check a record.

    Raises:
        InputError: there is none, or something in it is missing or makes no sense.
    """

    def made(raw: Mapping[str, Any]) -> SpeedRecord:
        record = SpeedRecord(
            raw["date"],
            raw["machine"],
            raw["problem"],
            {name: _measured(found) for name, found in raw["engines"].items()},
            {
                name: Floor(f["evaluations"], f["evaluation_s"], f["floor_s_a_simulation"])
                for name, f in raw["floor"].items()
            },
            raw["missing"],
        )
        for name in (OURS, AS_IN_CHAPTER):
            if not (name in record.engines and name in record.floors):
                raise InputError(f"{path.name} has no measurement of {name} or no floor for it.")
        for name in record.engines:
            record.headline(name), record.steady_s(name)
        return record

    return read(path, made, of="a benchmark run", by="make bench")


def read(path: Path, made: Callable[[Mapping[str, Any]], T], *, of: str, by: str) -> T:
    """A record from its file.

    Args:
        path: of the file, JSON.
        made: the record from what the file holds.
        of: what it is a record of.
        by: the command that makes it.

    Raises:
        InputError: there is none, or something in it is missing or makes no sense.
    """
    if not path.exists():
        raise InputError(f"There is no {path.name}; `{by}` makes one.")
    try:
        return made(json.loads(path.read_text(encoding="utf-8")))
    except (KeyError, TypeError, ValueError) as problem:
        raise InputError(
            f"{path.name} is not the record of {of} ({type(problem).__name__}: {problem}); "
            f"`{by}` makes it anew."
        ) from problem


def _measured(raw: Mapping[str, Any]) -> Measured:
    return Measured(
        raw["label"],
        raw["how"],
        raw["versions"],
        raw["rtol"],
        raw["errors"]["within"],
        raw["errors"]["largest"],
        raw["errors"]["failed"],
        raw["errors"]["sets"],
        tuple(Rung(r["rtol"], r["error"], r["cpu_s_a_simulation"]) for r in raw["ladder"]),
        tuple(_cell(cell) for cell in raw["runs"]),
    )


def _cell(raw: Mapping[str, Any]) -> Cell:
    parts = [
        Spread(**raw[name]) if not raw["extrapolated"] else None
        for name in ("ready_s", "work_s", "cpu_s", "own_mb")
    ]
    return Cell(raw["sets"], raw["cores"], raw["extrapolated"], Spread(**raw["wall_s"]), *parts)
