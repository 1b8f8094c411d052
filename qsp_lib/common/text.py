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
        InputError: see :func:`save`.
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


def dumps(value: Any, indent: int = 0) -> str:
    """JSON with sorted keys, one key a line, and a list of plain values on one line."""
    inner = " " * (indent + 1)
    if isinstance(value, dict) and value:
        items = (f"{inner}{_atom(k)}: {dumps(value[k], indent + 1)}" for k in sorted(value))
        return "{\n" + ",\n".join(items) + "\n" + " " * indent + "}"
    if isinstance(value, list) and any(isinstance(item, dict | list) for item in value):
        items = (f"{inner}{dumps(item, indent + 1)}" for item in value)
        return "[\n" + ",\n".join(items) + "\n" + " " * indent + "]"
    return _atom(value)


def _atom(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False)
