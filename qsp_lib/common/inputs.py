"""Where the inputs of a version of the model lie: version 1's in ``data``, later ones beside.

A version's inputs are never edited after its lock. What a later version changes is a file of its
own under ``data/<version>``; what it does not change it shares.
"""

from __future__ import annotations

from importlib.resources import files
from importlib.resources.abc import Traversable

from .errors import InputError

VERSIONS = ("v1", "v2")
"""Versions of the inputs, oldest first."""


def input_file(name: str, version: str) -> Traversable:
    """The file that a version of the model reads under a name such as ``observations.csv``.

    Raises:
        InputError: no such version.
    """
    if version not in VERSIONS:
        raise InputError(f"inputs {version!r} were asked for; expected one of {VERSIONS}.")
    data = files("qsp_lib").joinpath("data")
    own = data.joinpath(version, name)
    return own if own.is_file() else data.joinpath(name)
