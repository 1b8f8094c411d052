"""Who acts on whom in the model, read off the terms of its parts.

Each part is asked for its rates with a symbol for every state, parameter, named quantity and
effect; what stands in one term together acts together. Nothing here is typed twice: a term that a
part gains is an arrow more, and one that it loses an arrow less.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from functools import cache
from types import SimpleNamespace

import sympy

from qsp_lib.model import Structure, definitions

OUTSIDE = ""
"""Where doses come from, and where what is removed goes."""
S = sympy.Symbol


class Kind(Enum):
    """What an arrow says."""

    FLOW = "flows into"
    MAKES = "makes"
    REMOVES = "removes"
    READS = "drives"


@dataclass(frozen=True)
class Arrow:
    """One term of the right-hand side, or what one quantity is made of.

    Attributes:
        source, target: names of states and of quantities that stand by themselves; ``OUTSIDE``
            for doses and for what is lost.
        rates: names of the parameters of the term.
        gates: other states and quantities that are factors of the term.
        brakes: those that only a share is left of the term by, as of recovery 1 - E.
        effects: quantities of a co-medication in the term.
    """

    kind: Kind
    source: str
    target: str
    rates: tuple[str, ...] = ()
    gates: tuple[str, ...] = ()
    brakes: tuple[str, ...] = ()
    effects: tuple[str, ...] = ()

    @property
    def ends(self) -> tuple[str, str]:
        """Where it comes from and where it goes."""
        return self.source, self.target

    @property
    def changes(self) -> tuple[str, ...]:
        """What it changes the level of: of a flow both of its ends."""
        if self.kind is Kind.READS:
            return ()
        ends = self.ends if self.kind is Kind.FLOW else (self.target,)
        return tuple(end for end in ends if end) or (self.source,)


@dataclass(frozen=True)
class Node:
    """A state, or a quantity between states.

    Attributes:
        part: name of the class of the part that it belongs to.
        is_state: whether it is integrated.
        symbols: what it is called: itself, and quantities that say the same in other units.
        parameters: names of those in the definition of these quantities.
    """

    name: str
    part: str
    is_state: bool
    symbols: tuple[str, ...]
    parameters: tuple[str, ...] = ()


@dataclass(frozen=True)
class Graph:
    """Nodes and arrows of one structure."""

    nodes: tuple[Node, ...]
    arrows: tuple[Arrow, ...]

    def node(self, name: str) -> Node:
        """A node by its name."""
        return next(node for node in self.nodes if node.name == name)

    def read_by(self, name: str) -> frozenset[str]:
        """States that a node stands for: itself, or those that a quantity is made of."""
        if self.node(name).is_state:
            return frozenset({name})
        sources = (a.source for a in self.arrows if a.kind is Kind.READS and a.target == name)
        return frozenset[str]().union(*map(self.read_by, sources))

    def interactions(self) -> frozenset[tuple[str, str]]:
        """Pairs of states, the first of which changes the rate of the second, as arrows show."""
        found = set()
        for arrow in self.arrows:
            acting = [arrow.source, *arrow.gates, *arrow.brakes, *arrow.effects]
            states = frozenset[str]().union(*(self.read_by(name) for name in acting if name))
            found |= {(a, b) for b in arrow.changes for a in states if a != b}
        return frozenset(found)


def simplified(graph: Graph, groups: Mapping[str, str]) -> Graph:
    """The same with some parts as one node each, and without quantities between the others.

    What goes on within a group, what doses add and what is lost are left out, but for a loss that
    a co-medication changes.

    Args:
        groups: class names of parts to the name of the one node in their place.
    """
    stands = {node.name: groups.get(node.part, node.name) for node in graph.nodes}

    def standing(names: Iterable[str]) -> tuple[str, ...]:
        through = (
            {name} if graph.node(name).part in groups else sorted(graph.read_by(name))
            for name in names
        )
        return tuple(dict.fromkeys(stands[state] for states in through for state in states))

    members: dict[str, tuple[str, ...]] = {}
    for node in graph.nodes:
        if node.part in groups:
            group = groups[node.part]
            members[group] = (*members.get(group, ()), *node.symbols)
    grouped = [Node(name, name, True, symbols) for name, symbols in members.items()]
    kept = [n for n in graph.nodes if n.part not in groups and n.is_state]
    arrows: dict[Arrow, None] = {}
    for arrow in graph.arrows:
        if arrow.kind is Kind.READS or (OUTSIDE in arrow.ends and not arrow.effects):
            continue
        gates, brakes, effects = map(standing, (arrow.gates, arrow.brakes, arrow.effects))
        target = stands.get(arrow.target, OUTSIDE)
        for source in standing([arrow.source]):
            if source != target:
                arrows[Arrow(arrow.kind, source, target, (), gates, brakes, effects)] = None
    return Graph((*grouped, *kept), tuple(arrows))


@cache
def graph_of(structure: Structure) -> Graph:
    """The graph of a structure, from the terms of its parts."""
    return _Reader(structure).graph()


class _Reader:
    """Reads one structure; only :func:`graph_of` makes one."""

    def __init__(self, structure: Structure) -> None:
        self.structure = structure
        self.defined = {str(name): value for name, value in definitions(structure).items()}
        self.states = frozenset(structure.states)
        self.effects = self._effects()
        self.merged = self._merged()

    def _effects(self) -> dict[str, sympy.Expr]:
        """What parts do to each other, by name."""
        p, q = _symbols(self.structure.parameters), _symbols(self.defined)
        untouched = [part.untouched.items() for part in self.structure.parts]
        touched = [part.effects(p, q).items() for part in self.structure.parts]
        return {n: sympy.sympify(e) for part in (*untouched, *touched) for n, e in part}

    def _exerting(self, effect: str) -> frozenset[str]:
        """Quantities that an effect is made of."""
        return frozenset(map(str, self.effects[effect].free_symbols)) & self.defined.keys()

    def _merged(self) -> dict[str, str]:
        """Quantities without a node of their own, each with the node that stands for it.

        A concentration is its amount in other units; what only one other quantity reads is a
        step on the way to that one.
        """
        found = {}
        rates = {str(s) for _, value in self._raw_rates() for s in value.free_symbols}
        effects = frozenset[str]().union(*map(self._exerting, self.effects))
        for name, value in self.defined.items():
            symbols = value.free_symbols
            acting = sorted(str(s) for s in symbols if str(s) in self.states | self.defined.keys())
            readers = [
                other for other, held in self.defined.items() if S(name) in held.free_symbols
            ]
            if len(acting) == 1 and acting[0] in self.states and value.diff(S(acting[0]), 2) == 0:
                found[name] = acting[0]
            elif len(readers) == 1 and name not in rates | effects:
                found[name] = readers[0]
        return found

    def home(self, name: str) -> str:
        """The node that stands for a state or a quantity."""
        while name in self.merged:
            name = self.merged[name]
        return name

    def graph(self) -> Graph:
        """All of it."""
        return Graph(tuple(self._nodes()), (*self._reading(), *self._acting()))

    def _nodes(self) -> Iterator[Node]:
        for part in self.structure.parts:
            owned = [*part.states, *map(str, definitions(self.structure, [part]))]
            for name in owned:
                if name in self.merged:
                    continue
                same = [other for other in self.defined if self.home(other) == name != other]
                quantities = [other for other in (*same, name) if other in self.defined]
                forms = [self.defined[quantity] for quantity in quantities]
                forms += [e for e in self.effects.values() if S(name) in e.free_symbols]
                held = {str(symbol) for form in forms for symbol in form.free_symbols}
                held |= {self.structure.starts.get(name, "")}
                parameters = tuple(n for n in self.structure.parameters if n in held)
                is_state = name in self.states
                yield Node(name, type(part).__name__, is_state, (name, *same), parameters)

    def _reading(self) -> Iterator[Arrow]:
        """What the quantities are made of."""
        for name in self.defined:
            reader = self.home(name)
            if reader in self.states:
                continue
            for symbol in sorted(self.defined[name].free_symbols, key=str):
                if (source := self.home(str(symbol))) != reader and self._is_node(source):
                    yield Arrow(Kind.READS, source, reader)

    def _acting(self) -> Iterator[Arrow]:
        """The terms of the rates: flows from state to state, and what is made and removed."""
        terms = [(state, term) for state, value in self._raw_rates() for term in self._terms(value)]
        for state, term in terms:
            elsewhere = next((other for other, value in terms if value == -term), None)
            if self._takes_from(state, term):
                if elsewhere is None:
                    yield self._arrow(Kind.REMOVES, state, state, term)
            elif elsewhere is not None:
                yield self._arrow(Kind.FLOW, elsewhere, state, term)
            else:
                yield self._arrow(Kind.MAKES, OUTSIDE, state, term)

    def _takes_from(self, state: str, term: sympy.Expr) -> bool:
        """Whether a term is what a state loses: its own level is a factor of it."""
        return any(self.home(str(factor)) == state for factor in sympy.Mul.make_args(term))

    def _arrow(self, kind: Kind, source: str, target: str, term: sympy.Expr) -> Arrow:
        names = sorted(map(str, term.free_symbols))
        exerting = (self._exerting(name) for name in names if name in self.effects)
        effects = frozenset[str]().union(*exerting)
        factors = set(map(str, sympy.Mul.make_args(term)))
        homes = {self.home(name): name in factors for name in names if self._is_node(name)}
        acting = [name for name in homes if name not in (source, target)]
        brakes = tuple(name for name in acting if not homes[name])
        acting = [name for name in acting if homes[name]]
        known = (*self.structure.inputs, *self.structure.parameters)
        rates = tuple(name for name in known if name in names)
        if kind is Kind.MAKES and acting:  # what enters through a quantity is gated by a state
            acting.sort(key=lambda name: name in self.states)
            source = acting.pop(0)
        elif kind is Kind.REMOVES:
            source = acting.pop(0) if acting else target
            target = OUTSIDE if source == target else target
        return Arrow(kind, source, target, rates, tuple(acting), brakes, tuple(sorted(effects)))

    def _is_node(self, name: str) -> bool:
        return name in self.states or name in self.defined

    def _raw_rates(self) -> Iterator[tuple[str, sympy.Expr]]:
        """What each part adds to the rate of a state, the effects on it by their names."""
        y, p = _symbols(self.structure.states), _symbols(self.structure.parameters)
        q = _symbols([*self.structure.inputs, *self.defined, *self.effects])
        for part in self.structure.parts:
            for name, rate in part.rates(y, p, q).items():
                yield name, sympy.sympify(rate)

    def _terms(self, rate: sympy.Expr) -> Iterator[sympy.Expr]:
        """Terms of a rate; a difference of levels is two, a share that is left (1 - x) is one."""
        for term in sympy.Add.make_args(rate):
            sums = [f for f in sympy.Mul.make_args(term) if isinstance(f, sympy.Add)]
            split = next((each for each in sums if all(map(self._has_level, each.args))), None)
            if split is None:
                yield term
            else:
                for level in split.args:
                    yield from self._terms(term / split * level)

    def _has_level(self, term: sympy.Expr) -> bool:
        return any(self._is_node(str(symbol)) for symbol in term.free_symbols)


def _symbols(names: Iterable[str]) -> SimpleNamespace:
    return SimpleNamespace(**{name: S(name) for name in names})
