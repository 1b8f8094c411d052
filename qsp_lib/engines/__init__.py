"""Two engines for one right-hand side.

``diffsol`` (default) compiles the traced equations; ``scipy`` integrates the
NumPy function itself and is the reference. An engine is a function
``solve(task) -> (states, outcomes)``.
"""

from .base import Outcome, Task
from .diffsol import solve_diffsol
from .scipy import solve_scipy

ENGINES = {"diffsol": solve_diffsol, "scipy": solve_scipy}

__all__ = ["ENGINES", "Outcome", "Task", "solve_diffsol", "solve_scipy"]
