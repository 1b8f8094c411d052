"""What is kept of the equations is what tracing them gives, and of these equations alone."""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path

import pytest

from qsp_lib.model import canonical_equations, names_read_by, traced_diffsl
from qsp_lib.model import kept_equations as kept
from qsp_lib.model.structure import FEEDBACKS, RECOVERY_AT_REST, Structure, everything

STRUCTURES = (
    Structure("bispecific", t_cells=RECOVERY_AT_REST),
    Structure("monoclonal", tocilizumab=True),
    everything("bispecific", "gated", RECOVERY_AT_REST),
)


@pytest.mark.parametrize("feedback", FEEDBACKS)
def test_the_digest_is_of_the_canonical_text(feedback: str) -> None:
    text = "\n".join(canonical_equations(feedback, RECOVERY_AT_REST))
    expected = hashlib.sha256(text.encode()).hexdigest()
    assert kept.equations_digest(feedback, RECOVERY_AT_REST) == expected


@pytest.mark.parametrize("structure", STRUCTURES)
def test_what_the_engine_compiles_and_which_names_are_read_is_as_traced(
    structure: Structure,
) -> None:
    assert kept.diffsl(structure) == traced_diffsl(structure)
    assert kept.read_by(structure) == names_read_by(structure)


def test_a_changed_term_is_traced_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    copy = tmp_path / "model"
    shutil.copytree(Path(kept.__file__).parent, copy)
    here = kept._made_of()
    monkeypatch.setattr(kept, "__file__", str(copy / "kept_equations.py"))
    assert kept._made_of.__wrapped__() == here  # wherever the checkout stands
    network = copy / "parts" / "network.py"
    network.write_text(network.read_text().replace(" - ", " + ", 1))
    assert kept._made_of.__wrapped__() != here
