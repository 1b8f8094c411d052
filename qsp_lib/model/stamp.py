"""The stamp of a lock record on the values read from it, and what it refuses."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, fields, replace
from typing import Any, Self

from ..common import InputError, LockError


@dataclass(frozen=True)
class LockStamp:
    """Which lock record a value came from, and whether it has since been unlocked.

    ``values`` is the digest of the values that the stamp was put on: a locked object
    made with other values is refused at construction.
    """

    version: str
    digest: str
    values: str = ""
    unlocked: bool = False

    @property
    def mark(self) -> str:
        """Words that go with every table and figure; empty for locked values."""
        return f"unlocked copy of lock {self.version}" if self.unlocked else ""

    def same_record(self, other: LockStamp | None) -> bool:
        """Whether the other stamp is of the same record."""
        return other is not None and (self.version, self.digest) == (other.version, other.digest)


class Lockable:
    """Shared behaviour of value objects that a lock record may own."""

    lock: LockStamp | None

    def _plain(self) -> dict[str, Any]:
        names = {field.name for field in fields(self)} - {"lock"}  # type: ignore[arg-type]
        return {name: getattr(self, name) for name in sorted(names)}

    def _values_digest(self) -> str:
        return hashlib.sha256(repr(self._plain()).encode()).hexdigest()

    def _require_as_locked(self) -> None:
        lock = self.lock
        if lock is not None and not lock.unlocked and lock.values != self._values_digest():
            raise LockError(
                f"these values are not those of lock {lock.version} ({lock.digest[:12]}), whose "
                "stamp they carry. Take them from the record, or ask for an explicitly unlocked "
                "copy with .unlocked()."
            )

    def stamped(self, stamp: LockStamp) -> Self:
        """A copy that carries the stamp of the record these values were read from."""
        stamp = replace(stamp, values=self._values_digest())
        return replace(self, lock=stamp)  # type: ignore[type-var]

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
            if name in ("name", "role") and known.get("role") == "blind":
                raise LockError(
                    f"the {name} of {known['label']}, the blind drug, cannot become {value!r}."
                )
            if self.lock is not None and not self.lock.unlocked:
                raise LockError(
                    f"{name} is locked at {known[name]!r} by lock {self.lock.version} "
                    f"({self.lock.digest[:12]}) and cannot be set to {value!r}. Ask for an "
                    "explicitly unlocked copy with .unlocked(); what is made from it is marked."
                )
        return replace(self, **changes)  # type: ignore[type-var]

    def unlocked(self) -> Self:
        """An explicitly unlocked copy; the mark goes with everything made from it."""
        if self.lock is None:
            return self
        return replace(self, lock=replace(self.lock, unlocked=True))  # type: ignore[type-var]
