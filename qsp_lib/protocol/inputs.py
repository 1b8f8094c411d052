"""What a lock record was made from: each input by name, with the digest of what it means.

A record names its inputs. What it does not name does not concern it: a new table, drug or optional
field leaves an old record as it was.
"""

from __future__ import annotations

import hashlib
import json
import tomllib
from collections.abc import Callable, Collection, Mapping
from dataclasses import MISSING, dataclass, fields, is_dataclass
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from ..common import VERSIONS, InputError, LockError, digest, parsed_table
from ..drugs import DrugFile, RescueFile, load_drug, load_tocilizumab, shipped_drugs
from ..evidence import load_observations, load_tables, reviewed_range_kinds, rule_digest
from ..model import network_table
from .eight_checks import checks_digest
from .rule_helpers import helpers_digest

DATA = Path(str(files("qsp_lib").joinpath("data")))
RULES: Mapping[str, Callable[[], str]] = {
    "eligibility": rule_digest,
    "checks": checks_digest,
    "helpers of the rules": helpers_digest,
}
"""Rules that are code, and what they call, with what digests the meaning of each."""
EVIDENCE_V1 = (
    "blinatumomab_outcomes.csv",
    "crs_grading.csv",
    "cytokine_kinetics.csv",
    "okt3_inputs.csv",
    "pharmacokinetics.csv",
    "potency.csv",
    "tgn1412_outcomes.csv",
    "tocilizumab.csv",
)
"""The tables that lock v1 was made from; it recorded one digest of all of them."""
BYTES_ONLY = {
    ("v1", "eligibility"): "the rule was recorded as the bytes of its source file, which has moved "
    "since; the file that has them is in the history of the repository, as "
    "qsp_lib/eligibility.py of the day of the lock"
}
"""Inputs that a record describes in a way that can no longer be checked, and why."""
NOT_NAMED = {
    "v1": {
        "class_defaults.toml": "what own drugs take from their class enters no prediction of lock "
        "v1; the file's changes are in the history of the repository",
        "code of the checks": "the limits of the checks are in their wording, which lock v1 "
        "holds; the code that reads them is in the history of the repository, and the verdicts can "
        "be computed again from the record",
    }
}
"""What a record does not name although later ones do, and where it is to be looked for."""


def no_longer_verified(version: str) -> dict[str, str]:
    """What a record was made from and nothing here can verify byte by byte: its name, and why."""
    recorded = {name: why for (of, name), why in BYTES_ONLY.items() if of == version}
    return recorded | NOT_NAMED.get(version, {})


@dataclass(frozen=True)
class InputCheck:
    """One input of a record beside what is here now.

    Attributes:
        name: as the record names it.
        recorded, found: digests; ``found`` is empty if it cannot be told.
        why: why it cannot be told; empty otherwise.
    """

    name: str
    recorded: str
    found: str
    why: str = ""

    @property
    def same(self) -> bool:
        """Whether the input is what it was; False also where it cannot be told."""
        return self.found == self.recorded


def input_digests(inputs: str) -> dict[str, str]:
    """Digest of every input that a new record is made from, by the name of its file or rule."""
    there = data_files(inputs)
    return {name: input_digest(name, there) for name in (*there, *RULES)}


def data_files(inputs: str) -> tuple[str, ...]:
    """The data files that a fit and a prediction read, relative to the package's data.

    A version has files of its own in a folder of its name, and shares what it does not replace.
    The hashes of sealed tables and the kept meanings of units, which may grow, are no inputs.
    """
    found = _files_in(DATA, ("*.csv", "*.toml", "evidence/*.csv", "drugs/*.toml"))
    found -= {"sealed_tables.csv", "known_units.csv"}
    if inputs == "v1":
        return tuple(sorted(found))
    own = _files_in(DATA / inputs, ("*.csv", "*.toml", "drugs/*.toml", "drugs/*.csv"))
    return tuple(sorted((found - own) | {f"{inputs}/{name}" for name in own}))


