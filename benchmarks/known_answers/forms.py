"""Every form of exposure that a drug file may add, and dexamethasone, in closed form.

The drugs are made up: round numbers of the order of antibodies, so that no known answer hangs on
a drug file.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from qsp_lib.drugs import load_dexamethasone
from qsp_lib.model import (
    ATOL,
    RECOVERY_AT_REST,
    RTOL,
    Bolus,
    ConcentrationTable,
    DrugInputs,
    NetworkParameters,
    Regimen,
    Steroid,
    simulate,
    simulate_exposure,
)

from .answer import KnownAnswer, Scale
from .closed_forms import Array, absorbed, falling, saturable

TOLERANCE = 1e-5
"""Ten times the default relative tolerance of a simulation."""
BETWEEN_STEPS = 3e-5
"""Where nothing but one slow level moves, steps are long and what lies between is interpolated."""
_HOURS = np.linspace(0.0, 168.0, 97)
_DRUG = DrugInputs(
    name="made-up",
    label="Made-up drug",
    mechanism="bispecific",
    role="user",
    V1=4.0,
    CL=0.05,
    V2=1.0,
    Q=0.0,
    EC50=20.0,
    h=2.0,
    K_hook=1e4,
    k_act=0.2,
    k_exh=0.1,
    k_rec=0.01,
    k_kill=1.0,
    K_B=0.72,
)
_DOSE_UG = 10_000.0


def forms(rtol: float = RTOL, atol: float = ATOL) -> Iterator[KnownAnswer]:
    """One answer a form of exposure, dexamethasone's level and effect, and targets at the start."""
    yield from _exposures(rtol, atol)
    yield from _dexamethasone(rtol, atol)
    yield _pools(rtol, atol)


def _level(drug: DrugInputs, *doses: Bolus, rtol: float, atol: float) -> Array:
    run = simulate_exposure(
        drug, Regimen.of(*doses), horizon_h=168.0, times=_HOURS, rtol=rtol, atol=atol
    )
    return np.asarray(run["C"][np.searchsorted(run.times, _HOURS)])


def _exposures(rtol: float, atol: float) -> Iterator[KnownAnswer]:
    tolerances = {"rtol": rtol, "atol": atol}
    shown: dict[str, Any] = dict(unit="ng/mL", scale=Scale.LARGEST)
    depot = replace(_DRUG, k_a=0.03, F=0.7, lag_h=6.0)
    yield KnownAnswer.of(
        "under_skin",
        "dose under the skin with bioavailability and lag, one compartment; shown at 168 h",
        absorbed(depot, _DOSE_UG, _HOURS),
        _level(depot, Bolus(0.0, _DOSE_UG, "SC"), **tolerances),
        TOLERANCE,
        "difference of two exponentials (Bateman 1910)",
        **shown,
    )
    falls = replace(_DRUG, CL_0=0.2, k_CL=0.02)
    yield KnownAnswer.of(
        "falling_clearance",
        "bolus at 24 h, with a clearance that falls from then on, one compartment; shown at 168 h",
        falling(falls, _DOSE_UG, _HOURS - 24.0),
        _level(falls, Bolus(24.0, _DOSE_UG), **tolerances),
        TOLERANCE,
        "exponential of the clearance's integral",
        **shown,
    )
    alone = replace(_DRUG, CL=0.0, Vmax=80.0, Km=300.0)
    yield KnownAnswer.of(
        "saturable_drug",
        "bolus of a drug that leaves by saturable elimination alone; shown at 168 h",
        saturable(alone.V1, 80.0, 300.0, _DOSE_UG, _HOURS),
        _level(alone, Bolus(0.0, _DOSE_UG), **tolerances),
        BETWEEN_STEPS,
        "Lambert's W (Schnell and Mendoza 1997)",
        **shown,
    )
    rows = (0.0, 5.0, 30.0, 100.0, 168.0), (10.0, 800.0, 400.0, 50.0, 1.0)
    for way, exact in (
        ("linear", np.interp(_HOURS, *rows)),
        ("log-linear", np.exp(np.interp(_HOURS, rows[0], np.log(rows[1])))),
    ):
        table = ConcentrationTable(*rows, interpolation=way)  # type: ignore[arg-type]
        yield KnownAnswer.of(
            f"table_{way.replace('-', '_')}",
            f"a table of concentrations, {way} between its rows; shown at 168 h",
            exact,
            _level(replace(_DRUG, table=table), **tolerances),
            TOLERANCE,
            "the rows, interpolated",
            **shown,
        )


def _network() -> NetworkParameters:
    return NetworkParameters.prior_medians().replace(t_cells=RECOVERY_AT_REST)


def _dexamethasone(rtol: float, atol: float) -> Iterator[KnownAnswer]:
    inputs, dose_ug = load_dexamethasone().inputs, 20_000.0
    given = Steroid(inputs, Regimen.of(Bolus(0.0, dose_ug, "oral")))
    hours = np.linspace(0.0, 72.0, 73)
    run = simulate(
        _DRUG,
        _network(),
        Regimen(),
        steroid=given,
        horizon_h=72.0,
        times=hours,
        rtol=rtol,
        atol=atol,
    )
    rows = np.searchsorted(run.times, hours)
    absorption, out, effect = inputs.k_a, inputs.CL / inputs.V, inputs.k_e0
    scale = inputs.F * dose_ug / inputs.V * absorption / (absorption - out)
    level = scale * (np.exp(-out * hours) - np.exp(-absorption * hours))
    follows = (
        scale
        * effect
        * (
            (np.exp(-out * hours) - np.exp(-effect * hours)) / (effect - out)
            - (np.exp(-absorption * hours) - np.exp(-effect * hours)) / (effect - absorption)
        )
    )
    for name, what, exact, ours, unit in (
        ("dexamethasone", "level after 20 mg of dexamethasone by mouth", level, "C_dex", "ng/mL"),
        ("dexamethasone_effect", "level at its effect, which follows", follows, "G", "ng/mL"),
        (
            "dexamethasone_share",
            "share of the output of T cells that it leaves",
            1 / (1 + follows / inputs.IC50),
            "s",
            "1",
        ),
    ):
        yield KnownAnswer.of(
            name,
            f"{what}; shown at 72 h",
            exact,
            run[ours][rows],
            TOLERANCE,
            "sum of exponentials (Gibaldi and Perrier 1982)",
            unit=unit,
            scale=Scale.LARGEST,
        )


def _pools(rtol: float, atol: float) -> KnownAnswer:
    """With recovery that needs rest, and ten times the targets of the average patient."""
    drug = replace(_DRUG, B_0=10.0)
    run = simulate(
        drug, _network(), Regimen.of(Bolus(0.0, _DOSE_UG)), horizon_h=72.0, rtol=rtol, atol=atol
    )
    return KnownAnswer.of(
        "targets_at_rest",
        "targets left after 72 h where there were ten times as many at first",
        10.0 * np.exp(-drug.k_kill * run.area("A")),
        run["B"][-1],
        TOLERANCE,
        "exponential of the area of activated T cells",
        unit="1",
    )
