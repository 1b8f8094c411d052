"""What git knows of a file: whether it is committed as it stands, and every form it had."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

_PATIENCE_S = 30


@dataclass(frozen=True)
class History:
    """A file's place in the history of the repository around it.

    Attributes:
        path: of the file.
        committed: its text in the newest commit, with plain line ends; None if it is not in it.
        why_not: why there is no history to ask; empty if there is one.
    """

    path: Path
    committed: str | None
    why_not: str = ""

    @property
    def as_committed(self) -> bool:
        """Whether the file is in the newest commit just as it stands."""
        return self.committed is not None and self.committed == _plain(self.path.read_bytes())


def history_of(path: Path) -> History:
    """Ask git for a file. Line ends do not matter."""
    try:
        known = _git(path, "rev-parse", "--verify", "--quiet", "HEAD")
    except (OSError, subprocess.SubprocessError) as problem:
        return History(path, None, f"git cannot be asked ({problem})")
    if known.returncode:
        return History(path, None, "this copy is not a git repository with a commit")
    shown = _git(path, "show", f"HEAD:./{path.name}")
    return History(path, None if shown.returncode else _plain(shown.stdout))


def earlier_texts(path: Path) -> tuple[str, ...]:
    """Every text that a file of this path had in the commits up to now, oldest first.

    None if there is no history to ask; in a shallow clone only what it has.
    """
    if not path.parent.is_dir() or history_of(path).why_not:
        return ()
    listed = _git(path, "log", "--reverse", "--format=%H", "--", path.name)
    shown = [_git(path, "show", f"{line}:./{path.name}") for line in listed.stdout.decode().split()]
    return tuple(_plain(found.stdout) for found in shown if not found.returncode)


def _git(path: Path, *arguments: str) -> subprocess.CompletedProcess[bytes]:
    """Run git in the folder of a file; a repository that the environment names is not meant."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    return subprocess.run(
        ["git", "-C", str(path.parent), *arguments],
        env=clean,
        capture_output=True,
        check=False,
        timeout=_PATIENCE_S,
        stdin=subprocess.DEVNULL,
    )


def _plain(data: bytes) -> str:
    return data.decode("utf-8", errors="replace").replace("\r\n", "\n")
