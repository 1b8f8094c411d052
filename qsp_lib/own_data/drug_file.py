"""The posterior of a fit as a drug file that ``predict`` reads, its joint draws beside it."""

from __future__ import annotations

import copy
import hashlib
import json
import os
import tomllib
from pathlib import Path
from typing import Any

from .. import __version__
from ..common import InputError, rounded
from ..drugs import fitted_csv, read_bytes
from ..model import DRUG_PARAMETERS
from .fitting import FittedDrug

_SECTIONS = {"EC50": "potency", "h": "potency"}
_ENDING = "-fitted"
_LONGEST = 64
_DIGITS = 6


def fitted_name(name: str) -> str:
    """The name of a fitted drug.

    >>> fitted_name("my-drug"), len(fitted_name("a" * 64))
    ('my-drug-fitted', 64)
    """
    return name[: _LONGEST - len(_ENDING)] + _ENDING


def drug_files(fit: FittedDrug, path: str | os.PathLike[str]) -> dict[str, bytes]:
    """The drug file, its draws and, if it reads one, its table of concentrations, by name.

    The values of the file are those fitted with the network at its locked values, the widths
    those of the whole posterior; the draws hold the posterior itself, so that ``predict`` draws
    network and rates together.

    Args:
        fit: what was fitted.
        path: of the drug file it was fitted from.

    Raises:
        InputError: a file that can no longer be read.
    """
    source = Path(path)
    data = read_bytes(source)
    problem, file = fit.problem, fit.problem.setting.file
    if hashlib.sha256(data).hexdigest() != file.sha256:
        raise InputError(f"Drug file {source} was changed while it was fitted; fit it again.")
    content: dict[str, Any] = copy.deepcopy(tomllib.loads(data.decode("utf-8-sig")))
    name = fitted_name(content["name"])
    for asked in file.class_defaults:
        section = _section_of(asked)
        content.setdefault(section, {})[asked] = {"default": "class"}
    words = _words(fit)
    for learned in fit.rates:
        prior = learned.prior
        number: dict[str, Any] = {
            "value": rounded(learned.held, _DIGITS),
            "unit": prior.unit,
            "source": [words],
            "note": "fitted with the network at its locked values; its joint draws stand beside "
            "this file",
        }
        if prior.name not in _SECTIONS:
            width = min(max(rounded(learned.log10_sd, 3), 0.001), 3.0)
            number |= {"log10_sd": width, "status": "assumed"}
        content[_section_of(prior.name)][prior.name] = number
    draws = fit.draws
    table = fitted_csv(
        fit.sample.members.tolist(),
        {n: values.tolist() for n, values in draws.values.items() if n in DRUG_PARAMETERS},
    ).encode()
    content |= {
        "name": name,
        "label": f"{content['label']}, fitted"[:200],
        "fitted": {
            "file": f"{name}-draws.csv",
            "sha256": hashlib.sha256(table).hexdigest(),
            "lock": problem.setting.record.digest,
            "seed": problem.seed,
            "network_draws": problem.network_draws,
            "estimated": [prior.name for prior in problem.priors],
            "source": [words],
        },
    }
    head = f"# Written by qsp-crs fit {__version__}. The draws of [fitted] are beside this file.\n"
    found = {f"{name}.toml": (head + toml(content)).encode(), f"{name}-draws.csv": table}
    concentrations = content["pharmacokinetics"].get("table")
    if concentrations is not None:
        beside = concentrations["file"]
        found[beside] = read_bytes(source.parent / beside, "its table of concentrations")
    return found


def _words(fit: FittedDrug) -> str:
    """What a number was fitted to, as its source says it."""
    data = fit.problem.data
    shown = "".join(c if c.isprintable() else " " for c in data.file)
    return f"fitted to {shown} ({len(data.points)} points, SHA-256 {data.sha256[:12]})"


def _section_of(name: str) -> str:
    if name in ("weight", "bsa"):
        return "patient"
    return "t_cells" if name.startswith("k_") else _SECTIONS.get(name, "potency")


def toml(content: dict[str, Any]) -> str:
    """Nested plain values as TOML: sections as tables, what is in them inline.

    >>> print(toml({"a": 1, "b": {"c": {"d": ["e"], "f": 0.5}}}), end="")
    a = 1
    <BLANKLINE>
    [b]
    c = { d = ["e"], f = 0.5 }
    """
    plain = [f"{k} = {_value(v)}" for k, v in content.items() if not isinstance(v, dict)]
    lines = [*plain]
    for section, table in content.items():
        if isinstance(table, dict):
            lines += ["", f"[{section}]", *(f"{k} = {_value(v)}" for k, v in table.items())]
    return "\n".join(lines) + "\n"


def _value(value: Any) -> str:
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{k} = {_value(v)}" for k, v in value.items()) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(map(_value, value)) + "]"
    # a JSON text is a TOML one, but for the one control character that JSON lets stand
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
