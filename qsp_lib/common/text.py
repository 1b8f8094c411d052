"""Values as plain JSON types, and their one canonical text."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from .errors import InputError


def is_number(value: Any) -> bool:
    """Whether a value is a number; a truth value is none."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def plain(value: Any, path: str) -> Any:
    """``value`` in JSON's own types, refusing what JSON cannot hold.

    Args:
        value: what to convert.
        path: its key path, for the message.

    Raises:
        InputError: see :func:`.results.save`.
    """
    if isinstance(value, np.generic | np.ndarray):
        value = value.tolist()
    if isinstance(value, Mapping):
        for key in value:
            if not isinstance(key, str) or not key or "/" in key:
                raise InputError(
                    f"{path} has the key {key!r}; expected a text without '/': write str(key)."
                )
        return {str(key): plain(item, f"{path}/{key}") for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item, f"{path}/{index}") for index, item in enumerate(value)]
    if isinstance(value, float):
        if not math.isfinite(value):
            raise InputError(
                f"{path} is {value!r}; expected a finite number: leave the entry out, or write "
                "None and say why in a text beside it."
            )
        return float(value)
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int):
        return int(value)
    if isinstance(value, str):
        return str(value)
    raise InputError(
        f"{path} is of type {type(value).__name__}; expected numbers, texts, truth values, None, "
        "lists, mappings or NumPy arrays of them: convert it first."
    )


def canonical_json(content: Any) -> str:
    """Text that depends on the content alone: sorted keys, shortest exact numbers, one a line.

    Digests of lock records are taken of this text.

    Raises:
        ValueError, TypeError: what JSON has no word for, such as a NaN.
    """
    return json.dumps(content, sort_keys=True, indent=1, ensure_ascii=False, allow_nan=False) + "\n"
