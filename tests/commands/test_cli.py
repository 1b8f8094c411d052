"""The commands, as a user gives them: what they print, write, refuse and return."""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
from functools import cache
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from cases import quick

from qsp_lib import protocol
from qsp_lib.__main__ import build_parser, main
from qsp_lib.commands import common, times
from qsp_lib.commands.running import split_parameters
from qsp_lib.common import late
from qsp_lib.common.errors import InputError
from qsp_lib.drugs.reading import load_drug
from qsp_lib.model.priors import network_table
from qsp_lib.protocol.lock import current_record, lock_path, newest_record, read_record

Printed = pytest.CaptureFixture[str]


def said(capsys: Printed, *arguments: str, code: int = 0) -> tuple[str, str]:
    """What a command printed on stdout and stderr."""
    assert main(arguments) == code
    captured = capsys.readouterr()
    return captured.out, captured.err


def parsed(capsys: Printed, *arguments: str) -> Any:
    return json.loads(said(capsys, *arguments)[0])


@pytest.fixture
def own(tmp_path: Path) -> Path:
    """A drug file as ``new-drug`` writes it."""
    path = tmp_path / "mine.toml"
    assert main(["new-drug", str(path)]) == 0
    return path


# ------------------------------------------------------------- predict and new-drug


def test_the_template_predicts_as_it_stands(own: Path, capsys: Printed) -> None:
    text, _ = said(capsys, "predict", str(own), "--draws", "40")
    assert "Example CD3 bispecific, step-up 0.1, 1, then 10 mg weekly" in text
    record = current_record()
    assert f"lock {record.version} of {record.date} ({record.digest[:12]})" in text
    for words in (
        "IL-6",
        "severity index z",
        "5-95 %",
        "illustrative grade",
        "class default",
        "as fitted to blinatumomab",
        "parameters only",
        "choosing a dose",
    ):
        assert words in text
    assert text.count("\n  1   0 ") == 1 and "\n  4   504 " in text
    assert "its T-cell part: " in text and "4 of 4 doses begin" in text


TEMPLATES = [*product(["bispecific", "monoclonal"], ["intravenous", "subcutaneous", "table"])]


@pytest.mark.parametrize(
    ("mechanism", "exposure"), quick(TEMPLATES, few=[TEMPLATES[1], TEMPLATES[-1]])
)
def test_each_template_is_a_users_drug_that_can_be_run(
    tmp_path: Path, capsys: Printed, mechanism: str, exposure: str
) -> None:
    path = tmp_path / "own.toml"
    given = ("--mechanism", mechanism, "--exposure", exposure)
    said(capsys, "new-drug", str(path), *given)
    file = load_drug(path)
    assert (file.inputs.mechanism, file.inputs.role) == (mechanism, "user")
    for regimen in file.regimens:
        answer = parsed(
            capsys, "predict", str(path), "--regimen", regimen, "--draws", "0", "--json"
        )
        assert answer["arms"]["untreated"]["severity"]["index"]["locked_point"] > 0
    forms = {"intravenous": "compartment", "subcutaneous": "depot", "table": "a table of 26"}
    assert forms[exposure] in " ".join(answer["exposure"])


def test_a_table_that_exists_is_never_written_over(tmp_path: Path, capsys: Printed) -> None:
    (tmp_path / "own-concentrations.csv").write_text("mine")
    path = tmp_path / "own.toml"
    _, error = said(capsys, "new-drug", str(path), "--exposure", "table", code=1)
    assert "own-concentrations.csv exists" in error and not path.exists()
    (tmp_path / "other.toml").write_text("mine")
    said(capsys, "new-drug", str(tmp_path / "other.toml"), "--exposure", "table", code=1)
    assert not (tmp_path / "other-concentrations.csv").exists()


def test_a_file_that_exists_is_never_written_over(own: Path, capsys: Printed) -> None:
    before = own.read_bytes()
    _, error = said(capsys, "new-drug", str(own), code=1)
    assert "exists and is not written over" in error
    assert own.read_bytes() == before


