"""The explorer's modules as one script, which a page may load from a file as from a server.

A browser refuses modules of a page that was opened from a file, so they are put together when the
book is built: each after those that it imports, in one function, without its lines of import and
export. Their names share one scope then, so each stands for one thing throughout.
"""

from __future__ import annotations

import re
from pathlib import Path

from qsp_lib.common import InputError

_IMPORT = re.compile(r'^import \{([^}]*)\} from "\./([a-z_]+\.js)";\n', re.MULTILINE)
_EXPORT = re.compile(r"^export (?=(?:async )?(?:function|const|class)\b)", re.MULTILINE)
_DECLARED = re.compile(r"^(?:async )?(?:function|const|let|class)\s+(\{[^}]*\}|\w+)", re.MULTILINE)


def bundle(folder: Path, *entries: str, name: str = "") -> str:
    """A script of modules and all that they import, directly or not.

    Args:
        folder: of the modules.
        entries: files of modules; each comes after what it imports.
        name: of a global object that holds what the modules export; none by default.

    Raises:
        InputError: a module that is not there, that imports what the other does not export or
            goes round in a circle, or a name that two modules declare.
    """
    texts: dict[str, str] = {}
    for entry in entries:
        _collect(folder, entry, texts, ())
    owner: dict[str, str] = {}
    for file, text in texts.items():
        for declared in declarations(text):
            if declared in owner:
                raise InputError(
                    f"{file} and {owner[declared]} both declare {declared!r}; expected each name "
                    "once, since the modules share one scope in the page."
                )
            owner[declared] = file
    parts = [f"// {file}\n{_EXPORT.sub('', _IMPORT.sub('', text))}" for file, text in texts.items()]
    if name:
        shown = ", ".join(each for text in texts.values() for each in exported(text))
        parts.append(f"globalThis.{name} = {{ {shown} }};\n")
    return f'(function () {{\n"use strict";\n{"".join(parts)}}})();\n'


def declarations(text: str) -> tuple[str, ...]:
    """Names that a module declares at its outermost level."""
    found: list[str] = []
    for match in _DECLARED.finditer(_EXPORT.sub("", text)):
        found += re.findall(r"\w+", match[1])
    return tuple(found)


def exported(text: str) -> tuple[str, ...]:
    """Names that a module exports."""
    lines = "".join(line for line in text.splitlines(True) if line.startswith("export "))
    return declarations(lines)


def _collect(folder: Path, file: str, texts: dict[str, str], way: tuple[str, ...]) -> None:
    if file in way:
        raise InputError(f"{' imports '.join((*way, file))}: modules that go round in a circle.")
    if file in texts:
        return
    path = folder / file
    if not path.is_file():
        raise InputError(f"there is no {path}; restore it from the repository.")
    text = path.read_text(encoding="utf-8")
    for names, other in _IMPORT.findall(text):
        _collect(folder, other, texts, (*way, file))
        wanted = {name.strip() for name in names.split(",") if name.strip()}
        if missing := sorted(wanted - set(exported(texts[other]))):
            raise InputError(f"{file} imports {missing[0]!r} from {other}, which exports no such.")
    texts[file] = text
