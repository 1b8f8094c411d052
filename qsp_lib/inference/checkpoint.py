"""The finished part of a sweep, kept in a folder so that the sweep can go on after a stop.

The folder holds ``sweep.json``, which says what the sweep is, and one file for each finished
stretch of rows, named after the rows and the hash of its content. Every file is written whole or
not at all. A folder that is not about this very sweep is refused: another function or other
settings, other inputs, another lock, other code. Two processes may work on one sweep in one
folder at once: rows that both have finished count once.
"""

from __future__ import annotations

import functools
import hashlib
import io
import json
import operator
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass
from pathlib import Path
from types import FunctionType, MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .. import __version__
from ..common import InputError, code_digest, only_one, write_bytes_atomic, write_text_atomic

Array = NDArray[np.float64]

SCHEMA = 1
MANIFEST = "sweep.json"
_ROWS = re.compile(r"rows-(?P<start>\d{9})-(?P<stop>\d{9})-(?P<hash>[0-9a-f]{16})\.npy")
_MEANINGS = {
    "function": "another function",
    "settings": "other settings of the function",
    "inputs": "other inputs",
    "lock": "another lock",
    "code": "another version of the code",
}


def identify(function: Callable[..., Any], inputs: Array, lock: str = "") -> dict[str, Any]:
    """What a sweep is, as plain JSON: function, its settings, inputs, lock, code.

    Args:
        function: a function of a module, a ``functools.partial`` of one, or a dataclass
            that can be called.
        inputs: ``(N, ...)``.
        lock: digest of the lock record that the results rest on; empty for none.

    Raises:
        InputError: a function that cannot be told from another: a lambda, a closure, a bound
            method, or an object whose settings are not plain values.
    """
    name, settings = _describe(function)
    return {
        "schema": SCHEMA,
        "function": name,
        "settings": hashlib.sha256(settings.encode()).hexdigest(),
        "inputs": f"{inputs.dtype.str} {list(inputs.shape)} {_hash(inputs)}",
        "lock": lock,
        "code": f"{__version__} {code_digest()} {_source_hash(function)}",
    }


@dataclass(frozen=True)
class Checkpoint:
    """A folder that holds the finished rows of one sweep."""

    folder: Path
    identity: Mapping[str, Any]

    @classmethod
    def open(cls, folder: str | Path, identity: Mapping[str, Any]) -> Checkpoint:
        """The checkpoint in this folder, made if there is none.

        Raises:
            InputError: the folder is another sweep's, or damaged, or not a checkpoint.
        """
        path = Path(folder)
        if path.exists() and not path.is_dir():
            raise InputError(f"Checkpoint {path} is a file; expected a folder, or a new name.")
        path.mkdir(parents=True, exist_ok=True)
        manifest = path / MANIFEST
        with only_one(path):  # of two sweeps that begin at once, the second finds the first's
            if not manifest.exists():
                if any(not item.name.endswith(".tmp") for item in path.iterdir()):
                    raise InputError(
                        f"Folder {path} is not a checkpoint: it holds files and no {MANIFEST}. "
                        "Name an empty or a new folder."
                    )
                write_text_atomic(manifest, json.dumps(dict(identity), indent=1) + "\n")
        try:
            found = json.loads(manifest.read_text(encoding="utf-8"))
        except (UnicodeDecodeError, json.JSONDecodeError) as problem:
            raise InputError(
                f"Checkpoint {path} is damaged: {MANIFEST} is not JSON ({problem}). Remove the "
                "folder and start again."
            ) from problem
        if not isinstance(found, dict) or found.get("schema") != SCHEMA:
            raise InputError(
                f"Checkpoint {path} is of no known form; expected schema {SCHEMA} in {MANIFEST}. "
                "Name another folder."
            )
        for key, meaning in _MEANINGS.items():
            if found.get(key) != identity[key]:
                raise InputError(
                    f"Checkpoint {path} is of another sweep: it was made with {meaning} "
                    f"({str(found.get(key))[:60]!r}; this sweep has {identity[key][:60]!r}). Name "
                    "another folder, or remove this one to start again."
                )
        return cls(path, MappingProxyType(dict(identity)))

    def finished(self) -> Iterator[tuple[int, int, Array]]:
        """First row, row after the last, and results of each finished stretch, in order.

        Rows that several files hold, as two processes at once leave them, are given once.

        Raises:
            InputError: a file whose content is not what its name says, or two files that hold
                different results for the same rows.
        """
        # the file that reaches furthest: in the order of their first rows, it holds every row
        # that another file can repeat
        first, end, furthest = 0, 0, np.empty(0)
        for path in sorted(self.folder.glob("rows-*.npy")):
            match = _ROWS.fullmatch(path.name)
            data = path.read_bytes()
            if match is None or hashlib.sha256(data).hexdigest()[:16] != match["hash"]:
                raise InputError(
                    f"Checkpoint {self.folder} is damaged: {path.name} is not as it was written. "
                    "Remove that file; its rows are computed again."
                )
            start, stop = int(match["start"]), int(match["stop"])
            try:
                values = np.load(io.BytesIO(data), allow_pickle=False)
            except (ValueError, EOFError, OSError) as problem:
                raise InputError(
                    f"Checkpoint {self.folder} is damaged: {path.name} holds no array of numbers "
                    "(objects are never read). Remove that file; its rows are computed again."
                ) from problem
            if values.ndim == 0 or len(values) != stop - start:
                raise InputError(
                    f"Checkpoint {self.folder} is damaged: {path.name} holds too many or too few "
                    "rows. Remove that file; its rows are computed again."
                )
            again = min(stop, end) - start
            if again > 0 and not _same(values[:again], furthest[start - first :][:again]):
                raise InputError(
                    f"Checkpoint {self.folder} is damaged: {path.name} overlaps another file and "
                    "holds other results for the same rows. Remove the folder and start again; if "
                    "that does not help, a row depends on more than its input."
                )
            if stop > end:
                yield max(start, end), stop, values[max(again, 0) :]
                first, end, furthest = start, stop, values

    def add(self, start: int, stop: int, values: Array) -> None:
        """Keep the results of rows ``start`` up to, not including, ``stop``."""
        buffer = io.BytesIO()
        np.save(buffer, values, allow_pickle=False)
        data = buffer.getvalue()
        digest = hashlib.sha256(data).hexdigest()[:16]
        write_bytes_atomic(self.folder / f"rows-{start:09d}-{stop:09d}-{digest}.npy", data)


