"""The book's generated pieces about the science: equations, parameters, data, the lock."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from qsp_lib.chapters import notebooks
from qsp_lib.common import decimals, number
from qsp_lib.drugs import (
    DrugFile,
    SourcedValue,
    load_dexamethasone,
    load_drug,
    load_tocilizumab,
    shipped_drugs,
)
from qsp_lib.evidence import DECLARED, EvidenceRow, Observation, load_observations, load_tables
from qsp_lib.model import (
    MECHANISMS,
    QUANTITIES,
    TABLE,
    DrugInputs,
    Part,
    SteroidInputs,
    Structure,
    TocilizumabInputs,
    definitions,
    network_table,
    regrouped,
    whole,
)
from qsp_lib.protocol import (
    current_record,
    no_longer_verified,
    sealed_tables,
    status,
    versions,
)

from . import typeset
from .fragments import BookData, fragment, table
from .references import references
from .symbols import CRP_SOURCES, NOT_READ, grade_boundaries, in_words, link


def _math(lines: Iterable[tuple[str, str]]) -> str:
    body = " \\\\[0.5em]\n".join(f"{left} &= {right}" for left, right in lines)
    return f"$$\n\\begin{{aligned}}\n{body}\n\\end{{aligned}}\n$$\n"


def _derivatives(structure: Structure, parts: Iterable[Part]) -> str:
    """Rates of the states of some of its parts."""
    derivatives = regrouped(structure)
    return _math(
        (rf"\frac{{d {QUANTITIES[name].latex}}}{{dt}}", typeset.latex(derivatives[name]))
        for part in parts
        for name in part.states
    )


def _defined(structure: Structure, parts: Sequence[Part]) -> str:
    """Quantities that some of its parts name."""
    return _math(
        (QUANTITIES[str(symbol)].latex, typeset.latex(value))
        for symbol, value in definitions(structure, parts).items()
    )


def _wholes() -> dict[str, Structure]:
    """Every part that the current record knows, by mechanism."""
    network = current_record().network
    return {m: whole(m, network.feedback, network.t_cells) for m in MECHANISMS}


@fragment("equations_upstream")
def equations_upstream(_book: BookData) -> str:
    """Exposure, engagement and T cells, from the traced right-hand side."""
    return upstream(_wholes())


def upstream(wholes: Mapping[str, Structure]) -> str:
    """The equations of what a drug brings, of every part there is upstream; by mechanism."""
    one, two = wholes["monoclonal"], wholes["bispecific"]
    exposure = two.exposure_parts
    return (
        _defined(two, exposure)
        + _derivatives(two, (*exposure, two.t_cell_part))
        + (_forms_of_exposure(two) if two.exposure else "")
        + "\nReceptor engagement of a monoclonal antibody (CD28 superagonist, anti-CD3), whose "
        "target pool $B$ plays no part:\n\n"
        + _defined(one, (one.t_cell_part,))
        + "\nand of a bispecific (CD3 × target), bell-shaped in exposure and limited by the "
        "target pool:\n\n" + _defined(two, (two.t_cell_part,))
    )


def _forms_of_exposure(structure: Structure) -> str:
    """What of the equations above is there only where a drug's file gives it."""
    terms = {
        "depot": "$A_d$, the site of injection, for doses under the skin",
        "falling clearance": r"$Z$, which is 1 from the first dose, where clearance falls from "
        r"$\mathrm{CL}_0$ to $\mathrm{CL}$",
        "saturable elimination": r"$V_\mathrm{max}^d$ and $K_m^d$ where elimination saturates",
    }
    given = "; ".join(terms[name] for name in structure.exposure)
    table = Structure("monoclonal", t_cells="", exposure=(TABLE,))
    return (
        f"\nThere only where a drug's file gives them: {given}. A table of concentrations takes "
        "the place of all compartments; between two of its rows slope and growth are constant:\n\n"
        + _derivatives(table, table.exposure_parts)
    )


@fragment("equations_network")
def equations_network(_book: BookData) -> str:
    """The shared network, from the traced right-hand side."""
    return shared_network(_wholes())


