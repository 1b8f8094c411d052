"""Rejection sampling on any model: draw, simulate, keep what meets every criterion.

Rejection ABC: Tavaré et al. 1997 (doi:10.1093/genetics/145.2.505) and Pritchard et al.
1999 (doi:10.1093/oxfordjournals.molbev.a026091); Beaumont 2010 reviews what its output
means (doi:10.1146/annurev-ecolsys-102209-144621). Draws are scrambled Sobol points (Joe
and Kuo 2008, doi:10.1137/070709359; Owen 1998, doi:10.1006/jcom.1998.0487): draw i is
point i whatever the number of draws, of workers and of chunks.

Nothing here knows of drugs. An accepted share depends on how wide the draws are and how
narrow the criteria, so neither is ever left out: :class:`Sample` reports acceptance by
criterion, and can be asked again with other criteria without another simulation.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

import numpy as np
import scipy  # its parts are loaded when they are used: a simulation waits for none of them
from numpy.typing import NDArray

from ..common import InputError, late
from .sweeping import sweep

if TYPE_CHECKING:
    import pandas as pd

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]

CONFIDENCE = 0.95


class Space(Protocol):
    """What is drawn: names, and a transform of the unit cube."""

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the ``d`` coordinates."""

    def quantile(self, unit: Array) -> Array:
        """Points ``(N, d)`` of the space for points ``(N, d)`` of the open unit cube."""


class Simulator(Protocol):
    """What is run on a chunk of draws; has to be importable by other processes."""

    @property
    def quantities(self) -> tuple[str, ...]:
        """Names of the ``k`` numbers it gives a draw."""

    def __call__(self, points: Array) -> Array:
        """``(m, k)`` numbers for ``(m, d)`` points; a row of NaN for a draw that failed."""


@dataclass(frozen=True)
class Uniform:
    """Independent uniform coordinates from ``low`` to ``high``, each ``(d,)``.

    Raises:
        InputError: a range that is empty, of no width or not finite, or lengths that differ.
    """

    names: tuple[str, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]

    def __post_init__(self) -> None:
        if not len(self.names) == len(self.low) == len(self.high) or not self.names:
            raise InputError(
                f"{len(self.names)} names with {len(self.low)} lower and {len(self.high)} upper "
                "ends; expected one of each for every coordinate, and at least one."
            )
        for name, low, high in zip(self.names, self.low, self.high, strict=True):
            if not (np.isfinite(low) and np.isfinite(high) and low < high):
                raise InputError(
                    f"the range of {name} is {low:g} to {high:g}; expected finite ends, the lower "
                    "one first."
                )

    def quantile(self, unit: Array) -> Array:
        """Points ``(N, d)`` of the space for points ``(N, d)`` of the open unit cube."""
        low, high = np.array(self.low), np.array(self.high)
        return low + unit * (high - low)


@dataclass(frozen=True)
class LogUniform(Uniform):
    """Independent log-uniform coordinates from ``low`` to ``high``, both above 0.

    Raises:
        InputError: as for :class:`Uniform`, or an end of 0 or less.
    """

    def __post_init__(self) -> None:
        super().__post_init__()
        if min(self.low) <= 0:
            raise InputError(f"a log-uniform range begins at {min(self.low):g}; expected above 0.")

    @classmethod
    def around(
        cls,
        centre: Mapping[str, float],
        width: float,
        within: Mapping[str, tuple[float, float]] | None = None,
    ) -> LogUniform:
        """From ``centre / width`` to ``centre * width``, cut off at what ``within`` allows.

        Args:
            centre: value of each coordinate.
            width: a factor, above 1.
            within: lowest and highest value of some coordinates.

        Raises:
            InputError: a width that is not a factor above 1 (so: of zero or below, too).
        """
        if not (np.isfinite(width) and width > 1):
            raise InputError(f"the width is {width!r}; expected a finite factor above 1.")
        limits = within or {}
        ends = {name: limits.get(name, (0.0, np.inf)) for name in centre}
        return cls(
            tuple(centre),
            tuple(max(value / width, ends[name][0]) for name, value in centre.items()),
            tuple(min(value * width, ends[name][1]) for name, value in centre.items()),
        )

    def quantile(self, unit: Array) -> Array:
        """Points ``(N, d)`` of the space for points ``(N, d)`` of the open unit cube."""
        low, high = np.log(self.low), np.log(self.high)
        return np.exp(low + unit * (high - low))


def sobol(n_draws: int, dimension: int, seed: int) -> Array:
    """Scrambled Sobol points ``(n_draws, dimension)`` in the open unit cube.

    Point i depends on the seed and on i alone: the first points of many are the points of few.

    Raises:
        InputError: fewer than one draw, or fewer than one dimension.
    """
    if n_draws < 1 or dimension < 1:
        raise InputError(f"{n_draws} draws of {dimension} coordinates; expected 1 or more of each.")
    engine = scipy.stats.qmc.Sobol(dimension, seed=np.random.default_rng(seed))
    points = engine.random_base2((n_draws - 1).bit_length())[:n_draws]
    # points lie on a grid of 2^-30 that includes 0: its cells' middles do not
    return points + 0.5**31


