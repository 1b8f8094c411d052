"""Two runs in one checkout: neither disturbs the other, and nothing is left behind."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from example_chapters import chapter, write

from qsp_lib.chapters import results
from qsp_lib.chapters.runner import Run, run_chapters
from qsp_lib.chapters.tidy import as_text, tidy
from qsp_lib.common import InputError, caches, exclusive
from qsp_lib.common.exclusive import only_one, scratch

HOLD = (
    "import sys, time; from pathlib import Path; from qsp_lib.common.exclusive import only_one\n"
    "with only_one(Path(sys.argv[1])):\n"
    "    print('held', flush=True)\n"
    "    time.sleep(float(sys.argv[2]))"
)


@contextmanager
def held(folder: Path, seconds: float = 60) -> Iterator[subprocess.Popen[str]]:
    """Another process that is in the block for a folder."""
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(folder), str(seconds)], stdout=subprocess.PIPE, text=True
    )
    assert holder.stdout is not None and holder.stdout.readline() == "held\n"
    try:
        yield holder
    finally:
        holder.kill()
        holder.wait()
        holder.stdout.close()


@pytest.mark.thorough
def test_a_second_process_waits_for_the_first(tmp_path: Path) -> None:
    with held(tmp_path, 0.6) as holder:
        started = time.monotonic()
        with only_one(tmp_path):
            waited = time.monotonic() - started
        assert holder.wait() == 0
    assert waited > 0.3
    assert list(tmp_path.iterdir()) == []


def test_a_process_that_died_lets_go(tmp_path: Path) -> None:
    with held(tmp_path) as holder:
        holder.kill()
        holder.wait()
        with only_one(tmp_path, timeout_s=1):
            pass


def test_who_waits_in_vain_is_told_for_whom(tmp_path: Path) -> None:
    with held(tmp_path) as holder:
        words = rf"works in .*{tmp_path.name} \(process {holder.pid}, .* not ended within 0.2 s"
        with pytest.raises(InputError, match=words), only_one(tmp_path, timeout_s=0.2):
            raise AssertionError("two in the block")


def test_who_has_a_folder_can_enter_again_and_others_cannot(tmp_path: Path) -> None:
    alias = tmp_path / "deep" / ".."
    (tmp_path / "deep").mkdir()
    refused: list[str] = []

    def other() -> None:
        try:
            with only_one(tmp_path, timeout_s=0.1):
                refused.append("")
        except InputError as problem:
            refused.append(str(problem))

    with only_one(tmp_path):
        with only_one(alias, timeout_s=0.1):
            pass
        thread = threading.Thread(target=other)  # still held after the inner block
        thread.start()
        thread.join()
    with only_one(tmp_path, timeout_s=0.1):
        pass
    assert len(refused) == 1 and f"process {os.getpid()}" in refused[0]


def test_a_folder_that_is_not_there_cannot_be_locked(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="make it first"), only_one(tmp_path / "none"):
        pass


def test_locks_are_kept_in_the_checkout_or_else_in_the_users_cache(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(caches, "CHECKOUT", tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    work = tmp_path / "work"
    work.mkdir()
    with only_one(work):
        kept = tmp_path / "cache" / "qsp-crs" / "locks"
        assert [path.suffix for path in sorted(kept.iterdir())] == [".lock", ".by"]
    (tmp_path / "pyproject.toml").touch()
    with only_one(work):
        assert len(list((tmp_path / "_build" / "locks").iterdir())) == 2
    assert list(work.iterdir()) == []


def test_without_a_place_for_locks_a_sentence_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setattr(caches, "CHECKOUT", tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    with pytest.raises(InputError, match="set XDG_CACHE_HOME"), only_one(tmp_path):
        pass


def test_each_run_has_its_own_scratch_and_clears_what_dead_ones_left(tmp_path: Path) -> None:
    (tmp_path / "run-dead").mkdir()
    (tmp_path / "stray").write_text("x")
    with scratch(tmp_path) as one, scratch(tmp_path) as other:
        assert one != other and one.is_dir() and other.is_dir()
        assert {path.name for path in tmp_path.iterdir()} == {one.name, other.name}
    assert list(tmp_path.iterdir()) == []


def test_a_living_run_keeps_its_scratch_and_a_killed_one_does_not(tmp_path: Path) -> None:
    source = HOLD.replace("only_one", "scratch")
    with subprocess.Popen(
        [sys.executable, "-c", source, str(tmp_path), "60"], stdout=subprocess.PIPE, text=True
    ) as run:
        assert run.stdout is not None and run.stdout.readline() == "held\n"
        with scratch(tmp_path) as own:
            assert len(list(tmp_path.iterdir())) == 2
        run.kill()
        run.wait()
        assert len(list(tmp_path.iterdir())) == 1
        with scratch(tmp_path) as own:
            assert list(tmp_path.iterdir()) == [own]
    assert not [path for path in exclusive._home().iterdir() if path.name.startswith(own.name)]


@pytest.mark.thorough
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
