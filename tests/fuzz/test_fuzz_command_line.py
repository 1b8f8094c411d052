"""Command lines no one would type: each is refused in words, and leaves nothing behind."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from hostile import TOKENS, time_limit

from qsp_lib.__main__ import main

pytestmark = pytest.mark.thorough

VALUES = (
    *(token for token in TOKENS if "\x00" not in token and len(token) < 500),
    "",
    " ",
    "-",
    "--",
    "mine.toml",
    "okt3",
    "tgn1412",
    "k_fb",
    "BO001",
    "6h",
    "-1 d",
    "1e9",
    "0.5",
    "clinical",
    "*",
    "a\x00b.toml",
    "folder",
    "folder.toml",
    "binary.toml",
    ".",
    "/",
    "--json",
    "potency",
)
SHAPES: dict[tuple[str, ...], tuple[str, ...]] = {
    ("predict",): (
        "--regimen",
        "--tocilizumab",
        "--horizon",
        "--interval",
        "--seed",
        "--json",
        "--class-defaults",
        "--output",
        "--dexamethasone",
        "--tocilizumab-dose",
        "--at",
    ),
    ("gap", "mine.toml", "--received", "1"): ("--missed", "--restart", "--json", "--regimen"),
    ("compare", "mine.toml"): ("--regimen", "--horizon", "--output", "--seed"),
    ("first-dose", "mine.toml", "--limit", "-1"): ("--share", "--limit"),
    ("steps", "mine.toml", "--limit", "0"): ("--full", "--gaps", "--most-steps"),
    ("drugs",): ("--json", "--class-defaults"),
    ("new-drug",): ("--mechanism",),
    ("evidence",): ("--json", "--table"),
    ("parameters",): ("--json",),
    ("lock", "show"): ("--json",),
    ("lock", "history"): ("--json", "--reason"),
    ("lock", "make"): ("--workers",),  # without its --reason it is never carried out
    ("open",): ("--debugg",),
    ("run", "no-such-chapter"): ("--parameter", "--jobs", "--cell-timeout", "--list", "--json"),
}


DRAWN = ("predict", "gap", "compare", "first-dose", "steps")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a good drug file and some that are none."""
    monkeypatch.chdir(tmp_path)
    assert main(["new-drug", "mine.toml"]) == 0
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder.toml").mkdir()
    (tmp_path / "binary.toml").write_bytes(bytes(range(256)))
    return tmp_path


def line(dice: random.Random) -> list[str]:
    """A command with options and values put together by chance."""
    shape = dice.choice(list(SHAPES))
    words = list(shape)
    for _ in range(dice.randrange(4)):
        words.append(dice.choice(VALUES))
        if dice.random() < 0.5:
            words += [dice.choice(SHAPES[shape]), dice.choice(VALUES)]
    return words + (["--draws", dice.choice(("0", "0", "2", "-1", "x"))] * (words[0] in DRAWN))


def files(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def test_any_command_line_is_carried_out_or_refused(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    dice, codes = random.Random(15), {0: 0, 1: 0, 2: 0}
    before = files(folder)
    for _ in range(600):
        words = line(dice)
        try:
            with time_limit():
                code = main(words)
        except SystemExit as ended:
            code = int(str(ended.code))
        printed = capsys.readouterr()
        assert code in codes, words
        codes[code] += 1
        assert "Traceback" not in printed.err and "--debug shows where" not in printed.err, words
        after = files(folder)
        if code:
            assert printed.err, words
            assert after == before, words
        assert not [name for name in after if name.endswith(".tmp")], words
        before = after
    assert codes[1] + codes[2] >= 400 and codes[0] >= 10, codes
    assert not list(folder.rglob("owned"))
