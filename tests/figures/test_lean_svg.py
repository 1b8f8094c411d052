"""A picture in fewer letters draws what matplotlib drew, and curves lose what none can see."""

from __future__ import annotations

import io
import re
from xml.etree import ElementTree

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from qsp_lib.figures.lean_svg import lean
from qsp_lib.figures.thinning import needed, thin
from qsp_lib.figures.vectors import as_csv, in_vectors

SVG = "{http://www.w3.org/2000/svg}"
LINK = "{http://www.w3.org/1999/xlink}href"
INHERITED = ("clip-path", "transform")

Leaf = tuple[str, tuple[object, ...]]


def busy() -> Figure:
    figure, (left, right) = plt.subplots(1, 2, figsize=(7, 3))
    time = np.linspace(0.0, 10.0, 2_000)
    left.plot(time, np.exp(-time), label="model")
    left.fill_between(time, 0.5 * np.exp(-time), 2 * np.exp(-time), alpha=0.2)
    left.scatter([1, 2, 3], [0.1, 0.2, 0.3], c="#cc5500", label="observed")
    left.set(xlabel="time (h)", ylabel="−log10 level", title="Words, some of them again")
    left.legend()
    right.semilogy(time + 0.1, time + 0.1, "--")
    right.errorbar([1, 2], [1, 2], [0.5, 0.5], fmt="s")
    return figure


def by_matplotlib(figure: Figure) -> str:
    buffer = io.StringIO()
    figure.savefig(buffer, format="svg", metadata={"Date": None})
    plt.close(figure)
    return buffer.getvalue()


def leaves(svg: str) -> list[Leaf]:
    """What a picture draws, in its order: tag, place, path, style, and all that it inherits."""
    root = ElementTree.fromstring(svg)
    rules = dict(re.findall(r"\.(\w+)\{([^}]*)\}", svg))
    named = {one.attrib["id"]: one for one in root.iter() if "id" in one.attrib}
    drawn: list[Leaf] = []

    def clip(value: str | None) -> object:
        name = re.findall(r"#([^)]+)\)", value or "")
        return [numbers(named[n][0].get(a)) for n in name for a in ("x", "y")]

    def style_of(element: ElementTree.Element) -> str | None:
        return element.get("style") or rules.get(element.get("class", ""))

    def walk(element: ElementTree.Element, inherited: tuple[object, ...]) -> None:
        for child in element:
            if child.tag in (f"{SVG}defs", f"{SVG}style", f"{SVG}metadata"):
                continue
            style = style_of(child)
            move = numbers(child.get("transform")) if child.tag != f"{SVG}use" else []
            own = (clip(child.get("clip-path")), move, style)
            below = inherited + (own if any(own) else ())
            if child.tag == f"{SVG}g":
                walk(child, below)
                continue
            x = numbers(child.get("x")) or numbers(child.get("transform"))[:1] or [0.0]
            used = named.get(child.get(LINK, child.get("href", "")).removeprefix("#"))
            shape = [tokens(used.get("d")), style_of(used)] if used is not None else []
            place = (x, numbers(child.get("y")), tokens(child.get("d")), shape)
            drawn.append((child.tag, (*below, place)))

    walk(root, ())
    return drawn


def numbers(text: str | None) -> list[float]:
    return [round(float(n), 2) for n in re.findall(r"-?\d*\.?\d+", text or "")]


def tokens(path: str | None) -> list[float | str]:
    """A path with each letter said, whatever SVG lets a writer leave out."""
    said: list[float | str] = []
    for letter, rest in re.findall(r"([A-Za-z])([^A-Za-z]*)", path or ""):
        values = numbers(rest)
        if letter in "HV":  # one coordinate is that of the point before
            (value,), (x, y) = values, said[-2:]
            said += ["L", value, y] if letter == "H" else ["L", x, value]
            continue
        step = {"M": 2, "L": 2, "Q": 4, "C": 6}.get(letter, len(values) or 1)
        said += [letter] if not values else []
        for i in range(0, len(values), step):
            said += [letter, *values[i : i + step]]
    return said


def test_a_lean_picture_draws_what_matplotlib_drew() -> None:
    plain = by_matplotlib(busy())
    made = lean(plain)
    before, after = leaves(plain), leaves(made)
    assert len(before) > 100
    for one, other in zip(before, after, strict=True):
        assert str(other) == str(one)
    assert len(made) < 0.7 * len(plain)


