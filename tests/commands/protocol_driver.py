"""Runs protocol commands as processes of their own in a copy of the checkout, and breaks them.

Started with the copy on the path, it reads one request a line and answers with one line. Each
command runs in a fork of this process, so the package is loaded once. A request names the command
and, if it is to be broken, the step at which: the process is then killed there (SIGKILL), or the
call fails as it would on a full disk or in a folder without write permission. Steps are the calls
that change something below the data folder.

Two things are not as a user has them, because they take a minute: the fit gives the optimum of
lock v1, whose slopes are computed, and the prediction is of a few draws. And what no command
changes is worked out once: the digests of the inputs and of the code, and how a command line is
read.
"""

from __future__ import annotations

import errno
import gc
import json
import os
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from own_time import Queue

DATE = "2030-01-01"
N_DRAWS = 8
LIMIT_S = 60.0
"""A command that has not ended by then hangs: by the clock, less what the commands of a request
queued for a processor. Each of them may wait for another one's turn."""


def prepare() -> None:
    """Load everything a command needs, and put the slow parts by."""
    import qsp_lib.analyses.population.committed  # noqa: F401 (a prediction loads it late)
    from qsp_lib import __main__
    from qsp_lib.calibration import FITTED, make_problem
    from qsp_lib.inference import Fit
    from qsp_lib.protocol import blind_test, developing, inputs, ledger, locking, opening, record
    from qsp_lib.protocol.lock import current_record, lock_path, read_record

    inputs.input_digest = cache(inputs.input_digest)
    parser = __main__.build_parser()
    __main__.build_parser = lambda: parser
    first = read_record(lock_path("v1"), against_code=False)
    _, theta, _ = first.posterior
    problem = make_problem(FITTED, inputs="v1")
    optimum = Fit(theta, first.cost, problem.jacobian(theta), theta, 0, True)
    locking.N_DRAWS = N_DRAWS

    composed = locking.compose
    kept: dict[str, Any] = {}

    def compose(version: str, reason: str, date: str, *fit: Any) -> Any:
        if not kept:
            kept.update(composed(version, reason, date, *fit))
        told = {"version": version, "reason": reason, "date": date}
        return kept | told | {"predictions": {"okt3_outcomes": [f"prediction-{version}.json"]}}

    compose("v0", "", DATE, problem, optimum)
    # a record as lock v1 is: what the development found is tested on its own
    locking.compose_developed = lambda version, reason, date, developed: (
        compose(version, reason, date, problem, optimum),
        "",
    )
    locking.read_development = lambda name, directory: None
    developing.development_paths = lambda name, directory: (Path(__file__),) * 2

    predicted = blind_test.predict
    numbers = predicted(record.Record(signed(compose("v0", "", DATE))))
    blind_test.predict = lambda held: numbers | {"lock": held.version}

    code = ledger.code_digest()
    for module in (ledger, opening):
        module.code_digest = lambda: code
    for module in (ledger, opening, __import__("qsp_lib.protocol", fromlist=["x"])):
        module.today = lambda: DATE
    current_record.cache_clear()
    gc.collect()
    gc.freeze()  # no fork looks through, and so copies, what is here already


def signed(content: dict[str, Any]) -> dict[str, Any]:
    from qsp_lib.protocol.record import digest_of

    return content | {"digest": digest_of(content)}


class Steps:
    """Counts the calls that change something in a folder, and breaks one of them."""

    def __init__(self, folder: Path, break_at: int | None, how: str) -> None:
        self.folder, self.break_at, self.how = str(folder), break_at, how
        self.names: list[str] = []
        os.replace = self.watched("replace", os.replace, 1)
        os.link = self.watched("link", os.link, 1)
        os.unlink = self.watched("unlink", os.unlink, 0)
        os.chmod = self.watched("chmod", os.chmod, 0)
        os.fsync = self.watched("fsync", os.fsync, None)
        tempfile.mkstemp = self.watched("mkstemp", tempfile.mkstemp, "dir")

    def watched(self, name: str, act: Callable[..., Any], where: Any) -> Callable[..., Any]:
        def call(*arguments: Any, **options: Any) -> Any:
            if where is None:
                place = os.readlink(f"/proc/self/fd/{arguments[0]}")
            else:
                place = str(options[where] if isinstance(where, str) else arguments[where])
            if place.startswith(self.folder):
                done = "settle" if where is None and os.path.isdir(place) else name
                self.step(f"{done} {Path(place).name.partition('.json')[0].lstrip('.')}")
            return act(*arguments, **options)

        return call

    def step(self, name: str) -> None:
        self.names.append(name)
        if self.break_at is not None and len(self.names) - 1 == self.break_at:
            if self.how == "kill":
                os.kill(os.getpid(), signal.SIGKILL)
            code = {"full": errno.ENOSPC, "refused": errno.EACCES}[self.how]
            raise OSError(code, os.strerror(code))
        if self.how == "refused always":
            raise OSError(errno.EROFS, os.strerror(errno.EROFS))


def child(request: dict[str, Any], out: Path) -> int:
    """Do one request in this process, which was made for it."""
    from qsp_lib.__main__ import main

    with open(out / "out", "w") as stdout, open(out / "err", "w") as stderr:
        os.dup2(stdout.fileno(), 1)
        os.dup2(stderr.fileno(), 2)
    steps = Steps(Path.cwd() / "qsp_lib" / "data", request.get("at"), request.get("how", ""))
    # under make a command watches its parent, which a fork of this driver does not have
    os.environ.pop("MAKELEVEL", None)
    if after := request.get("killed_after"):  # by a signal that nothing handles
        signal.setitimer(signal.ITIMER_REAL, after)
    if delay := request.get("delay"):
        time.sleep(delay)
    code = main(request["argv"])
    sys.stdout.flush()
    sys.stderr.flush()
    (out / "steps").write_text(json.dumps(steps.names))
    return code


def start(request: dict[str, Any], out: Path) -> int:
    out.mkdir()
    pid = os.fork()
    if pid == 0:
        code = 99
        try:
            code = child(request, out)
        except BaseException:
            traceback.print_exc()
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(code)
    return pid


def answer(pid: int, out: Path, queue: Queue) -> dict[str, Any]:
    """What became of a process; one that does not end is killed and told as hanging."""
    end = time.monotonic() + LIMIT_S
    while True:
        done, status = os.waitpid(pid, os.WNOHANG)
        if done:
            break
        if time.monotonic() > end + queue.seconds:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
            return {"code": "hangs", "out": "", "err": "", "steps": []}
        time.sleep(0.005)
    steps = out / "steps"
    return {
        "code": os.waitstatus_to_exitcode(status),
        "out": (out / "out").read_text(),
        "err": (out / "err").read_text(),
        "steps": json.loads(steps.read_text()) if steps.exists() else [],
    }


def serve() -> None:
    """Answer requests, each a list of commands that run at once, until there are no more."""
    prepare()
    print("ready", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        for number, line in enumerate(sys.stdin):
            requests = json.loads(line)
            outs = [Path(folder) / f"{number}-{i}" for i in range(len(requests))]
            pids = [start(request, out) for request, out in zip(requests, outs, strict=True)]
            pairs = zip(pids, outs, strict=True)
            queue = Queue(pids)
            print(json.dumps([answer(pid, out, queue) for pid, out in pairs]), flush=True)


if __name__ == "__main__":
    serve()
