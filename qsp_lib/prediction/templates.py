"""Drug files to start from: a mechanism, and how the drug comes into the blood."""

from __future__ import annotations

import os
import re
from importlib import resources
from pathlib import Path

from ..common import InputError, write_text_atomic

MECHANISMS = ("bispecific", "monoclonal")
INTRAVENOUS, SUBCUTANEOUS, TABLE = EXPOSURES = ("intravenous", "subcutaneous", "table")
CONCENTRATIONS = "concentrations.csv"
_PK, _POTENCY, _REGIMENS = "[pharmacokinetics", "[potency]", "# One regimen has to be called"
_MAY_BE_NAMED = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


def write_template(
    path: str | os.PathLike[str], mechanism: str, exposure: str = INTRAVENOUS
) -> tuple[Path, ...]:
    """Write the template of a drug file, never over a file that is there.

    Returns:
        The drug file, and a table of concentrations if it reads one.

    Raises:
        InputError: An unknown mechanism or exposure, a name that does not end in .toml, or a file
            or folder of that name.
    """
    for given, known in ((mechanism, MECHANISMS), (exposure, EXPOSURES)):
        if given not in known:
            raise InputError(f"{given!r} was given; expected one of {', '.join(known)}.")
    target = Path(path)
    if target.suffix.lower() != ".toml":
        raise InputError(f"{target} was given; expected a name that ends in .toml.")
    text, beside = template(mechanism, exposure), []
    if exposure == TABLE:
        stem = f"{target.stem}-" if _MAY_BE_NAMED.fullmatch(target.stem) else ""
        table = target.with_name(stem + CONCENTRATIONS)
        text = text.replace(f'"{CONCENTRATIONS}"', f'"{table.name}"')
        beside.append(_write(table, _packaged(CONCENTRATIONS)))
    try:
        return (_write(target, text), *beside)
    except BaseException:
        for file in beside:
            file.unlink(missing_ok=True)
        raise


def template(mechanism: str, exposure: str = INTRAVENOUS) -> str:
    """The text of a drug file: the exposure and regimens of one kind, the rest of the mechanism."""
    base = _packaged(f"{mechanism}.toml")
    if exposure == INTRAVENOUS:
        return base
    head, rest = base[: base.index(_PK)], base[base.index(_POTENCY) : base.index(_REGIMENS)]
    part = _packaged(f"exposure_{exposure}.toml")
    pharmacokinetics, blank, regimens = part.partition("\n\n")
    return head + pharmacokinetics + blank + rest + regimens


def _packaged(name: str) -> str:
    path = resources.files("qsp_lib") / "data" / "templates" / name
    return path.read_text(encoding="utf-8")


def _write(target: Path, text: str) -> Path:
    try:
        return write_text_atomic(target, text, replace=False)
    except FileExistsError:
        raise InputError(f"{target} exists and is not written over; name another file.") from None
