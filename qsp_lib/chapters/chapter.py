"""The chapters: which there are, what each depends on, and its parameters, strictly.

A chapter is a notebook ``notebooks/NN_name.ipynb``. Its parameters are declared once, in the
cell tagged ``parameters``, one a line::

    n_starts: int = 16  # starts of the multi-start fit; 1 to 256
    engine: str = "diffsol"  # integrator; one of diffsol, scipy

that is: a type (``int``, ``float``, ``bool``, ``str`` or a ``list[...]`` of one of them), a
default, and a comment that ends in the range or the choices (a ``bool`` needs neither; the range
of a list holds for each item). papermill reads the same lines for ``--help-notebook``. The next
cell starts the chapter::

    from ..chapters.chapter import Chapter

    chapter = Chapter.start("01_calibration", globals())

which refuses an unknown, mistyped or out-of-range parameter before anything is computed, however
the notebook was run. ``python -m qsp_lib run`` refuses it before a kernel is started.

This module is imported by every chapter, so it reads notebooks as JSON and imports nothing heavy.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..common import InputError
from . import results
from .notebooks import NOTEBOOKS, declared_parameters
from .parameters import check_parameters

_PLAIN = (bool, int, float, complex, str, bytes, list, tuple, set, dict, type(None))
_IPYTHONS = re.compile(r"_+|_i{1,3}|_i?\d+|_[iods]h|_exit_code|__\w+")
_IPYTHONS_HISTORY = {"In": list, "Out": dict}


@dataclass(frozen=True)
class Chapter:
    """A chapter that is running: its name and its checked parameters."""

    name: str
    parameters: Mapping[str, Any]

    @classmethod
    def start(cls, name: str, namespace: Mapping[str, Any], notebooks: Path = NOTEBOOKS) -> Chapter:
        """Check the parameters found in a notebook's ``globals()`` against those it declares.

        On the first call in a kernel, a plain value whose name is not declared is taken for a
        mistyped parameter and refused; imports, functions and IPython's names are not. When the
        cell is run again by hand, the names later cells have made are left alone.

        Raises:
            InputError: an unknown, missing, mistyped or out-of-range parameter, or no such chapter.
        """
        declared = declared_parameters(name, notebooks)
        again = any(isinstance(value, cls) for value in namespace.values())
        present = {
            key: value
            for key, value in namespace.items()
            if key in declared or (not again and _is_users(key, value))
        }
        missing = declared.keys() - present.keys()
        if missing:
            raise InputError(
                f"{name}: parameter {min(missing)!r} has no value; run the parameters cell first."
            )
        return cls(name, check_parameters(name, present, declared))

    def save(self, values: Mapping[str, Any], *, lock: Any = None) -> None:
        """Write the chapter's numbers if a results folder was named; see `results.save`."""
        results.save(self.name, values, parameters=self.parameters, lock=lock)


def _is_users(key: str, value: Any) -> bool:
    history = _IPYTHONS_HISTORY.get(key)
    if _IPYTHONS.fullmatch(key) or (history is not None and isinstance(value, history)):
        return False
    return isinstance(value, _PLAIN)
