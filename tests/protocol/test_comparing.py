"""What is on file beside what is computed now: where two contents differ, and files left behind."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from qsp_lib.common.errors import LockError
from qsp_lib.protocol.comparing import differences, require_same


@pytest.mark.parametrize(
    ("found", "expected", "told"),
    [
        (1.0, "1.0", "a is 1.0, expected '1.0'"),
        (None, 1.0, "a is None, expected 1.0"),
        (1.0, True, "a is 1.0, expected True"),
        ([1.0, 2.0], [1.0], "a is [1.0, 2.0], expected [1.0]"),
        ("b" * 80, "c", f"a is '{'b' * 56}..., expected 'c'"),
        (1.0, 1.0 + 3e-6, "a is 1.0, expected 1.000003"),
        ({"b": 1}, {"c": 1}, "a/b is not expected"),
    ],
)
def test_values_of_another_kind_or_size_differ(found: Any, expected: Any, told: str) -> None:
    assert next(differences({"a": found}, {"a": expected})) == told


@pytest.mark.parametrize(
    ("found", "expected"), [(1.0, 1), (1.0, 1.0 + 5e-7), (0.0, 1e-13), ([1, "b"], (1, "b"))]
)
def test_numbers_as_near_as_two_processors_are_the_same(found: Any, expected: Any) -> None:
    assert list(differences(found, expected)) == []


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{", "cannot be read"),
        (None, "cannot be read"),
        ('{"a": 1.0, "b": 2}', r"is not what is computed now: b is not expected \(1 differ\)"),
        ('{"a": 1.1}', r"a is 1\.1, expected 1\.0 \(1 differ\)"),
    ],
)
def test_a_file_left_behind_that_is_another_or_none_is_not_taken(
    tmp_path: Path, text: str | None, words: str
) -> None:
    path = tmp_path / "made.json"
    if text is not None:
        path.write_text(text, encoding="utf-8")
    with pytest.raises(LockError, match=rf"made\.json is there, not in the ledger, .*{words}"):
        require_same(path, {"a": 1.0})


def test_a_file_left_behind_that_holds_the_same_is_taken(tmp_path: Path) -> None:
    path = tmp_path / "made.json"
    path.write_text('{"a": 1.0000001}', encoding="utf-8")
    require_same(path, {"a": 1.0})
