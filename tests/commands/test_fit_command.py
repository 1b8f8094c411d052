"""``qsp-crs fit`` refuses what it cannot fit, in one line, with nothing written."""

from __future__ import annotations

from pathlib import Path

import pytest

from qsp_lib import own_data
from qsp_lib.__main__ import build_parser, main
from qsp_lib.commands import fitting

HEADER = "time (h),analyte,value (pg/mL)\n"
TWO = "6,IL6,40\n24,IL6,50\n"


def test_the_help_tells_what_the_fit_does() -> None:
    assert fitting.ESTIMATED.split(",") == list(own_data.ESTIMATED)
    assert fitting.N_DRAWS == own_data.N_DRAWS
    options = build_parser().parse_args(["fit", "a.toml", "b.csv"])
    assert (options.draws, options.workers) == (own_data.N_DRAWS, 2)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    assert main(["new-drug", str(tmp_path / "own.toml")]) == 0
    assert main(["new-drug", str(tmp_path / "antibody.toml"), "--mechanism", "monoclonal"]) == 0
    (tmp_path / "cohort.csv").write_text(HEADER + TWO)
    return tmp_path


@pytest.mark.parametrize(
    ("drug", "rows", "options", "why"),
    [
        ("own.toml", "6,IL6,40\n", [], "1 measured level was given for 2 numbers"),
        ("own.toml", TWO, ["--estimate", "k_act,k_exh,EC50"], "2 measured levels were given for 3"),
        ("own.toml", TWO, ["--estimate", "k_act,k_act"], "each once"),
        ("own.toml", TWO, ["--estimate", "CL"], "CL was to be estimated; expected one or more of"),
        ("own.toml", TWO, ["--estimate", ""], "nothing was to be estimated"),
        (
            "own.toml",
            TWO,
            ["--estimate", "h", "--lock", "v1"],
            "(constant recovery) does not read it for a bispecific",
        ),
        ("antibody.toml", TWO, ["--estimate", "k_kill"], "does not read it for a monoclonal"),
        ("own.toml", TWO, ["--prior-sd", "k_act"], "expected a name and a log10 sd above 0"),
        ("own.toml", TWO, ["--prior-sd", "k_act=-1"], "expected a name and a log10 sd above 0"),
        ("own.toml", TWO, ["--prior-sd", "k_act=9"], "log10 sd 9 was given"),
        ("own.toml", TWO, ["--prior-sd", "h=0.1"], "a prior width of h was given"),
        ("own.toml", TWO, ["--draws", "5"], "expected 200 to 4000"),
        ("own.toml", TWO, ["--seed", "-1"], "expected 0 or more"),
        ("own.toml", TWO + TWO, [], "was given twice"),
        ("own.toml", "6,IL6,<4\n9,IL6,<4\n", [], "beyond their limits"),
        ("own.toml", '6,IL6,"4,5"\n', [], "a point for decimals"),
        ("tgn1412", TWO, [], "comes with the package and is locked"),
        ("none.toml", TWO, [], "cannot be read"),
    ],
)
def test_what_cannot_be_fitted_is_refused_in_a_line(
    folder: Path,
    capsys: pytest.CaptureFixture[str],
    drug: str,
    rows: str,
    options: list[str],
    why: str,
) -> None:
    (folder / "cohort.csv").write_text(HEADER + rows)
    before = sorted(folder.rglob("*"))
    capsys.readouterr()
    given = drug if drug == "tgn1412" else str(folder / drug)
    out = ["-o", str(folder / "out")]
    assert main(["fit", given, str(folder / "cohort.csv"), *options, *out]) == 1
    printed = capsys.readouterr()
    assert why in printed.err and printed.err.count("\n") == 1 and not printed.out
    assert sorted(folder.rglob("*")) == before


def test_the_folder_is_looked_at_before_anything_is_fitted(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("qsp_lib.own_data.solve", None)  # it would be needed
    given = ["fit", str(folder / "own.toml"), str(folder / "cohort.csv")]
    assert main([*given, "-o", str(folder / "cohort.csv")]) == 1
    assert "is not a folder" in capsys.readouterr().err
