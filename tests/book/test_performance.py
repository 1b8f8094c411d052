"""What the page on speed says follows from the record, whichever way it falls."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from benchmarks.record import RECORD, SpeedRecord, Spread, load
from book.pages import performance
from book.pages.fragments import FRAGMENTS, PICTURES, BookData
from qsp_lib.common.errors import InputError

ROOT = Path(__file__).resolve().parents[2]
BOOK = BookData(ROOT / "notebooks", {})
PAGE = (ROOT / "book" / "performance.md").read_text(encoding="utf-8")
Make = Callable[..., SpeedRecord]


def spread(value: float) -> dict[str, float]:
    return {"median": value, "low": 0.9 * value, "high": 1.2 * value}


def engine(label: str, wall_s: float, each_s: float, ready_s: float, **more: Any) -> dict[str, Any]:
    """One engine as the benchmark writes it: 100 sets of 2 drugs on 1 core and on 2."""
    rest = {"ready_s": spread(ready_s), "work_s": spread(200 * each_s), "own_mb": spread(150.0)}
    rest["cpu_s"] = spread(ready_s + 200 * each_s)
    cells = [
        {"sets": 100, "cores": cores, "extrapolated": False, "wall_s": spread(wall_s)} | rest
        for cores in (1, 2)
    ]
    errors = {"sets": 100, "failed": 0, "within": 8e-5, "median": 1e-5, "largest": 2e-4}
    rungs = [{"rtol": 1e-5, "error": 8e-5, "cpu_s_a_simulation": each_s}]
    return {
        "label": label,
        "how": "somehow",
        "versions": {"a": "1"},
        "rtol": 1e-5,
        "ladder": rungs,
        "errors": errors | more,
        "runs": cells,
    }


@pytest.fixture
def make(tmp_path: Path) -> Make:
    """A record of 200 simulations in which we take 1 s: 0.5 s to start, 2 ms a simulation."""

    def made(floor_s: float = 1e-3, **peers: dict[str, Any]) -> SpeedRecord:
        floor = {"evaluations": 500.0, "evaluation_s": floor_s / 500}
        content = {
            "date": None,
            "machine": {"processor": "p", "cores": 2, "system": "s", "python": "3", "qsp_lib": "1"},
            "problem": {
                "drugs": ["a", "b"],
                "states": ["S"],
                "report_times": [7, 8],
                "horizon_h": 48.0,
                "chapter_rtol": 1e-6,
                "target_error": 1e-4,
                "within": 0.99,
                "reference_rtol": 1e-10,
                "reference_error": 1e-9,
                "sizes": [100],
                "headline": {"sets": 100, "cores": 2},
                "ladder_sets": 50,
                "rounds": 3,
                "limit_s": 5.0,
            },
            "engines": {
                "qsp_lib": engine("this package", 1.0, 2e-3, 0.5),
                "qsp_lib_chapter": engine("this package (as in the chapter)", 1.1, 2.5e-3, 0.5),
            }
            | peers,
            "floor": {
                name: floor | {"floor_s_a_simulation": floor_s}
                for name in ("qsp_lib", "qsp_lib_chapter")
            },
            "missing": {"other": "there is no wheel"},
        }
        path = tmp_path / "results.json"
        path.write_text(json.dumps(content), encoding="utf-8")
        return load(path)

    return made


def test_the_page_takes_in_every_piece_that_is_made_for_it() -> None:
    made = {name for name in FRAGMENTS if name.startswith("performance_")}
    assert set(re.findall(r"generated/(\w+)\.md", PAGE)) == made
    for name in made:
        assert FRAGMENTS[name](BOOK).strip()


def test_the_page_itself_states_no_outcome() -> None:
    prose = re.sub(r"```.*?```", "", PAGE, flags=re.DOTALL)
    assert not re.findall(r"\d", re.sub(r"Jupyter Book 1|TSIT45|RK45|LSODA", "", prose))


@pytest.mark.thorough
def test_the_figure_is_the_same_to_the_byte_and_shows_every_engine() -> None:
    first, second = (PICTURES["performance_figure"](BOOK)["performance.svg"] for _ in range(2))
    assert first == second
    shown = FRAGMENTS["performance_figure"](BOOK)
    assert all(engine.label in shown for engine in load().peers.values())


def test_we_are_called_fastest_only_if_we_are(make: Make) -> None:
    slower, faster = engine("Slow", 3.0, 6e-3, 0.1), engine("Quick", 0.5, 1e-3, 0.1)
    assert "it is the fastest of the 2 measured" in performance.fastest(make(a=slower))
    assert "Slow, takes 3 times as long" in performance.fastest(make(a=slower))
    said = performance.fastest(make(a=slower, b=faster))
    assert "fastest" not in said
    assert "Quick took less.** Quick needs 50 % of our time" in said
    assert "nothing else was measured" in performance.fastest(make())


def test_the_engine_by_name_is_set_beside_the_default_one_and_is_no_peer(make: Make) -> None:
    # ours takes 1 s, and 2 ms a simulation
    record = make(qsp_lib_fast=engine("By name", 0.4, 1e-3, 0.1))
    said = performance.by_name(record)
    assert "0.4 (0.36–0.48) s, 40 % of what" in said and "2 times as fast on one core" in said
    assert "nothing else was measured" in performance.fastest(record)
    assert "was not measured" in performance.by_name(make())


def test_processor_time_is_compared_where_it_was_measured(make: Make) -> None:
    # ours is 0.5 s and 200 times 2 ms
    said = performance.in_processor_time(make(a=engine("More", 1.0, 6e-3, 0.1)))
    assert "0.9 s, the least of all that were measured; the next is More with 1.3 s" in said
    said = performance.in_processor_time(make(a=engine("Less", 1.0, 1e-3, 0.1)))
    assert "0.9 s, against Less with 0.3 s" in said
    assert "cannot be compared" in performance.in_processor_time(make())


def test_the_goal_against_libroadrunner_is_judged(make: Make) -> None:
    reached = performance.against_roadrunner(make(roadrunner=engine("rr", 12.0, 0.02, 0.1)))
    assert "is reached: the ratio is 12." in reached
    # the floor is 0.1 s on two cores: 5 s are 50 times that, 0.9 s are 9
    missed = performance.against_roadrunner(make(roadrunner=engine("rr", 5.0, 0.02, 0.1)))
    assert "is missed: the ratio is 5" in missed and "would be 50 times as fast" in missed
    assert "10 times would leave it 0.5 s" in missed
    hopeless = performance.against_roadrunner(make(roadrunner=engine("rr", 0.9, 0.02, 0.1)))
    assert "10 times is out of its reach" in hopeless
    assert "was not measured" in performance.against_roadrunner(make())


@pytest.mark.parametrize(
    ("floor_s", "words"),
    [(1e-3, "50 % of that speed, and at 40 %"), (1e-4, "5 % of that speed, and at 4 %")],
)
def test_the_goal_of_a_share_of_the_floor_is_judged(make: Make, floor_s: float, words: str) -> None:
    said = performance.share_of_floor(make(floor_s))
    assert words in said
    assert said.endswith("reached." if floor_s > 5e-4 else "missed.")


def test_a_slow_start_pays_beyond_as_many_simulations_as_it_takes(make: Make) -> None:
    # 10 s later, 1 ms a simulation faster on each of two cores
    said = performance.once_started(make(a=engine("Late", 11.0, 1e-3, 10.5)))
    assert "Late is 2 times as fast for each simulation" in said
    assert "beyond about 20,000 simulations on 2 cores" in said
    assert "none of the others" in performance.once_started(make(a=engine("S", 3.0, 6e-3, 0.1)))


def test_failures_and_missed_accuracy_are_named(make: Make) -> None:
    fine = performance.accuracy(make(a=engine("Good", 3.0, 6e-3, 0.1)))
    assert "No simulation failed" in fine and "where none missed it" in fine
    bad = engine("Bad", 3.0, 6e-3, 0.1, failed=7, within=1.1e-4)
    said = performance.accuracy(make(a=bad))
    assert "7 sets of Bad failed" in said and "where Bad (0.00011) missed it." in said


def test_what_was_extrapolated_is_marked(make: Make) -> None:
    guessed = engine("Guess", 3.0, 6e-3, 0.1)
    guessed["runs"][1] = {"sets": 100, "cores": 2, "extrapolated": True, "wall_s": spread(3.0)}
    record = make(a=guessed)
    assert "| 3 (2.7–3.6)† | 3 | – |" in performance.headline_table(record)
    assert "3†" in performance.sizes_table(record)
    assert "1.00†" not in performance.sizes_table(record)
    assert "(extrapolated)" in performance.fastest(record)


def test_an_engine_that_could_not_be_had_is_named_with_the_reason(make: Make) -> None:
    assert "| other | not measured: there is no wheel |" in performance.setup_table(make())


@pytest.mark.parametrize("gone", ["engines", "floor", "problem", "missing"])
def test_a_record_with_a_part_missing_is_refused(tmp_path: Path, gone: str) -> None:
    content = json.loads(RECORD.read_text(encoding="utf-8"))
    del content[gone]
    path = tmp_path / "results.json"
    path.write_text(json.dumps(content), encoding="utf-8")
    with pytest.raises(InputError, match="not the record of a benchmark run"):
        load(path)
    with pytest.raises(InputError, match="There is no other.json"):
        load(tmp_path / "other.json")


def test_a_record_without_our_own_time_is_refused(tmp_path: Path) -> None:
    content = json.loads(RECORD.read_text(encoding="utf-8"))
    del content["engines"]["qsp_lib"]
    path = tmp_path / "results.json"
    path.write_text(json.dumps(content), encoding="utf-8")
    with pytest.raises(InputError, match="no measurement of qsp_lib"):
        load(path)


def test_a_spread_is_in_order() -> None:
    with pytest.raises(InputError, match="smallest, median and largest"):
        Spread(1.0, 2.0, 3.0)
