"""What the page on scale says follows from the record, whichever way it falls."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from benchmarks.scaling_record import CLUSTER, PROCESSES, RECORD, ScalingRecord, load
from book.pages import scale
from book.pages.fragments import FRAGMENTS, BookData
from qsp_lib.__main__ import build_parser
from qsp_lib.common import ANSWER_S, PATIENCE_S, InputError

ROOT = Path(__file__).resolve().parents[2]
BOOK = BookData(ROOT / "notebooks", {})
PAGE = (ROOT / "book" / "scale.md").read_text(encoding="utf-8")


def spread(value: float) -> dict[str, float]:
    return {"median": value, "low": 0.9 * value, "high": 1.2 * value}


@pytest.fixture
def record(tmp_path: Path) -> ScalingRecord:
    """Two processes are 1.5 times as fast as one; a patient takes 0.36 ms and 3.6 ms."""
    rates = {(PROCESSES, 1): 1000.0, (PROCESSES, 2): 1500.0, (CLUSTER, 2): 1250.0}
    content: dict[str, Any] = {
        "date": None,
        "machine": {"processor": "p", "cores": 2, "system": "s", "python": "3", "qsp_lib": "1"},
        "load_before": 1.5,
        "rounds": 2,
        "patients": 20_000,
        "chunks": {PROCESSES: 100, CLUSTER: 1000},
        "block_patients": 2000,
        "places": [
            {"kind": kind, "workers": n, "start_up_s": spread(3.0), "rate": spread(rate)}
            for (kind, n), rate in rates.items()
        ],
        "ratios": {},
        "treatments": [
            {"horizon_h": 48.0, "cpu_s_a_patient": spread(0.36e-3)},
            {"horizon_h": 336.0, "cpu_s_a_patient": spread(3.6e-3)},
        ],
        "memory": [
            {"patients": 1_000, "whole_mb": 200.0, "blocks_mb": 200.0},
            {"patients": 101_000, "whole_mb": 230.0, "blocks_mb": 201.0},
        ],
        "tasks_a_second": 5.0,
    }
    path = tmp_path / "scaling.json"
    path.write_text(json.dumps(content), encoding="utf-8")
    return load(path)


def test_the_page_takes_in_every_piece_that_is_made_for_it() -> None:
    made = {name for name in FRAGMENTS if name.startswith("scale_")}
    assert set(re.findall(r"generated/(\w+)\.md", PAGE)) == made
    for name in made:
        assert FRAGMENTS[name](BOOK).strip()


def test_the_page_itself_states_no_number() -> None:
    prose = re.sub(r"```.*?```", "", PAGE, flags=re.DOTALL)
    assert not re.findall(r"\d", prose)


def test_places_are_compared_with_one_process(record: ScalingRecord) -> None:
    found = scale.measured_table(record)
    assert "| 1 process of this machine | 3 | 1000 (900–1200) | 1 |" in found
    assert "| 2 processes of this machine | 3 | 1500 (1350–1800) | 1.5 |" in found
    assert "| dask cluster, 2 workers | 3 | 1250 (1120–1500) | 1.2 |" in found


def test_a_busy_machine_is_called_so_and_a_quiet_one_is_not(record: ScalingRecord) -> None:
    assert "It was not quiet: over the minute before, 1.5 processes" in scale.circumstances(record)
    assert "quiet" not in scale.circumstances(replace(record, load_before=0.1))


def test_cost_is_patients_times_processor_time(record: ScalingRecord) -> None:
    rows = scale.cost_table(record).splitlines()[2:]
    assert rows == [
        "| 100,000 | 0.01 | 0.1 | 100 |",
        "| 1,000,000 | 0.1 | 1 | 1000 |",
        "| 10,000,000 | 1 | 10 | 10,000 |",
    ]


def test_memory_is_told_by_the_patient(record: ScalingRecord) -> None:
    assert record.bytes_a_row == pytest.approx(300.0)
    said = scale.memory_words(record)
    assert "changes by +30.0 MB" in said and "300 bytes a patient" in said
    assert "by +1.0 MB where a block is" in said and "take 3 GB more" in said


def test_a_scheduler_sets_a_least_time(record: ScalingRecord) -> None:
    # 5 tasks of 1000 patients a second: ten million take 2000 s, the work of 1.8 cores
    said = scale.least_words(record)
    assert "10,000,000 patients take 33 minutes or more" in said and "beyond 1.8 cores" in said


def test_the_waits_are_those_of_the_code() -> None:
    said = FRAGMENTS["scale_waits"](BOOK)
    assert f"{ANSWER_S:g} s to answer" in said and f"none for {PATIENCE_S:g} s" in said


def test_the_commands_of_the_page_can_be_given() -> None:
    lines = re.findall(r"^qsp-crs (.+)$", PAGE, re.MULTILINE)
    given = [build_parser().parse_args(line.split()) for line in lines]
    by_name = [one for one in given if one.engine is not None]
    assert (len(given), len(by_name)) == (5, 2)
    assert {one.engine for one in by_name} == {"fast"}
    for line, one in zip(lines, given, strict=True):
        if one not in by_name:
            assert (one.cluster is None) == ("--workers" in line)


@pytest.mark.parametrize(
    "gone", ["places", "treatments", "memory", "load_before", "tasks_a_second"]
)
def test_a_record_with_a_part_missing_is_refused(tmp_path: Path, gone: str) -> None:
    content = json.loads(RECORD.read_text(encoding="utf-8"))
    del content[gone]
    path = tmp_path / "scaling.json"
    path.write_text(json.dumps(content), encoding="utf-8")
    with pytest.raises(InputError, match="not the record of how patients scale"):
        load(path)
    with pytest.raises(InputError, match="There is no other.json"):
        load(tmp_path / "other.json")


def test_the_ratios_of_the_record_are_those_of_its_rates() -> None:
    record = load()
    rates = {(place.kind, place.workers): place.rate.median for place in record.places}
    expected = {
        "two processes over one": rates[PROCESSES, 2] / rates[PROCESSES, 1],
        "two workers of a cluster over one": rates[CLUSTER, 2] / rates[CLUSTER, 1],
        "two workers of a cluster over two processes": rates[CLUSTER, 2] / rates[PROCESSES, 2],
    }
    assert record.ratios == pytest.approx(expected, rel=2e-3)
