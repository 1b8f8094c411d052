"""The result of a simulation: named states with units, and what is read off them.

Peaks, areas and values between report times come from the cubic Hermite
interpolant of the states and their exact derivatives, with one-sided limits at
every change of dosing. They hardly depend on where the report times fall, as long as
these follow the course, which the default ones do: a peak that rises and falls between
two report times is not seen.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from types import SimpleNamespace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..common import InputError, IntegrationError, late
from .engines import ENGINES, Outcome, Task, engine_words
from .vocabulary import QUANTITIES

if TYPE_CHECKING:
    import pandas as pd

_GIVEN_NONE = ("T_c", "T_p", "C_tcz", "rho")
"""What is 0 throughout a run in which no tocilizumab is given."""
Array = NDArray[np.float64]


class Peak(NamedTuple):
    """Highest value and its time (h); arrays ``(N,)`` for a batch."""

    value: Array
    time_h: Array


@dataclass(frozen=True)
class Trajectory:
    """States over time of one parameter set, or of a batch of N.

    Values come out with shape ``(T,)`` for one set and ``(N, T)`` for a batch, in
    the unit that :data:`.vocabulary.QUANTITIES` gives for the name; cytokines are above baseline.

    Attributes:
        label: drug and regimen.
        task: what was integrated.
        states: ``(n_states, N, T)``.
        outcomes: one a set; asking a value of a set that did not complete raises.
        batch: whether a batch was asked for.
        mark: empty, or words to show wherever unlocked values went in.
        engine: what was asked to integrate it.
        stood_in: for which sets ``(N,)`` the default engine did so instead; None for none.
    """

    label: str
    task: Task
    states: Array
    outcomes: tuple[Outcome, ...]
    batch: bool
    mark: str = ""
    engine: str = ENGINES[0]
    stood_in: NDArray[np.bool_] | None = None

    def __len__(self) -> int:
        return len(self.outcomes)

    @property
    def times(self) -> Array:
        """Report times (h), shape ``(T,)``; a value at a dose's time is the one just after it."""
        return self.task.schedule.times

    @property
    def completed(self) -> NDArray[np.bool_]:
        """Which sets completed, shape ``(N,)``."""
        return np.array([outcome.completed for outcome in self.outcomes])

    @property
    def stood_in_for(self) -> int:
        """For how many sets the default engine stood in for the one that was asked."""
        return 0 if self.stood_in is None else int(self.stood_in.sum())

    @property
    def engine_words(self) -> str:
        """What has to be said of the engine; empty unless ``fast`` was asked for."""
        return engine_words(self.engine, self.stood_in_for, len(self))

    def select(self, keep: NDArray[np.bool_]) -> Trajectory:
        """The sets for which ``keep`` ``(N,)`` is true, as a batch.

        Raises:
            InputError: anything but one true or false a set.
        """
        keep = np.asarray(keep)
        if keep.dtype != bool or keep.shape != (len(self),):
            raise InputError(
                f"select was given {keep.dtype} of shape {keep.shape}; expected one true or false "
                f"for each of the {len(self)} sets."
            )
        if keep.all():  # nothing to leave out, so nothing to copy
            return self if self.batch else replace(self, batch=True)
        outcomes = tuple(o for o, kept in zip(self.outcomes, keep, strict=True) if kept)
        return replace(
            self,
            task=self.task.select(keep),
            states=self.states[:, keep],
            outcomes=outcomes,
            batch=True,
            stood_in=None if self.stood_in is None else self.stood_in[keep],
        )

    def require_completed(self) -> None:
        """Raise unless every set completed.

        Raises:
            IntegrationError: how many did not, and why the first of them did not.
        """
        failed = [outcome for outcome in self.outcomes if not outcome.completed]
        if failed:
            raise IntegrationError(
                f"{self.label}: {len(failed)} of {len(self)} integrations did not complete "
                f"({failed[0].value}). Use .select(trajectory.completed) and count the rest."
            )

    def _shape(self, values: Array) -> Array:
        return values if self.batch else values[0]

    @property
    def _p(self) -> SimpleNamespace:
        return SimpleNamespace(**{name: v[:, None] for name, v in vars(self.task.p).items()})

    @property
    def names(self) -> tuple[str, ...]:
        """What can be read off it; units and words: :mod:`.vocabulary`."""
        structure = self.task.structure
        shares = ("feedback_share",) if structure.t_cells else ()
        return (*structure.states, *structure.quantity_names, *shares)

    def __getitem__(self, name: str) -> Array:
        """One of :attr:`names`: a state, ``C`` (ng/mL), ``rho``, ``feedback_share``, ...

        Tocilizumab's are 0 where none is given.
        """
        self.require_completed()
        return self._shape(self._values(name))

    def _values(self, name: str) -> Array:
        structure, p = self.task.structure, self._p
        if name in structure.states:
            return self.states[structure.states.index(name)]
        if name in _GIVEN_NONE and not structure.tocilizumab:
            return np.zeros(self.states.shape[1:])
        if name not in self.names:
            raise InputError(f"no quantity {name!r}; expected one of {sorted(self.names)}.")
        # what is named does not hang on dosing rates
        q = structure.quantities(self.states, p, np.zeros(len(structure.inputs)))
        if name != "feedback_share":
            return np.broadcast_to(getattr(q, name), self.states.shape[1:]).copy()
        *others, feedback = structure.il6_production(self.states, p, q)
        total = feedback + sum(others)
        share = np.zeros(self.states.shape[1:])
        return np.divide(feedback * np.ones_like(share), total, out=share, where=total > 0)

    def _interval_ends(self, state: int, intervals: NDArray[np.int_]) -> tuple[Array, ...]:
        """Values and slopes at both ends of report intervals.

        Args:
            state: index of the state.
            intervals: ``(N, K)``, interval k runs from report time k to k + 1.

        Returns:
            Length, left and right value, left and right slope, each ``(N, K)``.
        """
        schedule, task = self.task.schedule, self.task
        rows = np.arange(len(self))[:, None]
        firsts = schedule.firsts
        which = np.searchsorted(firsts, intervals, side="right") - 1
        factor = task.dose_factor[:, None]
        rates = schedule.rates[which]
        u = [
            factor * rates[..., i] if door.of_drug else rates[..., i]
            for i, door in enumerate(task.structure.doors)
            if door.input
        ]
        left, right = self.states[:, rows, intervals], self.states[:, rows, intervals + 1]
        # both are copies; what is stored at a dose's time is the value after it: take it off again
        boluses = np.zeros((self.times.size, len(task.structure.doors)))
        boluses[firsts] = schedule.boluses
        for i, door in enumerate(task.structure.doors):
            amount = boluses[intervals + 1, i]
            right[task.structure.states.index(door.state)] -= (
                factor * amount if door.of_drug else amount
            )
        slopes = [
            np.broadcast_to(task.structure.rhs(y, self._p, u)[state], intervals.shape)
            for y in (left, right)
        ]
        return np.diff(self.times)[intervals], left[state], right[state], *slopes

    def peak(self, name: str, start_h: float = 0.0, end_h: float = np.inf) -> Peak:
        """Highest value of a state (or of ``C``) and its time, between two times (h).

        Raises:
            InputError: an empty window, or a name that is not a state.
            IntegrationError: a set that did not complete.
        """
        self.require_completed()
        per_volume = name == "C" and "C" not in self.task.structure.states
        state = self._state("A_c" if per_volume else name)
        times, values = self.times, self.states[state]
        low_h, high_h = max(start_h, times[0]), min(end_h, times[-1])
        if not low_h <= high_h:
            raise InputError(
                f"no time between {start_h:g} and {end_h:g} h; the simulation runs from "
                f"{times[0]:g} to {times[-1]:g} h."
            )
        # the report intervals that the window touches, the outer two perhaps in part
        first = min(int(np.searchsorted(times, low_h, side="right")) - 1, times.size - 2)
        last = max(int(np.searchsorted(times, high_h, side="left")) - 1, first)
        inside = np.flatnonzero((times >= low_h) & (times <= high_h))
        if inside.size:
            best = inside[0] + np.argmax(values[:, inside], axis=1)
            value, time = values[np.arange(len(self)), best], times[best]
        else:
            best = np.full(len(self), first)
            value, time = np.full(len(self), -np.inf), np.full(len(self), low_h)
        outer = np.full_like(best, first), np.full_like(best, last)
        around = np.stack([best - 1, best, *outer], axis=1).clip(first, last)
        step, f0, f1, d0, d1 = self._interval_ends(state, around)
        low = (np.maximum(low_h, times[around]) - times[around]) / step
        high = (np.minimum(high_h, times[around + 1]) - times[around]) / step
        inner, s = _highest_inside(step, f0, f1, d0, d1, low, high)
        at = np.argmax(inner, axis=1)[:, None]
        inner_value = np.take_along_axis(inner, at, 1)[:, 0]
        inner_time = np.take_along_axis(times[around] + s * step, at, 1)[:, 0]
        higher = inner_value > value
        value = np.where(higher, inner_value, value)
        time = np.where(higher, inner_time, time)
        if per_volume:
            value = value / self._p.V1[:, 0]
        return Peak(self._shape(value), self._shape(time))

    def at(self, name: str, time_h: float) -> Array:
        """Value of a state at any time within the simulation (h)."""
        self.require_completed()
        state = self._state(name)
        if not self.times[0] <= time_h <= self.times[-1]:
            raise InputError(
                f"time {time_h:g} h is outside the simulation's {self.times[0]:g} to "
                f"{self.times[-1]:g} h."
            )
        k = int(np.searchsorted(self.times, time_h, side="right")) - 1
        if self.times[k] == time_h:
            return self._shape(self.states[state][:, k])
        intervals = np.full((len(self), 1), k)
        step, f0, f1, d0, d1 = self._interval_ends(state, intervals)
        return self._shape(_hermite(step, f0, f1, d0, d1, (time_h - self.times[k]) / step)[:, 0])

    def along(self, names: Sequence[str], times: Array) -> dict[str, Array]:
        """States (or ``C``) at many times within the simulation (h), each ``(N, T)``.

        At a dose's time it is the value just after; values between report times are read off the
        interpolant, as peaks are.

        Raises:
            InputError: a time outside the simulation, or a name that is not a state.
            IntegrationError: a set that did not complete.
        """
        self.require_completed()
        times = np.asarray(times, dtype=float)
        if times.size and not (self.times[0] <= times.min() and times.max() <= self.times[-1]):
            raise InputError(
                f"times from {times.min():g} to {times.max():g} h were asked for; the simulation "
                f"runs from {self.times[0]:g} to {self.times[-1]:g} h."
            )
        k = np.searchsorted(self.times, times, side="right") - 1
        on, between = self.times[k] == times, np.flatnonzero(self.times[k] != times)
        tabulated = "C" in self.task.structure.states
        found = {}
        for name in names:
            per_volume = name == "C" and not tabulated
            state = self._state("A_c" if per_volume else name)
            values = np.empty((len(self), times.size))
            values[:, on] = self.states[state][:, k[on]]
            if between.size:
                at = k[between]
                ends = self._interval_ends(state, np.tile(at, (len(self), 1)))
                step, f0, f1, d0, d1 = ends
                values[:, between] = _hermite(
                    step, f0, f1, d0, d1, (times[between] - self.times[at]) / step
                )
            found[name] = values / self._p.V1 if per_volume else values
        return found

    def area(self, name: str, start_h: float = 0.0, end_h: float | None = None) -> Array:
        """Area under a state between two times (its unit times h)."""
        self.require_completed()
        state = self._state(name)
        k, low_h, high_h = self._within("area", start_h, end_h)
        step, f0, f1, d0, d1 = self._interval_ends(state, np.tile(k, (len(self), 1)))
        low, high = (low_h - self.times[k]) / step, (high_h - self.times[k]) / step
        # Simpson's rule is exact for a cubic
        nodes = [_hermite(step, f0, f1, d0, d1, s) for s in (low, (low + high) / 2, high)]
        pieces = step * (high - low) * (nodes[0] + 4 * nodes[1] + nodes[2]) / 6
        return self._shape(pieces.sum(axis=1))

    def mean_engagement(self, start_h: float = 0.0, end_h: float | None = None) -> Array:
        """Mean receptor engagement between two times (0 to 1), by the model's own formula.

        Gauss-Legendre quadrature on the interpolated exposure (and targets) of each report
        interval, with nodes enough for engagement that saturates within a fortieth of it.
        """
        self.require_completed()
        k, low_h, high_h = self._within("mean", start_h, end_h)
        intervals = np.tile(k, (len(self), 1))
        engagement = self.task.structure.t_cell_part.engagement
        tabulated = "C" in self.task.structure.states
        volume = 1.0 if tabulated else self._p.V1
        read = ["C" if tabulated else "A_c", *(["B"] if "B" in self.task.structure.states else [])]
        step, *_ = self._interval_ends(self._state(read[0]), intervals)
        ends = [self._interval_ends(self._state(name), intervals)[1:] for name in read]
        total = np.zeros(intervals.shape)
        for node, weight in zip(*np.polynomial.legendre.leggauss(20), strict=True):
            s = ((low_h + high_h) / 2 + node * (high_h - low_h) / 2 - self.times[k]) / step
            values = [_hermite(step, f0, f1, d0, d1, s) for f0, f1, d0, d1 in ends]
            C = np.maximum(values[0], 0.0) / volume
            B = values[1] if len(values) > 1 else 1.0
            total += weight / 2 * (high_h - low_h) * engagement(C, B, self._p)
        return self._shape(total.sum(axis=1) / (high_h - low_h).sum())

    def _within(
        self, what: str, start_h: float, end_h: float | None
    ) -> tuple[NDArray[np.int_], Array, Array]:
        """Report intervals ``(K,)`` between two times, and the part of each that lies there (h).

        Raises:
            InputError: times that do not increase, or outside the simulation.
        """
        end_h = self.times[-1] if end_h is None else end_h
        if not self.times[0] <= start_h < end_h <= self.times[-1]:
            raise InputError(
                f"{what} from {start_h:g} to {end_h:g} h; expected increasing times within "
                f"{self.times[0]:g} to {self.times[-1]:g} h."
            )
        k = np.flatnonzero((self.times[:-1] < end_h) & (self.times[1:] > start_h))
        return k, np.maximum(start_h, self.times[k]), np.minimum(end_h, self.times[k + 1])

    def _state(self, name: str) -> int:
        states = self.task.structure.states
        if name not in states:
            raise InputError(f"no state {name!r}; expected one of {states}.")
        return states.index(name)

    def to_frame(self, names: Sequence[str] | None = None) -> pd.DataFrame:
        """One set as a table: time and states, units in the column names.

        Args:
            names: what stands in it; its states by default.

        Raises:
            InputError: a batch; select one set first.
        """
        if len(self) != 1:
            raise InputError(f"a table shows one set; this batch has {len(self)}.")

        columns = {"time (h)": self.times}
        names = self.task.structure.states if names is None else names
        self.require_completed()
        return late.pandas.DataFrame(
            columns | {f"{n} ({QUANTITIES[n].unit})": self._values(n)[0] for n in names}
        )