def test_intervals_of_peaks_are_printed_when_asked_for(own: Path, capsys: Printed) -> None:
    plain, _ = said(capsys, "predict", str(own), "--draws", "20")
    full, _ = said(capsys, "predict", str(own), "--draws", "20", "--interval")
    assert plain.count(" to ") < full.count(" to ")
    none, _ = said(capsys, "predict", str(own), "--draws", "0")
    assert " to " not in none.split("Assumed")[0]


def test_what_is_written_is_what_json_prints(own: Path, tmp_path: Path, capsys: Printed) -> None:
    folder = tmp_path / "out" / "deep"
    text, error = said(capsys, "predict", str(own), "--draws", "20", "--json", "-o", str(folder))
    names = {f"my-drug-clinical.{kind}" for kind in ("json", "csv", "png")}
    assert {path.name for path in folder.iterdir()} == names
    assert (folder / "my-drug-clinical.json").read_text() == text
    assert (folder / "my-drug-clinical.png").read_bytes().startswith(b"\x89PNG")
    assert all(name in error for name in names)
    header, *rows = (folder / "my-drug-clinical.csv").read_text().splitlines()
    columns = header.split(",")
    assert columns[0] == "time_h" and "IL6_pg_per_mL_high" in columns
    assert all(len(row.split(",")) == len(columns) for row in rows)
    first = dict(zip(columns, map(float, rows[0].split(",")), strict=True))
    assert first["time_h"] == 0
    for kind in ("median", "locked_point"):
        assert first[f"IL6_pg_per_mL_{kind}"] == pytest.approx(5.2)


def test_both_courses_are_given_with_tocilizumab(capsys: Printed, tmp_path: Path) -> None:
    answer = parsed(
        capsys,
        "predict",
        "tgn1412",
        "--tocilizumab",
        "6h",
        "--draws",
        "0",
        "--json",
        "--output",
        str(tmp_path),
    )
    assert set(answer["arms"]) == {"untreated", "treated"}
    assert answer["cover"]["tocilizumab"] == {
        "times_h": [6],
        "asked": "8 mg/kg",
        "dose_ug": 576_000,
        "over_h": 1,
    }
    header = (tmp_path / "tgn1412-clinical.csv").read_text().splitlines()[0]
    assert "treated_S_pg_per_mL_locked_point" in header.split(",")
    text, _ = said(capsys, "predict", "tgn1412", "--tocilizumab=-1d", "--draws", "0")
    assert "with tocilizumab:" in text and "given at -24 h" in text


