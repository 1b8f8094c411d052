"""Which lock records are on record: the digests that the ledger of this copy names.

The ledger belongs to the protocol. What stands here is the one question that the model asks of
it, so that results of a record that nobody put on record say so wherever they are shown.
"""

from __future__ import annotations

import json
from functools import lru_cache
from importlib import resources
from pathlib import Path

LEDGER = Path(str(resources.files("qsp_lib"))) / "data" / "ledger.jsonl"


def recorded_locks() -> frozenset[str]:
    """Digests of the lock records in the ledger; what is no entry of a lock is passed over."""
    try:
        state = LEDGER.stat()
    except OSError:
        return frozenset()
    return _digests(LEDGER, state.st_mtime_ns, state.st_size)


@lru_cache(maxsize=4)
def _digests(ledger: Path, _changed_ns: int, _size: int) -> frozenset[str]:
    found = set()
    for line in ledger.read_text(encoding="utf-8", errors="replace").splitlines():
        try:
            entry = json.loads(line)
        except ValueError:
            continue
        if isinstance(entry, dict) and entry.get("kind") == "lock":
            found.add(str(entry.get("lock_digest")))
    return frozenset(found)