@dataclass(frozen=True)
class Band:
    """A criterion: ``low < quantity < high``, both ends out.

    Raises:
        InputError: an empty band, or an end that is not a number.
    """

    name: str
    quantity: str
    low: float = -np.inf
    high: float = np.inf

    def __post_init__(self) -> None:
        if not self.low < self.high:
            raise InputError(
                f"band {self.name!r} on {self.quantity} runs from {self.low!r} to {self.high!r}, "
                "so it is empty; expected a lower end below the upper one."
            )

    @classmethod
    def within_factor(cls, name: str, quantity: str, value: float, factor: float) -> Band:
        """From ``value / factor`` to ``value * factor``.

        Raises:
            InputError: a factor of 1 or less, or a value of 0 or less: the band is empty.
        """
        if not (np.isfinite(factor) and factor > 1 and np.isfinite(value) and value > 0):
            raise InputError(
                f"band {name!r}: within a factor {factor!r} of {value!r} is empty; expected a "
                "factor above 1 and a value above 0."
            )
        return cls(name, quantity, value / factor, value * factor)

    def holds(self, values: Array) -> Mask:
        """Where it holds; not where there is no number."""
        return (values > self.low) & (values < self.high)


class Share(NamedTuple):
    """A share of draws with its Wilson interval."""

    held: int
    total: int
    low: float
    high: float

    @property
    def value(self) -> float:
        """The share itself, 0 to 1."""
        return self.held / self.total


def wilson(count: int, total: int, confidence: float = CONFIDENCE) -> Share:
    """Wilson's score interval of a share (Wilson 1927, doi:10.1080/01621459.1927.10502953).

    The solutions p of ``|count/total - p| = z sqrt(p (1 - p)/total)``. It is for independent
    draws; Sobol points are spread more evenly, so for them it is on the wide side.

    Raises:
        InputError: no draws, a count outside them, or a confidence outside (0, 1).
    """
    if not (total >= 1 and 0 <= count <= total and 0 < confidence < 1):
        raise InputError(
            f"a share of {count} in {total} at confidence {confidence}; expected 1 draw or more, "
            "a count within them and a confidence between 0 and 1."
        )
    found = scipy.stats.binomtest(int(count), int(total)).proportion_ci(confidence, "wilson")
    return Share(int(count), int(total), float(found.low), float(found.high))


def share(mask: Mask, confidence: float = CONFIDENCE) -> Share:
    """Share of true entries of ``(N,)``, with its Wilson interval."""
    return wilson(int(np.count_nonzero(mask)), mask.size, confidence)


def _all(masks: NDArray[np.bool_]) -> Mask:
    """Where every one of ``(n, N)`` masks is true, ``(N,)``."""
    return np.asarray(masks.all(axis=0))


