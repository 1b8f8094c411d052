"""The predictions that a lock of version 2 makes before any table is opened, as draws.

Each is a set of draws by quantity, which is what scoring takes. They are made from the record
alone, once, and put on record with their hash; nothing is fitted.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..common import LockError, late
from ..drugs import DrugFile, load_drug
from ..model import Draws
from ..scoring import GRADE, ForecastQuantity, Forecasts, Rules, forecasts_text, not_covered
from .blind_test import (
    commit_prediction,
    prediction_path,
    put_on_record,
    require_first,
    run_protocol,
)
from .class_draws import LYSIS_TO_CYTOKINES, Scatter, class_draws
from .comparing import require_same_table
from .dose_plans import FIRST_DOSES_MG, PLANS, SINGLE, STEPPED, VARIANTS, WITH, WITHOUT, DosePlan
from .eight_checks import ARMS, CYTOKINES, BlindRun
from .engager_predictions import predict
from .ledger import entry_of, read_ledger
from .lock import require_recorded
from .places import PACKAGED, WAIT_S, Places, Written
from .predicted_doses import DosePrediction, as_csv
from .record import Record

Array = NDArray[np.float64]
N_DRAWS = {"stepped": 1_000, "class": 500}
"""Draws of predictions 2 and 3, the first of the kept sample; of the first it is all of them."""
STEPS_OF_RULES: Mapping[tuple[str, str], str] = {
    ("blinatumomab", "stepped"): "step_5_15_60",
    ("mosunetuzumab", "clinical"): "step",
    ("mosunetuzumab", "single"): "single",
    ("teclistamab", "clinical"): "step",
    ("epcoritamab", "clinical"): "step",
}
"""What the rules of scoring call a regimen of a drug's file."""
SINGLE_TIMES_H = (0.0, 2.0, 4.0, 6.0, 8.0, *(12.0 * n for n in range(1, 15)))
"""Times of the course after a single first dose that are kept (h)."""


@dataclass(frozen=True)
class Listed:
    """One file of a lock's predictions.

    Attributes:
        file: its name.
        table: the held-back table that it comes before.
        name: of the forecast, as scores show it; empty for what is not scored.
        make: its text, from the record.
        is_draws: whether it is draws to be scored.
        same: refuses a file that an interrupted run left and that is not of this text; by default
            :func:`.comparing.require_same_table`.
        says: of the text, what its line of the ledger says; by default its table and name.
    """

    file: str
    table: str
    name: str
    make: Callable[[Record], str]
    is_draws: bool = True
    same: Callable[[Path, str], None] | None = None
    says: Callable[[str], Mapping[str, Any]] | None = None

    def summary(self, text: str) -> Mapping[str, Any]:
        """What the ledger says of it."""
        if self.says is not None:
            return self.says(text)
        return {"table": self.table, "forecast": self.name or "for showing"}


def predictions_of(version: str) -> tuple[Listed, ...]:
    """Every file that a lock of version 2 predicts, beside the one that lock v1 had as well."""
    return (
        Listed(f"forecast-{version}-okt3.csv", "okt3_outcomes", "locked", _okt3),
        Listed(f"forecast-{version}-stepped.csv", "blinatumomab_step_dosing", "locked", _stepped),
        Listed(f"forecast-{version}-engagers.csv", "external_drugs", WITH, _engagers),
        Listed(
            f"forecast-{version}-engagers-alone.csv", "external_drugs", WITHOUT, _engagers_alone
        ),
        Listed(f"quantiles-{version}.csv", "external_drugs", "", _quantiles, is_draws=False),
    )


def listed_predictions(version: str) -> dict[str, list[str]]:
    """Files that come before each held-back table is opened, by table."""
    listed: dict[str, list[str]] = {"okt3_outcomes": [f"prediction-{version}.json"]}
    for one in predictions_of(version):
        listed.setdefault(one.table, []).append(one.file)
    # the table holds percentages as well: what the population says of them comes first
    listed["external_drugs"].append(f"population-{version}.json")
    return listed


