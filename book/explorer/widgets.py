"""The explorer as ipywidgets, for a live kernel: the controls of the book's page in a notebook."""

from __future__ import annotations

import math
from dataclasses import replace
from functools import cache
from html import escape
from typing import TYPE_CHECKING, Any

from qsp_lib.common import QspError, decimals, number
from qsp_lib.protocol import current_record

from .settings import GIVEN, SLIDER_STEPS, Setting, Solution, controls, shown_drugs, solve

if TYPE_CHECKING:
    from ipywidgets import VBox


OF_DRUG = ("dose", "EC50", "h", "k_act", "k_exh")
"""What goes back to the lock when another drug is chosen; the rest stays."""


@cache
def _locked(drug: str) -> Solution:
    return solve(Setting(drug))


def _label(drug: str) -> str:
    return current_record().drug(drug).label


def describe(solution: Solution) -> str:
    """One line that says what a picture shows."""
    drug = _label(solution.setting.drug)
    value, time = solution.peak("S")
    words = (
        f"{drug}: severity index {decimals(solution.index, 2)}, "
        f"illustrative grade {solution.grade}; "
        f"effective IL-6 signal peaks at {number(value)} pg/mL after {decimals(time, 1)} h"
    )
    if not solution.mark:
        return f"{words}. Locked values."
    at_lock = _locked(solution.setting.drug).index
    mark = solution.mark[:1].upper() + solution.mark[1:]
    return f"{words}. At the lock: index {decimals(at_lock, 2)}. {mark}."


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
        names = sorted(shown_drugs(record), key=_label)
        options = [(_label(name), name) for name in names]
        keys = dict.fromkeys(key for name in names for key in controls(record, name))
        self.widgets: dict[str, Any] = {
            "drug": w.Dropdown(options=options, value=drug, description="drug", **wide),
            **{
                key: w.FloatLogSlider(readout_format=".3g", continuous_update=False, **wide)
                for key in keys
            },
            "feedback": w.Checkbox(value=True, description="IL-6 feedback", **wide),
        }
        for key, control in GIVEN.items():
            self.widgets[f"with_{key}"] = w.Checkbox(
                value=False, description=f"give {control.label}", **wide
            )
            self.widgets[key] = w.FloatSlider(
                min=control.low,
                max=control.high,
                value=control.locked,
                step=0.5,
                description=f"{control.label} at (h from first dose)",
                continuous_update=False,
                **wide,
            )
        self.reset_button = w.Button(description="reset to the lock", tooltip="reset to the lock")
        self.message = w.HTML()
        self.picture = w.Image(format="png")
        self.solution: Solution | None = None
        self._quiet, self._slider = False, w.FloatLogSlider
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
            key: None
            if math.isclose(self.widgets[key].value, control.locked, rel_tol=1e-9)
            else self.widgets[key].value
            for key, control in controls(current_record(), drug).items()
        }
        times: dict[str, Any] = {
            key: self.widgets[key].value if self.widgets[f"with_{key}"].value else None
            for key in GIVEN
        }
        return replace(Setting(drug, **values), feedback=self.widgets["feedback"].value, **times)

    def reset(self) -> None:
        """Put everything but the drug back on the lock."""
        self._place_on_lock()
        self._show()

    def _place_on_lock(self, keys: tuple[str, ...] = ()) -> None:
        """Put all sliders, or those of these keys, on the locked values of the drug."""
        self._quiet = True
        known = controls(current_record(), self.widgets["drug"].value)
        for key, slider in self.widgets.items():
            if isinstance(slider, self._slider):
                slider.layout.display = None if key in known else "none"
        for key, control in known.items():
            if keys and key not in keys:
                continue
            slider, low, high = self.widgets[key], math.log10(control.low), math.log10(control.high)
            slider.min, slider.max = min(slider.min, low), max(slider.max, high)
            slider.value = control.locked
            slider.min, slider.max, slider.step = low, high, (high - low) / SLIDER_STEPS
            slider.description = f"{control.label} ({control.unit})"
        if not keys:
            self.widgets["feedback"].value = True
            for key, control in GIVEN.items():
                self.widgets[f"with_{key}"].value = False
                self.widgets[key].value = control.locked
        self._quiet = False

    def _drug_changed(self, _change: Any) -> None:
        self._place_on_lock(OF_DRUG)
        self._show()

    def _changed(self, _change: Any) -> None:
        if not self._quiet:
            self._show()

    def _show(self) -> None:
        from .figure import as_png, panels

        for key in GIVEN:
            self.widgets[key].disabled = not self.widgets[f"with_{key}"].value
        self.solution = None
        self.picture.value, self.picture.layout.display = b"", "none"
        try:
            self.solution = solve(self.setting)
        except QspError as problem:  # nothing stale stays beside the message
            self.message.value = f"<strong>No result.</strong> {escape(str(problem))}"
            return
        self.message.value = escape(describe(self.solution))
        drug = self.setting.drug
        self.picture.value = as_png(panels(self.solution, _locked(drug), _label(drug)))
        self.picture.layout.display = None
