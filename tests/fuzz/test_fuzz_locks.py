"""Lock records with something wrong in them: edited, cut short, or made up and signed."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest
from hostile import mutants, refused, spoilt

from qsp_lib.common.errors import LockError
from qsp_lib.common.text import canonical_json
from qsp_lib.protocol.lock import lock_path, read_record, versions
from qsp_lib.protocol.places import PACKAGED
from qsp_lib.protocol.record import digest_of

pytestmark = pytest.mark.thorough

TEXT = lock_path(versions()[-1]).read_text(encoding="utf-8")


def test_no_edit_of_a_record_is_accepted(tmp_path: Path) -> None:
    path = tmp_path / "lock-v1.json"
    content, count = json.loads(TEXT), 0
    for mutant in mutants(TEXT, 200, 10):
        path.write_bytes(mutant.encode("utf-8", "surrogatepass"))
        if refused(lambda: read_record(path)):
            count += 1
        else:
            assert json.loads(mutant) == content, "it says the same in another layout"
    assert count >= 170


def test_a_made_up_record_that_is_signed_is_read_or_refused(tmp_path: Path) -> None:
    dice, path, count = random.Random(11), tmp_path / "lock-v1.json", 0
    content = json.loads(TEXT)
    for i in range(300):
        made_up = spoilt(content, dice)
        if isinstance(made_up, dict):
            made_up["digest"] = digest_of(made_up)
        path.write_text(json.dumps(made_up), encoding="utf-8")
        count += refused(lambda i=i: use(path, against_code=i % 2 == 0))
    assert count >= 150


def use(path: Path, *, against_code: bool) -> None:
    """Read a record and everything that is read from it."""
    record = read_record(path, against_code=against_code)
    for name in record.content["drugs"]:
        record.drug(name)
    record.network, record.tocilizumab, record.crp, record.boundaries, record.summary  # noqa: B018
    record.draws(2)


def test_a_record_nested_too_deeply_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "lock-v1.json"
    path.write_text('{"version": ' + "[" * 100_000, encoding="utf-8")
    with pytest.raises(LockError):
        read_record(path)


def test_a_signed_record_is_still_not_in_the_ledger(tmp_path: Path) -> None:
    content = json.loads(TEXT)
    content["reason"] = "made up"
    content["digest"] = digest_of(content)
    path = tmp_path / f"lock-{content['version']}.json"
    path.write_text(canonical_json(content), encoding="utf-8")
    with pytest.raises(LockError, match="is not the file that was put on record"):
        read_record(path, places=PACKAGED)
