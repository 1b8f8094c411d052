"""Digests of meaning, not of bytes.

A table is digested as it is parsed, code as it is read by Python: a comment, a reformatted line,
a moved file or Windows line endings change nothing; a changed number, unit, rule or term does.
"""

from __future__ import annotations

import ast
import csv
import hashlib
import io
import json
import math
import threading
from collections.abc import Iterable, Mapping
from functools import cache, lru_cache
from importlib import resources
from pathlib import Path
from typing import Any, NamedTuple

from .errors import InputError

_ONE_AT_A_TIME = threading.Lock()
"""CPython 3.11 miscounts its recursion if two threads parse at once."""
SCIENCE = (
    "evidence",
    "inference",
    "model",
    "drugs",
    "calibration",
    "scoring",
    "protocol",
    "analyses",
)
"""The wings whose code decides what a number is; the others say how it is shown or run."""


def digest(content: Any) -> str:
    """SHA-256 (64 hex digits) of plain JSON values, keys in any order.

    Raises:
        TypeError, ValueError: what JSON has no word for, such as a NaN.
    """
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()


def parsed_table(text: str) -> list[list[str | float]]:
    """A CSV table as its cells: numbers as floats, other cells as text without outer spaces.

    >>> parsed_table("id,value\\r\\nA, 1.50\\r\\n") == parsed_table("id,value\\nA,1.5\\n")
    True
    """
    reader = csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline=""))
    return [_cells(row) for row in reader if row]


def _cells(row: list[str]) -> list[str | float]:
    try:  # most rows of a large table are numbers alone, which float reads with their spaces
        numbers = [float(cell) for cell in row]
    except ValueError:
        numbers = []
    if numbers and all(map(math.isfinite, numbers)):
        return [*numbers]
    return [_cell(cell.strip()) for cell in row]


def _cell(text: str) -> str | float:
    try:
        number = float(text)
    except ValueError:
        return text.replace("\r\n", "\n")
    return number if float("-inf") < number < float("inf") else text


def code_digest(files: Iterable[Path] | None = None) -> str:
    """SHA-256 of the definitions in Python files, wherever they stand; docstrings left out.

    A name that several files define, each in its own way, counts with the file that it stands in:
    otherwise two constants of one name could be exchanged and nothing would change.

    Args:
        files: Python sources; default those of the science of this package.
    """
    if files is None:
        return _digest_of_science()
    modules = [_definitions(path.read_text(encoding="utf-8")) for path in files]
    ambiguous = _ambiguous(modules)
    return digest(
        sorted(
            digest([one.digest, *(other.digest for other in module)])
            if one.names & ambiguous
            else one.digest
            for module in modules
            for one in module
        )
    )


def named_digest(definitions: Mapping[Path, Iterable[str]]) -> str:
    """SHA-256 of some definitions only, by file; what else stands in the files does not count.

    Args:
        definitions: names such as ``index`` or, of a class, ``Trajectory.peak``. A name that is
            defined more than once counts with all of its definitions.

    Raises:
        InputError: a file that defines no such name.
    """
    found = []
    for path, names in definitions.items():
        text = path.read_text(encoding="utf-8")
        for name in names:
            if not (meanings := _named(text, name)):
                raise InputError(f"{path.name} defines no {name!r}; name what it defines.")
            found.append([name, *meanings])
    return digest(sorted(found))


def _named(source: str, dotted: str) -> list[str]:
    *owners, name = dotted.split(".")
    body = _parsed(source)
    for owner in owners:
        body = [
            node
            for one in body
            if isinstance(one, ast.ClassDef) and one.name == owner
            for node in one.body
        ]
    return [digest(_meaning(node)) for node in body if name in _names(node)]


@cache
def _digest_of_science() -> str:
    """Worked out once: what has been loaded stays as it was, whatever happens to its files."""
    root = Path(str(resources.files("qsp_lib")))
    return code_digest([path for wing in SCIENCE for path in (root / wing).rglob("*.py")])


class _Definition(NamedTuple):
    """A statement of a module: the names that it gives a meaning, and the digest of it."""

    names: frozenset[str]
    digest: str


@lru_cache(maxsize=512)
def _definitions(source: str) -> tuple[_Definition, ...]:
    """The statements of a module but for its imports, which only say where a name is."""
    return tuple(
        _Definition(_names(node), digest(_meaning(node)))
        for node in _parsed(source)
        if not _says_nothing(node)
    )


def _parsed(source: str) -> list[ast.stmt]:
    with _ONE_AT_A_TIME:
        return ast.parse(source).body


def _names(node: ast.stmt) -> frozenset[str]:
    """What a statement defines: a function, a class, or what it assigns to."""
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return frozenset({node.name})
    stored = (n for n in ast.walk(node) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store))
    return frozenset(name.id for name in stored)


def _ambiguous(modules: Iterable[Iterable[_Definition]]) -> frozenset[str]:
    """Names that do not mean the same in every module that defines them."""
    meanings: dict[str, set[tuple[str, ...]]] = {}
    for module in modules:
        here: dict[str, list[str]] = {}
        for one in module:
            for name in one.names:
                here.setdefault(name, []).append(one.digest)
        for name, digests in here.items():
            meanings.setdefault(name, set()).add(tuple(digests))
    return frozenset(name for name, found in meanings.items() if len(found) > 1)


def _meaning(node: Any) -> Any:
    """A syntax tree as plain lists: no positions, no docstrings, nothing that is empty.

    What is empty is left out because newer versions of Python have fields that older ones lack.
    """
    if isinstance(node, ast.AST):
        fields = ((name, _meaning(value)) for name, value in ast.iter_fields(node))
        kept = {name: value for name, value in fields if value not in ("None", [])}
        return [type(node).__name__, kept]
    if isinstance(node, list):
        return [_meaning(item) for item in node if not _says_nothing(item)]
    return repr(node)


def _says_nothing(node: Any) -> bool:
    """Whether a statement is a docstring or an import."""
    return isinstance(node, ast.Import | ast.ImportFrom) or (
        isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
    )