def shared_network(wholes: Mapping[str, Structure]) -> str:
    """The equations of the network, which are the same for both mechanisms."""
    structure = wholes["monoclonal"]
    parts = (structure.network_part,)
    return _derivatives(structure, parts) + _defined(structure, parts)


@fragment("equations_rescue")
def equations_rescue(_book: BookData) -> str:
    """Co-medications and the CRP readout, from the traced right-hand side."""
    return beside(_wholes())


def beside(wholes: Mapping[str, Structure]) -> str:
    """The equations of what is given and read beside a drug."""
    structure = wholes["monoclonal"]
    parts = structure.optional_parts
    return _derivatives(structure, parts) + _defined(structure, parts)


@fragment("network_parameters")
def network_parameters(_book: BookData) -> str:
    """The 17 parameters: prior, locked value, posterior width, source."""
    record = current_record()
    sd = {name: sd for name, (_, sd) in record.moments.items()}
    rows = [
        (
            link(name),
            row.description,
            row.unit,
            _prior_of(name, row.estimate, row.prior.median),
            f"{row.prior.log10_sd:g}" if row.prior.status == "estimated" else "fixed",
            record.network.values()[name],
            decimals(sd[name], 2) if name in sd else "fixed",
            row.source.replace(";", ", "),
        )
        for name, row in network_table().items()
    ]
    header = (
        "symbol",
        "what it is",
        "unit",
        "prior median",
        "prior sd (log10)",
        "locked value",
        "posterior sd (log10)",
        "source",
    )
    return table(header, rows)


def _prior_of(name: str, estimate: str, median: float) -> float | str:
    """A prior's median; where a ratio is estimated, as a multiple of what it is a ratio to."""
    under = estimate.partition("/")[2]
    return f"{number(median)} × {under}" if under and estimate != name else median


def _as_given(quantity: SourcedValue) -> str:
    """A number as its file gives it, with its unit; of a rate with a prior, the prior."""
    if quantity.same_as:
        return f"that of {quantity.same_as}"
    value = number(quantity.value)
    if quantity.low is not None and quantity.high is not None:
        value += f" ({number(quantity.low)}–{number(quantity.high)})"
    value += "" if quantity.unit == "1" else f" {quantity.unit}"
    if quantity.log10_sd:
        value += f" (prior median; sd {quantity.log10_sd:g} in log10, {quantity.status})"
    return value


_HELD_AS = {
    "half_life": "CL",
    "half_life_CL": "k_CL",
    "weight": "weight_kg",
    "bsa": "bsa_m2",
}
"""Inputs that the record holds under another name."""
_HELD_UNITS = {"weight_kg": "kg", "bsa_m2": "m²", "F": NOT_READ}
"""Units of what the equations do not have: a bioavailability, say, is in the doses by then."""
_WITHOUT_SUFFIX = ("f_R", "k_e0")
"""Inputs of co-medications whose symbols do not name them."""


def _locked(
    name: str, held: DrugInputs | TocilizumabInputs | SteroidInputs, suffix: str = ""
) -> str:
    """The value that the lock record holds, in the model's units."""
    key = _HELD_AS.get(name, name)
    if not hasattr(held, key):
        return NOT_READ  # a molar mass, which is in another number by then
    unit = _HELD_UNITS.get(key) or in_words(key + ("" if key in _WITHOUT_SUFFIX else suffix))[1]
    value = number(getattr(held, key))
    value += "" if unit == NOT_READ else f" {unit}"
    return value if name in (key, "weight", "bsa") else f"{key}: {value}"


def _metric(label: str) -> str:
    """A label with its units as they are printed."""
    return label.replace("ug/m2", "µg/m²").replace("ug/", "µg/")


@fragment("drug_inputs")
def drug_inputs(_book: BookData) -> str:
    """Every input of every drug and co-medication, as its file gives it and as it was locked."""
    header = ("input", "as given", "locked", "source", "note")
    record = current_record()
    parts = []
    for name in shipped_drugs():
        file: DrugFile = load_drug(name)
        rows = _inputs(file.sources, record.drug(name))
        regimens = "; ".join(
            f"`{key}`, {_metric(regimen.label)}" for key, regimen in file.regimens.items()
        )
        parts.append(f"**{file.inputs.label}** ({file.inputs.mechanism}). Regimens: {regimens}.\n")
        parts.append(table(header, rows))
    rows = _inputs(load_tocilizumab().sources, record.tocilizumab, "_tcz")
    parts += ["**Tocilizumab** (the rescue).\n", table(header, rows)]
    rows = _inputs(load_dexamethasone().sources, record.dexamethasone, "_dex")
    parts += ["**Dexamethasone** (a steroid beside).\n", table(header, rows)]
    return "\n".join(parts)


