"""The state of this copy: versions, chapters with their times, the ledger, the last tests."""

from __future__ import annotations

import platform
from collections.abc import Mapping
from importlib import metadata
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from qsp_lib import __version__
from qsp_lib.chapters import notebooks
from qsp_lib.common import decimals, number
from qsp_lib.protocol import LedgerEntry, read_ledger

from .fragments import BookData, describe_lock, fragment, table
from .substitutions import flatten

PACKAGES = (
    "numpy",
    "scipy",
    "pandas",
    "sympy",
    "pydiffsol",
    "emcee",
    "pydantic",
    "pint",
    "matplotlib",
    "ipywidgets",
    "papermill",
    "nbval",
    "jupyter-book",
    "sphinx",
    "sphinx-book-theme",
)
PNG = "image/png"
TESTS = "tests.xml"
"""In the build folder: the record that ``make test`` leaves, in JUnit's form."""


@fragment("versions")
def versions(_book: BookData) -> str:
    """The versions this copy was built with."""
    rows = [("qsp_lib", __version__), ("Python", platform.python_version())]
    rows += [(name, metadata.version(name)) for name in PACKAGES]
    return table(("package", "version"), rows)


@fragment("chapter_runs")
def chapter_runs(book: BookData) -> str:
    """One line a chapter: what it saved, from which lock, how long it took."""
    rows = []
    for name in notebooks.chapter_names(book.notebooks):
        title = notebooks.title_of(notebooks.read_notebook(name, book.notebooks), name)
        numbers = book.results.get(name)
        rows.append(
            (
                f"[{title}](../notebooks/{name}.ipynb)",
                len(flatten(numbers.values)) if numbers else "none",
                describe_lock(numbers.lock if numbers else None),
                _time(book, name),
            )
        )
    header = ("chapter", "numbers saved", "lock record", "run time")
    return f"{table(header, rows)}\n{_whence(book)}{_pictures(book)}\n"


def _time(book: BookData, name: str) -> str:
    if name in book.times:
        return f"{decimals(book.times[name], 0)} s, in this build"
    if book.measured and name in book.measured.seconds:
        return f"{decimals(book.measured.seconds[name], 0)} s"
    return "not measured"


def _whence(book: BookData) -> str:
    """Where the times are from, in a sentence."""
    if book.times:
        return "The chapters were run for this build, two side by side unless `make` was told else."
    taken = "This build took the chapters as committed and ran none."
    if book.measured is None:
        return f"{taken} `make book` runs them and shows how long each took."
    return (
        f"{taken} The times were measured on {book.measured.date} ({book.measured.machine}, Python "
        f"{book.measured.python}), chapters side by side as `make book` runs them."
    )


def _pictures(book: BookData) -> str:
    """How the chapters' figures are shown, where it is not in vectors: a sentence, or nothing."""
    for name in notebooks.chapter_names(book.notebooks):
        for cell in notebooks.read_notebook(name, book.notebooks)["cells"]:
            if any(PNG in output.get("data", {}) for output in cell.get("outputs", ())):
                return (
                    " Their figures are the committed pictures: PNG, in light colours only, "
                    "without data to download. `make book` runs the chapters and draws them in "
                    "vectors."
                )
    return ""


@fragment("ledger_entries")
def ledger_entries(_book: BookData) -> str:
    """Every entry of the ledger."""
    rows = [
        (
            f'<span class="nowrap">{entry.date}</span>',
            entry.kind,
            entry.lock_version,
            f"`{entry.table}`",
            _summary(entry),
            f"`{entry.table_sha256[:12]}`",
        )
        for entry in read_ledger()
    ]
    return table(("date", "kind", "lock", "file", "summary", "SHA-256"), rows)


def _summary(entry: LedgerEntry) -> str:
    if "comparison" in entry.summary:
        compared = entry.summary["comparison"].items()
        verdicts = ", ".join(f"{name}: {result['verdict']}" for name, result in compared)
        counted = f"{entry.summary['eligible']} of {entry.summary['rows']} rows eligible"
        return f"{verdicts}; {counted}"
    return "; ".join(f"{_words(key)}: {_in_words(value)}" for key, value in entry.summary.items())


def _words(key: str) -> str:
    return key.replace("_pg_mL", " (pg/mL)").replace("_", " ")


def _in_words(value: Any) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{key} {_in_words(item)}" for key, item in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(_in_words(item) for item in value)
    return number(value)


@fragment("test_run")
def test_run(book: BookData) -> str:
    """What the last ``make test`` in this build folder came to."""
    found = _counted(book.build / TESTS) if book.build else None
    if found is None:
        return "`make test` has not been run beside this build.\n"
    tests, failed, when = found
    outcome = "none failed" if not failed else f"**{failed} failed**"
    return f"The last `make test` beside this build, of {when}: {tests} tests, {outcome}.\n"


def _counted(record: Path) -> tuple[int, int, str] | None:
    """Tests, failures and date of a JUnit record; None if there is no whole one."""
    try:
        suites = list(ElementTree.parse(record).getroot().iter("testsuite"))
    except (FileNotFoundError, ElementTree.ParseError):
        return None
    if not suites:
        return None
    tests = sum(int(suite.get("tests", 0)) for suite in suites)
    failed = sum(int(suite.get(kind, 0)) for suite in suites for kind in ("failures", "errors"))
    return tests, failed, suites[0].get("timestamp", "unknown date")[:10]
