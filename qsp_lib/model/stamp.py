"""The stamp of a lock record on the values read from it, and what it refuses.

A stamp carries the text of its record. The digest in the stamp is the digest of that text, and the
values under the stamp are those that the text holds, so a stamp proves itself wherever it travels,
in a worker process too. It is asked for the proof when a value is made, copied or unpickled, and
again when it is simulated.
"""

from __future__ import annotations

import hashlib
import json
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from functools import lru_cache
from typing import Any, ClassVar, Self

from ..common import InputError, LockError, recorded_locks


@dataclass(frozen=True)
class LockStamp:
    """Which lock record a value came from, and whether it has since been unlocked.

    Attributes:
        version, digest: of the record.
        values: digest of the values that the stamp was put on.
        unlocked: whether they are an explicitly unlocked copy.
        by_hand: whether draws were given the stamp by hand instead of being drawn by the record.
        content: canonical text of the record, of which ``digest`` is the SHA-256.
    """

    version: str
    digest: str
    values: str = ""
    unlocked: bool = False
    by_hand: bool = False
    content: str = field(default="", repr=False)

    @property
    def mark(self) -> str:
        """Words that go with every table and figure; empty for values of a lock on record."""
        words = []
        if self.unlocked:
            words.append(f"unlocked copy of lock {self.version}")
        if self.by_hand:
            words.append(f"draws stamped by hand under lock {self.version}")
        if self.digest not in recorded_locks():
            words.append(f"lock {self.version} ({self.digest[:12]}) is not in the ledger")
        return "; ".join(words)

    def same_record(self, other: LockStamp | None) -> bool:
        """Whether the other stamp is of the same record."""
        return other is not None and (self.version, self.digest) == (other.version, other.digest)

    def record(self) -> Mapping[str, Any]:
        """The record's content, once its text has been found to have the stamp's digest.

        Raises:
            LockError: the text has another digest, or is of another version.
        """
        digest, content = _parsed(self.content)
        if digest != self.digest or content.get("version") != self.version:
            raise LockError(
                f"this stamp says lock {self.version} ({self.digest[:12]}) and does not carry that "
                "record. Take values from qsp_lib.protocol.lock.current_record()."
            )
        return content


@lru_cache(maxsize=8)
def _parsed(text: str) -> tuple[str, Mapping[str, Any]]:
    content = json.loads(text) if text else {}
    return hashlib.sha256(text.encode()).hexdigest(), content


BLIND = "blind"
"""The role of a drug that is simulated from a lock record only."""


@dataclass(frozen=True)
class Lockable(ABC):
    """Shared behaviour of value objects that a lock record may own.

    Attributes:
        lock: the stamp, if the values are a record's.
        origin: where the values were taken from. It stays when the stamp is taken off, so that
            values without their stamp are told from values that never had one.
    """

    lock: LockStamp | None = field(default=None, kw_only=True)
    origin: str = field(default="", kw_only=True, repr=False, compare=False)

    NOT_VALUES: ClassVar[frozenset[str]] = frozenset({"lock", "origin"})

    @abstractmethod
    def recorded(self, content: Mapping[str, Any]) -> Self | None:
        """The same thing as a record's content holds it, without stamp; None if it does not."""

    @property
    def mark(self) -> str:
        """Words that go with whatever is made from these values; empty if nothing is to be said."""
        if self.lock is not None:
            return self.lock.mark
        return f"values taken out of {self.origin}" if self.origin.startswith("lock") else ""

    def _plain(self) -> dict[str, Any]:
        names = {field.name for field in fields(self)} - self.NOT_VALUES
        return {name: getattr(self, name) for name in sorted(names)}

    def _values_digest(self) -> str:
        return hashlib.sha256(repr(self._plain()).encode()).hexdigest()

    def require_as_locked(self) -> None:
        """Ask the stamp for its proof; values without a stamp need none.

        Raises:
            LockError: the values are not those of the record whose stamp they carry, or a blind
                drug was given another role.
        """
        known = self._plain()
        if known.get("role") == BLIND:
            object.__setattr__(self, "origin", self.origin or BLIND)
        elif self.origin.endswith(BLIND):
            raise LockError(
                f"the role of {known['label']}, the blind drug, cannot become {known['role']!r}."
            )
        lock = self.lock
        if lock is None or lock.unlocked:
            return
        if lock.values != self._values_digest() or not self._held_by(lock):
            raise LockError(
                f"these values are not those of lock {lock.version} ({lock.digest[:12]}), whose "
                "stamp they carry. Take them from the record, or ask for an explicitly unlocked "
                "copy with .unlocked()."
            )

    def _held_by(self, lock: LockStamp) -> bool:
        held = self.recorded(lock.record())
        return held is not None and held._plain() == self._plain()

    def stamped(self, stamp: LockStamp) -> Self:
        """A copy that carries the stamp of the record these values were read from.

        Raises:
            LockError: the record does not hold these values.
        """
        blind = f", {BLIND}" if self._plain().get("role") == BLIND else ""
        return replace(
            self,
            lock=replace(stamp, values=self._values_digest()),
            origin=f"lock {stamp.version} ({stamp.digest[:12]}){blind}",
        )

    def replace(self, **changes: Any) -> Self:
        """A copy with these values changed.

        Raises:
            LockError: the values are locked; ask for :meth:`unlocked` first.
            InputError: an unknown name or a value outside its bounds.
        """
        known = self._plain()
        for name, value in changes.items():
            if name not in known:
                raise InputError(f"no parameter {name!r}; expected one of {sorted(known)}.")
            if name in ("name", "role") and known.get("role") == BLIND:
                raise LockError(
                    f"the {name} of {known['label']}, the blind drug, cannot become {value!r}."
                )
            if self.lock is not None and not self.lock.unlocked:
                raise LockError(
                    f"{name} is locked at {known[name]!r} by lock {self.lock.version} "
                    f"({self.lock.digest[:12]}) and cannot be set to {value!r}. Ask for an "
                    "explicitly unlocked copy with .unlocked(); what is made from it is marked."
                )
        return replace(self, **changes)

    def unlocked(self) -> Self:
        """An explicitly unlocked copy; the mark goes with everything made from it."""
        if self.lock is None:
            return self
        return replace(self, lock=replace(self.lock, unlocked=True))

    def __reduce__(self) -> tuple[Any, ...]:
        # copies and pickles are made by the constructor, which asks for the proof
        given = {field.name: getattr(self, field.name) for field in fields(self)}
        return _made_again, (type(self), given)


def _made_again(kind: type[Lockable], given: dict[str, Any]) -> Lockable:
    return kind(**given)