def _sources_of_inputs() -> dict[str, Mapping[str, SourcedValue]]:
    """Inputs of every drug and co-medication, as their files give them."""
    files = {name: load_drug(name).sources for name in shipped_drugs()}
    files["tocilizumab"] = load_tocilizumab().sources
    files["dexamethasone"] = load_dexamethasone().sources
    return files


def _inputs(
    sources: Mapping[str, SourcedValue],
    held: DrugInputs | TocilizumabInputs | SteroidInputs,
    suffix: str = "",
) -> list[tuple[str, ...]]:
    return [
        (name, _as_given(q), _locked(name, held, suffix), ", ".join(q.source), q.note)
        for name, q in sources.items()
    ]


@fragment("observations")
def observations(_book: BookData) -> str:
    """The points that fits are held to."""
    rows = [
        (
            o.id,
            o.course,
            _when(o),
            o.value_pg_mL,
            decimals(o.sigma_log10, 2),
            _meaning(o),
            o.use,
        )
        for o in load_observations()
    ]
    header = (
        "row",
        "course",
        "time (h)",
        "pg/mL (B cells: share)",
        "σ (log10)",
        "what is known",
        "used as",
    )
    return table(header, rows)


def _when(one: Observation) -> str:
    if one.time_h is not None:
        return f"{one.time_h:g}"
    if one.window_h is None:
        return "peak"
    start, end = one.window_h
    return f"peak, {start:g}–{end:g}"


def _meaning(one: Observation) -> str:
    """What the level is, where it is not the level itself."""
    if one.censored_above_pg_mL is not None:
        return f"above {one.censored_above_pg_mL:g} pg/mL"
    if one.at_most:
        return "at most this"
    if one.assay_floor_pg_mL is not None:
        return f"median of values above {one.assay_floor_pg_mL:g} pg/mL"
    return "the level"


def _source(row: EvidenceRow) -> str:
    """The citation, and the words of the row where they say more; a row without one as it is."""
    reference = references().get(row.id)
    if reference is None:
        return row.source
    cited = f"{{cite}}`{reference.key}`"
    return cited if row.source == reference.source else f"{row.source} {cited}"


def _level(row: EvidenceRow) -> str:
    parts = [] if row.value is None else [number(row.value)]
    if row.low is not None or row.high is not None:
        low = "" if row.low is None else number(row.low)
        high = "" if row.high is None else number(row.high)
        parts.append(f"[{low}–{high}]")
    return " ".join([*parts, row.value_text or "", row.unit or ""]).strip()


@fragment("evidence")
def evidence(_book: BookData) -> str:
    """Every row of every evidence table, folded."""
    known = load_tables()
    header = ("row", "what", "value", "source", "verified", "note")
    parts = []
    for name in known.texts:
        rows = [
            (
                row.id,
                ", ".join(filter(None, (row.drug, row.analyte, row.statistic))),
                _level(row),
                _source(row),
                row.verified,
                row.note or "",
            )
            for row_id, row in known.items()
            if known.tables[row_id] == name
        ]
        title = name.removesuffix(".csv").replace("_", " ")
        parts.append(f":::{{dropdown}} {title} ({len(rows)} rows)\n{table(header, rows)}:::\n")
    return "\n".join(parts)


def _of_another(name: str) -> str:
    """The parameter that a prior of a ratio multiplies; empty if the prior is of no ratio."""
    return f" × ${network_table()[name].symbol}$" if name else ""


