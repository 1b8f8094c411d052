"""Which simulations wait for a lock record: those whose outcomes are held back."""

from __future__ import annotations

from ..common import LockError
from .dosing import Bolus, Regimen
from .parameters import DrugInputs, NetworkParameters
from .structure import Structure

HELD_BACK = ("okt3", "muromonab", "mosunetuzumab", "teclistamab", "epcoritamab")
"""Drugs whose outcomes are held back, by the beginning of their names."""
STEPPED = "blinatumomab"
"""The drug of which only regimens that step up are held back."""


def require_lock(
    drug: DrugInputs, network: NetworkParameters, regimen: Regimen, structure: Structure
) -> None:
    """Refuse what may be simulated from a lock record alone.

    The blind drug is simulated from a record only. With parts that lock v1 does not know, a
    held-back drug is simulated only from a record that holds those parts; its exposure alone may
    be checked at any time.

    Raises:
        LockError: the drug, or its network, is not of such a record.
    """
    if not structure.t_cells:
        return
    of_one_record = drug.lock is not None and drug.lock.same_record(network.lock)
    if drug.role == "blind" and not of_one_record:
        raise LockError(
            f"{drug.label} is the blind drug: it is simulated from a lock record only. Take both "
            "the drug and the network from qsp_lib.protocol.lock.current_record(); make a record "
            "first if there is none."
        )
    if structure.in_lock_v1 or not waits_for_a_lock(drug, regimen):
        return
    if not of_one_record or drug.lock is None or drug.lock.version == "v1":
        raise LockError(
            f"{drug.label} (named {drug.name!r}): by name, label or steps this is a drug whose "
            "outcomes are held back, so with parts that lock v1 does not know it is simulated "
            "with the inputs of a lock record that holds these parts and no others. Ask for the "
            "drug of the record by its name, or give another drug another name and label."
        )


def waits_for_a_lock(drug: DrugInputs, regimen: Regimen) -> bool:
    """Whether outcomes of this drug with this regimen are held back."""
    names = [words.lower() for words in (drug.name, drug.label)]
    if drug.role == "blind" or any(n.startswith(HELD_BACK) for n in names):
        return True
    return any(n.startswith(STEPPED) for n in names) and _steps_up(regimen)


def _steps_up(regimen: Regimen) -> bool:
    """Whether any dose, or any rate, is above one before it."""
    boluses = [dose.amount_ug for dose in regimen.doses if isinstance(dose, Bolus)]
    rates = [regimen.rate_from(time) for time in regimen.change_times(float("inf"))]
    started = [rate for rate in rates if rate > 0]
    return any(
        later > before * (1 + 1e-9)
        for levels in (boluses, started)
        for before, later in zip(levels[:-1], levels[1:], strict=True)
    )
