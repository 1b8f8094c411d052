"""The figure of the page on speed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

from benchmarks.record import AS_IN_CHAPTER
from qsp_lib.common import decimals
from qsp_lib.figures import COLOURS, WIDTH, WINE

if TYPE_CHECKING:
    from benchmarks.record import Measured, SpeedRecord

SIZE = (WIDTH, 4.4)
"""Inches."""
_LOOKS: dict[str, tuple[str, str, Any]] = {
    "qsp_lib": ("#000000", "o", "-"),
    "qsp_lib_fast": ("#000000", "o", "--"),
    "cyrk_loop": ("#0072B2", "s", "-"),
    "cyrk_python": ("#56B4E9", "s", "--"),
    "heyoka": (WINE, "h", "-"),
    "roadrunner": ("#D55E00", "^", "-"),
    "casadi": ("#009E73", "D", "-"),
    "scipy_batch": ("#CC79A7", "v", "-"),
    "odeint": ("#E69F00", "P", "--"),
    "solve_ivp": ("#7F7F7F", "X", ":"),
}
"""Colour (Okabe and Ito's palette, one of Paul Tol's), marker and line of each engine, by name."""
_HIDDEN = frozenset({AS_IN_CHAPTER})


def _sizes(axis: Axes, record: SpeedRecord, engine: Measured, look: tuple[str, str, Any]) -> None:
    colour, marker, line = look
    cells = sorted((c for c in engine.cells if c.cores == record.cores), key=lambda c: c.sets)
    sizes = [cell.sets * record.drugs for cell in cells]
    axis.plot(sizes, [c.wall_s.median for c in cells], color=colour, linestyle=line, linewidth=1.4)
    for size, cell in zip(sizes, cells, strict=True):
        axis.plot(
            [size],
            [cell.wall_s.median],
            color=colour,
            marker=marker,
            markersize=5,
            markerfacecolor="white" if cell.extrapolated else colour,
        )
        axis.plot([size] * 2, [cell.wall_s.low, cell.wall_s.high], color=colour, linewidth=1)


def speed(record: SpeedRecord) -> Figure:
    """Wall time against the number of simulations, and error against time a simulation."""
    figure, (left, right) = plt.subplots(1, 2, figsize=SIZE)
    handles = []
    for name, engine in record.engines.items():
        if name in _HIDDEN:
            continue
        look = _LOOKS.get(name, (COLOURS["light"], "o", "-"))
        _sizes(left, record, engine, look)
        rungs = [rung for rung in engine.ladder if rung.error is not None]
        colour, marker, line = look
        right.plot(
            [1e3 * rung.cpu_s for rung in rungs],
            [rung.error for rung in rungs],
            color=colour,
            marker=marker,
            markersize=4,
            linestyle=line,
            linewidth=1.4,
        )
        handles.append(
            Line2D([], [], color=colour, marker=marker, linestyle=line, label=engine.label)
        )
    handles.append(
        Line2D(
            [],
            [],
            color=COLOURS["neutral"],
            marker="o",
            markerfacecolor="white",
            linestyle="none",
            label="extrapolated",
        )
    )
    target, within = record.problem["target_error"], 100 * record.problem["within"]
    right.axhline(target, color=COLOURS["light"], linewidth=1)
    right.text(
        0.99,
        target * 1.08,
        "common accuracy",
        transform=right.get_yaxis_transform(),
        ha="right",
        fontsize=8,
        color=COLOURS["neutral"],
    )
    for axis in (left, right):
        axis.set(xscale="log", yscale="log")
    right.xaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
    right.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    right.xaxis.set_minor_locator(NullLocator())
    left.set(xlabel="simulations", ylabel="wall time (s)")
    left.set_title(f"{record.cores} cores, start-up included")
    right.set(
        xlabel="processor time a simulation (ms)",
        ylabel=f"error of a set's worst peak, {decimals(within, 0)} % of sets",
    )
    right.set_title("one core, after start-up")
    figure.legend(handles=handles, loc="outside lower center", ncols=3, fontsize=8.5)
    return figure
