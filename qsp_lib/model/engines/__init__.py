"""Two engines for one right-hand side.

``diffsol`` (default) compiles the traced equations; ``scipy`` integrates the
NumPy function itself and is the reference. An engine is a function
``solve(task) -> (states, outcomes)``, imported when it is first asked for: what only
reads trajectories waits for no compiler.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .base import Outcome, Task

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from .diffsol import solve_diffsol
    from .scipy import solve_scipy

    ENGINES: dict[str, Callable[[Task], tuple[NDArray[Any], list[Outcome]]]]

__all__ = ["ENGINES", "Outcome", "Task", "solve_diffsol", "solve_scipy"]


def __getattr__(name: str) -> Any:
    if name not in ("ENGINES", "solve_diffsol", "solve_scipy"):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from .diffsol import solve_diffsol
    from .scipy import solve_scipy

    engines = {"diffsol": solve_diffsol, "scipy": solve_scipy}
    globals().update(ENGINES=engines, solve_diffsol=solve_diffsol, solve_scipy=solve_scipy)
    return globals()[name]
