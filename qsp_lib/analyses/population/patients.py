"""Virtual patients: who they are hangs on a seed and on their number alone.

Each has a stretch of its own of one counter-based random stream (Philox; Salmon et al. 2011,
doi:10.1145/2063384.2063405). So patient i is the same person in any chunk, on any number of
workers and in a population of any size.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from ...common import InputError
from .factors import Factors, declared_factors

Array = NDArray[np.float64]

MOST_FACTORS = 16
"""Random numbers kept for each patient, so that a factor more moves no other factor."""
_COUNTER = 4  # numbers that one step of the stream's counter gives


@dataclass(frozen=True)
class Patients:
    """Patients nested in draws of the posterior: the first so many live in draw 0, and so on.

    Attributes:
        n_draws: draws.
        each: patients a draw.
        seed: of who they are, 0 or more.
        factors: what varies between them.
        first_draw: the draw of the posterior that the first of them live in.

    Raises:
        InputError: no draws or patients, a negative seed, more factors than numbers are kept for.
    """

    n_draws: int
    each: int
    seed: int
    factors: Factors = field(default_factory=declared_factors)
    first_draw: int = 0

    def __post_init__(self) -> None:
        if self.n_draws < 1 or self.each < 1:
            raise InputError(
                f"{self.each} patients in each of {self.n_draws} draws; expected 1 or more of both."
            )
        if self.first_draw < 0:
            raise InputError(f"Draw {self.first_draw} was asked for; expected 0 or a later one.")
        if self.seed < 0:
            raise InputError(f"The seed of the patients is {self.seed}; expected 0 or more.")
        if len(self.factors) > MOST_FACTORS:
            raise InputError(
                f"{len(self.factors)} patient factors; expected at most {MOST_FACTORS}."
            )

    def __len__(self) -> int:
        return self.n_draws * self.each

    def unit(self, first: int, count: int) -> Array:
        """Places ``(count, d)`` in the open unit cube of patients ``first``, ``first + 1``, ...

        Raises:
            InputError: patients that there are not.
        """
        if not (0 <= first and 1 <= count and first + count <= len(self)):
            raise InputError(
                f"{count} patients from number {first} on were asked for; there are {len(self)}."
            )
        start = (self.first_draw * self.each + first) * (MOST_FACTORS // _COUNTER)
        raw = np.random.Philox(key=self.seed, counter=start).random_raw(count * MOST_FACTORS)
        # the middles of 2**52 equal parts, so that no place is 0 or 1
        places = ((raw >> np.uint64(12)).astype(float) + 0.5) * 2.0**-52
        return places.reshape(count, MOST_FACTORS)[:, : len(self.factors)]

    def values(self, first: int = 0, count: int | None = None) -> Array:
        """Their factors ``(count, d)``; of all of them by default."""
        count = len(self) - first if count is None else count
        return self.factors.quantile(self.unit(first, count))

    def blocks(self, draws: int) -> Iterator[Patients]:
        """The same patients, so many draws at a time.

        Raises:
            InputError: fewer than one draw at a time.
        """
        if draws < 1:
            raise InputError(f"{draws} draws at a time; expected 1 or more.")
        for first in range(0, self.n_draws, draws):
            n = min(draws, self.n_draws - first)
            yield replace(self, n_draws=n, first_draw=self.first_draw + first)

    def nested(self, values: Array) -> Array:
        """Something of all patients ``(n_draws * each, ...)`` as ``(n_draws, each, ...)``."""
        return values.reshape(self.n_draws, self.each, *values.shape[1:])
