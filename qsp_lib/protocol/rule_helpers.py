"""What the rules of eligibility and the eight checks call, and a digest of that alone.

The digest of a rule is of its own file, so what it calls elsewhere could change and the digest of
the rule would stay. Digests that a record holds cannot be widened afterwards: what the rules call
has one of its own, which the next record names with its other inputs.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path

from ..common import named_digest

HELPERS: Mapping[str, tuple[str, ...]] = {
    "evidence/row.py": ("EvidenceRow.is_verified",),
    "evidence/units.py": ("same_kind", "_parse_unit", "read_by_pint"),
    "model/severity.py": ("AREA_H", "fold_rise", "index", "definitions"),
    "model/trajectory.py": (
        "Trajectory.completed",
        "Trajectory.select",
        "Trajectory.__getitem__",
        "Trajectory._values",
        "Trajectory.peak",
        "Trajectory.at",
        "Trajectory.area",
        "Trajectory._interval_ends",
        "Trajectory._within",
        "_hermite",
        "_highest_inside",
    ),
}
"""Definitions by file. The words of units are not among them: they may grow, as tables do. The
healthy levels and the tie are not either, because a record holds their values."""
HELPERS_DIGEST = "22bc552f69b31f7b39cec1cf50681d0fd670e90cf06bdd3e844e8f6b89eb371d"
"""What they are, kept because neither lock names them; the first record made from now on does.

Since lock v2 was made, `same_kind` has come to compare dimensions of a kept table and a trajectory
to copy less; that no verdict differs is what tests of the rules and predictions computed again
show. Whoever changes one of them exchanges this, and says in the changelog whether a verdict can
differ.
"""


def helpers_digest() -> str:
    """Digest (64 hex digits) of what the rules call, as it stands."""
    root = Path(str(files("qsp_lib")))
    return named_digest({root / file: names for file, names in HELPERS.items()})
