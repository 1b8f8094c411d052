"""What is simulated for a drug of one's own: its inputs, draws, horizon and assumptions."""

from __future__ import annotations

import math
import os
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..common import InputError
from ..drugs import DrugFile, load_drug, load_tocilizumab, shipped_drugs
from ..evidence import DECLARED
from ..inference import standard_normals
from ..model import Draws, DrugInputs, Infusion, Regimen, Rescue, Trajectory
from ..protocol import Record

Array = NDArray[np.float64]
FOLLOWED_H = 168.0
"""How long after the last rise of dose a prediction runs if nothing else is asked (h)."""
LONGEST_H = 2 * 365 * 24.0
_OWN_RATES = ("k_act", "k_exh", "k_kill", "k_rec")


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
class Setup:
    """A drug, a regimen and a horizon, ready to be simulated from a record."""

    record: Record
    file: DrugFile
    inputs: DrugInputs
    regimen: Regimen
    horizon_h: float
    tocilizumab_h: float | None = None

    @property
    def shift_h(self) -> float:
        """How much later than on its own clock the drug is given, for tocilizumab before it (h)."""
        return max(0.0, -(self.tocilizumab_h or 0.0))

    def simulate(self, draws: Draws | None, *, treated: bool) -> Trajectory:
        """The course at the locked values, or for each draw; times from the earlier first dose."""
        rescue = None
        if treated:
            assert self.tocilizumab_h is not None
            dose = load_tocilizumab().regimens["clinical"]
            rescue = Rescue(
                self.record.tocilizumab, dose.shifted(self.tocilizumab_h + self.shift_h)
            )
        return self.record.run(
            self.inputs,
            self.regimen.shifted(self.shift_h),
            rescue=rescue,
            draws=draws,
            horizon_h=self.horizon_h + self.shift_h,
        )


def prepare(
    drug: str | os.PathLike[str],
    record: Record,
    *,
    regimen: str = "clinical",
    tocilizumab_h: float | None = None,
    horizon_h: float | None = None,
    class_defaults: bool = False,
) -> Setup:
    """Everything a prediction is made from, checked; arguments as of ``predict``."""
    file = load_drug(drug, class_defaults=class_defaults)
    if os.fspath(drug) in shipped_drugs():
        inputs = record.drug(os.fspath(drug))
    else:
        inputs = _own_inputs(file, record)
    if regimen not in file.regimens:
        raise InputError(
            f"{inputs.label} has no regimen {regimen!r}; it has {', '.join(file.regimens)}."
        )
    doses = file.regimens[regimen]
    horizon_h = default_horizon(doses) if horizon_h is None else horizon_h
    if not (math.isfinite(horizon_h) and 0 < horizon_h <= LONGEST_H):
        raise InputError(
            f"A horizon of {horizon_h:g} h was asked for; expected more than 0 and at most "
            f"{LONGEST_H:g} h (two years)."
        )
    if doses.first_dose_h >= horizon_h:
        raise InputError(
            f"The first dose of regimen {regimen!r} is at {doses.first_dose_h:g} h; expected it "
            f"within the {horizon_h:g} h that are followed."
        )
    if tocilizumab_h is not None and not -FOLLOWED_H <= tocilizumab_h < horizon_h:
        raise InputError(
            f"Tocilizumab at {tocilizumab_h:g} h was asked for; expected a time from "
            f"{-FOLLOWED_H:g} h to before the end at {horizon_h:g} h."
        )
    return Setup(record, file, inputs, doses, horizon_h, tocilizumab_h)


def rises(regimen: Regimen) -> tuple[float, ...]:
    """Times (h) of the first dose and of every dose larger than all before it.

    A longer infusion at the same rate is not larger.

    >>> from qsp_lib.model.dosing import Bolus, Regimen
    >>> rises(Regimen.of(Bolus(0, 10), Bolus(24, 10), Bolus(48, 300), Bolus(72, 300)))
    (0.0, 48.0)
    """
    times: list[float] = []
    amount = rate = 0.0
    for dose in regimen.doses:
        new_rate = dose.rate_ug_per_h if isinstance(dose, Infusion) else math.inf
        if dose.amount_ug > amount and new_rate > rate * (1 + 1e-9):
            times.append(float(dose.time_h))
        amount = max(amount, dose.amount_ug)
        rate = max(rate, new_rate) if math.isfinite(new_rate) else rate
    return tuple(times)


def default_horizon(regimen: Regimen) -> float:
    """A week after the last rise of dose (h), and at least a week; at most two years."""
    return min(max((0.0, *rises(regimen))) + FOLLOWED_H, LONGEST_H)


def draws_for(setting: Setup, n_draws: int, seed: int | None = None) -> Draws:
    """Joint draws ``(n_draws,)`` of the network and of the drug's T-cell rates.

    The posterior draws are those of the record for every drug, so that two drugs predicted with
    one seed can be compared draw by draw.
    """
    record, file = setting.record, setting.file
    seed = record.seed if seed is None else seed
    joint = record.draws(n_draws, seed)
    if setting.inputs.lock is not None:
        return joint[setting.inputs.name]
    values: dict[str, Array] = {}
    normals = standard_normals(n_draws, len(_OWN_RATES), seed + 2)
    for name, prior in file.priors.items():
        owner = file.same_as.get(name)
        if owner is not None and name in joint[owner].values:
            values[name] = joint[owner].values[name]
        elif owner is None and prior.status != "fixed":
            column = normals[:, _OWN_RATES.index(name)]
            values[name] = prior.median * 10.0 ** (prior.log10_sd * column)
    return next(iter(joint.values())).for_own_drug(values)


def assumptions(setting: Setup) -> tuple[Assumption, ...]:
    """Every number of the drug that is assumed, borrowed or taken from its class."""
    found = []
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
        if reasons:
            is_rate = name in _OWN_RATES
            value = float(getattr(setting.inputs, name)) if is_rate else given.value
            unit, note = "1/h" if is_rate else given.unit, " ".join(given.note.split())
            width = given.log10_sd if owner is None else None
            found.append(Assumption(name, value, unit, ", ".join(reasons), note, width))
    return tuple(found)


def _own_inputs(file: DrugFile, record: Record) -> DrugInputs:
    """Inputs of a drug of one's own, its borrowed rates as the record has them."""
    if file.inputs.role != "user":
        raise InputError(
            f"{file.inputs.label} has the role {file.inputs.role!r}, which belongs to a drug that "
            'comes with the package; expected role = "user", or that drug by its name.'
        )
    borrowed = {name: getattr(record.drug(owner), name) for name, owner in file.same_as.items()}
    return file.inputs.replace(**borrowed)