def listed_forecasts(version: str) -> dict[str, list[dict[str, str]]]:
    """Which of the files are draws to be set beside a table; the first is the one tested."""
    listed: dict[str, list[dict[str, str]]] = {}
    for one in predictions_of(version):
        if one.is_draws:
            listed.setdefault(one.table, []).append({"name": one.name, "file": one.file})
    return listed


def class_of_blinatumomab(inputs: str) -> dict[str, Any]:
    """What a record says of the drugs that are predicted as blinatumomab's class."""
    files = {name: load_drug(name, inputs=inputs) for name in class_names()}
    return {
        "of": "blinatumomab",
        "draws": dict(N_DRAWS),
        "lysis_to_cytokines": {
            "median": LYSIS_TO_CYTOKINES.median,
            "log10_sd": LYSIS_TO_CYTOKINES.log10_sd,
        },
        "scatter_log10_sd": {name: vars(Scatter.of(file)) for name, file in files.items()},
    }


def is_scored(plan: DosePlan) -> bool:
    """Whether the rules of scoring know a plan's regimen; one that is shown beside, they do not."""
    return (plan.drug, plan.regimen) in STEPS_OF_RULES


def class_names() -> tuple[str, ...]:
    """The drugs of the class, in the order of the plans."""
    return tuple(dict.fromkeys(plan.drug for plan in PLANS))


# ---------------------------------------------------------------- what each file holds


def blind_forecasts(record: Record, drawn: BlindRun) -> Forecasts:
    """The blind drug's first-dose peaks and illustrative grade, from the protocol's own run."""
    drug, regimen = ARMS["okt3"]
    good = drawn.select(drawn.completed)
    draws: dict[ForecastQuantity, Array] = {
        ForecastQuantity(drug, regimen, 1, name): np.log10(
            good.arms["okt3"].peak(name).value + record.baselines[name]
        )
        for name in CYTOKINES
    }
    grades = record.boundaries.grade(good.severities["okt3"]["index"])
    return Forecasts.of({**draws, ForecastQuantity(drug, regimen, 1, GRADE): grades})


def _okt3(record: Record) -> str:
    drawn = run_protocol(record, record.draws(record.n_draws))
    return _checked(record, "okt3_outcomes", blind_forecasts(record, drawn))


def _stepped(record: Record) -> str:
    file = load_drug(STEPPED.drug, inputs=record.inputs)
    run = predict(
        record.drug(STEPPED.drug),
        record.network,
        file.regimens[STEPPED.regimen],
        _base(record, "stepped"),
        listed=STEPPED.listed,
        solver=record.solver,
    )
    forecasts = _of_whole_draws(dict(_quantities(STEPPED, run, peaks=False)))
    return _checked(record, "blinatumomab_step_dosing", forecasts)


def _engagers(record: Record) -> str:
    return _checked(record, "external_drugs", _class_forecasts(record, steroid=True))


def _engagers_alone(record: Record) -> str:
    return _checked(record, "external_drugs", _class_forecasts(record, steroid=False))


def _class_forecasts(record: Record, *, steroid: bool) -> Forecasts:
    draws: dict[ForecastQuantity, Array] = {}
    for plan in PLANS:
        if is_scored(plan):
            draws |= dict(_quantities(plan, _predicted(record, plan, steroid=steroid)))
    for dose in FIRST_DOSES_MG:
        run = _predicted(record, SINGLE, steroid=steroid, dose_mg=dose)
        draws |= dict(_quantities(SINGLE, run, times_h=SINGLE_TIMES_H, amount=dose))
    return _of_whole_draws(draws)


def _of_whole_draws(draws: Mapping[ForecastQuantity, Array]) -> Forecasts:
    """Without the draws of which any integration failed: draw i is one parameter set throughout."""
    failed = np.any([~np.isfinite(values) for values in draws.values()], axis=0)
    return Forecasts.of({quantity: values[~failed] for quantity, values in draws.items()})


