"""Regimens, drugs and covers side by side, draw by draw the same network."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import ArrayLike, NDArray

from .. import __version__
from ..common import InputError, canonical_json, decimals, plain, rounded, short
from ..figures import INDIGO, OLIVE, WIDTH, WINE
from .arm import Arm, Estimate
from .figure import LOCKED_POINT_LINE, in_days
from .predicting import COVERS, NOT_FOR, Prediction
from .report import aligned, arm_words, span
from .setting import Setup

MOST = 8
RESOLVED = 1e-4
"""Difference of two indices that is one: ten times what the record's tolerances leave open."""
"""Courses that one figure can show."""
_COLOURS = (INDIGO, WINE, OLIVE, "#88CCEE", "#CC6677", "#117733", "#AA4499", "#44AA99")


@dataclass(frozen=True)
class Compared:
    """One course beside the first one of the comparison.

    Attributes:
        words: drug, regimen and cover.
        prediction, arm: it, whole.
        more_severe: its severity index less that of the first.
        il6_ratio: its highest IL-6 over that of the first.
        share_higher: share of draws in which its index is higher; None where nothing was drawn.
        n_draws: draws that completed in both.
    """

    words: str
    prediction: Prediction
    arm: Arm
    more_severe: Estimate
    il6_ratio: Estimate
    share_higher: float | None
    n_draws: int


def require_comparable(settings: Sequence[Setup]) -> None:
    """Raise if there is nothing to compare, or too much; nothing has to be simulated for it.

    Raises:
        InputError: fewer than two courses, more than one figure can show, two that would be
            called the same, or one of a fit to data beside one that is not of it.
    """
    courses = sum(1 + bool(setting.cover.words) for setting in settings)
    if not 2 <= courses <= MOST:
        raise InputError(
            f"{courses} courses were given to compare; expected 2 to {MOST}: several regimens "
            "(--regimen, again), several drugs, or one with and without cover."
        )
    for kind in ("name", "label"):
        called = [(getattr(s.inputs, kind), s.regimen_key) for s in settings]
        for name, key in called:
            if called.count((name, key)) > 1:
                raise InputError(
                    f"Two drugs with regimen {key!r} have the {kind} {name!r}, and their rows "
                    f"could not be told apart; expected a {kind} of its own in each file, and each "
                    "regimen once."
                )
    _require_one_network(settings)


def _require_one_network(settings: Sequence[Setup]) -> None:
    """Raise if draw i is of one network for one of them and of another for the next."""
    fits = {setting.file.fitted and setting.file.sha256 for setting in settings}
    if len(fits) > 1:
        fitted = next(setting for setting in settings if setting.file.fitted is not None)
        raise InputError(
            f"{fitted.inputs.label} was fitted to data, and its draws of the network are those "
            "that could make them; expected nothing beside it but its own regimens and covers, as "
            "a difference is of the same draws of the network in both."
        )


def compare(predictions: Sequence[Prediction]) -> tuple[Compared, ...]:
    """Every arm of the predictions beside the first.

    Raises:
        InputError: nothing to compare, more than one figure can show, two that are called the
            same, predictions of different draws or locks, one of a fit to data beside one that is
            not of it.
    """
    require_comparable([p.setting for p in predictions])
    arms = [(p, name, arm) for p in predictions for name, arm in p.arms.items()]
    if len({(p.seed, p.n_draws, p.lock["digest"]) for p in predictions}) > 1:
        raise InputError("predictions of different draws or locks; expected the same of both.")
    first, _, first_arm = arms[0]
    several = len({p.drug for p in predictions}) > 1
    found = []
    for prediction, name, arm in arms:
        words = f"{prediction.label}, {prediction.regimen}" if several else prediction.regimen
        if prediction.treated is not None:
            words += f", {arm_words(prediction, name)}"
        both = first.completed & prediction.completed
        here, there = (_of(p, a, both) for p, a in ((prediction, arm), (first, first_arm)))
        more = arm.severity.locked_point - first_arm.severity.locked_point
        ratio = arm.peaks["IL6"].locked_point / first_arm.peaks["IL6"].locked_point
        higher = None
        if both.any():
            higher = float(np.mean(resolved(here["severity"] - there["severity"]) > 0))
        found.append(
            Compared(
                words,
                prediction,
                arm,
                Estimate.of(float(resolved(more)), resolved(here["severity"] - there["severity"])),
                Estimate.of(ratio, here["IL6"] / there["IL6"]),
                higher,
                int(both.sum()),
            )
        )
    return tuple(found)


