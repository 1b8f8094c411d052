"""The rules by which rows are judged and scored, as data.

A file of the package holds them, a lock record a copy. They are read into objects here, which are
all that judging and scoring look at.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from typing import Any

from ..common import InputError
from .floor import AssayFloor, floor_of

FILE = "v2/scoring.toml"
"""The rules, relative to the package's data."""
SCHEMA = 1
OF_LOCK_V1, OF_TEXT = "lock v1", "text"
"""How rows of a table are judged: by the code of lock v1, or by the patterns of these rules."""


@dataclass(frozen=True)
class PredictedRegimen:
    """A regimen that is predicted, and how a row says that it is of it.

    Attributes:
        drug, name: as in the key of a quantity.
        names, route: patterns of the whole columns ``drug`` and ``route``.
        unit: of the amounts.
        amounts: of the doses in their order; of a grid, its two ends.
        times_h: of the doses (h from the first).
        until_h: how long it is predicted (h from the first dose).
        grid: whether it is one dose of any amount between two ends.
        cycle_h: length of a cycle, for a row that counts in cycles and days; None if it cannot.
        said, not_said: patterns that dose or schedule have to hold, and must not; empty for none.
        words: pattern to the number of the dose that it names.
    """

    drug: str
    name: str
    names: str
    route: str
    unit: str
    amounts: tuple[float, ...]
    times_h: tuple[float, ...]
    until_h: float
    grid: bool = False
    cycle_h: float | None = None
    said: str = ""
    not_said: str = ""
    words: tuple[tuple[str, int], ...] = ()

    def __post_init__(self) -> None:
        doses = 2 if self.grid else len(self.times_h)
        rising = all(a < b for a, b in zip(self.times_h, self.times_h[1:], strict=False))
        if len(self.amounts) != doses or not rising or self.times_h[:1] != (0.0,):
            raise InputError(
                f"regimen {self.drug} {self.name} of the rules: {len(self.amounts)} amounts at "
                f"{self.times_h}; expected one a dose and rising times from 0."
            )


@dataclass(frozen=True)
class TableRules:
    """How one table is judged.

    Attributes:
        name: of the table.
        rule: `OF_LOCK_V1` or `OF_TEXT`.
        regimens: what is predicted, by `OF_TEXT`.
        peaks: whether rows of peaks are eligible.
        largest_gap_h: between two times of a predicted course (h).
        floor: what a median of points above the assay's floor is held against; None for all points.
        beside_locks: earlier locks whose predictions are scored too.
        fixed: what only `OF_LOCK_V1` needs: drug, analytes, quantity, grade.
    """

    name: str
    rule: str
    regimens: tuple[PredictedRegimen, ...] = ()
    peaks: bool = True
    largest_gap_h: float = 0.0
    floor: AssayFloor | None = None
    beside_locks: tuple[str, ...] = ()
    fixed: Mapping[str, Any] | None = None

    def regimen(self, drug: str, name: str) -> PredictedRegimen:
        """A regimen by its names."""
        return next(r for r in self.regimens if (r.drug, r.name) == (drug, name))


@dataclass(frozen=True)
class Rules:
    """All rules. Attributes as the sections of the file.

    Attributes:
        s_pop, s_study: spreads (log10) between people and between studies.
        reference_drugs, reference_sd: what the reference forecast is made of.
        least_clusters: fewer support no claim of skill.
        bootstrap, seed, share: resamples of the clusters, their seed, the interval's share.
        drugs_grades: grade of each drug that the boundaries were set by.
        places: place in the order of each grade.
        common: patterns that hold for every table judged by text.
        tables: by name.
    """

    s_pop: float
    s_study: float
    reference_drugs: tuple[str, ...]
    reference_sd: float
    least_clusters: int
    bootstrap: int
    seed: int
    share: float
    drugs_grades: Mapping[str, int]
    places: tuple[int, ...]
    common: Mapping[str, Any]
    tables: Mapping[str, TableRules]

    @classmethod
    def from_plain(cls, content: Mapping[str, Any]) -> Rules:
        """From the content of the file, or of a record's copy.

        Raises:
            InputError: a schema that is not known, a missing part, or a pattern that is none.
        """
        if content.get("schema") != SCHEMA:
            raise InputError(
                f"scoring rules of schema {content.get('schema')!r}; this package reads {SCHEMA}."
            )
        try:
            return cls._read(content)
        except (KeyError, TypeError, AttributeError, re.error) as problem:
            raise InputError(
                f"the scoring rules cannot be read ({problem!r}); restore them."
            ) from None

    @classmethod
    def _read(cls, content: Mapping[str, Any]) -> Rules:
        observation, reference, skill = (
            content[name] for name in ("observation", "reference", "skill")
        )
        common = content["common"]
        for name, pattern in common.items():
            if isinstance(pattern, str) and name != "unit":
                re.compile(pattern)
        return cls(
            s_pop=float(observation["s_pop"]),
            s_study=float(observation["s_study"]),
            reference_drugs=tuple(reference["drugs"]),
            reference_sd=float(reference["sd_log10"]),
            least_clusters=int(skill["least_clusters"]),
            bootstrap=int(skill["bootstrap"]),
            seed=int(skill["seed"]),
            share=float(skill["share"]),
            drugs_grades=dict(content["grades"]["drugs"]),
            places=tuple(content["grades"]["places"]),
            common=common,
            tables={name: _table(name, given) for name, given in content["tables"].items()},
        )

    def table(self, name: str) -> TableRules:
        """The rules of a table.

        Raises:
            InputError: there are none.
        """
        if name not in self.tables:
            raise InputError(
                f"no rule says how a row of {name!r} is judged; expected one of "
                f"{', '.join(self.tables)}."
            )
        return self.tables[name]


def plain_rules() -> dict[str, Any]:
    """The content of the package's file: what a new lock record takes a copy of."""
    path = resources.files("qsp_lib") / "data" / FILE
    return tomllib.loads(path.read_text(encoding="utf-8-sig"))


def _table(name: str, given: Mapping[str, Any]) -> TableRules:
    rule, floor = given["rule"], given.get("floor")
    if rule not in (OF_LOCK_V1, OF_TEXT):
        raise InputError(f"table {name!r} is judged by {rule!r}; expected lock v1 or text.")
    fixed = ("drug", "quantity", "analytes", "grade")
    return TableRules(
        name=name,
        rule=rule,
        regimens=tuple(_regimen(item) for item in given.get("regimens", ())),
        peaks=bool(given.get("peaks", True)),
        largest_gap_h=float(given.get("largest_gap_h", 0)),
        floor=None if floor is None else floor_of(floor["level_pg_mL"], floor["spread"]),
        beside_locks=tuple(given.get("beside_locks", ())),
        fixed={key: given[key] for key in fixed} if rule == OF_LOCK_V1 else None,
    )


def _regimen(given: Mapping[str, Any]) -> PredictedRegimen:
    cycle = given.get("cycle_h")
    words = tuple((pattern, int(dose)) for pattern, dose in given.get("words", {}).items())
    for pattern in (given["names"], given["route"], *(pattern for pattern, _ in words)):
        re.compile(pattern)
    return PredictedRegimen(
        drug=given["drug"],
        name=given["name"],
        names=given["names"],
        route=given["route"],
        unit=given["unit"],
        amounts=tuple(float(amount) for amount in given["amounts"]),
        times_h=tuple(float(time) for time in given["times_h"]),
        until_h=float(given["until_h"]),
        grid=bool(given.get("grid", False)),
        cycle_h=None if cycle is None else float(cycle),
        said=given.get("said", ""),
        not_said=given.get("not_said", ""),
        words=words,
    )
