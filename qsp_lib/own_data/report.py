"""A fit as text, JSON, tables, a figure and a drug file."""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from .. import __version__
from ..common import canonical_json, decimals, percent, plain, rounded, short
from ..prediction import NOT_FOR, aligned, assumptions, png, write_into
from .bands import N_SHOWN, Bands
from .drug_file import drug_files, fitted_name
from .figure import figure
from .fitting import FEW_MEMBERS, FittedDrug
from .verdicts import Learned

SCHEMA = 1
_TIED = 0.8
"""Two numbers whose logarithms correlate by more than this are told to be known together."""
ASSUMES = (
    "log10 of a level is the model's plus an offset that all points of one {sharer} share plus a "
    "residual of its own; both are normal, and the offset is why points of one {sharer} are not "
    "independent."
)
NETWORK = (
    "The network's values are locked and none is estimated. Its uncertainty is that of {n} draws "
    "of the record, each as likely as any other before the data; the posterior is of the numbers "
    "jointly with which of the draws it is."
)
BAND = (
    "Bands: 5th to 95th percentile. 'Fitted' is of what is estimated, network and numbers; 'with "
    "residual error' is of a new measurement in a new {sharer}, offset and residual included."
)
_MEANING = {
    "residual sd": "of one measurement about its own course, log10",
    "offset sd": "between those who share an offset, log10",
}


def names_of_files(name: str, table: str | None = None) -> tuple[str, ...]:
    """What :func:`write` writes for a drug of that name."""
    fitted = fitted_name(name)
    names = [f"{name}-fit.json", f"{name}-fit-points.csv", f"{name}-fit-courses.csv"]
    names += [f"{name}-fit.png", f"{fitted}.toml", f"{fitted}-draws.csv"]
    return (*names, *([] if table is None else [table]))


def write(
    bands: Bands, drug: str | os.PathLike[str], folder: str | os.PathLike[str]
) -> tuple[Path, ...]:
    """Write the numbers, tables, figure and fitted drug file into a folder.

    Args:
        bands: the fit and its courses.
        drug: path of the drug file that was fitted.
        folder: where to; made if need be.

    Raises:
        InputError: the folder cannot be made or written to. Each file is whole or not there.
    """
    name = bands.fit.problem.setting.inputs.name
    contents = {
        f"{name}-fit.json": as_json(bands).encode(),
        f"{name}-fit-points.csv": points_csv(bands).encode(),
        f"{name}-fit-courses.csv": courses_csv(bands).encode(),
        f"{name}-fit.png": png(lambda: figure(bands)),
    }
    # the drug file last: where it stands, all that it names does
    files = drug_files(bands.fit, drug)
    contents |= {n: data for n, data in files.items() if not n.endswith(".toml")}
    contents |= {n: data for n, data in files.items() if n.endswith(".toml")}
    return write_into(folder, contents)


def warnings_of(fit: FittedDrug) -> tuple[str, ...]:
    """What whoever uses the fit has to know of it, one sentence each."""
    found = [rate.words for rate in fit.rates if rate.verdict == "not moved"]
    for (one, other), r in fit.correlations.items():
        if abs(r) > _TIED:
            found.append(
                f"{one} and {other} are known together better than each alone: their logarithms "
                f"correlate by {decimals(r, 2)}."
            )
    for rate in fit.rates:
        if rate.unlike_locked:
            found.append(
                f"{rate.prior.name} would be {short(rate.held)} {rate.prior.unit} with the network "
                "at its locked values, which lies outside the interval over its draws: the data "
                "and the locked values of the network pull apart. The course at the locked values "
                "is then not the middle of the interval."
            )
    if fit.sample.effective_members < FEW_MEMBERS:
        found.append(
            f"The posterior rests on few draws of the network (in effect "
            f"{decimals(fit.sample.effective_members, 0)}): few of them can make these data, and "
            "its ends are rough. Look at the residuals."
        )
    residual = fit.errors[0]
    if residual.low > residual.prior.interval()[1]:
        found.append(
            f"The residual sd of {short(residual.median)} is larger than any that was expected: "
            "the model does not follow these data."
        )
    return tuple(found)


def as_text(bands: Bands) -> str:
    """The fit for a terminal."""
    return "\n".join(_lines(bands)) + "\n"


