"""The chapters' numbers as JSON: written only where told, read by the book and by the tests.

A chapter calls :func:`save` (through :meth:`qsp_lib.chapters.chapter.Chapter.save`). Nothing is
written unless the environment variable ``QSP_RESULTS_DIR`` names a folder, so that a reader who
runs a notebook by hand changes no file. What is written is the same to the byte for the same
numbers: sorted keys, every float in its shortest exact form.
"""

from __future__ import annotations

import json
import math
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from ..common import (
    RESULTS_DIR,
    RESULTS_FROM,
    InputError,
    canonical_json,
    is_number,
    plain,
    write_text_atomic,
)

SCHEMA = 1
COMMITTED = Path(__file__).resolve().parents[2] / "results"


@dataclass(frozen=True)
class Results:
    """The numbers of one chapter, as read from its JSON file.

    Attributes:
        chapter: the chapter's name, for example ``01_calibration``.
        values: nested dictionaries of numbers, texts, truth values and lists of them.
        parameters: the papermill parameters the numbers were computed with.
        lock: what the chapter said of the lock record it used, or None.
    """

    chapter: str
    values: Mapping[str, Any]
    parameters: Mapping[str, Any]
    lock: Any = None

    def value(self, path: str) -> Any:
        """The entry at ``path``, keys joined by ``/``; list items by number from 0.

        Raises:
            InputError: there is no such entry; the message lists the keys at that level.
        """
        here: Any = self.values
        for key in path.split("/"):
            try:
                here = here[int(key)] if isinstance(here, list) else here[key]
            except (KeyError, IndexError, ValueError, TypeError) as problem:
                known = ", ".join(sorted(here)) if isinstance(here, Mapping) else repr(here)
                raise InputError(
                    f"The results of {self.chapter} have no {path!r}: {key!r} is not in {known}."
                ) from problem
        return here


@dataclass(frozen=True)
class Tolerance:
    """How far numbers at the key paths that match ``pattern`` may differ.

    Attributes:
        pattern: shell-style pattern over ``chapter/values/key/...``.
        rtol: relative tolerance, as a share of the larger magnitude.
        atol: absolute tolerance, in the unit of the number.
    """

    pattern: str
    rtol: float
    atol: float = 0.0

    def __post_init__(self) -> None:
        for name, value in (("rtol", self.rtol), ("atol", self.atol)):
            if not (math.isfinite(value) and value >= 0):
                raise InputError(
                    f"{name} of {self.pattern!r} is {value!r}; expected a number 0 or more."
                )


@dataclass(frozen=True)
class Difference:
    """One key path at which two results differ, and how."""

    path: str
    expected: Any
    found: Any
    reason: str

    def __str__(self) -> str:
        return f"{self.path}: expected {self.expected!r}, found {self.found!r} ({self.reason})"


def save(
    name: str,
    values: Mapping[str, Any],
    *,
    parameters: Mapping[str, Any] | None = None,
    lock: Any = None,
    directory: str | os.PathLike[str] | None = None,
) -> Path | None:
    """Write a chapter's numbers to ``<directory>/<name>.json``.

    Args:
        name: the chapter, for example ``01_calibration``.
        values: nested mappings with text keys; leaves are numbers, texts, truth values, None,
            lists, tuples, NumPy scalars or arrays.
        parameters: the parameters the chapter ran with.
        lock: version, digest and date of the lock record used, if any.
        directory: where to write; default the folder named by ``QSP_RESULTS_DIR``, and nothing
            is written when that is unset.

    Returns:
        The file written, or None if no folder was named.

    Raises:
        InputError: a NaN, an infinity, a key that is not text or a type JSON has no word for,
            named by its key path; checked even if nothing is written.
    """
    record = {
        "schema": SCHEMA,
        "chapter": name,
        "parameters": plain(parameters or {}, f"{name}/parameters"),
        "lock": plain(lock, f"{name}/lock"),
        "values": plain(values, f"{name}/values"),
    }
    target = directory or os.environ.get(RESULTS_DIR)
    if not target:
        return None
    folder = Path(target)
    folder.mkdir(parents=True, exist_ok=True)
    return write_text_atomic(folder / f"{name}.json", canonical_json(record))


