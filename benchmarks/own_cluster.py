"""A dask cluster on this machine, its scheduler and each worker a command of its own.

They are started as somebody would on several machines, so that what is tested and measured is what
a cluster does: other processes, that were started by other commands and end on their own.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from qsp_lib.common import InputError

DASK = (sys.executable, "-m", "dask")
START_S = 60.0
"""How long (s) a scheduler has to write its address."""


@dataclass(frozen=True)
class OwnCluster:
    """A scheduler that has been started, and the workers that it is given."""

    folder: Path
    address: str
    scheduler: subprocess.Popen[bytes]
    workers: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def add_worker(self, environment: Mapping[str, str] | None = None) -> subprocess.Popen[bytes]:
        """Start a worker: one process of one thread, that nobody starts again when it dies."""
        own = ("--nthreads", "1", "--no-nanny", "--memory-limit", "0", "--death-timeout", "60")
        worker = _started(
            self.folder,
            f"worker-{len(self.workers)}",
            ("worker", self.address, *own, "--local-directory", str(self.folder)),
            environment,
        )
        self.workers.append(worker)
        return worker


@contextmanager
def own_cluster(folder: Path, workers: int) -> Iterator[OwnCluster]:
    """A cluster of so many workers, ended with the block.

    Args:
        folder: for its files and what its commands print.
        workers: started; they join when they are ready.

    Raises:
        InputError: the scheduler does not start.
    """
    file = folder / "scheduler.json"
    where = ("--host", "127.0.0.1", "--port", "0", "--scheduler-file", str(file))
    scheduler = _started(folder, "scheduler", ("scheduler", *where), None)
    running: list[subprocess.Popen[bytes]] = []
    try:
        made = OwnCluster(folder, _address(file, scheduler, folder), scheduler, running)
        for _ in range(workers):
            made.add_worker()
        yield made
    finally:
        for process in (*running, scheduler):
            process.kill()
            process.wait()


def _started(
    folder: Path, name: str, command: tuple[str, ...], environment: Mapping[str, str] | None
) -> subprocess.Popen[bytes]:
    with (folder / f"{name}.log").open("wb") as log:
        return subprocess.Popen(
            [*DASK, *command, "--no-dashboard"],
            env=os.environ | dict(environment or {}),
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
        )


def _address(file: Path, scheduler: subprocess.Popen[bytes], folder: Path) -> str:
    """The address that a scheduler writes when it is ready."""
    until = time.monotonic() + START_S
    while time.monotonic() < until and scheduler.poll() is None:
        try:
            return str(json.loads(file.read_text(encoding="utf-8"))["address"])
        except (OSError, ValueError):  # not there yet, or half of it
            time.sleep(0.05)
    said = (folder / "scheduler.log").read_text(encoding="utf-8", errors="replace")[-500:]
    raise InputError(f"The dask scheduler did not start within {START_S:g} s. It says: {said}")
