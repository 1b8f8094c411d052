"""The diagram as drawn, read back from its SVG: what the model has, all of it and nothing else."""

from __future__ import annotations

import re
from dataclasses import replace
from xml.etree import ElementTree

import pytest

from book.pages import network_layout
from book.pages.fragments import FRAGMENTS, BookData
from book.pages.network_diagram import Drawing, in_words
from book.pages.network_graph import OUTSIDE, Arrow, Graph, Kind, graph_of, simplified
from book.pages.network_layout import GROUPS, PHONE, SMALL, SMALL_PHONE, WIDE, Layout
from book.pages.svg_math import Letters, runs
from book.pages.symbols import shown
from qsp_lib.chapters.notebooks import ROOT
from qsp_lib.common.errors import InputError
from qsp_lib.model.structure import Structure, everything, of_lock_v1
from qsp_lib.model.symbolic import traced

BOOK = BookData(ROOT / "notebooks", {})
V1, V2 = of_lock_v1("bispecific"), everything("bispecific", "gated", "recovery at rest")
FULL = [(s, layout) for s in (V1, V2) for layout in (WIDE, PHONE)]
FEW = [(s, layout) for s in (V1, V2) for layout in (SMALL, SMALL_PHONE)]
LISTS = ("rates", "gates", "brakes", "effects")


def drawn(graph: Graph, layout: Layout, *, linked: bool) -> ElementTree.Element:
    return ElementTree.fromstring(Drawing(graph, layout, linked=linked).svg("a picture", "wide"))


def read_back(picture: ElementTree.Element) -> list[Arrow]:
    """The arrows that a drawing says it has."""
    groups = [g for g in picture.iter("g") if "data-kind" in g.attrib]
    assert all(g.find("path") is not None for g in groups)
    return [
        Arrow(
            Kind[g.attrib["data-kind"]],
            g.attrib["data-source"],
            g.attrib["data-target"],
            *(
                tuple(g.attrib[f"data-{k}"].split())
                for k in ("rates", "gates", "brakes", "effects")
            ),
        )
        for g in groups
    ]


def nodes(picture: ElementTree.Element) -> list[str]:
    return [g.attrib["data-node"] for g in picture.iter("g") if "data-node" in g.attrib]


@pytest.mark.parametrize(("structure", "layout"), FULL)
def test_every_state_and_interaction_is_drawn_and_no_other(
    structure: Structure, layout: Layout
) -> None:
    picture = drawn(graph_of(structure), layout, linked=True)
    found = Graph(graph_of(structure).nodes, tuple(read_back(picture)))
    in_equations = {
        (str(symbol), state)
        for state, rate in traced(structure).items()
        for symbol in rate.free_symbols
        if str(symbol) in structure.states and str(symbol) != state
    }
    assert found.interactions() == in_equations
    assert nodes(picture) == [node.name for node in found.nodes]
    assert {*structure.states} <= {*nodes(picture)}


@pytest.mark.parametrize(("structure", "layout"), FEW)
def test_the_small_one_says_the_same_with_parts_put_together(
    structure: Structure, layout: Layout
) -> None:
    whole = graph_of(structure)
    few = simplified(whole, GROUPS)
    picture = drawn(few, layout, linked=False)
    found = Graph(few.nodes, tuple(read_back(picture)))
    stands = {node.name: GROUPS.get(node.part, node.name) for node in whole.nodes}
    pairs = {(stands[a], stands[b]) for a, b in whole.interactions()}
    assert found.interactions() == {(a, b) for a, b in pairs if a != b}
    assert nodes(picture) == [node.name for node in few.nodes]


@pytest.mark.parametrize(("structure", "layout"), FULL)
def test_every_symbol_leads_to_its_place_in_the_glossary(
    structure: Structure, layout: Layout
) -> None:
    picture = drawn(graph_of(structure), layout, linked=True)
    linked = {a.attrib["href"].removeprefix("glossary.html#symbol-") for a in picture.iter("a")}
    named = {*structure.inputs, *structure.quantity_names, *structure.states}
    read = {str(s) for rate in traced(structure).values() for s in rate.free_symbols}
    assert linked == named | read | {*structure.starts.values()}
    assert all(a.attrib["aria-label"] for a in picture.iter("a"))


