"""The one style of the book's figures: colours, names, sizes.

Each drug keeps one colour throughout (Okabe and Ito's palette, safe for colour-blind readers), and
in the chapters nothing else has it.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import matplotlib
import numpy as np

from .. import figures
from ..common import DRAWN, late

if TYPE_CHECKING:
    from matplotlib.figure import Figure

COLOURS = {
    "blinatumomab": "#0072B2",
    "blinatumomab_step": "#56B4E9",
    "tgn1412": "#D55E00",
    "okt3": "#009E73",
    "tocilizumab": "#CC79A7",
    "neutral": "#4D4D4D",
    "light": "#9E9E9E",
}
INDIGO, OLIVE, WINE = "#332288", "#999933", "#882255"
"""For what is no drug: of Paul Tol's muted palette, far from every drug's colour."""
REFERENCE = "#A67C00"
"""A published value or healthy range that stands beside a drug's colour: no drug has it."""
LOCKED_POINT: dict[str, Any] = {"color": "#4D4D4D", "linewidth": 0.9, "linestyle": (0, (4, 2))}
"""The one parameter set at the optimum, thin beside medians of draws."""
LABELS = {
    "blinatumomab": "blinatumomab",
    "blinatumomab_step": "blinatumomab 9→28 µg/d",
    "tgn1412": "TGN1412",
    "okt3": "OKT3",
}
CYTOKINE_LABELS = {"TNF": "TNF", "IFN": "IFN-γ", "IL6": "IL-6"}
STRUCTURES = {"none": "no feedback", "ungated": "ungated feedback", "gated": "gated feedback"}
STYLE: dict[Any, Any] = {
    "figure.dpi": 110,
    "savefig.dpi": 110,
    "figure.constrained_layout.use": True,
    "figure.facecolor": "white",
    "font.family": "DejaVu Sans",
    "font.size": 9.5,
    "axes.titlesize": 10.5,
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.color": "#E6E6E6",
    "grid.linewidth": 0.6,
    "axes.axisbelow": True,
    "lines.linewidth": 1.8,
    "legend.frameon": False,
    "svg.hashsalt": "qsp",
}
WIDTH = 7.6
SMALLEST_EIGENVALUE = 1e-8
"""Relative to the largest; below it an eigenvalue is rounding."""


def marked(figure: Figure, mark: str) -> Figure:
    """The figure with words of unlocked values in its lower right corner, where there are any."""
    if mark:
        figure.supxlabel(mark, x=0.995, ha="right", fontsize=7, color=COLOURS["neutral"])
    return figure


def use_style() -> None:
    """Set the book's style, and figure files that depend on nothing but the figure.

    While the chapters are run for the book (``QSP_DRAWN`` names a file), their figures are kept
    there in vectors too.
    """
    matplotlib.rcParams.update(STYLE)
    if "IPython" not in sys.modules:  # outside a notebook there is nothing to set
        return
    late.backend_inline.set_matplotlib_formats("png", metadata={"Software": None}, bbox_inches=None)
    if file := os.environ.get(DRAWN):
        figures.record_figures(Path(file))


def band(axis: Any, x: Any, over_draws: Any, colour: str, label: str = "") -> None:
    """Median and central 90 % of draws ``(N, n)`` over ``x`` ``(n,)``; of one course, a line."""
    low, middle, high = np.percentile(np.atleast_2d(over_draws), [5, 50, 95], axis=0)
    axis.fill_between(x, low, high, color=colour, alpha=0.22, linewidth=0)
    axis.plot(x, middle, color=colour, label=label or None)
