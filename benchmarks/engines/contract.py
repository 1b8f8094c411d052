"""What a benchmark asks of an engine, and what most of them share."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from importlib import metadata
from pathlib import Path
from typing import Any, Protocol

import numpy as np

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

    def load(self, folder: Path) -> None:
        """Make ready to simulate the problem in a folder: import, compile, one simulation."""

    def run(self, points: Array, rtol: float, cores: int) -> Array:
        """Peaks ``(m, k)`` of points ``(m, d)``; NaN where a simulation failed."""


def versions(engine: Engine) -> dict[str, str]:
    """Version of each package of an engine, by its name."""
    return {name: metadata.version(name) for name in engine.packages}


class Peer(ABC):
    """An engine that gives the states at the report times; peaks are read off as ours are.

    Worker processes are forked from the one that has loaded, and so need not load again.
    """

    label: str
    how: str
    packages: tuple[str, ...]
    sets_a_task = CHUNK
    problem: TimedProblem

    @abstractmethod
    def build(self) -> None:
        """Compile or load the model of every mechanism."""

    @abstractmethod
    def states(self, task: Task) -> Array:
        """States ``(n_states, m, T)``; NaN where an integration failed."""

    def load(self, folder: Path) -> None:
        self.problem = read(folder)
        self.build()
        self.chunk(np.load(folder / POINTS)[:1], self.problem.rtol)

    def chunk(self, points: Array, rtol: float) -> Array:
        """Peaks of one task's worth of points."""
        parts = [asked.peaks(task, self.states(task)) for task in self.problem.tasks(points, rtol)]
        return np.hstack(parts)

    def run(self, points: Array, rtol: float, cores: int) -> Array:
        size = self.sets_a_task
        parts = [points[i : i + size] for i in range(0, len(points), size)]
        if cores == 1:
            return np.concatenate([self.chunk(part, rtol) for part in parts])
        global _LOADED
        _LOADED = self  # what cannot be pickled reaches the workers by being there when they fork
        with ProcessPoolExecutor(cores, _fork()) as pool:
            return np.concatenate(list(pool.map(_chunk, parts, [rtol] * len(parts))))


_LOADED: Peer | None = None
POINTS, PROBLEM = "points.npy", "problem.pickle"


def _chunk(points: Array, rtol: float) -> Array:
    assert _LOADED is not None
    return _LOADED.chunk(points, rtol)


def _fork() -> Any:
    from multiprocessing import get_context

    return get_context("fork")


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
