"""Doses and regimens: immutable, validated, in micrograms and hours.

A :class:`Regimen` is a set of boluses and constant-rate infusions. It says when
dosing changes and what it is from then on; :mod:`qsp_lib.model.schedule` makes of that the
segments of constant dosing that an integrator is given.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from typing import Literal

from ..common import InputError


def _require(value: float, what: str, *, positive: bool) -> None:
    lowest = "greater than 0" if positive else "0 or more"
    if not math.isfinite(value) or (value <= 0 if positive else value < 0):
        raise InputError(f"{what} is {value!r}; expected a finite number {lowest}.")


Route = Literal["IV", "SC", "oral"]
"""Into a vein, under the skin, by mouth."""


@dataclass(frozen=True)
class Bolus:
    """An instantaneous dose: into the central compartment, or by another route into its depot.

    Args:
        time_h: time of the dose (h), 0 or more.
        amount_ug: amount (ug), 0 or more.
        route: by which it is given.

    Raises:
        InputError: a negative or non-finite time or amount.
    """

    time_h: float
    amount_ug: float
    route: Route = field(default="IV", metadata={"since_v1": True})

    def __post_init__(self) -> None:
        _require(self.time_h, "bolus time (h)", positive=False)
        _require(self.amount_ug, "bolus amount (ug)", positive=False)

    def shifted(self, hours: float) -> Bolus:
        """The same dose ``hours`` later (earlier if negative)."""
        return replace(self, time_h=self.time_h + hours)

    def scaled(self, factor: float) -> Bolus:
        """The dose with its amount multiplied by ``factor``."""
        return replace(self, amount_ug=self.amount_ug * factor)


@dataclass(frozen=True)
class Infusion:
    """A constant-rate infusion into the central compartment.

    Args:
        start_h: start (h), 0 or more.
        duration_h: length (h), greater than 0.
        amount_ug: total amount given (ug), 0 or more.

    Raises:
        InputError: a negative start or amount, a length of zero or less.
    """

    start_h: float
    duration_h: float
    amount_ug: float

    def __post_init__(self) -> None:
        _require(self.start_h, "infusion start (h)", positive=False)
        _require(self.duration_h, "infusion length (h)", positive=True)
        _require(self.amount_ug, "infusion amount (ug)", positive=False)

    @classmethod
    def at_rate(cls, start_h: float, duration_h: float, rate_ug_per_h: float) -> Infusion:
        """The infusion of ``rate_ug_per_h`` (ug/h) for ``duration_h`` hours."""
        _require(rate_ug_per_h, "infusion rate (ug/h)", positive=False)
        _require(duration_h, "infusion length (h)", positive=True)
        return cls(start_h, duration_h, rate_ug_per_h * duration_h)

    @property
    def time_h(self) -> float:
        """When it begins (h), as of a bolus."""
        return self.start_h

    @property
    def end_h(self) -> float:
        """When it ends (h)."""
        return self.start_h + self.duration_h

    @property
    def rate_ug_per_h(self) -> float:
        """Its constant rate (ug/h)."""
        return self.amount_ug / self.duration_h

    def shifted(self, hours: float) -> Infusion:
        """The same infusion ``hours`` later (earlier if negative)."""
        return Infusion(self.start_h + hours, self.duration_h, self.amount_ug)

    def scaled(self, factor: float) -> Infusion:
        """The infusion with its amount multiplied by ``factor``, over the same time."""
        return Infusion(self.start_h, self.duration_h, self.amount_ug * factor)


Dose = Bolus | Infusion


@dataclass(frozen=True)
class Regimen:
    """Doses in order of their start; infusions may overlap, and add up.

    Raises:
        InputError: anything but doses, or doses out of order of their start.
    """

    doses: tuple[Dose, ...] = ()
    label: str = ""

    def __post_init__(self) -> None:
        for dose in self.doses:
            if not isinstance(dose, Bolus | Infusion):
                raise InputError(f"a regimen holds Bolus and Infusion doses; got {dose!r}.")
        starts = [dose.time_h for dose in self.doses]
        if starts != sorted(starts):
            raise InputError(
                f"doses start at {starts} h; expected them in order of time. Sort them, or use "
                "Regimen.of(...), which does."
            )

    @classmethod
    def of(cls, *doses: Dose, label: str = "") -> Regimen:
        """A regimen of these doses, put in order of their start.

        >>> step_up = Regimen.of(Bolus(24, 500), Bolus(0, 100), label="step-up")
        >>> step_up.total_ug, step_up.first_dose_h, step_up.doses[0].amount_ug
        (600, 0, 100)
        """
        return cls(tuple(sorted(doses, key=lambda dose: dose.time_h)), label)

    def by(self, *routes: Route) -> Regimen:
        """Its doses by these routes alone; infusions are all into a vein."""
        kept = tuple(dose for dose in self.doses if getattr(dose, "route", "IV") in routes)
        return Regimen(kept, self.label)

    @property
    def total_ug(self) -> float:
        """Amount of all doses together (ug)."""
        return sum(dose.amount_ug for dose in self.doses)

    @property
    def first_dose_h(self) -> float:
        """Start of the first dose (h); 0 for a regimen without doses."""
        return self.doses[0].time_h if self.doses else 0.0

    def scaled(self, factor: float) -> Regimen:
        """The same schedule with every amount multiplied by ``factor``."""
        return Regimen(tuple(dose.scaled(factor) for dose in self.doses), self.label)

    def shifted(self, hours: float) -> Regimen:
        """The same doses ``hours`` later (earlier if negative)."""
        return Regimen(tuple(dose.shifted(hours) for dose in self.doses), self.label)

    def change_times(self, horizon_h: float) -> tuple[float, ...]:
        """Times in [0, horizon) at which a bolus is given or the dosing rate changes (h)."""
        times = {0.0}
        for dose in self.doses:
            times.add(dose.time_h)
            if isinstance(dose, Infusion):
                times.add(dose.end_h)
        return tuple(sorted(time for time in times if time < horizon_h))

    def given_within(self, first_h: float, last_h: float) -> float:
        """Amount (ug) given at once at times that are one, ``first_h`` to ``last_h``.

        Boluses, and infusions as short as that.
        """
        return sum(
            dose.amount_ug
            for dose in self.doses
            if first_h <= dose.time_h
            and (dose.end_h if isinstance(dose, Infusion) else dose.time_h) <= last_h
        )

    def bolus_at(self, time_h: float) -> float:
        """Total bolus amount given exactly at ``time_h`` (ug)."""
        return sum(
            dose.amount_ug
            for dose in self.doses
            if isinstance(dose, Bolus) and dose.time_h == time_h
        )

    def rate_from(self, time_h: float) -> float:
        """Dosing rate just after ``time_h`` (ug/h): all infusions then running, added up."""
        return sum(
            dose.rate_ug_per_h
            for dose in self.doses
            if isinstance(dose, Infusion) and dose.start_h <= time_h < dose.end_h
        )
