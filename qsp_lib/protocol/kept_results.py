"""What long runs on a lock record left beside it, verified: its posterior's sample, its profiles.

Each file holds a hash of what it means, and the lock that it was made from. A file that was edited
and signed again is caught where its numbers can be computed again: the log posterior of every draw.
For the rest there is the repository's history.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from ..common import LockError
from .findings import DIFFERS, LEFT_OUT, SAME, UNTOLD, Finding, compared
from .history import History
from .kept_sample import KeptSample, locked_problem, read_kept_sample, sample_paths
from .lock import KEPT, KEPT_RUNS, kept_file, read_made_from
from .places import Places
from .record import Record

LOG_POSTERIOR_ATOL = 1e-3
"""Draws are kept with six decimals, which move their log posterior by less than 1e-4."""
_HASH = "the hash it states"


def kept_results(
    record: Record,
    places: Places,
    history: Callable[[Path], History],
    *,
    newest: bool = True,
    recompute: bool = False,
) -> Iterator[Finding]:
    """The sample and the long runs that were made from a record.

    Args:
        history: what git knows of a file.
        newest: whether the record is the newest, which the code here can compute again.
        recompute: whether it shall; two seconds.
    """
    samples, runs = places.data / "posterior", places.data / KEPT.name
    yield from _sample(record, samples, history, newest, recompute)
    for what in KEPT_RUNS:
        path, name = kept_file(what, record, runs), f"{what} {record.version}"
        if not path.exists():
            yield _absent(name, [path], history)
            continue
        yield compared(name, _HASH, lambda what=what, path=path: _run(record, path, what))  # type: ignore[misc]
        yield from as_committed(path, history)


def _run(record: Record, path: Path, what: str) -> str:
    """What a whole file of a long run is said to be."""

    def told(content: dict[str, object]) -> str:
        return f"{str(content['digest'])[:12]}, from lock {record.version}"

    return read_made_from(record, path, told, what, "make it anew with 'qsp-crs profiles'")


def _sample(
    record: Record,
    folder: Path,
    history: Callable[[Path], History],
    newest: bool,
    recompute: bool,
) -> Iterator[Finding]:
    """The kept sample: its hash, its size, and the density of its draws."""
    what, paths = f"sample {record.version}", sample_paths(record, folder)
    if not any(path.exists() for path in paths):
        yield _absent(what, list(paths), history)
        return
    try:
        sample = read_kept_sample(record, folder)
    except LockError as problem:
        yield Finding(what, _HASH, DIFFERS, str(problem))
        return
    told = f"{sample.sha256[:12]}, from lock {record.version}"
    yield Finding(what, _HASH, SAME, told)
    yield compared(f"{what}: draws", "the plan it was made by", lambda: _whole(sample))
    density, again = f"{what}: log posterior", "computed again"
    if not newest:
        why = "the code here computes the newest record's"
        yield Finding(density, again, UNTOLD, why)
    elif recompute:
        yield compared(density, again, lambda: _density(record, sample))
    else:
        yield Finding(density, again, LEFT_OUT, "'lock verify' without --quick does it")
    for path in paths:
        yield from as_committed(path, history)


def _whole(sample: KeptSample) -> str:
    """As many draws as were planned.

    Raises:
        LockError: more, or fewer.
    """
    planned, stated = sample.made["sampler"]["draws"], sample.rows_on_record
    if not len(sample) == planned == stated:
        raise LockError(
            f"{len(sample)} draws, of which {stated} are on record and {planned} were planned; "
            "restore the sample."
        )
    return f"{len(sample)} draws"


def _density(record: Record, sample: KeptSample) -> str:
    """The log posterior of every draw, from the record's own problem.

    Raises:
        LockError: another one stands beside a draw.
    """
    apart = np.abs(-locked_problem(record).cost(sample.points) - sample.log_posterior)
    wrong = np.flatnonzero(~(apart <= LOG_POSTERIOR_ATOL))
    if wrong.size:
        first = int(wrong[0])
        raise LockError(
            f"draw {first + 1} has another log posterior, {apart[first]:.3g} off ({wrong.size} "
            "such draws); restore the sample."
        )
    return f"{len(sample)} draws"


def _absent(what: str, paths: list[Path], history: Callable[[Path], History]) -> Finding:
    """Files that are not there: gone, if they were committed; else not made yet."""
    gone = [path.name for path in paths if history(path).committed is not None]
    if gone:
        detail = f"{' and '.join(gone)} gone; restore from the history"
        return Finding(what, "the repository's history", DIFFERS, detail)
    return Finding(what, "its files", UNTOLD, "none is kept")


def as_committed(path: Path, history: Callable[[Path], History]) -> Iterator[Finding]:
    """A file beside the newest commit; nothing where there is no history, which is said once."""
    known = history(path)
    if known.why_not:
        return
    against = "the repository's history"
    if known.committed is None:
        yield Finding(path.name, against, UNTOLD, "not committed yet; commit it")
    elif known.as_committed:
        yield Finding(path.name, against, SAME, "as committed")
    else:
        yield Finding(path.name, against, DIFFERS, "edited since it was committed")
