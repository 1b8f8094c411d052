"""Incidences of three engagers that are put on record before a table of percentages is opened.

Everything is fixed here beforehand, and written into the file: who the patients are, what they are
held to, what sets the limit, which doses are counted. Patients live in draws of the record's
posterior and, for each engager, of blinatumomab's class, so that draw i is one model throughout
and the same as draw i of the committed forecasts. Nothing is fitted, and no percentage that is
held back is read.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ...common import InputError, LockError, canonical_json, rounded
from ...drugs import load_drug
from ...inference import part_of
from ...model import Steroid
from ...protocol import (
    PACKAGED,
    PLANS,
    WITH,
    WITHOUT,
    DosePlan,
    Listed,
    Places,
    Record,
    Scatter,
    class_draws,
    horizon_h,
    intervals_h,
    is_scored,
    require_file,
    require_same,
)
from ...scoring import PATTERNS
from .arms import LEAD_H, PREMEDICATED_UG, record_arm, simulator_of
from .choosing import Treated, choose, simulate_chosen
from .factors import declared_factors
from .incidence import ASKED, CAVEAT, NARROW, SETS, Limit, limit_from, published, shares
from .patients import Patients
from .population import ANCHOR, Population, Weights, simulate_population, spreads, weigh
from .simulating import INDEX, PatientArm, index_of
from .spread import FLOOR, LEAST_EFFECTIVE, Rule, spread_data

SCHEMA = 1
TABLE = "external_drugs"
HELD_TO: Mapping[str, Rule] = {"spread": Rule.ALL, "spread, as seen": Rule.SEEN}
"""What the patients are held to: the open spread by two rules of inclusion, the primary first."""
SETS_THE_LIMIT, LITTLE_DISEASE = "sets the limit", "little disease"
LITTLE = 0.1
"""Targets in little disease, times the average patient's: where the factor is cut off."""
SET_OVER_H = 336.0
ANCHOR_OVER_H = 48.0
DIGITS = 6
"""Significant digits that are kept."""
WORDS = (
    "Patients who differ by the declared factors live in the first draws of the locked posterior; "
    "an engager's T-cell rates, EC50 and hook are drawn as of blinatumomab's class, draw by draw. "
    "Within a draw they have the weights of largest entropy that keep the median of blinatumomab's "
    "IL-6 above the assay's floor and give its published spread about it at three times. A draw "
    "with too few effective patients, or without such weights, is left out and counted. The limit "
    "is the severity index that 15 % of these patients pass on blinatumomab, 9 and then 28 ug/d "
    "(EA038), draw by draw. The incidence is the share of patients whose index passes the limit "
    "after a dose, or after any of the listed doses. The diseases differ: that the limit carries "
    "over is an assumption."
)


@dataclass(frozen=True)
class Sizes:
    """How many of everything; the numbers of the committed file are the defaults.

    Attributes:
        n_draws: of the posterior, the first of the kept sample.
        each: patients in each draw, who get the one treatment that they are weighted by.
        drawn_again: of these, drawn by their weights for every other treatment.
        least_effective: Kish's number below which a draw is left out.

    Raises:
        InputError: none of something.
    """

    n_draws: int = 200
    each: int = 2000
    drawn_again: int = 200
    least_effective: float = LEAST_EFFECTIVE

    def __post_init__(self) -> None:
        if low := [name for name, value in asdict(self).items() if value < 1]:
            raise InputError(f"{low[0]} is {getattr(self, low[0])}; expected 1 or more.")


@dataclass(frozen=True)
class AskedArm:
    """A regimen of a drug of which the incidence is asked, with or without its steroid.

    Attributes:
        drug, regimen: as the drug's file has them.
        premedication: one of the protocol's two names of an arm.
        treatment: what the patients get; each of its stretches is a dose's.
    """

    drug: str
    regimen: str
    premedication: str
    treatment: PatientArm


@dataclass(frozen=True)
class Treatments:
    """All that the patients get.

    Attributes:
        anchor: what they are weighted by, its IL-6 read at every time of the data.
        sets: whose published incidence sets the limit.
        little: blinatumomab in little disease, where two open incidences are asked for.
        asked: whose incidence is put on record.
    """

    anchor: PatientArm
    sets: PatientArm
    little: PatientArm
    asked: tuple[AskedArm, ...]

    @property
    def others(self) -> tuple[PatientArm, ...]:
        """All but the anchor."""
        return self.sets, self.little, *(one.treatment for one in self.asked)


