"""What is given beside a drug: tocilizumab, dexamethasone, or both, on the drug's own clock."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal

from ..common import InputError, short
from ..drugs import dose_for, load_dexamethasone
from ..model import Bolus, Infusion, Regimen, Rescue, Steroid, TocilizumabInputs

EARLIEST_H = -168.0
"""How long before the drug's clock starts anything may be given (h)."""
TOCILIZUMAB, DEXAMETHASONE = "8 mg/kg", "20 mg"
INFUSED_H = 1.0
"""How long tocilizumab flows (h)."""
MOST_TOCILIZUMAB_UG = 800_000.0
"""What the label allows in one infusion of so much per kilogram (TZ025)."""
LARGEST_DEXAMETHASONE_UG = 1e6
MOST_TIMES = 100


@dataclass(frozen=True)
class Cover:
    """Co-medication.

    Attributes:
        tocilizumab_h: when it begins to flow (h from the start of the drug's regimen, negative
            for before it); one time a dose, none for none.
        tocilizumab: amount of each, over 1 h; per kilogram it is of the drug's patient, and at
            most 800 mg.
        dexamethasone_h: as ``tocilizumab_h``.
        dexamethasone: amount of each.
        route: of dexamethasone.

    Raises:
        InputError: an amount without a time, a time given twice or too early, an unknown route.
    """

    tocilizumab_h: tuple[float, ...] = ()
    tocilizumab: str = TOCILIZUMAB
    dexamethasone_h: tuple[float, ...] = ()
    dexamethasone: str = DEXAMETHASONE
    route: Literal["IV", "oral"] = "IV"

    def __post_init__(self) -> None:
        if self.route not in ("IV", "oral"):
            raise InputError(f"Dexamethasone by {self.route!r} was asked for; expected IV or oral.")
        plain = Cover.__dataclass_fields__
        for name, times in self.times.items():
            if not times and getattr(self, name) != plain[name].default:
                raise InputError(
                    f"{name.capitalize()} of {getattr(self, name)} was asked for without a time; "
                    "expected when it is given."
                )
            if len(times) > MOST_TIMES or len(set(times)) < len(times):
                raise InputError(
                    f"{name.capitalize()} at {', '.join(f'{t:g}' for t in times)} h was asked for; "
                    f"expected each time once, and at most {MOST_TIMES}."
                )
        if not self.dexamethasone_h and self.route != "IV":
            raise InputError("A route of dexamethasone was asked for without a time.")

    @property
    def times(self) -> dict[str, tuple[float, ...]]:
        """Times (h) by what is given."""
        return {"tocilizumab": self.tocilizumab_h, "dexamethasone": self.dexamethasone_h}

    @property
    def first_h(self) -> float | None:
        """When the first of it is given (h); None without any."""
        return min((t for times in self.times.values() for t in times), default=None)

    @property
    def words(self) -> str:
        """What is given, as ``tocilizumab and dexamethasone``; empty for nothing."""
        return " and ".join(name for name, times in self.times.items() if times)

    def shifted(self, by_h: float) -> Cover:
        """The same given so much later (h); earlier if negative."""
        return replace(
            self,
            tocilizumab_h=tuple(time + by_h for time in self.tocilizumab_h),
            dexamethasone_h=tuple(time + by_h for time in self.dexamethasone_h),
        )

    def require_before(self, horizon_h: float) -> None:
        """Raise unless everything is given within a week before the drug and the end.

        Raises:
            InputError: a time outside of that.
        """
        for name, times in self.times.items():
            for time in times:
                if not (math.isfinite(time) and EARLIEST_H <= time < horizon_h):
                    raise InputError(
                        f"{name.capitalize()} at {time:g} h was asked for; expected a time from "
                        f"{EARLIEST_H:g} h to before the end at {horizon_h:g} h."
                    )

    def tocilizumab_ug(self, weight_kg: float) -> float:
        """Amount of one dose of tocilizumab for a patient of that weight (ug)."""
        amount, per_kg = dose_for("tocilizumab", self.tocilizumab, weight_kg)
        return min(amount, MOST_TOCILIZUMAB_UG) if per_kg else amount

    def dexamethasone_ug(self, weight_kg: float) -> float:
        """Amount of one dose of dexamethasone (ug).

        Raises:
            InputError: more than a gram, which is surely a slip.
        """
        amount, _ = dose_for("dexamethasone", self.dexamethasone, weight_kg)
        if amount > LARGEST_DEXAMETHASONE_UG:
            raise InputError(
                f"dexamethasone {self.dexamethasone!r} was given, understood as {amount / 1000:g} "
                f"mg; expected at most {LARGEST_DEXAMETHASONE_UG / 1000:g} mg."
            )
        return amount

    def rescue(self, inputs: TocilizumabInputs, weight_kg: float, shift_h: float) -> Rescue | None:
        """Tocilizumab on a clock that starts ``shift_h`` before the drug's; None without any."""
        if not self.tocilizumab_h:
            return None
        amount = self.tocilizumab_ug(weight_kg)
        doses = [Infusion(time + shift_h, INFUSED_H, amount) for time in self.tocilizumab_h]
        return Rescue(inputs, Regimen.of(*doses))

    def steroid(self, weight_kg: float, shift_h: float) -> Steroid | None:
        """Dexamethasone, as `rescue`."""
        if not self.dexamethasone_h:
            return None
        amount = self.dexamethasone_ug(weight_kg)
        doses = [Bolus(time + shift_h, amount, self.route) for time in self.dexamethasone_h]
        return Steroid(load_dexamethasone().inputs, Regimen.of(*doses))

    def lines(self, weight_kg: float) -> Iterator[str]:
        """What is given, when, and how much that is for a patient of that weight."""
        if self.tocilizumab_h:
            yield (
                f"tocilizumab {short(self.tocilizumab_ug(weight_kg) / 1000)} mg over 1 h "
                f"({self.tocilizumab}, {short(weight_kg)} kg{self._about_the_most(weight_kg)}), "
                f"{_at(self.tocilizumab_h)}"
            )
        if self.dexamethasone_h:
            yield (
                f"dexamethasone {short(self.dexamethasone_ug(weight_kg) / 1000)} mg "
                f"{self.route}, {_at(self.dexamethasone_h)}"
            )

    def _about_the_most(self, weight_kg: float) -> str:
        """What a dose has to do with the most that one by weight may be, if anything."""
        asked, per_kg = dose_for("tocilizumab", self.tocilizumab, weight_kg)
        if asked <= MOST_TOCILIZUMAB_UG:
            return ""
        most = f"{short(MOST_TOCILIZUMAB_UG / 1000)} mg"
        return f", at most {most}" if per_kg else f", above the {most} that a label allows"

    def as_dict(self, weight_kg: float) -> dict[str, object]:
        """The same as plain values."""
        found: dict[str, object] = {}
        if self.tocilizumab_h:
            found["tocilizumab"] = {
                "times_h": list(self.tocilizumab_h),
                "asked": self.tocilizumab,
                "dose_ug": self.tocilizumab_ug(weight_kg),
                "over_h": INFUSED_H,
            }
        if self.dexamethasone_h:
            found["dexamethasone"] = {
                "times_h": list(self.dexamethasone_h),
                "asked": self.dexamethasone,
                "dose_ug": self.dexamethasone_ug(weight_kg),
                "route": self.route,
            }
        return found


NONE = Cover()


def _at(times: tuple[float, ...]) -> str:
    return "given at " + ", ".join(short(time) for time in sorted(times)) + " h"
