"""Engines for one right-hand side.

``diffsol`` (default) compiles the traced equations; ``scipy`` integrates the NumPy function itself
and is the reference; ``fast`` has to be installed, and asked for by name. An engine is a function
``solve(task) -> (states, outcomes, ...)``; it is loaded when it is first asked for, so that what
only reads trajectories waits for no compiler.
"""

import lazy_loader as lazy

__getattr__, __dir__, __all__ = lazy.attach_stub(__name__, __file__)
