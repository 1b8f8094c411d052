"""What is simulated for a drug of one's own: its inputs, draws, horizon and assumptions."""

from __future__ import annotations

import math
import os
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .. import __version__
from ..common import InputError, IntegrationError
from ..drugs import (
    FITTED_UNITS,
    DrugFile,
    FittedDraws,
    SourcedValue,
    class_value,
    load_dexamethasone,
    load_drug,
    shipped_drugs,
    with_events,
)
from ..evidence import DECLARED
from ..inference import draw, standard_normals
from ..model import (
    Bolus,
    Draws,
    DrugInputs,
    Infusion,
    NetworkParameters,
    Regimen,
    Solver,
    Structure,
    Trajectory,
    read_by,
    require_engine,
)
from ..protocol import Record, Scatter, class_draws
from .cover import NONE, Cover

Array = NDArray[np.float64]
FOLLOWED_H = 336.0
"""How long after the last dose a prediction runs if nothing else is asked (h)."""
INDEX_H = 168.0
"""What the records' own severity indices are over (h)."""
LONGEST_H = 10 * 365.25 * 24.0
SAME_TIME_H = 1e-6
"""Doses that begin this close together (h) are one step."""
OWN_RATES = ("k_act", "k_exh", "k_kill", "k_rec")
"""T-cell rates of a drug of one's own, in the order in which their normals are drawn."""
STEROID_DRAWN = {"IC50": "IC50_dex", "k_e0": "k_e0", "w": "w_dex"}
"""What is drawn of dexamethasone, by its name in the file, and its name in the equations."""
OF_CLASS = "blinatumomab"
"""The drug whose rates, scattered, are those of the record's other bispecifics."""
_NEUTRAL = {"h": 1.0}
"""Values that mean nothing to a T-cell part that does not read them."""


@dataclass(frozen=True)
class Assumption:
    """A number the prediction rests on that no published value of this drug stands behind.

    ``log10_sd`` is the width of the prior it is drawn from; None for one that is not drawn.
    """

    name: str
    value: float
    unit: str
    reason: str
    note: str
    log10_sd: float | None = None


@dataclass(frozen=True)
class Together:
    """Doses that begin at one time.

    Attributes:
        start_h: when (h).
        dose_ug: all of them (ug).
        length_h: of the longest of them (h); 0 for what is given at once.
        route: ``"IV"``, ``"SC"``, or both.
    """

    start_h: float
    dose_ug: float
    length_h: float
    route: str


