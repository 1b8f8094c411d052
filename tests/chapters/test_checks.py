"""``check`` finds what is wrong, each thing by itself."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from example_chapters import chapter, write

from qsp_lib.__main__ import main
from qsp_lib.chapters import checks
from qsp_lib.chapters.checks import Check, check_all
from qsp_lib.chapters.tidy import as_text, tidy
from qsp_lib.protocol import DIFFERS, Finding, verify_records


@pytest.fixture(autouse=True)
def nothing_wrong_on_record(monkeypatch: pytest.MonkeyPatch) -> None:
    """The records of this checkout are verified by the whole check alone."""
    monkeypatch.setattr(checks, "verify_records", lambda **_: ())


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A checkout with one executed and tidy chapter."""
    content = chapter("01_one")
    for number, cell in enumerate(c for c in content["cells"] if c["cell_type"] == "code"):
        cell["execution_count"] = number + 1
    path = write(tmp_path / "notebooks", "01_one", content)
    path.write_text(as_text(tidy(json.loads(path.read_text()))), encoding="utf-8")
    return tmp_path


def found(root: Path) -> dict[str, Check]:
    return {check.name: check for check in check_all(root)}


@pytest.mark.thorough
def test_a_whole_checkout_passes(monkeypatch: pytest.MonkeyPatch, root: Path) -> None:
    monkeypatch.setattr(checks, "verify_records", verify_records)
    assert [check.problem for check in check_all(root)] == [""] * 7


def test_a_chapter_that_was_not_run_or_is_not_tidy_is_named(root: Path) -> None:
    write(root / "notebooks", "02_two", chapter("02_two"))
    problem = found(root)["chapters"].problem
    assert "02_two has not been run from top to bottom" in problem
    assert "02_two is not tidy" in problem and "make notebooks" in problem


@pytest.mark.parametrize(
    "content",
    [
        "{",
        "[]",
        '{"cells": 3, "metadata": {}}',
        '{"cells": [{}], "metadata": {}}',
        '{"cells": [{"cell_type": "code", "metadata": {"tags": ["parameters"]}, "source": ""}], '
        '"metadata": {}}',
    ],
)
def test_what_is_no_notebook_is_told_and_the_rest_goes_on(root: Path, content: str) -> None:
    (root / "notebooks" / "02_two.ipynb").write_text(content)
    answer = found(root)
    assert "02_two" in answer["chapters"].problem
    assert answer["lock records"].ok


def test_other_versions_are_named(root: Path) -> None:
    (root / "constraints.txt").write_text(
        "# exact\nnumpy==0.1\nno-such-package==1\npytest==9.2.0\n"
    )
    problem = found(root)["environment"].problem
    assert "numpy" in problem and "(built with 0.1)" in problem and "pytest" not in problem
    (root / "constraints.txt").write_text("no-such-package==1\n")
    assert "not installed: no-such-package" in found(root)["environment"].detail


def test_a_broken_lock_is_told_and_the_exit_code_says_so(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    broken = Finding("lock v1", "its own digest", DIFFERS, "lock v1 was edited")
    monkeypatch.setattr(checks, "verify_records", lambda **_: (broken,))
    monkeypatch.setattr(checks.check_all, "__defaults__", (Path("/nowhere"),))
    assert main(["check"]) == 1
    printed = capsys.readouterr().out
    assert "FAILED  lock records: lock v1 beside its own digest: DIFFERS, lock v1 was" in printed
    assert "ok      drug files" in printed
    assert "FAILED  chapters: There are no chapters" in printed
    assert main(["check", "--json"]) == 1
    answer = {row["name"]: row for row in json.loads(capsys.readouterr().out)}
    assert answer["lock records"]["ok"] is False and answer["drug files"]["ok"] is True


def test_before_there_is_a_lock_that_is_said(monkeypatch: pytest.MonkeyPatch, root: Path) -> None:
    monkeypatch.setattr(checks, "versions", lambda: ())
    assert found(root)["lock records"].detail.startswith("there is no lock record yet")
