"""The page on the state of this copy: versions, run times and where they are from, tests."""

from __future__ import annotations

import json
import platform
from dataclasses import replace
from pathlib import Path

import pytest
from example_chapters import chapter, write

from book.pages import science
from book.pages import status as page
from book.pages.fragments import BookData, RunTimes
from book.site import run_times
from qsp_lib import __version__
from qsp_lib.chapters.results import Results
from qsp_lib.common.errors import InputError
from qsp_lib.protocol.inputs import no_longer_verified
from qsp_lib.protocol.ledger import read_ledger

MEASURED = RunTimes({"01_one": 12.4, "02_two": 70.2}, "2026-01-03", "Linux, 2 cores", "3.11.7")


@pytest.fixture
def book(tmp_path: Path) -> BookData:
    write(tmp_path / "notebooks", "01_one", chapter("01_one"))
    write(tmp_path / "notebooks", "02_two", chapter("02_two"))
    lock = {"version": "1", "date": "2026-01-02", "digest": "0123456789abcdef"}
    numbers = {"01_one": Results("01_one", {"fit": {"rms": 0.25}}, {}, lock)}
    return BookData(tmp_path / "notebooks", numbers, build=tmp_path)


def test_versions_are_those_installed(book: BookData) -> None:
    text = page.versions(book)
    assert f"| qsp_lib | {__version__} |" in text
    assert f"| Python | {platform.python_version()} |" in text


def test_a_chapter_has_its_numbers_its_lock_and_no_made_up_time(book: BookData) -> None:
    text = page.chapter_runs(book)
    assert (
        "| [About 01_one](../notebooks/01_one.ipynb) | 1 "
        "| version 1, date 2026-01-02, digest 0123456789ab | not measured |"
    ) in text
    assert "| [About 02_two](../notebooks/02_two.ipynb) | none | not used | not measured |" in text
    assert "ran none" in text and "measured on" not in text


def test_committed_times_come_with_their_date_and_machine(book: BookData) -> None:
    text = page.chapter_runs(replace(book, measured=MEASURED))
    assert "| 12 s |" in text and "| 70 s |" in text
    assert "measured on 2026-01-03 (Linux, 2 cores, Python 3.11.7)" in text


def test_times_of_this_build_go_before_committed_ones(book: BookData) -> None:
    text = page.chapter_runs(replace(book, measured=MEASURED, times={"01_one": 3.0}))
    assert "| 3 s, in this build |" in text and "| 70 s |" in text
    assert "run for this build" in text and "ran none" not in text


def test_committed_pictures_are_said_to_be_such_and_drawn_ones_are_not(book: BookData) -> None:
    assert "PNG" not in page.chapter_runs(book)
    shown = chapter("02_two", "draw()")
    picture = {"output_type": "display_data", "data": {"image/png": "eA=="}, "metadata": {}}
    next(c for c in shown["cells"] if "draw()" in c["source"])["outputs"] = [picture]
    write(book.notebooks, "02_two", shown)
    assert "the committed pictures: PNG" in page.chapter_runs(book)


def test_every_entry_of_the_ledger_is_a_line(book: BookData) -> None:
    rows = page.ledger_entries(book).splitlines()[2:]
    assert len(rows) == len(read_ledger())
    for row, entry in zip(rows, read_ledger(), strict=True):
        assert entry.date in row and f"| {entry.kind} |" in row and entry.table_sha256[:12] in row
    assert "median peaks (pg/mL): IFN " in "\n".join(rows)


def junit(tests: int, failures: int, errors: int = 0) -> str:
    counts = f'tests="{tests}" failures="{failures}" errors="{errors}"'
    return f'<testsuites><testsuite {counts} timestamp="2026-01-04T10:00:00"/></testsuites>'


@pytest.mark.parametrize(
    ("record", "words"),
    [
        (None, "has not been run beside this build"),
        ("<testsuites", "has not been run beside this build"),
        ("<testsuites/>", "has not been run beside this build"),
        (junit(7, 0), "of 2026-01-04: 7 tests, none failed"),
        (junit(7, 1, 2), "7 tests, **3 failed**"),
    ],
)
def test_the_last_tests_are_counted(book: BookData, record: str | None, words: str) -> None:
    assert book.build is not None
    if record is not None:
        (book.build / page.TESTS).write_text(record, encoding="utf-8")
    assert words in page.test_run(book)
    assert "has not been run" in page.test_run(replace(book, build=None))


def test_measured_times_are_kept_and_read_again(tmp_path: Path) -> None:
    (tmp_path / "times.json").write_text(json.dumps({"01_one": 1.5, "02_two": 2.5, "old": 9}))
    times = run_times.measured(tmp_path, ("01_one", "02_two"))
    assert times.seconds == {"01_one": 1.5, "02_two": 2.5}
    assert times.date[:2] == "20" and "processor cores" in times.machine
    assert run_times.read(tmp_path) is None
    run_times.write(times, tmp_path)
    assert run_times.read(tmp_path) == times


def test_times_of_a_part_of_the_chapters_are_not_committed(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no run time of 01_one.*make book"):
        run_times.measured(tmp_path, ("01_one",))


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"seconds": {"a": "x"}}', '{"seconds": {}}'])
def test_a_file_of_times_that_is_none_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / run_times.FILE).write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match="does not hold run times"):
        run_times.read(tmp_path)


def test_the_page_says_what_of_lock_v1_can_no_longer_be_verified(book: BookData) -> None:
    rows = science.no_longer_verified_inputs(book).splitlines()[2:]
    told = {line.split(" | ")[1]: line for line in rows if line}
    assert list(told) == list(no_longer_verified("v1"))
    for name, why in no_longer_verified("v1").items():
        assert told[name].startswith("| v1 | ") and why in told[name]
    page_text = (Path(__file__).parents[2] / "book" / "status.md").read_text(encoding="utf-8")
    assert "{include} generated/no_longer_verified.md" in page_text