@dataclass(frozen=True)
class Sample:
    """Draws, what the model gave for them, and the criteria they are held to.

    Attributes:
        names: of the ``d`` coordinates.
        unit: the draws in the open unit cube, ``(N, d)``.
        points: the draws, ``(N, d)``.
        quantities: ``(N,)`` numbers by name; NaN where the simulation failed.
        completed: ``(N,)``; a draw that failed is rejected, and counted.
        criteria: all of which an accepted draw meets.
    """

    names: tuple[str, ...]
    unit: Array
    points: Array
    quantities: Mapping[str, Array]
    completed: Mask
    criteria: tuple[Band, ...]

    def __post_init__(self) -> None:
        if not self.criteria:
            raise InputError("no criteria; expected at least one, or every draw is accepted.")
        for criterion in self.criteria:
            if criterion.quantity not in self.quantities:
                raise InputError(
                    f"criterion {criterion.name!r} is about {criterion.quantity!r}, which the "
                    f"simulator does not give; it gives {sorted(self.quantities)}."
                )

    def __len__(self) -> int:
        return len(self.points)

    def first(self, n: int) -> Sample:
        """The first ``n`` draws by themselves.

        Raises:
            InputError: ``n`` is below 1 or above the number of draws.
        """
        if not 1 <= n <= len(self):
            raise InputError(f"the first {n} draws; expected 1 to {len(self)}.")
        return replace(
            self,
            unit=self.unit[:n],
            points=self.points[:n],
            quantities={name: values[:n] for name, values in self.quantities.items()},
            completed=self.completed[:n],
        )

    def with_criteria(self, criteria: Sequence[Band]) -> Sample:
        """The same draws held to other criteria."""
        return replace(self, criteria=tuple(criteria))

    @property
    def failed(self) -> int:
        """How many simulations did not complete."""
        return int(np.count_nonzero(~self.completed))

    @cached_property
    def passes(self) -> NDArray[np.bool_]:
        """Which draws meet which criterion, ``(n_criteria, N)``; a failed draw meets none."""
        held = [band.holds(self.quantities[band.quantity]) for band in self.criteria]
        return np.stack(held) & self.completed

    @cached_property
    def accepted(self) -> Mask:
        """Which draws meet every criterion, ``(N,)``."""
        return _all(self.passes)

    @property
    def share(self) -> Share:
        """Accepted share with its Wilson interval."""
        return share(self.accepted)

    @property
    def accepted_points(self) -> Array:
        """``(n_accepted, d)``."""
        return self.points[self.accepted]

    def by_criterion(self) -> pd.DataFrame:
        """What each criterion does: one row a criterion.

        Columns: ``criterion``; ``alone`` with ``low`` and ``high``, the share that meets it;
        ``so_far``, the share that meets it and all before it; ``all_others``, the share that
        meets every other one: how many more would be accepted without it.
        """

        rows: list[dict[str, Any]] = []
        for i, criterion in enumerate(self.criteria):
            alone = share(self.passes[i])
            others = _all(np.delete(self.passes, i, axis=0)) & self.completed
            rows.append(
                {
                    "criterion": criterion.name,
                    "alone": alone.value,
                    "low": alone.low,
                    "high": alone.high,
                    "so_far": share(_all(self.passes[: i + 1])).value,
                    "all_others": share(others).value,
                }
            )
        return late.pandas.DataFrame(rows)

    def convergence(self, sizes: Sequence[int]) -> pd.DataFrame:
        """Accepted share among the first n draws: ``n``, ``share``, ``low``, ``high``.

        Raises:
            InputError: a size below 1 or above the number of draws.
        """
        found = [(n, self.first(n).share) for n in sizes]
        return late.pandas.DataFrame(
            [{"n": n, "share": s.value, "low": s.low, "high": s.high} for n, s in found]
        )

    def moved(self) -> pd.DataFrame:
        """How far acceptance moved each coordinate: one row a coordinate.

        Columns: ``name``; ``median``, of the accepted draws' place in the range drawn from
        (0.5 if it did not move); ``low`` and ``high``, 5 and 95 % of it; ``distance``, the
        largest distance between the two distribution functions (Kolmogorov and Smirnov's).

        Raises:
            InputError: nothing was accepted.
        """

        unit = self._accepted_unit(1)
        low, median, high = np.percentile(unit, [5, 50, 95], axis=0)
        distance = [scipy.stats.kstest(column, "uniform").statistic for column in unit.T]
        return late.pandas.DataFrame(
            {
                "name": self.names,
                "median": median,
                "low": low,
                "high": high,
                "distance": distance,
            }
        )

    def correlations(self) -> pd.DataFrame:
        """Spearman's rank correlations among the accepted draws, ``(d, d)``.

        They do not depend on the transform of a coordinate. The draws themselves have none.

        Raises:
            InputError: fewer than three accepted draws.
        """

        ranks = scipy.stats.rankdata(self._accepted_unit(3), axis=0)
        return late.pandas.DataFrame(
            np.corrcoef(ranks, rowvar=False).reshape(len(self.names), -1), self.names, self.names
        )

    def _accepted_unit(self, at_least: int) -> Array:
        unit = self.unit[self.accepted]
        if len(unit) < at_least:
            raise InputError(
                f"{len(unit)} of {len(self)} draws were accepted; expected {at_least} or more. "
                "Take more draws, or wider criteria."
            )
        return unit


def rejection(
    space: Space,
    simulator: Simulator,
    criteria: Sequence[Band],
    n_draws: int,
    seed: int,
    derive: Callable[[dict[str, Array]], Mapping[str, Array]] | None = None,
    **options: Any,
) -> Sample:
    """Draw from a space, simulate, and hold the draws to criteria.

    Args:
        space: what is drawn.
        simulator: what is run on the draws, in chunks.
        criteria: at least one.
        n_draws: how many draws, 1 or more.
        seed: of the Sobol points.
        derive: makes further ``(N,)`` quantities out of the simulator's.
        options: of :func:`.sweep`: executor, workers, progress, checkpoint, ...

    Raises:
        InputError: no draws, no criteria, a criterion on a quantity that is not there.
    """
    unit = sobol(n_draws, len(space.names), seed)
    points = space.quantile(unit)
    values = np.asarray(sweep(simulator, points, **options))
    return sample_of(space.names, unit, points, simulator.quantities, values, criteria, derive)


def sample_of(
    names: tuple[str, ...],
    unit: Array,
    points: Array,
    quantities: tuple[str, ...],
    values: Array,
    criteria: Sequence[Band],
    derive: Callable[[dict[str, Array]], Mapping[str, Array]] | None = None,
) -> Sample:
    """A sample out of results ``(N, k)`` that a sweep has given already; see :func:`rejection`.

    Raises:
        InputError: another number of columns than there are quantities.
    """
    values = values[:, None] if values.ndim == 1 else values
    if values.shape[1] != len(quantities):
        raise InputError(
            f"the simulator gave {values.shape[1]} numbers a draw; expected {len(quantities)}: "
            f"{', '.join(quantities)}."
        )
    columns = dict(zip(quantities, values.T, strict=True))
    completed = _all(np.isfinite(values).T)
    known = columns | dict(derive(columns) if derive is not None else {})
    return Sample(tuple(names), unit, points, known, completed, tuple(criteria))
