"""The explorer: a few values to move, and the model solved again with each.

What can be moved, over what range and from which locked value, is said here once, for the page
of the book (:mod:`qsp_lib.export.javascript` writes it out) and for the widgets of a live
kernel (:func:`explore`). A setting that is not the locked one gives marked results.
"""

from __future__ import annotations

import io
import math
from dataclasses import dataclass, fields, replace
from functools import cache
from html import escape
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from . import severity
from .dosing import Bolus, Infusion, Regimen
from .drugs import load_drug, load_tocilizumab
from .errors import InputError, QspError
from .lock import Record, current_record
from .parameters import DrugInputs, NetworkParameters
from .simulate import HORIZON_H, Rescue, simulate
from .trajectory import Trajectory

if TYPE_CHECKING:
    from ipywidgets import VBox

SLIDER_STEPS = 1000
"""Positions of a slider; the locked value stands at the one nearest to it."""
UNLOCKED = "unlocked"
TOCILIZUMAB_H = (-24.0, 96.0, 6.0)
"""Earliest and latest time of tocilizumab, and the one it starts at (h from the first dose)."""
_LONG_INFUSION_H = 24.0


@dataclass(frozen=True)
class Control:
    """A number that can be moved: its name, unit, range and locked value."""

    key: str
    label: str
    unit: str
    low: float
    high: float
    locked: float
    scale: Literal["log", "linear"] = "log"

    def accept(self, value: Any) -> float:
        """The value as a float.

        Raises:
            InputError: not a number, or outside the range.
        """
        number = isinstance(value, int | float) and not isinstance(value, bool)
        if not number or not self.low <= value <= self.high:
            raise InputError(
                f"{self.key} is {value!r}; expected {self.low:g} to {self.high:g} {self.unit}."
            )
        return float(value)


def dose_in_words(drug: DrugInputs, regimen: Regimen) -> tuple[float, str]:
    """A regimen's dose as a protocol gives it, and its unit.

    Long infusions are counted in ug/m2/day, one short infusion in mg/kg, boluses in mg each.

    Raises:
        InputError: a regimen of several kinds, or of different doses.
    """
    doses = regimen.doses
    amounts = {dose.amount_ug for dose in doses}
    if len(amounts) == 1 and all(isinstance(dose, Bolus) for dose in doses):
        return _rounded(doses[0].amount_ug / 1000), "mg per dose"
    if len(doses) == 1 and isinstance(infusion := doses[0], Infusion):
        if infusion.duration_h < _LONG_INFUSION_H:
            return _rounded(infusion.amount_ug / 1000 / drug.weight_kg), "mg/kg"
        return _rounded(infusion.rate_ug_per_h * 24 / drug.bsa_m2), "µg/m²/day"
    raise InputError(
        f"{drug.label}, {regimen.label}: expected one infusion, or boluses of one amount."
    )


def _rounded(value: float) -> float:
    """Without the last digits, in which a conversion of units leaves its rounding."""
    return float(f"{value:.12g}")


def controls(record: Record, drug: str) -> dict[str, Control]:
    """The numbers that can be moved for a drug, by key."""
    inputs, network = record.drug(drug), record.network
    dose, unit = dose_in_words(inputs, load_drug(drug).regimens["clinical"])
    made = (
        Control("dose", "dose", unit, dose / 1000, dose * 100, dose),
        Control("k_exh", "exhaustion rate of T cells", "1/h", 0.01, 10.0, inputs.k_exh),
        Control("K_M", "priming threshold of macrophages", "pg/mL", 10.0, 1e5, network.K_M),
        Control("K_S", "feedback threshold of the IL-6 signal", "pg/mL", 10.0, 1e5, network.K_S),
    )
    return {control.key: control for control in made}


TOCILIZUMAB = Control(
    "tocilizumab_h", "tocilizumab", "h", *TOCILIZUMAB_H[:2], TOCILIZUMAB_H[2], "linear"
)
"""When tocilizumab is given; it is not given at the lock, so its value here is a start only."""


@dataclass(frozen=True)
class Setting:
    """Where the controls stand; None is the locked value.

    Attributes:
        drug: a drug of the lock record.
        dose: in the unit of the drug's control.
        k_exh: 1/h.
        K_M, K_S: pg/mL.
        feedback: whether IL-6 feeds back on itself as it does in the record's structure.
        tocilizumab_h: hours from the drug's first dose, negative for prophylaxis.
    """

    drug: str
    dose: float | None = None
    k_exh: float | None = None
    K_M: float | None = None
    K_S: float | None = None
    feedback: bool = True
    tocilizumab_h: float | None = None

    @property
    def moved(self) -> tuple[str, ...]:
        """Names of what is not at its locked value."""
        names = [field.name for field in fields(self)[1:]]
        locked = Setting(self.drug)
        return tuple(name for name in names if getattr(self, name) != getattr(locked, name))