def _same(one: NDArray[Any], other: NDArray[Any]) -> bool:
    """Whether two arrays are the same to the bit."""
    return one.shape == other.shape and one.dtype == other.dtype and _hash(one) == _hash(other)


def _hash(array: NDArray[Any]) -> str:
    return hashlib.sha256(np.ascontiguousarray(array).tobytes()).hexdigest()


def _describe(function: Any) -> tuple[str, str]:
    """The name of a function, and everything it was set up with, as text."""
    if isinstance(function, functools.partial):
        name, settings = _describe(function.func)
        return name, f"{settings} {_text(function.args)} {_text(function.keywords)}"
    if is_dataclass(function) and not isinstance(function, type):
        return _named(type(function)), _text(function)
    return _named(function), ""


def _named(thing: Any) -> str:
    """Where a function or a class is to be found: its module and its name there.

    What is not to be found there has more to it than its name: a lambda, a closure, and a bound
    method, whose object may hold anything.
    """
    module, name = (str(getattr(thing, key, None)) for key in ("__module__", "__qualname__"))
    try:
        found = operator.attrgetter(name)(sys.modules[module])
    except (AttributeError, KeyError):
        found = None
    if found is not thing:
        raise InputError(
            f"A checkpoint cannot tell {thing!r} from another function; expected a function of a "
            "module, a functools.partial of one, or a dataclass that can be called."
        )
    return f"{module}.{name}"


def _text(value: Any) -> str:
    """A value as text that depends on its content alone."""
    if is_dataclass(value) and not isinstance(value, type):
        parts = (f"{field.name}={_text(getattr(value, field.name))}" for field in fields(value))
        return f"{_named(type(value))}({', '.join(parts)})"
    if isinstance(value, np.ndarray):
        return f"array {value.dtype.str} {value.shape} {_hash(value)}"
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{_text(k)}: {_text(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_text(item) for item in value) + "]"
    if isinstance(value, FunctionType | functools.partial):
        return " ".join(_describe(value))
    if value is None or isinstance(value, bool | int | float | str | np.number):
        return repr(value)
    raise InputError(
        f"A checkpoint cannot describe {value!r} among a function's settings; expected numbers, "
        "texts, arrays, and lists, mappings or dataclasses of them."
    )


def _source_hash(function: Any) -> str:
    """Hash of the file that defines the function; empty if there is none to be found."""
    while isinstance(function, functools.partial):
        function = function.func
    owner = function if isinstance(function, FunctionType) else type(function)
    file = getattr(sys.modules.get(owner.__module__), "__file__", None)
    if file is None or not Path(file).is_file():
        return ""
    return hashlib.sha256(Path(file).read_bytes()).hexdigest()
