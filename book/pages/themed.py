"""Pictures that a page shows as they fit: light or dark, and broad or narrow for a phone."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from html import escape

import matplotlib
from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from qsp_lib.figures import STYLE, in_vectors

from .svg_colours import darkened

PHONE = "(max-width: 600px)"
"""Where the narrow arrangement is shown."""


def themed_files(drawn: Mapping[str, bytes]) -> dict[str, bytes]:
    """Light pictures by their stems, as files in light and in dark."""
    files = {f"{stem}.svg": picture for stem, picture in drawn.items()}
    dark = {f"{stem}-dark.svg": darkened(picture.decode()) for stem, picture in drawn.items()}
    return files | {name: text.encode() for name, text in dark.items()}


def themed_picture(stem: str, alt: str, size: tuple[float, float], *, zoom: bool = False) -> str:
    """A picture that was placed by :func:`themed_files` as ``stem`` and ``stem-narrow``, as HTML.

    Markdown can give a reader neither another picture on a phone nor another one in the dark.

    Args:
        stem: the path without its ending, from the page.
        alt: the picture in words.
        size: of the broad one, in inches; the page keeps the place free.
        zoom: whether it leads to itself at full size.
    """
    wide, high = (round(96 * side) for side in size)
    made = []
    for theme, end in (("only-light", ""), ("only-dark", "-dark")):
        # what is printed is light, and has to be there then
        lazy = ' loading="lazy"' if theme == "only-dark" else ""
        picture = (
            f'<picture class="themed {theme}"><source media="{PHONE}" '
            f'srcset="{stem}-narrow{end}.svg"><img class="{theme}" src="{stem}{end}.svg" '
            f'alt="{escape(alt)}" width="{wide}" height="{high}"{lazy}></picture>'
        )
        if zoom:
            picture = f'<a class="zoom {theme}" href="{stem}{end}.svg">{picture}</a>'
        made.append(picture)
    # apart from the caption, which the theme would hide along with the picture before it
    return f'<div class="themed-pair">{"".join(made)}</div>'


def figure_files(stem: str, draw: Callable[[], Figure]) -> dict[str, bytes]:
    """The files of a figure that is drawn when the site is built, in the book's style."""
    with matplotlib.rc_context(STYLE | {"backend": "agg"}):
        figure = draw()
        made = in_vectors(figure)
        plt.close(figure)
    drawn = {stem: made.broad.encode(), f"{stem}-narrow": made.narrow.encode()}
    return themed_files(drawn) | {f"{stem}.csv": made.data.encode()}


def figure_block(stem: str, alt: str, size: tuple[float, float]) -> str:
    """Such a figure on a page in the folder ``book``, with its data, as MyST Markdown."""
    place = f"../_static/generated/{stem}"
    return (
        "```{raw} html\n"
        f'<figure class="align-default">{themed_picture(place, alt, size, zoom=True)}'
        f'<p class="figure-links"><a href="{place}.csv" download>Data (CSV)</a></p></figure>\n'
        "```\n"
    )
