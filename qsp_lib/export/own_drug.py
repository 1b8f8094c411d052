"""A drug of one's own, by one regimen, as a model for other tools: SBML, and a COMBINE archive.

The archive holds the model, the simulations and their reference courses; what goes beside the
drug stands ready in the model, given once its factor is set to 1.
"""

from __future__ import annotations

from dataclasses import replace

from ..analyses import LATE_H
from ..model import Regimen, Rescue, Steroid, Treatment
from ..prediction import Cover, Setup
from .combine import archive_of
from .courses import ReferenceCourse
from .dosed import DosedModel, model_name
from .everything import Files
from .sbml import about, dosed


def names(setting: Setup) -> tuple[str, str]:
    """What the two files are called."""
    stem = f"{setting.inputs.name}-{setting.regimen_key}"
    return f"{stem}.xml", f"{stem}.omex"


def own_drug(setting: Setup) -> Files:
    """The SBML file and the archive of a drug by its regimen, by name; the same bytes each time.

    Tocilizumab stands ready in the model, by the drug's patient's weight and the times that were
    asked for, or at 6 h; dexamethasone does if it was asked for.

    Raises:
        InputError: python-libsbml is not installed.
        LockError: a drug that may be simulated from a lock record alone.
    """
    model, record = _model(setting), setting.record
    given = model.treatment
    courses = [ReferenceCourse(model)]
    if setting.cover.words:
        given_too = (bool(times) for times in setting.cover.times.values())
        courses.append(ReferenceCourse(model, *given_too))
    notes = (
        *about(record),
        f"T-cell part: {given.network.t_cells}. The drug file has the SHA-256 "
        f"{setting.file.sha256}; its numbers are its author's. Not for choosing a dose.",
    )
    if setting.shift_h:
        notes += (f"The clock starts {setting.shift_h:g} h before the drug's own.",)
    sbml_name, archive_name = names(setting)
    words = " ".join((f"{model.title}.", *notes))
    return {
        sbml_name: dosed(model, record.date, notes).encode(),
        archive_name: archive_of(courses, words, record.date),
    }


def _model(setting: Setup) -> DosedModel:
    record, cover, weight = setting.record, setting.cover, setting.inputs.weight_kg
    ready = cover if cover.tocilizumab_h else replace(cover, tocilizumab_h=(LATE_H,))
    rescue_h = min(ready.tocilizumab_h)
    # its own clock starts with it
    rescue = _from_zero(ready).rescue(replace(record.tocilizumab, weight_kg=weight), weight, 0.0)
    assert rescue is not None
    label = f"{ready.tocilizumab} over 1 h"
    rescue = Rescue(rescue.inputs, replace(rescue.regimen, label=label))
    steroid, steroid_h = _from_zero(cover).steroid(weight, 0.0), 0.0
    if steroid is not None:
        steroid_h = min(cover.dexamethasone_h)
        words = replace(steroid.regimen, label=cover.dexamethasone)
        steroid = Steroid(steroid.inputs, words)
    shift = setting.shift_h
    regimen: Regimen = setting.regimen.shifted(shift)
    treatment = Treatment(setting.inputs, regimen, record.network, rescue, steroid, record.crp)
    name = model_name(setting.inputs.name, setting.regimen_key)
    return DosedModel(
        name, treatment, rescue_h + shift, steroid_h + shift, setting.horizon_h + shift
    )


def _from_zero(cover: Cover) -> Cover:
    """The same with the first of each at time 0."""
    starts = {name: min(times, default=0.0) for name, times in cover.times.items()}
    return replace(
        cover,
        tocilizumab_h=tuple(t - starts["tocilizumab"] for t in cover.tocilizumab_h),
        dexamethasone_h=tuple(t - starts["dexamethasone"] for t in cover.dexamethasone_h),
    )
