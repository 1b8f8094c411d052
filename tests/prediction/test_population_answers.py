"""A drug of one's own in a population: the text, the JSON and the table say the same numbers."""

from __future__ import annotations

import csv
import io
import json
import re
from pathlib import Path
from typing import Any

import pytest
from own_drugs import changed, content, number, written

from qsp_lib.__main__ import main
from qsp_lib.common.errors import InputError
from qsp_lib.common.numbers import short
from qsp_lib.prediction.cover import Cover
from qsp_lib.prediction.population import (
    HELD_TO,
    NOTHING,
    PERCENTILES,
    PopulationAnswer,
    PopulationQuestion,
    populate,
    population_csv,
    population_json,
    population_text,
)
from qsp_lib.prediction.setting import Setup, prepare
from qsp_lib.protocol.lock import current_record

FEW: dict[str, Any] = {"n_draws": 3, "n_patients": 30, "least_effective": 1.5}
QUANTITIES = [
    *(f"severity index, percentile {p}" for p in PERCENTILES),
    *(f"highest IL-6, percentile {p}" for p in PERCENTILES),
    "share above the limit",
]


def answered(setting: Setup, **others: Any) -> PopulationAnswer:
    return populate(PopulationQuestion(setting, **(FEW | others)), workers=1)


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return written(tmp_path_factory.mktemp("drug"), content())


@pytest.fixture(scope="module")
def found(own: Path) -> PopulationAnswer:
    cover = Cover(tocilizumab_h=(-1.0,))
    setting = prepare(own, current_record(), cover=cover, horizon_h=72.0)
    return answered(setting)


def test_every_number_is_said_three_times_and_is_the_same(found: PopulationAnswer) -> None:
    told = json.loads(population_json(found))["rows"]
    table = list(csv.DictReader(io.StringIO(population_csv(found))))
    lines = (re.split(r"\s{2,}", line) for line in population_text(found).splitlines())
    printed = [cells for cells in lines if len(cells) == 7]
    assert len(told) == len(table) == len(printed) == len(found.rows) > 0
    for one, other, cells, row in zip(told, table, printed, found.rows, strict=True):
        assert {name: str(value) for name, value in one.items()} == other
        assert cells == [
            *(one["held_to"], one["arm"], one["quantity"], short(one["median"])),
            *(f"{short(one['low'])} to {short(one['high'])}", short(one["monte_carlo"])),
            one["unit"],
        ]
        assert one["median"] == pytest.approx(row.value.median, rel=1e-5)


def test_each_course_has_every_quantity_for_whatever_the_patients_are_held_to(
    found: PopulationAnswer,
) -> None:
    for words in (w for w in HELD_TO if found.weights[w].met.any()):
        for arm in ("untreated", "treated"):
            values = [found.row(words, arm, name).value for name in QUANTITIES]
            assert values[0].median <= values[1].median <= values[2].median
            assert all(value.low <= value.median <= value.high for value in values)
    without, covered = (
        found.row(NOTHING, arm, "severity index, percentile 50").value.median
        for arm in ("untreated", "treated")
    )
    assert covered < without


def test_what_it_rests_on_is_said(found: PopulationAnswer) -> None:
    text, told = population_text(found), json.loads(population_json(found))
    record = current_record()
    for words in ("VA012 (4.8 h)", "EA038", "BO026", "not read by this drug's model", "declared"):
        assert words in text
    assert found.idle == ("targets",)  # a monoclonal antibody binds T cells to none
    assert told["mark"] == f"unlocked copy of lock {record.version}" and told["mark"] in text
    assert told["lock"] == record.summary and told["seed"] == record.seed
    assert {f["name"]: f["read"] for f in told["factors"]}["targets"] is False
    assert sum(told["weights"]["spread"]["draws"].values()) == 3
    assert told["weights"][NOTHING]["effective_patients"] == 30


@pytest.mark.thorough
def test_a_limit_that_is_given_is_used(own: Path) -> None:
    setting = prepare(own, current_record(), horizon_h=48.0)
    low = answered(setting, limit=0.01)
    assert low.row(NOTHING, "untreated", "share above the limit").value.median == 1.0
    assert not any(row.arm == "limit" for row in low.rows)
    assert "The limit, 0.01, was given." in population_text(low)


def test_more_drug_is_a_larger_share(tmp_path: Path) -> None:
    shares = []
    for name, ec50 in (("weak", 5_000), ("strong", 5)):
        file = changed(content(), "potency.EC50", number(ec50, "ng/mL"))
        path = written(tmp_path, file, f"{name}.toml")
        setting = prepare(path, current_record(), horizon_h=48.0)
        answer = answered(setting, limit=1.0)
        shares.append(answer.row(NOTHING, "untreated", "share above the limit").value.median)
    assert shares[0] < shares[1]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"n_draws": 0}, "0 draws were asked for"),
        ({"n_patients": 0}, "0 patients in each draw"),
        ({"n_patients": 10**9}, "expected 1 to 100000"),
        ({"seed": -1}, "seed -1"),
        ({"limit": 0.0}, "limit of 0"),
        ({"limit": float("nan")}, "limit of nan"),
        ({"least_effective": 31.0}, "there are 30 in a draw"),
    ],
)
def test_what_cannot_be_asked_is_refused_before_anything_is_simulated(
    own: Path, change: dict[str, Any], said: str
) -> None:
    asked = {
        "n_draws": 3,
        "n_patients": 30,
        "seed": None,
        "limit": None,
        "least_effective": 5.0,
    }
    setting = prepare(own, current_record(), horizon_h=48.0)
    with pytest.raises(InputError, match=said):
        PopulationQuestion(setting, **(asked | change))


@pytest.mark.thorough
def test_draws_that_cannot_meet_the_spread_are_counted_and_said(own: Path) -> None:
    setting = prepare(own, current_record(), horizon_h=24.0)
    strict = answered(setting, limit=1.0, least_effective=30.0)
    text = population_text(strict)
    assert not strict.weights["spread"].met.any()
    assert "no draw meets it, so nothing is said of it" in text
    assert {row.held_to for row in strict.rows} == {NOTHING}


def test_the_command_writes_what_it_prints(
    own: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    given = ["--draws", "2", "--patients", "20", "--least-effective", "1.5", "--workers", "1"]
    line = ["population", str(own), "--horizon", "24h", "--limit", "grade1", "--json", *given]
    assert main([*line, "--output", str(tmp_path)]) == 0
    printed = capsys.readouterr().out
    assert (tmp_path / "population-made-up-clinical.json").read_text() == printed
    rows = (tmp_path / "population-made-up-clinical.csv").read_text().splitlines()
    told = json.loads(printed)
    assert len(rows) == len(told["rows"]) + 1
    assert told["limit"] == current_record().boundaries.grade_1
