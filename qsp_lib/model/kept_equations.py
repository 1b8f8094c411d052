"""What is worked out from the equations once and kept: digest, names they read, text in DiffSL.

Tracing takes SymPy, which loads longer than a simulation lasts. Each is kept under a hash of every
file of this wing and SymPy's version, so that a changed equation is traced anew.
"""

from __future__ import annotations

import hashlib
from functools import cache
from importlib import metadata
from pathlib import Path

from .. import model
from ..common import kept_text
from .structure import CONSTANT_RECOVERY, Structure


@cache
def equations_digest(feedback: str, t_cells: str = CONSTANT_RECOVERY) -> str:
    """SHA-256 of the canonical text, as a lock record holds it."""

    def make() -> str:
        lines = model.canonical_equations(feedback, t_cells)
        return hashlib.sha256("\n".join(lines).encode()).hexdigest()

    return kept_text(("digest of the equations", feedback, t_cells, *_made_of()), make)


@cache
def diffsl(structure: Structure) -> str:
    """The model in DiffSL, as :func:`qsp_lib.model.diffsl_text.traced_diffsl` generates it."""
    return kept_text(
        ("DiffSL", repr(structure), *_made_of()), lambda: model.traced_diffsl(structure)
    )


@cache
def read_by(structure: Structure) -> frozenset[str]:
    """Names of the parameters that the equations, or the state before the first dose, read."""
    follows_from = "names", repr(structure), *_made_of()
    names = kept_text(follows_from, lambda: " ".join(sorted(model.names_read_by(structure))))
    return frozenset(names.split())


@cache
def _made_of() -> tuple[str, str]:
    """The hash of the files of this wing, and SymPy's version."""
    folder = Path(__file__).parent
    whole = hashlib.sha256()
    for path in sorted(folder.rglob("*.py")):
        source = path.read_bytes()
        whole.update(f"{path.relative_to(folder).as_posix()} {len(source)}\n".encode() + source)
    return whole.hexdigest(), metadata.version("sympy")
