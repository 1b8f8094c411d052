"""What the diagram is made from has every interaction of the right-hand side and no other."""

from __future__ import annotations

import pytest

from book.pages.network_graph import OUTSIDE, Arrow, Kind, graph_of
from qsp_lib.model.equations import FEEDBACKS, MECHANISMS
from qsp_lib.model.structure import T_CELLS, Structure, everything, of_lock_v1
from qsp_lib.model.symbolic import traced

WHOLES = [of_lock_v1(m, f) for m in MECHANISMS for f in FEEDBACKS]
WHOLES += [everything(m, f, t) for m in MECHANISMS for f in FEEDBACKS for t in T_CELLS]
GATED = of_lock_v1("bispecific")


def in_equations(structure: Structure) -> set[tuple[str, str]]:
    """Pairs of different states, the rate of the second of which depends on the first."""
    return {
        (str(symbol), state)
        for state, rate in traced(structure).items()
        for symbol in rate.free_symbols
        if str(symbol) in structure.states and str(symbol) != state
    }


@pytest.mark.parametrize("structure", WHOLES, ids=str)
def test_every_interaction_of_the_equations_is_in_the_graph_and_no_other(
    structure: Structure,
) -> None:
    graph = graph_of(structure)
    assert graph.interactions() == in_equations(structure)
    assert [n.name for n in graph.nodes if n.is_state] == list(structure.states)


@pytest.mark.parametrize("structure", WHOLES, ids=str)
def test_every_symbol_of_the_equations_is_somewhere_in_the_graph(structure: Structure) -> None:
    graph = graph_of(structure)
    shown = {s for node in graph.nodes for s in (*node.symbols, *node.parameters)}
    shown |= {name for arrow in graph.arrows for name in arrow.rates}
    read = {str(s) for rate in traced(structure).values() for s in rate.free_symbols}
    assert read <= shown


def test_the_gate_is_macrophages_on_the_feedback() -> None:
    feedback = Arrow(Kind.MAKES, "H_S", "IL6", ("k_fb",), ("M",))
    assert feedback in graph_of(GATED).arrows
    ungated = {a for a in graph_of(of_lock_v1("bispecific", "ungated")).arrows if "H_S" == a.source}
    assert ungated == {Arrow(Kind.MAKES, "H_S", "IL6", ("k_fb",))}
    without = graph_of(of_lock_v1("bispecific", "none"))
    assert not [a for a in without.arrows if a.source == "H_S"]


def test_t_cells_flow_from_one_pool_to_the_next() -> None:
    flows = [a for a in graph_of(GATED).arrows if a.kind is Kind.FLOW and a.target in "RAX"]
    assert {(a.source, a.target, a.rates, a.gates) for a in flows} == {
        ("R", "A", ("k_act",), ("E",)),
        ("A", "X", ("k_exh",), ()),
        ("X", "R", ("k_rec",), ()),
    }
    assert Arrow(Kind.REMOVES, "A", "B", ("k_kill",)) in graph_of(GATED).arrows


def test_tocilizumab_holds_the_signal_back_and_the_removal_of_il6() -> None:
    attacked = {(a.source, a.target) for a in graph_of(GATED).arrows if "rho" in a.effects}
    assert attacked == {("IL6", "S"), ("IL6", OUTSIDE)}


def test_the_steroid_attacks_what_cells_make_and_nothing_else() -> None:
    graph = graph_of(everything("bispecific", "gated", "recovery at rest"))
    attacked = {(a.source, a.target) for a in graph.arrows if "s" in a.effects}
    made = {("A", "IFN"), ("A", "TNF"), ("M", "TNF"), ("A", "IL6"), ("M", "IL6"), ("H_S", "IL6")}
    assert attacked == made


def test_what_falls_of_a_clearance_removes_the_drug() -> None:
    graph = graph_of(everything("monoclonal", "gated", "recovery at rest"))
    (falling,) = (a for a in graph.arrows if a.source == "Z" and a.target)
    assert falling == Arrow(Kind.REMOVES, "Z", "A_c", ("CL", "CL_0"))


def test_a_step_on_the_way_to_another_quantity_has_no_node_of_its_own() -> None:
    graph = graph_of(GATED)
    assert graph.node("H_M").symbols == ("H_M", "sigma")
    assert graph.node("A_c").symbols == ("A_c", "C")
    assert graph.read_by("H_M") == {"IFN", "TNF"} and graph.read_by("E") == {"A_c", "B"}
