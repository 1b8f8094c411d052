"""Where a number of the model comes from, and what a row of the evidence is used for."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType
from typing import Any

from ..common import EvidenceError, LockError, number
from ..drugs import (
    RESCUE,
    STEROID,
    SourcedValue,
    load_dexamethasone,
    load_drug,
    load_tocilizumab,
    shipped_drugs,
)
from ..evidence import (
    B_CELLS,
    CD8_T_CELLS,
    CRP_HALF_LIFE,
    DECLARED,
    IL6_SPREADS,
    LIMITING_INCIDENCE,
    OTHER_INCIDENCES,
    load_observations,
    load_tables,
)
from ..model import QUANTITIES, network_table
from .lock import current_record, record_of
from .record import Record

_OTHER_USES = {
    "BL001": "healthy IL-6",
    "BL002": "healthy TNF",
    "BL003": "healthy IFN-gamma",
    CRP_HALF_LIFE: "removal of CRP",
    LIMITING_INCIDENCE: "limit of the severity index in virtual patients",
    **dict.fromkeys(IL6_SPREADS, "spread of IL-6 between virtual patients"),
    **dict.fromkeys(OTHER_INCIDENCES, "incidence that virtual patients are compared with"),
    **dict.fromkeys((*B_CELLS, *CD8_T_CELLS), "counts of cells beside the fit"),
}
"""Uses that no table says."""


@dataclass(frozen=True)
class Origin:
    """Where one number comes from.

    Attributes:
        key: its name, such as ``k_fb``, ``okt3.k_exh`` or ``BO001``.
        kind: ``network parameter``, ``drug input`` or ``evidence row``.
        facts: what is known of it, by name, in the order to show.
        sources: each source with its citation, evidence ids first.
        used_for: what rests on it; for an evidence row.
    """

    key: str
    kind: str
    facts: Mapping[str, Any]
    sources: Mapping[str, str]
    used_for: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """The origin as plain values."""
        return {
            "key": self.key,
            "kind": self.kind,
            "facts": dict(self.facts),
            "sources": dict(self.sources),
            "used_for": list(self.used_for),
        }


def explain(key: str) -> tuple[Origin, ...]:
    """The origin of a number by its name; several for an input that more than one drug has.

    Args:
        key: a network parameter (``k_fb``), an input of a drug (``okt3.k_exh``, or ``k_exh`` for
            that of every drug), or an evidence id (``BO001``).

    Raises:
        EvidenceError: There is nothing of that name; the message offers what is close.

    >>> explain("K_S")[0].facts["unit"]
    'pg/mL'
    """
    if key in network_table():
        return (_network_parameter(key),)
    if key in load_tables():
        return (_evidence_row(key),)
    inputs = _drug_inputs()
    if key in inputs:
        return (_drug_input(key),)
    several = tuple(_drug_input(name) for name in inputs if name.partition(".")[2] == key)
    if several:
        return several
    known = [*network_table(), *inputs, *load_tables()]
    known += [name.partition(".")[2] for name in inputs]
    close = difflib.get_close_matches(key, list(dict.fromkeys(known)), n=3, cutoff=0.5)
    hint = f" (did you mean {' or '.join(close)}?)" if close else ""
    raise EvidenceError(
        f"Nothing is called {key!r}{hint}; expected a network parameter such as k_fb, an input of "
        "a drug such as okt3.k_exh, or an evidence id such as BO001."
    )


def parameters(version: str | None = None) -> tuple[dict[str, Any], ...]:
    """The 17 network parameters: prior, locked value and posterior width, where there is a lock.

    Args:
        version: of the lock, and of the inputs that it was made from; by default the current one.

    Raises:
        LockError: a version was given and there is no such lock, or its record fails a check.
    """
    if version is None:
        inputs, (locked, width) = None, _locked()
    else:
        record = record_of(version)
        inputs, (locked, width) = record.inputs, _values_of(record)
    return tuple(
        {
            "name": name,
            "unit": row.unit,
            "prior_of": row.estimate,
            "prior_median": row.prior.median,
            "prior_log10_sd": row.prior.log10_sd or None,
            "status": row.prior.status,
            "locked": locked.get(name),
            "posterior_log10_sd": width.get(name),
            "source": row.source,
            "description": row.description,
        }
        for name, row in network_table(inputs).items()
    )


def _locked() -> tuple[dict[str, float], dict[str, float]]:
    """Locked values and posterior widths (log10) of the network; empty without a record."""
    try:
        record = current_record()
    except LockError:
        return {}, {}
    return _values_of(record)


def _values_of(record: Record) -> tuple[dict[str, float], dict[str, float]]:
    return record.network.values(), {name: sd for name, (_, sd) in record.moments.items()}


def _network_parameter(name: str) -> Origin:
    row = network_table()[name]
    locked, width = _locked()
    of = f" of {row.estimate}" if row.relative_to else ""
    facts: dict[str, Any] = {
        "description": row.description,
        "unit": row.unit,
        f"prior median{of}": row.prior.median,
        "prior log10 sd": row.prior.log10_sd or "fixed",
        "status": row.prior.status,
        "bounds": f"{row.lower:g} to {row.upper:g}",
    }
    if name in locked:
        facts["locked value"] = locked[name]
        if row.relative_to:
            facts[f"locked value{of}"] = locked[name] / locked[row.relative_to]
    if name in width:
        facts["posterior log10 sd"] = width[name]
    if row.note:
        facts["note"] = row.note
    sources = [source.strip() for source in row.source.split(";")]
    return Origin(name, "network parameter", MappingProxyType(facts), _cited(sources))


def _drug_input(key: str) -> Origin:
    drug, _, name = key.partition(".")
    given = _drug_inputs()[key]
    facts: dict[str, Any] = {"drug": drug, "as written": f"{given.value:g} {given.unit}"}
    if given.same_as is not None:
        facts["same as"] = given.same_as
    if given.low is not None and given.high is not None:
        facts["shown over"] = f"{given.low:g} to {given.high:g} {given.unit}"
    if given.status is not None:
        facts["status"] = given.status
    if given.log10_sd:
        facts["prior log10 sd"] = given.log10_sd
    if drug not in (RESCUE, STEROID) and name.startswith("k_"):
        try:
            held = getattr(current_record().drug(drug), name)
            facts["at the lock"] = f"{number(held, 6)} {QUANTITIES[name].unit}"
        except LockError:
            facts["at the lock"] = "there is no lock record"
    if given.note:
        facts["note"] = given.note
    return Origin(key, "drug input", MappingProxyType(facts), _cited(given.source))


def _evidence_row(row_id: str) -> Origin:
    tables = load_tables()
    row = tables.row(row_id)
    facts: dict[str, Any] = {"table": tables.tables[row_id]}
    facts |= {
        name: value
        for name, value in row.model_dump().items()
        if value not in (None, "") and name not in ("id", "source", "doi", "pmid")
    }
    used = tuple(dict.fromkeys(_users(row_id)))
    return Origin(row_id, "evidence row", MappingProxyType(facts), _cited([row_id]), used)


def _users(row_id: str) -> Iterator[str]:
    for name, row in network_table().items():
        if row_id in row.source.split(";"):
            yield f"prior of {name}"
    for key, given in _drug_inputs().items():
        if row_id in given.source:
            yield f"input {key}"
    given_by = {name: load_drug(name).regimen_sources for name in shipped_drugs()}
    given_by[RESCUE] = load_tocilizumab().regimen_sources
    given_by[STEROID] = load_dexamethasone().regimen_sources
    for name, regimens in given_by.items():
        for regimen, sources in regimens.items():
            if row_id in sources:
                yield f"regimen {regimen} of {name}"
    for point in load_observations():
        if row_id in point.sources:
            yield f"fitted: {point.course} ({point.use})"
    if row_id in _OTHER_USES:
        yield _OTHER_USES[row_id]


@lru_cache(maxsize=1)
def _drug_inputs() -> Mapping[str, SourcedValue]:
    """Every input of every drug, as ``drug.name``."""
    files = {name: load_drug(name).sources for name in shipped_drugs()}
    files[RESCUE] = load_tocilizumab().sources
    files[STEROID] = load_dexamethasone().sources
    return {f"{drug}.{name}": given for drug, file in files.items() for name, given in file.items()}


def _cited(sources: list[str] | tuple[str, ...]) -> Mapping[str, str]:
    tables = load_tables()
    return MappingProxyType(
        {
            source: tables.row(source).citation if source != DECLARED else "no published value"
            for source in sources
        }
    )