@dataclass(frozen=True)
class Solution:
    """The model solved at a setting.

    Attributes:
        setting: where the controls stood.
        trajectory: starts at the earlier of the drug's and tocilizumab's first dose.
        dose_h: when the drug is first given on the trajectory's clock (h).
        index, grade: severity, and the illustrative grade that goes with it.
    """

    setting: Setting
    trajectory: Trajectory
    dose_h: float
    index: float
    grade: int

    @property
    def mark(self) -> str:
        """Empty at the locked values; else what has to stand beside every number."""
        moved = ", ".join(self.setting.moved)
        return f"{UNLOCKED}: {moved}" if moved else ""

    def peak(self, name: str) -> tuple[float, float]:
        """Highest value of a state from the drug's first dose on, and its time from that (h)."""
        peak = self.trajectory.peak(name, self.dose_h)
        return float(peak.value), float(peak.time_h) - self.dose_h


def solve(setting: Setting, record: Record | None = None, **options: Any) -> Solution:
    """Solve the model from before the first dose to 168 h after it.

    Args:
        record: the current lock record by default.
        options: engine and tolerances, as of :func:`qsp_lib.simulate.simulate`.

    Raises:
        InputError: a value out of its range.
        LockError: a drug the record does not hold.
        IntegrationError: the solve failed.
    """
    record = record or current_record()
    drug, network = _inputs(setting, record)
    known = controls(record, setting.drug)
    regimen = load_drug(setting.drug).regimens["clinical"]
    if setting.dose is not None:
        regimen = regimen.scaled(known["dose"].accept(setting.dose) / known["dose"].locked)
    dose_h, rescue = 0.0, None
    if setting.tocilizumab_h is not None:
        given_h = TOCILIZUMAB.accept(setting.tocilizumab_h)
        dose_h = max(0.0, -given_h)
        clinical = load_tocilizumab().regimens["clinical"]
        rescue = Rescue(record.tocilizumab, clinical.shifted(given_h + dose_h))
    trajectory = simulate(
        drug, network, regimen.shifted(dose_h), rescue=rescue, crp=record.crp,
        horizon_h=HORIZON_H + dose_h, **options,
    )  # fmt: skip
    z = float(severity.index(trajectory, dose_h))
    return Solution(setting, trajectory, dose_h, z, int(record.boundaries.grade(z)))


def _inputs(setting: Setting, record: Record) -> tuple[DrugInputs, NetworkParameters]:
    drug, network = record.drug(setting.drug), record.network
    known = controls(record, setting.drug)
    if setting.k_exh is not None:
        drug = drug.unlocked().replace(k_exh=known["k_exh"].accept(setting.k_exh))
    changes: dict[str, Any] = {
        key: known[key].accept(value)
        for key, value in (("K_M", setting.K_M), ("K_S", setting.K_S))
        if value is not None
    }
    if not setting.feedback:
        changes["feedback"] = "none"
    return drug, network.unlocked().replace(**changes) if changes else network


# ---------------------------------------------------------------- widgets


@cache
def _locked(drug: str) -> Solution:
    return solve(Setting(drug))


def describe(solution: Solution) -> str:
    """One line that says what a picture shows."""
    drug = current_record().drug(solution.setting.drug).label
    value, time = solution.peak("S")
    words = (
        f"{drug}: severity index {solution.index:.2f}, illustrative grade {solution.grade}; "
        f"effective IL-6 signal peaks at {value:.3g} pg/mL after {time:.1f} h"
    )
    if not solution.mark:
        return f"{words}. Locked values."
    at_lock = _locked(solution.setting.drug).index
    mark = solution.mark[:1].upper() + solution.mark[1:]
    return f"{words}. At the lock: index {at_lock:.2f}. {mark}."


def draw(solution: Solution) -> Any:
    """Exposure, T cells, cytokines and signal of a solution, the locked curves dashed."""
    from matplotlib import pyplot as plt

    from .figures.style import COLOURS, CYTOKINE_LABELS

    colour = COLOURS[solution.setting.drug]
    base = severity.baselines()
    panels: dict[str, tuple[tuple[str, ...], float, str]] = {
        "exposure (ng/mL)": (("C",), 0.0, "log"),
        "T cells (fraction)": (
            ("R", "A", "B") if solution.trajectory.task.mechanism == "bispecific" else ("R", "A"),
            0.0,
            "linear",
        ),
        **{f"{CYTOKINE_LABELS[c]} (pg/mL)": ((c,), base[c], "log") for c in ("TNF", "IFN", "IL6")},
        "effective signal (pg/mL)": (("S",), base["IL6"], "log"),
    }
    figure, axes = plt.subplots(2, 3, figsize=(10, 5), layout="constrained", sharex=True)
    for axis, (title, (names, above, scale)) in zip(axes.flat, panels.items(), strict=True):
        highest = 0.0
        for shown in (_locked(solution.setting.drug), solution):
            times = shown.trajectory.times - shown.dose_h
            for weight, name in enumerate(names, start=1):
                level = np.asarray(shown.trajectory[name])[times >= 0] + above
                now = shown is solution
                width = 0.8 * weight if len(names) > 1 else 1.8
                axis.plot(
                    times[times >= 0], level, "-" if now else "--", label=name if now else "_",
                    color=colour if now else "black", linewidth=width if now else 1.0,
                )  # fmt: skip
                highest = max(highest, float(level.max()))
        if len(names) > 1:
            axis.legend(loc="upper right", frameon=False)
        axis.set(title=title, yscale=scale)
        if scale == "log":
            axis.set_ylim(bottom=0.8 * above if above else highest / 1e3)
    for axis in axes[-1]:
        axis.set_xlabel("time from first dose (h)")
    label = current_record().drug(solution.setting.drug).label
    figure.suptitle(f"{label}, {solution.mark or 'locked values'}")
    return figure


