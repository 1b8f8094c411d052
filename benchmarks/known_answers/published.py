"""Exposures that were measured, beside what the shipped inputs give: a check, not a closed form."""

from __future__ import annotations

import re
from collections.abc import Iterator

from qsp_lib.common import EvidenceError
from qsp_lib.drugs import load_drug, load_tocilizumab
from qsp_lib.evidence import EvidenceRow, load_tables
from qsp_lib.model import Infusion, Regimen, Rescue, Trajectory, simulate
from qsp_lib.protocol import current_record

from .answer import KnownAnswer, Scale

_SPREAD = re.compile(r"\((?P<kind>SD|SEM) (?P<value>[\d.]+)\)")
_WEEK_H = 168.0
_COURSES = 6
"""Courses of tocilizumab before its levels count as steady."""


def published() -> Iterator[KnownAnswer]:
    """Published exposures with their spread; the tolerance is that spread, whichever is printed."""
    yield _beside("PK007", "blinatumomab at 28 µg/d, steady level", _blinatumomab() * 1000, "pg/mL")
    yield _beside("OI003", "OKT3 at 5 mg a day, trough after ten doses", _okt3_trough(), "ng/mL")
    run, start = _tocilizumab()
    end = float(run.times[-1])
    volume = load_tocilizumab().inputs.V1
    yield _beside(
        "PK050",
        "tocilizumab at 8 mg/kg every four weeks, highest level at steady state",
        float(run.peak("T_c", start, end).value) / volume / 1000,
        "µg/mL",
    )
    yield _beside(
        "PK051", "the same, lowest level", float(run.at("T_c", end)) / volume / 1000, "µg/mL"
    )
    yield _beside(
        "PK052",
        "the same, area under the level over four weeks",
        float(run.area("T_c", start, end)) / volume / 1000,
        "µg/mL·h",
    )


def spread(row: EvidenceRow) -> tuple[str, float]:
    """Kind (SD or SEM) and size of the spread that a row's statistic names.

    Raises:
        EvidenceError: a row without a value or a spread.
    """
    found = _SPREAD.search(row.statistic or "")
    if row.value is None or found is None:
        raise EvidenceError(f"{row.id} has no value with an SD or SEM to compare an exposure with.")
    return found["kind"], float(found["value"])


def _beside(row_id: str, what: str, ours: float, unit: str) -> KnownAnswer:
    row = load_tables().row(row_id)
    kind, size = spread(row)
    return KnownAnswer.of(
        f"published_{row_id}",
        what,
        row.value,  # type: ignore[arg-type]
        ours,
        size,
        f"{row_id}, published mean; the tolerance is its {kind}",
        unit=unit,
        scale=Scale.ABSOLUTE,
    )


def _blinatumomab() -> float:
    record = current_record()
    infusion = Regimen.of(Infusion.at_rate(0.0, 28 * 24.0, 28 / 24))
    run = simulate(record.drug("blinatumomab"), record.network, infusion, times=[_WEEK_H])
    return float(run["C"][-1])


def _okt3_trough() -> float:
    record, regimen = current_record(), load_drug("okt3").regimens["clinical"]
    end = 24.0 * len(regimen.doses)
    run = simulate(record.drug("okt3"), record.network, regimen, horizon_h=end, times=[end])
    return float(run["C"][-1])


def _tocilizumab() -> tuple[Trajectory, float]:
    """The last of several four-weekly courses, without any other drug: the run, and its start."""
    file, record = load_tocilizumab(), current_record()
    (course,) = file.regimens["clinical"].doses
    courses = Regimen.of(*(course.shifted(4 * _WEEK_H * i) for i in range(_COURSES)))
    start = 4 * _WEEK_H * (_COURSES - 1)
    run = simulate(
        record.drug("tgn1412"),
        record.network,
        Regimen(),
        rescue=Rescue(file.inputs, courses),
        horizon_h=4 * _WEEK_H * _COURSES,
    )
    return run, start
