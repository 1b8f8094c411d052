"""Libraries that exports need and the model does not: imported when used."""

from __future__ import annotations

from importlib import import_module
from types import ModuleType

from ..common import InputError


def library(name: str) -> ModuleType:
    """A library of the ``interop`` extra.

    Raises:
        InputError: it is not installed; the message says how to install it.
    """
    try:
        return import_module(name)
    except ImportError:
        raise InputError(
            f"This needs python-{name}, which is not installed; install it with pip install "
            "'qsp-crs[interop]', or in a checkout with pip install -r requirements-interop.txt."
        ) from None
