"""A prediction as text, JSON, a table of courses and a figure."""

from __future__ import annotations

import csv
import io
import os
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from .. import __version__
from .. import prediction as wing
from ..common import (
    InputError,
    canonical_json,
    decimals,
    percent,
    plain,
    rounded,
    short,
    write_bytes_atomic,
)
from ..drugs import SourcedValue
from ..model import Dose, Infusion
from ..protocol import Record
from .arm import LEVEL_UNITS, Arm, Estimate
from .predicting import COVERS, NOT_FOR, Prediction
from .setting import INDEX_H, SAME_TIME_H, Assumption, Setup

SCHEMA = 3
NAMES = {"C": "exposure", "A": "activated T cells", "TNF": "TNF", "IFN": "IFN-gamma", "IL6": "IL-6"}
COURSE_UNITS = LEVEL_UNITS | {"S": "pg/mL"}
_COLUMN_UNITS = {"ng/mL": "ng_per_mL", "pg/mL": "pg_per_mL", "fraction": "fraction"}
_TIME_DIGITS = 7
"""Decimal places of a time in hours: rows stand 0.000001 h before each dose."""


def as_text(prediction: Prediction, *, intervals: bool = False) -> str:
    """The prediction for a terminal; ``intervals`` adds those of peaks, times and steps."""
    lines = list(_head(prediction))
    for name, arm in prediction.arms.items():
        if prediction.treated is not None:
            lines += ["", f"{arm_words(prediction, name)}:"]
        lines += ["", *_peaks(prediction, arm, intervals), *_at_the_end(prediction, arm)]
        lines += ["", *_severity(prediction, arm)]
        lines += ["", *_steps(prediction, arm, intervals)]
        if prediction.asked_h:
            lines += ["", *_asked(prediction, arm)]
    lines += ["", *_foot(prediction)]
    return "\n".join(lines) + "\n"


def drawn_from(record: Record) -> str:
    """What the draws of the network are, in a sentence."""
    if record.sample is None:
        return (
            "The network's draws are of the Laplace approximation to its posterior, which reaches "
            "higher than the posterior itself does (chapter 3)."
        )
    return (
        f"The network's draws are of the kept sample of its posterior "
        f"({record.sample['sha256'][:12]})."
    )


def arm_words(prediction: Prediction, arm: str) -> str:
    """``with tocilizumab``, ``without tocilizumab and dexamethasone``, ..."""
    given = prediction.setting.cover.words
    return f"with {given}" if arm == "treated" else f"without {given.replace(' and ', ' or ')}"


def as_dict(prediction: Prediction) -> dict[str, Any]:
    """The prediction as plain numbers and texts, without the courses.

    With what a run of the same needs: the drug file's digest, its numbers and their sources, the
    doses as understood, version, lock and seed.
    """
    setting, inputs = prediction.setting, prediction.setting.inputs
    return {
        "schema": SCHEMA,
        "version": __version__,
        "drug": prediction.drug,
        "label": prediction.label,
        "mechanism": inputs.mechanism,
        "regimen": {"key": prediction.regimen, "label": prediction.regimen_label},
        "doses": [_dose(dose) for dose in setting.regimen.doses],
        "doses_after_horizon": setting.later_doses,
        "doses_cut_by_horizon": setting.cut_doses,
        "horizon_h": prediction.horizon_h,
        "cover": setting.cover.as_dict(inputs.weight_kg),
        "lock": dict(prediction.lock),
        "t_cell_part": setting.record.network.t_cells,
        "exposure": list(exposure_words(setting)),
        "mark": prediction.mark,
        "draws": prediction.n_draws,
        "failed_draws": prediction.failed_draws,
        "seed": prediction.seed,
        "arms": {name: _arm_dict(prediction, arm) for name, arm in prediction.arms.items()},
        "reference_severity_168h": dict(prediction.references),
        "grade_boundaries": dict(prediction.boundaries),
        "file": {
            "sha256": setting.file.sha256,
            "table": dict(setting.file.table),
            "fitted": " ".join(fitted_words(setting)) or None,
            "ranges": " ".join(range_words(setting)) or None,
            "regimen_source": list(setting.regimen_source),
            "numbers": {name: _sourced(given) for name, given in setting.file.sources.items()},
        },
        "used": {name: value for name, value in inputs.plain().items() if name != "table"},
        "assumptions": [vars(assumption) for assumption in prediction.assumptions],
        "numbers": prediction.numbers_are,
        "interval": f"{drawn_from(prediction.setting.record)} {COVERS}"
        if prediction.n_draws
        else None,
        "not_for": NOT_FOR,
        **_engine(prediction),
    }


