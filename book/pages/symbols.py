"""The glossary's symbols: what each stands for, its unit, its value at the lock, where it enters.

Nothing here is typed twice: words and units are those of the exports, values those of the lock
record, sources those of the parameter table and the drug files, and where a symbol enters is read
off the traced equations.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache

from qsp_lib.common import decimals, number
from qsp_lib.drugs import SourcedValue, load_dexamethasone, load_drug, load_tocilizumab
from qsp_lib.evidence import DECLARED
from qsp_lib.model import (
    AREA_H,
    MECHANISMS,
    MILD_PEAK_MG_L,
    QUANTITIES,
    SEVERE_PEAK_MG_L,
    TOCILIZUMAB,
    Structure,
    network_table,
    whole,
)
from qsp_lib.model import symbolic as intermediates
from qsp_lib.protocol import current_record

from . import typeset
from .fragments import BookData, fragment, table

NOT_READ = "–"
_COMPARTMENTS = ("V1", "CL", "V2", "Q")
_FROM_HALF_LIVES = {"CL": "half_life", "k_CL": "half_life_CL"}
CRP_SOURCES = {
    "k_CRP": f"so that TGN1412's untreated CRP peaks at {SEVERE_PEAK_MG_L:g} mg/L; {DECLARED}",
    "K_CRP": f"so that blinatumomab's peaks at {MILD_PEAK_MG_L:g} mg/L; {DECLARED}",
    "d_CRP": "EA125",
}


def anchor(name: str) -> str:
    """The place of a symbol on the glossary page; capitals count, so K_M and k_M differ."""
    return f"symbol-{name}"


def link(name: str) -> str:
    """A symbol that leads to its place in the glossary, for a page in the folder ``book``."""
    place = f"glossary.html#{anchor(name)}"
    # what MathJax draws has no words for a screen reader
    return f'<a class="symbol" href="{place}" aria-label="{name} in the glossary">{_math(name)}</a>'


@cache
def shown(mechanism: str = "bispecific") -> Structure:
    """Every part that the current record knows; a bispecific's has all symbols."""
    network = current_record().network
    return whole(mechanism, network.feedback, network.t_cells)


def derived_names() -> tuple[str, ...]:
    """Named intermediate quantities of the equations."""
    return tuple(str(symbol) for symbol in intermediates.definitions(shown()))


@cache
def _holds(mechanism: str) -> dict[str, frozenset[str]]:
    """Names of the symbols in each definition and in the rate of each state."""
    structure = shown(mechanism)
    definitions = {str(name): value for name, value in intermediates.definitions(structure).items()}
    # a state and a definition never share a name
    expressions = definitions | intermediates.regrouped(structure)
    return {
        name: frozenset(map(str, expression.free_symbols))
        for name, expression in expressions.items()
    }


def enters(name: str) -> tuple[str, ...]:
    """Names of the states whose rate, and of the quantities whose definition, a symbol is in."""
    order = (*derived_names(), *shown().states)
    found = {
        place
        for mechanism in MECHANISMS
        for place, symbols in _holds(mechanism).items()
        if name in symbols and place != name
    }
    return tuple(sorted(found, key=order.index))


def is_read(name: str, mechanism: str) -> bool:
    """Whether the equations of a mechanism have the symbol at all."""
    return any(name in symbols for symbols in _holds(mechanism).values())


@fragment("symbols_states")
def states(_book: BookData) -> str:
    """The states, with their values before the first dose."""
    held = shown()
    before = {
        # of targets, what a parameter says of the patient
        name: _math(held.starts[name]) if name in held.starts else f"{start:g}"
        for name, start in zip(held.states, held.before, strict=True)
    }
    rows = [(*_head(name), start, _entered(name)) for name, start in before.items()]
    return table((*_HEAD, "before the first dose", "enters"), rows)


@fragment("symbols_network")
def network(_book: BookData) -> str:
    """The 17 parameters of the shared network."""
    locked = current_record().network.values()
    rows = [
        (*_head(name), locked[name], _entered(name), _sources(row.source.split(";")))
        for name, row in network_table().items()
    ]
    return table((*_HEAD, "at the lock", "enters", "prior from"), rows)


@fragment("symbols_drug")
def drug(_book: BookData) -> str:
    """What each drug brings, one column a drug."""
    record = current_record()
    names = sorted(record.drug_names, key=lambda name: record.drug(name).label.lower())
    labels = [record.drug(name).label for name in names]
    rows = [
        (*_head(symbol), *(_drug_value(symbol, name) for name in names), _entered(symbol))
        for symbol in shown().drug_parameters
    ]
    return table((*_HEAD, *labels, "enters"), rows)


@fragment("symbols_rescue")
def rescue(_book: BookData) -> str:
    """Co-medications and the CRP readout."""
    record, given = current_record(), load_tocilizumab().sources
    values = record.tocilizumab.values() | record.crp.values()
    sources = {name: _sources(given[name.removesuffix("_tcz")].source) for name in TOCILIZUMAB}
    if shown().steroid:
        steroid = load_dexamethasone()
        values |= steroid.inputs.values()
        sources |= {
            name: _sources(steroid.sources[name.removesuffix("_dex")].source)
            for name in steroid.inputs.values()
        }
    rows = [
        (*_head(name), values[name], _entered(name), (sources | CRP_SOURCES)[name])
        for part in shown().optional_parts
        for name in part.parameters
    ]
    return table((*_HEAD, "at the lock", "enters", "source"), rows)