@dataclass(frozen=True)
class Setup:
    """A drug, a regimen and a horizon, ready to be simulated from a record.

    ``network`` is an unlocked copy in place of the record's own; None for that. ``engine`` is one
    asked for by name; None for the record's.
    """

    record: Record
    file: DrugFile
    inputs: DrugInputs
    regimen: Regimen
    horizon_h: float
    cover: Cover = NONE
    regimen_key: str = "clinical"
    network: NetworkParameters | None = None
    engine: str | None = None

    @property
    def solver(self) -> Solver:
        """How it is integrated: as the record has it, with another engine if one was asked for."""
        solver = self.record.solver
        return solver if self.engine is None else replace(solver, engine=self.engine)

    def unlocked(self) -> Setup:
        """The same of explicitly unlocked copies, whose mark goes with everything made of it."""
        network = self.record.network if self.network is None else self.network
        return replace(self, inputs=self.inputs.unlocked(), network=network.unlocked())

    @property
    def shift_h(self) -> float:
        """How much later than on its own clock the drug is given, for what comes before it (h)."""
        return max(0.0, -(self.cover.first_h or 0.0))

    @property
    def regimen_source(self) -> tuple[str, ...]:
        """Where the regimen comes from."""
        return self.file.regimen_sources[self.regimen_key]

    @property
    def lag_h(self) -> float:
        """How much later than given every dose is absorbed (h); 0 where some are into a vein."""
        return min((self.inputs.lag_of(d.route) for d in together(self.regimen)), default=0.0)

    @property
    def steps(self) -> tuple[Together, ...]:
        """Every dose that acts within the horizon once, those that begin together as one."""
        return tuple(
            dose
            for dose in together(self.regimen)
            if dose.start_h + self.inputs.lag_of(dose.route) < self.horizon_h
        )

    @property
    def later_doses(self) -> int:
        """How many doses are given, or after their lag absorbed, only after the horizon."""
        times = (dose.time_h + _lag_of(dose, self.inputs) for dose in self.regimen.doses)
        return sum(time >= self.horizon_h for time in times)

    @property
    def cut_doses(self) -> int:
        """How many doses are still flowing at the horizon."""
        flowing = (d for d in self.regimen.doses if isinstance(d, Infusion))
        return sum(dose.start_h < self.horizon_h < dose.end_h - SAME_TIME_H for dose in flowing)

    def said(self) -> dict[str, Any]:
        """What every answer that is written as JSON says of what it was asked of.

        ``posterior`` is the hash of the kept sample that draws are of, or ``"Laplace"``.
        """
        sample = self.record.sample
        return {
            "schema": 1,
            "version": __version__,
            "drug": self.inputs.name,
            "file_sha256": self.file.sha256,
            "lock": self.record.summary,
            "engine": self.solver.engine,
            "posterior": "Laplace" if sample is None else sample["sha256"],
            "t_cell_part": self.record.network.t_cells,
            "cover": self.cover.as_dict(self.inputs.weight_kg),
        }

    def lines(self, n_draws: int) -> tuple[str, ...]:
        """What an answer that is printed says of the lock, the draws and the cover it rests on."""
        lock = self.record.summary
        return (
            f"network of lock {lock['version']} of {lock['date']} ({lock['digest'][:12]}); its "
            f"T-cell part: {self.record.network.t_cells}; {n_draws} draws",
            *self.cover.lines(self.inputs.weight_kg),
        )

    def simulate(self, draws: Draws | None, *, treated: bool) -> Trajectory:
        """The course at the locked values, or for each draw; times from the earlier first dose."""
        weight = self.inputs.weight_kg
        cover = self.cover if treated else NONE
        return self.record.run(
            self.inputs,
            self.regimen.shifted(self.shift_h),
            network=self.network,
            rescue=cover.rescue(self.record.tocilizumab, weight, self.shift_h),
            steroid=cover.steroid(weight, self.shift_h),
            draws=draws,
            horizon_h=self.horizon_h + self.shift_h,
            solver=self.solver,
        )


def prepare(
    drug: str | os.PathLike[str],
    record: Record,
    *,
    regimen: str = "clinical",
    cover: Cover = NONE,
    horizon_h: float | None = None,
    class_defaults: bool = False,
    engine: str | None = None,
) -> Setup:
    """Everything a prediction is made from, checked; arguments as of ``predict``."""
    if engine is not None:
        require_engine(engine)
    file = load_drug(drug, class_defaults=class_defaults, inputs=record.inputs)
    file, inputs = inputs_of(drug, file, record)
    if regimen.lower().endswith(".csv"):
        file, regimen = with_events(file, regimen)
    if regimen not in file.regimens:
        raise InputError(
            f"{inputs.label} has no regimen {regimen!r}; it has {', '.join(file.regimens)}."
        )
    doses = file.regimens[regimen]
    horizon_h = _horizon(inputs, regimen, doses, horizon_h)
    cover.require_before(horizon_h)
    setting = Setup(record, file, inputs, doses, horizon_h, cover, regimen, engine=engine)
    # an amount that cannot be read is refused before anything is simulated
    list(cover.lines(inputs.weight_kg))
    return setting


def inputs_of(
    drug: str | os.PathLike[str], file: DrugFile, record: Record
) -> tuple[DrugFile, DrugInputs]:
    """A drug's inputs as they are predicted with, and its file with what that adds to it.

    Raises:
        InputError: a drug of one's own with a role of the package's drugs, or with a number that
            the record's T-cell part does not read.
    """
    if os.fspath(drug) in shipped_drugs(record.inputs):
        return file, record.drug(os.fspath(drug))
    return _own(file, record)


