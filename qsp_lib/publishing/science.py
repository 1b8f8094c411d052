"""The book's generated pieces about the science: equations, parameters, data, the lock."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ..drugs import DrugFile, Quantity, load_drug, load_tocilizumab, shipped_drugs
from ..evidence import load_tables
from ..evidence_row import EvidenceRow
from ..lock import current_record
from ..observations import load_observations
from ..parameters import network_table
from ..seal import sealed_tables, status
from . import typeset
from .fragments import BookData, fragment, table
from .references import references
from .substitutions import format_value
from .symbols import link

_UPSTREAM = ("A_c", "A_p", "R", "A", "X", "B")
_NETWORK = ("IFN", "TNF", "M", "IL6", "S")
_RESCUE = ("T_c", "T_p", "CRP")


def _math(lines: Iterable[tuple[str, str]]) -> str:
    body = " \\\\[0.5em]\n".join(f"{left} &= {right}" for left, right in lines)
    return f"$$\n\\begin{{aligned}}\n{body}\n\\end{{aligned}}\n$$\n"


def _derivatives(states: Iterable[str], mechanism: str) -> str:
    regrouped = typeset.regrouped(mechanism)
    return _math(
        (rf"\frac{{d {typeset.LATEX[name]}}}{{dt}}", typeset.latex(regrouped[name]))
        for name in states
    )


def _defined(names: Iterable[str], mechanism: str) -> str:
    known = {str(symbol): value for symbol, value in typeset.definitions(mechanism).items()}
    return _math((typeset.LATEX[name], typeset.latex(known[name])) for name in names)


@fragment("equations_upstream")
def equations_upstream(_book: BookData) -> str:
    """Exposure, engagement and T cells, from the traced right-hand side."""
    return (
        _defined(("C", "C_p"), "bispecific")
        + _derivatives(_UPSTREAM, "bispecific")
        + "\nReceptor engagement of a monoclonal antibody (CD28 superagonist, anti-CD3), whose "
        "target pool $B$ plays no part:\n\n"
        + _defined(("E",), "monoclonal")
        + "\nand of a bispecific (CD3 × target), bell-shaped in exposure and limited by the "
        "target pool:\n\n" + _defined(("E",), "bispecific")
    )


@fragment("equations_network")
def equations_network(_book: BookData) -> str:
    """The shared network, from the traced right-hand side."""
    return _derivatives(_NETWORK, "monoclonal") + _defined(("sigma", "H_M", "H_S"), "monoclonal")


@fragment("equations_rescue")
def equations_rescue(_book: BookData) -> str:
    """Tocilizumab and the CRP readout, from the traced right-hand side."""
    return _defined(("C_tcz", "C_tcz_p", "rho"), "monoclonal") + _derivatives(_RESCUE, "monoclonal")


@fragment("network_parameters")
def network_parameters(_book: BookData) -> str:
    """The 17 parameters: prior, locked value, posterior width, source."""
    record = current_record()
    names, _, covariance = record.posterior
    sd = {name: float(covariance[i, i] ** 0.5) for i, name in enumerate(names)}
    rows = [
        (
            link(name),
            row.description,
            row.unit,
            row.prior.median,
            f"{row.prior.log10_sd:g}" if row.prior.status == "estimated" else "fixed",
            record.network.values()[name],
            f"{sd[name]:.2f}" if name in sd else "fixed",
            row.source.replace(";", ", "),
        )
        for name, row in network_table().items()
    ]
    header = (
        "symbol", "what it is", "unit", "prior median", "prior sd (log10)", "locked value",
        "posterior sd (log10)", "source",
    )  # fmt: skip
    return table(header, rows)


def _quantity(name: str, quantity: Quantity) -> tuple[str, str, str, str, str]:
    value = f"that of {quantity.same_as}" if quantity.same_as else format_value(quantity.value)
    if quantity.low is not None and quantity.high is not None:
        value += f" ({format_value(quantity.low)}–{format_value(quantity.high)})"
    if quantity.log10_sd:
        value += f" (prior sd {quantity.log10_sd:g} in log10, {quantity.status})"
    return name, value, quantity.unit, ", ".join(quantity.source), quantity.note


@fragment("drug_inputs")
def drug_inputs(_book: BookData) -> str:
    """Every input of every drug and of tocilizumab, as its file gives it."""
    header = ("input", "value", "unit", "source", "note")
    parts = []
    for name in shipped_drugs():
        file: DrugFile = load_drug(name)
        rows = [_quantity(key, quantity) for key, quantity in file.sources.items()]
        regimens = ", ".join(f"{key}: {regimen.label}" for key, regimen in file.regimens.items())
        parts.append(f"**{file.inputs.label}** ({file.inputs.mechanism}). Regimens: {regimens}.\n")
        parts.append(table(header, rows))
    rows = [_quantity(key, quantity) for key, quantity in load_tocilizumab().sources.items()]
    return "\n".join([*parts, "**Tocilizumab** (the rescue).\n", table(header, rows)])


@fragment("observations")
def observations(_book: BookData) -> str:
    """The points that fits are held to."""
    rows = [
        (
            o.id,
            o.course,
            "peak" if o.time_h is None else f"{o.time_h:g}",
            o.value_pg_mL,
            f"{o.sigma_log10:.2f}",
            f"above {o.censored_above_pg_mL:g}" if o.censored_above_pg_mL else "",
            o.use,
        )
        for o in load_observations()
    ]
    header = ("row", "course", "time (h)", "pg/mL", "σ (log10)", "right-censored", "used as")
    return table(header, rows)


def _source(row: EvidenceRow) -> str:
    """The citation, and the words of the row where they say more; a row without one as it is."""
    reference = references().get(row.id)
    if reference is None:
        return row.source
    cited = f"{{cite}}`{reference.key}`"
    return cited if row.source == reference.source else f"{row.source} {cited}"


def _level(row: EvidenceRow) -> str:
    parts = [] if row.value is None else [format_value(row.value)]
    if row.low is not None or row.high is not None:
        low = "" if row.low is None else format_value(row.low)
        high = "" if row.high is None else format_value(row.high)
        parts.append(f"[{low}–{high}]")
    return " ".join([*parts, row.value_text or "", row.unit or ""]).strip()


@fragment("evidence")
def evidence(_book: BookData) -> str:
    """Every row of every evidence table, folded."""
    known = load_tables()
    header = ("row", "drug", "analyte", "statistic", "value", "verified", "source", "note")
    parts = []
    for name in known.table_sha256:
        rows = [
            (
                row.id, row.drug or "", row.analyte or "", row.statistic or "", _level(row),
                row.verified, _source(row), row.note or "",
            )
            for row_id, row in known.items()
            if known.tables[row_id] == name
        ]  # fmt: skip
        title = name.removesuffix(".csv").replace("_", " ")
        parts.append(f":::{{dropdown}} {title} ({len(rows)} rows)\n{table(header, rows)}:::\n")
    return "\n".join(parts)


@fragment("declared_assumptions")
def declared_assumptions(_book: BookData) -> str:
    """Every input that rests, wholly or partly, on a declared assumption."""
    rows: list[tuple[Any, ...]] = [
        ("network", f"${row.symbol}$", row.prior.median, row.unit, row.note or row.description)
        for row in network_table().values()
        if "declared assumption" in row.source
    ]
    files = {name: load_drug(name).sources for name in shipped_drugs()}
    files["tocilizumab"] = load_tocilizumab().sources
    for name, sources in files.items():
        for key, quantity in sources.items():
            if "declared assumption" in quantity.source:
                _, value, unit, _, note = _quantity(key, quantity)
                rows.append((name, key, value, unit, note))
    return table(("owner", "input", "value", "unit", "what is assumed"), rows)


@fragment("sealed_tables")
def sealed(_book: BookData) -> str:
    """The held-back tables: what they hold, their state and their hash."""
    rows = [
        (name, held.description, status(name), f"`{held.sha256}`")
        for name, held in sealed_tables().items()
    ]
    return table(("table", "what it holds", "state", "SHA-256"), rows)


@fragment("lock")
def lock(_book: BookData) -> str:
    """The lock record in a few lines."""
    record = current_record()
    rows = [
        ("version", record.version),
        ("date", record.content["date"]),
        ("reason", record.content["reason"]),
        ("digest", f"`{record.digest}`"),
        ("equations", f"`{record.content['structure']['equations_sha256']}`"),
        ("evidence", f"`{record.content['digests']['evidence']}`"),
    ]
    return table(("lock record", ""), rows)
