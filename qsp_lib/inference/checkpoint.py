"""The finished part of a sweep, kept in a folder so that the sweep can go on after a stop.

The folder holds ``sweep.json``, which says what the sweep is, and one file for each finished
segment of rows. Its name says which sweep and which rows, and has a hash of both with the content:
a file of another sweep, of other rows, or changed since is told from its own. Every file is
written whole or not at all. A folder that is not about this very sweep is refused: another
function or other settings, other inputs, another lock, other code. Two processes may work on one
sweep in one folder at once: rows that both have finished count once.

The hashes find mistakes and damage. Who can run this code can also make a file that it accepts.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import io
import json
import operator
import re
import sys
import sysconfig
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass
from pathlib import Path
from types import FunctionType, MappingProxyType, ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .. import __version__
from ..common import InputError, code_digest, digest, write_bytes_atomic, write_text_atomic

Array = NDArray[np.float64]

SCHEMA = 2
MANIFEST = "sweep.json"
_ROWS = re.compile(
    r"rows-(?P<start>\d{9})-(?P<stop>\d{9})-(?P<sweep>[0-9a-f]{16})-(?P<hash>[0-9a-f]{32})\.npy"
)
_PACKAGE = __name__.partition(".")[0]
_MEANINGS = {
    "function": "another function",
    "settings": "other settings of the function",
    "inputs": "other inputs",
    "lock": "another lock",
    "code": "another version of the code",
}


def identify(function: Callable[..., Any], inputs: Array, lock: str = "") -> dict[str, Any]:
    """What a sweep is, as plain JSON: function, its settings, inputs, lock, code.

    The code is that of this package's science, of the modules that define the function and what
    it was set up with, and of the modules of yours that those import from; comments and
    docstrings do not count.

    Args:
        function: a function of a module, a ``functools.partial`` of one, or a dataclass
            that can be called.
        inputs: ``(N, ...)``.
        lock: digest of the lock record that the results rest on; empty for none.

    Raises:
        InputError: a function that cannot be told from another: a lambda, a closure, a bound
            method, one that was typed into a session, or an object whose settings are not plain
            values.
    """
    modules: set[str] = set()
    name, settings = _describe(function, modules)
    return {
        "schema": SCHEMA,
        "function": name,
        "settings": hashlib.sha256(settings.encode()).hexdigest(),
        "inputs": f"{inputs.dtype.str} {list(inputs.shape)} {_hash(inputs)}",
        "rows": len(inputs),
        "lock": lock,
        "code": f"{__version__} {code_digest()} {code_digest(_sources(modules))}",
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
        if not manifest.exists():
            others = [item for item in path.iterdir() if not item.name.endswith(".tmp")]
            if others and not manifest.exists():  # somebody may have begun meanwhile
                raise InputError(
                    f"Folder {path} is not a checkpoint: it holds files and no {MANIFEST}. "
                    "Name an empty or a new folder."
                )
            with contextlib.suppress(FileExistsError):  # of two that begin at once, one writes it
                text = json.dumps(dict(identity), indent=1) + "\n"
                write_text_atomic(manifest, text, replace=False)
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
        if found != dict(identity):
            raise InputError(
                f"Checkpoint {path} is damaged: {MANIFEST} holds more than was written. Remove the "
                "folder and start again."
            )
        return cls(path, MappingProxyType(dict(identity)))

    def finished(self) -> Iterator[tuple[int, int, Array]]:
        """First row, row after the last, and results of each finished segment, in order.

        Rows that several files hold, as two processes at once leave them, are given once.

        Raises:
            InputError: a file of another sweep, or whose content is not what its name says, or
                is no float64 numbers of the others' shape for rows of this sweep; or two files
                that hold different results for the same rows. The message names the file.
        """
        # the file that reaches furthest: in the order of their first rows, it holds every row
        # that another file can repeat
        first, end, furthest = 0, 0, np.empty(0)
        shape: tuple[int, ...] | None = None
        for path in sorted(self.folder.glob("rows-*.npy")):
            start, stop, values = self._read(path)
            if stop - start != len(values) or shape not in (None, values.shape[1:]):
                raise self._damaged(path, "holds too many or too few numbers")
            shape = values.shape[1:]
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
        write_bytes_atomic(self.folder / self._name(start, stop, data), data)

    def _name(self, start: int, stop: int, data: bytes) -> str:
        """The name of a file: rows, sweep, and a hash that binds the content to both."""
        sweep = digest(dict(self.identity))
        bound = hashlib.sha256(f"{sweep} {start} {stop} ".encode() + data).hexdigest()
        return f"rows-{start:09d}-{stop:09d}-{sweep[:16]}-{bound[:32]}.npy"

    def _read(self, path: Path) -> tuple[int, int, Array]:
        """First row, row after the last, and what a file holds for them."""
        match = _ROWS.fullmatch(path.name)
        if match is None:
            raise self._damaged(path, "is not named as a file of rows is")
        start, stop = int(match["start"]), int(match["stop"])
        data = path.read_bytes()
        expected = self._name(start, stop, data)
        if match["sweep"] not in expected:
            raise self._damaged(path, "is of another sweep")
        if path.name != expected:
            raise self._damaged(path, "is not as it was written, or not for these rows")
        if not start < stop <= self.identity["rows"]:
            raise self._damaged(path, f"is not within the {self.identity['rows']} rows")
        try:
            values = np.load(io.BytesIO(data), allow_pickle=False)
        except (ValueError, EOFError, OSError):
            raise self._damaged(path, "holds no numbers (objects are never read)") from None
        if not isinstance(values, np.ndarray) or values.dtype != np.float64:
            raise self._damaged(path, "holds no float64 numbers")
        if values.ndim not in (1, 2):
            raise self._damaged(path, "holds too many or too few numbers")
        return start, stop, values

    def _damaged(self, path: Path, what: str) -> InputError:
        return InputError(
            f"Checkpoint {self.folder} is damaged: {path.name} {what}. Remove that file; its rows "
            "are computed again."
        )


def _same(one: NDArray[Any], other: NDArray[Any]) -> bool:
    """Whether two arrays are the same to the bit."""
    return one.shape == other.shape and one.dtype == other.dtype and _hash(one) == _hash(other)


def _hash(array: NDArray[Any]) -> str:
    return hashlib.sha256(np.ascontiguousarray(array).tobytes()).hexdigest()


def _describe(function: Any, modules: set[str]) -> tuple[str, str]:
    """The name of a function, and everything it was set up with, as text.

    Args:
        modules: the names of the modules that define any of it are added.
    """
    if isinstance(function, functools.partial):
        name, settings = _describe(function.func, modules)
        given = _text(function.args, modules), _text(function.keywords, modules)
        return name, " ".join([settings, *given])
    if is_dataclass(function) and not isinstance(function, type):
        return _named(type(function), modules), _text(function, modules)
    return _named(function, modules), ""


def _named(thing: Any, modules: set[str]) -> str:
    """Where a function or a class is to be found: its module and its name there.

    What is not to be found there has more to it than its name: a lambda, a closure, and a bound
    method, whose object may hold anything. What was typed into a session is found nowhere else.
    """
    module, name = (str(getattr(thing, key, None)) for key in ("__module__", "__qualname__"))
    try:
        found = operator.attrgetter(name)(sys.modules[module])
    except (AttributeError, KeyError):
        found = None
    if found is not thing or (module == "__main__" and _source(module) is None):
        raise InputError(
            f"A checkpoint cannot tell {thing!r} from another function; expected a function of a "
            "module, a functools.partial of one, or a dataclass that can be called."
        )
    modules.add(module)
    return f"{module}.{name}"


def _text(value: Any, modules: set[str]) -> str:
    """A value as text that depends on its content alone."""
    if is_dataclass(value) and not isinstance(value, type):
        parts = (
            f"{field.name}={_text(getattr(value, field.name), modules)}" for field in fields(value)
        )
        return f"{_named(type(value), modules)}({', '.join(parts)})"
    if isinstance(value, np.ndarray):
        return f"array {value.dtype.str} {value.shape} {_hash(value)}"
    if isinstance(value, Mapping):
        items = (f"{_text(key, modules)}: {_text(item, modules)}" for key, item in value.items())
        return "{" + ", ".join(items) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_text(item, modules) for item in value) + "]"
    if isinstance(value, FunctionType | functools.partial):
        return " ".join(_describe(value, modules))
    if value is None or isinstance(value, bool | int | float | str | np.number):
        return repr(value)
    raise InputError(
        f"A checkpoint cannot describe {value!r} among a function's settings; expected numbers, "
        "texts, arrays, and lists, mappings or dataclasses of them."
    )


def _sources(modules: set[str]) -> list[Path]:
    """The files of modules, and of the modules of the user's own that they import from."""
    found: dict[str, Path] = {}
    todo = sorted(modules)
    while todo:
        name = todo.pop()
        path = _source(name)
        if name in found or path is None:
            continue
        found[name] = path
        if not _is_own(name, path):
            continue
        for value in vars(sys.modules[name]).values():
            if isinstance(value, ModuleType):
                other = value.__name__
            elif isinstance(value, FunctionType | type):
                other = value.__module__
            else:
                continue
            helper = _source(other)
            if helper is not None and _is_own(other, helper):
                todo.append(other)
    return list(found.values())


def _source(module: str) -> Path | None:
    """The Python file of a module, if it has one."""
    file = getattr(sys.modules.get(module), "__file__", None)
    path = Path(file) if file else None
    return path if path is not None and path.suffix == ".py" and path.is_file() else None


def _is_own(module: str, path: Path) -> bool:
    """Whether a module is the user's: no part of this package, of Python or of a library."""
    places = [Path(sysconfig.get_path(name)) for name in ("stdlib", "purelib", "platlib")]
    return module.partition(".")[0] != _PACKAGE and not (
        any(path.is_relative_to(place) for place in places)
        or {"site-packages", "dist-packages"} & set(path.parts)
    )
