"""Figures of the identifiability chapter; imported by its notebook only."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ..inference import THRESHOLD, Identifiability, Profile
from ..model import network_table
from .style import COLOURS, INDIGO, OLIVE, WIDTH, WINE

SETTING_STYLES = {
    "pair": ("priors of the pair dropped", INDIGO, "-"),
    "kept": ("all priors kept", COLOURS["neutral"], "--"),
    "all_il6": ("priors of all four IL-6 rates dropped", OLIVE, ":"),
}
VERDICT_COLOURS = {
    Identifiability.IDENTIFIABLE: INDIGO,
    Identifiability.BOUNDED_BELOW: WINE,
    Identifiability.BOUNDED_ABOVE: OLIVE,
    Identifiability.FLAT: COLOURS["light"],
    Identifiability.STOPPED: "black",
}
_TOP = 12.0


def symbol(name: str) -> str:
    """A quantity as a figure writes it."""
    table = network_table()
    if name in table:
        return f"${table[name].symbol}$".replace(r"\mathrm", r"\mathrm ")
    return r"$r = \log_{10}(k_{\mathrm{fb}}/d_{\mathrm{IL6}})$"


def _threshold(axis: Axes) -> None:
    axis.axhline(THRESHOLD, color=COLOURS["neutral"], linestyle="-.", linewidth=0.9)


def _profile(axis: Axes, profile: Profile, colour: str, style: str, label: str = "") -> None:
    axis.plot(profile.values, profile.rise, style, color=colour, label=label, linewidth=1.6)


def claimed_profiles(
    settings: Mapping[str, Mapping[str, Profile]], locked: Mapping[str, float]
) -> Figure:
    """The profiles of the pair and of its ratio, one line a setting.

    Args:
        settings: setting to name to profile.
        locked: locked value of each quantity (log10).
    """
    figure, axes = plt.subplots(1, 3, figsize=(WIDTH, 3.1), sharey=True)
    for axis, name in zip(axes, locked, strict=True):
        for setting, profiles in settings.items():
            label, colour, style = SETTING_STYLES[setting]
            _profile(axis, profiles[name], colour, style, label)
        _threshold(axis)
        axis.axvline(locked[name], color=COLOURS["light"], linewidth=0.9)
        axis.set_xlabel(
            symbol(name) if name not in network_table() else rf"$\log_{{10}}$ {symbol(name)}"
        )
    axes[0].set_ylim(-0.4, _TOP)
    axes[0].set_ylabel("twice the rise of the cost")
    handles, labels = axes[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=3, fontsize=8)
    return figure


def valley(
    profiles: Mapping[str, Profile], names: tuple[str, str], columns: tuple[int, int]
) -> Figure:
    """Where the pair goes along each profile: a straight line of slope 1 is a fixed ratio.

    Args:
        profiles: profile of each of the pair.
        names: the pair, horizontal first.
        columns: their columns in ``theta``.
    """
    figure, axis = plt.subplots(figsize=(WIDTH * 0.55, 3.2))
    for name, colour in zip(names, (INDIGO, OLIVE), strict=True):
        path = profiles[name].theta[:, columns]
        inside = profiles[name].rise <= THRESHOLD + 1e-2
        axis.plot(*path.T, color=colour, linewidth=0.9, alpha=0.6)
        axis.plot(
            *path[inside].T,
            color=colour,
            linewidth=3,
            alpha=0.8,
            label=f"along the profile of {symbol(name)}",
        )
    low, high = axis.get_ylim()
    right = axis.get_xlim()[1]
    steps = np.array([right - (high - low), right])
    axis.plot(steps, [low, high], ":", color=COLOURS["neutral"], linewidth=1, label="a fixed ratio")
    axis.set_ylim(low, high)
    axis.set_xlabel(rf"$\log_{{10}}$ {symbol(names[0])}")
    axis.set_ylabel(rf"$\log_{{10}}$ {symbol(names[1])}")
    axis.legend(fontsize=7.5)
    return figure


def all_profiles(profiles: Mapping[str, Profile], locked: Mapping[str, float]) -> Figure:
    """Every profile in a small panel of its own, coloured by its verdict."""
    columns = 6
    rows = -(-len(profiles) // columns)
    figure, axes = plt.subplots(rows, columns, figsize=(WIDTH, 1.55 * rows + 0.4), sharey=True)
    for axis, (name, profile) in zip(axes.flat, profiles.items(), strict=False):
        colour = VERDICT_COLOURS[profile.verdict]
        _profile(axis, profile, colour, "-")
        _threshold(axis)
        axis.axvline(locked[name], color=COLOURS["light"], linewidth=0.9)
        title = symbol(name) if name in network_table() else r"$k_{\mathrm{fb}}/d_{\mathrm{IL6}}$"
        axis.set_title(title, fontsize=9.5)
        axis.tick_params(labelsize=7.5)
        axis.set_ylim(-0.4, _TOP)
    for axis in list(axes.flat)[len(profiles) :]:
        axis.set_axis_off()
    figure.supxlabel("log10 of the value", fontsize=9)
    figure.supylabel("twice the rise of the cost", fontsize=9)
    seen = list(dict.fromkeys(p.verdict for p in profiles.values()))
    handles = [plt.Line2D([], [], color=VERDICT_COLOURS[v]) for v in seen]
    figure.legend(
        handles, [v.value for v in seen], loc="outside upper center", ncols=len(seen), fontsize=8
    )
    return figure
