"""What drugs of one mechanism are taken to have in common, for files that ask for it.

``data/class_defaults.toml`` holds the numbers. A file asks for one of them by name::

    k_rec = { default = "class" }

Exposure, EC50, ``k_act`` and ``k_exh`` have no class default: they are what makes one drug mild
and another severe.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import lru_cache
from importlib import resources
from typing import Any

from ..common import InputError

CLASS_DEFAULT = "class default"
"""The words among a number's sources that say it was taken from the drug's class."""

ASKED = {"default": "class"}
"""How a file asks for one."""


def defaults_of_class(mechanism: str) -> tuple[str, ...]:
    """Names of the numbers for which drugs of a mechanism have a class default.

    >>> defaults_of_class("monoclonal")
    ('patient.weight', 'patient.bsa', 'potency.h', 't_cells.k_rec')
    """
    sections = class_table().get(mechanism, {})
    return tuple(f"{section}.{name}" for section, known in sections.items() for name in known)


def fill(file: str, content: dict[str, Any], *, take_missing: bool) -> frozenset[str]:
    """Put class defaults into a parsed drug file where it asks for them.

    Args:
        file: its name, for the message.
        content: what was parsed, changed in place. What else may be wrong with it is left for its
            validation to say.
        take_missing: whether a number that is not there counts as asked for.

    Returns:
        Names of the numbers that were put in, such as ``t_cells.k_rec``.

    Raises:
        InputError: A class default was asked for where there is none.
    """
    mechanism = content.get("mechanism")
    defaults = class_table().get(mechanism, {}) if isinstance(mechanism, str) else {}
    filled: set[str] = set()
    for section in ("patient", "pharmacokinetics", "potency", "t_cells"):
        known = defaults.get(section, {})
        given = content.setdefault(section, {}) if take_missing and known else content.get(section)
        if not isinstance(given, dict):
            continue
        asked = [name for name, number in given.items() if _asks(number)]
        for name in asked:
            if given[name] != ASKED or name not in known:
                raise InputError(_refusal(file, f"{section}.{name}", given[name], mechanism))
        if take_missing:
            asked += [name for name in known if name not in given]
        given |= {name: known[name] for name in asked}
        filled |= {f"{section}.{name}" for name in asked}
    return frozenset(filled)


def _asks(number: Any) -> bool:
    return isinstance(number, dict) and "default" in number


def _refusal(file: str, where: str, given: Any, mechanism: Any) -> str:
    names = defaults_of_class(mechanism) if isinstance(mechanism, str) else ()
    if not names:
        known = " or ".join(repr(name) for name in class_table())
        return f"Drug file {file}, mechanism: {mechanism!r} was given; expected {known}."
    allowed = ", ".join(names)
    return (
        f'Drug file {file}, {where}: {given!r} was given; expected {{ default = "class" }} for one '
        f"of {allowed}, or a value with its unit and source."
    )


@lru_cache(maxsize=1)
def class_table() -> Mapping[str, Any]:
    """The numbers of each mechanism, by section and name, as a drug file writes them."""
    path = resources.files("qsp_lib") / "data" / "class_defaults.toml"
    table = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    return {name: sections for name, sections in table.items() if name != "schema"}
