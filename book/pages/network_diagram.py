"""The picture of the network: the graph of the model's parts, drawn as SVG.

It stands in the page itself, so that its colours are the theme's and its symbols can be followed.
Every arrow carries what it says as attributes, from which tests read the drawing back.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from html import escape

from qsp_lib.common import InputError
from qsp_lib.model import QUANTITIES

from .fragments import BookData, fragment
from .network_graph import OUTSIDE, Arrow, Graph, Kind, Node, graph_of, simplified
from .network_layout import (
    GROUPS,
    PHONE,
    SMALL,
    SMALL_PHONE,
    SPOKEN,
    TITLES,
    WIDE,
    WORDS,
    Layout,
    Point,
)
from .svg_math import runs, tspans, width
from .symbols import anchor, shown

STUB = 24.0
"""How long the arrow of a dose or of a loss is."""
RADIUS = 16.0
"""Of a quantity between states."""
BADGE = 9.5
"""Radius of the mark of a co-medication on what it attacks."""
ATTACKS = {"rho": "tocilizumab", "s": "dexamethasone"}
"""Class of the marks of an effect; by its group where co-medications are one node each."""


@dataclass(frozen=True)
class Route:
    """An arrow's line: a quadratic Bézier curve by its three points."""

    start: Point
    control: Point
    end: Point

    def at(self, t: float) -> Point:
        """The point at ``t``, 0 to 1."""
        return _mixed(_mixed(self.start, self.control, t), _mixed(self.control, self.end, t), t)

    def path(self) -> str:
        """As the ``d`` of a path."""
        (a, b), (c, d), (e, f) = self.start, self.control, self.end
        return f"M{a:.1f} {b:.1f}Q{c:.1f} {d:.1f} {e:.1f} {f:.1f}"


def _mixed(a: Point, b: Point, t: float) -> Point:
    return a[0] + (b[0] - a[0]) * t, a[1] + (b[1] - a[1]) * t


