"""The joint fit as parameter estimation problems in PEtab, versions 2 and 1.

Everything comes from the files the fit itself reads: the observations, the priors, the drug
files, the healthy baselines, the lock record. :func:`files` gives every file of
``exports/petab`` as text; it needs python-libsbml for the model and nothing else.
:mod:`qsp_lib.export.petab_tables` makes the tables, and :mod:`qsp_lib.export.petab_expected` says
what the objective is to be.

The objective is ours, so a tool that minimises it looks for the same optimum:

- A level is compared as its log10, healthy baseline added, by a standard deviation of its own.
- A prior is normal in log10 of the parameter. Version 1 has parameters on a log10 scale. Version
  2 has no scales, and a log-normal density of the value itself would have its maximum elsewhere;
  there the parameters are the logarithms, and a condition sets ``k = exp(ln(10) * log10_k)``.
- Dosing rates and boluses are conditions. Version 2 changes them on the way by the periods of an
  experiment. Version 1 cannot, so its model ends an infusion at the time ``t_stop``.

Of several ways to write the same, the one is taken that AMICI reads too.

What neither version can say is left out, and :func:`left_out` lists it.

Source: Schmiester et al. 2021, doi 10.1371/journal.pcbi.1008646; PEtab 2.0 specification.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..common import decimals
from ..drugs import load_drug
from ..evidence import Observation
from ..protocol import Record, locked_point
from . import sbml
from .petab_expected import (
    expected,
    expressible,
    kept_of,
    make_expressed,
    make_whole,
    observations_of,
    parameter_id,
    unsaid,
)
from .petab_tables import regimens, version_1, version_2

FOLDER = "petab"
"""Where in ``exports`` the problems are."""
PACK = "petab.zip"
"""Both problems in one file, as the site offers them."""
PROBLEM, MODEL = "problem.yaml", "model.xml"
V1, V2 = "v1", "v2"


def digest_of(folder: Path) -> str:
    """SHA-256 of the names and contents of all files of a folder, as the comparisons keep it."""
    found = hashlib.sha256()
    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        found.update(path.relative_to(folder).as_posix().encode() + b"\0")
        found.update(hashlib.sha256(path.read_bytes()).digest())
    return found.hexdigest()


@dataclass(frozen=True)
class LeftOut:
    """An observation that PEtab cannot express.

    Attributes:
        observation: what was observed.
        why: in a few words.
        share: what it adds to the cost at the lock.
    """

    observation: Observation
    why: str
    share: float


def left_out(record: Record) -> tuple[LeftOut, ...]:
    """What the problems leave out of the fit."""
    problem = make_whole()
    shares = 0.5 * problem.residuals(locked_point(record, problem)[None])[0] ** 2
    return tuple(
        LeftOut(observation, unsaid(observation), float(share))
        for observation, share in zip(observations_of(problem), shares, strict=True)
        if not expressible(observation)
    )


def files(record: Record) -> dict[str, str]:
    """Every file of ``exports/petab`` as text, by its path within it.

    Raises:
        InputError: python-libsbml is not installed, or a regimen that version 1 cannot express.
    """
    ratios = tuple(name for name in make_expressed().names if "/" in name)
    models = {
        f"{V2}/{MODEL}": sbml.network(record),
        f"{V1}/{MODEL}": sbml.network(record, stops=True, ratios=ratios),
    }
    return dict(sorted((tables(record) | models).items()))


def tables(record: Record) -> dict[str, str]:
    """Every file but the models, which need python-libsbml; as :func:`files`."""
    problem = make_expressed()
    kept = kept_of(problem)
    made = {V1: version_1(record, problem, kept), V2: version_2(record, problem, kept)}
    found = {f"{v}/{name}": text for v, named in made.items() for name, text in named.items()}
    found |= {f"{V1}/{PROBLEM}": _YAML_1, f"{V2}/{PROBLEM}": _YAML_2}
    return found | {"expected.json": expected(record), "README.md": _readme(record)}


_YAML_2 = """\
format_version: 2.0.0
id: qsp_crs_joint_fit
model_files:
  network:
    location: model.xml
    language: sbml
parameter_files:
  - parameters.tsv
condition_files:
  - conditions.tsv
experiment_files:
  - experiments.tsv
observable_files:
  - observables.tsv
measurement_files:
  - measurements.tsv
"""
_YAML_1 = """\
format_version: 1
parameter_file: parameters.tsv
problems:
  - sbml_files:
      - model.xml
    condition_files:
      - conditions.tsv
    observable_files:
      - observables.tsv
    measurement_files:
      - measurements.tsv
