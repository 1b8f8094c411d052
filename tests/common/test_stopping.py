"""Sweeps and runs that are told to end, or killed: nothing of theirs is left, no lock is held."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import psutil
import pytest
from example_chapters import COUNT, code, notebook, write
from own_time import Queue

from qsp_lib.common import only_one, scratch, stops_in_order
from qsp_lib.common.stopping import TERMINATED

pytestmark = pytest.mark.thorough
PROMISED_S = 5.0
"""All is gone within this time of one's own: the clock less what the processes spent runnable but
without a processor. Tests run beside each other, on machines that others load as well, and how long
a process queues there is not its doing; whatever it sleeps, waits for or computes is counted. The
stops measured here take 0.2 to 1.3 s by the clock, with ten busy processes on two processors."""
GIVEN_UP_S = 60.0
"""By the clock: what is still there then does not end."""
BUSY = """\
import os, sys, time
from pathlib import Path

def busy(row):
    (Path(sys.path[0]) / f"busy-{os.getpid()}").touch()
    time.sleep(120)
"""
SWEEP = """\
import sys
from contextlib import nullcontext
from pathlib import Path

import numpy as np
from busy import busy
from qsp_lib.common import only_one, stops_in_order
from qsp_lib.inference import sweep

if __name__ == "__main__":
    with stops_in_order() if sys.argv[1:] else nullcontext(), only_one(Path(__file__).parent):
        sweep(busy, np.zeros((9, 1)), workers=2, chunk=1)
"""
RUN = """\
import sys
from functools import partial
from pathlib import Path

from qsp_lib import chapters
from qsp_lib.__main__ import main

if __name__ == "__main__":
    here = Path(__file__).parent
    there = {"notebooks": here / "notebooks", "build": here / "_build"}
    chapters.run_chapters = partial(chapters.run_chapters, **there)
    raise SystemExit(main(["run", "1"]))
"""
CELL = """\
import sys
sys.path.insert(0, {folder!r})
from busy import busy
from qsp_lib.common import pool

with pool(2) as executor:
    list(executor.map(busy, range(2)))
"""


def started(folder: Path, command: list[str], *, processes: int) -> tuple[psutil.Popen, list]:
    """A program whose workers are at work, and all processes below it."""
    (folder / "busy.py").write_text(BUSY)
    program = psutil.Popen(
        command,
        cwd=folder,
        start_new_session=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        # whoever runs the tests in the background ignores an interrupt, and so would the program
        preexec_fn=partial(signal.signal, signal.SIGINT, signal.SIG_DFL),
    )
    until = time.monotonic() + 60
    while len(list(folder.glob("busy-*"))) < processes:
        assert program.poll() is None and time.monotonic() < until
        time.sleep(0.05)
    return program, program.children(recursive=True)


def ended(program: psutil.Popen, below: list[psutil.Process]) -> int | None:
    """The exit code, when everything has ended in time; a process that has not is named."""
    began, left, others = time.monotonic(), [program, *below], 0.0
    queue = Queue(process.pid for process in left)
    while left and time.monotonic() - began < GIVEN_UP_S:
        _, left = psutil.wait_procs(left, timeout=0.02)
        others = queue.seconds
    took = time.monotonic() - began
    named = [f"{process.pid}: {' '.join(process.cmdline())[:200]}" for process in left]
    for process in left:
        process.kill()
    assert named == []
    assert took - others <= PROMISED_S, f"{took:.1f} s, {others:.1f} of them in the queue"
    code: int | None = program.wait()
    return code


def to_all(program: psutil.Popen, number: int) -> None:
    """As a terminal does: to every process of the group."""
    os.killpg(program.pid, number)


@pytest.mark.parametrize(
    ("number", "arguments", "expected"),
    [
        (signal.SIGTERM, ["in order"], TERMINATED),
        (signal.SIGTERM, [], -signal.SIGTERM),
        (signal.SIGKILL, ["in order"], -signal.SIGKILL),
        (signal.SIGINT, ["in order"], -signal.SIGINT),
    ],
)
def test_a_sweep_that_is_ended_leaves_nothing(
    tmp_path: Path, number: signal.Signals, arguments: list[str], expected: int
) -> None:
    (tmp_path / "sweep.py").write_text(SWEEP)
    program, below = started(tmp_path, [sys.executable, "sweep.py", *arguments], processes=2)
    assert len(below) >= 2
    (to_all if number == signal.SIGINT else psutil.Popen.send_signal)(program, number)
    assert ended(program, below) == expected
    with only_one(tmp_path, timeout_s=0):
        pass


def test_a_sweep_that_is_killed_while_it_starts_its_workers_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "sweep.py").write_text(SWEEP)
    program, _ = started(tmp_path, [sys.executable, "sweep.py"], processes=0)
    while len(below := program.children(recursive=True)) < 2:
        time.sleep(0.001)
    program.kill()
    ended(program, below)


@pytest.mark.parametrize(
    ("make", "end", "expected"),
    [
        ([], lambda program: program.terminate(), TERMINATED),
        ([], lambda program: program.kill(), -signal.SIGKILL),
        ([], lambda program: to_all(program, signal.SIGINT), 130),
        (["make", "-s"], lambda program: program.terminate(), None),
        (["make", "-s"], lambda program: program.kill(), -signal.SIGKILL),
        (["make", "-s"], lambda program: to_all(program, signal.SIGINT), None),
    ],
    ids=["term", "kill", "int", "make-term", "make-kill", "make-int"],
)
def test_a_run_that_is_ended_leaves_no_worker_and_no_kernel(
    tmp_path: Path, make: list[str], end: Callable[[psutil.Popen], None], expected: int | None
) -> None:
    (tmp_path / "run.py").write_text(RUN)
    (tmp_path / "Makefile").write_text(f"go:\n\t@'{sys.executable}' run.py\n")
    cells = [code(COUNT, tags=["parameters"])]
    cells.append(code(CELL.format(folder=str(tmp_path))))
    write(tmp_path / "notebooks", "01_calibration", notebook(cells))
    program, below = started(tmp_path, make or [sys.executable, "run.py"], processes=2)
    assert sum("ipykernel_launcher" in " ".join(process.cmdline()) for process in below) == 1
    assert len(below) >= 4  # a worker of the run, its kernel, and that one's two
    end(program)
    found = ended(program, below)
    assert expected in (found, None)
    build = tmp_path / "_build"
    with only_one(build, timeout_s=0):
        pass
    if expected in (TERMINATED, 130):
        assert list((build / "scratch").iterdir()) == []
    with scratch(build / "scratch") as own:
        assert list((build / "scratch").iterdir()) == [own]


def test_outside_the_main_thread_nothing_changes() -> None:
    before = signal.getsignal(signal.SIGTERM)
    seen = []

    def look() -> None:
        with stops_in_order():
            seen.append(signal.getsignal(signal.SIGTERM))

    thread = threading.Thread(target=look)
    thread.start()
    thread.join()
    assert seen == [before]
    with stops_in_order():
        assert signal.getsignal(signal.SIGTERM) != before
    assert signal.getsignal(signal.SIGTERM) == before
