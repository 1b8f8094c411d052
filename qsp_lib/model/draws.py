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
from .parameters import value_bounds
from .stamp import LockStamp
from .structure import ALL_PARAMETERS


def _digest(values: Mapping[str, NDArray[np.float64]], drug: str) -> str:
    content = hashlib.sha256(drug.encode())
    for name, array in sorted(values.items()):
        content.update(name.encode() + array.tobytes())
    return content.hexdigest()


@dataclass(frozen=True)
class Draws:
    """Parameter sets to simulate together: each name holds a read-only array ``(N,)``.

    Draws that come from a lock record (its posterior and its declared priors) carry
    its stamp and the name of the drug they are for (:meth:`stamped`), and may vary what the
    record locks of the network and of that drug; others may not.

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
        if self.lock is not None and self.lock.values != _digest(arrays, self.drug):
            raise LockError(
                f"these draws are not those of lock {self.lock.version} "
                f"({self.lock.digest[:12]}), whose stamp they carry. Take them from the record."
            )

    def stamped(self, stamp: LockStamp, drug: str) -> Draws:
        """The same draws under the stamp of the record they were drawn from, for one drug."""
        return Draws(self.values, replace(stamp, values=_digest(self.values, drug)), drug)

    def __len__(self) -> int:
        return len(next(iter(self.values.values())))

    def __getitem__(self, part: slice) -> Draws:
        return self._with({name: array[part] for name, array in self.values.items()})

    def repeat(self, times: int) -> Draws:
        """Every set so many times in a row, for a batch that varies something else as well."""
        return self._with({name: np.repeat(array, times) for name, array in self.values.items()})

    def _with(self, values: Mapping[str, NDArray[np.float64]]) -> Draws:
        some = Draws(values, drug=self.drug)
        return some.stamped(self.lock, self.drug) if self.lock is not None else some

    def __reduce__(self) -> tuple[Any, ...]:
        # a read-only mapping does not travel to another process
        return Draws, (dict(self.values), self.lock, self.drug)
