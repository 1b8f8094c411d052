"""Libraries that take long to load and few runs need: each is loaded when it is first used.

``late.pandas.DataFrame(...)`` loads pandas at that moment. This is the only place where an import
is put off, apart from the faces of the wings, which load a module when one of its names is asked
for; everything else is imported at the top of its file.
"""

from __future__ import annotations

import importlib
from types import ModuleType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import distributed as distributed
    import emcee as emcee
    import heyoka as heyoka
    import iminuit as iminuit
    import IPython as IPython
    import nautilus as nautilus
    import pandas as pandas
    import papermill as papermill
    import pint as pint
    import sympy as sympy

LIBRARIES = {
    "IPython": "IPython",
    "backend_inline": "matplotlib_inline.backend_inline",
    "distributed": "distributed",
    "emcee": "emcee",
    "heyoka": "heyoka",
    "iminuit": "iminuit",
    "nautilus": "nautilus",
    "pandas": "pandas",
    "papermill": "papermill",
    "pint": "pint",
    "salib_analyze": "SALib.analyze.sobol",
    "salib_sample": "SALib.sample.sobol",
    "sympy": "sympy",
    "tqdm": "tqdm.auto",
}
"""The name here, and the module."""


def __getattr__(name: str) -> ModuleType:
    if name not in LIBRARIES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return importlib.import_module(LIBRARIES[name])
