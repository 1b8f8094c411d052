from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from example_chapters import chapter, write

from qsp_lib import __version__, chapters
from qsp_lib.__main__ import main
from qsp_lib.chapters import notebooks, runner
from qsp_lib.commands import running


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two chapters in place of the real ones, for the functions the command line calls."""
    write(tmp_path, "01_one", chapter("01_one"))
    write(tmp_path, "02_two", chapter("02_two"))
    for name in ("chapter_names", "find_chapter", "declared_parameters"):
        monkeypatch.setattr(getattr(notebooks, name), "__defaults__", (tmp_path,))
    return tmp_path


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Any, dict[str, Any]]]:
    """What the runner was asked to run; ``02_two`` fails."""
    calls: list[tuple[Any, dict[str, Any]]] = []

    def pretend(names: Any, **options: Any) -> list[runner.Run]:
        calls.append((tuple(names), options))
        return [runner.Run(name, 1.0, "broken" if name == "02_two" else "") for name in names]

    monkeypatch.setattr(chapters, "run_chapters", pretend)
    return calls


def test_chapters_and_parameters_are_listed(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["run", "--list"]) == 0
    printed = capsys.readouterr().out
    assert "02_two\n    n_starts: int from 1 to 256 (starts of the fit), default 16" in printed


def test_parameters_arrive_with_their_types(folder: Path, asked: list[Any]) -> None:
    assert main(["run", "1", "-p", "scale", "2", "-p", "full", "true", "-j", "3"]) == 0
    names, options = asked[0]
    assert names == ("01_one",)
    assert options["parameters"] == {"scale": 2.0, "full": True}
    assert options["jobs"] == 3


def test_a_failed_chapter_is_named_and_the_exit_code_says_so(
    folder: Path, asked: list[Any], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["run"]) == 1
    assert "error: 02_two did not run to the end" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["run", "nine"], "no chapter 'nine'"),
        (["run", "-p", "scale", "2"], "Name one"),
    ],
)
def test_what_is_refused_runs_nothing(
    folder: Path,
    asked: list[Any],
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    message: str,
) -> None:
    assert main(arguments) == 1
    assert message in capsys.readouterr().err
    assert asked == []


@pytest.mark.parametrize(
    ("parameter", "message"),
    [
        (["scael", "2"], "no parameter 'scael'"),
        (["n_draws", "many"], "Parameter 'n_draws' was given 'many'"),
    ],
)
def test_a_parameter_that_is_not_declared_or_not_in_range_starts_no_kernel(
    capsys: pytest.CaptureFixture[str], parameter: list[str], message: str
) -> None:
    assert main(["run", "4", "-p", *parameter]) == 1
    assert message in capsys.readouterr().err


@pytest.mark.parametrize(("ended", "code"), [(0, 0), (1, 1)])
def test_the_site_command_builds_as_the_book_itself_does(
    monkeypatch: pytest.MonkeyPatch, ended: int, code: int
) -> None:
    started: list[tuple[list[str], Path]] = []

    def run(arguments: list[str], *, cwd: Path, check: bool) -> Any:
        started.append((arguments, cwd))
        return subprocess.CompletedProcess(arguments, ended)

    monkeypatch.setattr(running.subprocess, "run", run)
    assert main(["site", "--executed"]) == code
    assert started == [([sys.executable, "-m", "book", "build", "--executed"], notebooks.ROOT)]


def test_without_a_checkout_there_is_no_book(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(chapters, "ROOT", tmp_path)
    assert main(["site"]) == 1
    assert "Clone the repository" in capsys.readouterr().err


def test_a_command_is_needed() -> None:
    with pytest.raises(SystemExit) as ended:
        main([])
    assert ended.value.code == 2


def test_the_package_is_a_command() -> None:
    finished = subprocess.run(
        [sys.executable, "-m", "qsp_lib", "--version"], capture_output=True, text=True, check=True
    )
    assert finished.stdout == f"qsp_lib {__version__}\n"
