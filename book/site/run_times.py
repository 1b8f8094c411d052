"""How long the chapters took, as measured once and committed: ``book/run_times.json``.

A run by ``make book`` leaves its times in ``_build``; ``make run-times`` commits them to the book,
with the date and the machine, so that a site built without running anything can still say them.
They are apart from ``results/`` because no two runs take equally long.
"""

from __future__ import annotations

import json
import os
import platform
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

from book.pages.fragments import RunTimes
from qsp_lib.chapters import notebooks, runner
from qsp_lib.common import InputError, write_text_atomic

FILE = "run_times.json"


def read(book: Path) -> RunTimes | None:
    """The committed times in the folder of the prose; None if there are none.

    Raises:
        InputError: the file does not hold what it should.
    """
    try:
        given = json.loads((book / FILE).read_text(encoding="utf-8"))
        seconds = {name: float(value) for name, value in given.pop("seconds").items()}
        return RunTimes(seconds, **{name: str(value) for name, value in given.items()})
    except FileNotFoundError:
        return None
    except (ValueError, TypeError, AttributeError, KeyError) as problem:
        raise InputError(
            f"{book / FILE} does not hold run times ({problem}); write it with make run-times."
        ) from problem


def measured(build: Path, names: tuple[str, ...]) -> RunTimes:
    """The times that the last run of all chapters left in a build folder.

    Raises:
        InputError: a chapter that was not run there.
    """
    seconds = runner.run_times(build)
    missing = [name for name in names if name not in seconds]
    if missing:
        raise InputError(
            f"there is no run time of {missing[0]} in {build}; run every chapter: make book."
        )
    ended = datetime.fromtimestamp((build / runner.TIMES).stat().st_mtime, UTC)
    return RunTimes(
        {name: seconds[name] for name in names},
        ended.date().isoformat(),
        f"{platform.system()} {platform.machine()}, {os.cpu_count()} processor cores",
        platform.python_version(),
    )


def write(times: RunTimes, book: Path) -> Path:
    """Write times beside the prose."""
    path = book / FILE
    write_text_atomic(path, json.dumps(asdict(times), indent=1) + "\n")
    return path


def keep() -> str:
    """Commit the times in ``_build`` to ``book/run_times.json``, and say so.

    Raises:
        InputError: no run of all chapters left its times.
    """
    times = measured(runner.BUILD, notebooks.chapter_names())
    return f"the run times of {times.date} are in {write(times, notebooks.ROOT / 'book')}"