@fragment("declared_assumptions")
def declared_assumptions(_book: BookData) -> str:
    """Every input that rests, wholly or partly, on a declared assumption."""
    record = current_record()
    severity = record.content["severity"]
    rows: list[tuple[Any, ...]] = [
        (
            "network",
            f"${row.symbol}$",
            number(row.prior.median)
            + (_of_another(row.relative_to) or ("" if row.unit == "1" else f" {row.unit}"))
            + (" (prior median)" if row.prior.status == "estimated" else " (fixed)"),
            row.note or row.description,
        )
        for row in network_table().values()
        if "declared assumption" in row.source
    ]
    for name, sources in _sources_of_inputs().items():
        for key, quantity in sources.items():
            if "declared assumption" in quantity.source:
                rows.append((name, key, _as_given(quantity), quantity.note))
    rows += [
        ("CRP", link(key), f"{number(record.crp.values()[key])} {in_words(key)[1]}", origin)
        for key, origin in CRP_SOURCES.items()
        if DECLARED in origin
    ]
    rows += [
        (
            "severity",
            f"lowest index of grade {grade}",
            decimals(severity["boundaries"][f"grade_{grade}"], 2),
            origin,
        )
        for grade, origin in grade_boundaries()
    ]
    rows.append(("severity", "tie", f"{severity['tie']:g}", "indices this close are not an order"))
    return table(("owner", "input", "value", "what is assumed"), rows)


_DOUBT = re.compile(r"\b(?:unverified|assumed)\b")


@fragment("doubted_rows")
def doubted(book: BookData) -> str:
    """Rows marked as verified whose own notes take something back, and where each is used."""
    shown = {
        name: (book.notebooks / f"{name}.ipynb").read_text(encoding="utf-8")
        for name in notebooks.chapter_names(book.notebooks)
    }
    used: dict[str, list[str]] = {}
    held = {"network": [row.source for row in network_table().values()]}
    held |= {
        name: [" ".join(q.source) for q in given.values()]
        for name, given in _sources_of_inputs().items()
    }
    held["the points of the fit"] = [" ".join(o.sources) for o in load_observations()]
    rows = []
    for row_id, row in load_tables().items():
        if row.verified != "yes" or not _DOUBT.search(row.note):
            continue
        used[row_id] = [name for name, texts in held.items() if any(row_id in t for t in texts)]
        used[row_id] += [
            f"[](../notebooks/{n}.ipynb)" for n, text in shown.items() if row_id in text
        ]
        what = ", ".join(filter(None, (row.drug, row.analyte, row.statistic)))
        rows.append((row_id, what, row.note, ", ".join(used[row_id]) or "nowhere"))
    return (
        ":::{admonition} Rows marked as verified whose notes say otherwise\n:class: warning\n"
        f"{len(rows)} rows carry *verified = yes*, and a note that calls something *unverified* "
        "or *assumed*: of some the DOI alone, of others the number itself. The tables are fixed by "
        "the lock, so the mark stays as it is; read these rows by their notes.\n\n"
        f"{table(('row', 'what', 'its note', 'used in'), rows)}:::\n"
    )


@fragment("sealed_tables")
def sealed(_book: BookData) -> str:
    """The held-back tables: what they hold, their state and their hash."""
    rows = [
        (name, held.description, status(name), f"`{held.sha256}`")
        for name, held in sealed_tables().items()
    ]
    return table(("table", "what it holds", "state", "SHA-256"), rows)


def _made_from(digests: Mapping[str, str]) -> tuple[str, str]:
    """Lock v1 has one digest of all the evidence, later ones one of each input."""
    if "evidence" in digests:
        return ("evidence", f"`{digests['evidence']}`")
    return ("inputs", f"{len(digests)}, each by a digest that `lock verify` compares")


@fragment("lock")
def lock(_book: BookData) -> str:
    """The lock record in a few lines."""
    record = current_record()
    rows = [
        ("version", record.version),
        ("date", record.date),
        ("reason", record.reason),
        ("digest", f"`{record.digest}`"),
        ("equations", f"`{record.equations_digest}`"),
        _made_from(record.content["digests"]),
    ]
    return table(("lock record", ""), rows)


@fragment("no_longer_verified")
def no_longer_verified_inputs(_book: BookData) -> str:
    """What of any lock record can no longer be verified byte by byte, and why."""
    rows = [
        (version, name, why)
        for version in versions()
        for name, why in no_longer_verified(version).items()
    ]
    return table(("lock", "what it was made from", "why it cannot be told"), rows)