def treatments(record: Record, n_draws: int) -> Treatments:
    """The treatments of the committed incidences, in so many draws of the record.

    Raises:
        LockError: a record without a steroid or without the engagers.
        InputError: more draws than the record keeps.
    """
    draws = record.draws(n_draws)
    times_h = tuple(datum.time_h for datum in spread_data())
    anchor = record_arm(record, ANCHOR, draws=draws, horizon_h=ANCHOR_OVER_H, times_h=times_h)
    sets = record_arm(
        record, SETS_THE_LIMIT, "step", draws=draws, horizon_h=SET_OVER_H, premedicated=True
    )
    little = record_arm(record, LITTLE_DISEASE, "flat_15", draws=draws, premedicated=True)
    asked = (
        engager_arm(record, plan, n_draws, premedication)
        for plan in PLANS
        if is_scored(plan)
        for premedication in (WITH, WITHOUT)
    )
    return Treatments(anchor, sets, little.with_burden(LITTLE, LITTLE_DISEASE), tuple(asked))


def engager_arm(record: Record, plan: DosePlan, n_draws: int, premedication: str) -> AskedArm:
    """A drug of blinatumomab's class by its plan, in draws of the class as the protocol has them.

    Times of the simulation are later than the regimen's by as much as the steroid comes before.
    """
    drug, file = record.drug(plan.drug), load_drug(plan.drug, inputs=record.inputs)
    base = record.draws(n_draws)["blinatumomab"]
    values = class_draws(base, drug, Scatter.of(file), seed=record.seed).values
    doses, given, shift_h, steroid = file.regimens[plan.regimen], plan.premedication, 0.0, None
    if premedication == WITH and given is not None:
        shift_h = max(0.0, given.lead_h - doses.first_dose_h)
        steroid = Steroid(record.dexamethasone, given.beside(doses.shifted(shift_h)))
    treatment = PatientArm(
        f"{plan.drug}, {premedication}",
        drug.unlocked(),
        doses.shifted(shift_h),
        dict(values),
        horizon_h(doses, plan.listed) + shift_h,
        steroid=steroid,
        intervals_h=tuple(
            (start + shift_h, end + shift_h) for start, end in intervals_h(doses, plan.listed)
        ),
    )
    return AskedArm(plan.drug, plan.regimen, premedication, treatment)


@dataclass(frozen=True)
class Found:
    """What came of the patients.

    Attributes:
        patients: who they are.
        anchored: all of them under the anchor.
        weighted: by what they are held to, all of them.
        treated: those drawn by their weights, under everything else.
    """

    patients: Patients
    anchored: Population
    weighted: Mapping[str, Weights]
    treated: Treated

    def limit(self, held_to: str) -> Limit:
        """What the published incidence sets."""
        population, weights = self.treated.of(held_to)
        return limit_from(population, weights, SETS_THE_LIMIT, published()[SETS].share)

    @property
    def held_to(self) -> tuple[str, ...]:
        """What the patients of some draw could be held to."""
        return tuple(name for name, some in self.treated.weights.items() if some.met.any())


def simulate_treatments(
    record: Record, given: Treatments, sizes: Sizes, first_draw: int = 0, **options: Any
) -> Found:
    """The patients under the anchor, weighted, drawn again, and under everything else.

    Args:
        record: whose network, solver and seed it is.
        given: the treatments, in as many draws as are asked for or more.
        sizes: how many of everything.
        first_draw: the first of so many draws.
        options: of :func:`qsp_lib.inference.sweep`.

    Raises:
        InputError: no draw meets the data.
    """
    options = {"lock": record.digest, "label": "patients"} | options
    patients = Patients(
        sizes.n_draws, sizes.each, record.seed, declared_factors(), first_draw=first_draw
    )
    anchor = simulator_of(record, (given.anchor,), patients.factors)
    anchored = simulate_population(anchor, patients, **part_of(options, ANCHOR))
    weighted = {
        name: weigh(anchored, rule, sizes.least_effective) for name, rule in HELD_TO.items()
    }
    chosen = {name: choose(some, sizes.drawn_again) for name, some in weighted.items()}
    others = simulator_of(record, given.others, patients.factors)
    treated = simulate_chosen(others, patients, chosen, **part_of(options, "others"))
    return Found(patients, anchored, weighted, treated)


