"""Which models with doses are shipped: each a treatment, under a name."""

from __future__ import annotations

import re
from dataclasses import dataclass

from ..analyses import LATE_H
from ..drugs import load_dexamethasone, load_drug, load_tocilizumab, shipped_drugs
from ..model import HORIZON_H, DrugInputs, Regimen, Rescue, Steroid, Structure, Treatment
from ..protocol import Record

AFTER_LAST_H = 168.0
"""How long a course goes on after its last dose begins (h)."""


@dataclass(frozen=True)
class DosedModel:
    """A treatment as one model, whose doses are events.

    Co-medications stand ready in it: each is given once its factor is set to 1.

    Attributes:
        name: an identifier, and the name of its file without the ending.
        treatment: the drug and its doses, and what stands ready; times of co-medications count
            from when they begin.
        rescue_h, steroid_h: when tocilizumab and dexamethasone begin, once they are given (h).
        horizon_h: how long its courses are (h).
    """

    name: str
    treatment: Treatment
    rescue_h: float = LATE_H
    steroid_h: float = 0.0
    horizon_h: float = HORIZON_H

    @property
    def title(self) -> str:
        """For people: drug and regimen."""
        return f"{self.treatment.drug.label}, {self.treatment.regimen.label}"

    @property
    def structure(self) -> Structure:
        """Its parts."""
        return self.treatment.structure


def shipped() -> tuple[tuple[str, str], ...]:
    """Drug and regimen of every dosed model, in the order of the drug files."""
    return tuple((drug, name) for drug in shipped_drugs() for name in load_drug(drug).regimens)


def model_name(drug_name: str, regimen_name: str) -> str:
    """Identifier of a shipped model, and the name of its file without the ending."""
    return re.sub(r"[^A-Za-z0-9_]", "_", f"{drug_name}_{regimen_name}")


def dosed_model(record: Record, drug_name: str, regimen_name: str) -> DosedModel:
    """One of a record's drugs by one of its regimens.

    Tocilizumab and CRP are there, and dexamethasone with every record but lock v1, which does
    not know it.

    Raises:
        LockError: a drug the record does not hold.
        InputError: a regimen the drug does not have.
    """
    drug, regimen = record.drug(drug_name), record.regimen(drug_name, regimen_name)
    return DosedModel(
        model_name(drug_name, regimen_name),
        treatment(record, drug, regimen),
        horizon_h=_horizon_h(record, regimen),
    )


def treatment(record: Record, drug: DrugInputs, regimen: Regimen) -> Treatment:
    """A drug and its doses on a record's network, with all that the record knows beside it."""
    rescue = Rescue(record.tocilizumab, load_tocilizumab().regimens["clinical"])
    return Treatment(drug, regimen, record.network, rescue, _steroid(record), record.crp)


def _steroid(record: Record) -> Steroid | None:
    if Structure("monoclonal", t_cells=record.network.t_cells).in_lock_v1:
        return None
    file = load_dexamethasone()
    return Steroid(file.inputs, file.regimens["clinical"])


def _horizon_h(record: Record, regimen: Regimen) -> float:
    """A week, as lock v1 was exported; with other records a week after the last dose."""
    if _steroid(record) is None or not regimen.doses:
        return HORIZON_H
    return regimen.doses[-1].time_h + AFTER_LAST_H
