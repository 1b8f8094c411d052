"""The commands that put something on record, as processes in a copy of the checkout."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from checkout_copy import TABLE, Copy, Driver

from qsp_lib import protocol
from qsp_lib.__main__ import main
from qsp_lib.common.errors import LockError
from qsp_lib.common.text import canonical_json
from qsp_lib.protocol.blind_test import prediction_path, require_first
from qsp_lib.protocol.inputs import BYTES_ONLY, no_longer_verified
from qsp_lib.protocol.ledger import read_ledger
from qsp_lib.protocol.lock import lock_path, read_record
from qsp_lib.protocol.places import PACKAGED
from qsp_lib.protocol.record import digest_of

MAKE = ("lock", "make", "--reason", "a test", "--workers", "1")
PREDICT = ("lock", "predict")
OPEN = ("open", TABLE)
COMMANDS = {"make": MAKE, "predict": PREDICT, "open": OPEN}
FRAGMENTS = """
import qsp_lib.protocol.lock as records
records.CURRENT = "v1"  # the inputs that the records of the copy are made from
from book.pages.fragments import FRAGMENTS
from book.pages import science, status
for name in ("ledger_entries", "sealed_tables", "lock"):
    print(FRAGMENTS[name](None))
"""


@dataclass
class Checkout:
    """A copy, the process that drives it, and what it was before each command."""

    copy: Copy
    driver: Driver
    before: dict[str, dict[str, str]]
    after: dict[str, dict[str, str]]
    said: dict[str, dict[str, Any]]

    def back(self, command: str) -> None:
        """Go back to before a command; the prediction is committed before a table is opened."""
        self.copy.restore(self.before[command])


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Checkout]:
    """Each command run once, one after the other."""
    copy = Copy(tmp_path_factory.mktemp("checkout") / "copy")
    driver = Driver(copy)
    made = Checkout(copy, driver, {}, {}, {})
    for name, argv in COMMANDS.items():
        made.before[name] = copy.state()
        made.said[name] = driver.run(*argv)
        made.after[name] = copy.state()
        if made.said[name]["code"] == 0:
            copy.commit(name)
    yield made
    driver.end()


# ---------------------------------------------------------------- undisturbed


def test_the_three_commands_do_their_work_one_after_the_other(checkout: Checkout) -> None:
    said = checkout.said
    assert [said[name]["code"] for name in COMMANDS] == [0, 0, 0], said
    assert said["make"]["out"].startswith("wrote lock-v2.json: digest ")
    assert said["predict"]["out"].startswith("wrote prediction-v2.json\ncommit it and the ledger")
    assert f"{TABLE} opened against lock v2" in said["open"]["out"]
    assert "TNF: predicted" in said["open"]["out"] and ", pass" in said["open"]["out"]
    added = {name: checkout.after[name].keys() - checkout.before[name].keys() for name in COMMANDS}
    assert added == {
        "make": {"locks/lock-v2.json"},
        "predict": {"predictions/prediction-v2.json"},
        "open": {f"held_back/{TABLE}.eligibility.csv"},
    }
    lines = checkout.after["open"]["ledger.jsonl"].splitlines(keepends=True)
    assert checkout.before["make"]["ledger.jsonl"] == "".join(lines[:2])
    kinds = [json.loads(line)["kind"] for line in lines]
    assert kinds == ["lock", "prediction", "lock", "prediction", "evaluation"]


def test_what_was_done_is_not_done_again(checkout: Checkout) -> None:
    checkout.copy.restore(checkout.after["open"])
    again = checkout.driver.run(*OPEN)
    assert again["code"] == 0 and "the same came out, and nothing was added" in again["out"]
    predicted = checkout.driver.run(*PREDICT)
    assert predicted["code"] == 1 and "is never made again" in predicted["err"]
    assert checkout.copy.state() == checkout.after["open"]


@pytest.mark.thorough
def test_the_ledger_is_read_and_its_pages_are_made_in_a_process_of_their_own(
    checkout: Checkout,
) -> None:
    checkout.copy.restore(checkout.after["open"])
    pages = subprocess.run(
        [sys.executable, "-c", FRAGMENTS],
        cwd=checkout.copy.root,
        env=checkout.copy.environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert pages.returncode == 0, pages.stderr
    for words in (
        "| evaluation | v2 | `okt3_outcomes` |",
        "| prediction | v2 | `prediction-v2.json` |",
        "| lock | v1 | `lock-v1.json` |",
        "| okt3_outcomes | first-dose cytokine peaks, times and severity under OKT3 | opened |",
        "| version | v2 |",
    ):
        assert words in pages.stdout


def test_everything_is_verified_afterwards(checkout: Checkout) -> None:
    checkout.copy.restore(checkout.after["open"])
    verified = checkout.driver.run("lock", "verify", "--quick", "--json")
    assert verified["out"], verified["err"]
    wrong = [f for f in json.loads(verified["out"]) if f["verdict"] in ("DIFFERS", "UNFINISHED")]
    # what was made from the package's own lock is none of the copy's
    made_from_a_lock = {"exports", "profiles", "results", "second"}
    made_up = f"lock v1: held-back table {TABLE}"  # and its made-up rows are not those of lock v1
    assert made_up in {f["what"] for f in wrong}
    assert {f["what"].split()[0] for f in wrong if f["what"] != made_up} == made_from_a_lock
    told = {(f["what"], f["verdict"]) for f in json.loads(verified["out"])}
    assert ("lock v2: checks", "same") in told and ("lock v2: class_defaults.toml", "same") in told


def test_a_table_is_not_opened_before_its_prediction_is_committed(checkout: Checkout) -> None:
    checkout.back("open")
    (checkout.copy.data / "ledger.jsonl").write_text(checkout.before["predict"]["ledger.jsonl"])
    (checkout.copy.data / "predictions" / "prediction-v2.json").unlink()
    assert checkout.driver.run(*PREDICT)["code"] == 0
    checkout.copy.git("rm", "-q", "--cached", "qsp_lib/data/predictions/prediction-v2.json")
    checkout.copy.git("commit", "-q", "-m", "not committed after all")
    try:
        refused = checkout.driver.run(*OPEN)
    finally:
        checkout.copy.restore(checkout.after["open"])
        checkout.copy.commit("committed again")
    assert refused["code"] == 1
    assert "prediction-v2.json. Commit them before the table is opened" in refused["err"]


def test_a_rehearsal_writes_nothing(checkout: Checkout) -> None:
    checkout.back("open")
    said = checkout.driver.run(*OPEN, "--dry-run")
    assert said["code"] == 0 and said["steps"] == [] and "nothing was written" in said["out"]
    assert "MU004  not eligible: not verified" in said["out"]
    assert checkout.copy.state() == checkout.before["open"]


def test_a_table_that_the_lock_predicts_nothing_of_is_refused_and_nothing_is_recorded(
    checkout: Checkout,
) -> None:
    checkout.back("open")
    refused = checkout.driver.run("open", "external_drugs")
    assert refused["code"] == 1 and refused["steps"] == []
    assert "lists no prediction for table 'external_drugs'" in refused["err"]
    assert checkout.copy.state() == checkout.before["open"]


# ---------------------------------------------------------------- broken at every step


def steps(checkout: Checkout, command: str) -> list[str]:
    return checkout.said[command]["steps"]


def whole(state: dict[str, str]) -> dict[str, str]:
    """What is there under its name; what was only begun is not."""
    return {path: text for path, text in state.items() if not path.endswith(".tmp")}


@pytest.mark.thorough
@pytest.mark.parametrize("command", COMMANDS)
def test_killed_at_any_step_it_is_before_or_after_and_goes_on(
    checkout: Checkout, command: str
) -> None:
    assert len(steps(checkout, command)) >= 8
    outcomes = []
    for at, name in enumerate(steps(checkout, command)):
        checkout.back(command)
        killed = checkout.driver.run(*COMMANDS[command], at=at, how="kill")
        assert killed["code"] == -9, (name, killed)
        left = whole(checkout.copy.state())
        for path, text in left.items():  # each file is as it was before, or as it is after
            known = (checkout.before[command].get(path), checkout.after[command].get(path))
            assert text in known, (name, path)
        again = checkout.driver.run(*COMMANDS[command])
        told = again["out"] + again["err"]
        if left == checkout.after[command]:
            outcomes.append("after")
        elif again["code"] == 0 and ("finished what" in told or "interrupted opening" in told):
            outcomes.append("between")
        else:
            assert again["code"] == 0, (name, again)
            outcomes.append("before")
        assert checkout.copy.state() == checkout.after[command], name
    assert outcomes == sorted(outcomes, key=["before", "between", "after"].index)
    assert {"before", "between"} <= set(outcomes)


@pytest.mark.thorough
@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("how", ["full", "refused"])
def test_a_full_disk_or_a_refusal_at_any_step_is_told_and_loses_nothing(
    checkout: Checkout, command: str, how: str
) -> None:
    words = {"full": "No space left on device", "refused": "Permission denied"}[how]
    for at, name in enumerate(steps(checkout, command)):
        if name.startswith(("unlink", "settle")):
            continue  # what is left then is taken away by the next command
        if how == "refused" and not name.startswith(("mkstemp", "link", "replace")):
            continue
        checkout.back(command)
        refused = checkout.driver.run(*COMMANDS[command], at=at, how=how)
        assert refused["code"] == 1 and words in refused["err"], (name, refused)
        assert (
            refused["err"].startswith("error: Cannot write ") and "Traceback" not in refused["err"]
        )
        for path, text in checkout.before[command].items():
            assert checkout.copy.state()[path] == text, (name, path)
        assert checkout.driver.run(*COMMANDS[command])["code"] == 0
        assert checkout.copy.state() == checkout.after[command], name


@pytest.mark.parametrize("command", COMMANDS)
def test_a_folder_that_cannot_be_written_to_is_told(checkout: Checkout, command: str) -> None:
    checkout.back(command)
    refused = checkout.driver.run(*COMMANDS[command], how="refused always")
    assert refused["code"] == 1 and "Read-only file system" in refused["err"]
    assert checkout.copy.state() == checkout.before[command]


def test_an_unfinished_record_is_told_by_others_and_finished_by_its_command(
    checkout: Checkout,
) -> None:
    checkout.back("make")
    at = next(i for i, name in enumerate(steps(checkout, "make")) if name == "mkstemp data")
    checkout.driver.run(*MAKE, at=at, how="kill")
    for other in (PREDICT, ("lock", "show")):
        refused = checkout.driver.run(*other)
        assert refused["code"] == 1
        assert "lock-v2.json is not in the ledger" in refused["err"]
        assert "'lock make' was interrupted, run it again" in refused["err"]
    reason = checkout.driver.run("lock", "make", "--reason", "another", "--workers", "1")
    assert reason["code"] == 1 and "with the reason 'a test'" in reason["err"]
    finished = checkout.driver.run(*MAKE)
    assert finished["out"].startswith("finished what was interrupted: lock-v2.json")
    assert checkout.copy.state() == checkout.after["make"]


@pytest.mark.parametrize(
    ("command", "name", "old", "new"),
    [
        ("make", "locks/lock-v2.json", '"K_M": 795.', '"K_M": 895.'),
        ("predict", "predictions/prediction-v2.json", '"draws": 8', '"draws": 9'),
    ],
)
def test_what_was_made_by_hand_is_not_taken_for_an_interrupted_run(
    checkout: Checkout, command: str, name: str, old: str, new: str
) -> None:
    checkout.back(command)
    content = checkout.after[command][name].replace(old, new)
    assert content != checkout.after[command][name]
    if command == "make":
        signed = json.loads(content)
        content = canonical_json(signed | {"digest": digest_of(signed)})
    (checkout.copy.data / name).write_text(content)
    refused = checkout.driver.run(*COMMANDS[command])
    assert refused["code"] == 1
    assert "is not what is computed now" in refused["err"] and "take the file" in refused["err"]
    assert checkout.copy.state() == checkout.before[command] | {name: content}


# ---------------------------------------------------------------- two at once


@pytest.mark.thorough
@pytest.mark.parametrize("command", COMMANDS)
def test_of_two_at_once_one_waits_or_is_refused(checkout: Checkout, command: str) -> None:
    for _ in range(3):
        checkout.back(command)
        both = checkout.driver.together(*[{"argv": list(COMMANDS[command])}] * 2)
        assert "hangs" not in [one["code"] for one in both]
        assert 0 in [one["code"] for one in both], both
        assert checkout.copy.state() == checkout.after[command]
        told = "".join(one["out"] + one["err"] for one in both)
        words = (
            "put on record while this one was composed",
            "is on record; nothing is left to do",
            "never made again",
            "the same came out",
        )
        assert any(one in told for one in words), told


# ---------------------------------------------------------------- in this process


def test_the_prediction_on_record_is_not_made_again() -> None:
    first = read_record(lock_path("v1"), against_code=False)
    with pytest.raises(LockError, match="is on file and is never made again"):
        require_first(first, prediction_path(first), PACKAGED)


def test_the_packaged_ledger_is_read(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["lock", "history"]) == 0
    printed = capsys.readouterr().out
    assert all(e.lock_digest[:12] in printed for e in read_ledger() if e.kind == "lock")
    told = [line for line in printed.splitlines() if "no longer verified byte by byte" in line]
    assert len(told) == len(no_longer_verified("v1")) == 3
    assert BYTES_ONLY["v1", "eligibility"] in told[0]
    assert main(["lock", "history", "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert [one["no_longer_verified"] for one in answer] == [no_longer_verified("v1"), {}]


def test_a_shown_record_says_what_of_it_can_no_longer_be_verified(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert main(["lock", "show"]) == 0
    assert "no longer verified" not in capsys.readouterr().out
    first = read_record(lock_path("v1"), against_code=False)
    monkeypatch.setattr(protocol, "current_record", lambda: first)
    assert main(["lock", "show"]) == 0
    assert BYTES_ONLY["v1", "eligibility"] in capsys.readouterr().out
