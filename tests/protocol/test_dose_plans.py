"""What is predicted of drugs whose doses step up: nothing is simulated here."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from qsp_lib.common.errors import InputError
from qsp_lib.drugs import load_drug
from qsp_lib.model.dosing import Bolus, Infusion, Regimen
from qsp_lib.protocol.dose_plans import (
    FIRST_DOSES_MG,
    PLANS,
    SINGLE,
    STEPPED,
    DosePlan,
    Premedication,
    course_times,
    horizon_h,
    intervals_h,
)

STARTS = {
    "mosunetuzumab": (0, 168, 336, 504, 1008, 1344),
    "teclistamab": (0, 72, 144, 312, 480),
    "epcoritamab": (0, 168, 336, 504, 672),
    "epcoritamab-linear": (0, 168, 336, 504, 672),
    "blinatumomab": (0, 168, 336, 672),
}
"""Doses (h) up to the end, 14 days after the last that is listed."""


@pytest.mark.parametrize("plan", [*PLANS, STEPPED], ids=lambda plan: plan.drug)
def test_every_dose_has_an_interval_and_the_last_ends_with_the_horizon(plan: DosePlan) -> None:
    regimen = load_drug(plan.drug, inputs="v2").regimens[plan.regimen]
    starts = STARTS[plan.drug]
    assert horizon_h(regimen, plan.listed) == starts[-1]
    assert intervals_h(regimen, plan.listed) == tuple(zip(starts[:-1], starts[1:], strict=True))
    times = course_times(regimen, plan.listed)
    assert {*starts, starts[1] + 5.0} <= set(times) and np.all(np.diff(times) > 0)
    assert max(np.diff(times)) <= 12.0


@pytest.mark.parametrize(
    ("drug", "mg", "hours"),
    [
        ("mosunetuzumab", 20, (-1, 167, 335, 503, 1007)),
        ("teclistamab", 16, (-1, 71, 143)),
        ("epcoritamab", 16, tuple(d + h for d in (0, 168, 336, 504) for h in (-1, 24, 48, 72))),
        (
            "epcoritamab-linear",
            16,
            tuple(d + h for d in (0, 168, 336, 504) for h in (-1, 24, 48, 72)),
        ),
    ],
)
def test_dexamethasone_is_given_as_listed(drug: str, mg: float, hours: tuple[float, ...]) -> None:
    (plan,) = (plan for plan in PLANS if plan.drug == drug)
    assert plan.premedication is not None and plan.premedication.lead_h == 1
    regimen = load_drug(drug, inputs="v2").regimens[plan.regimen].shifted(1.0)
    given = plan.premedication.beside(regimen)
    assert tuple(dose.time_h - 1 for dose in given.doses) == hours
    assert {dose.amount_ug for dose in given.doses} == {1000.0 * mg}
    assert all(isinstance(dose, Bolus) and dose.route == "IV" for dose in given.doses)


def test_a_single_dose_has_the_dexamethasone_of_a_first_one_in_steps() -> None:
    (steps,) = (plan for plan in PLANS if plan.drug == SINGLE.drug)
    assert steps.premedication is not None
    assert SINGLE.premedication == replace(steps.premedication, doses=1)


def test_first_doses_are_a_grid_in_the_logarithm() -> None:
    assert (len(FIRST_DOSES_MG), FIRST_DOSES_MG[0], FIRST_DOSES_MG[-1]) == (25, 0.05, 60.0)
    assert np.diff(np.log(FIRST_DOSES_MG)) == pytest.approx(np.log(1200) / 24)
    assert load_drug(SINGLE.drug, inputs="v2").regimens[SINGLE.regimen].doses == (
        Infusion(0.0, 4.0, 1000.0),
    )


def test_stepped_blinatumomab_is_5_15_then_60_in_weekly_steps() -> None:
    doses = load_drug("blinatumomab", inputs="v2").regimens[STEPPED.regimen].doses
    per_day = [dose.rate_ug_per_h * 24 / 1.88 for dose in doses if isinstance(dose, Infusion)]
    assert per_day == pytest.approx([5, 15, 60])
    assert [dose.time_h for dose in doses] == [0, 168, 336]
    assert STEPPED.premedication is None


@pytest.mark.parametrize("listed", [0, 3])
def test_more_doses_than_there_are_are_refused(listed: int) -> None:
    with pytest.raises(InputError, match=f"{listed} doses are listed of a regimen with 2"):
        horizon_h(Regimen.of(Bolus(0.0, 1.0), Bolus(24.0, 1.0)), listed)


def test_what_comes_after_the_dose_alone_leads_by_nothing() -> None:
    assert Premedication(16.0, (2.0, 24.0), 1).lead_h == 0
