"""The blind prediction of OKT3 from a lock record, and the eight checks fixed with it.

Nothing here fits anything. The prediction is a function of the record; the
comparison with published outcomes runs only when the held-back table is opened.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..common import IntegrationError, LockError, canonical_json, rounded, write_text_atomic
from ..evidence import RANGE_KINDS, EvidenceRow, convert
from ..model import Draws, severity
from .comparing import require_same
from .eight_checks import ARMS, CHECKS, CYTOKINES, HOLDS, OPEN, VERDICTS, BlindRun, check_all
from .ledger import entry_of, read_ledger, record_file, require_file
from .lock import require_recorded
from .opening import Evaluation
from .places import PACKAGED, WAIT_S, Places, Written, take_turn
from .record import Record
from .seal import JudgedRow

COMPARED_DIGITS = 6
"""Significant digits of what the ledger keeps, so that it compares what was seen."""


def run_protocol(record: Record, draws: Mapping[str, Draws] | None = None) -> BlindRun:
    """Simulate every arm from the record: its locked values, or its own draws."""
    arms = {}
    for name, (drug, regimen) in ARMS.items():
        given = None if draws is None else draws[drug]
        arms[name] = record.run(drug, regimen, draws=given)
    return BlindRun(arms)


def summarise(values: NDArray[np.float64]) -> dict[str, float]:
    """Median and central 90 % interval of ``(N,)`` values."""
    low, median, high = np.percentile(values, [5, 50, 95])
    return {"median": float(median), "low": float(low), "high": float(high)}


def predict(record: Record, draws: Mapping[str, Draws] | None = None) -> dict[str, Any]:
    """The blind prediction: both runs of the protocol, and their :func:`numbers`.

    Args:
        record: the lock record.
        draws: of each drug; by default the record's own number of its own draws.
    """
    if draws is None:
        draws = record.draws(record.n_draws)
    return numbers(record, run_protocol(record), run_protocol(record, draws))


def numbers(record: Record, central: BlindRun, drawn: BlindRun) -> dict[str, Any]:
    """Levels, times, severity, checks and orderings of the protocol, with intervals.

    Args:
        record: the lock record.
        central: the protocol at the locked values.
        drawn: the protocol over draws.

    Returns:
        Plain numbers by name. Peaks in pg/mL with the healthy baseline added, times
        in h; ``central`` is the run at the locked values, intervals are 5-95 %.
    """
    central = central.select(np.array([True]))
    n_draws = drawn.completed.size
    kept = drawn.completed
    if not kept.any():
        raise IntegrationError(f"none of {n_draws} draws completed; there is no prediction.")
    good = drawn.select(kept)
    verdicts, central_verdicts = check_all(drawn), check_all(central)
    return {
        "lock": record.version,
        "draws": n_draws,
        "failed_draws": int((~kept).sum()),
        "arms": {name: _arm_numbers(name, central, good) for name in ARMS},
        "checks": {
            name: {
                "central": VERDICTS[int(central_verdicts[name][0])],
                "share_holds": float(np.mean(verdicts[name] == HOLDS)),
                "share_undetermined": float(np.mean(verdicts[name] == OPEN)),
            }
            for name in CHECKS
        },
        "ordering": _orderings(central, good, n_draws),
        "grades": _grades(record, central, good),
    }


def prediction_path(record: Record, places: Places = PACKAGED) -> Path:
    """Where the prediction made from a record is kept."""
    return places.predictions / f"prediction-{record.version}.json"


def commit_prediction(record: Record, places: Places = PACKAGED, wait_s: float = WAIT_S) -> Written:
    """Predict from the record and put the prediction on record, once.

    One that an interrupted run wrote and did not put on record is compared with what is computed
    now, and put on record if it is the same.

    Raises:
        LockError: a prediction from this record is on record already; the record itself is not; or
            a file is there that holds other numbers.
    """
    path = prediction_path(record, places)
    require_first(record, path, places)
    content = {"lock_digest": record.digest} | predict(record)
    medians = {c: content["arms"]["okt3"][c]["peak"]["median"] for c in CYTOKINES}
    summary = {"median_peaks_pg_mL": rounded(medians, COMPARED_DIGITS)}
    same = partial(require_same, path, content)
    return put_on_record(record, path, canonical_json(content), same, summary, places, wait_s)


def put_on_record(
    record: Record,
    path: Path,
    text: str,
    require_same: Callable[[], None],
    summary: Mapping[str, Any],
    places: Places,
    wait_s: float,
) -> Written:
    """Keep a prediction and its line of the ledger, once.

    Args:
        path: where it is kept.
        text: what was predicted now.
        require_same: called where the file is there already; raises if it holds something else.
        summary: of its line.

    Raises:
        LockError: it is on record already, the record itself is not, or the file is another one.
    """
    with take_turn(places, wait_s) as turn:
        require_first(record, path, places)
        finished = path.exists()
        if finished:
            require_same()
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            write_text_atomic(path, text, replace=False)
        record_file(
            "prediction",
            path,
            turn,
            version=record.version,
            digest=record.digest,
            summary=summary,
        )
    return Written(path, finished)


def require_first(record: Record, path: Path, places: Places) -> None:
    """Refuse a second prediction, and one from a record that is not on record.

    Raises:
        LockError: which of the two, and what to do.
    """
    require_recorded(record, places)
    if entry_of("prediction", path.name, read_ledger(places.ledger)) is not None:
        there = "is on file" if path.exists() else "is in the ledger and its file is gone"
        raise LockError(
            f"the prediction from lock {record.version} {there} and is never made again; "
            f"{'read' if path.exists() else 'restore'} it, or make a new lock version."
        )


def committed_prediction(record: Record, places: Places = PACKAGED) -> dict[str, Any]:
    """The prediction on file for a record, as it was put on record.

    Raises:
        LockError: none is on file, or it was made from another record.
        SealError: it is not in the ledger, or not as it was put there.
    """
    path = prediction_path(record, places)
    if not path.exists():
        raise LockError(f"no prediction from lock {record.version} is on file; commit one first.")
    try:
        content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        digest = content["lock_digest"]
    except (ValueError, KeyError, TypeError) as problem:
        raise LockError(f"{path.name} is not a prediction ({problem!r}); restore it.") from None
    if digest != record.digest:
        raise LockError(f"{path.name} was made from another record than lock {record.version}.")
    require_file("prediction", path, places.ledger)
    return content


def _arm_numbers(name: str, central: BlindRun, drawn: BlindRun) -> dict[str, Any]:
    numbers: dict[str, Any] = {}
    for c in CYTOKINES:
        base = severity.baselines()[c]
        at_lock, over_draws = central.arms[name].peak(c), drawn.arms[name].peak(c)
        numbers[c] = {
            "peak": {"central": float(at_lock.value[0] + base)}
            | summarise(over_draws.value + base),
            "time": {"central": float(at_lock.time_h[0])} | summarise(over_draws.time_h),
        }
    numbers["severity"] = {
        key: {"central": float(central.severities[name][key][0])} | summarise(values)
        for key, values in drawn.severities[name].items()
    }
    return numbers


def _orderings(central: BlindRun, drawn: BlindRun, n_draws: int) -> dict[str, Any]:
    """For each definition of severity and each blinatumomab regimen: the order, and its share."""
    result: dict[str, Any] = {}
    for mild in ("blinatumomab", "blinatumomab_step"):
        names = (mild, "okt3", "tgn1412")
        at_lock, over_draws = central.severities, drawn.severities
        for key in at_lock[mild]:
            steps = [
                over_draws[higher][key] - over_draws[lower][key] > severity.TIE
                for lower, higher in zip(names[:-1], names[1:], strict=True)
            ]
            result[f"{mild}/{key}"] = {
                "central": severity.order({n: float(at_lock[n][key][0]) for n in names}),
                "share_expected": float(np.all(steps, axis=0).sum() / n_draws),
            }
    return result


def _grades(record: Record, central: BlindRun, drawn: BlindRun) -> dict[str, Any]:
    """Illustrative grades: at the lock, and the share of draws in each."""
    result = {}
    for name in ARMS:
        grades = record.boundaries.grade(drawn.severities[name]["index"])
        result[name] = {
            "central": int(record.boundaries.grade(central.severities[name]["index"])[0]),
            "shares": [float(np.mean(grades == grade)) for grade in range(5)],
        }
    return result


def compare_with_outcomes(
    prediction: Mapping[str, Any], eligible: Sequence[EvidenceRow]
) -> dict[str, Any]:
    """Set the predicted first-dose peaks beside the eligible published statistics.

    A cytokine passes if the median predicted peak lies between the lowest and the
    highest eligible statistic; every source is listed with its own pass or fail,
    which means within its own range where it gives one, and is undetermined else.
    """
    result: dict[str, Any] = {}
    for cytokine, analyte in CYTOKINES.items():
        median = prediction["arms"]["okt3"][cytokine]["peak"]["median"]
        sources: list[dict[str, Any]] = []
        for row in eligible:
            if row.analyte != analyte:
                continue
            levels = [
                convert(level, row.unit, "pg/mL")
                for level in (row.value, *_range_of(row))
                if level is not None
            ]
            if not levels:
                continue
            inside = min(levels) <= median <= max(levels) if len(levels) > 1 else None
            sources.append(
                {"id": row.id, "low": min(levels), "high": max(levels), "inside": inside}
            )
        low = min((source["low"] for source in sources), default=None)
        high = max((source["high"] for source in sources), default=None)
        inside = low is not None and high is not None and low <= median <= high
        result[cytokine] = {
            "predicted_median": median,
            "published_low": low,
            "published_high": high,
            "verdict": ("pass" if inside else "fail") if sources else "no eligible row",
            "sources": sources,
        }
    return result


def _range_of(row: EvidenceRow) -> tuple[float | None, float | None]:
    """The range a row reports; a bound on one side only is not a statistic."""
    return (None, None) if RANGE_KINDS.get(row.range_kind) == "limit" else (row.low, row.high)


def evaluation(prediction: Mapping[str, Any]) -> Evaluation:
    """What an opening runs on the judged rows: the comparison with the prediction, rounded."""

    def evaluate(rows: tuple[JudgedRow, ...]) -> Mapping[str, Any]:
        eligible = [judged.row for judged in rows if judged.eligible and judged.row is not None]
        return {
            "rows": len(rows),
            "eligible": len(eligible),
            "comparison": rounded(compare_with_outcomes(prediction, eligible), COMPARED_DIGITS),
        }

    return evaluate
