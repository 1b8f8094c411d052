"""What is measured and compared is written whole or not at all: a committed record stays."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from benchmarks import run, scaling
from interop import written

FOUND = {"µ": 1.5}
Write = Callable[[dict[str, Any], Path], object]


def write_scaling(found: dict[str, Any], target: Path) -> None:
    """As the command does, which measures for an hour and then reads what it wrote."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(scaling, "measure", lambda date: found)
        patch.setattr(scaling, "load", lambda path: None)
        assert scaling.main(["--output", str(target)]) == 0


WRITERS = pytest.mark.parametrize("write", [run.write, write_scaling, written.write])


@WRITERS
def test_a_record_is_replaced_by_another_and_nothing_is_left_beside_it(
    write: Write, tmp_path: Path
) -> None:
    path = tmp_path / "record.json"
    path.write_text("longer than what comes after it", encoding="utf-8")
    mode = path.stat().st_mode
    write(FOUND, path)
    assert json.loads(path.read_text(encoding="utf-8")) == FOUND
    assert path.stat().st_mode == mode
    assert os.listdir(tmp_path) == ["record.json"]


@WRITERS
def test_a_record_that_cannot_be_put_in_place_leaves_the_old_one_as_it_was(
    write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    path = tmp_path / "record.json"
    path.write_text("old", encoding="utf-8")
    monkeypatch.setattr(os, "replace", refuse)
    with pytest.raises(Exception, match="Permission denied"):
        write(FOUND, path)
    assert path.read_text(encoding="utf-8") == "old"
    assert os.listdir(tmp_path) == ["record.json"]
