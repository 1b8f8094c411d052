"""Ways of dosing: the regimens that are asked about, and what an answer hangs on most.

An answer is a function of parameter sets. It is asked again with one declared input at a time held
at either end of its range, in every draw alike, and the input that moves its median most is the one
that it hangs on. Locked values are replaced by that, so it is asked of explicitly unlocked copies.
How much patients differ is declared as well: there a spread is halved by weights, not drawn anew.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from ..calibration import CO_MEDICATIONS
from ..common import InputError
from ..drugs import load_drug
from ..evidence import DECLARED
from ..model import (
    Dose,
    Draws,
    DrugInputs,
    Infusion,
    NetworkParameters,
    Regimen,
    network_table,
    value_bounds,
)
from ..protocol import Record
from .population.patients import Patients
from .population.population import Weights
from .robustness import HILL_RANGE

Array = NDArray[np.float64]
_Answer = Callable[[Draws], Array]  # a number for each of some parameter sets (N,)

DAY_H, WEEK_H = 24.0, 168.0
CYCLE_H = 28 * DAY_H
"""How long blinatumomab flows in one cycle (h)."""
LEFT_AS_DECLARED = 0.9
"""A fitted quantity whose posterior has more than this share of the width of its declared prior
is as good as declared: the data have not told it."""
STILL = 1e-6
"""An answer that moves by less than this does not move: it is what the solver can tell."""
_HILL = ("n_M", "n_S")
_ENDS = (0.05, 0.95)

# ---------------------------------------------------------------- regimens


def stepped(
    first_ug_per_day: float, full_ug_per_day: float, first_h: float, end_h: float = CYCLE_H
) -> Regimen:
    """A continuous infusion at one rate, then at another, as blinatumomab is given.

    Args:
        first_ug_per_day, full_ug_per_day: the two rates (ug/d), above 0.
        first_h: how long the first one lasts (h); 0 for the second alone.
        end_h: when it stops (h).

    Raises:
        InputError: a rate that is none, or a step that is longer than the whole.

    >>> [dose.amount_ug for dose in stepped(9, 28, 168.0).doses]
    [63.0, 588.0]
    """
    if not (0 < first_ug_per_day < math.inf and 0 < full_ug_per_day < math.inf):
        raise InputError(
            f"{first_ug_per_day:g} and {full_ug_per_day:g} ug/d were given; expected two rates "
            "above 0."
        )
    if not 0 <= first_h < end_h < math.inf:
        raise InputError(
            f"A step of {first_h:g} h in {end_h:g} h was given; expected one from 0 h to shorter "
            "than the whole."
        )
    second = Infusion(first_h, end_h - first_h, full_ug_per_day * (end_h - first_h) / DAY_H)
    if first_h == 0:
        return Regimen.of(second)
    return Regimen.of(Infusion(0.0, first_h, first_ug_per_day * first_h / DAY_H), second)


def in_bags(regimen: Regimen, hours: float = WEEK_H) -> Regimen:
    """The same infusions cut into bags, so that a gap can come between any two of them.

    Args:
        regimen: infusions, and boluses, which stay.
        hours: how long a bag lasts (h); the last of each infusion may be shorter.

    Raises:
        InputError: bags of no length.
    """
    if not 0 < hours < math.inf:
        raise InputError(f"Bags of {hours:g} h were asked for; expected more than 0.")
    bags = [bag for dose in regimen.doses for bag in _bags(dose, hours)]
    return replace(regimen, doses=Regimen.of(*bags).doses)


def _bags(dose: Dose, hours: float) -> Iterator[Dose]:
    if not isinstance(dose, Infusion):
        yield dose
        return
    count = max(1, math.ceil(dose.duration_h / hours - 1e-9))
    for i in range(count):
        lasts = min(hours, dose.duration_h - i * hours)
        yield Infusion(dose.start_h + i * hours, lasts, dose.rate_ug_per_h * lasts)


# ---------------------------------------------------------------- declared inputs


@dataclass(frozen=True)
class DeclaredInput:
    """A number that nobody measured for this drug, and how far it may be off.

    Attributes:
        name: of the parameter.
        low, high: the ends of its range, in its own unit.
        origin: what the range is.
        multiple_of: parameter of which ``low`` and ``high`` are multiples; empty for none.

    Raises:
        InputError: ends that are not in order, or that the model does not take.
    """

    name: str
    low: float
    high: float
    origin: str
    multiple_of: str = ""

    def __post_init__(self) -> None:
        least, most = (0.0, math.inf) if self.multiple_of else value_bounds(self.name)
        if not (least <= self.low < self.high <= most):
            raise InputError(
                f"{self.name} from {self.low:g} to {self.high:g} was given; expected two ends in "
                f"order, within {least:g} to {most:g}."
            )

    def held(self, draws: Draws, value: float) -> Draws:
        """The same draws, unstamped, with this input at one value in all of them."""
        of = draws.values[self.multiple_of] if self.multiple_of else np.ones(len(draws))
        return Draws({**draws.values, self.name: value * of})


def declared_inputs(record: Record, drug: str = "blinatumomab") -> tuple[DeclaredInput, ...]:
    """What is declared of the network, of a drug and of what is given beside it, with its range.

    Four kinds: an exponent that no data set (the range of the robustness chapter); an input of the
    drug with a declared range; a declared prior that intervals draw (its 5th to 95th percentile);
    and a fitted quantity that has kept the width of its declared prior (`LEFT_AS_DECLARED`; the
    posterior's 5th to 95th percentile).
    """
    file, table = load_drug(drug, inputs=record.inputs), network_table(record.inputs)
    found = [
        DeclaredInput(name, *HILL_RANGE, "range of chapter 6")
        for name in _HILL
        if DECLARED in table[name].source
    ]
    found += [
        DeclaredInput(name, given.low, given.high, "declared range")
        for name, given in file.sources.items()
        if DECLARED in given.source and given.low is not None and given.high is not None
    ]
    for name, prior in record.assumed.items():
        if name in CO_MEDICATIONS:
            own = CO_MEDICATIONS[name]
            ends = (prior.median * 10.0 ** (prior.log10_sd * float(ndtri(p))) for p in _ENDS)
            low, high = (min(end, value_bounds(own)[1]) for end in ends)
            found.append(DeclaredInput(own, low, high, "5–95 % of its prior"))
    priors = {row.estimate: row.prior for row in table.values() if DECLARED in row.source}
    shared = {
        name: prior for name, prior in file.priors.items() if DECLARED in file.sources[name].source
    }
    priors |= shared | {f"{drug}.{name}": prior for name, prior in shared.items()}
    names, points = record.posterior[0], record.points(record.largest_sample or 4000)
    for name, column in zip(names, points.T, strict=True):
        if name in priors and np.std(column) > LEFT_AS_DECLARED * priors[name].log10_sd:
            low, high = 10.0 ** np.percentile(column, [100 * p for p in _ENDS])
            own, _, of = name.removeprefix(f"{drug}.").partition("/")
            found.append(
                DeclaredInput(own, float(low), float(high), "5–95 %, as wide as its prior", of)
            )
    return tuple(found)


@dataclass(frozen=True)
class Swing:
    """What one declared input does to an answer.

    Attributes:
        input: it.
        at_low, at_high: median of the answer over draws, with the input at either end.
        as_drawn: the same with the input as the draws have it.
    """

    input: DeclaredInput
    at_low: float
    at_high: float
    as_drawn: float

    @property
    def extent(self) -> tuple[float, float]:
        """The lowest and the highest of the three: an answer may turn within the range."""
        found = (self.at_low, self.at_high, self.as_drawn)
        return min(found), max(found)

    @property
    def reach(self) -> float:
        """From one end of `extent` to the other; 0 where the answer does not move."""
        lowest, highest = self.extent
        reach = highest - lowest
        return reach if reach > STILL else 0.0


def swings(
    answer: _Answer,
    draws: Draws,
    inputs: Sequence[DeclaredInput],
    *owners: DrugInputs | NetworkParameters,
) -> tuple[Swing, ...]:
    """An answer with one input at a time at either end of its range, the furthest reaching first.

    Args:
        answer: of parameter sets, on explicitly unlocked copies.
        draws: parameter sets ``(N,)`` that every input is held in.
        inputs: what is varied.
        owners: where an input that the draws do not have takes its value from.

    Raises:
        InputError: no input, or one whose value nobody has.
    """
    if not inputs:
        raise InputError("no input to vary was given; expected one or more.")
    base = _with_all(draws, inputs, owners)
    sets = [base]
    for one in inputs:
        sets += [one.held(base, value) for value in (one.low, one.high)]
    together = {name: np.concatenate([s.values[name] for s in sets]) for name in base.values}
    found = np.median(np.reshape(answer(Draws(together)), (len(sets), len(base))), axis=1)
    made = [
        Swing(one, float(found[1 + 2 * i]), float(found[2 + 2 * i]), float(found[0]))
        for i, one in enumerate(inputs)
    ]
    return tuple(sorted(made, key=lambda swing: (-swing.reach, swing.input.name)))


def _with_all(
    draws: Draws, inputs: Sequence[DeclaredInput], owners: Sequence[DrugInputs | NetworkParameters]
) -> Draws:
    """The draws, unstamped, with the value of every input in each."""
    known: dict[str, float] = {}
    for owner in owners:
        known |= owner.values()
    values = dict(draws.values)
    for one in inputs:
        if one.name not in values:
            if one.name not in known:
                raise InputError(
                    f"{one.name} is neither in the draws nor in what was given beside them; "
                    "expected its value in one of them."
                )
            values[one.name] = np.full(len(draws), known[one.name])
    return Draws(values)


# ---------------------------------------------------------------- how patients differ


def narrowed(patients: Patients, weights: Weights, factor: str, by: float = 0.5) -> Weights:
    """Weights under which one factor of the patients spreads by a share of what is declared.

    Every patient is weighted by how much likelier the narrower spread makes them, so that nobody
    is simulated again.

    Args:
        patients: who they are.
        weights: of them.
        factor: by its name.
        by: what the log10 sd is multiplied by, above 0 and at most 1. A wider spread would lean on
            the few at its ends.

    Raises:
        InputError: no such factor, or a share out of range.
    """
    names = patients.factors.names
    if factor not in names:
        raise InputError(f"no patient factor {factor!r}; expected one of {names}.")
    if not 0 < by <= 1:
        raise InputError(f"A spread times {by:g} was asked for; expected above 0 and at most 1.")
    column = names.index(factor)
    sd = patients.factors.all[column].log10_sd
    if sd == 0:
        return weights
    standard = np.log10(patients.nested(patients.values()[:, column])) / sd
    likelier = np.exp(-0.5 * standard**2 * (1.0 / by**2 - 1.0))
    found = weights.weights * likelier
    total = found.sum(axis=1, keepdims=True)
    return replace(
        weights, weights=np.divide(found, total, out=np.zeros_like(found), where=total > 0)
    )
