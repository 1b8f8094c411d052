"""Declared priors that no fit moves and every interval draws: the blind drug's, and those of
co-medications.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import scipy
from numpy.typing import NDArray

from ..common import VERSIONS, InputError
from ..drugs import load_dexamethasone, load_drug, load_tocilizumab
from ..inference import standard_normals
from ..model import Prior, value_bounds
from .joint_fit import SHARED

Array = NDArray[np.float64]

CO_MEDICATIONS: Mapping[str, str] = {
    "dexamethasone.IC50": "IC50_dex",
    "dexamethasone.k_e0": "k_e0",
    "dexamethasone.w": "w_dex",
    "tocilizumab.f_R": "f_R",
}
"""Names of what is drawn of a co-medication, and of the parameters that the equations read."""


def declared_priors(blind: str, inputs: str) -> dict[str, Prior]:
    """Priors that intervals draw: ``drug.quantity``; of a factor about 1 between a drug's rate and
    another's, ``okt3.k_act/tgn1412.k_act``.

    Args:
        blind: the blind drug.
        inputs: the version of the inputs.
    """
    file = load_drug(blind, inputs=inputs)
    found = {
        name if name in SHARED else f"{blind}.{name}": prior
        for name, prior in file.priors.items()
        if prior.status == "assumed" and name not in file.same_as
    }
    for rate, width in file.same_as_log10_sd.items():
        found[f"{blind}.{rate}/{file.same_as[rate]}.{rate}"] = Prior(1.0, width, "assumed")
    if inputs == VERSIONS[0]:  # it knows no steroid, and holds the rescue where it is
        return dict(sorted(found.items()))
    for owner, priors in (
        ("dexamethasone", load_dexamethasone(inputs=inputs).priors),
        ("tocilizumab", load_tocilizumab(inputs=inputs).priors),
    ):
        found |= {f"{owner}.{name}": prior for name, prior in priors.items()}
    return dict(sorted(found.items()))


def widened(priors: Mapping[str, Prior], factor: float) -> dict[str, Prior]:
    """Priors with their widths multiplied by a factor.

    No data are held to what is declared, so that draws of these are draws of its posterior.
    """
    return {name: replace(one, log10_sd=factor * one.log10_sd) for name, one in priors.items()}


def declared_draws(priors: Mapping[str, Prior], n_draws: int, seed: int) -> dict[str, Array]:
    """Values ``(n_draws,)`` by name, in the quantity's own unit; draw i hangs on no other.

    A log-normal is cut off where its quantity ends, as a share is at 1.

    Raises:
        InputError: a prior without a width.
    """
    normals = standard_normals(n_draws, len(priors), seed)
    drawn = {}
    for i, (name, prior) in enumerate(sorted(priors.items())):
        if not prior.log10_sd > 0:
            raise InputError(f"{name} is drawn and has no width; expected a log10_sd above 0.")
        largest = value_bounds(CO_MEDICATIONS.get(name, name.rpartition(".")[2]))[1]
        within = scipy.special.ndtr(np.log10(largest / prior.median) / prior.log10_sd)
        normal = normals[:, i]
        if within < 1:
            normal = scipy.special.ndtri(within * scipy.special.ndtr(normal))
        drawn[name] = prior.median * 10.0 ** (prior.log10_sd * normal)
    return drawn