def _hermite(step: Array, f0: Array, f1: Array, d0: Array, d1: Array, s: Array) -> Array:
    """Cubic Hermite interpolant at ``s`` in [0, 1] of an interval of length ``step``."""
    return (
        (1 + 2 * s) * (1 - s) ** 2 * f0
        + s * (1 - s) ** 2 * step * d0
        + s**2 * (3 - 2 * s) * f1
        + s**2 * (s - 1) * step * d1
    )


def _highest_inside(
    step: Array, f0: Array, f1: Array, d0: Array, d1: Array, low: Array, high: Array
) -> tuple[Array, Array]:
    """Highest value of the cubic between ``low`` and ``high`` in [0, 1], and where."""
    # derivative of the cubic in s: a s^2 + b s + c
    a = 3 * (2 * f0 - 2 * f1 + step * (d0 + d1))
    b = 2 * (3 * (f1 - f0) - step * (2 * d0 + d1))
    c = step * d0
    root = np.sqrt(np.maximum(b**2 - 4 * a * c, 0.0))
    q = -0.5 * (b + np.where(b >= 0, root, -root))
    with np.errstate(divide="ignore", invalid="ignore"):
        candidates = np.stack([q / a, c / q, low, high])
    candidates = np.where(np.isfinite(candidates), candidates.clip(low, high), low)
    values = np.stack([_hermite(step, f0, f1, d0, d1, s) for s in candidates])
    best = np.argmax(values, axis=0)[None]
    return np.take_along_axis(values, best, 0)[0], np.take_along_axis(candidates, best, 0)[0]
