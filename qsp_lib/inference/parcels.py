"""A function on its way to a worker that may have been started from another package.

A pool of this machine loads the very files that this process has loaded. A worker of a cluster was
started by somebody, somewhere, some time ago: it may have another version of this package, whose
numbers are others, and nothing would show it. So a function travels in a parcel that says what
package it was sent by. The parcel is opened where it is used, and only if the package there is the
same: its version, the code of its science, and the libraries that the numbers are computed with.
"""

from __future__ import annotations

import os
import pickle
import socket
import sys
from collections.abc import Callable, Mapping
from functools import cache, cached_property
from importlib import metadata
from typing import Any

from .. import __version__
from ..common import QspError, code_digest

LIBRARIES = ("numpy", "scipy", "pydiffsol")
"""What computes the numbers besides this package: another version may change their last digits."""
BY_NAME = ("heyoka",)
"""What computes them only where it is asked for by name: it counts once it is loaded here."""
_CODE = "code of the science"


class OtherPackageError(QspError):
    """A worker whose package is not the one that its work was sent by."""


@cache
def own_package() -> Mapping[str, str]:
    """The package of this process: versions, and the digest of the code of its science."""
    versions = {name: metadata.version(name) for name in LIBRARIES}
    return {"qsp-crs": __version__, _CODE: code_digest(), **versions}


def sender() -> dict[str, str]:
    """What goes with work that is sent from here."""
    loaded = [name for name in BY_NAME if name in sys.modules]
    return {**own_package(), **{name: _installed(name) for name in loaded}}


def _installed(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return "none"


def require_same_package(sent_by: Mapping[str, str]) -> None:
    """Refuse work that was sent by another package than this process has.

    Args:
        sent_by: :func:`sender` of where it was sent.

    Raises:
        OtherPackageError: which machine and process this is, what it has and what was expected.
    """
    own = {**own_package(), **{name: _installed(name) for name in BY_NAME if name in sent_by}}
    others = [
        f"{name} {_shown(own.get(name))}, expected {_shown(sent_by.get(name))}"
        for name in dict.fromkeys((*sent_by, *own))
        if own.get(name) != sent_by.get(name)
    ]
    if others:
        raise OtherPackageError(
            f"A worker on {socket.gethostname()} (process {os.getpid()}) has another package than "
            f"the sweep was sent by: {'; '.join(others)}. Install the same package where the "
            "workers are started, and start them anew."
        )


def _shown(value: str | None) -> str:
    return "none" if value is None else value[:12]


class Parcel:
    """A function that is checked where it arrives, if it has to travel at all.

    In this process, as with a pool of threads, it is the function itself.
    """

    def __init__(self, function: Callable[..., Any]) -> None:
        self._function = function

    def __call__(self, *args: Any) -> Any:
        return self._function(*args)

    def __reduce__(self) -> tuple[Any, ...]:
        return _Arrived, (sender(), self._packed)

    @cached_property
    def _packed(self) -> bytes:
        """The function in bytes, made once for all the tasks of a sweep."""
        by_value = sys.modules.get("cloudpickle")  # dask brings it: for what no worker can import
        try:
            data = pickle.dumps(self._function)
        except (pickle.PicklingError, AttributeError, TypeError):
            if by_value is None:
                raise
            return bytes(by_value.dumps(self._function))
        if b"__main__" in data and by_value is not None:
            return bytes(by_value.dumps(self._function))
        return data


class _Arrived:
    """A parcel that has travelled: opened when it is used, not where it only passes through."""

    def __init__(self, sent_by: Mapping[str, str], packed: bytes) -> None:
        self._sent_by, self._packed = sent_by, packed

    def __call__(self, *args: Any) -> Any:
        require_same_package(self._sent_by)
        return pickle.loads(self._packed)(*args)
