"""A drug in a population: quantiles over patients, and the share above a limit, with intervals.

The patients are those of blinatumomab, whose spread of IL-6 is published: they are weighted by it
within each draw, and some of them, drawn by their weights, get the drug that was asked for. What is
printed, the JSON and the table are made from the same rows.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ..analyses import (
    ANCHOR,
    CAVEAT,
    LEAST_EFFECTIVE,
    Limit,
    OverDraws,
    PatientArm,
    Patients,
    Rule,
    Treated,
    Weights,
    choose,
    declared_factors,
    knows_steroid,
    limit_from,
    published,
    quantile_over_draws,
    record_arm,
    require_effective,
    share_over_draws,
    shares,
    simulate_chosen,
    simulate_population,
    simulator_of,
    spread_data,
    weigh,
)
from ..common import InputError, canonical_json, percent, plain, rounded, short
from ..inference import part_of
from ..model import engine_words, require_lock
from .predicting import NOT_FOR, most_draws
from .report import aligned
from .setting import Setup, draws_for, record_draws, require_solved, structure_of

N_POPULATION_DRAWS, N_PATIENTS, N_AGAIN = 40, 1000, 100
"""Draws; patients in each, who are weighted; and how many of these are drawn by their weights."""
MOST_PATIENTS = 100_000
PERCENTILES = (5, 50, 95)
SETS_THE_LIMIT = "limit"
"""The treatment whose published incidence sets the limit: blinatumomab, 9 and then 28 ug/d."""
_SET_OVER_H = 336.0
_OWN = ("untreated", "treated")
_DIGITS = 6
NOTHING = "nothing"
HELD_TO = {NOTHING: None, "spread": Rule.ALL, "spread, as seen": Rule.SEEN}
"""What the patients are held to: equal weights, and the open spread by two rules of inclusion."""
COVERS_PEOPLE = (
    "5-95 % is over draws of the posterior: how well the number is known. The percentile is over "
    "patients: how they differ. How much they differ is declared for every factor, and held to "
    "blinatumomab's spread alone; other diseases and other drugs are taken to spread alike."
)


@dataclass(frozen=True)
class PopulationRow:
    """One number of the population.

    Attributes:
        held_to: what the patients are held to, a key of :data:`HELD_TO`.
        arm: ``untreated`` or ``treated``, or ``limit`` for the limit itself.
        quantity: what it is.
        unit: its unit.
        value: over draws.
    """

    held_to: str
    arm: str
    quantity: str
    unit: str
    value: OverDraws

    def as_dict(self) -> dict[str, Any]:
        """As JSON and the table have it: six significant digits."""
        names = {"held_to": self.held_to, "arm": self.arm, "quantity": self.quantity}
        numbers = rounded(self.value.as_dict(), _DIGITS)
        return {**names, "unit": self.unit, **numbers}


@dataclass(frozen=True)
class PopulationAnswer:
    """What the model says of a drug in a population.

    Attributes:
        setting: the drug, its doses, its cover, the record.
        patients: who they are.
        rows: every number.
        weights: by what they are held to.
        limit: the limit that was given; None for the one that a published incidence sets.
        treated: patients who got the drug: drawn by their weights, each counted once.
        failed: patients of whom a treatment did not complete.
        idle: factors that change nothing for this drug.
        mark: words to show wherever unlocked values went in.
        engine_words: what has to be said of an engine that was asked for by name; else empty.
    """

    setting: Setup
    patients: Patients
    rows: tuple[PopulationRow, ...]
    weights: Mapping[str, Weights]
    limit: float | None
    treated: int
    failed: int
    idle: tuple[str, ...]
    mark: str
    engine_words: str = ""

    def row(self, held_to: str, arm: str, quantity: str) -> PopulationRow:
        """One of the rows.

        Raises:
            InputError: there is none.
        """
        for row in self.rows:
            if (row.held_to, row.arm, row.quantity) == (held_to, arm, quantity):
                return row
        raise InputError(f"no number {quantity!r} of {arm!r} held to {held_to!r}.")


@dataclass(frozen=True)
class PopulationQuestion:
    """What is asked of a drug in virtual patients.

    Attributes:
        setting: what was prepared; see `prepare`.
        n_draws: draws of the posterior.
        n_patients: patients in each, who get blinatumomab and are weighted by it; up to
            :data:`N_AGAIN` of them, drawn by their weights, get the drug.
        seed: of draws and patients; the record's own by default.
        limit: severity index to count patients above; by default the one that 15 % pass on
            blinatumomab, 9 and then 28 ug/d (EA038), draw by draw.
        least_effective: Kish's number below which a draw has too few patients.

    Raises:
        InputError: a number out of range; more effective patients than there are.
    """

    setting: Setup
    n_draws: int = N_POPULATION_DRAWS
    n_patients: int = N_PATIENTS
    seed: int | None = None
    limit: float | None = None
    least_effective: float = LEAST_EFFECTIVE

    def __post_init__(self) -> None:
        for what, value, largest in (
            ("draws", self.n_draws, most_draws(self.setting.record)),
            ("patients in each draw", self.n_patients, MOST_PATIENTS),
        ):
            if not 1 <= value <= largest:
                raise InputError(f"{value} {what} were asked for; expected 1 to {largest}.")
        if self.seed is not None and self.seed < 0:
            raise InputError(f"The seed {self.seed} was given; expected 0 or more.")
        if self.limit is not None and not 0 < self.limit < 10:
            raise InputError(
                f"A limit of {self.limit:g} was given; expected a severity index above 0."
            )
        require_effective(self.least_effective, self.n_patients)

    @property
    def patients(self) -> Patients:
        """Who they are."""
        seed = self.setting.record.seed if self.seed is None else self.seed
        return Patients(self.n_draws, self.n_patients, seed, declared_factors())


def populate(asked: PopulationQuestion, **options: Any) -> PopulationAnswer:
    """A drug in virtual patients.

    Args:
        asked: the drug, its doses, how many patients, which limit.
        options: of :func:`qsp_lib.inference.sweep`.

    Raises:
        IntegrationError: the drug's course cannot be solved at the locked values.
    """
    setting, patients, limit = asked.setting, asked.patients, asked.limit
    structure = structure_of(setting.inputs, setting.record)
    require_lock(setting.inputs, setting.record.network, setting.regimen, structure)
    require_solved(setting.simulate(None, treated=False), setting.inputs)
    record, drawn = setting.record, (patients.n_draws, patients.seed)
    options = {"lock": record.digest, "label": "patients"} | options
    draws = record_draws(setting, *drawn)
    times_h = tuple(datum.time_h for datum in spread_data())
    anchor = record_arm(record, ANCHOR, draws=draws, horizon_h=max(times_h), times_h=times_h)
    of_anchor = simulator_of(record, (anchor,), patients.factors, setting.solver)
    anchored = simulate_population(of_anchor, patients, **part_of(options, ANCHOR))
    weights = {
        words: anchored.even if rule is None else weigh(anchored, rule, asked.least_effective)
        for words, rule in HELD_TO.items()
    }
    again = min(N_AGAIN, patients.each)
    chosen = {words: choose(some, again) for words, some in weights.items()}
    arms = [*_own_arms(setting, *drawn)]
    if limit is None:
        arms.append(
            record_arm(
                record,
                SETS_THE_LIMIT,
                "step",
                draws=draws,
                horizon_h=_SET_OVER_H,
                premedicated=True,
            )
        )
    simulator = simulator_of(record, tuple(arms), patients.factors, setting.solver)
    found = simulate_chosen(simulator, patients, chosen, **part_of(options, "drug"))
    names = [arm.name for arm in arms if arm.name in _OWN]
    return PopulationAnswer(
        setting,
        patients,
        tuple(_rows(found, names, limit)),
        weights,
        limit,
        found.simulated,
        anchored.failed + found.failed,
        simulator.idle[_OWN[0]],
        simulator.mark,
        engine_words(
            setting.solver.engine,
            anchored.stood_in + found.stood_in,
            len(patients) + len(arms) * found.simulated,
        ),
    )


def _own_arms(setting: Setup, n_draws: int, seed: int) -> Iterator[PatientArm]:
    """The drug that was asked for, without and, if asked for, with cover."""
    inputs, shift_h = setting.inputs.unlocked(), setting.shift_h
    values = dict(draws_for(setting, n_draws, seed).values)
    doses, end_h = setting.regimen.shifted(shift_h), setting.horizon_h + shift_h
    alone = PatientArm("untreated", inputs, doses, values, end_h)
    yield alone
    if setting.cover.words:
        rescue = setting.cover.rescue(setting.record.tocilizumab, inputs.weight_kg, shift_h)
        steroid = setting.cover.steroid(inputs.weight_kg, shift_h)
        yield replace(alone, name="treated", rescue=rescue, steroid=steroid)


def _rows(found: Treated, arms: list[str], limit: float | None) -> Iterator[PopulationRow]:
    for words in HELD_TO:
        people, some = found.of(words)
        if not some.met.any():
            continue
        w = some.weights
        set_by: Limit | None = None
        if limit is None:
            set_by = limit_from(people, some, SETS_THE_LIMIT, published()["EA038"].share)
            yield PopulationRow(words, "limit", "severity index", "1", set_by.over_draws())
        for arm in arms:
            index, peak = people.of(arm, "index"), people.of(arm, "il6_peak")
            for p in PERCENTILES:
                value = quantile_over_draws(index, w, p / 100)
                yield PopulationRow(words, arm, f"severity index, percentile {p}", "1", value)
            for p in PERCENTILES:
                value = quantile_over_draws(peak, w, p / 100)
                yield PopulationRow(words, arm, f"highest IL-6, percentile {p}", "pg/mL", value)
            if set_by is not None:
                above = shares(people, some, arm, set_by).over_draws()
            else:
                above = share_over_draws(index, w, np.full(len(index), limit))
            yield PopulationRow(words, arm, "share above the limit", "1", above)


def population_dict(found: PopulationAnswer) -> dict[str, Any]:
    """The answer as plain values."""
    setting, patients = found.setting, found.patients
    return {
        **setting.said(),
        "label": setting.inputs.label,
        "regimen": setting.regimen_key,
        "horizon_h": setting.horizon_h,
        "doses_after_horizon": setting.later_doses,
        "mark": found.mark,
        "draws": patients.n_draws,
        "patients_in_each": patients.each,
        "patients_treated": found.treated,
        "failed_patients": found.failed,
        "seed": patients.seed,
        "limit": found.limit,
        "limit_set_by": None if found.limit is not None else _set_by(found),
        "factors": [
            {
                "name": factor.name,
                "log10_sd": factor.log10_sd,
                "lowest": factor.lowest,
                "highest": factor.highest,
                "scales": list(factor.scales),
                "source": list(factor.sources),
                "read": factor.name not in found.idle,
            }
            for factor in patients.factors
        ],
        "weights": {words: _weights_dict(some) for words, some in found.weights.items()},
        "rows": [row.as_dict() for row in found.rows],
        **({"engine_words": found.engine_words} if found.engine_words else {}),
        "interval": COVERS_PEOPLE,
        "caveat": CAVEAT,
        "not_for": NOT_FOR,
    }


def _weights_dict(some: Weights) -> dict[str, Any]:
    good = some.effective[some.met]
    return {
        "rule": None if some.rule is None else some.rule.value,
        "draws": some.counts,
        "failing": some.failing,
        "effective_patients": rounded(float(np.median(good)), _DIGITS) if len(good) else None,
    }


def _set_by(found: PopulationAnswer) -> str:
    given = published()["EA038"]
    words = f"{percent(given.share)} of patients on blinatumomab, 9 then 28 ug/d ({given.id})"
    if knows_steroid(found.setting.record):
        return f"{words}, with dexamethasone before each increase"
    return f"{words}; lock {found.setting.record.version} knows no steroid, so without it"


def population_json(found: PopulationAnswer) -> str:
    """:func:`population_dict` as text."""
    return canonical_json(plain(population_dict(found), found.setting.inputs.name))


def population_csv(found: PopulationAnswer) -> str:
    """The rows: a header, then one row a number."""
    rows = [row.as_dict() for row in found.rows]
    buffer = io.StringIO(newline="")
    writer = csv.DictWriter(buffer, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return buffer.getvalue()


def population_text(found: PopulationAnswer) -> str:
    """The answer for a terminal."""
    setting, patients = found.setting, found.patients
    left = f", {setting.later_doses} doses after it left out" if setting.later_doses else ""
    lines = [
        f"{setting.inputs.label}, {setting.regimen.label} (regimen {setting.regimen_key}): "
        f"{patients.each} patients in each of {patients.n_draws} draws, of whom {found.treated} "
        f"were drawn by their weights and got it; {found.failed} failed",
        *setting.lines(patients.n_draws),
        f"{found.mark}; followed for {short(setting.horizon_h)} h{left}",
        *([found.engine_words] if found.engine_words else []),
        "",
        *_weights_lines(found),
        "",
    ]
    rows = [["held to", "course", "", "median", "5-95 %", "Monte-Carlo error", "unit"]]
    for row in found.rows:
        v = row.value
        over = f"{short(v.low)} to {short(v.high)}"
        middle = [row.quantity, short(v.median), over, short(v.monte_carlo)]
        rows.append([row.held_to, row.arm, *middle, row.unit])
    lines += aligned(rows)
    lines += ["", COVERS_PEOPLE, *_limit_lines(found), ""]
    lines += ["What varies between patients (log10 sd):", *_factor_lines(found), "", NOT_FOR]
    return "\n".join(lines) + "\n"


def _weights_lines(found: PopulationAnswer) -> Iterator[str]:
    names = ", ".join(datum.name for datum in spread_data() if datum.used)
    yield f"The spread of IL-6 on blinatumomab, flat 60 ug/m2/d: {names}."
    for words, some in found.weights.items():
        if some.rule is None:
            continue
        counts, good = some.counts, some.effective[some.met]
        effective = f", {short(float(np.median(good)))} effective patients" if len(good) else ""
        yield f"  {words} ({some.rule.value}): met in {counts['met']} draws{effective}"
        if counts["no_solution"]:
            failing = ", ".join(f"{name} in {n}" for name, n in some.failing.items())
            yield f"    no weights meet it in {counts['no_solution']}; what fails: {failing}"
        if counts["too_few"]:
            yield f"    too few effective patients in {counts['too_few']}"
        if not len(good):
            yield "    no draw meets it, so nothing is said of it: ask for more patients or draws"


def _limit_lines(found: PopulationAnswer) -> Iterator[str]:
    if found.limit is not None:
        yield f"The limit, {short(found.limit)}, was given."
        return
    yield f"The limit is the index that is passed by {_set_by(found)}."
    yield CAVEAT


def _factor_lines(found: PopulationAnswer) -> list[str]:
    rows = []
    for factor in found.patients.factors:
        unread = "not read by this drug's model" if factor.name in found.idle else ""
        sources = ", ".join(factor.sources)
        rows.append([f"  {factor.words}", short(factor.log10_sd), sources, unread])
    return aligned(rows)


def names_of_population(drug: str, regimen: str) -> tuple[str, str]:
    """Files that the command writes for a drug and a regimen."""
    return f"population-{drug}-{regimen}.json", f"population-{drug}-{regimen}.csv"
