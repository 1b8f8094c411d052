"""The glossary: no symbol is missing, and each row says what the model itself says."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import pytest

from book.pages import symbols
from book.pages.fragments import FRAGMENTS, BookData
from qsp_lib.common import number
from qsp_lib.model.equations import INPUTS, NETWORK, PARAMETERS, STATES
from qsp_lib.model.priors import network_table
from qsp_lib.model.structure import CONSTANT_RECOVERY, Structure, whole
from qsp_lib.model.vocabulary import QUANTITIES
from qsp_lib.protocol.lock import current_record

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "book" / "glossary.md").read_text(encoding="utf-8")


@cache
def made() -> dict[str, str]:
    """The tables of the page by name."""
    names = re.findall(r"generated/(symbols_\w+)\.md", PAGE)
    return {name: FRAGMENTS[name](BookData(ROOT / "notebooks", {})) for name in names}


def row(name: str) -> list[str]:
    """The cells of a symbol's row."""
    place = f'id="{symbols.anchor(name)}"'
    found = [line for text in made().values() for line in text.splitlines() if place in line]
    assert len(found) == 1, f"{name} has {len(found)} rows"
    return [cell.strip() for cell in found[0].strip("|").split(" | ")]


def cell(name: str, drug: str) -> str:
    """What the row of a symbol says of a drug."""
    header = [
        part.strip() for part in made()["symbols_drug"].splitlines()[0].strip("|").split(" | ")
    ]
    return row(name)[header.index(current_record().drug(drug).label)]


SHOWN = symbols.shown()
"""Every part that the current record knows."""


@pytest.mark.parametrize(
    "name", [*SHOWN.states, *SHOWN.parameters, *SHOWN.inputs, *symbols.derived_names()]
)
def test_every_symbol_is_on_the_page_once_with_words(name: str) -> None:
    cells = row(name)
    assert f"`{name}`" in cells[0]
    assert len(cells[1]) > 10


def test_every_group_of_symbols_is_on_the_page() -> None:
    known = {name for name in FRAGMENTS if name.startswith("symbols_")}
    assert set(made()) == known


@pytest.mark.parametrize(("name", "unit"), [(name, QUANTITIES[name].unit) for name in STATES])
def test_a_state_has_its_unit(name: str, unit: str) -> None:
    assert row(name)[2] == {"1": "–", "ug": "µg"}.get(unit, unit)


@pytest.mark.parametrize("name", NETWORK)
def test_a_network_parameter_has_its_locked_value_and_its_sources(name: str) -> None:
    cells = row(name)
    assert cells[3] == number(current_record().network.values()[name])
    assert cells[5] == network_table()[name].source.replace(";", ", ")


def test_a_drug_shows_only_what_its_equations_read() -> None:
    record = current_record()
    labels = [record.drug(name).label for name in record.drug_names]
    header = [
        part.strip() for part in made()["symbols_drug"].splitlines()[0].strip("|").split(" | ")
    ]
    assert header[3:-1] == sorted(labels, key=str.lower)
    dashes = [("K_hook", "okt3"), ("K_hook", "tgn1412"), ("Q", "blinatumomab"), ("Q", "okt3")]
    dashes += [("CL", "epcoritamab"), ("k_a", "blinatumomab")]  # a table, and into a vein
    assert {cell(*place) for place in dashes} == {"–"}
    assert cell("CL", "okt3").startswith(number(record.drug("okt3").CL) + "<br>")
    assert "half-life" in cell("CL", "okt3") and "TGN1412's" in cell("k_act", "okt3")
    assert "fitted" in cell("k_exh", "tgn1412") and "fitted" not in cell("k_exh", "okt3")
    assert "Blinatumomab's" in cell("k_exh", "teclistamab")


@pytest.mark.parametrize(
    ("name", "places"),
    [
        ("K_M", ("H_M",)),
        ("w_TNF", ("sigma",)),
        ("k_act", ("R", "A")),
        ("f_R", ("IL6",)),
        ("K_hook", ("E",)),
        ("CRP", ()),
        ("M", ("TNF", "IL6")),
        ("A", ("X", "B", "IFN", "TNF", "IL6")),
    ],
)
def test_where_a_symbol_enters_is_read_off_the_equations(
    name: str, places: tuple[str, ...]
) -> None:
    assert symbols.enters(name) == places


def test_the_parts_of_another_record_have_their_symbols_on_the_page(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """As they stood under lock v1, whose T cells recover at a constant rate."""

    def shown(mechanism: str = "bispecific") -> Structure:
        return whole(mechanism, "gated", CONSTANT_RECOVERY)

    monkeypatch.setattr(symbols, "shown", shown)
    symbols._holds.cache_clear()
    text = "".join(FRAGMENTS[name](BookData(ROOT / "notebooks", {})) for name in made())
    symbols._holds.cache_clear()
    two = shown()
    for name in (*two.states, *two.parameters, *two.inputs, *two.quantity_names):
        assert text.count(f'id="{symbols.anchor(name)}"') == 1, name
    assert "symbol-IC50_dex" not in text and "symbol-B_0" not in text


def test_the_parts_that_came_with_lock_v2_have_their_rows() -> None:
    assert f"${QUANTITIES['B_0'].latex}$" in row("B")[3]
    line = " | ".join(row("IC50_dex"))
    assert "SD002" in line and f"${QUANTITIES['s'].latex}$" in line


def test_the_boundaries_are_those_of_the_lock() -> None:
    given = current_record().content["severity"]
    for n in (1, 2, 3, 4):
        assert row(f"z_{n}")[3] == number(given["boundaries"][f"grade_{n}"])
    assert row("tie")[3] == number(given["tie"])
    assert "5 times" in row("z_1")[4] and "and 0.25" in row("z_2")[4]


def test_a_link_leads_to_the_symbol_and_not_to_its_namesake() -> None:
    assert 'href="glossary.html#symbol-K_M"' in symbols.link("K_M")
    anchors = {symbols.anchor(name) for name in (*STATES, *PARAMETERS, *INPUTS)}
    assert len(anchors) == len({*STATES, *PARAMETERS, *INPUTS})


def test_terms_stand_in_order_and_each_has_words() -> None:
    body = PAGE.split("```{glossary}\n")[1].split("```")[0]
    terms = [line for line in body.splitlines() if line and not line.startswith(" ")]
    assert len(terms) > 30
    assert terms == sorted(terms, key=str.lower)
    assert all(len(entry.split("\n", 1)[1]) > 40 for entry in body.strip().split("\n\n"))
