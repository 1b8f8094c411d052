"""The figure of a prediction for one drug, drawn without a display."""

from __future__ import annotations

import io
import warnings
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

import matplotlib
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from ..figures import COLOURS, INDIGO, STYLE, WIDTH
from .predicting import Prediction

_PANELS = {
    "C": "exposure (ng/mL)",
    "A": "activated T cells",
    "TNF": "TNF (pg/mL)",
    "IFN": "IFN-γ (pg/mL)",
    "IL6": "IL-6 (pg/mL)",
    "S": "IL-6 signal (pg/mL)",
}
_ARM_COLOURS = {"untreated": INDIGO, "treated": COLOURS["tocilizumab"]}
_DAYS_FROM_H = 240.0
LOCKED_POINT_LINE: Mapping[str, Any] = MappingProxyType({"linewidth": 0.7, "linestyle": "--"})
"""How the course of the locked point is drawn beside a median."""


def in_days(horizon_h: float) -> bool:
    """Whether so long a course is drawn over days."""
    return horizon_h > _DAYS_FROM_H


def courses(prediction: Prediction) -> Figure:
    """Medians with the central 90 % of draws, without and with tocilizumab.

    The locked point is a thin line beside them, and the only one where nothing was drawn.
    """
    figure = Figure(figsize=(WIDTH, 4.8), constrained_layout=True)
    axes = list(figure.subplots(2, 3).flat)
    days = in_days(prediction.horizon_h)
    scale = 24.0 if days else 1.0
    for axis, (name, label) in zip(axes, _PANELS.items(), strict=True):
        for arm_name, arm in prediction.arms.items():
            course, times = arm.courses[name], arm.times_h / scale
            colour = _ARM_COLOURS[arm_name]
            if "low" in course:
                axis.fill_between(
                    times, course["low"], course["high"], color=colour, alpha=0.22, linewidth=0
                )
            axis.plot(times, arm.central(name), color=colour, label=_label(prediction, arm_name))
            if "median" in course:
                point = course["locked_point"]
                (line,) = axis.plot(times, point, color=colour, **LOCKED_POINT_LINE)
                if arm_name == "untreated":
                    line.set_label("locked point")
        axis.set_ylabel(label)
        axis.set_xlabel("time (d)" if days else "time (h)")
        if name not in ("C", "A"):
            axis.set_yscale("log")
    handles, labels = axes[0].get_legend_handles_labels()
    figure.legend(
        handles,
        labels,
        title=_rests_on(prediction),
        loc="outside lower center",
        ncols=2,
        fontsize=8,
        title_fontsize=8,
    )
    title = figure.suptitle(f"{prediction.label}: {prediction.regimen_label}", fontsize=10.5)
    title.set_parse_math(False)  # a label is shown as it is written
    return figure


def as_png(prediction: Prediction) -> bytes:
    """The figure as a PNG, the same to the byte for the same numbers on one machine."""
    return png(lambda: courses(prediction))


def png(draw: Callable[[], Figure]) -> bytes:
    """What ``draw`` makes, in the book's style, as the bytes of a PNG."""
    with matplotlib.rc_context(STYLE), warnings.catch_warnings():
        # a label may hold signs that the font has no shape for; they are drawn as boxes
        warnings.filterwarnings("ignore", "Glyph .* missing from", UserWarning)
        figure = draw()
        FigureCanvasAgg(figure)
        buffer = io.BytesIO()
        figure.savefig(buffer, format="png", dpi=130, metadata={"Software": None})
    return buffer.getvalue()


def _label(prediction: Prediction, arm: str) -> str:
    cover = prediction.setting.cover
    if arm == "treated":
        given = [
            f"{name} at {', '.join(f'{time:g}' for time in sorted(times))} h"
            for name, times in cover.times.items()
            if times
        ]
        return " and ".join(given)
    if cover.words:
        return f"without {cover.words}"
    return "median of draws" if prediction.n_draws else "locked point"


def _rests_on(prediction: Prediction) -> str:
    lock = prediction.mark or f"lock {prediction.lock['version']}, locked values"
    if not prediction.n_draws:
        return f"{lock}; lines: the locked point"
    return f"{lock}; medians, band: 5-95 % of {prediction.n_draws} draws"
