"""Two drugs in one schedule: what is one change of dosing, and what the dose factor multiplies."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
from helpers import made_up, rescue_inputs
from scipy.integrate import solve_ivp

from qsp_lib.model.dosing import Bolus, Infusion, Regimen
from qsp_lib.model.parameters import NetworkParameters
from qsp_lib.model.schedule import make_schedule, report_times
from qsp_lib.model.simulation import Rescue, simulate

APART, ONE = 2e-9, 5e-10
"""Hours between changes that are two, and that are one."""


@pytest.mark.parametrize(("gap", "count"), [(APART, 3), (ONE, 2), (0.0, 2)])
def test_changes_two_billionths_of_an_hour_apart_are_two(gap: float, count: int) -> None:
    drug = Regimen.of(Bolus(10.0, 3.0))
    rescue = Regimen.of(Bolus(10.0 + gap, 5.0))
    made = make_schedule([drug, rescue], 24.0).segments
    assert len(made) == count
    assert sum(s.bolus for s in made) == 3.0
    assert sum(s.boluses[1] for s in made) == 5.0
    assert made[1].boluses == (3.0, 0.0 if count == 3 else 5.0)


@pytest.mark.parametrize(("gap", "count"), [(APART, 2), (ONE, 1)])
def test_a_change_right_before_the_horizon_is_left_out(gap: float, count: int) -> None:
    made = make_schedule([Regimen.of(Bolus(24.0 - gap, 3.0))], 24.0)
    assert len(made.segments) == count
    assert made.times[-1] == 24.0


@pytest.mark.parametrize(("length", "bolus"), [(APART, 0.0), (ONE, 7.0)])
def test_an_infusion_as_short_as_that_is_a_bolus(length: float, bolus: float) -> None:
    made = make_schedule([Regimen.of(Infusion(4.0, length, 7.0))], 24.0).segments
    given = sum(s.bolus + s.rate * (s.end_h - s.start_h) for s in made)
    assert sum(s.bolus for s in made) == bolus
    assert given == pytest.approx(7.0, rel=1e-6)


@pytest.mark.parametrize(("gap", "kept"), [(APART, True), (ONE, False)])
def test_a_report_time_right_before_the_end_of_a_stretch_is_left_out(
    gap: float, kept: bool
) -> None:
    times = report_times((0.0,), 0.02 + gap)
    assert times.size == (3 if kept else 2)


@pytest.mark.parametrize("engine", ["diffsol", "scipy"])
def test_the_dose_factor_multiplies_the_drug_and_not_tocilizumab(
    network: NetworkParameters, engine: str
) -> None:
    given = Regimen.of(Infusion(1.0, 1.0, 576_000.0), Bolus(4.0, 50_000.0))
    inputs = rescue_inputs()
    regimen = Regimen.of(Bolus(0.0, 200.0), Infusion(2.0, 1.5, 700.0))
    factors = [0.0, 0.1, 1.0, 10.0]
    run = simulate(
        made_up(), network, regimen, rescue=Rescue(inputs, given), dose_factor=factors,
        horizon_h=12.0, engine=engine, rtol=1e-9, atol=1e-9,
    )  # fmt: skip
    amounts = run["A_c"]
    assert np.all(amounts[0] == 0)
    for factor, amount in zip(factors[1:], amounts[1:], strict=True):
        assert amount == pytest.approx(factor * amounts[2], rel=1e-6, abs=1e-6)
    # tocilizumab by itself, straight into SciPy: two compartments, linear and saturable elimination
    p = SimpleNamespace(**{name: getattr(inputs, name) for name in inputs.__dataclass_fields__})

    def slopes(_t: float, y: np.ndarray, rate: float) -> list[float]:
        C, C_p = y[0] / p.V1, y[1] / p.V2
        out = (p.CL + p.Vmax / (p.Km + C)) * C
        return [rate - out - p.Q * (C - C_p), p.Q * (C - C_p)]

    y = np.zeros(2)
    for start, end, rate, bolus in (
        (1.0, 2.0, 576_000.0, 0.0), (2.0, 4.0, 0.0, 0.0), (4.0, 12.0, 0.0, 50_000.0),
    ):  # fmt: skip
        y[0] += bolus
        solved = solve_ivp(slopes, (start, end), y, "DOP853", args=(rate,), rtol=1e-11, atol=1e-9)
        y = solved.y[:, -1]
        if end == 2.0:
            assert [float(level) for level in run.at("T_c", 2.0)] == pytest.approx(
                [y[0]] * 4, rel=1e-6
            )
    assert run["T_c"][:, -1] == pytest.approx([y[0]] * 4, rel=1e-6)
    assert run["T_p"][:, -1] == pytest.approx([y[1]] * 4, rel=1e-6)