def test_a_lean_picture_says_no_style_twice_and_holds_no_bare_group() -> None:
    made = lean(by_matplotlib(busy()))
    styles = re.findall(r' style="([^"]*)"', made)
    assert len(styles) == len(set(styles)) and "<g>" not in made
    assert made.count("<g ") == made.count("</g>")


def test_empty_groups_go_and_the_others_still_close() -> None:
    made = lean(
        '<svg a="b"><g id="one"/><g clip-path="url(#p)"/><g id="two"><g c="d"><a/></g></g></svg>'
    )
    assert made == '<svg a="b"><g c="d"><a/></g></svg>'


@given(
    hnp.arrays(float, st.tuples(st.integers(2, 60), st.just(2)), elements=st.floats(-50, 50)),
    st.floats(0.01, 5.0),
)
def test_a_thinned_curve_stays_within_the_tolerance_of_every_point(
    points: np.ndarray, tolerance: float
) -> None:
    keep = needed(points, tolerance)
    assert keep[0] and keep[-1]
    kept = np.flatnonzero(keep)
    for first, last in zip(kept[:-1], kept[1:], strict=True):
        along = points[last] - points[first]
        for point in points[first : last + 1]:
            square = along @ along
            share = np.clip((point - points[first]) @ along / square, 0, 1) if square else 0.0
            off = np.hypot(*(point - points[first] - share * along))
            assert off <= tolerance * (1 + 1e-9)


def test_of_a_straight_line_the_ends_stay_and_of_a_corner_the_corner() -> None:
    line = np.column_stack([np.linspace(0, 1, 50)] * 2)
    assert needed(line, 1e-6).sum() == 2
    corner = np.vstack([line, np.column_stack([np.linspace(1, 2, 50), np.linspace(1, 0, 50)])])
    assert set(map(tuple, corner[needed(corner, 1e-6)])) == {(0, 0), (1, 1), (2, 0)}


def test_of_no_points_none_is_needed() -> None:
    assert needed(np.empty((0, 2)), 1.0).shape == (0,)
    figure, axis = plt.subplots()
    axis.plot([], [])
    axis.fill_between([], [], [])
    thin(figure)


def test_a_picture_thinned_looks_the_same() -> None:
    def pixels(figure: Figure) -> np.ndarray:
        figure.canvas.draw()
        return np.asarray(figure.canvas.buffer_rgba(), dtype=float)  # type: ignore[attr-defined]

    with plt.rc_context({"backend": "agg", "figure.dpi": 200}):
        figure = busy()
        before, rows = pixels(figure), len(as_csv(figure).splitlines())
        thin(figure)
        assert len(as_csv(figure).splitlines()) < rows / 10
        assert np.abs(pixels(figure) - before).mean() < 0.05  # of 255
        plt.close(figure)


def test_points_with_marks_steps_and_gaps_stay() -> None:
    figure, axis = plt.subplots()
    many = np.linspace(0, 1, 100)
    gap = np.where(many > 0.5, many, np.nan)
    lines = [axis.plot(many, many, ".-")[0], axis.step(many, many)[0], axis.plot(many, gap)[0]]
    thin(figure)
    assert [len(line.get_xdata(orig=False)) for line in lines] == [100, 100, 100]  # type: ignore[arg-type]


def test_what_a_site_sends_of_a_dense_curve_is_small() -> None:
    made = in_vectors(busy())
    assert len(made.data) < 10_000
    assert made.data.splitlines()[1].split(",")[-3:-1] == ["0", "1"]


@pytest.mark.parametrize(
    ("path", "tight"),
    [
        ("M 1 2 \nL 3 4 \nL -5 6 \nz\n", "M1 2L3 4 -5 6z"),
        ("M 1 2\nQ 3 4 5 6\nQ 7 8 9 1\nL 2 2\n", "M1 2Q3 4 5 6Q7 8 9 1L2 2"),
        ("M 0 0\nL 1 1\nM 2 2\nL 3 3\nL 4 4\n", "M0 0L1 1M2 2L3 3 4 4"),
        ("M 0 0\nL 2 0\nL 2 3\nL 3 4\nL 3 4\nL 5 4\nz\n", "M0 0H2V3L3 4 3 4H5z"),
        ("M 0 0\nQ 1 2 3 4\nL 3 5\nL 3 6\n", "M0 0Q1 2 3 4L3 5V6"),
    ],
)
def test_a_path_loses_spaces_and_repeated_letters(path: str, tight: str) -> None:
    assert f'd="{tight}"' in lean(f'<svg a="b">\n<path d="{path}"/>\n</svg>')