def load(name: str, directory: str | os.PathLike[str] | None = None) -> Results:
    """Read a chapter's numbers.

    Args:
        name: the chapter, for example ``01_calibration``.
        directory: where to read; default the folder named by ``QSP_RESULTS_FROM`` (set while
            the chapters run), else the committed ``results/``.

    Raises:
        InputError: the file is missing, is not JSON or is not a results file of this chapter.
    """
    path = Path(directory or os.environ.get(RESULTS_FROM) or COMMITTED) / f"{name}.json"
    try:
        record = json.loads(path.read_text(encoding="utf-8"), parse_constant=_refuse_constant)
    except FileNotFoundError as problem:
        raise InputError(
            f"There are no results of {name!r} at {path}; run the chapter first: "
            f"python -m qsp_lib run {name}."
        ) from problem
    except (json.JSONDecodeError, UnicodeDecodeError) as problem:
        raise InputError(f"{path} is not JSON ({problem}); run the chapter again.") from problem
    if not isinstance(record, dict) or record.get("schema") != SCHEMA:
        raise InputError(f"{path} is not a results file of schema {SCHEMA}; run the chapter again.")
    if record.get("chapter") != name:
        raise InputError(f"{path} holds the results of {record.get('chapter')!r}, not of {name!r}.")
    return Results(name, record["values"], record["parameters"], record["lock"])


def load_all(directory: str | os.PathLike[str] | None = None) -> dict[str, Results]:
    """Every results file of a folder, by chapter name, in order; empty if there is none."""
    folder = Path(directory or os.environ.get(RESULTS_FROM) or COMMITTED)
    return {path.stem: load(path.stem, folder) for path in sorted(folder.glob("*.json"))}


def compare(
    expected: Results,
    found: Results,
    rtol: float = 1e-6,
    tolerances: Sequence[Tolerance] = (),
) -> list[Difference]:
    """The key paths at which two results differ; an empty list if they agree.

    Floats agree within ``rtol`` of the larger magnitude, or as the first matching entry of
    ``tolerances`` says. Whole numbers, texts, truth values, keys, list lengths, parameters and
    the lock must be equal.
    """
    default = Tolerance("*", rtol)
    differences: list[Difference] = []
    for part in ("parameters", "lock", "values"):
        path = f"{expected.chapter}/{part}"
        differences += _differences(
            path, getattr(expected, part), getattr(found, part), (*tolerances, default)
        )
    return differences


def _differences(
    path: str, a: Any, b: Any, tolerances: Sequence[Tolerance]
) -> Iterator[Difference]:
    if isinstance(a, Mapping) and isinstance(b, Mapping):
        for key in sorted(set(a) | set(b)):
            if key not in b:
                yield Difference(f"{path}/{key}", a[key], None, "is missing now")
            elif key not in a:
                yield Difference(f"{path}/{key}", None, b[key], "is new")
            else:
                yield from _differences(f"{path}/{key}", a[key], b[key], tolerances)
    elif isinstance(a, list) and isinstance(b, list):
        if len(a) != len(b):
            yield Difference(path, len(a), len(b), "lengths differ")
        for index, (one, other) in enumerate(zip(a, b, strict=False)):
            yield from _differences(f"{path}/{index}", one, other, tolerances)
    elif is_number(a) and is_number(b) and (isinstance(a, float) or isinstance(b, float)):
        rule = next(rule for rule in tolerances if fnmatchcase(path, rule.pattern))
        if not math.isclose(a, b, rel_tol=rule.rtol, abs_tol=rule.atol):
            reason = f"relative difference {_relative(a, b):.2g}, allowed {rule.rtol:g}"
            if rule.atol:
                reason += f" or {rule.atol:g} absolute"
            yield Difference(path, a, b, reason)
    elif type(a) is not type(b) or a != b:
        yield Difference(path, a, b, "must be equal")


def _relative(a: float, b: float) -> float:
    return abs(a - b) / max(abs(a), abs(b))


def _refuse_constant(text: str) -> float:
    raise json.JSONDecodeError(f"{text} is not a number JSON knows", text, 0)


def largest_difference(expected: Any, found: Any) -> float:
    """Largest relative difference between the numbers of two nested results.

    Keys that only ``expected`` has are left out.

    Returns:
        0 if all agree exactly; infinity if anything but a number differs.
    """
    if isinstance(expected, Mapping) and isinstance(found, Mapping):
        if found.keys() - expected.keys():
            return math.inf
        return max((largest_difference(expected[key], found[key]) for key in found), default=0.0)
    if isinstance(expected, list) and isinstance(found, list) and len(expected) == len(found):
        pairs = zip(expected, found, strict=True)
        return max((largest_difference(a, b) for a, b in pairs), default=0.0)
    if isinstance(expected, int | float) and isinstance(found, int | float):
        scale = max(abs(expected), abs(found))
        return abs(expected - found) / scale if scale else 0.0
    return 0.0 if expected == found else math.inf