@fragment("symbols_derived")
def derived(_book: BookData) -> str:
    """Dosing rates, and quantities that are named to make the equations readable."""
    rows = [(*_head(name), "set by the regimen", _entered(name)) for name in shown().inputs]
    for name in derived_names():
        forms = [_formula(name, mechanism) for mechanism in MECHANISMS]
        text = forms[0]
        if forms[0] != forms[1]:
            text = "<br>".join(f"{m}: {f}" for m, f in zip(MECHANISMS, forms, strict=True))
        rows.append((*_head(name), text, _entered(name)))
    return table((*_HEAD, "is", "enters"), rows)


def grade_boundaries() -> tuple[tuple[int, str], ...]:
    """Each illustrative grade above 0, with where its lowest index comes from."""
    given = current_record().content["severity"]
    edges, index = given["boundaries"], given["index"]
    above_mild = edges["grade_2"] - index["blinatumomab"]
    below_severe = index["tgn1412"] - edges["grade_4"]
    return (
        (1, f"{decimals(10 ** edges['grade_1'], 0)} times the healthy level, declared"),
        (2, f"blinatumomab's median index and {decimals(above_mild, 2)}"),
        (3, "half way between those of grades 2 and 4"),
        (4, f"TGN1412's median index less {decimals(below_severe, 2)}"),
    )


@fragment("symbols_severity")
def severity_symbols(_book: BookData) -> str:
    """The severity index, its baselines, its boundaries and the tie."""
    given = current_record().content["severity"]
    edges, base = given["boundaries"], given["baselines"]
    integral = rf"$\log_{{10}}\int_0^{{{AREA_H:g}}} S\,dt$"
    rows = [
        _named(
            "b", "b", "healthy IL-6, to which the signal is added", "pg/mL", base["IL6"], "BL001"
        ),
        _named(
            "b_TNF", r"b_\mathrm{TNF}", "healthy TNF", "pg/mL", base["TNF"], "midpoint of BL002"
        ),
        _named(
            "b_IFN", r"b_\mathrm{IFN}", "healthy IFN-γ", "pg/mL", base["IFN"], "midpoint of BL003"
        ),
        _named(
            "z",
            "z",
            "severity index: the peak fold-rise of the effective signal, as a power of ten",
            "1",
            r"$\log_{10}\,(b + \max_t S)/b$",
            "a modelling choice",
        ),
        _named(
            "tie",
            r"\Delta z",
            "two indices this close are a tie, and a tie is not an order",
            "1",
            given["tie"],
            "declared before the lock",
        ),
        *(
            _named(
                f"z_{n}",
                f"z_{n}",
                f"lowest index of the illustrative grade {n}",
                "1",
                edges[f"grade_{n}"],
                origin,
            )
            for n, origin in grade_boundaries()
        ),
        _named(
            "area",
            "a",
            f"area of the signal over the first {AREA_H:g} h, as a power of ten: "
            "another definition of severity",
            "log10 pg/mL·h",
            integral,
            "a modelling choice",
        ),
    ]
    return table((*_HEAD, "at the lock", "from"), rows)


_HEAD = ("symbol", "what it is", "unit")


def _math(name: str) -> str:
    return f"${QUANTITIES[name].latex}$"


def _placed(name: str, shown: str) -> str:
    return f'<span id="{anchor(name)}" class="symbol">{shown}</span>'


def _head(name: str) -> tuple[str, str, str]:
    return _placed(name, f"{_math(name)}<br>`{name}`"), *in_words(name)


def in_words(name: str) -> tuple[str, str]:
    """What a symbol stands for, and its unit."""
    quantity = QUANTITIES[name]
    return quantity.words, _unit(quantity.unit)


def _named(
    name: str, symbol: str, words: str, unit: str, value: object, origin: str
) -> tuple[object, ...]:
    return _placed(name, f"${symbol}$"), words, _unit(unit), value, origin


def _unit(unit: str) -> str:
    return NOT_READ if unit == "1" else unit.replace("ug", "µg")


def _entered(name: str) -> str:
    return ", ".join(_math(place) for place in enters(name)) or "a readout"


def _sources(given: Iterable[str]) -> str:
    return ", ".join(source.strip() for source in given)


def _formula(name: str, mechanism: str) -> str:
    given = intermediates.definitions(shown(mechanism))
    known = {str(symbol): value for symbol, value in given.items()}
    return rf"$\displaystyle {typeset.latex(known[name])}$"


def _drug_value(symbol: str, name: str) -> str:
    """A drug's locked value with where it comes from; a dash for what its equations do not have."""
    inputs, given = current_record().drug(name), load_drug(name).sources
    if not is_read(symbol, inputs.mechanism) or (symbol in ("V2", "Q") and inputs.Q == 0):
        return NOT_READ
    if symbol in _COMPARTMENTS and inputs.table is not None:
        return NOT_READ  # its concentrations are tabulated
    quantity = given.get(symbol)
    if getattr(inputs, symbol) is None:
        return NOT_READ  # a form of exposure that the drug does not have
    if symbol == "B_0":
        origin = "of the average patient"
    elif quantity is None:
        origin = f"half-life: {_sources(given[_FROM_HALF_LIVES[symbol]].source)}"
    else:
        origin = _origin(quantity)
    return f"{number(getattr(inputs, symbol))}<br><small>{origin}</small>"


def _origin(quantity: SourcedValue) -> str:
    if quantity.same_as:
        return f"{current_record().drug(quantity.same_as).label}'s; declared"
    sources = _sources(quantity.source).replace(DECLARED, "declared")
    return f"fitted; prior: {sources}" if quantity.status == "estimated" else sources