def _files_in(folder: Path, patterns: tuple[str, ...]) -> set[str]:
    paths = (path for pattern in patterns for path in folder.glob(pattern))
    return {path.relative_to(folder).as_posix() for path in paths}


def check_inputs(version: str, recorded: Mapping[str, str]) -> tuple[InputCheck, ...]:
    """Every input that a record names, beside what is here now.

    Raises:
        LockError: the record names an input that is not here.
    """
    checks, there = [], _of_any_version()
    for name, expected in sorted(recorded.items()):
        why = BYTES_ONLY.get((version, name), "")
        try:
            found = "" if why else input_digest(name, there)
        except InputError:
            raise LockError(
                f"lock {version} was made from {name!r}, which is not here; restore it, or use a "
                "newer version of the package."
            ) from None
        checks.append(InputCheck(name, expected, found, why))
    return tuple(checks)


def input_digest(name: str, there: Collection[str] | None = None) -> str:
    """Digest (64 hex digits) of what an input means, under the name a record gives it.

    Numbers of a TOML file are digested as their type spells them, so 70 and 70.0 differ, which in
    a table they do not. That stays until the next lock: lock v2 holds digests made so.

    Args:
        name: a data file such as ``drugs/okt3.toml``, digested as it is parsed; one of `RULES`;
            or one of the names that lock v1 used.
        there: the data files that there are, as `data_files` lists them; looked up if not given.

    Raises:
        InputError: there is no such input.
    """
    if name in RULES:
        return RULES[name]()
    if name in _NAMES_V1:
        return _meaning_digest(_NAMES_V1[name]())
    if name == "evidence":
        return load_tables().text_digest(EVIDENCE_V1)
    if name.startswith("drug ") and name.removeprefix("drug ") in shipped_drugs("v1"):
        return _meaning_digest(load_drug(name.removeprefix("drug "), inputs="v1"))
    if name not in (_of_any_version() if there is None else there):
        raise InputError(f"there is no input {name!r} in {DATA.name}.")
    path = DATA / name
    return _digest_of_text(path.read_text(encoding="utf-8"), path.suffix)


def _of_any_version() -> frozenset[str]:
    return frozenset(name for inputs in VERSIONS for name in data_files(inputs))


@lru_cache(maxsize=512)
def _digest_of_text(text: str, suffix: str) -> str:
    text = text.removeprefix("\ufeff")  # an editor's byte order mark, which TOML refuses
    return digest(parsed_table(text) if suffix == ".csv" else tomllib.loads(text))


_NAMES_V1: Mapping[str, Callable[[], Any]] = {
    "network_parameters": lambda: list(network_table("v1").values()),
    "observations": lambda: load_observations("v1"),
    "range_kinds": reviewed_range_kinds,
    "drug tocilizumab": lambda: load_tocilizumab(inputs="v1"),
}
"""Inputs as lock v1 named and read them."""


def _meaning_digest(value: Any) -> str:
    """As lock v1 took it, so that it can still be checked."""
    return hashlib.sha256(json.dumps(_plain(value), sort_keys=True).encode()).hexdigest()


def _plain(value: Any) -> Any:
    """Nested values as JSON can hold them.

    A drug file goes without the hash of its own bytes, a value without where it was taken from,
    and a field added after lock v1 without
    its default: what a file does not give does not enter its digest.
    """
    if is_dataclass(value) and not isinstance(value, type):
        skip = {"sha256"} if isinstance(value, DrugFile | RescueFile) else {"origin"}
        return {
            field.name: _plain(getattr(value, field.name))
            for field in fields(value)
            if field.name not in skip and not _not_given(field, getattr(value, field.name))
        }
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return repr(value) if isinstance(value, float) else value


def _not_given(field: Any, value: Any) -> bool:
    """Whether a field is one that lock v1 did not know (its metadata say so) and not given."""
    default = field.default_factory() if field.default_factory is not MISSING else field.default
    return bool(field.metadata.get("since_v1")) and value == default
