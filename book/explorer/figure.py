"""The picture of the explorer in a live kernel."""

from __future__ import annotations

import io

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from qsp_lib.figures import COLOURS, CYTOKINE_LABELS
from qsp_lib.model import severity

from .settings import Solution

_T_CELLS = {"monoclonal": ("R", "A"), "bispecific": ("R", "A", "B")}


def panels(solution: Solution, locked: Solution, label: str) -> Figure:
    """Exposure, T cells, cytokines and signal of a solution; ``locked`` is drawn dashed.

    Args:
        label: the drug's name, for the title.
    """
    colour = COLOURS.get(solution.setting.drug, COLOURS["neutral"])
    base = severity.baselines()
    shown: dict[str, tuple[tuple[str, ...], float, str]] = {
        "exposure (ng/mL)": (("C",), 0.0, "log"),
        "T cells (fraction)": (_T_CELLS[solution.trajectory.task.mechanism], 0.0, "linear"),
        **{f"{CYTOKINE_LABELS[c]} (pg/mL)": ((c,), base[c], "log") for c in ("TNF", "IFN", "IL6")},
        "effective signal (pg/mL)": (("S",), base["IL6"], "log"),
    }
    figure = Figure(figsize=(10, 5), layout="constrained")
    axes = figure.subplots(2, 3, sharex=True)
    for axis, (title, (names, above, scale)) in zip(axes.flat, shown.items(), strict=True):
        highest = 0.0
        for one in (locked, solution):
            times = one.trajectory.times - one.dose_h
            for weight, name in enumerate(names, start=1):
                level = np.asarray(one.trajectory[name])[times >= 0] + above
                now = one is solution
                width = 0.8 * weight if len(names) > 1 else 1.8
                axis.plot(
                    times[times >= 0],
                    level,
                    "-" if now else "--",
                    label=name if now else "_",
                    color=colour if now else "black",
                    linewidth=width if now else 1.0,
                )
                highest = max(highest, float(level.max()))
        if len(names) > 1:
            axis.legend(loc="upper right", frameon=False)
        axis.set(title=title, yscale=scale)
        if scale == "log":
            axis.set_ylim(bottom=0.8 * above if above else highest / 1e3)
    for axis in axes[-1]:
        axis.set_xlabel("time from first dose (h)")
    figure.suptitle(f"{label}, {solution.mark or 'locked values'}")
    return figure


def as_png(figure: Figure) -> bytes:
    """A figure as a PNG, drawn without a display."""
    FigureCanvasAgg(figure)
    drawn = io.BytesIO()
    figure.savefig(drawn, format="png")
    return drawn.getvalue()
