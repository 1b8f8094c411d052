"""Curves and areas without the points that a picture cannot show (Douglas and Peucker, 1973)."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import PolyCollection
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from numpy.typing import NDArray

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]

TOLERANCE_PT = 0.1
"""How far the picture of a curve may move: a twelfth of the width of a line."""


def thin(figure: Figure) -> None:
    """Leave out of a figure's curves and areas, in place, what its size cannot show.

    Points with marks of their own, steps, and curves with gaps stay as they are.
    """
    figure.draw_without_rendering()  # the layout says how large a panel is
    tolerance = TOLERANCE_PT * figure.dpi / 72
    for axis in figure.axes:
        for thing in axis.get_children():
            if isinstance(thing, Line2D):
                _thin_line(axis, thing, tolerance)
            elif isinstance(thing, PolyCollection) and thing.get_transform() == axis.transData:
                outlines = [np.asarray(path.vertices) for path in thing.get_paths()]
                thing.set_verts([_thinned(axis, outline, tolerance) for outline in outlines])


def _thin_line(axis: Axes, line: Line2D, tolerance: float) -> None:
    marked = line.get_marker() not in ("None", "none", "", " ", None)
    if marked or line.get_drawstyle() != "default" or line.get_transform() != axis.transData:
        return
    points = _thinned(axis, np.column_stack(line.get_data(orig=False)), tolerance)
    line.set_data(*points.T)


def _thinned(axis: Axes, points: Array, tolerance: float) -> Array:
    shown = axis.transData.transform(points)
    if not np.isfinite(shown).all():
        return points
    return points[needed(shown, tolerance)]


def needed(points: Array, tolerance: float) -> Mask:
    """Which points of a polyline, (n, 2), keep it within ``tolerance`` of all: booleans, (n,)."""
    keep = np.zeros(len(points), dtype=bool)
    keep[:1] = keep[-1:] = True  # of none, none
    between = [(0, len(points) - 1)]
    while between:
        first, last = between.pop()
        if last - first < 2:
            continue
        off = _distances(points[first + 1 : last], points[first], points[last])
        farthest = first + 1 + int(off.argmax())
        if off.max() > tolerance:
            keep[farthest] = True
            between += [(first, farthest), (farthest, last)]
    return keep


def _distances(points: Array, start: Array, end: Array) -> Array:
    """From points, (n, 2), to the segment between two others: (n,)."""
    along, to = end - start, points - start
    square = float(along @ along)
    share = np.clip(to @ along / square, 0.0, 1.0) if square else np.zeros(len(points))
    return np.asarray(np.hypot(*(to - share[:, None] * along).T))
