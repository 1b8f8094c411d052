"""A picture for the dark theme, made from the one for the light theme.

Greys change places: what was dark on white is light on the dark page. Colours keep their hue and
become as light as it takes to be told from the page.
"""

from __future__ import annotations

import colorsys
import re
from functools import cache

PAGE = "#121212"
"""The dark theme's background."""
INK = "#e6e9ee"
"""Its letters."""
CONTRAST = 4.5
"""At least, of a colour against the page: WCAG's for text."""
_GREY = 0.12
"""Saturation below which a colour counts as grey."""
_HEX = re.compile(r"#[0-9a-fA-F]{6}\b")
_ROOT = re.compile(r"<svg ")

_Rgb = tuple[float, float, float]


@cache
def dark(colour: str) -> str:
    """What a colour of a light picture is in the dark one; both as ``#rrggbb``."""
    rgb = _read(colour)
    hue, light, saturation = colorsys.rgb_to_hls(*rgb)
    if saturation < _GREY or light in (0.0, 1.0):
        low, high = _read(PAGE), _read(INK)
        return _written([a + (b - a) * (1 - light) for a, b in zip(low, high, strict=True)])
    while contrast(_written(rgb), PAGE) < CONTRAST:
        light += 0.02
        rgb = colorsys.hls_to_rgb(hue, light, saturation)
    return _written(rgb)


def contrast(one: str, other: str) -> float:
    """The contrast of two colours as WCAG defines it, 1 to 21."""
    high, low = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def darkened(svg: str) -> str:
    """A picture in dark colours; what names no colour is black in SVG, and light here."""
    recoloured = _HEX.sub(lambda found: dark(found[0].lower()), svg)
    return _ROOT.sub(f'<svg fill="{INK}" ', recoloured, count=1)


def _luminance(colour: str) -> float:
    parts = (c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in _read(colour))
    return sum(w * c for w, c in zip((0.2126, 0.7152, 0.0722), parts, strict=True))


def _read(colour: str) -> _Rgb:
    red, green, blue = (int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))
    return red, green, blue


def _written(rgb: _Rgb | list[float]) -> str:
    return "#" + "".join(f"{round(255 * part):02x}" for part in rgb)