def explore(drug: str = "tgn1412") -> VBox:
    """The explorer as widgets, for a live kernel; dashed curves are the locked ones.

    Args:
        drug: the drug to begin with.

    Raises:
        LockError: a drug the record does not hold.
    """
    return Explorer(drug).box


class Explorer:
    """Widgets, and the setting they stand for.

    Attributes:
        box: all of it, to be shown.
        widgets: by the name of the setting they move.
        solution: what is shown; None if the last solve failed.
    """

    def __init__(self, drug: str = "tgn1412") -> None:
        import ipywidgets as w

        record = current_record()
        record.drug(drug)
        wide = {"style": {"description_width": "19em"}, "layout": w.Layout(width="38em")}
        names = sorted(record.content["drugs"], key=lambda name: record.drug(name).label)
        options = [(record.drug(name).label, name) for name in names]
        self.widgets: dict[str, Any] = {
            "drug": w.Dropdown(options=options, value=drug, description="drug", **wide),
            **{
                key: w.FloatLogSlider(readout_format=".3g", continuous_update=False, **wide)
                for key in controls(record, drug)
            },
            "feedback": w.Checkbox(value=True, description="IL-6 feedback", **wide),
            "with_tocilizumab": w.Checkbox(value=False, description="give tocilizumab", **wide),
            "tocilizumab_h": w.FloatSlider(
                min=TOCILIZUMAB.low, max=TOCILIZUMAB.high, value=TOCILIZUMAB.locked, step=0.5,
                description="tocilizumab at (h from first dose)", continuous_update=False, **wide,
            ),
        }  # fmt: skip
        self.reset_button = w.Button(description="reset to the lock", tooltip="reset to the lock")
        self.message = w.HTML()
        self.picture = w.Image(format="png")
        self.solution: Solution | None = None
        self._quiet = False
        self._place_on_lock()
        for key, widget in self.widgets.items():
            widget.observe(self._drug_changed if key == "drug" else self._changed, "value")
        self.reset_button.on_click(lambda _button: self.reset())
        self.box = w.VBox([*self.widgets.values(), self.reset_button, self.message, self.picture])
        self._show()

    @property
    def setting(self) -> Setting:
        """Where the widgets stand."""
        drug = self.widgets["drug"].value
        values: dict[str, Any] = {
            key: None if math.isclose(self.widgets[key].value, control.locked, rel_tol=1e-9)
            else self.widgets[key].value
            for key, control in controls(current_record(), drug).items()
        }  # fmt: skip
        given = self.widgets["with_tocilizumab"].value
        return replace(
            Setting(drug, **values),
            feedback=self.widgets["feedback"].value,
            tocilizumab_h=self.widgets["tocilizumab_h"].value if given else None,
        )

    def reset(self) -> None:
        """Put everything but the drug back on the lock."""
        self._place_on_lock()
        self._show()

    def _place_on_lock(self, keys: tuple[str, ...] = ()) -> None:
        """Put all sliders, or those of these keys, on the locked values of the drug."""
        self._quiet = True
        for key, control in controls(current_record(), self.widgets["drug"].value).items():
            if keys and key not in keys:
                continue
            slider, low, high = self.widgets[key], math.log10(control.low), math.log10(control.high)
            slider.min, slider.max = min(slider.min, low), max(slider.max, high)
            slider.value = control.locked
            slider.min, slider.max, slider.step = low, high, (high - low) / SLIDER_STEPS
            slider.description = f"{control.label} ({control.unit})"
        if not keys:
            self.widgets["feedback"].value = True
            self.widgets["with_tocilizumab"].value = False
            self.widgets["tocilizumab_h"].value = TOCILIZUMAB.locked
        self._quiet = False

    def _drug_changed(self, _change: Any) -> None:
        self._place_on_lock(("dose", "k_exh"))
        self._show()

    def _changed(self, _change: Any) -> None:
        if not self._quiet:
            self._show()

    def _show(self) -> None:
        from matplotlib import pyplot as plt

        self.widgets["tocilizumab_h"].disabled = not self.widgets["with_tocilizumab"].value
        self.solution = None
        self.picture.value, self.picture.layout.display = b"", "none"
        try:
            self.solution = solve(self.setting)
        except QspError as problem:  # nothing stale stays beside the message
            self.message.value = f"<strong>No result.</strong> {escape(str(problem))}"
            return
        self.message.value = escape(describe(self.solution))
        figure, drawn = draw(self.solution), io.BytesIO()
        figure.savefig(drawn, format="png")
        plt.close(figure)
        self.picture.value, self.picture.layout.display = drawn.getvalue(), None
