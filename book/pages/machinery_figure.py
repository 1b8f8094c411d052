"""The figure of the page on known answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from qsp_lib.figures import COLOURS, INDIGO, OLIVE, WIDTH, WINE

SIZE = (WIDTH, 3.6)
"""Inches."""
_LOOKS = (
    (INDIGO, "o", "-"),
    (OLIVE, "s", "-"),
    (WINE, "^", "--"),
    (COLOURS["neutral"], "D", ":"),
)


def error_against_tolerance(
    rtols: Sequence[float], errors: Mapping[str, Sequence[float]]
) -> Figure:
    """Largest relative error at each relative tolerance, one line a solver and problem.

    Args:
        rtols: tolerances, ``(n,)``.
        errors: label to errors, ``(n,)``; at most four.
    """
    figure, axis = plt.subplots(figsize=SIZE)
    axis.fill_between(rtols, rtols, [r * 1e-12 for r in rtols], color="#F3F3F3", linewidth=0)
    axis.plot(rtols, rtols, color=COLOURS["light"], linewidth=1)
    for (label, values), (colour, marker, line) in zip(errors.items(), _LOOKS, strict=False):
        axis.plot(
            rtols, values, color=colour, marker=marker, linestyle=line, markersize=5, label=label
        )
    axis.set(xscale="log", yscale="log", xlim=(max(rtols) * 1.6, min(rtols) / 1.6))
    axis.set_ylim(min(map(min, errors.values())) / 4, max(map(max, errors.values())) * 4)
    axis.set_xlabel("relative tolerance asked for (tighter to the right)")
    axis.set_ylabel("largest relative error")
    axis.text(
        0.22,
        0.16,
        "error below the tolerance",
        transform=axis.transAxes,
        fontsize=8.5,
        color=COLOURS["neutral"],
    )
    axis.legend(fontsize=8)
    return figure
