"""The explorer: a few values to move, and the model solved again with each.

A setting that is not the locked one, or treats with tocilizumab, gives marked results. Values,
ranges and the solve are in :mod:`book.explorer.settings`, the widgets of a live kernel in
:mod:`book.explorer.widgets`.
"""

from .settings import (
    DRUGS,
    SLIDER_STEPS,
    TOCILIZUMAB,
    TREATED,
    UNLOCKED,
    Control,
    Setting,
    Solution,
    controls,
    dose_in_words,
    solve,
)
from .widgets import Explorer, describe, explore

__all__ = [
    "DRUGS",
    "SLIDER_STEPS",
    "TOCILIZUMAB",
    "TREATED",
    "UNLOCKED",
    "Control",
    "Explorer",
    "Setting",
    "Solution",
    "controls",
    "describe",
    "dose_in_words",
    "explore",
    "solve",
]
