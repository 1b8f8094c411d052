"""A file of measurements to start from: what a first cohort's levels may look like, made up."""

from __future__ import annotations

import os
from importlib import resources
from pathlib import Path

from ..common import InputError, write_text_atomic

NAME = "cohort.csv"


def example() -> str:
    """Made-up levels of three individuals on the regimen of the templates' drugs."""
    path = resources.files("qsp_lib") / "data" / "templates" / NAME
    return path.read_text(encoding="utf-8")


def write_example(path: str | os.PathLike[str]) -> Path:
    """Write it, never over a file that is there.

    Raises:
        InputError: a name that does not end in .csv, or a file or folder of that name.
    """
    target = Path(path)
    if target.suffix.lower() != ".csv":
        raise InputError(f"{target} was given; expected a name that ends in .csv.")
    try:
        return write_text_atomic(target, example(), replace=False)
    except FileExistsError:
        raise InputError(f"{target} exists and is not written over; name another file.") from None