class Drawing:
    """A graph in a layout, as SVG.

    Raises:
        InputError: a node of the graph has no place in the layout.
    """

    def __init__(self, graph: Graph, layout: Layout, *, linked: bool) -> None:
        self.graph, self.layout, self.linked = graph, layout, linked
        missing = [n.name for n in graph.nodes if n.name not in layout.places]
        if missing:
            raise InputError(
                f"The diagram has no place for {', '.join(missing)}; give it one in "
                "book/pages/network_layout.py."
            )

    def svg(self, label: str, view: str) -> str:
        """The picture.

        Args:
            label: it in a sentence, for those who do not see it.
            view: its class, by which the style sheet shows it where it fits.
        """
        wide, high = self.layout.size
        if frames := self._used_frames():  # parts that a version has not leave no empty place
            high = max(bottom for _, _, _, bottom in frames.values()) + 4
        # what can be followed has to be reachable, so a linked picture is a group of links
        role = "group" if self.linked else "img"
        return (
            f'<svg class="network {view}" viewBox="0 0 {wide:g} {high:g}" role="{role}" '
            f'aria-label="{escape(label)}" font-size="{self.layout.letters:g}">'
            f"{''.join(self._drawn())}</svg>"
        )

    def _drawn(self) -> Iterator[str]:
        yield from self._frames()
        for arrow in self.graph.arrows:
            yield self._arrow(arrow)
        for node in self.graph.nodes:
            yield self._node(node)
        for arrow in self.graph.arrows:
            yield from self._marks(arrow)

    # frames and nodes

    def _used_frames(self) -> dict[str, tuple[float, float, float, float]]:
        used = {TITLES[node.part] for node in self.graph.nodes if node.part in TITLES}
        return {title: frame for title, frame in self.layout.frames.items() if title in used}

    def _frames(self) -> Iterator[str]:
        for title, (left, top, right, bottom) in self._used_frames().items():
            yield (
                f'<rect class="frame" x="{left:g}" y="{top:g}" width="{right - left:g}" '
                f'height="{bottom - top:g}" rx="8"/>'
                f'<text class="title" x="{left + 8:g}" y="{top + 17:g}">{escape(title)}</text>'
            )

    def _node(self, node: Node) -> str:
        x, y = self.layout.places[node.name]
        attributes = f'class="node" data-node="{escape(node.name)}"'
        if not node.is_state:
            symbol = self._symbol(node.symbols[0], x, y + 4, self.layout.letters)
            listed = (*node.symbols[1:], *node.parameters)
            return (
                f'<g {attributes}><circle class="quantity {ATTACKS.get(node.name, "")}" '
                f'cx="{x:g}" cy="{y:g}" r="{RADIUS:g}"/>{symbol}'
                f"{self._list(listed, self.layout.lists.get(node.name, (0, 28)), (x, y))}</g>"
            )
        wide, high = self.layout.box
        word = WORDS.get(node.name, node.name)
        lines = f'<text class="word" x="{x:g}" y="{y + 4:g}">{escape(word)}</text>'
        if self.linked:
            symbols = (*node.symbols, *node.parameters)
            lines = f'<text class="word" x="{x:g}" y="{y - 3:g}">{escape(word)}</text>'
            lines += self._list(symbols, (0, 13), (x, y))
        return (
            f'<g {attributes}><rect class="state {escape(node.part)}" x="{x - wide / 2:g}" '
            f'y="{y - high / 2:g}" width="{wide:g}" height="{high:g}" rx="7"/>{lines}'
            f"{self._badge_of(node)}</g>"
        )

    def _badge_of(self, node: Node) -> str:
        """The mark that stands for a co-medication, at its node."""
        if not any(node.name in arrow.effects for arrow in self.graph.arrows):
            return ""
        x, y = self.layout.places[node.name]
        return self._badge(node.name, (x - self.layout.box[0] / 2, y - self.layout.box[1] / 2 + 3))

    # arrows

    def _arrow(self, arrow: Arrow) -> str:
        said = {
            "kind": arrow.kind.name,
            "source": arrow.source,
            "target": arrow.target,
            "rates": " ".join(arrow.rates),
            "gates": " ".join(arrow.gates),
            "brakes": " ".join(arrow.brakes),
            "effects": " ".join(arrow.effects),
        }
        attributes = " ".join(f'data-{key}="{escape(value)}"' for key, value in said.items())
        curve = self.curve(arrow)
        end = "bar" if arrow.kind is Kind.REMOVES and arrow.target else "head"
        head = _bar(curve) if end == "bar" else _head(curve)
        lines = [self._control(name, curve, stops=False) for name in arrow.gates]
        lines += [self._control(name, curve, stops=True) for name in arrow.brakes]
        return (
            f'<g class="arrow {arrow.kind.name.lower()}" {attributes}>'
            f'<path d="{curve.path()}"/>{head}{"".join(lines)}</g>'
        )

    def curve(self, arrow: Arrow) -> Route:
        """Where an arrow runs, from border to border."""
        if OUTSIDE in arrow.ends:
            return self._stub(arrow)
        start, end = (self.layout.places[name] for name in arrow.ends)
        bend = self.layout.bends.get(arrow.ends, (0.0, 0.0))
        back = any(a.ends == arrow.ends[::-1] for a in self.graph.arrows)
        if back and bend == (0.0, 0.0):  # two ways between two nodes run side by side
            dx, dy = _unit(start, end)
            start, end = ((x - 6 * dy, y + 6 * dx) for x, y in (start, end))
        middle = _mixed(start, end, 0.5)
        control = (middle[0] + 2 * bend[0], middle[1] + 2 * bend[1])
        return Route(
            self._border(arrow.source, start, control),
            control,
            self._border(arrow.target, end, control, gap=2.5),
        )

    def _stub(self, arrow: Arrow) -> Route:
        """A short arrow from or to the outside."""
        name = arrow.source or arrow.target
        place = self.layout.places[name]
        alike = [a for a in self.graph.arrows if a.ends == arrow.ends]
        shift = 10.0 * alike.index(arrow)
        default = (0.0, -1.0) if arrow.source == OUTSIDE else (0.0, 1.0)
        dx, dy = self.layout.outside.get(arrow.ends, default)
        length = math.hypot(dx, dy)
        dx, dy = dx / length, dy / length
        far = (place[0] + 500 * dx, place[1] + 500 * dy)
        x, y = self._border(name, place, far, gap=2.5 if arrow.source == OUTSIDE else 0)
        near = (x + shift * abs(dy), y + shift * abs(dx))
        away = (near[0] + STUB * dx, near[1] + STUB * dy)
        start, end = (away, near) if arrow.source == OUTSIDE else (near, away)
        return Route(start, _mixed(start, end, 0.5), end)

    def _border(self, name: str, place: Point, toward: Point, gap: float = 0.0) -> Point:
        """Where a line from a node's middle leaves the node."""
        dx, dy = _unit(place, toward)
        if not self.graph.node(name).is_state:
            return place[0] + (RADIUS + gap) * dx, place[1] + (RADIUS + gap) * dy
        wide, high = (side / 2 + gap for side in self.layout.box)
        x, y = self.layout.places[name]
        reach = min(
            ((x + math.copysign(wide, dx)) - place[0]) / dx if dx else math.inf,
            ((y + math.copysign(high, dy)) - place[1]) / dy if dy else math.inf,
        )
        return place[0] + reach * dx, place[1] + reach * dy

    def _control(self, name: str, curve: Route, *, stops: bool) -> str:
        """A line from what opens or holds back an arrow to the middle of the arrow."""
        middle, place = curve.at(0.5), self.layout.places[name]
        start = self._border(name, place, middle)
        dx, dy = _unit(start, middle)
        end = (middle[0] - 4 * dx, middle[1] - 4 * dy)
        line = Route(start, _mixed(start, end, 0.5), end)
        if stops:
            return f'<path class="control" d="{line.path()}"/>{_bar(line)}'
        return (
            f'<path class="control" d="{line.path()}"/>'
            f'<circle class="gate" cx="{middle[0]:.1f}" cy="{middle[1]:.1f}" r="4"/>'
        )

    def _marks(self, arrow: Arrow) -> Iterator[str]:
        """What is written at an arrow: its parameters, and the marks of co-medications."""
        curve = self.curve(arrow)
        at = 0.28 if arrow.gates or arrow.brakes else 0.5
        for number, effect in enumerate(arrow.effects):
            x, y = curve.at(at)
            yield self._badge(effect, (x + 2 * BADGE * number, y))
        if self.linked and arrow.rates:
            shift = self.layout.labels.get(arrow.ends, self._beside(arrow, curve))
            alike = [a for a in self.graph.arrows if a.ends == arrow.ends]
            x, y = curve.at(0.5)
            yield self._list(arrow.rates, shift, (x, y + 14 * alike.index(arrow)))

    def _beside(self, arrow: Arrow, curve: Route) -> Point:
        """Beside the middle of an arrow: above it, or to its right."""
        dx, dy = _unit(curve.start, curve.end)
        wide = self._width(arrow.rates)
        if OUTSIDE in arrow.ends:
            return (wide / 2 + 5, 4) if abs(dy) > abs(dx) else (0, -6)
        back = any(a.ends == arrow.ends[::-1] for a in self.graph.arrows)
        side = -1.0 if (dx < -1e-9) != back else 1.0  # of two ways each on its own side
        return side * dy * (8 + wide / 2), (dx if back else -abs(dx)) * 10 + 4

    # letters

    def _badge(self, effect: str, place: Point) -> str:
        kind = ATTACKS.get(effect, effect)
        text = tspans(QUANTITIES[effect].latex, 12) if effect in QUANTITIES else effect[0].upper()
        return (
            f'<g class="mark {escape(kind)}"><circle cx="{place[0]:.1f}" cy="{place[1]:.1f}" '
            f'r="{BADGE:g}"/><text x="{place[0]:.1f}" y="{place[1] + 4:.1f}">{text}</text></g>'
        )

    def _width(self, names: Sequence[str]) -> float:
        size = self.layout.letters - 0.5
        return sum(width(QUANTITIES[name].latex, size) for name in names) + 7 * (len(names) - 1)

    def _list(self, names: Sequence[str], shift: Point, place: Point) -> str:
        """Symbols side by side, each of which leads to the glossary; centred."""
        size = self.layout.letters - 0.5
        x = place[0] + shift[0] - self._width(names) / 2
        made = []
        for name in names:
            wide = width(QUANTITIES[name].latex, size)
            made.append(self._symbol(name, x + wide / 2, place[1] + shift[1], size))
            x += wide + 7
        return "".join(made)

    def _symbol(self, name: str, x: float, y: float, size: float) -> str:
        letters = tspans(QUANTITIES[name].latex, size)
        text = f'<text class="symbol" x="{x:.1f}" y="{y:.1f}" font-size="{size:g}">{letters}</text>'
        if not self.linked:
            return text
        # a name begins with what is seen, so that who speaks it finds it
        seen = "".join(letter.text for letter in runs(QUANTITIES[name].latex))
        return (
            f'<a href="glossary.html#{anchor(name)}" '
            f'aria-label="{escape(seen)}: {escape(QUANTITIES[name].words)}" '
            f'data-meaning="{escape(QUANTITIES[name].words)}">{text}</a>'
        )


