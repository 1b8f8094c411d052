"""What a benchmark asks of an engine, and what most of them share."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from qsp_lib.common import Crew
from qsp_lib.model import Task

from .. import problem as asked
from ..problem import CHUNK, Array, TimedProblem


class Engine(Protocol):
    """One way to simulate the ensemble."""

    label: str
    """Its name for a reader."""
    how: str
    """How it is used, in a sentence."""
    packages: tuple[str, ...]
    """Distributions whose versions matter."""

    def load(self, folder: Path, crew: Crew | None) -> None:
        """Make ready to simulate the problem in a folder: import, compile, one simulation.

        With a crew, in its processes, which load side by side; else in this one.
        """

    def run(self, points: Array, rtol: float, crew: Crew | None) -> Array:
        """Peaks ``(m, k)`` of points ``(m, d)``; NaN where a simulation failed."""


def versions(engine: Engine) -> dict[str, str]:
    """Version of each package of an engine, by its name."""
    return {name: metadata.version(name) for name in engine.packages}


class Peer(ABC):
    """An engine that gives the states at the report times; peaks are read off as ours are.

    What it compiles cannot be sent to another process: each of several makes its own.
    """

    label: str
    how: str
    packages: tuple[str, ...]
    sets_a_task = CHUNK
    folder: Path
    problem: TimedProblem

    @abstractmethod
    def build(self) -> None:
        """Compile or load the model of every mechanism."""

    @abstractmethod
    def states(self, task: Task) -> Array:
        """States ``(n_states, m, T)``; NaN where an integration failed."""

    def load(self, folder: Path, crew: Crew | None) -> None:
        self.folder = folder
        if crew is not None:
            crew.each(_loaded, type(self), folder)
            return
        self.problem = read(folder)
        self.build()
        self.chunk(np.load(folder / POINTS)[:1], self.problem.rtol)

    def chunk(self, points: Array, rtol: float) -> Array:
        """Peaks of one task's worth of points."""
        parts = [asked.peaks(task, self.states(task)) for task in self.problem.tasks(points, rtol)]
        return np.hstack(parts)

    def run(self, points: Array, rtol: float, crew: Crew | None) -> Array:
        size = self.sets_a_task
        parts = [points[i : i + size] for i in range(0, len(points), size)]
        if crew is None:
            return np.concatenate([self.chunk(part, rtol) for part in parts])
        tasks = [crew.submit(_chunk, type(self), self.folder, part, rtol) for part in parts]
        return np.concatenate([task.result() for task in tasks])


POINTS, PROBLEM = "points.npy", "problem.pickle"


@cache
def _here(kind: type[Peer], folder: Path) -> Peer:
    """The engine that a worker process has loaded."""
    made = kind()
    made.load(folder, None)
    return made


def _loaded(kind: type[Peer], folder: Path) -> None:
    _here(kind, folder)


def _chunk(kind: type[Peer], folder: Path, points: Array, rtol: float) -> Array:
    return _here(kind, folder).chunk(points, rtol)


def read(folder: Path) -> TimedProblem:
    """The problem that was written to a folder."""
    import pickle

    found: TimedProblem = pickle.loads((folder / PROBLEM).read_bytes())
    return found


def write(problem: TimedProblem, points: Array, folder: Path) -> None:
    """Write a problem and the points of its largest ensemble for :func:`read`."""
    import pickle

    (folder / PROBLEM).write_bytes(pickle.dumps(problem))
    np.save(folder / POINTS, points)


def function(source: str, **names: Any) -> Callable[..., Any]:
    """The function ``rhs`` that a piece of generated source defines."""
    space = dict(names)
    exec(source, space)
    return space["rhs"]