def _lines(bands: Bands) -> Iterator[str]:
    fit, problem = bands.fit, bands.fit.problem
    data, setting = problem.data, problem.setting
    yield f"{setting.inputs.label}, fitted to {data.file} (SHA-256 {data.sha256[:12]})"
    measured, sharer = int(data.measured.sum()), _sharer(fit)
    yield (
        f"{len(data.points)} points, {measured} measured and {len(data.points) - measured} beyond "
        f"a limit of quantification; {len(data.sharers)} {_plural(sharer, len(data.sharers))}; "
        f"{_plural('regimen', len(data.regimens))} {', '.join(data.regimens)}"
    )
    if data.not_read:
        yield f"columns not read: {', '.join(data.not_read)}"
    yield from setting.lines(len(fit.sample.points))
    yield ""
    rows = [["", "prior", "", "fitted", "", "network held", "", ""]]
    rows.append(["", "median", "5-95 %", "median", "5-95 %", "median", "5-95 %", "verdict"])
    rows += [_row(each) for each in (*fit.rates, *fit.errors)]
    yield from aligned(rows)
    yield ""
    yield from (rate.words for rate in fit.rates if rate.verdict != "not moved")
    yield from (f"warning: {words}" for words in warnings_of(fit))
    yield ""
    yield from aligned(_points_table(bands))
    yield (
        f"{percent(bands.share_inside)} of the points lie within the 90 % band with residual error"
    )
    yield ""
    yield "Assumed:"
    for learned in fit.learned:
        prior = learned.prior
        unit = "" if prior.unit in ("1", "log10") else f" {prior.unit}"
        meaning = _MEANING.get(prior.name, "")
        yield (
            f"  prior of {prior.name}: median {short(prior.median)}{unit}, log10 sd "
            f"{prior.log10_sd:g} ({prior.reason}{'; ' + meaning if meaning else ''})"
        )
    yield from _of_the_file(fit)
    yield f"  {ASSUMES.format(sharer=sharer)}"
    yield NETWORK.format(n=problem.network_draws)
    yield (
        f"Of them the posterior has {len(set(fit.sample.members.tolist()))}, in effect "
        f"{decimals(fit.sample.effective_members, 1)}; seed {problem.seed}."
    )
    yield BAND.format(sharer=sharer)
    yield NOT_FOR


def _of_the_file(fit: FittedDrug) -> Iterator[str]:
    """What the fit rests on that it does not estimate and nobody published of this drug."""
    problem = fit.problem
    estimated = {prior.name for prior in problem.priors}
    others = [a for a in assumptions(problem.setting) if a.name not in estimated]
    drawn = [a.name for a in others if a.name in problem.joint.values]
    fixed = [a.name for a in others if a.name not in problem.joint.values]
    if drawn:
        yield f"  drawn with the network and not estimated: {', '.join(drawn)}"
    if fixed:
        yield f"  assumed in the drug file and taken as they stand: {', '.join(fixed)}"


def _sharer(fit: FittedDrug) -> str:
    return "individual" if fit.problem.data.of_individuals else "cohort"


def _plural(word: str, n: int) -> str:
    return word if n == 1 else f"{word}s"


def _row(each: Learned) -> list[str]:
    low, high = each.prior.interval()
    unit = "" if each.prior.unit == "1" else f" ({each.prior.unit})"
    is_error = each.prior.name in _MEANING
    return [
        f"{each.prior.name}{unit}",
        short(each.prior.median),
        f"{short(low)} to {short(high)}",
        short(each.median),
        f"{short(each.low)} to {short(each.high)}",
        short(each.held),
        f"{short(each.held_low)} to {short(each.held_high)}",
        "" if is_error else each.verdict,
    ]


def _points_table(bands: Bands) -> list[list[str]]:
    rows = [["line", "id", "regimen", "what", "pg/mL", "fitted", "5-95 %", "with residual error"]]
    signs = {"": "", "below": "<", "above": ">"}
    for point, at in zip(bands.fit.problem.data.points, bands.points, strict=True):
        low, median, high = map(short, at.fitted)
        least, _, most = map(short, at.measured)
        rows.append(
            [
                str(point.line),
                point.individual or "-",
                point.regimen,
                point.words,
                signs[point.censored] + short(point.level),
                median,
                f"{low} to {high}",
                f"{least} to {most}{'' if at.inside else '  outside'}",
            ]
        )
    return rows


