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
CURRENT = "v2"
"""The version that the newest lock record was made from, and that everything stands on. Later ones
are developed beside it; everything moves to one in the step that locks it."""


def input_file(name: str, inputs: str | None = None) -> Traversable:
    """The file that a version of the model reads under a name such as ``observations.csv``.

    Raises:
        InputError: no such version.
    """
    data = files("qsp_lib").joinpath("data")
    own = data.joinpath(which_inputs(inputs), name)
    return own if own.is_file() else data.joinpath(name)


def which_inputs(inputs: str | None = None) -> str:
    """A version of the inputs; by default the one that everything stands on.

    Raises:
        InputError: no such version.
    """
    version = CURRENT if inputs is None else inputs
    if version not in VERSIONS:
        raise InputError(f"inputs {version!r} were asked for; expected one of {VERSIONS}.")
    return version