def resolved(differences: ArrayLike) -> NDArray[np.float64]:
    """Differences of severity indices, 0 where they are below what the solver resolves."""
    found = np.asarray(differences, dtype=float)
    return np.where(np.abs(found) < RESOLVED, 0.0, found)


def _of(prediction: Prediction, arm: Arm, both: np.ndarray) -> dict[str, np.ndarray]:
    """Drawn values of the draws that completed in both."""
    chosen = both[prediction.completed]
    none = {"severity": np.zeros(0), "IL6": np.zeros(0)}
    return {name: values[chosen] for name, values in arm.drawn.items()} or none


def comparison_text(compared: Sequence[Compared]) -> str:
    """The comparison for a terminal."""
    first = compared[0].prediction
    lock = first.lock
    lines = [
        f"{first.label}: {len(compared)} courses beside the first of them",
        f"network of lock {lock['version']} of {lock['date']} ({lock['digest'][:12]}), the same "
        f"draws for all; its T-cell part: {first.setting.record.network.t_cells}",
    ]
    for each in {id(c.prediction): c.prediction for c in compared}.values():
        s = each.setting
        left = f", {s.later_doses} doses after it left out" if s.later_doses else ""
        lines.append(f"  {each.drug}, {each.regimen}: followed for {short(s.horizon_h)} h{left}")
        lines += [f"    {line}" for line in s.cover.lines(s.inputs.weight_kg)]
    head = ["course", "highest IL-6 (pg/mL)", "at (h)", "z", "5-95 %", "grade"]
    head += ["z less the first's", "5-95 %", "IL-6 over the first's", "5-95 %", "P(z higher)"]
    drawn = bool(first.n_draws)
    rows = [[*head, *(["locked point: IL-6", "z", "z less the first's"] if drawn else [])]]
    for i, c in enumerate(compared):
        severity, peaks = c.arm.severity, c.arm.peaks["IL6"]
        row = [c.words, short(peaks.central), short(c.arm.peak_times["IL6"].central)]
        row += [decimals(severity.central, 2), span(severity, 2), str(c.arm.grade)]
        if i:
            higher = "-" if c.share_higher is None else decimals(c.share_higher, 2)
            row += [decimals(c.more_severe.central, 2, signed=True), span(c.more_severe, 2)]
            row += [short(c.il6_ratio.central), span(c.il6_ratio), higher]
        else:
            row += [""] * 5
        if drawn:
            less = decimals(c.more_severe.locked_point, 2, signed=True) if i else ""
            row += [short(peaks.locked_point), decimals(severity.locked_point, 2), less]
        rows.append(row)
    lines += ["", *aligned(rows), "", first.numbers_are]
    if drawn:
        lines += [f"Intervals: 5th to 95th percentile of {first.n_draws} draws. {COVERS}", ""]
    else:
        lines.append("")
    return "\n".join([*lines, NOT_FOR]) + "\n"