def _predicted(
    record: Record,
    plan: DosePlan,
    *,
    steroid: bool,
    dose_mg: float | None = None,
    variant: str = "",
    **changes: Any,
) -> DosePrediction:
    """One regimen of a drug of the class, with or without its steroid."""
    file: DrugFile = load_drug(plan.drug, inputs=record.inputs)
    regimen = file.regimens[plan.regimen]
    if dose_mg is not None:
        regimen = regimen.scaled(1000.0 * dose_mg / regimen.total_ug)
    return predict(
        record.drug(plan.drug),
        record.network,
        regimen,
        class_draws(
            _base(record, "class"),
            record.drug(plan.drug),
            Scatter.of(file),
            seed=record.seed,
            **changes,
        ),
        listed=plan.listed,
        steroid=record.dexamethasone if steroid else None,
        premedication=plan.premedication,
        solver=record.solver,
        variant=variant,
    )


def _base(record: Record, which: str) -> Draws:
    return record.draws(int(record.content["class"]["draws"][which]))["blinatumomab"]


def _quantities(
    plan: DosePlan,
    run: DosePrediction,
    *,
    peaks: bool = True,
    times_h: Sequence[float] | None = None,
    amount: float | None = None,
) -> Iterator[tuple[ForecastQuantity, Array]]:
    """log10 levels of IL-6 of a prediction, by quantity; times count from the first dose."""
    named = plan.drug, STEPS_OF_RULES[plan.drug, plan.regimen]
    if peaks:
        for dose in range(run.peaks["IL6"].shape[1]):
            yield (
                ForecastQuantity(*named, dose + 1, "IL6", amount=amount),
                np.log10(run.peaks["IL6"][:, dose]),
            )
    for i, time in enumerate(run.course_times_h):
        if times_h is None or time in times_h:
            levels = np.log10(run.courses["IL6"][:, i])
            yield ForecastQuantity(*named, 1, "IL6", float(time), amount), levels


def _checked(record: Record, table: str, forecasts: Forecasts) -> str:
    """The text of a set of draws, once it holds all that a row may be set beside.

    Raises:
        LockError: it does not.
    """
    if missing := not_covered(Rules.from_plain(record.scoring), table, forecasts):
        raise LockError(
            f"the prediction for {table} does not hold {missing[0]}; predictions and rules of "
            "scoring have to fit before a lock is made."
        )
    return forecasts_text(forecasts)


def _quantiles(record: Record) -> str:
    """Quantiles of levels, peaks and indices of every plan, arm and variant, for showing."""
    tables = []
    for plan in PLANS:
        for variant, changes in VARIANTS.items():
            for steroid in (True, False):
                run = _predicted(record, plan, steroid=steroid, variant=variant, **changes)
                tables.append(run.quantile_table())
    return as_csv(late.pandas.concat(tables, ignore_index=True))


# ---------------------------------------------------------------- putting them on record


def commit_predictions(
    record: Record,
    places: Places = PACKAGED,
    wait_s: float = WAIT_S,
    also: Sequence[Listed] = (),
) -> list[Written]:
    """Make every prediction that a record lists and that is not in the ledger yet.

    A run that was stopped goes on: what is on record is not made again, and a file that is there
    and not in the ledger is compared with what is made now.

    Args:
        record: the lock record.
        places: where its ledger and its predictions are.
        wait_s: how long to wait for another command's turn (s).
        also: files of other parts of this package, made after the protocol's own if the record
            lists them.

    Raises:
        LockError: nothing is left to predict; the record is not on record; a file holds others.
    """
    require_recorded(record, places)

    def is_missing(path: Path) -> bool:
        return entry_of("prediction", path.name, read_ledger(places.ledger)) is None

    first = prediction_path(record, places)
    written = [commit_prediction(record, places, wait_s)] if is_missing(first) else []
    own = predictions_of(record.version) if record.scoring else ()
    for one in (*own, *(other for other in also if other.file in record.listed)):
        path = places.predictions / one.file
        if is_missing(path):
            text = one.make(record)
            same, summary = partial(one.same or require_same_table, path, text), one.summary(text)
            written.append(put_on_record(record, path, text, same, summary, places, wait_s))
    if not written:
        require_first(record, first, places)
    return written
