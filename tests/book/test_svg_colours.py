"""A dark picture can be seen on the dark page, and a light one is told from it by colour alone."""

from __future__ import annotations

import colorsys
import re

import pytest

from book.pages.svg_colours import CONTRAST, INK, PAGE, contrast, dark, darkened
from qsp_lib.figures.style import COLOURS, INDIGO, OLIVE, REFERENCE, WINE


@pytest.mark.parametrize("colour", [*COLOURS.values(), INDIGO, OLIVE, WINE, REFERENCE])
def test_every_colour_of_the_book_stands_out_and_keeps_its_hue(colour: str) -> None:
    made = dark(colour.lower())
    # what is pale on white may be as pale on black
    assert contrast(made, PAGE) >= min(CONTRAST, contrast(colour.lower(), "#ffffff"))
    before, after = (
        colorsys.rgb_to_hls(*(int(c[i : i + 2], 16) / 255 for i in (1, 3, 5)))
        for c in (colour, made)
    )
    if before[2] > 0.12:
        assert after[0] == pytest.approx(before[0], abs=0.02)


def test_black_and_white_change_places() -> None:
    assert dark("#ffffff") == PAGE
    assert dark("#000000") == INK
    assert contrast("#ffffff", "#000000") == pytest.approx(21)


def test_a_colour_that_stands_out_already_stays() -> None:
    assert dark("#56b4e9") == "#56b4e9"


def test_what_names_no_colour_is_light_too() -> None:
    text = darkened('<svg width="1"><path style="stroke: #000000"/><path d="M0 0"/></svg>')
    assert text.startswith(f'<svg fill="{INK}" width="1">')
    assert re.findall("#[0-9a-f]{6}", text) == [INK, INK]