# ---------------------------------------------------------------- as it is kept


def population_content(record: Record, given: Treatments, sizes: Sizes, found: Found) -> Any:
    """What is kept of it, as plain values with six significant digits."""
    limits = {name: found.limit(name) for name in found.held_to}
    return rounded(
        {
            "schema": SCHEMA,
            "lock": record.version,
            "lock_digest": record.digest,
            "rule": rule_content(record, given, sizes),
            "caveat": CAVEAT,
            "patients": {
                "simulated": len(found.patients),
                "drawn_again": found.treated.simulated,
                "failed": found.anchored.failed,
                "failed_of_drawn_again": found.treated.failed,
            },
            "mark": found.anchored.mark,
            "held_to": {name: _weights(found, name) for name in HELD_TO},
            "limit": {
                name: limit.over_draws().as_dict() | {"draws": _known(limit.index)}
                for name, limit in limits.items()
            },
            "open_incidences": list(_open(found, limits)),
            "incidences": list(_asked(found, given, limits)),
        },
        DIGITS,
    )


def rule_content(record: Record, given: Treatments, sizes: Sizes) -> dict[str, Any]:
    """All that was fixed beforehand, in words and as data."""
    known = published()
    return {
        "words": WORDS,
        "sizes": asdict(sizes),
        "seed": record.seed,
        "factors": [
            {key: value for key, value in asdict(factor).items() if key not in ("words", "note")}
            for factor in declared_factors()
        ],
        "spread": {
            "treatment": "blinatumomab clinical",
            "floor_pg_mL": FLOOR,
            "weights": "largest entropy",
            "inclusion": {name: rule.value for name, rule in HELD_TO.items()},
            "rows": [
                {"row": d.id, "time_h": d.time_h, "log10_sd": d.log10_sd, "used": d.used}
                for d in spread_data()
            ],
        },
        "limit": {
            "row": SETS,
            "share": known[SETS].share,
            "treatment": "blinatumomab step",
            "until_h": SET_OVER_H,
            "dexamethasone": {
                "mg": PREMEDICATED_UG / 1000.0,
                "hours_before_the_first_dose_and_each_increase": LEAD_H,
            },
        },
        "open_incidences": {
            "rows": {name: known[name].share for name in (ASKED, NARROW)},
            "treatment": "blinatumomab flat_15",
            "targets": LITTLE,
        },
        "incidences": [_doses_of(one) for one in given.asked],
        "percentages": dict(PATTERNS),
    }


def _doses_of(one: AskedArm) -> dict[str, Any]:
    """What is asked of a regimen; times (h) count from its first dose."""
    treatment = one.treatment
    first, steroid = treatment.intervals_h[0][0], treatment.steroid
    given = () if steroid is None else steroid.regimen.doses
    return {
        "drug": one.drug,
        "regimen": one.regimen,
        "premedication": one.premedication,
        "doses_h": [start - first for start, _ in treatment.intervals_h],
        "until_h": treatment.horizon_h - first,
        "dexamethasone": [
            {"mg": dose.amount_ug / 1000.0, "time_h": dose.time_h - first} for dose in given
        ],
    }


def _known(values: Any) -> list[float]:
    """The numbers of the draws that have one, in their order."""
    return [float(value) for value in values[np.isfinite(values)]]


def _weights(found: Found, name: str) -> dict[str, Any]:
    """Of the draws: which meet the data, and with how many effective patients."""
    some, again = found.weighted[name], found.treated.weights[name]
    over = spreads(found.anchored, some)
    return {
        "draws": some.counts,
        "failing": some.failing,
        "kept": [found.patients.first_draw + int(draw) for draw in np.flatnonzero(again.met)],
        "effective_patients": _quartiles(some),
        "effective_patients_drawn_again": _quartiles(again),
        "log10_sd": {
            datum.id: {"published": datum.log10_sd, "median": float(np.median(values))}
            for datum, values in over.items()
            if len(values)
        },
    }


