"""What the equations conserve, where they rest, and the parts of them that solve by hand."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from qsp_lib.drugs import load_drug, load_tocilizumab
from qsp_lib.inference import LogUniform, sobol
from qsp_lib.model import (
    ATOL,
    FEEDBACKS,
    RTOL,
    Bolus,
    Draws,
    DrugInputs,
    Infusion,
    NetworkParameters,
    Regimen,
    Rescue,
    Trajectory,
    simulate,
)
from qsp_lib.protocol import current_record

from .answer import KnownAnswer, Scale

TOLERANCE = 1e-5
_N_DRAWS, _SEED, _WIDTH = 64, 20, 10.0


def invariants(rtol: float = RTOL, atol: float = ATOL) -> Iterator[KnownAnswer]:
    """Conservation, rest, and partial solutions by hand."""
    yield _pre_dose()
    yield from _conserved(rtol, atol)
    yield from _superposed(rtol, atol)
    yield _non_negative(rtol, atol)
    yield from _t_cells(rtol, atol)
    yield _steady_cytokines(rtol, atol)
    yield _targets(rtol, atol)
    yield _occupancy(rtol, atol)


def _network() -> NetworkParameters:
    return current_record().network.unlocked()


def _drug(name: str) -> DrugInputs:
    return current_record().drug(name).unlocked()


def _clinical(name: str) -> Regimen:
    return load_drug(name).regimens["clinical"]


def _pre_dose() -> KnownAnswer:
    """Without a dose no state of any structure moves, to the last bit."""
    furthest = 0.0
    for drug in ("blinatumomab", "tgn1412"):
        for feedback in FEEDBACKS:
            network = replace(_network(), feedback=feedback)  # type: ignore[arg-type]
            run = simulate(_drug(drug), network, Regimen())
            furthest = max(furthest, float(np.abs(run.states[:, 0] - run.task.before).max()))
    return KnownAnswer.of(
        "pre_dose",
        "how far any of the 14 states moves in 168 h without a dose, in both mechanisms and all "
        "three structures",
        0.0,
        furthest,
        0.0,
        "the healthy state is a steady state of the equations",
        scale=Scale.ABSOLUTE,
    )


def _conserved(rtol: float, atol: float) -> Iterator[KnownAnswer]:
    runs = [
        simulate(_drug(name), _network(), _clinical(name), rtol=rtol, atol=atol)
        for name in ("blinatumomab", "tgn1412")
    ]
    pools = np.concatenate([run["R"] + run["A"] + run["X"] for run in runs])
    yield KnownAnswer.of(
        "t_cells",
        "responsive, activated and exhausted T cells together, at every time "
        "(blinatumomab and TGN1412)",
        np.ones_like(pools),
        pools,
        1e-9,
        "the three derivatives sum to 0",
        unit="1",
    )
    run, drug = runs[1], _drug("tgn1412")
    eliminated = drug.CL / drug.V1 * run.area("A_c")
    yield KnownAnswer.of(
        "drug_mass",
        "drug eliminated and drug still in the body after 168 h (TGN1412)",
        _clinical("tgn1412").total_ug,
        eliminated + run["A_c"][-1] + run["A_p"][-1],
        TOLERANCE,
        "dose given",
        unit="µg",
    )
    p = _network()
    yield KnownAnswer.of(
        "ifn_mass",
        "IFN-γ removed and still there after 168 h (TGN1412)",
        p.k_IFN * run.area("A"),
        p.d_IFN * run.area("IFN") + run["IFN"][-1],
        TOLERANCE,
        "IFN-γ made: its rate times the area of activated T cells",
        unit="pg/mL",
    )
    yield KnownAnswer.of(
        "signal_mass",
        "area under the effective IL-6 signal, and what it still lacks at 168 h (TGN1412)",
        run.area("IL6"),
        run.area("S") + run["S"][-1] / p.k_S,
        TOLERANCE,
        "area under IL-6, which the signal follows",
        unit="pg/mL·h",
    )


def _superposed(rtol: float, atol: float) -> Iterator[KnownAnswer]:
    parts = (Regimen.of(Infusion(0.0, 6.0, 900.0)), Regimen.of(Bolus(12.0, 500.0)))
    both = Regimen.of(*(dose for part in parts for dose in part.doses))
    times = np.linspace(0.0, 96.0, 49)

    def levels(regimen: Regimen, factor: float = 1.0) -> np.ndarray:
        run = simulate(
            _drug("tgn1412"),
            _network(),
            regimen,
            dose_factor=factor,
            horizon_h=96.0,
            times=times,
            rtol=rtol,
            atol=atol,
        )
        return np.array([float(run.at("A_c", t)) for t in times])

    yield KnownAnswer.of(
        "superposition",
        "an infusion and a bolus given together, amount of drug over 96 h (TGN1412's)",
        levels(parts[0]) + levels(parts[1]),
        levels(both),
        TOLERANCE,
        "sum of the two given alone: the exposure is linear",
        unit="µg",
        scale=Scale.LARGEST,
    )
    yield KnownAnswer.of(
        "dose_factor",
        "ten times the dose, amount of drug over 96 h (TGN1412's)",
        10 * levels(both),
        levels(both, 10.0),
        TOLERANCE,
        "ten times the amount",
        unit="µg",
        scale=Scale.LARGEST,
    )


def _non_negative(rtol: float, atol: float) -> KnownAnswer:
    """The lowest any state gets over draws of the network, as a share of its own maximum."""
    values = _network().values()
    space = LogUniform.around(values, _WIDTH, within={"n_M": (1.0, 4.0), "n_S": (1.0, 4.0)})
    points = space.quantile(sobol(_N_DRAWS, len(values), _SEED))
    draws = Draws({name: points[:, i] for i, name in enumerate(space.names)})
    lowest = 0.0
    for drug in ("blinatumomab", "tgn1412"):
        run = simulate(_drug(drug), _network(), _clinical(drug), draws=draws, rtol=rtol, atol=atol)
        run.require_completed()
        top = np.maximum(run.states.max(axis=2), 1e-3)
        lowest = min(lowest, float((run.states.min(axis=2) / top).min()))
    return KnownAnswer.of(
        "non_negative",
        f"the lowest that any state gets, as a share of its highest, over {_N_DRAWS} draws of the "
        "17 parameters within a factor 10 of the lock (blinatumomab and TGN1412)",
        0.0,
        lowest,
        TOLERANCE,
        "no amount and no level is below 0",
        unit="1",
        scale=Scale.ABSOLUTE,
    )


def _sustained(drug: DrugInputs, regimen: Regimen, hours: float, **options: float) -> Trajectory:
    return simulate(drug, _network(), regimen, horizon_h=hours, **options)  # type: ignore[arg-type]


def _held(k_act: float, k_exh: float) -> DrugInputs:
    """A drug that never leaves and holds every receptor; no T cell recovers."""
    return _drug("tgn1412").replace(
        V1=1.0, CL=0.0, Q=0.0, EC50=1e-6, k_act=k_act, k_exh=k_exh, k_rec=0.0
    )


_ONE_BOLUS = Regimen.of(Bolus(0.0, 1e4))


def _t_cells(rtol: float, atol: float) -> Iterator[KnownAnswer]:
    act, exhaust = 0.5, 0.1
    run = _sustained(_held(act, exhaust), _ONE_BOLUS, 60.0, rtol=rtol, atol=atol)
    peak = run.peak("A")
    source = "two exponentials, under a drug that never leaves and holds every receptor"
    expected = act / (exhaust - act) * (np.exp(-act * run.times) - np.exp(-exhaust * run.times))
    yield KnownAnswer.of(
        "activated",
        "activated T cells over 60 h; shown at 60 h",
        expected,
        run["A"],
        TOLERANCE,
        source,
        unit="1",
        scale=Scale.LARGEST,
    )
    yield KnownAnswer.of(
        "peak_value",
        "their highest share, read off between report times",
        (exhaust / act) ** (exhaust / (act - exhaust)),
        peak.value,
        TOLERANCE,
        source,
        unit="1",
    )
    yield KnownAnswer.of(
        "peak_time",
        "the time of that peak",
        np.log(act / exhaust) / (act - exhaust),
        peak.time_h,
        1e-4,
        source,
        unit="h",
    )


def _steady_cytokines(rtol: float, atol: float) -> KnownAnswer:
    """Where production meets removal, with every T cell activated and no feedback."""
    p = replace(_network(), feedback="none", k_TNF_M=0.08, d_M=0.5)
    run = simulate(
        _held(5.0, 1e-12), p, _ONE_BOLUS, horizon_h=150.0, times=[150.0], rtol=rtol, atol=atol
    )
    IFN = p.k_IFN / p.d_IFN
    sigma = IFN + p.w_TNF * p.k_TNF_T / p.d_TNF
    drive = p.k_M * sigma**p.n_M / (p.K_M**p.n_M + sigma**p.n_M)
    # k_TNF_M moves sigma by less than 1e-6 of itself: one correction is enough
    M = drive / (drive + p.d_M)
    sigma += p.w_TNF * p.k_TNF_M * M / p.d_TNF
    drive = p.k_M * sigma**p.n_M / (p.K_M**p.n_M + sigma**p.n_M)
    M = drive / (drive + p.d_M)
    TNF, IL6 = (p.k_TNF_T + p.k_TNF_M * M) / p.d_TNF, (p.k_IL6_T + p.k_IL6_M * M) / p.d_IL6
    names = ("IFN", "TNF", "M", "IL6", "S")
    return KnownAnswer.of(
        "steady_levels",
        "IFN-γ, TNF, macrophages, IL-6 and its signal where every T cell stays activated and there "
        "is no feedback; shown: the signal",
        [IFN, TNF, M, IL6, IL6],
        [run[name][-1] for name in names],
        TOLERANCE,
        "production equals removal",
        unit="pg/mL",
    )


def _targets(rtol: float, atol: float) -> KnownAnswer:
    drug = _drug("blinatumomab")
    run = simulate(
        drug, _network(), _clinical("blinatumomab"), horizon_h=72.0, rtol=rtol, atol=atol
    )
    return KnownAnswer.of(
        "targets",
        "targets left after 72 h (blinatumomab)",
        np.exp(-drug.k_kill * run.area("A")),
        run["B"][-1],
        TOLERANCE,
        "exponential of the area of activated T cells",
        unit="1",
    )


def _occupancy(rtol: float, atol: float) -> KnownAnswer:
    still = replace(load_tocilizumab().inputs, CL=0.0, Vmax=0.0, Q=0.0)
    given = Rescue(still, Regimen.of(Bolus(0.0, 9 * still.K_D * still.V1)))
    run = simulate(
        _drug("tgn1412"), _network(), Regimen(), rescue=given, horizon_h=10.0, rtol=rtol, atol=atol
    )
    return KnownAnswer.of(
        "occupancy",
        "share of IL-6 receptors held at nine times tocilizumab's K_D",
        np.full(run.times.size, 0.9),
        run["rho"],
        TOLERANCE,
        "binding at equilibrium",
        unit="1",
    )
