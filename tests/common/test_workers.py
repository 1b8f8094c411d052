"""Worker processes: started afresh, kept for the next piece of work, ended at once in trouble."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import Executor
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path

import psutil
import pytest

from qsp_lib.common import InputError, SealError, workers
from qsp_lib.common.blindfold import forbid_opening, refuse_if_forbidden
from qsp_lib.common.workers import fresh_pool, pool

ROOT = Path(__file__).resolve().parents[2]
HERE = "set where the module is loaded"


def pid(_: object = None) -> int:
    time.sleep(0.05)
    return os.getpid()


def seen_here() -> str:
    return HERE


def pids(executor: Executor | None) -> set[int]:
    assert executor is not None
    return set(executor.map(pid, range(8)))


def gone(numbers: set[int], within_s: float = 5.0) -> bool:
    """Whether these processes end within a time."""
    until = time.monotonic() + within_s
    while time.monotonic() < until:
        if not any(map(psutil.pid_exists, numbers)):
            return True
        time.sleep(0.02)
    return False


@pytest.fixture(autouse=True)
def own(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Crews of this test alone, ended after it."""
    monkeypatch.setattr(workers, "_KEPT", workers._Kept())
    yield
    for n in (2, 3):
        if (crew := workers._KEPT.take(n)) is not None:
            crew.end()


def test_one_worker_is_this_process_and_none_is_refused() -> None:
    with pool(1) as executor:
        assert executor is None
    for made in (pool, fresh_pool):
        with pytest.raises(InputError, match="0 workers; expected 1 or more"), made(0):
            pass


def test_fewer_workers_may_be_allowed_than_are_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QSP_MOST_WORKERS", "1")
    with pool(2) as executor:
        assert executor is None
    monkeypatch.setenv("QSP_MOST_WORKERS", "2")
    with fresh_pool(5) as executor:
        assert (executor.workers, executor.processes) == (5, 2)
        assert len({executor.submit(os.getpid).result() for _ in range(20)}) <= 2
    with fresh_pool(1) as executor:
        assert executor.processes == 1


@pytest.mark.parametrize("given", ["0", "-1", "many", "1.5", "²"])
def test_what_is_no_number_of_workers_is_refused(
    monkeypatch: pytest.MonkeyPatch, given: str
) -> None:
    monkeypatch.setenv("QSP_MOST_WORKERS", given)
    with pytest.raises(InputError, match="QSP_MOST_WORKERS is"), pool(2):
        pass


def test_a_worker_is_no_copy_of_this_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(f"{__name__}.HERE", "set later")
    with fresh_pool(1) as executor:
        assert executor.submit(seen_here).result() == "set where the module is loaded"


@pytest.mark.thorough
def test_workers_are_kept_for_the_next_piece_of_work() -> None:
    with pool(2) as executor:
        first = pids(executor)
    with pool(2) as executor, pool(3) as other:
        assert pids(executor) & first
        assert not pids(other) & first
    assert os.getpid() not in first


@pytest.mark.thorough
def test_a_piece_of_work_is_over_when_its_last_task_is() -> None:
    with pool(2) as executor:
        assert executor is not None
        tasks = [executor.submit(pid) for _ in range(6)]
    assert all(task.done() for task in tasks)


@pytest.mark.thorough
def test_trouble_ends_workers_at_once_and_nobody_gets_them_again() -> None:
    with pytest.raises(ZeroDivisionError), pool(2) as executor:
        assert executor is not None
        first = pids(executor)
        busy = [executor.submit(time.sleep, 60) for _ in range(9)]
        started = time.monotonic()
        raise ZeroDivisionError
    assert time.monotonic() - started < 5
    assert gone(first)
    assert all(task.done() for task in busy)
    with pool(2) as executor:
        assert not pids(executor) & first


def test_what_is_forbidden_is_forbidden_to_workers_and_to_them_only_then() -> None:
    with pool(2) as executor:
        assert executor is not None
        executor.submit(refuse_if_forbidden, "outcomes").result()
        with forbid_opening():
            asked = [executor.submit(refuse_if_forbidden, "outcomes") for _ in range(4)]
        for task in asked:
            with pytest.raises(SealError, match="'outcomes' was asked for"):
                task.result()
        with forbid_opening(), pytest.raises(SealError):
            list(executor.map(refuse_if_forbidden, ["outcomes"]))
        executor.submit(refuse_if_forbidden, "outcomes").result()


@pytest.mark.thorough
def test_workers_that_died_meanwhile_are_replaced() -> None:
    with pool(2) as executor:
        first = pids(executor)
    for number in first:
        psutil.Process(number).kill()
    assert gone(first)
    with pool(2) as executor:
        assert not pids(executor) & first
    with pytest.raises(BrokenProcessPool), pool(2) as executor:
        assert executor is not None
        executor.submit(os._exit, 1).result()


@pytest.mark.thorough
def test_workers_without_work_are_not_kept_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workers, "KEPT_S", 0.2)
    with pool(2) as executor:
        first = pids(executor)
    assert gone(first)
    with fresh_pool(2) as executor:
        first = pids(executor)
    assert gone(first, within_s=0.5)


def test_a_copy_of_this_process_leaves_the_workers_alone() -> None:
    source = (
        "import os; from qsp_lib.common import pool\n"
        "if __name__ == '__main__':\n"
        "    with pool(2) as executor:\n"
        "        executor.submit(abs, -1).result()\n"
        "    child = os.fork() if hasattr(os, 'fork') else 0\n"
        "    with pool(2) as executor:\n"
        "        found = executor.submit(abs, -2).result()\n"
        "    if child:\n"
        "        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0\n"
        "    assert found == 2\n"
    )
    subprocess.run([sys.executable, "-W", "ignore", "-c", source], check=True, timeout=60)


def test_processes_are_started_in_one_place() -> None:
    """Nothing else makes a pool or a process of its own, so that all are started in one way."""
    packages = ("qsp_lib", "book", "benchmarks", "interop")
    found = set()
    for path in (path for package in packages for path in (ROOT / package).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = {alias.name for alias in getattr(node, "names", ()) if hasattr(alias, "name")}
            modules = {getattr(node, "module", None)} | names
            if "ProcessPoolExecutor" in names or "multiprocessing" in modules:
                found.add(path.relative_to(ROOT).as_posix())
    assert found == {"qsp_lib/common/workers.py"}
