"""Every dosing form, simulated with the shipped drugs, beside its closed form."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from qsp_lib.drugs import load_drug, load_tocilizumab
from qsp_lib.model import (
    ATOL,
    RTOL,
    Bolus,
    DrugInputs,
    Infusion,
    Regimen,
    Rescue,
    Trajectory,
    simulate,
)
from qsp_lib.protocol import current_record

from .answer import KnownAnswer, Scale
from .closed_forms import Array, central_amount, saturable_concentration

TOLERANCE = 1e-5
"""Ten times the default relative tolerance of a simulation."""
BETWEEN_STEPS = 3e-5
"""Where nothing but one slow level moves, steps are long and what lies between is interpolated."""
_BY_HAND = "sum of exponentials (Gibaldi and Perrier 1982)"


def exposure(rtol: float = RTOL, atol: float = ATOL) -> Iterator[KnownAnswer]:
    """Exposure in closed form, one answer a dosing form."""
    for name, what, drug, regimen, horizon_h in _cases():
        run = simulate(
            drug,
            current_record().network,
            regimen,
            horizon_h=horizon_h,
            times=np.linspace(0.0, horizon_h, 97),
            rtol=rtol,
            atol=atol,
        )
        yield KnownAnswer.of(
            name,
            f"{what}; shown at {horizon_h:g} h",
            central_amount(drug, regimen, run.times) / drug.V1,
            run["C"],
            TOLERANCE,
            _BY_HAND,
            unit="ng/mL",
            scale=Scale.LARGEST,
        )
    yield _trough(rtol, atol)
    yield _saturable(rtol, atol)


def _cases() -> Iterator[tuple[str, str, DrugInputs, Regimen, float]]:
    record = current_record()
    one, two, daily = (record.drug(name) for name in ("blinatumomab", "tgn1412", "okt3"))
    files = {name: load_drug(name).regimens for name in ("blinatumomab", "tgn1412", "okt3")}
    bolus = Regimen.of(Bolus(0.0, 100.0))
    mixed = Regimen.of(Infusion(2.0, 12.0, 600.0), Infusion(6.0, 20.0, 900.0), Bolus(8.0, 500.0))
    yield "bolus_one", "bolus, one compartment (blinatumomab's)", one, bolus, 6.0
    yield (
        "infusion_one",
        "constant infusion, one compartment (blinatumomab, 60 µg/m²/d)",
        one,
        files["blinatumomab"]["clinical"],
        48.0,
    )
    yield (
        "step_up_one",
        "step-up infusion, one compartment (blinatumomab, 9 then 28 µg/d)",
        one,
        files["blinatumomab"]["step"],
        336.0,
    )
    yield (
        "boluses_one",
        "daily boluses, one compartment (OKT3, 5 mg)",
        daily,
        files["okt3"]["clinical"],
        167.0,
    )
    yield "bolus_two", "bolus, two compartments (TGN1412's)", two, bolus, 168.0
    yield (
        "infusion_two",
        "infusion over 4.5 minutes, two compartments (TGN1412, 0.1 mg/kg)",
        two,
        files["tgn1412"]["clinical"],
        168.0,
    )
    yield (
        "overlap_two",
        "two overlapping infusions and a bolus, two compartments (TGN1412's)",
        two,
        mixed,
        96.0,
    )


def _trough(rtol: float, atol: float) -> KnownAnswer:
    """The level a day after the tenth daily bolus, which is a geometric series."""
    drug, regimen = current_record().drug("okt3"), load_drug("okt3").regimens["clinical"]
    left = np.exp(-drug.CL / drug.V1 * 24.0)
    days = len(regimen.doses)
    exact = regimen.doses[0].amount_ug / drug.V1 * left * (1 - left**days) / (1 - left)
    end = 24.0 * days
    run = simulate(
        drug, current_record().network, regimen, horizon_h=end, times=[end], rtol=rtol, atol=atol
    )
    return KnownAnswer.of(
        "daily_trough",
        f"level a day after the last of {days} daily boluses (OKT3, 5 mg)",
        exact,
        run["C"][-1],
        TOLERANCE,
        "geometric series",
        unit="ng/mL",
    )


def saturable_run(engine: str, rtol: float, atol: float) -> tuple[Trajectory, Array]:
    """Tocilizumab with its linear clearance and its second compartment shut, and the exact answer.

    Returns:
        Two weeks after 1 mg/kg, and the exact concentrations (ng/mL) at its times.
    """
    file = load_tocilizumab()
    inputs = replace(file.inputs, CL=0.0, Q=0.0)
    bolus = file.regimens["clinical"].total_ug / 8  # which is 8 mg/kg
    record = current_record()
    run = simulate(
        record.drug("tgn1412"),
        record.network,
        Regimen(),
        horizon_h=336.0,
        engine=engine,
        rescue=Rescue(inputs, Regimen.of(Bolus(0.0, bolus))),
        times=np.linspace(0.0, 336.0, 97),
        rtol=rtol,
        atol=atol,
    )
    return run, saturable_concentration(inputs, bolus, run.times)


def _saturable(rtol: float, atol: float) -> KnownAnswer:
    run, exact = saturable_run("diffsol", rtol, atol)
    return KnownAnswer.of(
        "saturable",
        "bolus of 1 mg/kg that leaves by Michaelis–Menten elimination alone, one compartment "
        "(tocilizumab's Vmax and Km), between the solver's long steps; shown at 336 h",
        exact,
        run["C_tcz"],
        BETWEEN_STEPS,
        "Lambert's W (Schnell and Mendoza 1997)",
        unit="ng/mL",
        scale=Scale.LARGEST,
    )