@pytest.mark.parametrize(
    ("text", "hours"), [("6", 6.0), ("6h", 6.0), ("90 min", 1.5), ("-1 d", -24.0), ("2d", 48.0)]
)
def test_times_are_read_with_their_unit(text: str, hours: float) -> None:
    assert times.hours("--horizon", text) == hours


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("predict", "aspirin"), "'aspirin' is not known; expected one of blinatumomab"),
        (("predict", "tocilizumab"), "is the rescue and not a drug"),
        (("predict", "nowhere.toml"), "cannot be read"),
        (("predict", "tgn1412", "--regimen", "weekly"), "no regimen 'weekly'; it has clinical"),
        (("predict", "tgn1412", "--tocilizumab", "5 mg"), "--tocilizumab: Unit 'mg'"),
        (("predict", "tgn1412", "--tocilizumab", "nan"), "Tocilizumab at nan h"),
        (("predict", "tgn1412", "--tocilizumab", "400"), "expected a time from -168 h"),
        (("predict", "tgn1412", "--horizon", "0"), "expected more than 0"),
        (("predict", "tgn1412", "--horizon", "1e6"), "(ten years)"),
        (("predict", "tgn1412", "--draws", "-1"), "expected 2 to 4000"),
        (("predict", "tgn1412", "--draws", "4001"), "expected 2 to 4000"),
        (("predict", "tgn1412", "--draws", "1"), "expected 2 to 4000"),
        (("predict", "tgn1412", "--draws", "0", "--interval"), "which have none"),
        (("predict", "tgn1412", "--seed", "-1"), "The seed -1 was given"),
        (("evidence", "k_fbb"), "did you mean k_fb"),
        (("evidence", "BO001", "--table", "potency"), "expected one of them"),
        (("evidence", "--table", "nothing"), "expected one of blinatumomab_outcomes"),
        (("drugs", "aspirin"), "is not known"),
        (("new-drug", "drug.txt"), "ends in .toml"),
        (("new-drug", "nowhere/drug.toml"), "does not exist"),
        (("open", "nothing"), "'nothing' was asked for"),
        (("run", "1", "-p", "n=1", "-p", "n=2"), "twice"),
    ],
)
def test_a_refusal_is_one_line_and_exit_code_1(
    capsys: Printed,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    arguments: tuple[str, ...],
    words: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    out, error = said(capsys, *arguments, code=1)
    assert error.startswith("error: ") and words in error
    assert error.count("\n") == 1 and "Traceback" not in error
    assert out == "" and not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["forecast"],
        ["predict"],
        ["predict", "okt3", "--draws", "many"],
        ["lock"],
        ["lock", "edit"],
        ["new-drug", "a.toml", "--mechanism", "magic"],
        ["evidence", "--tabel", "x"],
        ["predict", "okt3", "--reg", "clinical"],
    ],
)
def test_a_wrong_command_line_exits_with_2(capsys: Printed, arguments: list[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2
    assert "usage: qsp-crs" in capsys.readouterr().err


def test_a_users_drug_with_a_shipped_drugs_role_is_refused(own: Path, capsys: Printed) -> None:
    own.write_text(own.read_text().replace('role = "user"', 'role = "calibration"'))
    _, error = said(capsys, "predict", str(own), code=1)
    assert "'calibration', which belongs to a drug that comes with the package" in error


# ------------------------------------------------------------- reading commands


def test_drugs_are_listed_and_explained(own: Path, capsys: Printed) -> None:
    text, _ = said(capsys, "drugs")
    assert [line.split()[0] for line in text.splitlines()[1:]] == [
        "blinatumomab",
        "tgn1412",
        "okt3",
        "mosunetuzumab",
        "teclistamab",
        "epcoritamab",
        "epcoritamab-linear",
        "tocilizumab",
    ]
    assert {row["role"] for row in parsed(capsys, "drugs", "--json")} >= {"blind", "rescue"}
    text, _ = said(capsys, "drugs", "okt3")
    assert "as tgn1412: declared assumption" in text and "5 mg daily" in text
    answer = parsed(capsys, "drugs", "tocilizumab", "--json")
    assert answer["numbers"]["K_D"]["unit"] == "nM"
    answer = parsed(capsys, "drugs", str(own), "--json")
    assert answer["numbers"]["h"]["source"][0] == "class default"
    assert answer["regimens"]["clinical"]["doses"] == 4


def test_parameters_are_listed_with_prior_and_lock(capsys: Printed) -> None:
    text, _ = said(capsys, "parameters")
    assert len(text.splitlines()) == 18
    rows = {row["name"]: row for row in parsed(capsys, "parameters", "--json")}
    network = current_record().network.values()
    assert {name: row["locked"] for name, row in rows.items()} == network
    assert rows["n_M"]["posterior_log10_sd"] is None
    rows = {row["name"]: row for row in parsed(capsys, "parameters", "--lock", "v1", "--json")}
    first = read_record(lock_path("v1"), against_code=False)
    assert {name: row["locked"] for name, row in rows.items()} == first.network.values() != network
    priors = {name: row.prior.median for name, row in network_table("v1").items()}
    assert {name: row["prior_median"] for name, row in rows.items()} == priors
    _, problem = said(capsys, "parameters", "--lock", "v9", code=1)
    assert "there is no lock 'v9'; expected one of v1, v2" in problem


def test_evidence_says_where_a_number_comes_from(capsys: Printed) -> None:
    text, _ = said(capsys, "evidence", "k_fb", "okt3.k_exh", "BO001")
    assert "k_fb: network parameter" in text and "locked value" in text
    assert "source: EA065: " in text and "fitted: blinatumomab IL-6 (data)" in text
    answer = parsed(capsys, "evidence", "V1", "--json")
    assert {row["key"] for row in answer} >= {"okt3.V1", "tocilizumab.V1"}
    text, _ = said(capsys, "evidence", "--table", "potency")
    assert "PO002" in text and "blinatumomab" in text
    assert parsed(capsys, "evidence", "--table", "potency.csv", "--json")[0]["id"] == "PO001"
    tables = parsed(capsys, "evidence", "--json")
    assert sum(table["rows"] for table in tables) > 300
    text, _ = said(capsys, "evidence")
    assert "pharmacokinetics" in text


@pytest.mark.thorough
def test_the_lock_is_shown_verified_and_its_history_listed(
    capsys: Printed, monkeypatch: pytest.MonkeyPatch
) -> None:
    # asked for in words and as JSON, and computed once
    monkeypatch.setattr(protocol, "verify_records", cache(protocol.verify_records))
    record = current_record()
    text, _ = said(capsys, "lock", "show")
    assert record.digest in text and "k_fb" in text and "okt3_outcomes (" in text
    answer = parsed(capsys, "lock", "show", "--json")
    assert answer["network"] == record.network.values() and answer["digest"] == record.digest
    text, _ = said(capsys, "lock", "verify", "--quick")
    assert "its own digest" in text and record.digest[:12] in text
    findings = parsed(capsys, "lock", "verify", "--quick", "--json")
    verdicts = {finding["what"]: finding["verdict"] for finding in findings}
    assert verdicts[f"lock {newest_record().version}: equations"] == "same"
    assert "DIFFERS" not in verdicts.values()
    text, _ = said(capsys, "lock", "history")
    assert record.reason in text
    assert parsed(capsys, "lock", "history", "--json")[-1]["digest"] == newest_record().digest


# ------------------------------------------------------------- errors, help, speed


def test_debug_shows_where_and_may_stand_before_or_after(capsys: Printed) -> None:
    for arguments in (("--debug", "drugs", "aspirin"), ("drugs", "aspirin", "--debug")):
        _, error = said(capsys, *arguments, code=1)
        assert "Traceback" in error and "InputError" in error


def test_a_fault_of_the_program_is_told_without_a_traceback(
    capsys: Printed, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any) -> None:
        raise ZeroDivisionError("a fault")

    monkeypatch.setattr(common, "print_json", broken)
    monkeypatch.setattr("qsp_lib.commands.drugs.print_json", broken)
    _, error = said(capsys, "drugs", "--json", code=1)
    assert error == "error: ZeroDivisionError: a fault (--debug shows where)\n"
    with pytest.raises(ZeroDivisionError):
        main(["--debug", "drugs", "--json"])


def test_stopping_by_hand_is_not_an_error(capsys: Printed, monkeypatch: pytest.MonkeyPatch) -> None:
    def stop(*_: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("qsp_lib.commands.drugs.print_json", stop)
    assert said(capsys, "drugs", "--json", code=130)[1] == "stopped\n"


def test_a_reader_that_has_had_enough_is_no_fault(tmp_path: Path) -> None:
    reading = f"{shlex.quote(sys.executable)} -m qsp_lib evidence --table potency"
    command = f"{reading} | head -1; exit ${{PIPESTATUS[0]}}"
    finished = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False)
    assert finished.stderr == "" and finished.stdout.startswith("id")


@pytest.mark.thorough
def test_a_name_that_is_no_text_is_refused_without_a_traceback() -> None:
    finished = subprocess.run(
        [sys.executable, "-m", "qsp_lib", "predict", b"\xff.toml"], capture_output=True, check=False
    )
    assert finished.returncode == 1 and finished.stderr.startswith(b"error: Drug file")


def test_what_a_terminal_would_act_on_is_not_printed(capsys: Printed) -> None:
    common.print_lines(["a\x1b[31mb\u202e"])
    assert capsys.readouterr().out == "a [31mb\n"


def test_every_command_has_help_with_examples(capsys: Printed) -> None:
    for name in ("predict", "drugs", "new-drug", "evidence", "parameters", "run", "check", "open"):
        with pytest.raises(SystemExit) as ended:
            main([name, "--help"])
        assert ended.value.code == 0
        assert f"examples:\n  qsp-crs {name}" in capsys.readouterr().out
    assert "exit codes:" in build_parser().format_help()


def test_the_examples_of_the_help_are_command_lines_that_parse() -> None:
    parser = build_parser()
    epilogs = [line for command in _parsers(parser) for line in (command.epilog or "").splitlines()]
    examples = [line.strip().removeprefix("qsp-crs ") for line in epilogs if "  qsp-crs " in line]
    checked = 0
    for example in examples:
        words = example.split("   ")[0].split('"')
        arguments = [*words[0].split(), *words[1:2]]
        if "--help" not in arguments:
            parser.parse_args(split_parameters(times.join_times(arguments)))
            checked += 1
    assert checked > 25


def _parsers(parser: Any) -> Any:
    yield parser
    for action in parser._actions:
        for child in (
            (getattr(action, "choices", None) or {}).values()
            if (type(action).__name__ == "_SubParsersAction")
            else ()
        ):
            yield from _parsers(child)


def test_help_loads_nothing_heavy() -> None:
    code = (
        "import sys; from qsp_lib.__main__ import build_parser; build_parser().format_help(); "
        "heavy = {'numpy', 'pandas', 'sympy', 'pydantic', 'pint', 'matplotlib', 'papermill'}; "
        "print(sorted(heavy & set(sys.modules)))"
    )
    finished = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert finished.stdout == "[]\n"


@pytest.mark.thorough
def test_a_prediction_loads_nothing_it_does_not_use(own: Path) -> None:
    """What makes a cold start slow; how long it takes is measured in benchmarks/cold_start.py."""
    unused = {"distributed", "emcee", "iminuit", "IPython", "ipywidgets", "nbformat", "papermill"}
    unused |= {"matplotlib", "pandas", "scipy.stats"}
    command = (
        "import sys; from qsp_lib.__main__ import main; code = main(sys.argv[1:]); "
        f"print(sorted({unused!r} & set(sys.modules)), file=sys.stderr); sys.exit(code)"
    )
    run = subprocess.run(
        [sys.executable, "-c", command, "predict", str(own)], capture_output=True, text=True
    )
    # a slow machine is told how far it has come
    assert (run.returncode, run.stderr.splitlines()[-1]) == (0, "[]")


@pytest.mark.thorough
def test_a_worker_of_a_sweep_loads_no_table_and_no_distribution() -> None:
    """A process that simulates loads what its task is made of, at every sweep anew."""
    tasks = ("analyses.robustness", "analyses.population.simulating", "inference.profiles")
    imports = "; ".join(f"import qsp_lib.{task}" for task in tasks)
    code = f"{imports}; import sys; print(sorted({{'pandas', 'scipy.stats'}} & set(sys.modules)))"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout == "[]\n"


def test_parameters_of_a_chapter_are_written_either_way() -> None:
    given = ["run", "1", "-p", "a=1", "--parameter", "b", "2", "-p", "c=d=e", "f=g"]
    assert split_parameters(given) == [
        "run",
        "1",
        "-p",
        "a",
        "1",
        "--parameter",
        "b",
        "2",
        "-p",
        "c",
        "d=e",
        "f=g",
    ]


def test_no_finite_number_is_lost_in_json(capsys: Printed) -> None:
    common.print_json({"a": [1.5, float("inf"), float("nan")], "b": ("x", None, True)})
    assert json.loads(capsys.readouterr().out) == {"a": [1.5, None, None], "b": ["x", None, True]}


def test_a_time_without_a_unit_that_is_no_number_is_refused() -> None:
    with pytest.raises(InputError, match="--horizon: 'soon' was given"):
        times.hours("--horizon", "soon")


@pytest.mark.parametrize("command", [["export"], ["predict", "my_drug.toml"]])
def test_an_empty_folder_is_not_taken_for_the_current_one(
    command: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as stopped:
        main([*command, "--output", ""])
    assert stopped.value.code == 2
    assert "an empty folder name was given" in capsys.readouterr().err


def test_profiles_by_minuit_alone_take_no_folder_for_what_is_half_done(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert main(["profiles", "--second", "--checkpoint", str(tmp_path)]) == 1
    assert "Leave --checkpoint out" in capsys.readouterr().err


@pytest.mark.parametrize("command", ["predict", "population"])
def test_an_engine_that_is_not_there_is_refused_before_anything_is_simulated(
    command: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(late.LIBRARIES, "heyoka", "heyoka_that_nobody_installed")
    assert main([command, "tgn1412", "--engine", "fast"]) == 1
    assert "pip install 'qsp-crs[fast]'" in capsys.readouterr().err
    assert main([command, "tgn1412", "--engine", "euler"]) == 1
    assert "no engine 'euler'; expected one of" in capsys.readouterr().err
