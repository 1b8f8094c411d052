"""Draws of a CD3 bispecific as one of the class that blinatumomab stands for.

Of such a drug exposure and potency are known, and no outcome. Its network is that of the draw; its
T-cell rates are blinatumomab's of the same draw, each times a log-normal factor about 1. Its EC50
is of lysis, while blinatumomab's is of activation: one factor from lysis to cytokines is drawn for
all drugs of the class together, another for each. How wide the drug's own factors are stands in
its file.

Row i of every array hangs on the seed, on i and on the drug's name alone: not on how many draws
are made, nor on which other drugs are.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from ..common import InputError, LockError
from ..drugs import DrugFile
from ..inference import standard_normals
from ..model import NETWORK, Draws, DrugInputs, Prior

Array = NDArray[np.float64]

RATES = ("k_act", "k_exh", "k_kill")
"""T-cell rates (1/h) that are blinatumomab's times a factor of the drug's own."""
SHARED = (*NETWORK, "k_rec", "IC50_dex", "k_e0", "w_dex", "f_R")
"""What is one for all drugs in a draw, where the draw has it."""
LYSIS_TO_CYTOKINES = Prior(2.0, 0.5, "assumed")
"""Half-effect of cytokine release over that of lysis, one for all drugs of the class: declared."""
NO_HOOK = 1e12
"""K_hook (ng/mL) that is never reached."""


@dataclass(frozen=True)
class Scatter:
    """How far drugs of the class lie apart: standard deviations of factors about 1, in log10.

    Factors are drawn in the order of the fields, so one that is added comes last.
    """

    k_act: float
    k_exh: float
    k_kill: float
    EC50: float
    K_hook: float

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            if not (np.isfinite(value) and value >= 0):
                raise InputError(f"scatter of {name} is {value!r}; expected 0 or more, in log10.")

    @classmethod
    def of(cls, file: DrugFile) -> Scatter:
        """What a drug's file gives.

        Raises:
            InputError: a factor of which the file gives no width.
        """
        widths = dict(file.same_as_log10_sd)
        widths |= {name: prior.log10_sd for name, prior in file.priors.items() if name not in RATES}
        names = [field.name for field in fields(cls)]
        missing = [name for name in names if name not in widths]
        if missing:
            raise InputError(
                f"the file of {file.inputs.label} gives {missing[0]} no log10_sd; expected one for "
                f"each of {', '.join(names)}."
            )
        return cls(**{name: widths[name] for name in names})


def class_draws(
    base: Draws,
    drug: DrugInputs,
    scatter: Scatter,
    *,
    seed: int,
    h: float | None = None,
    hook: bool = True,
) -> Draws:
    """Draws of one drug of the class, as many as there are of blinatumomab.

    Args:
        base: of blinatumomab, ``(N,)`` each: the network with its rates.
        drug: its EC50 (ng/mL) of lysis and its K_hook (ng/mL) are the medians. A variant whose
            name goes on after a hyphen has the factors of the drug that it is a variant of.
        scatter: how wide the drug's own factors are.
        seed: of all factors, the same for every drug of the class.
        h: another steepness than the drug's.
        hook: whether very high exposure hinders engagement.

    Returns:
        Draws for this drug under the stamp that ``base`` carries, if it carries one.

    Raises:
        InputError: a drug that is no bispecific, draws without one of the rates, a negative seed.
        LockError: a drug of another record than the draws'.
    """
    if drug.mechanism != "bispecific":
        raise InputError(f"{drug.label} is {drug.mechanism}; expected a bispecific.")
    if missing := [name for name in RATES if name not in base.values]:
        raise InputError(f"the draws hold no {missing[0]}; expected those of blinatumomab.")
    common, own = factors(len(base), scatter, drug.name, seed)
    values = {name: base.values[name] for name in SHARED if name in base.values}
    values |= {name: base.values[name] * own[name] for name in RATES}
    values["EC50"] = drug.EC50 * common * own["EC50"]
    values["K_hook"] = np.minimum(drug.K_hook * own["K_hook"], NO_HOOK)
    if not hook:
        values["K_hook"] = np.full(len(base), NO_HOOK)
    if h is not None:
        values["h"] = np.full(len(base), h)
    if base.lock is None:
        return Draws(values, drug=drug.name)
    if drug.lock is None:
        return Draws(values)._issued(base.lock, "")
    if not drug.lock.same_record(base.lock):
        raise LockError(
            f"{drug.label} is of lock {drug.lock.version} ({drug.lock.digest[:12]}) and the draws "
            f"are of lock {base.lock.version} ({base.lock.digest[:12]}); take both from one record."
        )
    return Draws(values)._issued(base.lock, drug.name)


def factors(n: int, scatter: Scatter, name: str, seed: int) -> tuple[Array, dict[str, Array]]:
    """The factor that all drugs share, ``(n,)``, and a drug's own by name, ``(n,)`` each.

    Args:
        name: of the drug, up to a hyphen.

    Raises:
        InputError: no draws, or a negative seed.
    """
    if seed < 0:
        raise InputError(f"seed {seed} was given; expected 0 or more.")
    prior = LYSIS_TO_CYTOKINES
    shared = standard_normals(n, 1, _own_seed(seed, "lysis to cytokines"))[:, 0]
    common = prior.median * 10.0 ** (prior.log10_sd * shared)
    widths = vars(scatter)
    normals = standard_normals(n, len(widths), _own_seed(seed, name.partition("-")[0]))
    own = {key: 10.0 ** (sd * normals[:, i]) for i, (key, sd) in enumerate(widths.items())}
    return common, own


def _own_seed(seed: int, name: str) -> int:
    """A seed that nothing else has that is drawn, whatever seed that is given and how many others.

    A record draws its declared priors from seeds beside its own: with those, a factor here would
    be the same normal as one of them.
    """
    code = int(hashlib.sha256(name.encode()).hexdigest(), base=16)
    return (seed + 1 << 256) + code
