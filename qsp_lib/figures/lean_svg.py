"""The same picture in fewer letters: what a site sends of an SVG that matplotlib wrote.

Nothing that is drawn changes, but coordinates are rounded to a hundredth of a point. What goes:
prologue, remarks, names that none asks for, groups that say nothing, and what is said many times.
"""

from __future__ import annotations

import re
from collections import Counter

_LEFT_OUT = (
    (re.compile(r"^.*?(?=<svg )", re.DOTALL), ""),
    (re.compile(r"<metadata>.*?</metadata>", re.DOTALL), ""),
    (re.compile(r"<!--.*?-->", re.DOTALL), ""),
    (re.compile(r'<g id="[^"]*">'), "<g>"),
    (re.compile(r"\s*\n\s*"), "\n"),
    (re.compile("DejaVuSans"), "f"),  # the names of letters
    (re.compile(' xmlns:xlink="[^"]*"'), ""),
    (re.compile("xlink:href"), "href"),  # as SVG 2 has it
)
_COORDINATES = re.compile(r'(?<= )(d|x|y)="([^"]*)"')
_LONG = re.compile(r"\d+\.\d+")
_PATH = re.compile(r' d="([^"]*)"')
_LETTER = re.compile(r"\s*([A-Za-z])\s*")
_GROUP = re.compile(r"<g(?: [^>]*)?/?>\n?|</g>\n?")
_SHARED = re.compile(r' id="([mp][0-9a-f]{10})"')
_STYLE = re.compile(r' style="([^"]*)"')
_BESIDE = re.compile(r'transform="translate\(([^ ()]*) 0\)"/>')
_OPENED = re.compile(r"<svg [^>]*>\n?")


def lean(svg: str) -> str:
    """A picture by matplotlib as the site sends it."""
    for pattern, instead in _LEFT_OUT:
        svg = pattern.sub(instead, svg)
    svg = _COORDINATES.sub(lambda c: f'{c[1]}="{_LONG.sub(_hundredths, c[2])}"', svg)
    svg = _PATH.sub(lambda found: f' d="{_compact(found[1])}"', svg)
    return _styles_once(_short_names(_without_bare_groups(svg)))


def _hundredths(number: re.Match[str]) -> str:
    return f"{float(number[0]):.2f}".rstrip("0").rstrip(".")


def _compact(path: str) -> str:
    """A path without the spaces, letters and coordinates that SVG does not ask for.

    Where a line runs along an axis, as the steps of a distribution do, one coordinate says it.
    """
    tight = _LETTER.sub(r"\1", path.replace("\n", " ")).strip()
    made: list[str] = []
    at: list[str] = []  # where the path is, if it is one point that was said
    before = ""
    for part in re.split(r"(?=[A-Za-z])", tight)[1:]:
        letter, to = part[0], part[1:].split(" ")
        if letter == "L" and len(to) == len(at) == 2 and (to[0] == at[0]) != (to[1] == at[1]):
            letter = "V" if to[0] == at[0] else "H"
            made.append(letter + to[letter == "V"])
        else:
            made.append(f" {part[1:]}" if letter == before == "L" and part[1:] else part)
        before, at = letter, to if letter in "MLHV" else []
    return "".join(made)


def _without_bare_groups(svg: str) -> str:
    open_groups: list[bool] = []  # whether each says something

    def kept(found: re.Match[str]) -> str:
        if found[0].rstrip().endswith("/>"):
            return ""  # an empty group
        if found[0].startswith("</"):
            return found[0] if open_groups.pop() else ""
        open_groups.append(not found[0].startswith("<g>"))
        return found[0] if open_groups[-1] else ""

    return _GROUP.sub(kept, svg)


def _short_names(svg: str) -> str:
    """Markers and clips by number, in place of their hashes; letters of a word by their place."""
    for number, name in enumerate(dict.fromkeys(_SHARED.findall(svg))):
        svg = re.sub(rf'(?<=["#]){name}(?=[")])', f"{name[0]}{number}", svg)
    return _BESIDE.sub(r'x="\1"/>', svg)


def _styles_once(svg: str) -> str:
    """Styles that are said more than once as classes."""
    often = [style for style, times in Counter(_STYLE.findall(svg)).items() if times > 1]
    if not often:
        return svg
    names = {style: f"s{number}" for number, style in enumerate(often)}
    svg = _STYLE.sub(lambda s: f' class="{names[s[1]]}"' if s[1] in names else s[0], svg)
    rules = "".join(f".{name}{{{style}}}" for style, name in names.items())
    return _OPENED.sub(lambda opened: f"{opened[0]}<style>{rules}</style>\n", svg, count=1)
