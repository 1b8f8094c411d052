"""The same promises with the T-cell part of version 2: a record like lock v1 but for that part.

Only made-up drugs are simulated with it.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from own_drugs import changed, content, number, with_doses, written

from qsp_lib.common.errors import LockError
from qsp_lib.model.structure import RECOVERY_AT_REST
from qsp_lib.prediction.cover import Cover
from qsp_lib.prediction.predicting import predict
from qsp_lib.prediction.report import as_dict, as_text
from qsp_lib.protocol.lock import Record, lock_path, read_record
from qsp_lib.protocol.record import digest_of

SC = [{"bolus": "3 mg", "time": "0 d", "route": "SC"}]
DEPOT = {"V1": number(3.5, "L"), "CL": number(2, "L/d"), "k_a": number(0.4, "1/d")}


@pytest.fixture(scope="module")
def at_rest() -> Record:
    """Lock v1's numbers with the other T-cell part; it is on no record."""
    first = read_record(lock_path("v1"), against_code=False)
    plain: dict[str, Any] = json.loads(json.dumps(_thawed(first.content)))
    plain["structure"]["t_cells"] = RECOVERY_AT_REST
    plain["version"] = "v0"
    plain["digest"] = digest_of(plain)
    return Record(plain)


def _thawed(value: Any) -> Any:
    if hasattr(value, "items"):
        return {key: _thawed(item) for key, item in value.items()}
    return [_thawed(item) for item in value] if isinstance(value, tuple) else value


def index(record: Record, folder: Path, file: dict[str, Any], **options: Any) -> float:
    found = predict(written(folder, file), record, n_draws=0, **options)
    return found.untreated.severity.central


def test_it_is_named_with_the_class_value_that_it_reads(at_rest: Record, tmp_path: Path) -> None:
    found = predict(written(tmp_path, content("bispecific")), at_rest, n_draws=3)
    assert f"its T-cell part: {RECOVERY_AT_REST}" in as_text(found)
    named = {a.name: a for a in found.assumptions}
    assert named["K_B"].value == 0.72 and named["K_B"].reason == "class default"
    assert as_dict(found)["used"]["K_B"] == 0.72


@pytest.mark.parametrize("mechanism", ["monoclonal", "bispecific"])
def test_steepness_and_targets_matter(at_rest: Record, tmp_path: Path, mechanism: str) -> None:
    file = content(mechanism)
    steep = changed(file, "potency.h", number(3, "1"))
    assert index(at_rest, tmp_path, steep) != index(at_rest, tmp_path, file)
    if mechanism == "bispecific":
        given = changed(file, "potency.K_B", number(2, "1"))
        assert index(at_rest, tmp_path, given) < index(at_rest, tmp_path, file)


def test_a_drug_under_the_skin_is_followed_with_every_cover(
    at_rest: Record, tmp_path: Path
) -> None:
    path = written(tmp_path, with_doses(SC, content("bispecific", pharmacokinetics=DEPOT)))
    cover = Cover((-1.0, 7.0), "8 mg/kg", (-1.0,), "16 mg", "oral")
    found = predict(path, at_rest, cover=cover, n_draws=6)
    assert found.treated is not None
    assert found.treated.severity.central < found.untreated.severity.central
    for name in ("C", "A"):
        one, other = (arm.courses[name]["locked_point"] for arm in found.arms.values())
        np.testing.assert_array_equal(one, other)
    weeks = predict(path, at_rest, cover=cover, n_draws=6)
    assert as_dict(weeks) == as_dict(found)


def test_dexamethasone_is_drawn_and_named(at_rest: Record, tmp_path: Path) -> None:
    path = written(tmp_path, content())
    alone = predict(path, at_rest, n_draws=8, cover=Cover(dexamethasone_h=(-1.0,)))
    names = {a.name: a.log10_sd for a in alone.assumptions}
    assert names["dexamethasone IC50"] == 0.3 and names["dexamethasone w"] == 0.3
    assert alone.treated is not None
    more = predict(
        path, at_rest, n_draws=8, cover=Cover(dexamethasone_h=(-1.0,), dexamethasone="40 mg")
    )
    assert more.treated is not None
    assert more.treated.severity.central < alone.treated.severity.central
    assert alone.untreated.drawn["severity"] == pytest.approx(more.untreated.drawn["severity"])


def test_a_held_back_drug_waits_for_its_record(at_rest: Record, tmp_path: Path) -> None:
    file = content("bispecific") | {"name": "teclistamab-of-mine", "label": "Teclistamab"}
    with pytest.raises(LockError, match="outcomes are held back"):
        predict(written(tmp_path, file), at_rest, n_draws=0)
