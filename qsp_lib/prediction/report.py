"""A prediction as text, JSON, a table of courses and a figure."""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Iterator
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np

from .. import prediction as wing
from ..common import (
    InputError,
    canonical_json,
    number,
    plain,
    rounded,
    write_bytes_atomic,
    write_text_atomic,
)
from .arm import LEVEL_UNITS, Arm, Estimate
from .predicting import COVERS, NOT_FOR, Prediction
from .setting import Assumption

SCHEMA = 1
DRAWN_FROM = (
    "The network's draws are of the Laplace approximation to its posterior, which reaches "
    "higher than the posterior itself does (chapter 3)."
)
NAMES = {"C": "exposure", "A": "activated T cells", "TNF": "TNF", "IFN": "IFN-gamma", "IL6": "IL-6"}
COURSE_UNITS = LEVEL_UNITS | {"S": "pg/mL"}
_COLUMN_UNITS = {"ng/mL": "ng_per_mL", "pg/mL": "pg_per_mL", "fraction": "fraction"}
_ARMS = {"untreated": "without tocilizumab", "treated": "with tocilizumab"}


def short(value: float) -> str:
    """A number for a reader at a terminal.

    >>> short(0.012345), short(1234.5), short(20.0), short(3.2e-7), short(-0.0)
    ('0.0123', '1230', '20', '3.2e-07', '0')
    """
    return number(value, ascii_only=True)


def as_text(prediction: Prediction, *, intervals: bool = False) -> str:
    """The prediction for a terminal; ``intervals`` adds those of peaks, times and steps."""
    lines = list(_head(prediction))
    for name, arm in prediction.arms.items():
        if prediction.treated is not None:
            lines += ["", f"{_ARMS[name]}:"]
        lines += ["", *_peaks(arm, intervals)]
        lines += ["", *_severity(prediction, arm)]
        if len(arm.steps) > 1:
            lines += ["", *_steps(arm, intervals)]
    lines += ["", *_foot(prediction)]
    return "\n".join(lines) + "\n"


def as_dict(prediction: Prediction) -> dict[str, Any]:
    """The prediction as plain numbers and texts, without the courses."""
    return {
        "schema": SCHEMA,
        "drug": prediction.drug,
        "label": prediction.label,
        "mechanism": prediction.mechanism,
        "regimen": {"key": prediction.regimen, "label": prediction.regimen_label},
        "horizon_h": prediction.horizon_h,
        "tocilizumab_h": prediction.tocilizumab_h,
        "lock": dict(prediction.lock),
        "mark": prediction.mark,
        "draws": prediction.n_draws,
        "failed_draws": prediction.failed_draws,
        "arms": {name: _arm_dict(arm) for name, arm in prediction.arms.items()},
        "reference_severity": dict(prediction.references),
        "grade_boundaries": dict(prediction.boundaries),
        "assumptions": [vars(assumption) for assumption in prediction.assumptions],
        "interval": f"{DRAWN_FROM} {COVERS}",
        "not_for": NOT_FOR,
    }


def as_json(prediction: Prediction) -> str:
    """:func:`as_dict` as text, the same to the byte for the same numbers."""
    return canonical_json(plain(as_dict(prediction), prediction.drug))


def as_csv(prediction: Prediction) -> str:
    """The courses: one row a time, columns named with their units.

    Columns end in ``_low``, ``_median`` and ``_high`` for the percentiles over draws, and begin
    with ``treated_`` for the course with tocilizumab.
    """
    columns: dict[str, Any] = {"time_h": prediction.untreated.times_h}
    for arm_name, arm in prediction.arms.items():
        start = "" if arm_name == "untreated" else "treated_"
        for name, course in arm.courses.items():
            for kind, values in course.items():
                end = "" if kind == "central" else f"_{kind}"
                column = f"{start}{name}_{_COLUMN_UNITS[COURSE_UNITS[name]]}{end}"
                # the two arms report at their own times
                columns[column] = np.interp(columns["time_h"], arm.times_h, values)
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(["# " + "; ".join(_provenance(prediction))])
    writer.writerow(columns)
    writer.writerows(
        [f"{rounded(value, 6):g}" for value in row] for row in zip(*columns.values(), strict=True)
    )
    return buffer.getvalue()


def write(prediction: Prediction, folder: str | os.PathLike[str]) -> tuple[Path, ...]:
    """Write the JSON, the courses and the figure into a folder, which is made if need be.

    Returns:
        The files: ``NAME-REGIMEN.json``, ``.csv`` and ``.png``.

    Raises:
        InputError: The folder cannot be made or written to. Each file is whole or not there.
    """
    stem = f"{prediction.drug}-{prediction.regimen}"
    contents = {
        f"{stem}.json": as_json(prediction).encode(),
        f"{stem}.csv": as_csv(prediction).encode(),
        f"{stem}.png": wing.as_png(prediction),
    }
    target = Path(folder)
    try:
        target.mkdir(parents=True, exist_ok=True)
    except (OSError, ValueError) as problem:
        reason = getattr(problem, "strerror", None) or problem
        raise InputError(
            f"The folder {target} cannot be made ({reason}); name one you can write to."
        ) from problem
    return tuple(write_bytes_atomic(target / name, data) for name, data in contents.items())


