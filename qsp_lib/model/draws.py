"""Parameter sets to simulate together, with the stamp of the lock record they were drawn from."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..common import InputError, LockError
from .equations import NETWORK
from .parameters import value_bounds
from .stamp import LockStamp
from .structure import ALL_PARAMETERS, DRUG_PARAMETERS


def _digest(values: Mapping[str, NDArray[np.float64]], drug: str, by_hand: bool) -> str:
    content = hashlib.sha256(f"{drug}{' by hand' * by_hand}".encode())
    for name, array in sorted(values.items()):
        content.update(name.encode() + array.tobytes())
    return content.hexdigest()


@dataclass(frozen=True)
class Draws:
    """Parameter sets to simulate together: each name holds a read-only array ``(N,)``.

    Draws that a lock record gives (its posterior and its declared priors) carry its stamp and the
    name of the drug they are for, and may vary what the record locks of the network and of that
    drug; others may not. Whoever stamps draws by hand gets a mark.

    Raises:
        InputError: an unknown name, a value that is not finite or out of bounds, arrays
            of different lengths, no draws at all.
        LockError: values under a stamp that was put on others.
    """

    values: Mapping[str, NDArray[np.float64]]
    lock: LockStamp | None = None
    drug: str = ""

    def __post_init__(self) -> None:
        arrays = {name: np.array(value, dtype=float) for name, value in self.values.items()}
        unknown = sorted(set(arrays) - set(ALL_PARAMETERS))
        if unknown:
            raise InputError(f"no parameter {unknown[0]!r}; expected one of {ALL_PARAMETERS}.")
        shapes = {array.shape for array in arrays.values()}
        if len(shapes) != 1 or len(shape := next(iter(shapes))) != 1 or shape[0] == 0:
            raise InputError(
                f"draws have shapes {sorted(shapes)}; expected one length of 1 or more for all."
            )
        for name, array in arrays.items():
            low, high = value_bounds(name)
            if (bad := array[~((array >= low) & (array <= high))]).size:
                raise InputError(f"draws of {name} hold {bad[0]:g}; expected {low:g} to {high:g}.")
            array.setflags(write=False)
        object.__setattr__(self, "values", MappingProxyType(arrays))
        self.require_as_locked()

    def require_as_locked(self) -> None:
        """Refuse draws under a stamp that was put on others.

        Raises:
            LockError: the values, or the drug they are for, are not what the stamp was put on.
        """
        lock = self.lock
        if lock is not None and lock.values != _digest(self.values, self.drug, lock.by_hand):
            raise LockError(
                f"these draws are not those of lock {lock.version} ({lock.digest[:12]}), whose "
                "stamp they carry. Take them from the record."
            )

    @property
    def mark(self) -> str:
        """Words that go with whatever is made from these draws; empty if none are needed."""
        return self.lock.mark if self.lock is not None else ""

    def stamped(self, stamp: LockStamp, drug: str) -> Draws:
        """The same draws under the stamp of a record, for one drug, marked as stamped by hand."""
        return self._issued(replace(stamp, by_hand=True), drug)

    def _issued(self, stamp: LockStamp, drug: str) -> Draws:
        """The same draws as a record gives them; for the record alone."""
        signed = replace(stamp, values=_digest(self.values, drug, stamp.by_hand))
        return Draws(self.values, signed, drug)

    def for_own_drug(self, values: Mapping[str, NDArray[np.float64]]) -> Draws:
        """The same draws of the network, with values ``(N,)`` of a drug of one's own.

        They cannot replace values of a drug that the record holds, whatever one's own is called.

        Raises:
            InputError: a value that is not a drug's.
        """
        if strange := sorted(set(values) - set(DRUG_PARAMETERS)):
            raise InputError(
                f"{strange[0]!r} is no value of a drug; expected one of {DRUG_PARAMETERS}."
            )
        network = {key: array for key, array in self.values.items() if key in NETWORK}
        some = Draws(network | dict(values))
        return some if self.lock is None else some._issued(self.lock, "")

    def beside(self, values: Mapping[str, NDArray[np.float64]]) -> Draws:
        """The same draws with values ``(N,)`` of a co-medication beside them.

        Raises:
            InputError: a value of the network or of the drug.
        """
        if taken := sorted(set(values) & {*NETWORK, *DRUG_PARAMETERS}):
            raise InputError(f"{taken[0]!r} is of the network or the drug; expected neither.")
        return self._with({**self.values, **values})

    def __len__(self) -> int:
        return len(next(iter(self.values.values())))

    def __getitem__(self, part: slice | NDArray[np.int_]) -> Draws:
        """A part of them, or those of some indices, each as often as it is named."""
        return self._with({name: array[part] for name, array in self.values.items()})

    def repeat(self, times: int) -> Draws:
        """Every set so many times in a row, for a batch that varies something else as well."""
        return self._with({name: np.repeat(array, times) for name, array in self.values.items()})

    def _with(self, values: Mapping[str, NDArray[np.float64]]) -> Draws:
        some = Draws(values, drug=self.drug)
        return some if self.lock is None else some._issued(self.lock, self.drug)

    def __reduce__(self) -> tuple[Any, ...]:
        # a read-only mapping does not travel to another process
        return Draws, (dict(self.values), self.lock, self.drug)