def _quartiles(some: Weights) -> list[float]:
    """Quartiles over draws of the effective number of patients; empty if no draw meets the data."""
    good = some.effective[some.met]
    return [float(np.percentile(good, p)) for p in (25, 50, 75)] if len(good) else []


def _open(found: Found, limits: Mapping[str, Limit]) -> Iterator[dict[str, Any]]:
    """Little disease, beside the two open incidences that are asked for."""
    known = {name: published()[name].share for name in (ASKED, NARROW)}
    for held_to, limit in limits.items():
        some = shares(
            *found.treated.of(held_to),
            LITTLE_DISEASE,
            limit,
        )
        yield {"held_to": held_to, "published": known, **some.over_draws().as_dict()}


def _asked(
    found: Found, given: Treatments, limits: Mapping[str, Limit]
) -> Iterator[dict[str, Any]]:
    """Every incidence that is put on record: after any dose (no number), and after each."""
    for one in given.asked:
        doses = range(1, len(one.treatment.intervals_h) + 1)
        quantities: dict[int | None, str] = {None: INDEX} | {i: index_of(i) for i in doses}
        for dose, quantity in quantities.items():
            for held_to, limit in limits.items():
                some = shares(*found.treated.of(held_to), one.treatment.name, limit, quantity)
                yield {
                    "drug": one.drug,
                    "regimen": one.regimen,
                    "premedication": one.premedication,
                    "dose": dose,
                    "held_to": held_to,
                    **some.over_draws().as_dict(),
                    "median_error": some.median_error,
                    "draws": _known(some.share),
                }


# ---------------------------------------------------------------- putting it on record


def population_text(record: Record, sizes: Sizes | None = None, **options: Any) -> str:
    """The text of the file, from the record alone; options are of a sweep.

    Raises:
        LockError: a record that does not hold the engagers, or may not simulate them yet.
    """
    sizes = sizes or Sizes()
    given = treatments(record, sizes.n_draws)
    found = simulate_treatments(record, given, sizes, **options)
    return canonical_json(population_content(record, given, sizes, found))


def listed_population(version: str) -> Listed:
    """The file as `lock predict` makes it and puts it on record, after the protocol's own."""
    return Listed(
        f"population-{version}.json",
        TABLE,
        "",
        population_text,
        is_draws=False,
        same=_require_same,
        says=_summary,
    )


def _require_same(path: Path, text: str) -> None:
    require_same(path, json.loads(text), rtol=10.0 ** (1 - DIGITS))


def _summary(text: str) -> Mapping[str, Any]:
    """What the ledger says of it: the limit, and the share above it after any dose."""
    content = json.loads(text)
    primary = next(iter(HELD_TO))
    limit = content["limit"].get(primary, {})
    return {
        "table": TABLE,
        "forecast": "incidences",
        "limit": {key: limit.get(key) for key in ("low", "median", "high")},
        "incidence": {
            f"{row['drug']}, {row['premedication']}": row["median"]
            for row in content["incidences"]
            if row["dose"] is None and row["held_to"] == primary
        },
    }


def committed_incidences(record: Record, places: Places = PACKAGED) -> dict[str, Any]:
    """The file's content for a record, as it was put on record.

    Raises:
        LockError: there is none, or it was made from another record.
        SealError: it is not in the ledger, or not as it was put there.
    """
    path = places.predictions / listed_population(record.version).file
    if not path.is_file():
        raise LockError(f"no {path.name} is on file; make it with 'lock predict' first.")
    require_file("prediction", path, places.ledger)
    content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    if content["lock_digest"] != record.digest:
        raise LockError(f"{path.name} was made from another record than lock {record.version}.")
    return content


def incidence_of(
    content: Mapping[str, Any],
    drug: str,
    premedication: str,
    dose: int | None = None,
    held_to: str = next(iter(HELD_TO)),
) -> Mapping[str, Any]:
    """One of the incidences of the file.

    Raises:
        InputError: it holds none of these.
    """
    rows: Sequence[Mapping[str, Any]] = content["incidences"]
    asked = (drug, premedication, dose, held_to)
    for row in rows:
        if (row["drug"], row["premedication"], row["dose"], row["held_to"]) == asked:
            return row
    raise InputError(f"no incidence of {asked} is on record; the file holds {len(rows)} others.")