@fragment("network_small")
def network_small(_book: BookData) -> str:
    """The network on the front page: states in words, exposure and co-medications as one each."""
    graph = simplified(graph_of(shown()), GROUPS)
    label = f"The network as a diagram: {in_words(graph)}."
    pictures = (
        Drawing(graph, layout, linked=False).svg(label, view)
        for layout, view in ((SMALL, "wide"), (SMALL_PHONE, "narrow"))
    )
    caption = (
        "Arrow: becomes or makes. Bar: removes or holds back. Orange dot: needed too. Circle: "
        "attacked. [With every symbol](model.md)."
    )
    return _figure(pictures, caption)


@fragment("network")
def network(_book: BookData) -> str:
    """The network on the model's page: every state, and every parameter at the arrow it is of."""
    graph = graph_of(shown())
    label = (
        "The model as a diagram, each symbol a link to the glossary. It says: "
        f"{in_words(simplified(graph, GROUPS))}."
    )
    pictures = (
        Drawing(graph, layout, linked=True).svg(label, view)
        for layout, view in ((WIDE, "wide"), (PHONE, "narrow"))
    )
    caption = (
        "Every state and every term of the equations below, drawn from the same code. Circles are "
        "quantities between states, dashed arrows what they are made of. The drug is a bispecific; "
        "a monoclonal antibody has no target cells. "
    )
    return _figure(pictures, caption + _KEY)