def _engine(prediction: Prediction) -> dict[str, str]:
    """An engine that was asked for by name; without one it is the record's."""
    if not prediction.engine_words:
        return {}
    return {"engine": prediction.setting.solver.engine, "engine_words": prediction.engine_words}


def as_json(*predictions: Prediction) -> str:
    """:func:`as_dict` as text, the same to the byte for the same numbers; of several, a list."""
    found = [plain(as_dict(each), each.drug) for each in predictions]
    return canonical_json(found[0] if len(found) == 1 else found)


def as_csv(prediction: Prediction) -> str:
    """The courses: a header of column names with their units, then one row a time.

    A straight line between two rows is within 0.5 % of the course. There is a row at every dose
    and one just before it, at every change of dosing and at every peak of the locked point.
    Columns end in ``_locked_point``, and in ``_low``, ``_median`` and ``_high`` for the percentiles
    over draws, if there are any; they begin with ``treated_`` for the course with cover.
    """
    columns: dict[str, Any] = {"time_h": prediction.untreated.times_h}
    for arm_name, arm in prediction.arms.items():
        start = "" if arm_name == "untreated" else "treated_"
        for name, course in arm.courses.items():
            for kind, values in course.items():
                columns[f"{start}{name}_{_COLUMN_UNITS[COURSE_UNITS[name]]}_{kind}"] = values
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(columns)
    times, *others = columns.values()
    for time, *row in zip(times, *others, strict=True):
        hours = f"{time:.{_TIME_DIGITS}f}".rstrip("0").rstrip(".")
        writer.writerow([hours, *(f"{rounded(value, 6):g}" for value in row)])
    return buffer.getvalue()


def names_of_files(drug: str, regimen: str) -> tuple[str, ...]:
    """What :func:`write` writes for a drug and a regimen."""
    return tuple(f"{drug}-{regimen}.{kind}" for kind in ("json", "csv", "png"))


def write(prediction: Prediction, folder: str | os.PathLike[str]) -> tuple[Path, ...]:
    """Write the JSON, the courses and the figure into a folder, which is made if need be.

    Returns:
        The files: ``NAME-REGIMEN.json``, ``.csv`` and ``.png``.

    Raises:
        InputError: The folder cannot be made or written to. Each file is whole or not there.
    """
    names = names_of_files(prediction.drug, prediction.regimen)
    data = (as_json(prediction).encode(), as_csv(prediction).encode(), wing.as_png(prediction))
    return write_into(folder, dict(zip(names, data, strict=True)))


def require_writable(folder: str | os.PathLike[str], names: Sequence[str]) -> None:
    """Raise now, before anything is simulated, if files of these names could not be written.

    A file is made and taken away again in the folder, or in the nearest one above that is there.

    Raises:
        InputError: the folder cannot be made or written to, or one of the names is a folder.
    """
    target = Path(folder)
    try:
        nearest = next(p for p in (target, *target.absolute().parents) if p.exists())
        if not nearest.is_dir():
            raise InputError(f"{nearest} is not a folder; name one to write to.")
        with tempfile.TemporaryDirectory(dir=nearest, prefix=".qsp-") as probe:
            missing = target.absolute().relative_to(nearest.absolute())
            (Path(probe) / missing).mkdir(parents=True, exist_ok=True)
    except (OSError, ValueError) as problem:
        if isinstance(problem, InputError):
            raise
        reason = getattr(problem, "strerror", None) or problem
        raise InputError(
            f"The folder {target} cannot be made or written to ({reason}); name one you can write "
            "to. Nothing was simulated."
        ) from None
    for name in names:
        if (target / name).is_dir():
            raise InputError(f"{target / name} is a folder; move it, or name another folder.")


