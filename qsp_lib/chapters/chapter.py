"""A running chapter: its parameters, checked before anything is computed, and its numbers, saved.

A chapter is a notebook ``notebooks/NN_name.ipynb``. Its parameters stand in the cell tagged
``parameters``, and what each may be in ``notebooks/parameters.py`` (see
`qsp_lib.chapters.parameters`). The next cell starts the chapter::

    from qsp_lib.chapters import Chapter

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

from . import results
from .notebooks import NOTEBOOKS, declared_parameters, parameter_model
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
        model = parameter_model(name, notebooks)
        return cls(name, check_parameters(name, present, model, declared))

    def save(self, values: Mapping[str, Any], *, lock: Any = None) -> None:
        """Write the chapter's numbers if a results folder was named; see `results.save`."""
        results.save(self.name, values, parameters=self.parameters, lock=lock)


def _is_users(key: str, value: Any) -> bool:
    history = _IPYTHONS_HISTORY.get(key)
    if _IPYTHONS.fullmatch(key) or (history is not None and isinstance(value, history)):
        return False
    return isinstance(value, _PLAIN)