def together(regimen: Regimen) -> tuple[Together, ...]:
    """Every dose of a regimen once, those that begin at one time as one.

    >>> from qsp_lib.model.dosing import Bolus, Infusion, Regimen
    >>> [d.dose_ug for d in together(Regimen.of(Bolus(0, 10), Infusion(0, 4, 20), Bolus(24, 5)))]
    [30, 5]
    """
    groups: list[list] = []
    for dose in regimen.doses:
        if groups and dose.time_h - groups[-1][0].time_h <= SAME_TIME_H:
            groups[-1].append(dose)
        else:
            groups.append([dose])
    return tuple(
        Together(
            float(group[0].time_h),
            sum(dose.amount_ug for dose in group),
            max(dose.duration_h if isinstance(dose, Infusion) else 0.0 for dose in group),
            " and ".join(sorted({getattr(dose, "route", "IV") for dose in group})),
        )
        for group in groups
    )


def end_of(regimen: Regimen, inputs: DrugInputs | None = None) -> float:
    """When the last of it has been given, and of a drug the lag is over too (h); 0 for no doses."""
    ends = (
        (d.end_h if isinstance(d, Infusion) else d.time_h) + _lag_of(d, inputs)
        for d in regimen.doses
    )
    return max(ends, default=0.0)


def _lag_of(dose: Bolus | Infusion, inputs: DrugInputs | None) -> float:
    return 0.0 if inputs is None else inputs.lag_of(getattr(dose, "route", "IV"))


def default_horizon(regimen: Regimen, inputs: DrugInputs | None = None) -> float:
    """Two weeks after the last dose has been given and its lag is over (h)."""
    return end_of(regimen, inputs) + FOLLOWED_H


def _horizon(inputs: DrugInputs, key: str, doses: Regimen, asked_h: float | None) -> float:
    """How long to follow: as asked, or every dose and two weeks, as far as a table goes."""
    horizon_h = default_horizon(doses, inputs) if asked_h is None else asked_h
    if asked_h is None and horizon_h > LONGEST_H:
        raise InputError(
            f"Regimen {key!r} ends at {end_of(doses):g} h and would be followed for "
            f"{horizon_h:g} h; expected at most {LONGEST_H:g} h (ten years). Ask for a shorter "
            "horizon, and the doses after it are counted."
        )
    table = inputs.table
    if asked_h is None and table is not None:
        known_h = table.known_until(doses.first_dose_h)
        if known_h <= doses.doses[-1].time_h:
            raise InputError(
                f"The concentration table ends at {known_h:g} h and the last dose of regimen "
                f"{key!r} is at {doses.doses[-1].time_h:g} h; expected a table that covers every "
                "dose, or that says how it ends."
            )
        horizon_h = min(horizon_h, known_h)
    if not (math.isfinite(horizon_h) and 0 < horizon_h <= LONGEST_H):
        raise InputError(
            f"A horizon of {horizon_h:g} h was asked for; expected more than 0 and at most "
            f"{LONGEST_H:g} h (ten years)."
        )
    first_h = min(dose.time_h + _lag_of(dose, inputs) for dose in doses.doses)
    if first_h >= horizon_h:
        lag = f" and absorbed from {first_h:g} h on" if first_h > doses.first_dose_h else ""
        raise InputError(
            f"The first dose of regimen {key!r} is at {doses.first_dose_h:g} h{lag}; expected it "
            f"within the {horizon_h:g} h that are followed."
        )
    return horizon_h


def draws_for(setting: Setup, n_draws: int, seed: int | None = None) -> Draws:
    """Joint draws ``(n_draws,)`` of the network and of the drug's T-cell rates.

    The posterior draws are those of the record for every drug, so that two drugs predicted with
    one seed can be compared draw by draw. With dexamethasone its declared priors are drawn too.
    """
    record, file = setting.record, setting.file
    if file.fitted is not None:
        draws = _fitted_draws(setting, file.fitted, n_draws, seed)
        return _with_steroid(setting, draws, n_draws, record.seed if seed is None else seed)
    seed = record.seed if seed is None else seed
    joint = record.draws(n_draws, seed)
    if setting.inputs.lock is not None:
        name = setting.inputs.name
        if name in joint:
            return _with_steroid(setting, joint[name], n_draws, seed)
        base, scatter = joint[OF_CLASS], Scatter.of(file)
        draws = class_draws(base, setting.inputs, scatter, seed=seed)
        return _with_steroid(setting, draws, n_draws, seed)
    values: dict[str, Array] = {}
    middle: Array | float
    normals = standard_normals(n_draws, len(OWN_RATES), seed + 2)
    for name, prior in file.priors.items():
        owner = file.same_as.get(name)
        if owner is not None and name in joint[owner].values:
            middle, sd = joint[owner].values[name], file.same_as_log10_sd.get(name, 0.0)
        elif owner is None and prior.status != "fixed":
            middle, sd = prior.median, prior.log10_sd
        else:
            continue
        values[name] = middle * 10.0 ** (sd * normals[:, OWN_RATES.index(name)])
    draws = next(iter(joint.values())).for_own_drug(values)
    return _with_steroid(setting, draws, n_draws, seed)


