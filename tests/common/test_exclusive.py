"""Two runs in one checkout: neither disturbs the other, and nothing is left behind."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from example_chapters import chapter, write

from qsp_lib.chapters import results
from qsp_lib.chapters.runner import Run, run_chapters
from qsp_lib.chapters.tidy import as_text, tidy
from qsp_lib.common import exclusive
from qsp_lib.common.exclusive import only_one, scratch

HOLD = (
    "import sys, time; from pathlib import Path; from qsp_lib.common.exclusive import only_one\n"
    "with only_one(Path(sys.argv[1])):\n"
    "    print('held', flush=True)\n"
    "    time.sleep(float(sys.argv[2]))"
)


def test_a_second_process_waits_for_the_first(tmp_path: Path) -> None:
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path), "0.6"], stdout=subprocess.PIPE, text=True
    )
    assert holder.stdout is not None and holder.stdout.readline() == "held\n"
    started = time.monotonic()
    with only_one(tmp_path):
        waited = time.monotonic() - started
    holder.wait()
    holder.stdout.close()
    assert waited > 0.3
    assert list(tmp_path.iterdir()) == []


def test_a_process_that_died_lets_go(tmp_path: Path) -> None:
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path), "60"], stdout=subprocess.PIPE, text=True
    )
    assert holder.stdout is not None and holder.stdout.readline() == "held\n"
    holder.kill()
    holder.wait()
    holder.stdout.close()
    with only_one(tmp_path):
        pass


def test_each_run_has_its_own_scratch_and_clears_what_dead_ones_left(tmp_path: Path) -> None:
    (tmp_path / "run-dead").mkdir()
    (tmp_path / "stray").write_text("x")
    with scratch(tmp_path) as one, scratch(tmp_path) as other:
        assert one != other and one.is_dir() and other.is_dir()
        assert {path.name for path in tmp_path.iterdir()} == {one.name, other.name}
    assert list(tmp_path.iterdir()) == []


def test_without_locks_the_block_still_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exclusive, "fcntl", None)
    with only_one(tmp_path), scratch(tmp_path / "deep") as own:
        assert own.is_dir()


def test_two_runs_at_once_both_end_well(tmp_path: Path) -> None:
    home = tmp_path / "checkout"
    folder = home / "notebooks"
    count = "n: int = 2  # a count; 1 to 9"
    first = "import time\n\ntime.sleep(1)\nchapter.save({'double': 2 * n})"
    second = (
        "from qsp_lib.chapters import results\n\n"
        "chapter.save({'triple': 1.5 * results.load('01_one').value('double')})"
    )
    for name, source, after in (("01_one", first, ()), ("02_two", second, ("01_one",))):
        content = chapter(name, source, parameters=count, after=after, folder=folder)
        write(folder, name, content)
    ended: list[list[Run]] = []

    def run() -> None:
        options = {"notebooks": folder, "build": home / "_build", "jobs": 1}
        ended.append(run_chapters(say=lambda _: None, **options))  # type: ignore[arg-type]

    threads = [threading.Thread(target=run) for _ in range(2)]
    for thread in threads:
        thread.start()
        time.sleep(0.5)
    for thread in threads:
        thread.join(timeout=120)
    assert [[(r.name, r.problem) for r in runs] for runs in ended] == [
        [("01_one", ""), ("02_two", "")]
    ] * 2
    build = home / "_build"
    assert results.load("02_two", build / "results").values == {"triple": 6.0}
    for name in ("01_one", "02_two"):
        path = build / "notebooks" / f"{name}.ipynb"
        notebook = json.loads(path.read_text(encoding="utf-8"))
        assert as_text(tidy(notebook)) == path.read_text(encoding="utf-8")
    assert list((build / "scratch").iterdir()) == []
    assert not list(build.rglob("*.tmp"))
