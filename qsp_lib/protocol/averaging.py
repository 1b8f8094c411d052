"""What the kept posteriors say under other priors, and averaged over the three feedbacks.

Both are sensitivities: what is locked is the gated feedback under the declared priors.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..calibration import CANDIDATES, FEEDBACK_CANDIDATES, LOCKED
from ..common import InputError
from ..inference import Reweighted, mixture, model_weights, reweighted, with_prior_sds
from ..model import RTOL
from .developing import Development

Array = NDArray[np.float64]
FEEDBACK_SDS = (0.5, 1.0, 2.0)
"""Prior standard deviations (log10) of the feedback's two parameters, for the average."""
FEEDBACK_QUANTITIES = ("k_fb", "K_S")
FEEDBACKS = (LOCKED, *(one.name for one in FEEDBACK_CANDIDATES))
"""The structures that differ in the feedback alone, the locked one first."""


@dataclass(frozen=True)
class FeedbackWeight:
    """One feedback of an average.

    Attributes:
        name: of the structure.
        weight: its posterior probability; those of an average sum to 1.
        log_evidence: natural log, under the priors of this average.
        error: standard error of that: of the nested runs, and of the weights.
        sample: weights of its kept draws.
    """

    name: str
    weight: float
    log_evidence: float
    error: float
    sample: Reweighted


def under_other_priors(developed: Development, sds: Mapping[str, float] | float) -> Reweighted:
    """The kept sample of a structure, weighted for other widths of its priors.

    Args:
        developed: the structure.
        sds: standard deviations in log10 by name; or a factor of all.

    Raises:
        InputError: a name that the structure does not estimate, or a structure that is not one of
            the candidates, or no longer estimates what the sample is of.
    """
    name = developed.content["structure"]["name"]
    if name not in CANDIDATES:
        raise InputError(f"no structure {name!r}; expected one of {', '.join(CANDIDATES)}.")
    problem = CANDIDATES[name].problem(RTOL)
    if problem.names != developed.names:
        raise InputError(
            f"the kept sample of {name} is of {developed.names}, and its fit estimates "
            f"{problem.names}; develop it anew."
        )
    return reweighted(problem, with_prior_sds(problem, sds), developed.points)


def feedback_weights(
    developed: Mapping[str, Development], sd: float, published_only: bool = False
) -> tuple[FeedbackWeight, ...]:
    """The feedbacks' posterior probabilities, each as likely as the others before.

    Args:
        developed: what is kept of each structure, by name.
        sd: prior standard deviation (log10) of each of `FEEDBACK_QUANTITIES`, where the
            structure has them.
        published_only: by the evidence without the declared rows. The draws and the change of the
            evidence with the prior remain those with them.

    Raises:
        InputError: as :func:`under_other_priors`.
    """
    found = []
    for name in FEEDBACKS:
        of = developed[name]
        sds = {quantity: sd for quantity in FEEDBACK_QUANTITIES if quantity in of.names}
        sample = under_other_priors(of, sds)
        told = of.content["evidence_published_rows" if published_only else "evidence"]
        log_evidence = told["log_evidence"] + sample.log_evidence_ratio
        error = float(np.hypot(told["error"], sample.log_evidence_error))
        found.append((name, log_evidence, error, sample))
    shares = model_weights({name: log_evidence for name, log_evidence, _, _ in found})
    return tuple(
        FeedbackWeight(name, shares[name], log_evidence, error, sample)
        for name, log_evidence, error, sample in found
    )


def averaged(weights: Sequence[FeedbackWeight]) -> Reweighted:
    """The kept draws of all feedbacks as one sample, in their order."""
    return mixture([(one.sample, one.weight) for one in weights])
