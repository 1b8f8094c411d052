"""A fit on a record like those of version 2: a kept sample for a posterior, the other T-cell part.

Its numbers are lock v1's; it is on no record, and only a made-up drug is simulated with it.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from qsp_lib.common import canonical_json
from qsp_lib.model.structure import RECOVERY_AT_REST
from qsp_lib.own_data.bands import Bands
from qsp_lib.own_data.fitting import pose, solve
from qsp_lib.own_data.report import write
from qsp_lib.prediction.setting import draws_for, prepare
from qsp_lib.prediction.templates import write_template
from qsp_lib.protocol import record as record_module
from qsp_lib.protocol.lock import Record, lock_path, read_record
from qsp_lib.protocol.record import digest_of
from qsp_lib.protocol.sample_table import parse_table, table_text

KEPT = 60


@pytest.fixture
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Record:
    """A record whose posterior is sixty rows of a table."""
    lock = read_record(lock_path("v1"), against_code=False)
    plain: dict[str, Any] = json.loads(canonical_json(thawed(lock.content)))
    generator = np.random.default_rng(8)
    priors = list(lock.assumed.values())
    declared = np.log10([p.median for p in priors]) + generator.standard_normal(
        (KEPT, len(priors))
    ) * [p.log10_sd for p in priors]
    columns = (*lock.posterior[0], *lock.assumed)
    text = table_text(columns, np.hstack([lock.points(KEPT), declared]), np.zeros(KEPT))
    (tmp_path / "sample.csv").write_text(text, encoding="utf-8")
    monkeypatch.setattr(record_module, "SAMPLES", tmp_path)
    found, _, sha256 = parse_table(text)
    plain["posterior"]["sample"] = {
        "file": "sample.csv",
        "sha256": sha256,
        "columns": list(found),
        "rows": KEPT,
    }
    plain["structure"]["t_cells"] = RECOVERY_AT_REST
    plain["version"] = "v0"
    plain["digest"] = digest_of(plain)
    return Record(plain)


def thawed(value: Any) -> Any:
    if hasattr(value, "items"):
        return {key: thawed(item) for key, item in value.items()}
    return [thawed(item) for item in value] if isinstance(value, tuple) else value


def test_the_network_is_one_of_the_kept_draws_and_h_may_be_estimated(
    kept: Record, tmp_path: Path
) -> None:
    drug = write_template(tmp_path / "own.toml", "bispecific")[0]
    data = tmp_path / "cohort.csv"
    data.write_text(
        "time (h),analyte,value (pg/mL)\n4,IL6,40\n8,IL6,90\n24,IL6,60\n8,TNF,40\n", "utf-8"
    )
    posed = pose(drug, data, kept, estimate=("k_exh", "h"), widths={"h": 0.2})
    assert posed.network_draws == KEPT and posed.priors[1].log10_sd == 0.2
    fit = solve(posed, n_draws=200)
    rows = next(iter(kept.draws(KEPT).values())).values["k_fb"]
    assert np.array_equal(fit.draws.values["k_fb"], rows[fit.sample.members])
    write(Bands(fit), drug, tmp_path / "out")
    fitted = prepare(tmp_path / "out" / "my-drug-fitted.toml", kept)
    drawn = draws_for(fitted, 50)
    assert np.array_equal(drawn.values["h"], fit.draws.values["h"][:50])
    assert np.array_equal(drawn.values["k_fb"], fit.draws.values["k_fb"][:50])
