"""Pieces of prose that are made, never typed: ``book/generated/<name>.md``.

A page takes one in with ``{include} generated/<name>.md``. A fragment is a function of the data
of the book that returns MyST Markdown, registered under its name::

    @fragment("parameters")
    def parameters(book: BookData) -> str:
        return table(("symbol", "median"), ...)
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from qsp_lib.chapters import Results, results
from qsp_lib.common import InputError, number
from qsp_lib.protocol import current_record

from .substitutions import flatten, prefix


@dataclass(frozen=True)
class BookData:
    """What a fragment may read.

    Attributes:
        notebooks: the folder of the executed chapters the book is made from.
        results: their numbers, by chapter name.
        times: seconds each chapter took for this build; empty if it took them as committed.
        measured: run times that were measured before and committed, if there are any.
        build: the build folder, where the last test run may have left its record.
    """

    notebooks: Path
    results: Mapping[str, Results]
    times: Mapping[str, float] = field(default_factory=dict)
    measured: RunTimes | None = None
    build: Path | None = None


Fragment = Callable[[BookData], str]
Pictures = Callable[[BookData], Mapping[str, bytes]]
F = TypeVar("F", bound=Callable[[BookData], Any])
FRAGMENTS: dict[str, Fragment] = {}
PICTURES: dict[str, Pictures] = {}
"""What draws the files that a fragment of that name shows, by their names."""


def fragment(name: str) -> Callable[[Fragment], Fragment]:
    """Register a function as the fragment ``name``.

    Raises:
        InputError: there is one of that name already.
    """
    return _registrar(FRAGMENTS, name, "fragments")


def pictures(name: str) -> Callable[[Pictures], Pictures]:
    """Register a function as what draws the pictures of the fragment ``name``.

    They are placed in ``_static/generated`` when a page takes the fragment in.

    Raises:
        InputError: there is one of that name already.
    """
    return _registrar(PICTURES, name, "pictures")


def _registrar(registry: dict[str, F], name: str, kind: str) -> Callable[[F], F]:
    def register(function: F) -> F:
        if name in registry:
            raise InputError(f"There are two {kind} called {name!r}; give each its own name.")
        registry[name] = function
        return function

    return register


def table(header: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """A Markdown table; numbers are formatted, and ``|`` in texts is escaped.

    Raises:
        InputError: a row has not as many cells as the header.
    """
    lines = [_row(header), _row(["---"] * len(header))]
    for row in rows:
        if len(row) != len(header):
            raise InputError(
                f"A table row has {len(row)} cells, expected {len(header)}: {tuple(row)!r}."
            )
        lines.append(_row([number(cell) for cell in row]))
    return "\n".join(lines) + "\n"


@fragment("results_index")
def results_index(book: BookData) -> str:
    """Every number the prose can show, with the key it is shown by."""
    parts = []
    for name, numbers in book.results.items():
        rows = [
            (f"`{prefix(name)}_{key}`", value) for key, value in flatten(numbers.values).items()
        ]
        parts.append(f":::{{dropdown}} {name}\n{table(('key', 'value'), rows)}:::\n")
    return "\n".join(parts) or "No chapter has saved a number yet.\n"


def describe_lock(lock: Any) -> str:
    """A lock as a chapter saved it, in words: its version, date and the start of its digest."""
    if lock is None:
        return "not used"
    if not isinstance(lock, Mapping):
        return str(lock)
    parts = [f"{key} {str(lock[key])[:12]}" for key in ("version", "date", "digest") if key in lock]
    return ", ".join(parts) or "used"


def _row(cells: Sequence[str]) -> str:
    return "| " + " | ".join(str(cell).replace("|", "\\|") for cell in cells) + " |"


@dataclass(frozen=True)
class RunTimes:
    """Measured run times of chapters.

    Attributes:
        seconds: by chapter.
        date: when they ran, as YYYY-MM-DD.
        machine: operating system, architecture and processor cores.
        python: the interpreter's version.
    """

    seconds: Mapping[str, float]
    date: str
    machine: str
    python: str


def require_current_lock(numbers: results.Results) -> None:
    """Refuse a chapter's numbers that rest on another record than the current one.

    Raises:
        InputError: which lock they are from, which is the current one, and what to do.
    """
    used, record = numbers.lock, current_record()
    if used is None or (isinstance(used, Mapping) and used.get("digest") == record.digest):
        return
    raise InputError(
        f"The numbers of {numbers.chapter} are from lock {describe_lock(used)}, and the current "
        f"one is {describe_lock(record.summary)}. Run the chapter again (make notebooks), or keep "
        "it for readers under archive/, where its page says which lock it is from."
    )