def comparison_dict(compared: Sequence[Compared]) -> dict[str, Any]:
    """The comparison as plain values."""
    first = compared[0].prediction
    return {
        "schema": 2,
        "version": __version__,
        "lock": dict(first.lock),
        "t_cell_part": first.setting.record.network.t_cells,
        "draws": first.n_draws,
        "seed": first.seed,
        "courses": [
            {
                "words": c.words,
                "drug": c.prediction.drug,
                "file_sha256": c.prediction.setting.file.sha256,
                "regimen": c.prediction.regimen,
                "cover": c.prediction.setting.cover.as_dict(c.prediction.setting.inputs.weight_kg),
                "horizon_h": c.prediction.horizon_h,
                "doses_after_horizon": c.prediction.setting.later_doses,
                "severity": c.arm.severity.as_dict(),
                "il6_pg_per_mL": c.arm.peaks["IL6"].as_dict(),
                "il6_time_h": c.arm.peak_times["IL6"].as_dict(),
                "grade": c.arm.grade,
                "grade_of_locked_point": c.arm.grade_of_locked_point,
                "severity_less_first": c.more_severe.as_dict(),
                "il6_over_first": c.il6_ratio.as_dict(),
                "share_more_severe_than_first": c.share_higher,
                "draws_in_both": c.n_draws,
            }
            for c in compared
        ],
        "numbers": first.numbers_are,
        "interval": COVERS,
        "not_for": NOT_FOR,
    }


def comparison_json(compared: Sequence[Compared]) -> str:
    """:func:`comparison_dict` as text."""
    return canonical_json(plain(comparison_dict(compared), "comparison"))


def comparison_csv(compared: Sequence[Compared]) -> str:
    """One row a course: a header of names with their units, then the numbers.

    Columns end in ``_locked_point``, and in ``_low``, ``_median`` and ``_high`` if anything was
    drawn; the grade is that of the median, or else of the locked point.
    """
    rows: list[dict[str, Any]] = []
    for c in compared:
        row: dict[str, Any] = {"course": c.words, "grade": c.arm.grade}
        for name, estimate in (
            ("severity", c.arm.severity),
            ("IL6_pg_per_mL", c.arm.peaks["IL6"]),
            ("severity_less_first", c.more_severe),
            ("IL6_over_first", c.il6_ratio),
        ):
            for kind, value in estimate.as_dict().items():
                row[f"{name}_{kind}"] = rounded(value, 6)
        rows.append(row)
    buffer = io.StringIO(newline="")
    writer = csv.DictWriter(buffer, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return buffer.getvalue()


def comparison_figure(compared: Sequence[Compared]) -> Figure:
    """Exposure, IL-6 and the effective signal: medians with the central 90 % of draws.

    The locked point is a thin line beside each, and the only one where nothing was drawn.
    """
    figure = Figure(figsize=(WIDTH, 3.4), constrained_layout=True)
    panels = {"C": "exposure (ng/mL)", "IL6": "IL-6 (pg/mL)", "S": "IL-6 signal (pg/mL)"}
    days = in_days(max(c.prediction.horizon_h for c in compared))
    lines: list[Any] = []
    point: Any = None
    for axis, (name, label) in zip(figure.subplots(1, 3), panels.items(), strict=True):
        lines = []
        for colour, c in zip(_COLOURS, compared, strict=False):
            course, times = c.arm.courses[name], c.arm.times_h / (24.0 if days else 1.0)
            if "low" in course:
                axis.fill_between(
                    times, course["low"], course["high"], color=colour, alpha=0.15, linewidth=0
                )
            lines += axis.plot(times, c.arm.central(name), color=colour)
            if "median" in course:
                (point,) = axis.plot(
                    times, course["locked_point"], color=colour, **LOCKED_POINT_LINE
                )
        axis.set_ylabel(label)
        axis.set_xlabel("time (d)" if days else "time (h)")
        if name != "C":
            axis.set_yscale("log")
    words = [c.words for c in compared]
    if point is not None:
        lines, words = [*lines, point], [*words, "locked point (thin, in each colour)"]
    legend = figure.legend(lines, words, loc="outside lower center", ncols=2, fontsize=8)
    for text in legend.get_texts():
        text.set_parse_math(False)
    return figure