def write_template(path: str | os.PathLike[str], mechanism: str) -> Path:
    """Write the template of a drug file, never over a file that is there.

    Raises:
        InputError: An unknown mechanism, a name that does not end in .toml, or a file or folder
            of that name.
    """
    known = ("bispecific", "monoclonal")
    if mechanism not in known:
        raise InputError(f"Mechanism {mechanism!r} was given; expected one of {', '.join(known)}.")
    target = Path(path)
    if target.suffix != ".toml":
        raise InputError(f"{target} was given; expected a name that ends in .toml.")
    text = (resources.files("qsp_lib") / "data" / "templates" / f"{mechanism}.toml").read_text(
        encoding="utf-8"
    )
    try:
        return write_text_atomic(target, text, replace=False)
    except FileExistsError:
        raise InputError(f"{target} exists and is not written over; name another file.") from None


def _provenance(prediction: Prediction) -> Iterator[str]:
    lock = prediction.lock
    yield f"{prediction.label}, {prediction.regimen_label}"
    yield f"lock {lock['version']} of {lock['date']} ({lock['digest'][:12]})"
    yield prediction.mark or "locked values"


def _head(prediction: Prediction) -> Iterator[str]:
    what, lock, mark = _provenance(prediction)
    yield f"{what} (regimen {prediction.regimen})"
    yield f"network of {lock}, {mark}; followed for {short(prediction.horizon_h)} h"
    if prediction.tocilizumab_h is not None:
        yield f"tocilizumab 8 mg/kg over 1 h, given at {short(prediction.tocilizumab_h)} h"


def _peaks(arm: Arm, intervals: bool) -> list[str]:
    rows = [["highest level", "", "", "at (h)"]]
    if intervals:
        rows[0] = ["highest level", "", "", "5-95 %", "at (h)", "5-95 %"]
    for name, peak in arm.peaks.items():
        time = arm.peak_times[name]
        row = [f"  {NAMES[name]}", short(peak.central), LEVEL_UNITS[name]]
        row += (
            [_span(peak), short(time.central), _span(time)] if intervals else [short(time.central)]
        )
        rows.append(row)
    return aligned(rows)


def _severity(prediction: Prediction, arm: Arm) -> Iterator[str]:
    yield f"severity index z   {arm.severity.central:.2f}{_with_span(arm.severity)}"
    if arm.severity_after is not None:
        after = arm.severity_after
        yield f"  from the dose of tocilizumab on   {after.central:.2f}{_with_span(after)}"
    yield f"illustrative grade {arm.grade} of 4"
    if arm.grade_shares is not None:
        shares = ", ".join(f"{grade}: {share:.0%}" for grade, share in enumerate(arm.grade_shares))
        yield f"  share of draws in each   {shares}"
    beside = ", ".join(f"{name} {z:.2f}" for name, z in prediction.references.items())
    yield f"  for comparison, z at the lock   {beside}"


def _steps(arm: Arm, intervals: bool) -> list[str]:
    rows = [["step", "from (h)", "first dose (ug)", "highest IL-6 (pg/mL)", "z"]]
    for i, step in enumerate(arm.steps, start=1):
        il6, z = short(step.il6.central), f"{step.severity.central:.2f}"
        if intervals:
            il6 += f"  {_span(step.il6)}"
            z += _with_span(step.severity)
        rows.append([f"  {i}", short(step.start_h), short(step.dose_ug), il6, z])
    return aligned(rows)


def _foot(prediction: Prediction) -> Iterator[str]:
    if prediction.n_draws:
        done = prediction.n_draws - prediction.failed_draws
        yield f"Intervals: 5th to 95th percentile of {done} of {prediction.n_draws} draws."
        yield DRAWN_FROM
        yield COVERS
    yield ""
    yield "Assumed, borrowed or taken from the class:"
    rows = [
        [f"  {a.name}", short(a.value), a.unit, _drawn_as(a), a.note]
        for a in prediction.assumptions
    ]
    yield from aligned(rows) if rows else ["  nothing"]
    yield ""
    yield NOT_FOR


def _drawn_as(assumption: Assumption) -> str:
    if assumption.log10_sd is None:
        return assumption.reason
    return f"{assumption.reason}, drawn with log10 sd {assumption.log10_sd:g}"


def aligned(rows: list[list[str]]) -> list[str]:
    """Rows of texts as lines with aligned columns."""
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    return [
        "  ".join(t.ljust(w) for t, w in zip(row, widths, strict=True)).rstrip() for row in rows
    ]


def _span(estimate: Estimate) -> str:
    if estimate.low is None or estimate.high is None:
        return "-"
    return f"{short(estimate.low)} to {short(estimate.high)}"


def _with_span(estimate: Estimate) -> str:
    if estimate.low is None or estimate.high is None:
        return ""
    return f"  (5-95 %: {estimate.low:.2f} to {estimate.high:.2f})"


def _arm_dict(arm: Arm) -> dict[str, Any]:
    severity: dict[str, Any] = {"index": arm.severity.as_dict(), "grade": arm.grade}
    if arm.severity_after is not None:
        severity["index_from_tocilizumab_on"] = arm.severity_after.as_dict()
    if arm.grade_shares is not None:
        severity["grade_shares"] = list(arm.grade_shares)
    return {
        "peaks": {
            name: {
                "unit": LEVEL_UNITS[name],
                "level": peak.as_dict(),
                "time_h": arm.peak_times[name].as_dict(),
            }
            for name, peak in arm.peaks.items()
        },
        "severity": severity,
        "steps": [
            {
                "start_h": step.start_h,
                "end_h": step.end_h,
                "dose_ug": step.dose_ug,
                "il6_pg_per_mL": step.il6.as_dict(),
                "severity": step.severity.as_dict(),
            }
            for step in arm.steps
        ],
    }
