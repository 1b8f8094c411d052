"""Pairs of protocol commands at random moments, some of them killed: none hangs, nothing is torn.

Run by ``make stress``, not by the tests: two hundred pairs take some minutes. Each pair begins from
a state between two commands, drawn at random like the commands, the moments at which they begin
and the moment at which one of them may be killed. Afterwards the ledger, the records and the
predictions have to be whole; what was killed has to be finished by the same command.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "commands"))

from checkout_copy import TABLE, Copy, Driver

from qsp_lib.common import QspError
from qsp_lib.protocol.findings import DIFFERS, UNFINISHED
from qsp_lib.protocol.ledger import read_ledger
from qsp_lib.protocol.lock import read_record, versions
from qsp_lib.protocol.places import Places

MAKE = ["lock", "make", "--reason", "a test", "--workers", "1"]
OTHER = ["lock", "make", "--reason", "another", "--workers", "1"]
PREDICT, OPEN = ["lock", "predict"], ["open", TABLE]
READ = [["lock", "show"], ["lock", "history"], ["open", TABLE, "--dry-run"]]
COMMANDS = [MAKE, MAKE, OTHER, PREDICT, PREDICT, OPEN, OPEN, *READ]
LONGEST_S = 0.6
"""How long the first steps of a command take on a busy machine."""


def states(copy: Copy, driver: Driver) -> list[dict[str, str]]:
    """The data before the first command and after each, all of it committed at the end."""
    known = [copy.state()]
    for argv in (MAKE, PREDICT, OPEN):
        done = driver.run(*argv)
        assert done["code"] == 0, done
        copy.commit(" ".join(argv))
        known.append(copy.state())
    return known


def request(dice: random.Random) -> dict[str, Any]:
    """A command, when it begins, and perhaps when it is killed: at a moment, or at a step."""
    made: dict[str, Any] = {"argv": dice.choice(COMMANDS), "delay": dice.uniform(0, LONGEST_S)}
    fate = dice.random()
    if fate < 0.3:
        made |= {"at": dice.randrange(12), "how": "kill"}
    elif fate < 0.5:
        made["killed_after"] = made["delay"] + dice.uniform(0.001, LONGEST_S)
    return made


def torn(places: Places) -> str:
    """What is not whole; empty if everything is."""
    try:
        read_ledger(places.ledger)
        for version in versions(places):
            read_record(places.locks / f"lock-{version}.json", against_code=False)
        for path in places.predictions.glob("*.json"):
            json.loads(path.read_text())
    except (QspError, ValueError) as problem:
        return str(problem)
    return ""


def wrong(driver: Driver) -> list[dict[str, str]]:
    """What ``lock verify`` finds wrong, but for what is so in a copy that was set back.

    Its exports are of lock v1, its made-up rows are not those of lock v1, and its repository knows
    what came later.
    """
    said = driver.run("lock", "verify", "--quick", "--json")
    try:
        found = json.loads(said["out"])
    except ValueError:
        return [{"what": "lock verify", "verdict": DIFFERS, "detail": said["err"]}]
    names = ("exports", "exports: values", f"lock v1: held-back table {TABLE}")
    return [
        f
        for f in found
        if f["verdict"] in (DIFFERS, UNFINISHED)
        and f["what"] not in names
        and f["against"] != "the repository's history"
    ]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pairs", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    dice, ends, faults = random.Random(options.seed), Counter[str](), []
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        copy = Copy(Path(folder) / "copy")
        driver = Driver(copy)
        known = states(copy, driver)
        places = Places(copy.data)
        for number in range(options.pairs):
            if number % 20 == 0:
                print(f"pair {number}, {len(faults)} faults so far", file=sys.stderr, flush=True)
            copy.restore(dice.choice(known))
            pair = [request(dice), request(dice)]
            said = driver.together(*pair)
            for asked, one in zip(pair, said, strict=True):
                ends[str(one["code"])] += 1
                words = " ".join(asked["argv"])
                if one["code"] == "hangs":
                    faults.append(f"pair {number}: {words} hangs")
                if one["code"] not in (0, 1, -9, -14) or "Traceback" in one["err"]:
                    faults.append(f"pair {number}: {words} ended with {one['code']}: {one['err']}")
            if problem := torn(places):
                faults.append(f"pair {number}: {problem}")
            for finding in wrong(driver):
                if finding["verdict"] == DIFFERS:
                    faults.append(f"pair {number}: {finding['what']}: {finding['detail']}")
                    continue
                ends["unfinished"] += 1
                mend = {"lock": MAKE, "prediction": PREDICT, "table": OPEN}
                argv = mend[finding["what"].split()[0]]
                if "another" in finding["detail"]:
                    argv = OTHER
                done = driver.run(*argv)
                if done["code"] != 0 or "interrupted" not in done["out"]:
                    faults.append(f"pair {number}: {' '.join(argv)} did not finish it: {done}")
        driver.end()
    took = time.monotonic() - began
    print(f"{options.pairs} pairs in {took:.0f} s, seed {options.seed}: {dict(ends)}")
    print("\n".join(faults) or "none hung, nothing was torn, what was killed was finished")
    return 1 if faults else 0


if __name__ == "__main__":
    raise SystemExit(main())