def require_lock_of_fit(file: DrugFile, record: Record) -> None:
    """Raise unless what was fitted was fitted with the network of this record.

    Raises:
        InputError: another record.
    """
    if file.fitted is not None and file.fitted.lock != record.digest:
        raise InputError(
            f"{file.inputs.label} was fitted with the network of another lock "
            f"({file.fitted.lock[:12]}); this is lock {record.version} ({record.digest[:12]}). Fit "
            "its data again: qsp-crs fit."
        )


def _fitted_draws(setting: Setup, fitted: FittedDraws, n_draws: int, seed: int | None) -> Draws:
    """The first draws of a fit, or of another seed the same ones in another order."""
    rows = _rows_of_fit(setting, fitted, n_draws, seed)
    network = next(iter(record_draws(setting, n_draws, seed).values()))
    return network.for_own_drug(
        {name: np.array(values)[rows] for name, values in fitted.values.items()}
    )


def _rows_of_fit(
    setting: Setup, fitted: FittedDraws, n_draws: int, seed: int | None
) -> NDArray[np.int_]:
    if n_draws > len(fitted):
        raise InputError(
            f"{n_draws} draws were asked for; expected at most {len(fitted)}, which the fit of "
            f"{setting.inputs.label} kept."
        )
    return np.arange(n_draws) if seed is None else draw(len(fitted), n_draws, seed)


def record_draws(setting: Setup, n_draws: int, seed: int | None = None) -> dict[str, Draws]:
    """The record's draws, for every drug, whose networks :func:`draws_for` has one by one.

    Raises:
        InputError: more draws than a fit kept.
    """
    fitted = setting.file.fitted
    if fitted is None:
        return setting.record.draws(n_draws, seed)
    members = np.array(fitted.members)[_rows_of_fit(setting, fitted, n_draws, seed)]
    joint = setting.record.draws(fitted.network_draws, fitted.seed)
    return {name: drawn[members] for name, drawn in joint.items()}


def _with_steroid(setting: Setup, draws: Draws, n_draws: int, seed: int) -> Draws:
    if not setting.cover.dexamethasone_h or "IC50_dex" in draws.values:
        return draws  # since lock v2 the record draws the steroid's inputs with all others
    priors = load_dexamethasone().priors
    normals = standard_normals(n_draws, len(priors), seed + 3)
    values: dict[str, Array] = {}
    for i, (name, prior) in enumerate(sorted(priors.items())):
        values[STEROID_DRAWN[name]] = prior.median * 10.0 ** (prior.log10_sd * normals[:, i])
    # a share has no meaning above 1
    values["w_dex"] = np.minimum(values["w_dex"], 1.0)
    return draws.beside(values)


def as_predicted(file: DrugFile, inputs: DrugInputs) -> dict[str, tuple[float, str]]:
    """Value and unit of what a prediction need not take from the drug's file as it stands.

    T-cell rates, which may be another drug's, and of a drug on record whatever else was fitted.
    """
    on_record = inputs.lock is not None
    return {
        name: (float(getattr(inputs, name)), FITTED_UNITS[name])
        for name, prior in file.priors.items()
        if name in OWN_RATES or (on_record and prior.status == "estimated" and name in FITTED_UNITS)
    }