"""


@dataclass(frozen=True)
class Shares:
    """The penalised cost at the lock, by what it comes from.

    Attributes:
        expressed: from the levels that the problems hold.
        left_out: from those they leave out.
        priors: from the priors of what they estimate.
        priors_left_out: from those of what belongs to a drug of which they hold no level.
    """

    expressed: float
    left_out: float
    priors: float
    priors_left_out: float

    @property
    def whole(self) -> float:
        """Of all parts together."""
        return self.expressed + self.left_out + self.priors + self.priors_left_out


def shares(record: Record) -> Shares:
    """How the cost at the lock is made up."""
    problem, names = make_whole(), make_expressed().names
    parts = 0.5 * problem.all_residuals(locked_point(record, problem)[None])[0] ** 2
    observations = observations_of(problem)
    seen = np.array([expressible(o) for o in observations])
    data, priors = np.split(parts, [len(observations)])
    held = np.array([name in names for name in problem.names])
    return Shares(*(float(p.sum()) for p in (data[seen], data[~seen], priors[held], priors[~held])))


def _readme(record: Record) -> str:
    problem = make_expressed()
    kept = kept_of(problem)
    whole, missing = shares(record), left_out(record)
    without = {o.observation.drug for o in missing} - {o.drug for o in kept}
    labels = " and ".join(load_drug(drug).inputs.label for drug in sorted(without))
    ratios = [name for name in problem.names if "/" in name]
    lines = [
        "# The joint fit in PEtab",
        "",
        f"Generated from lock record {record.version} of {record.date} (SHA-256 "
        f"`{record.digest}`); not to be edited. Numbers CC0 1.0, equations MIT.",
        "",
        f"Both problems hold of the fit that is locked what PEtab can express: "
        f"{len(problem.names)} estimated parameters with their priors, {len(kept)} levels of "
        f"{len(regimens(kept))} regimen{'s' * (len(regimens(kept)) != 1)}. Nominal values are the "
        "locked ones, at the optimum of the whole fit.",
        *(
            [f"No level of {labels} can be expressed, so its parameters are not in them."]
            if without
            else []
        ),
        "",
        "| folder | version | how doses are given |",
        "| --- | --- | --- |",
        "| `v2` | PEtab 2.0.0 | periods of an experiment set the dosing rate `u` and add boluses |",
        f"| `v1` | PEtab 1 | conditions set `{sbml.UNTIL_STOP}`, the rate until "
        f"`{sbml.STOP_TIME}`, and that time |",
        "",
        "`petablint v2/problem.yaml` and `petablint v1/problem.yaml` find nothing to say. "
        "`expected.json` says what the objective is at the locked point and at draws of the "
        "posterior; in the repository `interop/petab_objective.py` compares that with what "
        "libpetab and libroadrunner find, and `interop/petab_amici.py` with what AMICI finds.",
        "",
        "## The objective",
        "",
        "A level with the healthy baseline added is compared with the observed one as log10, in "
        "units of its own standard deviation. The measurement table of version 1 holds that of "
        "log10; that of version 2 holds ln(10) times as much, since its log-normal distribution "
        "is in natural logarithms. A prior is normal in log10 of the parameter. Version 2 has no "
        "parameter scales, and the maximum of a density depends on the scale it is a density of; "
        "so there the parameters are the logarithms, named `log10_...`, and conditions set "
        "`k = exp(ln(10) * log10_k)`. The drug's steepness `h` is `hill` in all models. "
        + "".join(
            f"The ratio {name} is estimated as `{parameter_id(name)}`; in version 1 a rule of the "
            "model multiplies it out, in version 2 a condition. "
            for name in ratios
        )
        + "Up to a "
        "constant the objective of both is therefore the penalised cost of this fit, without the "
        "observations below.",
        "",
        "| part of the cost at the lock | value |",
        "| --- | --- |",
        f"| levels in the problems | {decimals(whole.expressed, 4)} |",
        f"| priors in the problems | {decimals(whole.priors, 4)} |",
        f"| observations left out | {decimals(whole.left_out, 4)} |",
        *([f"| priors left out | {decimals(whole.priors_left_out, 4)} |"] if without else []),
        f"| together | {decimals(whole.whole, 4)} |",
        "",
        "## What is left out",
        "",
        "PEtab compares a level at a time. It has no word for a level of which only a bound is "
        "known, for the highest level of a course whose time is not known, nor for the median of "
        "those patients' values that an assay could read. "
        "These observations are part of the fit and not of the problems:",
        "",
        "| observation | course | time (h) | why | adds to the cost |",
        "| --- | --- | --- | --- | --- |",
    ]
    for one in missing:
        o = one.observation
        time = "" if o.time_h is None else f"{o.time_h:g}"
        lines.append(f"| {o.id} | {o.course} | {time} | {one.why} | {decimals(one.share, 4)} |")
    lines += [
        "",
        "Because of them the optimum of these problems is not that of the whole fit, where the "
        "nominal values are. Two more differences have no effect on the numbers: a level is not "
        "kept from falling below the baseline by rounding, and PEtab cuts its priors off at the "
        "bounds, which changes their densities by a constant factor.",
        "",
    ]
    return "\n".join(lines)
