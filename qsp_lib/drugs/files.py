"""What a drug file has become once it is read: values, their sources, priors and regimens."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any

from ..evidence import convert
from ..model import DrugInputs, Prior, Regimen, SteroidInputs, TocilizumabInputs
from .class_defaults import CLASS_DEFAULT


@dataclass(frozen=True)
class SourcedValue:
    """A number as its drug file writes it.

    Attributes:
        value, unit: as written, before any conversion.
        source: evidence ids, and the words "declared assumption" where they apply.
        note: as written; may be empty.
        low, high: the range it is shown over, in `unit`; None where the file gives none.
        status, log10_sd: for a rate that has a prior; None otherwise.
        same_as: the drug whose number stands here; None for a drug's own.
    """

    value: float
    unit: str
    source: tuple[str, ...]
    note: str = ""
    low: float | None = None
    high: float | None = None
    status: str | None = None
    log10_sd: float | None = None
    same_as: str | None = None

    def to(self, unit: str) -> float:
        """The value in another unit of the same kind."""
        return convert(self.value, self.unit, unit)


@dataclass(frozen=True)
class FittedDraws:
    """Joint draws of a network and of a drug's own numbers, as a fit to data left them.

    Attributes:
        members: which of the record's draws each is of, counted from 0, ``(N,)``.
        values: the drug's numbers in each, ``(N,)`` by name (1/h, ng/mL, 1).
        network_draws, seed: how many draws of the record they are of, and of which seed.
        lock: digest of the record.
        estimated: names of the numbers that the data were to say something of.
        source: what they were fitted to.
    """

    members: tuple[int, ...]
    values: Mapping[str, tuple[float, ...]]
    network_draws: int
    seed: int
    lock: str
    estimated: tuple[str, ...]
    source: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.members)


@dataclass(frozen=True)
class DrugFile:
    """A validated drug file.

    Attributes:
        inputs: the model's inputs (h, L, ng/mL).
        priors: of ``k_act``, ``k_exh``, ``k_rec`` and, for a bispecific, ``k_kill`` (1/h); of a
            number of exposure or potency where the file gives it one.
        regimens: by key; ``clinical`` is always among them.
        sources: each number as written, by its name in the file.
        regimen_sources: each regimen's sources, by its key.
        same_as: the rates taken over from another drug, ``{"k_act": "tgn1412"}``.
        same_as_log10_sd: standard deviation, in log10, of the factor about 1 between such a rate
            and the other drug's, where the file gives one.
        sha256: of the bytes of the file (64 hex digits).
        table: how its concentration table is read, with the table's source and sha256; empty
            without one.
        apparent: whether its clearances and volumes are over F.
        fitted: joint draws of a fit to data, in place of the priors; None without one.
    """

    inputs: DrugInputs
    priors: Mapping[str, Prior]
    regimens: Mapping[str, Regimen]
    sources: Mapping[str, SourcedValue]
    regimen_sources: Mapping[str, tuple[str, ...]]
    same_as: Mapping[str, str]
    sha256: str
    same_as_log10_sd: Mapping[str, float] = field(default_factory=dict, metadata={"since_v1": True})
    table: Mapping[str, Any] = field(
        default_factory=lambda: MappingProxyType({}), metadata={"since_v1": True}
    )
    apparent: bool = field(default=False, metadata={"since_v1": True})
    fitted: FittedDraws | None = field(default=None, metadata={"since_v1": True})

    @property
    def class_defaults(self) -> tuple[str, ...]:
        """Names of the numbers that were taken from the drug's class, as its file asked."""
        return tuple(name for name, given in self.sources.items() if CLASS_DEFAULT in given.source)

    def with_sources(self, sources: Mapping[str, SourcedValue]) -> DrugFile:
        """The same file with other numbers beside its inputs."""
        return replace(self, sources=MappingProxyType(dict(sources)))


@dataclass(frozen=True)
class RescueFile:
    """The validated file of tocilizumab; attributes as of `DrugFile`.

    ``priors`` are of ``f_R``, where the file gives it one.
    """

    inputs: TocilizumabInputs
    regimens: Mapping[str, Regimen]
    sources: Mapping[str, SourcedValue]
    regimen_sources: Mapping[str, tuple[str, ...]]
    sha256: str
    priors: Mapping[str, Prior] = field(default_factory=dict, metadata={"since_v1": True})


@dataclass(frozen=True)
class SteroidFile:
    """The validated file of dexamethasone; attributes as of `DrugFile`.

    ``priors`` are of ``IC50`` (ng/mL), ``k_e0`` (1/h) and ``w``.
    """

    inputs: SteroidInputs
    priors: Mapping[str, Prior]
    regimens: Mapping[str, Regimen]
    sources: Mapping[str, SourcedValue]
    regimen_sources: Mapping[str, tuple[str, ...]]
    sha256: str
