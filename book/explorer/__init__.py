"""The explorer: a few values to move, and the model solved again with each.

A setting that is not the locked one, or treats, gives marked results. Values,
ranges and the solve are in :mod:`book.explorer.settings`, the widgets of a live kernel in
:mod:`book.explorer.widgets`.
"""

from .settings import (
    DEXAMETHASONE,
    EVERY_DOSE,
    GIVEN,
    SLIDER_STEPS,
    TOCILIZUMAB,
    TREATED,
    UNLOCKED,
    Control,
    Setting,
    Solution,
    controls,
    dose_in_words,
    may_be_shown,
    shown_drugs,
    solve,
    usual_horizon,
)
from .widgets import Explorer, describe, explore

__all__ = [
    "DEXAMETHASONE",
    "EVERY_DOSE",
    "GIVEN",
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
    "may_be_shown",
    "shown_drugs",
    "solve",
    "usual_horizon",
]
