"""What a file, a label, a folder or a terminal may be like without a prediction going wrong."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from cases import quick

from qsp_lib.__main__ import main
from qsp_lib.commands.common import as_encoded
from qsp_lib.commands.times import join_times
from qsp_lib.prediction import predicting
from qsp_lib.prediction.figure import courses
from qsp_lib.prediction.predicting import predict
from qsp_lib.prediction.report import require_writable
from qsp_lib.protocol.lock import current_record

Printed = pytest.CaptureFixture[str]
LABEL = "Example CD3 bispecific"


@pytest.fixture
def own(tmp_path: Path) -> Path:
    path = tmp_path / "mine.toml"
    assert main(["new-drug", str(path)]) == 0
    return path


def test_a_byte_order_mark_is_read(own: Path, capsys: Printed) -> None:
    own.write_bytes(b"\xef\xbb\xbf" + own.read_bytes())
    assert main(["predict", str(own), "--draws", "0"]) == 0
    assert LABEL in capsys.readouterr().out


def test_windows_line_endings_change_nothing(own: Path, capsys: Printed) -> None:
    main(["predict", str(own), "--draws", "0"])
    before = capsys.readouterr().out.partition("\n")[2]
    own.write_bytes(own.read_bytes().replace(b"\n", b"\r\n"))
    main(["predict", str(own), "--draws", "0"])
    assert capsys.readouterr().out.partition("\n")[2] == before


def test_the_ending_of_a_name_may_be_in_capitals(tmp_path: Path, capsys: Printed) -> None:
    path = tmp_path / "MINE.TOML"
    assert main(["new-drug", str(path)]) == 0
    assert main(["drugs", str(path), "--json"]) == 0


LABELS = ["Cost $5 to $7 drug_x^2", "one $a^ alone", r"\frac{a$", "薬 β"]


@pytest.mark.parametrize("label", quick(LABELS, few=LABELS[:1]))
def test_a_label_is_drawn_as_it_is_written(own: Path, tmp_path: Path, label: str) -> None:
    own.write_text(own.read_text().replace(f'"{LABEL}"', f"'{label}'"), encoding="utf-8")
    found = predict(own, current_record(), n_draws=0)
    title = courses(found)._suptitle
    assert title is not None and title.get_text().startswith(label) and not title.get_parse_math()
    assert main(["predict", str(own), "--draws", "0", "-o", str(tmp_path / "out")]) == 0
    assert (tmp_path / "out" / "my-drug-clinical.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.thorough
@pytest.mark.parametrize("options", [[], ["--json"]])
def test_a_label_outside_the_terminals_encoding_is_printed_all_the_same(
    own: Path, options: list[str]
) -> None:
    own.write_text(own.read_text().replace(LABEL, "Test β 🧪"), encoding="utf-8")
    run = subprocess.run(
        [sys.executable, "-m", "qsp_lib", "predict", str(own), "--draws", "0", *options],
        capture_output=True,
        env=os.environ | {"PYTHONIOENCODING": "ascii"},
        check=False,
    )
    assert run.returncode == 0, run.stderr
    if options:
        assert json.loads(run.stdout)["label"] == "Test β 🧪"
    else:
        assert run.stdout.startswith(rb"Test \u03b2")


def test_json_is_escaped_only_where_it_has_to_be() -> None:
    assert as_encoded('{"β": 1}', "utf-8") == '{"β": 1}'
    assert json.loads(as_encoded('{"β🧪": 1}', "latin-1")) == {"β🧪": 1}


@pytest.mark.parametrize(
    ("given", "joined"),
    [
        (["--tocilizumab", "-2.4e1"], ["--tocilizumab=-2.4e1"]),
        (["--tocilizumab", "-24h", "--json"], ["--tocilizumab=-24h", "--json"]),
        (["--dexamethasone", "-.5 d"], ["--dexamethasone=-.5 d"]),
        (["--tocilizumab", "--json"], ["--tocilizumab", "--json"]),
        (["--tocilizumab", "6h", "-o", "-1"], ["--tocilizumab", "6h", "-o", "-1"]),
    ],
)
def test_a_time_before_the_drug_is_not_taken_for_an_option(
    given: list[str], joined: list[str]
) -> None:
    assert join_times(given) == joined


@pytest.mark.parametrize("place", ["file", "file/below", "mine.toml/x", "ok/my-drug-clinical.csv"])
def test_the_folder_is_looked_at_before_anything_is_simulated(
    own: Path,
    tmp_path: Path,
    capsys: Printed,
    monkeypatch: pytest.MonkeyPatch,
    place: str,
) -> None:
    (tmp_path / "file").write_text("no folder")
    if place.startswith("ok"):
        (tmp_path / place).mkdir(parents=True)
        place = "ok"
    before = sorted(tmp_path.rglob("*"))
    monkeypatch.setattr(predicting, "Measure", None)  # it would be needed at once
    assert main(["predict", str(own), "-o", str(tmp_path / place)]) == 1
    error = capsys.readouterr().err
    assert "folder" in error and error.count("\n") == 1 and "NoneType" not in error
    assert sorted(tmp_path.rglob("*")) == before


def test_looking_at_a_folder_leaves_nothing_behind(tmp_path: Path) -> None:
    require_writable(tmp_path / "a" / "b", ["x.csv"])
    require_writable(tmp_path, ["x.csv"])
    assert not list(tmp_path.iterdir())


def test_json_holds_what_a_rerun_needs(own: Path, capsys: Printed) -> None:
    given = [str(own), "--draws", "3", "--seed", "5", "--tocilizumab", "2h", "--json"]
    assert main(["predict", *given]) == 0
    answer = json.loads(capsys.readouterr().out)
    record = current_record()
    assert answer["seed"] == 5 and answer["draws"] == 3
    assert answer["lock"] == record.summary and answer["t_cell_part"] == record.network.t_cells
    assert len(answer["file"]["sha256"]) == 64 and answer["version"]
    assert [dose["amount_ug"] for dose in answer["doses"]] == [100, 1000, 10_000, 10_000]
    assert answer["file"]["numbers"]["V1"]["source"] == ["declared assumption"]
    assert answer["cover"]["tocilizumab"]["dose_ug"] == 560_000
    assert answer["used"]["weight_kg"] == 70


@pytest.mark.thorough
def test_several_drugs_are_predicted_in_one_call(
    own: Path, tmp_path: Path, capsys: Printed
) -> None:
    other = tmp_path / "other.toml"
    other.write_text(own.read_text().replace('name = "my-drug"', 'name = "other-drug"'))
    given = ["predict", str(own), str(other), "tgn1412", "--draws", "0"]
    assert main([*given, "--json", "-o", str(tmp_path / "out")]) == 0
    answers = json.loads(capsys.readouterr().out)
    assert [answer["drug"] for answer in answers] == ["my-drug", "other-drug", "tgn1412"]
    assert answers[0]["arms"] == answers[1]["arms"] != answers[2]["arms"]
    assert len(list((tmp_path / "out").iterdir())) == 9
    assert main(["predict", str(own), str(own), "--draws", "0", "-o", str(tmp_path / "o2")]) == 1
    assert "called the same" in capsys.readouterr().err and not (tmp_path / "o2").exists()
    assert main(["predict", str(own), "aspirin", "--draws", "0"]) == 1
    assert capsys.readouterr().out == ""
