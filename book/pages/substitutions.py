"""The chapters' numbers under names that prose can use, so that no number is typed.

``{{ calibration_fit_rms }}`` in a page is the number at ``values/fit/rms`` in
``results/01_calibration.json``: the chapter's name without its number, then the keys, joined by
underscores, with every other character than letters and digits made an underscore. Items of a list
of at most ten plain values are numbered from 0, as in ``calibration_interval_0``; longer lists and
lists of lists are not offered.

Numbers come formatted to three significant digits. For another format there is the number itself
under ``raw``: ``{{ "%.1f" | format(100 * raw.robustness_accepted_share) }} %``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from qsp_lib import __version__
from qsp_lib.chapters import Results
from qsp_lib.common import InputError, number

LONGEST_LIST = 10


def substitutions(results: Mapping[str, Results]) -> dict[str, Any]:
    """All substitutions of the book: formatted texts, and the values themselves under ``raw``.

    Raises:
        InputError: two numbers would get the same key.
    """
    raw: dict[str, Any] = {}
    for name, numbers in results.items():
        for key, value in flatten(numbers.values).items():
            full = f"{prefix(name)}_{key}"
            if full in raw:
                raise InputError(
                    f"Two numbers would be called {full!r} in the prose, one of them in {name}; "
                    "rename a key in the chapter."
                )
            raw[full] = value
    texts: dict[str, Any] = {key: number(value) for key, value in raw.items()}
    return texts | {"package_version": __version__, "raw": raw}


def flatten(values: Mapping[str, Any]) -> dict[str, Any]:
    """The plain values in nested mappings and short lists, by their joined key.

    Raises:
        InputError: two of them would get the same key.
    """
    flat: dict[str, Any] = {}
    for path, value in _leaves(values, ()):
        key = re.sub(r"[^A-Za-z0-9]+", "_", "_".join(path)).strip("_")
        if key in flat:
            raise InputError(f"Two numbers of one chapter would be called {key!r}; rename one.")
        flat[key] = value
    return flat


def prefix(chapter: str) -> str:
    """The chapter's name without its number: ``calibration`` for ``01_calibration``."""
    return re.sub(r"^\d+_", "", chapter)


def _leaves(value: Any, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Any]]:
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield from _leaves(item, (*path, key))
    elif isinstance(value, list):
        if len(value) <= LONGEST_LIST and not any(isinstance(v, list | Mapping) for v in value):
            for index, item in enumerate(value):
                yield (*path, str(index)), item
    else:
        yield path, value
