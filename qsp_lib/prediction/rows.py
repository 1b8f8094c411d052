"""At which times the courses of a prediction are written down and drawn.

What stands between two rows is read as a straight line, by whoever plots or interpolates the
table. So the rows are chosen by what a straight line leaves out: first as many as it takes to
follow every course, then as few as keep to that.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Read = Callable[[Array], Array]
# columns (K, T) at times (T,)

FINE, LEFT_OUT = 0.0005, 0.003
"""What a straight line may leave out of a column's own value: before and by leaving out rows."""
NOTHING = 1e-6
"""Share of a column's highest value below which it is nothing."""
BEFORE_H = 1e-6
"""How long before a dose the row stands that shows the level it meets (h)."""
SAME_H = 2e-7
"""Times this close are one (h)."""
_ROUNDS = 16


def with_doses(doses: Iterable[float], horizon_h: float) -> Array:
    """0, the horizon, and every dose with a row just before it."""
    starts = np.array([*doses], dtype=float)
    wanted = np.unique([0.0, horizon_h, *starts, *(starts - BEFORE_H)])
    return wanted[(wanted >= 0) & (wanted <= horizon_h)]


def joined(first: Array, others: Iterable[float]) -> Array:
    """Increasing times with others within their range, but for those that are the same time."""
    found = np.unique([*others])
    found = found[(found >= first[0]) & (found <= first[-1])]
    after = np.searchsorted(first, found)
    below = found - first[np.maximum(after - 1, 0)]
    above = first[np.minimum(after, first.size - 1)] - found
    found = found[(np.abs(below) > SAME_H) & (np.abs(above) > SAME_H)]
    apart = np.diff(found, prepend=-np.inf) > SAME_H
    return np.union1d(first, found[apart])


def fine(times: Array, read: Read) -> Array:
    """Times with as many between them as it takes for straight lines to follow every column."""
    levels = read(times)
    scale = NOTHING * np.abs(levels).max(axis=1, keepdims=True)
    open_ = np.flatnonzero(np.diff(times) > 4 * BEFORE_H)
    for _ in range(_ROUNDS):
        if not open_.size:
            break
        middle = (times[open_] + times[open_ + 1]) / 2
        found = read(middle)
        straight = (levels[:, open_] + levels[:, open_ + 1]) / 2
        off = np.abs(found - straight) > FINE * np.abs(found) + scale
        bad = off.any(axis=0)
        if not bad.any():
            break
        at = open_[bad] + 1
        times = np.insert(times, at, middle[bad])
        levels = np.insert(levels, at, found[:, bad], axis=1)
        # the new times and those before them begin the intervals that are looked at again
        new = at + np.arange(at.size)
        halves = np.sort(np.concatenate([new - 1, new]))
        open_ = halves[np.diff(times)[halves] > 4 * BEFORE_H]
    return times


def thinned(times: Array, columns: Array, kept: Iterable[float]) -> NDArray[np.int_]:
    """Indices of the rows to keep: the ends, those of ``kept``, and what the columns need.

    Between two rows that are kept, a straight line misses no column by more than `LEFT_OUT` of
    its value there.

    Args:
        times: ``(T,)``.
        columns: ``(K, T)``.
        kept: times that stay.
    """
    last = times.size - 1
    scale = NOTHING * np.abs(columns).max(axis=1, keepdims=True)
    allowed = LEFT_OUT * np.abs(columns) + scale
    fixed = np.union1d(np.searchsorted(times, [*kept]), [0, last])
    keep = set(fixed.tolist())
    todo = list(zip(fixed[:-1].tolist(), fixed[1:].tolist(), strict=True))
    while todo:
        first, end = todo.pop()
        if end - first < 2:
            continue
        inner = slice(first + 1, end)
        share = (times[inner] - times[first]) / (times[end] - times[first])
        rise = columns[:, [end]] - columns[:, [first]]
        off = np.abs(columns[:, [first]] + share * rise - columns[:, inner])
        # a column that is 0 throughout needs no row
        off = np.divide(off, allowed[:, inner], out=np.zeros_like(off), where=allowed[:, inner] > 0)
        worst = off.max(axis=0)
        if worst.max() > 1:
            split = first + 1 + int(worst.argmax())
            keep.add(split)
            todo += [(first, split), (split, end)]
    return np.array(sorted(keep))
