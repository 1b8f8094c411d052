"""The figure of a fit: courses with both bands and the data, and residuals over time."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.figure import Figure

from ..figures import INDIGO, OLIVE, WIDTH, WINE
from ..prediction import in_days
from .bands import Bands
from .points import ANALYTES, Point

_MARKS = {"": "o", "below": "v", "above": "^"}
_COLOURS = ("#117733", "#AA4499", "#88CCEE", "#CC6677", OLIVE, "#44AA99", "#DDCC77", "#882255")
_ROW = 2.3


def figure(bands: Bands) -> Figure:
    """One row a regimen: its cytokines with data, and the residuals of all of them."""
    data = bands.fit.problem.data
    names = [name for name in ANALYTES if any(p.analyte == name for p in data.points)]
    size = (WIDTH, 0.9 + _ROW * len(data.regimens))
    found = Figure(figsize=size, constrained_layout=True)
    grid = found.subplots(len(data.regimens), len(names) + 1, squeeze=False)
    colours = {name: _COLOURS[i % len(_COLOURS)] for i, name in enumerate(data.sharers)}
    for row, regimen in zip(grid, data.regimens, strict=True):
        days = in_days(bands.fit.problem.settings[regimen].horizon_h)
        scale, unit = (24.0, "d") if days else (1.0, "h")
        for axis, name in zip(row, names, strict=False):
            _course(axis, bands, regimen, name, colours, scale)
            axis.set_ylabel(f"{ANALYTES[name]} (pg/mL)")
            axis.set_xlabel(f"time ({unit})")
        _residuals(row[-1], bands, regimen, colours, scale)
        row[-1].set_xlabel(f"time ({unit})")
        title = row[0].set_title(regimen, loc="left", fontsize="small")
        title.set_parse_math(False)
    label = bands.fit.problem.setting.inputs.label
    title = found.suptitle(f"{label}, fitted to {data.file}")
    title.set_parse_math(False)
    shown = {text: line for axis in grid.flat for line, text in zip(*_legend(axis), strict=True)}
    found.legend(
        list(shown.values()), list(shown), loc="outside lower center", ncols=5, fontsize="x-small"
    )
    return found


def _legend(axis: Any) -> tuple[list[Any], list[str]]:
    found: tuple[list[Any], list[str]] = axis.get_legend_handles_labels()
    return found


def _course(
    axis: Any, bands: Bands, regimen: str, name: str, colours: dict[str, str], scale: float
) -> None:
    band = bands.courses.get((regimen, name))
    axis.set_yscale("log")
    if band is None:
        return
    times = band.times_h / scale
    for edges, alpha, label in (
        (band.measured, 0.12, "with residual error"),
        (band.fitted, 0.3, "fitted"),
    ):
        axis.fill_between(
            times, edges[0], edges[2], color=INDIGO, alpha=alpha, linewidth=0, label=label
        )
    axis.plot(times, band.fitted[1], color=INDIGO, label="median")
    axis.plot(times, band.held, color=WINE, linestyle="--", linewidth=1, label="network held")
    for point, whose in _points(bands, regimen):
        if point.analyte != name:
            continue
        at = [point.time_h / scale] if point.until_h is None else _ends(point, scale)
        line = axis.plot(at, [point.level] * len(at), color=colours[whose], linewidth=0.8)[0]
        line.set_marker(_MARKS[point.censored])
        line.set_markersize(3.5)


def _residuals(
    axis: Any, bands: Bands, regimen: str, colours: dict[str, str], scale: float
) -> None:
    axis.axhline(0.0, color="0.6", linewidth=0.8)
    sharers = bands.fit.problem.data
    for i, (point, at) in enumerate(zip(sharers.points, bands.points, strict=True)):
        if point.regimen != regimen:
            continue
        ends = [point.time_h / scale] if point.until_h is None else _ends(point, scale)
        axis.plot(
            np.mean(ends),
            at.residual,
            marker=_MARKS[point.censored],
            markersize=3.5,
            color=colours[sharers.sharers[sharers.shared[i]]],
        )
    axis.set_ylabel("log10 residual")


def _points(bands: Bands, regimen: str) -> list[tuple[Point, str]]:
    data = bands.fit.problem.data
    names = [data.sharers[i] for i in data.shared]
    pairs = zip(data.points, names, strict=True)
    return [(point, name) for point, name in pairs if point.regimen == regimen]


def _ends(point: Point, scale: float) -> list[float]:
    assert point.until_h is not None
    return [point.time_h / scale, point.until_h / scale]
