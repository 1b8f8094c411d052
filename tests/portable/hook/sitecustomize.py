"""Imported by every Python process that finds this folder on its path, before anything else.

It stands for another processor: every number that an engine gives is multiplied by its own 1 + e,
|e| = 1e-11, a thousand times what another processor changes. The sign of e depends on the place of
the number in the states and on nothing else, so that a second run gives the same bits. Kernels of
chapters and worker processes inherit the path and the variable, and the code that is run knows
nothing of it: the engines are wrapped as they are imported.
"""

from __future__ import annotations

import os
import sys
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

SIZE = "QSP_PORTABLE_NOISE"
"""Variable with the size of e; nothing is changed without it."""
SEEN = "QSP_PORTABLE_SEEN"
"""Variable with a folder: each process that changed a number leaves a file there, called as it."""
ENGINES = {
    "qsp_lib.model.engines.diffsol": "solve_diffsol",
    "qsp_lib.model.engines.scipy": "solve_scipy",
}


def perturbed(states: NDArray[np.float64], size: float) -> NDArray[np.float64]:
    """``states`` (S, N, T), each times its own 1 + e, in place."""
    import numpy as np  # not above: a process that simulates nothing waits for nothing

    n_states, n_sets, n_times = states.shape
    sets = np.arange(n_sets, dtype=np.uint64)[:, None] * np.uint64(0x9E3779B97F4A7C15)
    times = np.arange(n_times, dtype=np.uint64)[None, :] * np.uint64(0xC2B2AE3D27D4EB4F)
    place = sets + times
    for number in range(n_states):
        # splitmix64: a bit of it is as good as a coin
        z = place + np.uint64((number + 1) * 0x165667B19E3779F9 % 2**64)
        z ^= z >> np.uint64(30)
        z *= np.uint64(0xBF58476D1CE4E5B9)
        z ^= z >> np.uint64(27)
        z *= np.uint64(0x94D049BB133111EB)
        states[number] *= np.where(z >> np.uint64(63), 1.0 + size, 1.0 - size)
    return states


def _wrapped(solve: Any, size: float) -> Any:
    def solve_elsewhere(*args: Any, **options: Any) -> Any:
        states, outcomes = solve(*args, **options)
        folder = os.environ.get(SEEN)
        if folder:
            with open(os.path.join(folder, str(os.getpid())), "w", encoding="ascii") as file:
                file.write(solve.__name__)
        return perturbed(states, size), outcomes

    return solve_elsewhere


class _Engine(Loader):
    """Loads an engine as it would have been, and wraps its function."""

    def __init__(self, loader: Loader, function: str, size: float) -> None:
        self.loader, self.function, self.size = loader, function, size

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        return self.loader.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        self.loader.exec_module(module)
        solve = getattr(module, self.function)
        setattr(module, self.function, _wrapped(solve, self.size))


class _Finder(MetaPathFinder):
    def __init__(self, size: float) -> None:
        self.size = size

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> ModuleSpec | None:
        if name not in ENGINES:
            return None
        spec = PathFinder.find_spec(name, path, target)
        if spec is not None and spec.loader is not None:
            spec.loader = _Engine(spec.loader, ENGINES[name], self.size)
        return spec


if SIZE in os.environ:
    sys.meta_path.insert(0, _Finder(float(os.environ[SIZE])))