def as_dict(bands: Bands) -> dict[str, Any]:
    """The fit as plain numbers and texts, with all that a rerun needs."""
    fit, problem = bands.fit, bands.fit.problem
    data, setting = problem.data, problem.setting
    sharer = _sharer(fit)
    return {
        "schema": SCHEMA,
        "version": __version__,
        "drug": setting.inputs.name,
        "label": setting.inputs.label,
        "file": {
            "sha256": setting.file.sha256,
            "table": dict(setting.file.table),
            "class_defaults": list(setting.file.class_defaults),
        },
        "data": {
            "file": data.file,
            "sha256": data.sha256,
            "points": len(data.points),
            "measured": int(data.measured.sum()),
            "sharers": list(data.sharers),
            "shared_by": sharer,
            "regimens": list(data.regimens),
            "not_read": list(data.not_read),
        },
        "lock": setting.record.summary,
        "t_cell_part": setting.record.network.t_cells,
        "seed": problem.seed,
        "draws": len(fit.sample.points),
        "network_draws": problem.network_draws,
        "network_draws_in_posterior": len(set(fit.sample.members.tolist())),
        "network_draws_in_effect": fit.sample.effective_members,
        "temper": list(fit.sample.temper),
        "accepted": {"moved": fit.sample.moved, "exchanged": fit.sample.exchanged},
        "estimated": {each.prior.name: _learned(each) for each in fit.rates},
        "error_model": {each.prior.name: _learned(each) for each in fit.errors},
        "correlations": {f"{a}, {b}": r for (a, b), r in fit.correlations.items()},
        "points": [
            {
                **vars(point),
                "fitted": dict(zip(("low", "median", "high"), at.fitted, strict=True)),
                "with_residual_error": dict(
                    zip(("low", "median", "high"), at.measured, strict=True)
                ),
                "log10_residual": at.residual,
                "inside": at.inside,
            }
            for point, at in zip(data.points, bands.points, strict=True)
        ],
        "share_inside": bands.share_inside,
        "warnings": list(warnings_of(fit)),
        "horizon_h": {key: s.horizon_h for key, s in problem.settings.items()},
        "assumptions": [
            *(words.strip() for words in _of_the_file(fit)),
            ASSUMES.format(sharer=sharer),
            NETWORK.format(n=problem.network_draws),
        ],
        "bands": f"{BAND.format(sharer=sharer)} Courses are of {N_SHOWN} draws.",
        "not_for": NOT_FOR,
    }


def _learned(each: Learned) -> dict[str, Any]:
    low, high = each.prior.interval()
    return {
        "unit": each.prior.unit,
        "prior": {
            "median": each.prior.median,
            "log10_sd": each.prior.log10_sd,
            "low": low,
            "high": high,
            "reason": each.prior.reason,
        },
        "low": each.low,
        "median": each.median,
        "high": each.high,
        "log10_sd": each.log10_sd,
        "network_held": {"low": each.held_low, "median": each.held, "high": each.held_high},
        "verdict": each.verdict,
        "words": each.words,
    }


def as_json(bands: Bands) -> str:
    """:func:`as_dict` as text."""
    return canonical_json(plain(as_dict(bands), bands.fit.problem.setting.inputs.name))


def points_csv(bands: Bands) -> str:
    """The points with what was fitted: one header line, units in names."""
    rows: list[list[Any]] = [
        [
            *("line", "id", "regimen", "analyte", "time_h", "until_h", "level_pg_per_mL"),
            *("censored", "fitted_low", "fitted_median", "fitted_high"),
            *("with_residual_low", "with_residual_median", "with_residual_high"),
            *("log10_residual", "inside"),
        ]
    ]
    for p, at in zip(bands.fit.problem.data.points, bands.points, strict=True):
        until = "" if p.until_h is None else p.until_h
        numbers = [*at.fitted, *at.measured, at.residual]
        rows.append(
            [
                *(p.line, p.individual, p.regimen, p.analyte, p.time_h, until, p.level),
                *(p.censored, *(rounded(value, 6) for value in numbers), int(at.inside)),
            ]
        )
    return _csv(rows)


def courses_csv(bands: Bands) -> str:
    """The courses of every regimen and cytokine with both bands (pg/mL)."""
    rows: list[list[Any]] = [
        [
            *("regimen", "analyte", "time_h", "network_held"),
            *("fitted_low", "fitted_median", "fitted_high"),
            *("with_residual_low", "with_residual_median", "with_residual_high"),
        ]
    ]
    for (regimen, analyte), band in bands.courses.items():
        for i, time in enumerate(band.times_h):
            numbers = [band.held[i], *band.fitted[:, i], *band.measured[:, i]]
            start = [regimen, analyte, rounded(float(time), 10)]
            rows.append([*start, *(rounded(float(value), 6) for value in numbers)])
    return _csv(rows)


def _csv(rows: list[list[Any]]) -> str:
    buffer = io.StringIO(newline="")
    csv.writer(buffer, lineterminator="\n").writerows(rows)
    return buffer.getvalue()
