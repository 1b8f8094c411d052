"""``lock make`` as a user runs it: the whole fit, in processes of its own, killed and run again.

Run by ``make stress``, not by the tests, which put the fit by (protocol_driver.py): two fits of
both drugs from every start take minutes. Killed in the middle of the fit the command leaves
nothing; run again it makes the record, whose numbers are those of the newest record on file as long
as neither the data nor the code of the fit have changed; and what it wrote can be verified.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import psutil

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "commands"))

from checkout_copy import TABLE, Copy

from qsp_lib.protocol.comparing import differences
from qsp_lib.protocol.findings import DIFFERS, UNFINISHED
from qsp_lib.protocol.ledger import entry_of, read_ledger
from qsp_lib.protocol.lock import read_record, versions
from qsp_lib.protocol.locking import REFIT_ATOL, REFIT_RTOL
from qsp_lib.protocol.places import Places

MAKE = ("lock", "make", "--reason", "the whole fit again", "--workers", "2")
KILLED_AFTER_S = 5.0
"""Of the processor time that the command and its workers had: in the middle of the fit."""
NEW = {"version", "date", "reason", "digest", "predictions", "format", "digests", "sealed"}
"""What another record of the same fit says otherwise."""


def started(copy: Copy, *argv: str) -> subprocess.Popen[str]:
    """A command of the copy, as a process."""
    return subprocess.Popen(
        [sys.executable, "-m", "qsp_lib", *argv],
        cwd=copy.root,
        env=copy.environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def work(process: psutil.Process) -> float:
    """Processor time (s) of a process and those below it."""
    times = [one.cpu_times() for one in (process, *process.children(recursive=True))]
    return sum(one.user + one.system for one in times)


def killed(copy: Copy) -> list[str]:
    """What is wrong after the command was killed in the middle of its fit."""
    before = copy.state()
    command = started(copy, *MAKE)
    process = psutil.Process(command.pid)
    while command.poll() is None and work(process) < KILLED_AFTER_S:
        time.sleep(0.05)
    if command.poll() is not None:
        return [f"ended before it was killed: {command.communicate()}"]
    below = process.children(recursive=True)
    command.kill()
    command.communicate()
    _, left = psutil.wait_procs(below, timeout=60)
    for one in left:
        one.kill()
    faults = [f"{one.pid} was left behind" for one in left]
    return faults + (["the data were changed"] if copy.state() != before else [])


def wrong(found: list[dict[str, str]]) -> list[str]:
    """What is wrong in a verification, but for what is so in a copy with made-up rows."""
    so = ("exports", "exports: values", f"lock v1: held-back table {TABLE}")
    told = [f for f in found if f["verdict"] in (DIFFERS, UNFINISHED) and f["what"] not in so]
    return [f"{f['what']} beside {f['against']}: {f['detail']}" for f in told]


def parted(copy: Copy) -> list[str]:
    """Where the new record parts from the one before it."""
    places = Places(copy.data)
    *_, before, last = versions(places)
    contents: list[dict[str, Any]] = []
    for version in (before, last):
        record = read_record(places.locks / f"lock-{version}.json", against_code=False)
        contents.append({k: v for k, v in record.content.items() if k not in NEW})
    known, made = contents
    for content in contents:  # the limits of the checks are held since the second format
        content["blind_test"] = {k: v for k, v in content["blind_test"].items() if k != "limits"}
    if entry_of("lock", f"lock-{last}.json", read_ledger(places.ledger)) is None:
        return [f"lock {last} is not in the ledger"]
    return list(differences(made, known, rtol=REFIT_RTOL, atol=REFIT_ATOL))


def main() -> int:
    with tempfile.TemporaryDirectory() as folder:
        copy = Copy(Path(folder) / "copy")
        faults = killed(copy)
        began = time.monotonic()
        command = started(copy, *MAKE)
        out, err = command.communicate()
        took = time.monotonic() - began
        if command.returncode or not out.startswith("wrote lock-"):
            faults.append(f"'lock make' ended with {command.returncode}: {out}{err}")
        else:
            copy.commit("lock made")
            faults += parted(copy)
            verified = started(copy, "lock", "verify", "--quick", "--json")
            faults += wrong(json.loads(verified.communicate()[0]))
    print(f"the whole 'lock make' took {took:.0f} s: {out.strip()}")
    print("\n".join(faults) or "killed once it left nothing; run again it made the same record")
    return 1 if faults else 0


if __name__ == "__main__":
    raise SystemExit(main())