@pytest.mark.parametrize(("structure", "layout"), FULL + FEW)
def test_nothing_is_drawn_beyond_the_picture_or_over_another_node(
    structure: Structure, layout: Layout
) -> None:
    wide, high = layout.size
    places = {n: layout.places[n] for n in graph_or_few(structure, layout)}
    for name, (x, y) in places.items():
        assert layout.box[0] / 2 - 9 <= x <= wide - layout.box[0] / 2 + 9, name
        assert layout.box[1] / 2 - 1 <= y <= high - layout.box[1] / 2 + 1, name
        for other, (a, b) in places.items():
            apart = abs(a - x) >= layout.box[0] or abs(b - y) >= layout.box[1]
            assert other == name or apart or "_" in f"{name}{other}", (name, other)


def graph_or_few(structure: Structure, layout: Layout) -> list[str]:
    graph = graph_of(structure)
    graph = simplified(graph, GROUPS) if layout in (SMALL, SMALL_PHONE) else graph
    return [node.name for node in graph.nodes if node.is_state]


@pytest.mark.parametrize("layout", [WIDE, PHONE, SMALL, SMALL_PHONE])
def test_letters_stay_readable(layout: Layout) -> None:
    """Where a page shows it: 688 px beside the contents, the front page's width, a phone's 358."""
    available = {800: 688, 930: 900, 358: 358}[int(layout.size[0])]
    assert (layout.letters - 0.5) * min(1, available / layout.size[0]) >= 11


def test_a_state_without_a_place_is_refused_by_name() -> None:
    homeless = replace(WIDE, places={n: p for n, p in WIDE.places.items() if n != "IL6"})
    with pytest.raises(InputError, match=r"no place for IL6; give it one in book/pages/network_l"):
        Drawing(graph_of(V1), homeless, linked=True)


def test_the_words_of_the_picture_are_made_of_its_arrows() -> None:
    said = in_words(simplified(graph_of(V2), GROUPS))
    for words in (
        "the IL-6 signal raises IL-6, given macrophages, attacked by dexamethasone",
        "responsive T cells become activated T cells, given drug and target cells",
        "IL-6 raises the IL-6 signal, attacked by tocilizumab",
        "activated T cells removes target cells",
    ):
        assert (
            words in said or words.replace("target cells and drug", "drug and target cells") in said
        )
    assert OUTSIDE not in said.split(" ")


@pytest.mark.parametrize("name", ["network", "network_small"])
def test_a_page_gets_both_arrangements_of_what_the_record_knows(name: str) -> None:
    text = FRAGMENTS[name](BOOK)
    assert text.count("<svg") == 2
    assert len(re.findall(r'class="network (wide|narrow)"', text)) == 2
    for state in ("IL6", "TNF", "A"):
        assert text.count(f'data-node="{state}"') == 2
    assert ("glossary.html" in text) == (name == "network")
    assert ('"D_c"' in text) == bool(shown().steroid) or name == "network_small"


def test_every_frame_belongs_to_a_part_and_every_title_has_its_frame() -> None:
    assert {*WIDE.frames} == {*PHONE.frames} == {*network_layout.TITLES.values()}


@pytest.mark.parametrize(
    ("latex", "expected"),
    [
        (r"K_\mathrm{hook}", [Letters("K", False), Letters("hook", True, "_")]),
        (
            r"k_{\mathrm{IL6},T}",
            [Letters("k", False), Letters("IL6,", True, "_"), Letters("T", False, "_")],
        ),
        (r"\mathrm{EC}_{50}", [Letters("EC", True), Letters("50", True, "_")]),
        (r"V_1'", [Letters("V", False), Letters("1", True, "_"), Letters("′", True)]),
        (
            r"k_a^\mathrm{dex}",
            [Letters("k", False), Letters("a", False, "_"), Letters("dex", True, "^")],
        ),
        (r"\sigma", [Letters("σ", False)]),
        (
            r"\dot C(t)",
            [
                Letters("C\u0307", False),
                Letters("(", True),
                Letters("t", False),
                Letters(")", True),
            ],
        ),
    ],
)
def test_a_symbol_is_set_as_in_the_equations(latex: str, expected: list[Letters]) -> None:
    assert list(runs(latex)) == expected


@pytest.mark.parametrize("latex", [r"\frac{a}{b}", "a}b"])
def test_what_pictures_do_not_set_is_refused(latex: str) -> None:
    with pytest.raises(InputError, match="symbol"):
        runs(latex)