def assumptions(setting: Setup) -> tuple[Assumption, ...]:
    """Every number that is assumed, borrowed or taken from the drug's class."""
    found, used = [], as_predicted(setting.file, setting.inputs)
    for name, given in setting.file.sources.items():
        owner = given.same_as
        reasons = ["class default"] if name in setting.file.class_defaults else []
        if owner is not None:
            reasons.append(
                f"as fitted to {owner}" if owner != "okt3" else f"as assumed for {owner}"
            )
        elif DECLARED in given.source and not reasons:
            fitted = given.status == "estimated" and setting.inputs.lock is not None
            reasons += ["fitted, from a declared prior" if fitted else DECLARED]
        own_fit = setting.file.fitted
        if own_fit is not None and name in own_fit.estimated:
            reasons.append(", ".join(own_fit.source))
        if reasons:
            value, unit = used.get(name, (given.value, given.unit))
            note = " ".join(given.note.split())
            around = setting.file.same_as_log10_sd  # of the factor about the other drug's
            width = given.log10_sd if owner is None else around.get(name)
            found.append(Assumption(name, value, unit, ", ".join(reasons), note, width))
    if setting.cover.dexamethasone_h:
        for name, given in load_dexamethasone().sources.items():
            if DECLARED in given.source and name != "weight":
                note = " ".join(given.note.split())
                found.append(
                    Assumption(
                        f"dexamethasone {name}",
                        given.value,
                        given.unit,
                        DECLARED,
                        note,
                        given.log10_sd,
                    )
                )
    return tuple(found)


def require_solved(course: Trajectory, inputs: DrugInputs) -> None:
    """Raise unless a course at the locked point was solved to its end.

    Raises:
        IntegrationError: why it was not, and how fast the drug's own states are at most.
    """
    failed = next((outcome for outcome in course.outcomes if not outcome.completed), None)
    if failed is None:
        return
    why = failed.value.partition(";")[0]  # the rest is for who chooses tolerances
    fastest = np.max(np.hstack(course.task.structure.following(course.task.p, of_drug=True)))
    raise IntegrationError(
        f"{inputs.label}: its course at the locked values could not be solved ({why}). The fastest "
        f"rate of its exposure and T cells is {fastest:.3g} 1/h; look for a number whose unit has "
        "slipped."
    )


def structure_of(inputs: DrugInputs, record: Record) -> Structure:
    """The parts that this drug alone is simulated with from this record."""
    network = record.network
    return Structure(inputs.mechanism, network.feedback, network.t_cells, inputs.exposure)


def _own(file: DrugFile, record: Record) -> tuple[DrugFile, DrugInputs]:
    """A drug of one's own with its borrowed rates as the record has them.

    What its T-cell part reads and its file leaves out comes from the class, and is named.

    Raises:
        InputError: a role that belongs to a drug of the package, or a number that the record's
            T-cell part does not read.
    """
    if file.inputs.role != "user":
        raise InputError(
            f"{file.inputs.label} has the role {file.inputs.role!r}, which belongs to a drug that "
            'comes with the package; expected role = "user", or that drug by its name.'
        )
    require_lock_of_fit(file, record)
    borrowed = {name: getattr(record.drug(owner), name) for name, owner in file.same_as.items()}
    inputs = file.inputs.replace(**borrowed)
    structure = structure_of(inputs, record)
    read, sources = read_by(structure), dict(file.sources)
    for name in ("h", "K_B"):
        value = getattr(inputs, name)
        if name in read and value is None:
            number, sources[name] = class_value(inputs.mechanism, "potency", name)
            inputs = inputs.replace(**{name: number})
        elif name not in read and value is not None and value != _NEUTRAL.get(name):
            if name in file.class_defaults:  # not the drug's own, and of no use here
                del sources[name]
                continue
            wanted = f"{_NEUTRAL[name]:g}" if name in _NEUTRAL else "no such number"
            raise InputError(
                f"{inputs.label}: {name} is {value:g}, and the T-cell part of lock "
                f"{record.version} ({structure.t_cells}) does not read it for a "
                f"{inputs.mechanism}, so that it would change nothing; expected {wanted}."
            )
    return _with_sources(file, sources), inputs


def _with_sources(file: DrugFile, sources: dict[str, SourcedValue]) -> DrugFile:
    return file if sources == dict(file.sources) else file.with_sources(sources)
