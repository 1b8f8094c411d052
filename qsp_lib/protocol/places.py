"""Where the protocol keeps what it writes, and the turn that a process takes to write there.

Everything that a protocol command writes is written inside one turn, taken by the command once. A
function that writes asks for the turn, so none can write without it. Readers take none: files are
replaced whole.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

from ..common import only_one

WAIT_S = 120.0
"""How long (s) a command waits for another one's turn; writing takes less than a second."""


@dataclass(frozen=True)
class Places:
    """A folder of data with the protocol's records in it.

    Attributes:
        data: the folder.
    """

    data: Path

    @property
    def locks(self) -> Path:
        """The folder of lock records."""
        return self.data / "locks"

    @property
    def predictions(self) -> Path:
        """The folder of predictions."""
        return self.data / "predictions"

    @property
    def posterior(self) -> Path:
        """The folder of the kept samples of posteriors."""
        return self.data / "posterior"

    @property
    def development(self) -> Path:
        """The folder of what is kept of each candidate structure."""
        return self.data / "development"

    @property
    def ledger(self) -> Path:
        """The ledger."""
        return self.data / "ledger.jsonl"

    @property
    def sealed_list(self) -> Path:
        """The list of held-back tables with their hashes."""
        return self.data / "sealed_tables.csv"


PACKAGED = Places(Path(str(resources.files("qsp_lib"))) / "data")
"""The package's own."""


@dataclass(frozen=True)
class Written:
    """A file that is on record now.

    Attributes:
        path: of the file.
        finished: whether an interrupted run had written it, and only what was missing was added.
    """

    path: Path
    finished: bool


@dataclass(frozen=True)
class Turn:
    """This process alone may write to these places; :func:`take_turn` gives it."""

    places: Places


@contextmanager
def take_turn(places: Places = PACKAGED, wait_s: float = WAIT_S) -> Iterator[Turn]:
    """A block in which this process alone writes to the places; others wait, or give up.

    What a process that was killed left half written is removed first.

    Raises:
        InputError: another process has had its turn for longer than ``wait_s`` (s).
    """
    with only_one(places.data, wait_s):
        for leftover in places.data.rglob(".*.tmp"):
            with contextlib.suppress(OSError):
                leftover.unlink()
        yield Turn(places)
