"""A copy of the checkout with a repository of its own, in which protocol commands are run."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from as_of_lock_v1 import cut_back

ROOT = Path(__file__).resolve().parents[2]
DRIVER = Path(__file__).with_name("protocol_driver.py")
TABLE = "okt3_outcomes"
PARTS = ("qsp_lib", "book", "results", "exports", "notebooks")
FILES = ("pyproject.toml", "constraints.txt", ".gitignore", "_toc.yml", "_config.yml")


class Copy:
    """A copy of the checkout.

    Its list of held-back tables names made-up rows in the place of one of the tables; they lie
    where the table goes. All of it is committed.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        ignored = shutil.ignore_patterns("__pycache__", "generated", "_static")
        for part in PARTS:
            shutil.copytree(ROOT / part, root / part, ignore=ignored)
        for name in FILES:
            shutil.copy(ROOT / name, root / name)
        self.data = root / "qsp_lib" / "data"
        cut_back(self.data)
        rows = (self.data / "templates" / "made_up_outcomes.csv").read_text().replace("MU0", "ZZ0")
        listed = self.data / "sealed_tables.csv"
        lines = listed.read_text().splitlines()
        old = next(line.split(",")[1] for line in lines if line.startswith(f"{TABLE},"))
        new = hashlib.sha256(rows.encode()).hexdigest()
        listed.write_text(listed.read_text().replace(old, new))
        (self.data / "held_back").mkdir()
        (self.data / "held_back" / f"{TABLE}.csv").write_text(rows)
        self.git("init", "-q")
        self.commit("as it was")

    def git(self, *arguments: str) -> None:
        """Run git in the copy."""
        who = ("-c", "user.name=A test", "-c", "user.email=test@example.org")
        clean = {k: v for k, v in os.environ.items() if not k.startswith("GIT_")}
        subprocess.run(
            ["git", *who, *arguments], cwd=self.root, env=clean, check=True, capture_output=True
        )

    def commit(self, message: str) -> None:
        """Commit everything."""
        self.git("add", "-A")
        self.git("commit", "-q", "-m", message)

    @property
    def environment(self) -> dict[str, str]:
        """Of a process that uses the copy."""
        kept = {k: v for k, v in os.environ.items() if not k.startswith("GIT_")}
        return kept | {"PYTHONPATH": str(self.root), "PYTHONDONTWRITEBYTECODE": "1"}

    def state(self) -> dict[str, str]:
        """Every file of the data by its path, but for what is never written."""
        kept = ("locks", "predictions", "held_back", "ledger.jsonl")
        places = [self.data / part for part in kept]
        files = [path for place in places for path in (place, *place.rglob("*")) if path.is_file()]
        return {path.relative_to(self.data).as_posix(): path.read_text() for path in files}

    def restore(self, state: dict[str, str]) -> None:
        """Make the data what they were."""
        for name in self.state().keys() - state.keys():
            (self.data / name).unlink()
        for name, text in state.items():
            (self.data / name).write_text(text)


class Driver:
    """A process that runs commands in a copy, each in a process of its own."""

    def __init__(self, copy: Copy) -> None:
        self.process = subprocess.Popen(
            [sys.executable, str(DRIVER)],
            cwd=copy.root,
            env=copy.environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdout is not None
        assert self.process.stdout.readline() == "ready\n"

    def together(self, *requests: dict[str, Any]) -> list[dict[str, Any]]:
        """Commands that run at once: their exit codes, what they printed, and their steps."""
        assert self.process.stdin is not None and self.process.stdout is not None
        self.process.stdin.write(json.dumps(list(requests)) + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    def run(self, *argv: str, **how: Any) -> dict[str, Any]:
        """One command."""
        return self.together({"argv": list(argv), **how})[0]

    def end(self) -> None:
        """Let it end."""
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.wait(timeout=30)