def write_into(folder: str | os.PathLike[str], contents: Mapping[str, bytes]) -> tuple[Path, ...]:
    """Write files into a folder, which is made if need be.

    Raises:
        InputError: The folder cannot be made or written to. Each file is whole or not there.
    """
    target = Path(folder)
    try:
        target.mkdir(parents=True, exist_ok=True)
    except (OSError, ValueError) as problem:
        reason = getattr(problem, "strerror", None) or problem
        raise InputError(
            f"The folder {target} cannot be made ({reason}); name one you can write to."
        ) from problem
    return tuple(write_bytes_atomic(target / name, data) for name, data in contents.items())


def _head(prediction: Prediction) -> Iterator[str]:
    setting, lock, t = prediction.setting, prediction.lock, prediction.setting.inputs
    yield f"{prediction.label}, {prediction.regimen_label} (regimen {prediction.regimen})"
    yield (
        f"network of lock {lock['version']} of {lock['date']} ({lock['digest'][:12]}), "
        f"{prediction.mark or 'locked values'}; its T-cell part: {setting.record.network.t_cells}"
    )
    yield (
        f"exposure: {', '.join(exposure_words(setting))}; patient of {short(t.weight_kg)} kg, "
        f"{short(t.bsa_m2)} m2"
    )
    yield from _followed(setting)
    yield from setting.cover.lines(t.weight_kg)
    if prediction.engine_words:
        yield prediction.engine_words


def _followed(setting: Setup) -> Iterator[str]:
    """How long it is followed, and what that leaves out."""
    given, act = len(setting.regimen.doses), " to act" if setting.inputs.lag_h else ""
    yield (
        f"followed for {short(setting.horizon_h)} h; {given - setting.later_doses} of {given} "
        f"doses begin{act} in that time"
    )
    if setting.regimen.first_dose_h:
        yield (
            f"  the first is at {short(setting.regimen.first_dose_h)} h; every time, that of cover "
            "too, is counted from 0 h"
        )
    if setting.later_doses:
        are = "is" if setting.later_doses == 1 else "are"
        yield f"  {_count(setting.later_doses)} after the horizon and {are} left out"
    if setting.cut_doses:
        yield f"  {_count(setting.cut_doses)} still flowing at the horizon"


def _count(doses: int) -> str:
    return f"{doses} dose lies" if doses == 1 else f"{doses} doses lie"


def exposure_words(setting: Setup) -> Iterator[str]:
    """The drug's form of exposure."""
    inputs = setting.inputs
    if inputs.table is not None:
        yield f"a table of {len(inputs.table.times_h)} concentrations"
        return
    yield "two compartments" if inputs.Q > 0 else "one compartment"
    yield from inputs.exposure
    if setting.file.apparent:
        yield "apparent clearance and volume"


def fitted_words(setting: Setup) -> Iterator[str]:
    """What the draws of a drug rest on that was fitted to data."""
    fitted = setting.file.fitted
    if fitted is not None:
        yield (
            f"Network and {', '.join(fitted.estimated)} are drawn together, as their fit left them "
            f"({', '.join(fitted.source)})."
        )


def _dose(dose: Dose) -> dict[str, Any]:
    if isinstance(dose, Infusion):
        return {"start_h": dose.start_h, "amount_ug": dose.amount_ug, "over_h": dose.duration_h}
    return {"start_h": dose.time_h, "amount_ug": dose.amount_ug, "route": dose.route}