_KEY = (
    "An arrow says that one thing becomes or makes another, a bar that it removes it or holds it "
    "back, an orange dot that an arrow needs it too. Small circles mark what a co-medication "
    "attacks."
)


def _figure(pictures: Iterable[str], caption: str) -> str:
    # colons around it, because Markdown is read in a caption and not in raw HTML
    return (
        f'```{{raw}} html\n<figure class="network">{"".join(pictures)}</figure>\n```\n\n'
        f":::{{container}} network-caption\n{caption}\n:::\n"
    )


def in_words(graph: Graph) -> str:
    """What the arrows of a graph say, for those who do not see them."""
    return "; ".join(_said(arrow) for arrow in graph.arrows)


def _said(arrow: Arrow) -> str:
    source = _spoken(arrow.source)
    if arrow.kind is Kind.FLOW:
        said = f"{source} become {_spoken(arrow.target)}"
    elif arrow.kind is Kind.MAKES:
        said = f"{source} raises {_spoken(arrow.target)}"
    elif arrow.target:
        said = f"{source} removes {_spoken(arrow.target)}"
    else:
        said = f"{source} is removed"
    for words, names in (
        ("given", arrow.gates),
        ("held back by", arrow.brakes),
        ("attacked by", arrow.effects),
    ):
        if names:
            said += f", {words} {' and '.join(map(_spoken, names))}"
    return said


def _spoken(name: str) -> str:
    return SPOKEN.get(name, WORDS.get(name, name))


def _unit(a: Point, b: Point) -> Point:
    dx, dy = b[0] - a[0], b[1] - a[1]
    length = math.hypot(dx, dy) or 1.0
    return dx / length, dy / length


def _head(curve: Route) -> str:
    (x, y), (dx, dy) = curve.end, _unit(curve.control, curve.end)
    left = (x - 8 * dx + 3.6 * dy, y - 8 * dy - 3.6 * dx)
    right = (x - 8 * dx - 3.6 * dy, y - 8 * dy + 3.6 * dx)
    points = " ".join(f"{a:.1f},{b:.1f}" for a, b in ((x, y), left, right))
    return f'<polygon class="head" points="{points}"/>'


def _bar(curve: Route) -> str:
    (x, y), (dx, dy) = curve.end, _unit(curve.control, curve.end)
    return (
        f'<path class="stop" d="M{x + 6 * dy:.1f} {y - 6 * dx:.1f}'
        f'L{x - 6 * dy:.1f} {y + 6 * dx:.1f}"/>'
    )
