"""Mean engagement of the locked drugs, against an integrator that carries it as a state."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from qsp_lib.drugs.reading import load_drug
from qsp_lib.model.engines.base import CENTRAL
from qsp_lib.model.simulation import simulate
from qsp_lib.protocol.lock import current_record


@pytest.mark.parametrize("name", ["okt3", "tgn1412"])
def test_engagement_over_the_first_day_is_that_of_an_integrator(name: str) -> None:
    record = current_record()
    drug = record.drug(name)
    run = simulate(drug, record.network, load_drug(name).regimens["clinical"], horizon_h=24.0)
    structure = run.task.structure
    p = SimpleNamespace(**dict(zip(structure.parameters, run.task.parameters[0], strict=True)))
    y = np.append(structure.before, 0.0)
    for segment in run.task.schedule.segments:
        y[CENTRAL] += segment.bolus

        def slopes(_t: float, y: np.ndarray, rate: float = segment.rate) -> list[float]:
            C = max(y[CENTRAL], 0.0) / p.V1
            engaged = C**p.h / (C**p.h + p.EC50**p.h)
            return [*structure.rhs(y[:-1], p, (rate,)), engaged]

        y = solve_ivp(
            slopes, (segment.start_h, segment.end_h), y, "DOP853", rtol=1e-11, atol=1e-12
        ).y[:, -1]
    assert record.run(name, horizon_h=24.0).mean_engagement() == pytest.approx(
        y[-1] / 24.0, abs=1e-8
    )