def _sourced(given: SourcedValue) -> dict[str, Any]:
    known = {name: value for name, value in vars(given).items() if value is not None}
    return known | {"source": list(given.source)}


def _peaks(prediction: Prediction, arm: Arm, intervals: bool) -> list[str]:
    drawn = bool(prediction.n_draws)
    head = ["median" if drawn else "locked point", ""]
    head += ["5-95 %", "at (h)", "5-95 %"] if intervals else ["at (h)"]
    rows = [["highest level", *head, *(["locked point", "at (h)"] if drawn else [])]]
    for name, peak in arm.peaks.items():
        time = arm.peak_times[name]
        row = [f"  {NAMES[name]}", short(peak.central), LEVEL_UNITS[name]]
        row += [span(peak), short(time.central), span(time)] if intervals else [short(time.central)]
        row += [short(peak.locked_point), short(time.locked_point)] if drawn else []
        rows.append(row)
    return aligned(rows)


def range_words(setting: Setup) -> Iterator[str]:
    """That the ranges of a drug of one's own change nothing here, if its file gives any."""
    file = setting.file
    named = [
        name
        for name, given in file.sources.items()
        if (given.low is not None or given.high is not None) and name not in file.class_defaults
    ]
    if named and file.inputs.role == "user":
        yield (
            f"The low and high of {', '.join(named)} change nothing here: no number is drawn "
            "between them, and T-cell rates are drawn by their log10_sd."
        )


def still_rising(prediction: Prediction, arm: Arm) -> tuple[str, ...]:
    """Names of the levels that are highest where the prediction ends, and may rise further."""
    end_h = prediction.horizon_h - SAME_TIME_H
    return tuple(name for name, time in arm.peak_times.items() if time.central >= end_h)


def _at_the_end(prediction: Prediction, arm: Arm) -> Iterator[str]:
    names = [NAMES[name] for name in still_rising(prediction, arm)]
    if names:
        yield (
            f"  highest where the prediction ends, at {short(prediction.horizon_h)} h, and perhaps "
            f"higher later: {', '.join(names)}; ask for a longer --horizon"
        )


def _severity(prediction: Prediction, arm: Arm) -> Iterator[str]:
    z = decimals(arm.severity.central, 2)
    yield f"severity index z   {z}{with_span_and_point(arm.severity)}"
    if prediction.horizon_h > INDEX_H:
        week = arm.severity_week
        first_h = prediction.setting.regimen.first_dose_h
        later = f" after the first dose, at {short(first_h)} h" if first_h else ""
        of_week = f"{decimals(week.central, 2)}{with_span_and_point(week)}"
        yield f"  of the first {INDEX_H:g} h{later}   {of_week}"
    if arm.severity_after is not None:
        after, given = arm.severity_after, prediction.setting.cover.words
        z = f"{decimals(after.central, 2)}{with_span_and_point(after)}"
        yield f"  from the first dose of {given} on   {z}"
    beside = f" (locked point: {arm.grade_of_locked_point})" if prediction.n_draws else ""
    yield f"illustrative grade {arm.grade} of 4{beside}"
    if arm.grade_shares is not None:
        shares = (f"{grade}: {percent(share)}" for grade, share in enumerate(arm.grade_shares))
        yield f"  share of draws in each   {', '.join(shares)}"
    beside = ", ".join(f"{name} {decimals(z, 2)}" for name, z in prediction.references.items())
    on_record = "at the locked point" if prediction.setting.record.sample is None else "median"
    yield f"  for comparison, z of {INDEX_H:g} h on record ({on_record})   {beside}"


