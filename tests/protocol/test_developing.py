"""What is kept of a development: made when asked for, read whole or not at all, chosen by rule."""

from __future__ import annotations

import json
import re
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import pytest

from qsp_lib.calibration.candidates import CANDIDATES, LOCKED, T_CELL_CANDIDATES
from qsp_lib.calibration.open_facts import FACTS
from qsp_lib.common.errors import InputError, LockError
from qsp_lib.protocol import developing, ensembles
from qsp_lib.protocol.developing import (
    LEVELS,
    LOCKED_PLAN,
    N_STARTS,
    NESTED_DRAWS,
    PLANS,
    SEED,
    SEEDS,
    WITHOUT_DECLARED_SEEDS,
    Development,
    chosen_t_cells,
    develop_missing,
    read_development,
)
from qsp_lib.protocol.lock import lock_path, read_record
from qsp_lib.protocol.nested_runs import NestedTask
from qsp_lib.protocol.sample_table import parse_table, table_text

DATE = "2030-01-01"
NAMES = ("a", "b")


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The structures that were developed, each in an instant."""
    done: list[str] = []

    def develop(candidate: Any, plan: Any, *_: Any) -> tuple[dict[str, Any], str]:
        done.append(candidate.name)
        assert plan is PLANS[candidate.name]
        text = table_text(NAMES, np.arange(8.0).reshape(4, 2), np.zeros(4))
        columns, _, sha256 = parse_table(text)
        sample = {"columns": list(columns), "sha256": sha256}
        return {"estimated": list(NAMES), "facts": {}, "sample": sample}, text

    monkeypatch.setattr(developing, "develop", develop)
    return done


def test_what_is_kept_is_not_made_again_unless_that_is_asked(
    asked: list[str], tmp_path: Path
) -> None:
    develop_missing(["rest"], DATE, directory=tmp_path)
    with pytest.raises(LockError, match=r"development-v2-rest\.json is there already"):
        develop_missing(["gated", "rest"], DATE, directory=tmp_path)
    assert asked == ["rest"]  # nothing else was begun
    develop_missing((), DATE, directory=tmp_path)
    assert sorted(asked) == sorted(CANDIDATES)
    assert develop_missing((), DATE, directory=tmp_path) == []
    develop_missing(["rest"], DATE, directory=tmp_path, again=True)
    assert asked[-1] == "rest" and len(asked) == len(CANDIDATES) + 1
    develop_missing((), DATE, directory=tmp_path, again=True)
    assert asked[-len(CANDIDATES) :] == list(CANDIDATES)


def test_a_library_that_is_not_there_is_told_before_anything_is_begun(
    asked: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(developing, "_PACKAGES", ("numpy", "no-such-sampler"))
    with pytest.raises(InputError, match="no-such-sampler is not installed; a development needs"):
        develop_missing(["rest"], DATE, directory=tmp_path)
    assert asked == []


def test_an_unknown_structure_is_refused_before_anything_is_begun(
    asked: list[str], tmp_path: Path
) -> None:
    with pytest.raises(InputError, match="no structure 'gate'; expected one of constant, rest"):
        develop_missing(["rest", "gate"], DATE, directory=tmp_path)
    assert asked == [] and not list(tmp_path.iterdir())


def test_what_is_kept_reads_back(asked: list[str], tmp_path: Path) -> None:
    develop_missing(["rest"], DATE, directory=tmp_path)
    found = read_development("rest", tmp_path)
    assert found.names == NAMES and found.content["made"] == DATE
    assert found.points.tolist() == [[0, 1], [2, 3], [4, 5], [6, 7]]
    with pytest.raises(ValueError, match="read-only"):
        found.points[0, 0] = 1.0


def edited(path: Path) -> None:
    content = json.loads(path.read_text())
    path.write_text(json.dumps(content | {"made": "2029-01-01"}))


def without_last(path: Path) -> None:
    path.write_text("".join(path.read_text().splitlines(keepends=True)[:-1]))


def exchanged(path: Path) -> None:
    header, first, second, *rest = path.read_text().splitlines(keepends=True)
    path.write_text("".join([header, second, first, *rest]))


@pytest.mark.parametrize(
    ("file", "act", "words"),
    [
        ("development-v2-rest.json", edited, "was edited"),
        ("development-v2-rest.json", Path.unlink, "is missing"),
        ("development-v2-rest.json", lambda p: p.write_text("{"), "cannot be read"),
        ("sample-v2-rest.csv", without_last, "was edited: its numbers give hash"),
        ("sample-v2-rest.csv", exchanged, "was edited: its numbers give hash"),
        ("sample-v2-rest.csv", Path.unlink, "is missing"),
        ("sample-v2-rest.csv", lambda p: p.write_text("a,b\n1,two\n"), "cannot be read"),
    ],
)
def test_what_was_edited_cut_or_taken_away_is_refused(
    asked: list[str], tmp_path: Path, file: str, act: Any, words: str
) -> None:
    develop_missing(["rest"], DATE, directory=tmp_path)
    act(tmp_path / file)
    with pytest.raises(LockError, match=words):
        read_development("rest", tmp_path)


def judged(met: int, log_evidence: float) -> Development:
    """A structure that meets so many of the facts."""
    facts = {fact: {"met": i < met} for i, fact in enumerate(FACTS)}
    content = {"facts": facts, "evidence": {"log_evidence": log_evidence}}
    return Development(MappingProxyType(content), np.zeros((1, 1)), np.zeros(1))


def test_the_t_cell_part_that_meets_most_facts_is_chosen_then_the_one_with_more_evidence() -> None:
    names = [one.name for one in T_CELL_CANDIDATES]
    found = {"constant": judged(2, -20.0), "rest": judged(3, -30.0), "gated": judged(4, -40.0)}
    assert chosen_t_cells(found, names) == "gated"
    assert chosen_t_cells(found | {"gated": judged(3, -29.0)}, names) == "gated"
    assert chosen_t_cells(found | {"gated": judged(3, -31.0)}, names) == "rest"


# ---------------------------------------------------------------- what is kept in the package


def plain(told: Any) -> Any:
    """As a file of JSON holds it."""
    return json.loads(json.dumps(told, default=dict))


def test_what_was_locked_was_sampled_by_the_plan_that_would_sample_it_again() -> None:
    record = read_record(lock_path("v2"), against_code=False)
    assert record.sample is not None
    assert plain(record.sample["sampler"]) == plain(ensembles.on_record(LOCKED_PLAN, SEED))
    assert PLANS[LOCKED] is LOCKED_PLAN
    assert [name for name, plan in PLANS.items() if plan is not None] == [LOCKED]


@pytest.mark.parametrize("name", CANDIDATES)
def test_every_structure_was_developed_as_it_would_be_developed_again(name: str) -> None:
    content = read_development(name).content
    assert content["optimum"]["starts"] == N_STARTS
    assert len(content["evidence"]["runs"]) == len(SEEDS)
    assert len(content["evidence_published_rows"]["runs"]) == len(WITHOUT_DECLARED_SEEDS)
    sampler = plain(content["sample"]["sampler"])
    if PLANS[name] is None:
        told = {"draws": NESTED_DRAWS, "seed": SEED, "seeds": list(SEEDS)}
        live_points = NestedTask(CANDIDATES[name], SEEDS[0], False).live_points
        assert sampler == told | {"sampler": "nautilus", "live_points": live_points}
    else:
        assert sampler == plain(ensembles.on_record(LOCKED_PLAN, SEED))


def test_what_is_told_of_a_sample_is_its_median_and_the_interval_that_the_lock_tells() -> None:
    record = read_record(lock_path("v2"), against_code=False)
    told = re.match(r"central (\d+) %", record.content["blind_test"]["interval"])
    assert told is not None
    low, middle, high = LEVELS
    assert high - low == pytest.approx(int(told[1]) / 100)
    assert (low, middle) == (pytest.approx(1 - high), 0.5)
    for name in CANDIDATES:
        for quantity in read_development(name).content["quantities"].values():
            assert len(quantity["quantiles"]) == len(LEVELS)
            assert np.all(np.diff(quantity["quantiles"]) > 0)
