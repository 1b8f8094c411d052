"""Figures of the dose-response chapter; imported by its notebook only."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import cycle

import numpy as np
import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ..analyses import Curve, Ensemble, Shape
from .style import COLOURS, CYTOKINE_LABELS, LABELS, REFERENCE, WIDTH

SHAPE_COLOURS = {
    Shape.BELL: "#2B2B2B",
    Shape.SWITCH: "#7D7D7D",
    Shape.SATURATING: "#BDBDBD",
    Shape.GRADED: "#E8E8E8",
}
"""Greys: the drugs are the rows of the figure, and a colour would name one of them."""
_STYLES = {"blinatumomab": "-", "okt3": "--", "tgn1412": "-."}


def _dose_axis(axis: Axes) -> None:
    axis.set_xscale("log")
    axis.set_xlabel("dose / clinical dose")
    axis.axvline(1.0, color=COLOURS["light"], linewidth=0.9)


def curves(by_drug: Mapping[str, Curve], boundaries: Mapping[str, float]) -> Figure:
    """Peak signal, peak IL-6 and severity index of each drug against dose."""
    figure, axes = plt.subplots(1, 3, figsize=(WIDTH, 3.0))
    for name, curve in by_drug.items():
        for axis, values in zip(axes, (curve.signal, curve.il6, curve.index), strict=True):
            axis.plot(curve.factor, values, _STYLES[name], color=COLOURS[name], label=LABELS[name])
    for axis, label in zip(
        axes, ("peak signal S (pg/mL)", "peak IL-6 (pg/mL)", "severity index z"), strict=True
    ):
        _dose_axis(axis)
        axis.set_ylabel(label)
    for axis in axes[:2]:
        axis.set_yscale("log")
        axis.set_ylim(bottom=1.0)
    for edge in boundaries.values():
        axes[2].axhline(edge, color=COLOURS["light"], linestyle=":", linewidth=1)
    handles, labels = axes[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=3, fontsize=8.5)
    return figure


def uncertainty(
    by_drug: Mapping[str, Curve],
    over_draws: Mapping[str, Ensemble],
    hooks: Mapping[float, Curve],
) -> Figure:
    """Each drug's signal as a share of its maximum: locked, over draws, and other hook effects.

    Args:
        by_drug: curves at the locked values.
        over_draws: curves over draws.
        hooks: blinatumomab by ``K_hook`` (ng/mL), unlocked copies.
    """
    figure, axes = plt.subplots(1, len(by_drug), figsize=(WIDTH, 3.2), sharey=True)
    for axis, (name, curve) in zip(axes, by_drug.items(), strict=True):
        drawn = over_draws[name]
        kept = np.isfinite(drawn.signal).all(axis=1)
        share = drawn.signal[kept] / drawn.signal[kept].max(axis=1, keepdims=True)
        low, high = np.percentile(share, [5, 95], axis=0)
        axis.fill_between(
            drawn.factor,
            low,
            high,
            color=COLOURS[name],
            alpha=0.22,
            linewidth=0,
            label="central 90 % of draws",
        )
        axis.plot(
            curve.factor,
            curve.signal / np.nanmax(curve.signal),
            color=COLOURS[name],
            label="locked values",
        )
        axis.set_title(LABELS[name])
        _dose_axis(axis)
    for (hook, curve), style in zip(hooks.items(), cycle((":", "--", "-.")), strict=False):
        axes[0].plot(
            curve.factor,
            curve.signal / np.nanmax(curve.signal),
            style,
            linewidth=1.2,
            color=COLOURS["neutral"],
            label=f"K_hook {hook:,.0f} ng/mL ({curve.mark})",
        )
    axes[0].set_ylabel("peak signal / its maximum")
    handles, labels = axes[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=2, fontsize=8)
    return figure


def shape_shares(shares: Mapping[str, Mapping[str, float]]) -> Figure:
    """Share of draws in which each drug's curve has each shape."""
    figure, axis = plt.subplots(figsize=(WIDTH, 0.42 * len(shares) + 0.9))
    y = np.arange(len(shares))[::-1]
    left = np.zeros(len(shares))
    for shape in Shape:
        width = np.array([share[shape.value] for share in shares.values()])
        axis.barh(
            y,
            width,
            left=left,
            color=SHAPE_COLOURS[shape],
            label=shape.value,
            height=0.6,
            edgecolor=COLOURS["neutral"],
            linewidth=0.6,
        )
        left += width
    axis.set_yticks(y, [LABELS[name] for name in shares])
    axis.set_xlim(0, 1)
    axis.set_xlabel("share of draws")
    axis.grid(visible=False)
    axis.legend(ncols=4, fontsize=8, loc="lower center", bbox_to_anchor=(0.5, 1.0))
    return figure


def low_dose_trial(
    table: pd.DataFrame, healthy: Mapping[str, float], clinical_ug_per_kg: float
) -> Figure:
    """Predicted peaks at the low-dose trial's doses, over the healthy upper limits.

    Args:
        table: as :func:`qsp_lib.analyses.low_dose_trial.trial_table` makes it.
        healthy: upper limit (pg/mL) by cytokine.
        clinical_ug_per_kg: the dose of the 2006 trial, named in the title.
    """
    figure, axes = plt.subplots(1, 3, figsize=(WIDTH, 2.8), sharey=True)
    for axis, (name, label) in zip(axes, CYTOKINE_LABELS.items(), strict=True):
        axis.plot(
            table["dose_ug_per_kg"],
            table[name],
            "o-",
            color=COLOURS["tgn1412"],
            markersize=4,
            label="predicted peak",
        )
        if name in healthy:
            axis.axhspan(
                0.1,
                healthy[name],
                color=REFERENCE,
                alpha=0.25,
                label="healthy: where the trial stayed",
            )
        axis.set_xscale("log")
        axis.set_yscale("log")
        axis.set_ylim(1, 2e4)
        axis.set_xlabel("dose (µg/kg)")
        axis.set_title(label)
    axes[0].set_ylabel("level (pg/mL)")
    axes[0].legend(fontsize=7.5, loc="lower left", bbox_to_anchor=(0.0, 0.2))
    figure.suptitle(
        f"TGN1412 far below the {clinical_ug_per_kg:g} µg/kg of 2006",
        fontsize=10,
        x=0.01,
        ha="left",
    )
    return figure
