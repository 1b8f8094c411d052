"""The data of the protocol when lock v1 was all there was, for tests that make the next one."""

from __future__ import annotations

import json
from pathlib import Path


def cut_back(data: Path) -> None:
    """Take away what came after lock v1 and its prediction, in a copy of the data."""
    kept, later = [], False
    for line in (data / "ledger.jsonl").read_text(encoding="utf-8").splitlines(keepends=True):
        later = later or json.loads(line)["lock_version"] != "v1"
        if not later:
            kept.append(line)
    (data / "ledger.jsonl").write_text("".join(kept), encoding="utf-8")
    for folder in ("locks", "predictions", "posterior"):
        for path in (data / folder).glob("*"):
            if path.stem.rpartition("-")[2] != "v1":
                path.unlink()