def _steps(prediction: Prediction, arm: Arm, intervals: bool) -> list[str]:
    drawn = bool(prediction.n_draws)
    head = ["step", "at (h)", "dose (ug)", "route", "over (h)"]
    head += ["highest IL-6 (pg/mL)", "at (h)", "z"]
    rows = [[*head, *(["locked point: IL-6", "z"] if drawn else [])]]
    for i, step in enumerate(arm.steps, start=1):
        given = step.given
        il6, z = short(step.il6.central), decimals(step.severity.central, 2)
        if intervals:
            il6 += f"  {span(step.il6)}"
            z += with_span(step.severity)
        length = short(given.length_h) if given.length_h else "-"
        at = short(step.il6_time.central)
        row = [f"  {i}", _hours(given.start_h), short(given.dose_ug), given.route, length]
        row += [il6, at, z]
        if drawn:
            row += [short(step.il6.locked_point), decimals(step.severity.locked_point, 2)]
        rows.append(row)
    return aligned(rows)


def _asked(prediction: Prediction, arm: Arm) -> list[str]:
    names = [n for n in COURSE_UNITS if n in arm.asked]
    rows = [["level at (h)", *(f"{NAMES.get(n, n)} ({COURSE_UNITS[n]})" for n in names)]]
    for i, time in enumerate(prediction.asked_h):
        asked = [arm.asked[n][i] for n in names]
        rows.append([f"  {_hours(time)}", *(_level(each.central) for each in asked)])
        if prediction.n_draws:
            rows.append(["    locked point", *(_level(each.locked_point) for each in asked)])
    return aligned(rows)


def _level(value: float) -> str:
    return short(value, 7)


def _hours(value: float) -> str:
    """A time that is given and not found, in full."""
    return short(float(value), 7)


def _foot(prediction: Prediction) -> Iterator[str]:
    yield prediction.numbers_are
    if prediction.n_draws:
        done = prediction.n_draws - prediction.failed_draws
        yield f"Intervals: 5th to 95th percentile of {done} of {prediction.n_draws} draws."
        yield drawn_from(prediction.setting.record)
        yield from fitted_words(prediction.setting)
        yield COVERS
    yield from range_words(prediction.setting)
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


def span(estimate: Estimate, places: int | None = None) -> str:
    """The interval of an estimate in words, to so many decimal places where they are given."""
    if estimate.low is None or estimate.high is None:
        return "-"
    if places is None:
        return f"{short(estimate.low)} to {short(estimate.high)}"
    return f"{decimals(estimate.low, places)} to {decimals(estimate.high, places)}"


def with_span(estimate: Estimate) -> str:
    """The interval of a severity index, to stand behind it."""
    if estimate.low is None or estimate.high is None:
        return ""
    return f"  (5-95 %: {span(estimate, 2)})"


def with_span_and_point(estimate: Estimate) -> str:
    """The interval of a severity index and its value at the locked point, to stand behind it."""
    if estimate.low is None or estimate.high is None:
        return "  (locked point)"
    return f"  (5-95 %: {span(estimate, 2)}; locked point {decimals(estimate.locked_point, 2)})"


def _arm_dict(prediction: Prediction, arm: Arm) -> dict[str, Any]:
    severity: dict[str, Any] = {
        "index": arm.severity.as_dict(),
        "index_168h": arm.severity_week.as_dict(),
        "grade": arm.grade,
        "grade_of_locked_point": arm.grade_of_locked_point,
    }
    if arm.severity_after is not None:
        severity["index_from_cover_on"] = arm.severity_after.as_dict()
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
        "still_rising": list(still_rising(prediction, arm)),
        "severity": severity,
        "steps": [
            {
                **vars(step.given),
                "end_h": step.end_h,
                "il6_pg_per_mL": step.il6.as_dict(),
                "il6_time_h": step.il6_time.as_dict(),
                "severity": step.severity.as_dict(),
            }
            for step in arm.steps
        ],
        "levels_at": [
            {
                "time_h": time,
                **{name: estimates[i].as_dict() for name, estimates in arm.asked.items()},
            }
            for i, time in enumerate(prediction.asked_h)
        ],
    }
